//! `cargo xtask test`: every suite of the repository, then one line that adds them up.

mod captured;
mod cargo_report;
mod node_report;
mod tally;
pub mod typescript;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::workspace::{Profile, Workspace};
use crate::{bench, bindings, build, cargo, dev, progress, setup, soak};
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

/// Builds everything and runs every suite, whatever the others do. The exit code tells whether all
/// tests passed; it comes without an error, so that the sum is the last line.
pub fn run(workspace: &Workspace) -> Result<ExitCode> {
    progress::step("tools", || {
        setup::ensure_host_tools()?;
        setup::ensure_node_js()?;
        setup::ensure_browser_libraries()?;
        setup::find_or_install_clock_faker();
        setup::ensure_object_server(workspace)?;
        setup::ensure_api_tester(workspace)
    })?;
    let packages = typescript::packages(workspace)?;
    let reports = match prepare(workspace, &packages) {
        Ok(()) => run_suites(workspace, &packages),
        Err(error) => vec![Report::single(Some(format!("nothing was tested: {error:#}")))],
    };
    let total = summarize(&reports);
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Installs and builds what the suites need. The npm packages are among it, because a Rust test runs a TypeScript
/// client.
fn prepare(workspace: &Workspace, packages: &[PathBuf]) -> Result<()> {
    progress::step("npm packages", || packages.iter().try_for_each(|package| typescript::install(package)))?;
    build::everything(workspace, Profile::Debug)
}

fn run_suites(workspace: &Workspace, packages: &[PathBuf]) -> Vec<Report> {
    let mut reports = vec![
        suite("Rust tests", || rust(workspace)),
        suite("Rust tests of the benchmark's peers", || {
            let output =
                captured::run(cargo::compile_peers(workspace, "test")?.args(["--workspace", "--no-fail-fast"]))?;
            Ok(cargo_report::read(&output.text, output.success))
        }),
        one_test("benchmark against peers, as small as can be", || bench::peers_smoke(workspace)),
        one_test("soak, as short as can be", || soak::smoke(workspace)),
        one_test("`dev` twice on the same data, and `publish`", || dev::smoke::dev_and_publish(workspace)),
        one_test("scripts/spacetime-dev.sh", || dev::smoke::script(workspace)),
        one_test("client bindings are up to date", || bindings::refuse_stale(workspace, Profile::Debug)),
    ];
    for package in packages {
        let name = format!("TypeScript tests in {}", workspace.display(package));
        reports.push(suite(&name, || typescript::run(package)));
    }
    reports
}

/// Runs one suite; one that cannot run counts as one failed test.
fn suite(name: &str, work: impl FnOnce() -> Result<Report>) -> Report {
    let work = || work().unwrap_or_else(|error| Report::single(Some(format!("{name}: {error:#}"))));
    progress::judged_step(name, work, |report| report.tally.failed == 0)
}

/// Runs a suite that is one test.
fn one_test(name: &str, work: impl FnOnce() -> Result<()>) -> Report {
    suite(name, || work().map(|()| Report::single(None)))
}

fn rust(workspace: &Workspace) -> Result<Report> {
    let mut command = cargo::compile(workspace, "test")?;
    command.args(["--workspace", "--no-fail-fast"]);
    let output = captured::run(&mut command)?;
    Ok(cargo_report::read(&output.text, output.success))
}

/// Shows every failure again, then the sum of all suites.
fn summarize(reports: &[Report]) -> Tally {
    let mut total = Tally::default();
    for report in reports {
        total.add(report.tally);
        for failure in &report.failures {
            println!("\n{failure}");
        }
    }
    println!("\n{total}");
    total
}
