//! A program that runs as long as `dev` does.

use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anstyle::AnsiColor;
use anyhow::{Context, Result, bail};

use super::interrupt::Interrupt;
use super::log_lines;
use crate::process::{self, POLL_INTERVAL};

/// How long a program may take to stop before it is ended by force.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A child process with its output on the terminal. Dropping it stops it.
pub struct Supervised<'a> {
    name: &'static str,
    child: Child,
    logs: Vec<JoinHandle<()>>,
    interrupt: &'a Interrupt,
}

impl<'a> Supervised<'a> {
    /// Starts `command`; its lines appear behind `name` in `color`.
    pub fn start(
        name: &'static str,
        color: AnsiColor,
        command: &mut Command,
        interrupt: &'a Interrupt,
    ) -> Result<Self> {
        separate_from_terminal(command);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("the {name} could not be started"))?;
        let mut logs = Vec::new();
        logs.extend(child.stdout.take().map(|output| log_lines::follow(name, color, output)));
        logs.extend(child.stderr.take().map(|output| log_lines::follow(name, color, output)));
        Ok(Self { name, child, logs, interrupt })
    }

    /// Waits for `is_ready`, but not for longer than `limit`, nor for a program that has ended.
    pub fn wait_until(&mut self, limit: Duration, is_ready: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !is_ready() {
            self.ensure_running()?;
            if self.interrupt.is_requested() {
                bail!("interrupted");
            }
            if Instant::now() >= deadline {
                bail!("the {} was not ready after {} s: its log above says why", self.name, limit.as_secs());
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Fails when the program has ended by itself.
    pub fn ensure_running(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            self.finish_logs();
            bail!("the {} ended by itself ({status}): its log above says why", self.name);
        }
        Ok(())
    }

    /// Asks the program to stop and waits for it; false when it had to be ended by force.
    pub fn stop(&mut self) -> bool {
        process::ask_to_stop(&self.child);
        let deadline = Instant::now() + STOP_LIMIT;
        let in_time = loop {
            match self.child.try_wait() {
                Ok(Some(_)) => break true,
                Ok(None) if Instant::now() < deadline && !self.interrupt.is_urgent() => thread::sleep(POLL_INTERVAL),
                Ok(None) | Err(_) => break false,
            }
        };
        if !in_time {
            // A child that has ended by itself meanwhile cannot be killed, which is as good.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        self.finish_logs();
        in_time
    }

    /// Prints what is left of the output.
    fn finish_logs(&mut self) {
        for log in self.logs.drain(..) {
            // A log thread only prints; were it to fail, the terminal is gone.
            let _ = log.join();
        }
    }
}

impl Drop for Supervised<'_> {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.stop();
        }
    }
}

/// Puts the program in a group of its own: Ctrl-C then reaches this process alone, which stops
/// the programs in order.
#[cfg(unix)]
fn separate_from_terminal(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    command.process_group(0);
}

/// There, Ctrl-C reaches every program of the console anyway.
#[cfg(not(unix))]
fn separate_from_terminal(_command: &mut Command) {}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use anstyle::AnsiColor;
    use anyhow::Result;

    use super::Supervised;
    use crate::dev::interrupt::Interrupt;

    const LIMIT: Duration = Duration::from_secs(60);

    fn start<'a>(script: &str, interrupt: &'a Interrupt) -> Result<Supervised<'a>> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Supervised::start("test", AnsiColor::White, &mut command, interrupt)
    }

    /// A program that says so once it handles the signal, so that the test need not guess.
    fn start_ready<'a>(on_signal: &str, interrupt: &'a Interrupt) -> Result<Supervised<'a>> {
        let folder = tempfile::tempdir()?;
        let ready = folder.path().join("ready");
        let script = format!("trap '{on_signal}' TERM; touch '{}'; while :; do sleep 0.05; done", ready.display());
        let mut program = start(&script, interrupt)?;
        program.wait_until(LIMIT, || ready.exists())?;
        Ok(program)
    }

    #[test]
    fn a_program_is_asked_to_stop_and_waited_for() -> Result<()> {
        let interrupt = Interrupt::default();
        let mut program = start_ready("exit 0", &interrupt)?;
        assert!(program.stop());
        Ok(())
    }

    #[test]
    fn a_second_request_ends_a_program_that_does_not_stop() -> Result<()> {
        let interrupt = Interrupt::default();
        let mut program = start_ready("", &interrupt)?;
        interrupt.request();
        interrupt.request();
        assert!(!program.stop());
        Ok(())
    }

    #[test]
    fn a_program_that_ends_early_is_reported_with_its_status() -> Result<()> {
        let interrupt = Interrupt::default();
        let mut program = start("exit 7", &interrupt)?;
        let failure = program.wait_until(LIMIT, || false).map_err(|error| error.to_string());
        assert!(failure.is_err_and(|text| text.contains("exit status: 7")));
        Ok(())
    }

    #[test]
    fn waiting_ends_when_a_stop_is_asked_for() -> Result<()> {
        let interrupt = Interrupt::default();
        let mut program = start("exec sleep 600", &interrupt)?;
        interrupt.request();
        let failure = program.wait_until(LIMIT, || false).map_err(|error| error.to_string());
        assert_eq!(failure, Err("interrupted".to_owned()));
        Ok(())
    }
}
