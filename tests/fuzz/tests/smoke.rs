//! Each target for a few seconds: first the cases that were found earlier, then new ones.
//!
//! The program under test is built without instrumentation here, so that nothing is compiled twice; inputs come from the
//! targets' own mutations. The long run is `cargo xtask fuzz`.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

/// Inputs that are tried beside those of the corpus, and the seconds after which fewer will do.
const RUNS: u32 = 1000;
const SECONDS_MAX: u32 = 8;

#[test]
fn websocket_v1_json() {
    smoke("websocket_v1_json");
}

#[test]
fn websocket_v1_bsatn() {
    smoke("websocket_v1_bsatn");
}

#[test]
fn websocket_v2() {
    smoke("websocket_v2");
}

#[test]
fn websocket_v3() {
    smoke("websocket_v3");
}

#[test]
fn websocket_frames() {
    smoke("websocket_frames");
}

#[test]
fn http_call() {
    smoke("http_call");
}

#[test]
fn facade_bodies() {
    smoke("facade_bodies");
}

#[test]
fn publish_schema() {
    smoke("publish_schema");
}

#[test]
fn publish_module() {
    smoke("publish_module");
}

#[test]
fn every_target_is_tried_and_has_a_corpus() {
    let listed = Command::new(env!("CARGO_BIN_EXE_fuzz")).arg("--list").output().unwrap();
    let tried = fs::read_to_string(file!().rsplit_once("tests/fuzz/").map_or(file!(), |(_, file)| file)).unwrap();
    for target in String::from_utf8(listed.stdout).unwrap().lines() {
        assert!(tried.contains(&format!("smoke(\"{target}\")")), "{target} has no test here");
        assert!(corpus(target).is_dir(), "{target} has no folder in tests/fuzz/corpus");
    }
}

#[track_caller]
fn smoke(target: &str) {
    let found: Vec<PathBuf> = fs::read_dir(corpus(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    if !found.is_empty() {
        run(target, found.iter().map(|path| path.display().to_string()).collect());
    }
    let limits = [format!("-runs={RUNS}"), format!("-max_total_time={SECONDS_MAX}"), "-seed=1".to_owned()];
    run(target, [limits.to_vec(), vec!["-max_len=262144".to_owned()]].concat());
}

/// Runs the target in a process of its own, since what is looked for ends processes.
#[track_caller]
fn run(target: &str, arguments: Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let found = found_inputs(target);
    fs::create_dir_all(&found).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fuzz"));
    command.arg(target).args(arguments).arg(format!("-artifact_prefix={}/", found.display()));
    // What the process leaves behind goes with the folder.
    let output = command.arg("-rss_limit_mb=8192").env("TMPDIR", folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().rev().take(40).collect();
    let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
    let kept = "its input is kept below target/fuzz/found: once it is mended, move it to tests/fuzz/corpus";
    assert!(output.status.success(), "{target} found something; {kept}\n{last}");
    #[cfg(target_os = "linux")]
    assert_eq!(left_behind(folder.path()), Vec::<String>::new(), "{target} has left programs running");
}

/// Command lines of programs that work in the folder. One that has just been killed may be there for a moment more.
#[cfg(target_os = "linux")]
fn left_behind(folder: &Path) -> Vec<String> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let running = fs::read_dir("/proc").unwrap().flatten();
        let lines = running.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
        let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
        let left: Vec<String> = lines.filter(|line| line.contains(&*folder.to_string_lossy())).collect();
        if left.is_empty() || Instant::now() > deadline {
            return left;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Where inputs that were found are kept, also after the test.
fn found_inputs(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fuzz/found").join(target)
}

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}
