//! What the facade adds to a call: the same procedure through it, straight at the node, and next to both a bare
//! axum handler with the same answer.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::FacadeBenchArgs;
use crate::bench::generator::result_of;
use crate::bench::report::{median, thousands};
use crate::workspace::Workspace;
use crate::{process, progress};

/// The program that starts what is called.
pub const OVERHEAD: &str = "overhead";
/// Connections that are kept, for each with one call under way.
const CONNECTIONS: u32 = 64;
/// The least part of the node's calls a second that the facade must reach …
const SHARE_MIN: f64 = 0.7;
/// … and how much longer than the node it may take at half load, at the median.
const MORE_MS_MAX: f64 = 2.0;

/// What is called, in the order of the report.
const TARGETS: [&str; 3] = ["bare axum handler", "node", "facade"];

/// Where to find it, and what to send.
#[derive(Deserialize)]
struct Target {
    method: String,
    url: String,
    body: String,
}

/// What the program says when it is ready.
#[derive(Deserialize)]
struct Ready {
    token: String,
    bare: Target,
    node: Target,
    facade: Target,
}

/// What one run of the load generator came to.
#[derive(Deserialize)]
struct Load {
    calls: u64,
    per_second: f64,
    p50_ms: f64,
    failed: u64,
}

/// The values of all rounds for one target.
#[derive(Default)]
struct Figures {
    per_second: Vec<f64>,
    full_p50_ms: Vec<f64>,
    half_per_second: Vec<f64>,
    half_p50_ms: Vec<f64>,
}

/// All figures, by the order of the targets.
#[derive(Default)]
pub struct Calls([Figures; 3]);

impl Calls {
    /// Takes every figure in every round.
    pub fn measure(workspace: &Workspace, args: &FacadeBenchArgs) -> Result<Self> {
        let (_running, ready) = start(workspace, args)?;
        let mut calls = Self::default();
        for round in 1..=args.rounds {
            progress::step(&format!("calls, round {round}"), || calls.measure_round(workspace, args, &ready))?;
        }
        Ok(calls)
    }

    /// Full load first. Then all get half of what the slowest could do, so that they are compared at one pace.
    fn measure_round(&mut self, workspace: &Workspace, args: &FacadeBenchArgs, ready: &Ready) -> Result<()> {
        let targets = [&ready.bare, &ready.node, &ready.facade];
        let mut slowest = f64::INFINITY;
        for (target, figures) in targets.into_iter().zip(&mut self.0) {
            let load = load(workspace, args, target, &ready.token, 0.0)?;
            slowest = slowest.min(load.per_second);
            figures.per_second.push(load.per_second);
            figures.full_p50_ms.push(load.p50_ms);
        }
        let turn_ms = f64::from(CONNECTIONS) / (slowest / 2.0) * 1e3;
        for (target, figures) in targets.into_iter().zip(&mut self.0) {
            // A connection's turn is its pause and its call; how long the call takes is found out first.
            let first = load(workspace, args, target, &ready.token, turn_ms)?;
            let load = load(workspace, args, target, &ready.token, (turn_ms - first.p50_ms).max(0.0))?;
            figures.half_per_second.push(load.per_second);
            figures.half_p50_ms.push(load.p50_ms);
        }
        Ok(())
    }

    /// The table.
    pub fn table(&self) -> Result<String> {
        let head = format!(
            "| read one task, {CONNECTIONS} connections | calls a second | of the node's | p50 at full load | \
             p50 at half load | calls a second then |\n| --- | ---: | ---: | ---: | ---: | ---: |"
        );
        let row = |(name, figures): (&str, &Figures)| -> Result<String> {
            Ok(format!(
                "| {name} | {} | {:.2} | {:.2} ms | {:.2} ms | {} |",
                thousands(median(&figures.per_second)?),
                median(&self.shares(figures))?,
                median(&figures.full_p50_ms)?,
                median(&figures.half_p50_ms)?,
                thousands(median(&figures.half_per_second)?),
            ))
        };
        let rows = TARGETS.into_iter().zip(&self.0).map(row).collect::<Result<Vec<_>>>()?;
        let wanted = format!("Wanted: at least {SHARE_MIN} of the node's, at most {MORE_MS_MAX} ms more at half load.");
        Ok(format!("{head}\n{}\n\n{wanted}", rows.join("\n")))
    }

    /// Fails if less was reached than is wanted.
    pub fn judge(&self) -> Result<()> {
        let [_, node, facade] = &self.0;
        let share = median(&self.shares(facade))?;
        ensure!(share >= SHARE_MIN, "the facade makes {share:.2} of the node's calls, less than {SHARE_MIN}");
        let more_ms = median(&facade.half_p50_ms)? - median(&node.half_p50_ms)?;
        ensure!(more_ms <= MORE_MS_MAX, "a call takes {more_ms:.1} ms more through the facade than {MORE_MS_MAX} ms");
        Ok(())
    }

    /// The calls a second as parts of the node's, round by round.
    fn shares(&self, figures: &Figures) -> Vec<f64> {
        let [_, node, _] = &self.0;
        figures.per_second.iter().zip(&node.per_second).map(|(mine, nodes)| mine / nodes).collect()
    }
}

/// One run of `wrk`.
fn load(workspace: &Workspace, args: &FacadeBenchArgs, target: &Target, token: &str, pause_ms: f64) -> Result<Load> {
    let mut command = Command::new("wrk");
    command.args(["--threads", "1", "--connections", &CONNECTIONS.to_string()]);
    command.args(["--duration", &format!("{}s", args.call_seconds), "--script"]);
    command.arg(workspace.root().join("tests/bench/request.lua")).arg(&target.url);
    command.env("BENCH_METHOD", &target.method).env("BENCH_BODY", &target.body);
    command.env("BENCH_TOKEN", token).env("BENCH_PAUSE_MS", pause_ms.to_string());
    let load: Load = result_of(&mut command)?;
    if load.failed > 0 || load.calls == 0 {
        bail!("{} of {} calls of {} failed", load.failed, load.calls, target.url);
    }
    Ok(load)
}

/// The program, which ends when it is dropped, because its input does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It may have ended by itself, which is as good.
        let _ = self.0.wait();
    }
}

fn start(workspace: &Workspace, args: &FacadeBenchArgs) -> Result<(Running, Ready)> {
    let mut command = Command::new(workspace.binary(args.profile(), OVERHEAD));
    process::bypass_proxy_on_loopback(&mut command);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut running = Running(child.context("what is to be called does not start")?);
    let output = running.0.stdout.take().context("its output is piped")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let ready = serde_json::from_str(&line).with_context(|| format!("what is to be called ended: {line}"))?;
    Ok((running, ready))
}

#[cfg(test)]
mod tests {
    use super::{Calls, Figures};

    fn figures(per_second: &[f64], half_p50_ms: f64) -> Figures {
        let half_p50_ms = vec![half_p50_ms];
        Figures { per_second: per_second.to_vec(), full_p50_ms: vec![1.0], half_per_second: vec![1.0], half_p50_ms }
    }

    #[test]
    fn the_facade_is_held_against_the_node_of_the_same_round() {
        let bare = || figures(&[100.0], 0.1);
        let good = Calls([bare(), figures(&[10.0, 20.0, 10.0], 1.0), figures(&[7.0, 14.0, 9.0], 3.0)]);
        assert!(good.judge().is_ok());
        assert!(good.table().unwrap().contains("| facade | 9 | 0.70 | 1.00 ms | 3.00 ms | 1 |"));
        let few = Calls([bare(), figures(&[10.0], 1.0), figures(&[6.9], 1.0)]);
        assert!(few.judge().is_err());
        let slow = Calls([bare(), figures(&[10.0], 1.0), figures(&[10.0], 3.1)]);
        assert!(slow.judge().is_err());
    }
}
