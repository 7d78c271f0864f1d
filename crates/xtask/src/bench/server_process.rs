//! A server under load: a process that says where it listens, and is asked to stop when it is dropped.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process;

/// How long a server may take to start, and to stop.
const LIMIT: Duration = Duration::from_secs(60);
/// What servers write before their address: most of them, Uvicorn, and the facade.
const ANNOUNCEMENTS: [&str; 3] = ["listening on ", "running on http://", "listens address="];
/// What each process of Uvicorn writes when it is ready.
const STARTED: &str = "startup complete";

/// A running server.
pub struct ServerProcess {
    child: Child,
    /// Address and port.
    pub address: String,
}

impl ServerProcess {
    /// Starts a server, and waits until it has said where it listens and, where `processes` is not 0, until as many
    /// of its processes have said that they are ready.
    pub fn start(command: &mut Command, processes: u32) -> Result<Self> {
        process::bypass_proxy_on_loopback(command);
        let program = Path::new(command.get_program()).file_name().unwrap_or_default();
        let name = program.to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut server =
            Self { child: child.with_context(|| format!("{name} does not start"))?, address: String::new() };
        let lines = server.lines()?;
        let deadline = Instant::now() + LIMIT;
        let mut ready = 0;
        while server.address.is_empty() || ready < processes {
            let Ok(line) = lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) else {
                bail!("{name} does not say that it is ready; what it said is above");
            };
            ready += u32::from(line.contains(STARTED));
            if let Some(address) = announced(&line) {
                server.address = address;
            } else if !line.starts_with("INFO:") {
                eprintln!("{name}: {line}");
            }
        }
        // Read on, so that the server never waits for its output to be read.
        thread::spawn(move || {
            lines.iter().filter(|line| !line.starts_with("INFO:")).for_each(|line| eprintln!("{name}: {line}"));
        });
        Ok(server)
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn lines(&mut self) -> Result<Receiver<String>> {
        let (sender, lines) = channel();
        let output = self.child.stdout.take().context("the output is piped")?;
        let complaints = self.child.stderr.take().context("the complaints are piped")?;
        let sources: [Box<dyn Read + Send>; 2] = [Box::new(output), Box::new(complaints)];
        for source in sources {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(source).lines().map_while(Result::ok) {
                    // Nobody listens any more when the server did not start.
                    let _ = sender.send(line);
                }
            });
        }
        Ok(lines)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// Asks a process to stop, which takes its children along, and kills it if it does not.
pub fn stop(child: &mut Child) {
    process::ask_to_stop(child);
    let deadline = Instant::now() + LIMIT;
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(None) => thread::sleep(process::POLL_INTERVAL),
            _ => return,
        }
    }
    // It may have ended by itself meanwhile, which is as good.
    let _ = child.kill();
    let _ = child.wait();
}

fn announced(line: &str) -> Option<String> {
    let (_, rest) = ANNOUNCEMENTS.iter().find_map(|announcement| line.split_once(announcement))?;
    Some(rest.split_whitespace().next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::announced;

    #[test]
    fn servers_say_where_they_listen_in_their_own_words() {
        assert_eq!(announced("listening on 127.0.0.1:4000").as_deref(), Some("127.0.0.1:4000"));
        let uvicorn = "INFO:     Uvicorn running on http://127.0.0.1:4001 (Press CTRL+C to quit)";
        assert_eq!(announced(uvicorn).as_deref(), Some("127.0.0.1:4001"));
        let facade = "2026-11-21T10:00:00Z  INFO worldloom_facade::serve: The facade listens address=127.0.0.1:4002";
        assert_eq!(announced(facade).as_deref(), Some("127.0.0.1:4002"));
        assert_eq!(announced("INFO:     Application startup complete."), None);
    }
}
