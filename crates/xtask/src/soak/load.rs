//! The load: the generator of `tests/peers/load`, and what it says.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::SoakArgs;
use super::product::Product;
use crate::bench::generator::result_of;
use crate::binaries::{self, LOAD};
use crate::process;
use crate::publish::DATABASE;
use crate::workspace::Workspace;

/// What became of arrivals in some seconds, or in all.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Interval {
    /// Whether it is all.
    pub is_total: bool,
    /// Seconds from the beginning of the load to the end of these.
    pub seconds: f64,
    /// Arrivals that nobody was free for in the end.
    pub missed: u64,
    /// By kind.
    pub kinds: BTreeMap<String, Count>,
}

/// What became of arrivals of one kind.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Count {
    pub answered: u64,
    pub failed: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    /// Latencies in microseconds and how often each was seen.
    pub micros: Vec<(u64, u64)>,
}

impl Interval {
    /// Arrivals of all kinds that were answered.
    pub fn answered(&self) -> u64 {
        self.kinds.values().map(|count| count.answered).sum()
    }

    /// Arrivals of all kinds that failed, or that nobody was free for.
    pub fn failed(&self) -> u64 {
        self.kinds.values().map(|count| count.failed).sum::<u64>() + self.missed
    }
}

/// How fast and how long.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Whether every player comes once before.
    pub is_after_all: bool,
    /// Arrivals a second; without one, whatever is done makes room for the next.
    pub rate: Option<f64>,
    pub warm_up_seconds: f64,
    pub seconds: f64,
    /// How many seconds each report is about.
    pub interval_seconds: f64,
}

/// A load that goes on. Dropping it ends it.
pub struct Load {
    child: Child,
    reports: Receiver<Interval>,
    total: Option<Interval>,
}

/// What a load without a rate comes to: arrivals a second.
pub fn maximum(workspace: &Workspace, args: &SoakArgs, product: &Product, pace: Pace) -> Result<f64> {
    let total: Interval = result_of(&mut command(workspace, args, product, pace))?;
    ensure!(total.failed() == 0, "{} requests failed while the maximum was measured", total.failed());
    let per_second = total.answered() as f64 / pace.seconds;
    ensure!(per_second > 0.0, "nothing was answered while the maximum was measured");
    Ok(per_second)
}

impl Load {
    /// Starts a load.
    pub fn start(workspace: &Workspace, args: &SoakArgs, product: &Product, pace: Pace) -> Result<Self> {
        let mut command = command(workspace, args, product, pace);
        process::bypass_proxy_on_loopback(&mut command);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("the load does not start")?;
        let output = child.stdout.take().context("the load's output is piped")?;
        let (sender, reports) = channel();
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            for report in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
                // Nobody listens any more when the run has failed.
                let _ = sender.send(report);
            }
        });
        Ok(Self { child, reports, total: None })
    }

    /// Whether it goes on; an error if it has ended as it should not.
    pub fn is_running(&mut self) -> Result<bool> {
        let Some(status) = self.child.try_wait()? else { return Ok(true) };
        ensure!(status.success(), "the load has failed ({status}); what it said is above");
        Ok(false)
    }

    /// What it has reported since it was last asked.
    pub fn reports(&mut self) -> Vec<Interval> {
        let reports = self.reports.try_iter().collect();
        self.without_total(reports)
    }

    /// The rest of what it reports, and what it came to as a whole.
    pub fn rest(mut self) -> (Vec<Interval>, Option<Interval>) {
        let reports = self.reports.iter().collect();
        (self.without_total(reports), self.total.take())
    }

    fn without_total(&mut self, mut reports: Vec<Interval>) -> Vec<Interval> {
        if let Some(total) = reports.pop_if(|report| report.is_total) {
            self.total = Some(total);
        }
        reports
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // It may have ended by itself, which is as it should be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(workspace: &Workspace, args: &SoakArgs, product: &Product, pace: Pace) -> Command {
    let mut command = Command::new(binaries::peer(workspace, args.profile(), LOAD));
    command.args(["soak", "--node", product.node.address(), "--facade", &product.facade.address]);
    command.args(["--database", DATABASE]).arg("--key-file").arg(product.node_key());
    command.args(["--players", &args.players.to_string(), "--clients", &args.clients.to_string()]);
    command.args(["--seed", &args.seed.to_string(), "--seconds", &pace.seconds.to_string()]);
    command.args(["--warm-up-seconds", &pace.warm_up_seconds.to_string()]);
    command.args(["--interval-seconds", &pace.interval_seconds.to_string()]);
    if pace.is_after_all {
        command.arg("--visit-all");
    }
    if let Some(rate) = pace.rate {
        command.args(["--rate", &rate.to_string()]);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::Interval;

    #[test]
    fn a_report_is_read_as_the_load_writes_it() -> anyhow::Result<()> {
        let line = r#"{"is_total":false,"seconds":5.0,"missed":1,"kinds":{"save":{"answered":7,"failed":2,"p50_ms":1.0,"p99_ms":2.0,
                       "max_ms":3.0,"micros":[[1000,4],[3001,3]]},"load":{"answered":3,"failed":0,"p50_ms":1.0,"p99_ms":2.0,
                       "max_ms":3.0,"micros":[[1000,3]]}}}"#;
        let interval: Interval = serde_json::from_str(line)?;
        assert_eq!((interval.answered(), interval.failed()), (10, 3));
        assert_eq!(interval.kinds["save"].micros, [(1_000, 4), (3_001, 3)]);
        Ok(())
    }
}
