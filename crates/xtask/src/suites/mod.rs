//! `cargo xtask test`: every suite of the repository, then one line that adds them up.

mod captured;
mod cargo_report;
mod node_report;
mod tally;
mod typescript;

use anyhow::{Result, bail};

use crate::workspace::{Profile, Workspace};
use crate::{bindings, build, cargo, progress, setup};
use tally::Tally;

/// What one suite has to say.
#[derive(Debug, Default)]
pub struct Report {
    tally: Tally,
    /// Output about each failure, shown again at the end.
    failures: Vec<String>,
}

impl Report {
    /// One test that passed or failed with `failure`.
    fn single(failure: Option<String>) -> Self {
        let failed = u64::from(failure.is_some());
        Self { tally: Tally { passed: 1 - failed, failed, skipped: 0 }, failures: failure.into_iter().collect() }
    }
}

/// Builds everything, runs every suite whatever the others do, and fails if any test failed.
pub fn run(workspace: &Workspace) -> Result<()> {
    progress::step("tools", || {
        setup::ensure_host_tools()?;
        setup::ensure_node_js()
    })?;
    build::everything(workspace, Profile::Debug)?;

    let mut reports = vec![
        suite("Rust tests", || rust(workspace)),
        suite("client bindings are up to date", || {
            let stale = bindings::refuse_stale(workspace, Profile::Debug).err();
            Ok(Report::single(stale.map(|error| format!("{error:#}"))))
        }),
    ];
    for package in typescript::packages(workspace)? {
        let name = format!("TypeScript tests in {}", workspace.display(&package));
        reports.push(suite(&name, || typescript::run(&package)));
    }
    summarize(&reports)
}

/// Runs one suite; one that cannot run counts as one failed test.
fn suite(name: &str, work: impl FnOnce() -> Result<Report>) -> Report {
    let outcome = progress::step(name, work);
    outcome.unwrap_or_else(|error| Report::single(Some(format!("{name}: {error:#}"))))
}

fn rust(workspace: &Workspace) -> Result<Report> {
    let mut command = cargo::compile(workspace, "test")?;
    command.args(["--workspace", "--no-fail-fast"]);
    let output = captured::run(&mut command)?;
    Ok(cargo_report::read(&output.text, output.success))
}

fn summarize(reports: &[Report]) -> Result<()> {
    let mut total = Tally::default();
    for report in reports {
        total.add(report.tally);
        for failure in &report.failures {
            println!("\n{failure}");
        }
    }
    println!("\n{total}");
    if total.failed > 0 {
        bail!("tests failed");
    }
    Ok(())
}
