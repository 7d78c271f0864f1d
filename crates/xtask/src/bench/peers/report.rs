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
use crate::bench::report::{heading, thousands};
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
    let names = ["arrivals a second", "p50", "p99", "p99.9"];
    let mut head = vec!["system".to_owned()];
    for pace in ["one pace for all", &own_pace()] {
        head.extend(names.map(|name| format!("{pace}: {name}")));
    }
    let mut lines = table(&head);
    for system in args.systems(Workload::Wallet) {
        let values = [Way::CommonPace, Way::OwnPace].into_iter().flat_map(|way| {
            let case = Case { way, ..Case::main(system, distribution) };
            let figures = &wallet.figures;
            [
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
    let open_loop = format!("open loop at {}: a second", own_pace());
    let head = [
        "session starts",
        "closed loop: a second",
        "one HTTP call at this product, times",
        "p99, ms",
        &open_loop,
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
    head.push("fewest over most".to_owned());
    let mut lines = table(&head);
    for system in args.systems(Workload::Growth) {
        let made =
            |&accounts: &u32| shown(&results.growth.figures.per_second(&growth::Case { system, accounts }), thousands);
        let mut values: Vec<String> = args.growth_accounts.iter().map(made).collect();
        values.push(shown(&results.growth.slowdowns(args, system), times));
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
fn own_pace() -> String {
    format!("{:.0} % of its own", 100.0 * OWN_PACE)
}

/// The first two lines of a table.
fn table(columns: &[String]) -> Vec<String> {
    vec![format!("| {} |", columns.join(" | ")), format!("| --- |{}", " ---: |".repeat(columns.len() - 1))]
}

fn row(title: &str, values: &[String]) -> String {
    format!("| {title} | {} |", values.join(" | "))
}
