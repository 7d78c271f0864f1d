//! The report: tables in Markdown.

use anyhow::Result;

use super::clients::Client;
use super::figures::{larger, millis, ratios, shown, times};
use super::pairs::Distribution;
use super::system::{Durability, System, Systems};
use super::tuning::described;
use super::wallet::{Case, Wallet, Way};
use super::{PeersBenchArgs, Results, Workload, growth, session};
use crate::bench::report::{heading, thousands, version_of};
use crate::workspace::Workspace;

/// How many times as many transfers as axum, and as Express, are wanted; and how much slower growth may make them.
const TIMES_AXUM: f64 = 5.0;
const TIMES_EXPRESS: f64 = 20.0;
const SESSIONS_TIMES_EXPRESS: f64 = 3.0;
const SLOWDOWN_MAX: f64 = 1.3;

/// The columns of throughput: durability, client, how calls follow each other.
const LOADS: [(Durability, Client, Way, &str); 6] = [
    (Durability::Durable, Client::Compiled, Way::Pipelined, "durable, compiled, pipelined"),
    (Durability::Durable, Client::Compiled, Way::OneByOne, "durable, compiled, one by one"),
    (Durability::Durable, Client::NodeJs, Way::Pipelined, "durable, Node.js, pipelined"),
    (Durability::Durable, Client::NodeJs, Way::OneByOne, "durable, Node.js, one by one"),
    (Durability::Relaxed, Client::Compiled, Way::Pipelined, "relaxed, compiled, pipelined"),
    (Durability::Relaxed, Client::NodeJs, Way::Pipelined, "relaxed, Node.js, pipelined"),
];

/// The whole report.
pub fn markdown(workspace: &Workspace, args: &PeersBenchArgs, systems: &Systems, results: &Results) -> Result<String> {
    let tools = [systems.postgres_version(), systems.fastapi_version(), format!("Node.js {}", version_of("node"))];
    let mut lines = heading(workspace, &args.command(), &tools);
    lines.extend(goals(args, results));
    if args.measures(Workload::Wallet) || args.measures(Workload::Growth) {
        lines.push(format!("Best set-ups for transfers: {}.\n", described(&results.chosen)));
    }
    if args.measures(Workload::Wallet) {
        for distribution in Distribution::ALL {
            lines.push(format!("### Wallet transfer, {}\n", distribution.title()));
            lines.extend(throughput(args, &results.wallet, distribution));
            lines.push("\nThis product over the SDK's WebSocket as a multiple of the others, in the same round:\n".to_owned());
            lines.extend(multiples(args, &results.wallet, distribution));
            lines.push("\nOpen loop, durable, compiled client; latencies in ms, counted from when a call was due:\n".to_owned());
            lines.extend(latencies(args, &results.wallet, distribution));
            lines.push(String::new());
        }
    }
    if args.measures(Workload::Session) {
        lines.push("### Session start\n".to_owned());
        lines.push(format!("Best set-ups for session starts: {}.\n", described(&results.session.chosen)));
        lines.extend(sessions(args, results));
        lines.push(String::new());
    }
    if args.measures(Workload::Growth) {
        lines.push("### Growth\n".to_owned());
        lines.extend(growth_table(args, results));
    }
    Ok(lines.join("\n"))
}

fn goals(args: &PeersBenchArgs, results: &Results) -> Vec<String> {
    let mut lines = table(&["goal", "wanted", "reached"].map(str::to_owned));
    for distribution in Distribution::ALL {
        let made = |system| results.wallet.figures.per_second(&Case::main(system, distribution));
        let node = made(System::Node);
        let axum = larger(&made(System::AxumPooled), &made(System::AxumPipelined));
        let wanted = [("axum + PostgreSQL, the better of both", TIMES_AXUM, axum), ("Express + tRPC", TIMES_EXPRESS, made(System::Express))];
        for (name, least, theirs) in wanted {
            let reached = ratios(&node, &theirs);
            if !reached.is_empty() {
                let title = format!("wallet, {}, times {name}", distribution.title());
                lines.push(row(&title, &[format!("at least {least}"), shown(&reached, times)]));
            }
        }
    }
    let session = |system| (system, session::Way::Closed);
    let reached = results.session.figures.ratios(&session(System::Node), &session(System::Express));
    if !reached.is_empty() {
        lines.push(row("session starts, times Express + tRPC", &[format!("at least {SESSIONS_TIMES_EXPRESS}"), shown(&reached, times)]));
    }
    for distribution in Distribution::ALL {
        let reached = results.growth.slowdowns(args, System::Node, distribution);
        if !reached.is_empty() {
            let title = format!("growth, {}, fewest accounts over most", distribution.title());
            lines.push(row(&title, &[format!("at most {SLOWDOWN_MAX}"), shown(&reached, times)]));
        }
    }
    lines.push(String::new());
    lines
}

fn throughput(args: &PeersBenchArgs, wallet: &Wallet, distribution: Distribution) -> Vec<String> {
    let mut lines = table(&columns("transfers a second"));
    for &system in &args.system {
        lines.push(row(system.title(), &LOADS.map(|load| shown(&wallet.figures.per_second(&case(system, distribution, load)), thousands))));
    }
    lines
}

fn multiples(args: &PeersBenchArgs, wallet: &Wallet, distribution: Distribution) -> Vec<String> {
    let mut lines = table(&columns("times"));
    for &system in args.system.iter().filter(|&&system| system != System::Node) {
        let multiple = |load| {
            let (product, other) = (case(System::Node, distribution, load), case(system, distribution, load));
            shown(&wallet.figures.ratios(&product, &other), times)
        };
        lines.push(row(system.title(), &LOADS.map(multiple)));
    }
    lines
}

fn latencies(args: &PeersBenchArgs, wallet: &Wallet, distribution: Distribution) -> Vec<String> {
    let names = ["arrivals a second", "p50", "p99", "p99.9"];
    let mut head = vec!["system".to_owned()];
    for pace in ["one pace for all", "60 % of its own"] {
        head.extend(names.map(|name| format!("{pace}: {name}")));
    }
    let mut lines = table(&head);
    for &system in &args.system {
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
    let head = [
        "session starts a second",
        "closed loop",
        "this product, times",
        "p99, ms",
        "open loop at 60 % of its own",
        "p50, ms",
        "p99, ms",
    ];
    let mut lines = table(&head.map(str::to_owned));
    for &system in args.system.iter().filter(|&&system| system != System::Facade) {
        let (closed, open) = ((system, session::Way::Closed), (system, session::Way::OwnPace));
        let values = [
            shown(&figures.per_second(&closed), thousands),
            shown(&figures.ratios(&(System::Node, session::Way::Closed), &closed), times),
            shown(&figures.values(&closed, |calls| calls.p99_ms), millis),
            shown(&figures.per_second(&open), thousands),
            shown(&figures.values(&open, |calls| calls.p50_ms), millis),
            shown(&figures.values(&open, |calls| calls.p99_ms), millis),
        ];
        lines.push(row(system.title(), &values));
    }
    lines
}

fn growth_table(args: &PeersBenchArgs, results: &Results) -> Vec<String> {
    let mut head = vec!["transfers a second".to_owned(), "drawn".to_owned()];
    head.extend(args.growth_accounts.iter().map(|&accounts| format!("{} accounts", thousands(f64::from(accounts)))));
    head.push("fewest over most".to_owned());
    let mut lines = table(&head);
    for &system in &args.system {
        for distribution in Distribution::ALL {
            let mut values = vec![distribution.title()];
            values.extend(args.growth_accounts.iter().map(|&accounts| {
                shown(&results.growth.figures.per_second(&growth::Case { system, distribution, accounts }), thousands)
            }));
            values.push(shown(&results.growth.slowdowns(args, system, distribution), times));
            lines.push(row(system.title(), &values));
        }
    }
    lines
}

fn case(system: System, distribution: Distribution, (durability, client, way, _): (Durability, Client, Way, &str)) -> Case {
    Case { system, durability, distribution, client, way }
}

fn columns(first: &str) -> Vec<String> {
    let mut columns = vec![first.to_owned()];
    columns.extend(LOADS.map(|(_, _, _, name)| name.to_owned()));
    columns
}

/// The first two lines of a table.
fn table(columns: &[String]) -> Vec<String> {
    vec![format!("| {} |", columns.join(" | ")), format!("| --- |{}", " ---: |".repeat(columns.len() - 1))]
}

fn row(title: &str, values: &[String]) -> String {
    format!("| {title} | {} |", values.join(" | "))
}
