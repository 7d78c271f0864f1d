//! The test of `dev`, `publish` and the script that starts the node alone: each is run as a developer runs it, on
//! ports and with data of its own, so that neither a running `dev` nor another such test is in the way.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use super::node_client::NodeClient;
use super::{DataDir, OWNER_TOKEN};
use crate::bench::server_process;
use crate::process::{self, POLL_INTERVAL};
use crate::workspace::Workspace;
use crate::{cargo, progress};

/// How long a program may take to become ready, and to stop. Before it starts, it may wait for another build.
const LIMIT: Duration = Duration::from_secs(600);

/// How many of the last lines are shown of a program that does not become ready.
const LAST_LINES: usize = 30;

/// The last of the lines in which `dev` says that everything runs, word by word.
const READY: [&str; 2] = ["stop", "Ctrl-C"];

/// For scripts, a `curl` that takes a refusal for a failure, as the plain one does not.
const STRICT_CURL: &str = r#"curl() { command curl --silent --show-error --fail --max-time 60 "$@"; }"#;

/// A guest uploads a picture, and notes its id.
const LEAVE_A_PICTURE: &str = r#"
SECRET=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
TOKEN=$(curl "$FACADE/auth/login" -H 'Content-Type: application/json' -d '{
  "provider": "device", "proof": {"device_secret": "'"$SECRET"'"}, "client": "app", "device_name": "A phone"}' |
  sed 's/.*"access_token":"\([^"]*\)".*/\1/')
printf 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=' |
  base64 -d > pixel.png
curl -X POST "$FACADE/assets" -H "Authorization: Bearer $TOKEN" -H 'Idempotency-Key: left' \
  -F access_policy=public -F file=@pixel.png | sed 's/.*"asset_id":"\([^"]*\)".*/\1/' > asset.txt
test -s asset.txt
"#;

/// Anybody reads it: its row is in the database, its bytes in the store.
const FIND_THE_PICTURE: &str = r#"curl "$FACADE/assets/$(cat asset.txt)/content" | cmp - pixel.png"#;

/// Runs `dev` twice on the same data, tries out what it prints, and publishes over the running node.
pub fn dev_and_publish(workspace: &Workspace) -> Result<()> {
    if !is_possible() {
        return Ok(());
    }
    let place = Place::draw(workspace)?;
    let dev = place.start()?;
    place.shell(LEAVE_A_PICTURE)?;
    let owner = place.owner_token()?;
    place.publish()?;
    place.shell(FIND_THE_PICTURE).context("after `publish`")?;
    place.stop(dev)?;

    let dev = place.start().context("at the second start")?;
    ensure!(place.owner_token()? == owner, "the second start has made another owner");
    place.shell(FIND_THE_PICTURE).context("after the second start")?;
    place.stop(dev)
}

/// Runs the script that starts the node alone, from another folder than the repository's.
pub fn script(workspace: &Workspace) -> Result<()> {
    if !is_possible() {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let [port] = free_ports()?;
    let mut command = Command::new("bash");
    // What Cargo has told this program is not for the Cargo that the script starts.
    cargo::forget_own_cargo(&mut command);
    command.arg(workspace.root().join("scripts").join("spacetime-dev.sh")).current_dir(folder.path());
    command.args(["--port", &port.to_string(), "--data-dir"]).arg(folder.path().join("local"));
    let mut node = Running::start("spacetime-dev.sh", &mut command)?;
    let client = NodeClient::new(&format!("http://127.0.0.1:{port}"));
    node.wait_until(|| client.answers("/v1/ping"))?;
    ensure!(folder.path().join("local").is_dir(), "the node keeps its data elsewhere");
    node.stop(process::ask_to_stop)?;
    ensure_silent(port)
}

fn is_possible() -> bool {
    if !cfg!(unix) {
        progress::warn("`dev` is tried out with a shell and signals, which this system does not have");
    }
    cfg!(unix)
}

/// Where a run of `dev` listens and keeps its data.
struct Place {
    folder: TempDir,
    data_dir: DataDir,
    node_port: u16,
    facade_port: u16,
    login_port: u16,
}

impl Place {
    fn draw(workspace: &Workspace) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let data_dir = DataDir::choose(workspace, Some(&folder.path().join("local")))?;
        let [node_port, facade_port, login_port] = free_ports()?;
        Ok(Self { folder, data_dir, node_port, facade_port, login_port })
    }

    /// Starts `dev`, and does what it says once it is ready.
    fn start(&self) -> Result<Running> {
        let mut command = self.xtask("dev")?;
        command.args(["--port", &self.node_port.to_string(), "--facade-port", &self.facade_port.to_string()]);
        command.args(["--login-port", &self.login_port.to_string()]);
        let dev = Running::start("dev", &mut command)?;
        let said = dev.read_until(|line| line.split_whitespace().eq(READY))?;
        let commands: Vec<String> = said.iter().filter_map(|line| curl_command(line)).collect();
        ensure!(!commands.is_empty(), "`dev` names no command to try");
        commands.iter().try_for_each(|command| self.shell(command))?;
        Ok(dev)
    }

    fn publish(&self) -> Result<()> {
        let mut command = self.xtask("publish")?;
        command.args(["--server", &format!("http://127.0.0.1:{}", self.node_port)]);
        let output = command.output().context("`publish` could not be started")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let complaints = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`publish` failed ({}): {complaints}", output.status);
        ensure!(said.contains("Updated database"), "`publish` has not met the database of `dev`: {said}");
        Ok(())
    }

    /// This program's own command `name`, on the data of this place.
    fn xtask(&self, name: &str) -> Result<Command> {
        let mut command = Command::new(env::current_exe()?);
        command.args([name, "--data-dir"]).arg(self.data_dir.path());
        // What it says is read word by word, which colours would be in the way of.
        command.env("NO_COLOR", "1").stdin(Stdio::null());
        Ok(command)
    }

    /// Runs a shell script, in one folder with the others.
    fn shell(&self, script: &str) -> Result<()> {
        let mut command = Command::new("sh");
        process::bypass_proxy_on_loopback(&mut command);
        command.args(["-eu", "-c", &format!("{STRICT_CURL}\n{script}")]).current_dir(self.folder.path());
        command.env("FACADE", format!("http://127.0.0.1:{}", self.facade_port));
        process::run_quietly(&mut command).with_context(|| format!("in the script {}", script.trim()))
    }

    fn owner_token(&self) -> Result<String> {
        Ok(fs::read_to_string(self.data_dir.credentials().join(OWNER_TOKEN))?)
    }

    /// Stops `dev` as a person does; nothing of it may be left.
    fn stop(&self, dev: Running) -> Result<()> {
        dev.stop(press_ctrl_c)?;
        [self.facade_port, self.login_port, self.node_port].into_iter().try_for_each(ensure_silent)
    }
}

/// Ports that nobody listens on. They are held while they are drawn, so that they differ.
fn free_ports<const COUNT: usize>() -> Result<[u16; COUNT]> {
    let mut ports = [0; COUNT];
    let mut listeners = Vec::with_capacity(COUNT);
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        *port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    Ok(ports)
}

fn ensure_silent(port: u16) -> Result<()> {
    let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    ensure!(is_free, "something listens on port {port} after the end of what has listened there");
    Ok(())
}

/// The command that a line of `dev` names, as it stands there.
fn curl_command(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("curl http")?;
    Some(format!("curl http{rest}"))
}

/// A program that runs until it is stopped. Dropping it stops it.
struct Running {
    name: &'static str,
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let (sender, lines) = channel();
        let mut running = Self { name, child: child.with_context(|| format!("{name} could not be started"))?, lines };
        if let Some(output) = running.child.stdout.take() {
            follow(name, output, sender.clone());
        }
        if let Some(complaints) = running.child.stderr.take() {
            follow(name, complaints, sender);
        }
        Ok(running)
    }

    /// What the program says, up to the line that `is_last`.
    fn read_until(&self, is_last: impl Fn(&str) -> bool) -> Result<Vec<String>> {
        let deadline = Instant::now() + LIMIT;
        let mut said: Vec<String> = Vec::new();
        while !said.last().is_some_and(|line| is_last(line)) {
            // Fails at once when the program has ended.
            let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) else {
                let last_lines = &said[said.len().saturating_sub(LAST_LINES)..];
                bail!("{} does not become ready:\n{}", self.name, last_lines.join("\n"));
            };
            said.push(line);
        }
        Ok(said)
    }

    fn wait_until(&mut self, is_ready: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        while !is_ready() {
            let ended = self.child.try_wait()?;
            ensure!(ended.is_none(), "{} has ended by itself: its output above says why", self.name);
            ensure!(Instant::now() < deadline, "{} does not become ready: its output is above", self.name);
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Has `ask` ask the program to stop, and waits for its end, which must be a good one.
    fn stop(mut self, ask: impl FnOnce(&Child)) -> Result<()> {
        ask(&self.child);
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "{} stopped with {status}: its output above says why", self.name);
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{} does not stop", self.name);
            thread::sleep(POLL_INTERVAL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            server_process::stop(&mut self.child);
        }
    }
}

/// Prints each line of `output`, and passes it on to whoever still wants it.
fn follow(name: &'static str, output: impl Read + Send + 'static, lines: Sender<String>) {
    thread::spawn(move || {
        // Lossily, because one odd byte must not silence a program for the rest of its run.
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            eprintln!("{name}: {line}");
            // Nobody receives any more once the program has been let go of.
            let _ = lines.send(line);
        }
    });
}

/// Sends what the terminal sends at Ctrl-C. `dev` takes this signal over even where a shell has had it ignored.
#[cfg(unix)]
fn press_ctrl_c(child: &Child) {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    if let Ok(pid) = i32::try_from(child.id()) {
        // The child has not been waited for, so its number cannot belong to another process.
        let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
    }
}

/// There, nothing comes as far as this.
#[cfg(not(unix))]
fn press_ctrl_c(_child: &Child) {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use anyhow::Result;

    use super::{curl_command, free_ports};

    #[test]
    fn commands_are_taken_as_they_stand() {
        let line = "  try       curl http://127.0.0.1:8080/health/ready";
        assert_eq!(curl_command(line).as_deref(), Some("curl http://127.0.0.1:8080/health/ready"));
        let line = "            curl http://127.0.0.1:3000/sql -d 'SELECT * FROM my_assets'";
        assert_eq!(curl_command(line).as_deref(), Some("curl http://127.0.0.1:3000/sql -d 'SELECT * FROM my_assets'"));
        assert_eq!(curl_command("   Compiling curl v0.4.47"), None);
    }

    #[test]
    fn ports_drawn_together_differ() -> Result<()> {
        let ports: [u16; 8] = free_ports()?;
        assert_eq!(BTreeSet::from(ports).len(), ports.len());
        Ok(())
    }
}
