//! Running other programs and turning their failures into sentences.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often a running program is looked at.
pub const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Runs `command` with its output on the terminal; anything but success is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let name = describe(command);
    let status = command.status().with_context(|| format!("{name} could not be started"))?;
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    Ok(())
}

/// Runs `command` silently; its output becomes part of the error when it fails.
pub fn run_quietly(command: &mut Command) -> Result<()> {
    let name = describe(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{name} could not be started"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{name} failed ({}): {}", output.status, said.trim());
    }
    Ok(())
}

/// What `program` prints, trimmed, or `None` when it is missing or fails.
pub fn answer(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Runs `command` silently for at most `limit`; true when it succeeded in that time.
pub fn succeeds_within(command: &mut Command, limit: Duration) -> bool {
    let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = silent.spawn() else {
        return false;
    };
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => thread::sleep(POLL_INTERVAL),
            Err(_) => return false,
        }
    }
    // A child that has ended by itself meanwhile cannot be killed, which is as good.
    let _ = child.kill();
    let _ = child.wait();
    false
}

/// Asks a program of this one's to stop, as the system does at its own end.
#[cfg(unix)]
pub fn ask_to_stop(child: &Child) {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    if let Ok(pid) = i32::try_from(child.id()) {
        // Not SIGINT, which a program started in the background of a shell may inherit as ignored.
        // The child has not been waited for, so its number cannot belong to another process.
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
}

/// There, Ctrl-C reaches every program of the console anyway.
#[cfg(not(unix))]
pub fn ask_to_stop(_child: &Child) {}

/// Keeps calls to this machine away from a proxy that the environment may name.
pub fn bypass_proxy_on_loopback(command: &mut Command) -> &mut Command {
    let exceptions = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy")).unwrap_or_default();
    command.env("NO_PROXY", format!("127.0.0.1,localhost,{exceptions}"))
}

/// The first program of this name on the search path.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).map(|folder| folder.join(&file)).find(|found| found.is_file())
}

/// Program and first argument: enough to recognise a command in an error.
fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_stem().unwrap_or(program.as_os_str()).to_string_lossy();
    match command.get_args().next() {
        Some(argument) => format!("`{name} {}`", argument.to_string_lossy()),
        None => format!("`{name}`"),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::{answer, describe, find_program, run_quietly, succeeds_within};

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failure_names_the_command_and_repeats_what_it_said() {
        let error = run_quietly(&mut shell("echo no space left >&2; exit 3")).map_err(|error| error.to_string());
        assert_eq!(error, Err("`sh -c` failed (exit status: 3): no space left".to_owned()));
        assert_eq!(describe(Command::new("/usr/bin/rustup").arg("target")), "`rustup target`");
    }

    #[test]
    fn a_missing_or_failing_program_has_no_answer() {
        assert_eq!(answer("sh", &["-c", "echo ' 1.95 '"]).as_deref(), Some("1.95"));
        assert_eq!(answer("sh", &["-c", "echo 1.95; exit 1"]), None);
        assert_eq!(answer("no-such-program-here", &[]), None);
        assert_eq!(find_program("no-such-program-here"), None);
        assert!(find_program("sh").is_some());
    }

    #[test]
    fn a_program_that_outlives_its_limit_is_ended() {
        assert!(succeeds_within(&mut shell("true"), Duration::from_secs(60)));
        assert!(!succeeds_within(&mut shell("false"), Duration::from_secs(60)));
        assert!(!succeeds_within(&mut shell("exec sleep 600"), Duration::from_millis(1)));
    }
}
