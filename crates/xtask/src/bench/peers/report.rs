//! The report: tables in Markdown.

use super::clients::{Calls, OWN_PACE};
use super::figures::{millis, percent, shown, times};
use super::goals::{self, Goal};
use super::pairs::Distribution;
use super::system::System;
use super::tools::Tools;
use super::tuning::described;
use super::wallet::{COLUMNS, Case, Column, Wallet, Way};
use super::{PeersBenchArgs, Results, Workload, chart, growth, rooms, session};
use crate::bench::report::{disturbance, heading, thousands};
use crate::machine_time::STOLEN_MAX;
use crate::workspace::Workspace;

/// The report on one workload.
pub fn section(
    workspace: &Workspace,
    args: &PeersBenchArgs,
    workload: Workload,
    tools: &Tools,
    results: &Results,
) -> String {
    let mut lines = heading(workspace, &args.command(workload), &tools.versions(workspace, workload));
    lines.extend(calmness(&results.stolen(workload)));
    let chosen = if workload == Workload::Session { &results.session.chosen } else { &results.chosen };
    if workload != Workload::Rooms {
        lines.push(format!("Best set-ups: {}.\n", described(chosen)));
    }
    lines.extend(goals_table(&goals::of(args, workload, results)));
    match workload {
        Workload::Wallet => lines.extend(wallet(args, results)),
        Workload::Session => lines.extend(sessions(args, results)),
        Workload::Growth => lines.extend(growth_table(args, results)),
        Workload::Rooms => lines.extend(rooms_tables(args, results)),
    }
    lines.join("\n")
}

/// What others had of the processors while figures were taken, and what was done about it.
fn calmness(stolen: &[f64]) -> Option<String> {
    let said = disturbance("a figure", stolen)?;
    let limit = 100.0 * STOLEN_MAX;
    Some(format!("{said} A figure with more than {limit:.0} % was taken once more, and the calmer one counts.\n"))
}

/// What was wanted, as far as it was measured.
fn goals_table(goals: &[Goal]) -> Vec<String> {
    let mut lines = table(&["goal", "wanted", "reached"].map(str::to_owned));
    let measured = goals.iter().filter(|goal| !goal.reached.is_empty());
    lines.extend(measured.map(|goal| row(&goal.title, &[goal.wanted.clone(), shown(&goal.reached, times)])));
    lines.push(String::new());
    lines
}

fn wallet(args: &PeersBenchArgs, results: &Results) -> Vec<String> {
    let mut lines = Vec::new();
    for &distribution in args.distributions() {
        lines.push(format!("**Transfers a second, {}**\n", distribution.title()));
        lines.extend(throughput(args, &results.wallet, distribution));
        lines.push(format!("\n![Transfers a second]({})\n", chart::throughput_file(distribution)));
        lines.push(format!("**This product over the SDK's WebSocket, times the others, {}**\n", distribution.title()));
        lines.extend(multiples(args, &results.wallet, distribution));
        lines.push(format!("\n**Open loop, durable, compiled client, {}: latencies in ms**\n", distribution.title()));
        lines.extend(latencies(args, &results.wallet, distribution));
        lines.push(String::new());
    }
    lines.push(format!("![Latency]({})", chart::LATENCY_FILE));
    lines
}

fn throughput(args: &PeersBenchArgs, wallet: &Wallet, distribution: Distribution) -> Vec<String> {
    let mut lines = table(&columns("transfers a second"));
    for system in args.systems(Workload::Wallet) {
        let made =
            |column: Column| shown(&wallet.figures.per_second(&Case::of(system, distribution, column)), thousands);
        lines.push(row(system.title(), &COLUMNS.map(made)));
    }
    lines
}

fn multiples(args: &PeersBenchArgs, wallet: &Wallet, distribution: Distribution) -> Vec<String> {
    let mut lines = table(&columns("times"));
    for system in args.systems(Workload::Wallet).filter(|&system| system != System::Node) {
        let multiple = |column: Column| {
            let of = |system| Case::of(system, distribution, column);
            shown(&wallet.figures.ratios(&of(System::Node), &of(system)), times)
        };
        lines.push(row(system.title(), &COLUMNS.map(multiple)));
    }
    lines
}

fn latencies(args: &PeersBenchArgs, wallet: &Wallet, distribution: Distribution) -> Vec<String> {
    let names = ["asked a second", "answered a second", "p50", "p99", "p99.9"];
    let mut head = vec!["system".to_owned()];
    for pace in ["one pace for all".to_owned(), own_pace("what it makes one by one")] {
        head.extend(names.map(|name| format!("{pace}: {name}")));
    }
    let mut lines = table(&head);
    for system in args.systems(Workload::Wallet) {
        let values = [Way::CommonPace, Way::OwnPace].into_iter().flat_map(|way| {
            let case = Case { way, ..Case::main(system, distribution) };
            let figures = &wallet.figures;
            [
                shown(&figures.values(&case, Calls::asked_per_second), thousands),
                shown(&figures.per_second(&case), thousands),
                shown(&figures.values(&case, |calls| calls.p50_ms), millis),
                shown(&figures.values(&case, |calls| calls.p99_ms), millis),
                shown(&figures.values(&case, |calls| calls.p999_ms), millis),
            ]
        });
        lines.push(row(system.title(), &values.collect::<Vec<_>>()));
    }
    lines
}

fn sessions(args: &PeersBenchArgs, results: &Results) -> Vec<String> {
    let figures = &results.session.figures;
    let open_loop = format!("open loop at {}: asked a second", own_pace("the closed one"));
    let head = [
        "session starts",
        "closed loop: a second",
        "one HTTP call at this product, times",
        "p99, ms",
        &open_loop,
        "answered a second",
        "p50, ms",
        "p99, ms",
    ];
    let mut lines = table(&head.map(str::to_owned));
    for system in args.systems(Workload::Session) {
        let (closed, open) = ((system, session::Way::Closed), (system, session::Way::OwnPace));
        let values = [
            shown(&figures.per_second(&closed), thousands),
            shown(&figures.ratios(&(System::NodeHttp, session::Way::Closed), &closed), times),
            shown(&figures.values(&closed, |calls| calls.p99_ms), millis),
            shown(&figures.values(&open, Calls::asked_per_second), thousands),
            shown(&figures.per_second(&open), thousands),
            shown(&figures.values(&open, |calls| calls.p50_ms), millis),
            shown(&figures.values(&open, |calls| calls.p99_ms), millis),
        ];
        lines.push(row(system.title(), &values));
    }
    lines.push(format!("\n![Session starts a second]({})", chart::SESSION_FILE));
    lines
}

fn growth_table(args: &PeersBenchArgs, results: &Results) -> Vec<String> {
    let mut head = vec!["transfers a second".to_owned()];
    head.extend(args.growth_accounts.iter().map(|&accounts| format!("{} accounts", thousands(f64::from(accounts)))));
    let steps = growth::steps(args);
    head.extend(steps.iter().map(|step| step.title()));
    let mut lines = table(&head);
    for system in args.systems(Workload::Growth) {
        let made =
            |&accounts: &u32| shown(&results.growth.figures.per_second(&growth::Case { system, accounts }), thousands);
        let mut values: Vec<String> = args.growth_accounts.iter().map(made).collect();
        values.extend(steps.iter().map(|&step| shown(&results.growth.slowdowns(step, system), times)));
        lines.push(row(system.title(), &values));
    }
    lines.push(format!("\n![Growth]({})", chart::GROWTH_FILE));
    lines
}

fn rooms_tables(args: &PeersBenchArgs, results: &Results) -> Vec<String> {
    let mut lines = Vec::new();
    let figures = &results.rooms.figures;
    let head = ["members see", "rooms", "of all moves, %", "moves a second", "delay p50, ms", "p99, ms"];
    for &client in &args.client {
        lines.push(format!("**{}**\n", client.title()));
        lines.extend(table(&head.map(str::to_owned)));
        for &rooms in &args.rooms {
            for (system, durability) in rooms::measured(args) {
                let case = rooms::Case { system, durability, client, rooms };
                let values = [
                    rooms.to_string(),
                    shown(&figures.values(&case, Calls::answered_percent), percent),
                    shown(&figures.per_second(&case), thousands),
                    shown(&figures.values(&case, |calls| calls.p50_ms), millis),
                    shown(&figures.values(&case, |calls| calls.p99_ms), millis),
                ];
                lines.push(row(rooms::title(system, durability), &values));
            }
        }
        lines.push(String::new());
    }
    lines.push(format!("![Rooms]({})", chart::ROOMS_FILE));
    lines
}

fn columns(first: &str) -> Vec<String> {
    let mut columns = vec![first.to_owned()];
    columns.extend(COLUMNS.map(|column| column.title.to_owned()));
    columns
}

/// What an open loop asks of a system by itself.
fn own_pace(what: &str) -> String {
    format!("{:.0} % of {what}", 100.0 * OWN_PACE)
}

/// The first two lines of a table.
fn table(columns: &[String]) -> Vec<String> {
    vec![format!("| {} |", columns.join(" | ")), format!("| --- |{}", " ---: |".repeat(columns.len() - 1))]
}

fn row(title: &str, values: &[String]) -> String {
    format!("| {title} | {} |", values.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::super::clients::tests::calls;
    use super::super::tests::parsed;
    use super::*;

    #[test]
    fn a_section_says_what_others_had_of_the_machine_where_that_is_known() {
        let said = calmness(&[0.2]).unwrap();
        assert!(said.ends_with(" A figure with more than 5 % was taken once more, and the calmer one counts.\n"));
        assert_eq!(calmness(&[]), None);
    }

    #[test]
    fn the_table_of_growth_has_a_column_for_each_number_of_accounts_and_for_each_but_the_first_held_against_it() {
        let args = parsed(&["--system", "node", "--growth-accounts", "100,1000,5000"]);
        let mut results = Results::default();
        for (accounts, per_second) in [(100, 60.0), (1_000, 30.0), (5_000, 40.0)] {
            results.growth.figures.add(growth::Case { system: System::Node, accounts }, calls(per_second, 1.0));
        }
        let lines = growth_table(&args, &results);
        assert!(lines[0].ends_with("| 5,000 accounts | 100 over 1,000 accounts | 100 over 5,000 accounts |"));
        assert!(lines[2].ends_with("| 60 | 30 | 40 | 2.00 | 1.50 |"), "{}", lines[2]);
    }

    #[test]
    fn an_open_loop_shows_what_it_asked_for_beside_what_was_answered() {
        let args = parsed(&["--system", "express"]);
        let mut results = Results::default();
        let case = Case { way: Way::OwnPace, ..Case::main(System::Express, Distribution::Zipf) };
        let mut calls = calls(1_200.0, 7.0);
        calls.per_second = 900.0;
        results.wallet.figures.add(case, calls);
        let lines = latencies(&args, &results.wallet, Distribution::Zipf);
        assert!(lines[0].contains("| 60 % of what it makes one by one: asked a second |"), "{}", lines[0]);
        assert!(lines[2].ends_with("| 1,200 | 900 | 0.50 | 7.00 | 9.00 |"), "{}", lines[2]);
    }
}
