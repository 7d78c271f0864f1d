//! Runs a test command with its output both on the terminal and in memory.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};

/// What a finished command printed, standard output and error in the order of their lines.
pub struct Captured {
    pub text: String,
    pub success: bool,
}

/// Runs `command` to its end. Tests get no input.
pub fn run(command: &mut Command) -> Result<Captured> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("the test runner could not be started")?;
    let text = Mutex::new(String::new());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        scope.spawn(|| stdout.map(|output| copy_lines(output, &text)));
        scope.spawn(|| stderr.map(|output| copy_lines(output, &text)));
    });
    let success = child.wait()?.success();
    Ok(Captured { text: text.into_inner().unwrap_or_else(PoisonError::into_inner), success })
}

fn copy_lines(output: impl Read, text: &Mutex<String>) {
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        let mut text = text.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(&line);
        text.push('\n');
        // Held together with the lock, so that screen and memory agree on the order. A terminal
        // that has gone away is no reason to stop counting.
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;

    use anyhow::Result;

    use super::run;

    #[test]
    fn both_outputs_and_the_outcome_are_captured() -> Result<()> {
        let mut command = Command::new("sh");
        command.args(["-c", "echo to output; echo to error >&2; exit 1"]);
        let captured = run(&mut command)?;
        assert!(captured.text.contains("to output\n") && captured.text.contains("to error\n"));
        assert!(!captured.success);
        Ok(())
    }
}
