//! The report: tables in Markdown.

use super::clients::{Calls, Client};
use super::figures::{larger, millis, percent, ratios, shown, times};
use super::pairs::Distribution;
use super::system::{Durability, System};
use super::tools::Tools;
use super::tuning::described;
use super::wallet::{Case, Wallet, Way};
use super::{PeersBenchArgs, Results, Workload, chart, growth, rooms, session};
use crate::bench::report::{heading, thousands};
use crate::workspace::Workspace;

/// How many times as many transfers as axum, and as Express, are wanted; and how much slower growth may make them.
const TIMES_AXUM: f64 = 5.0;
const TIMES_EXPRESS: f64 = 20.0;
const SESSIONS_TIMES_EXPRESS: f64 = 3.0;
/// How many times this product's delay is wanted to go into that of Colyseus.
const DELAY_TIMES_COLYSEUS: f64 = 2.0;
const SLOWDOWN_MAX: f64 = 1.3;

/// Each way of Colyseus, and this product's in which members see each other alike: collected for a while, or at once.
const COUNTERPARTS: [(System, System); 2] =
    [(System::ColyseusState, System::NodeTicking), (System::ColyseusMessages, System::Node)];

/// The columns of throughput: durability, client, how calls follow each other.
const LOADS: [(Durability, Client, Way, &str); 5] = [
    (Durability::Durable, Client::Compiled, Way::Pipelined, "durable, compiled, pipelined"),
    (Durability::Durable, Client::Compiled, Way::OneByOne, "durable, compiled, one by one"),
    (Durability::Durable, Client::NodeJs, Way::Pipelined, "durable, Node.js, pipelined"),
    (Durability::Relaxed, Client::Compiled, Way::Pipelined, "relaxed, compiled, pipelined"),
    (Durability::Relaxed, Client::NodeJs, Way::Pipelined, "relaxed, Node.js, pipelined"),
];

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
    let goals = match workload {
        Workload::Wallet => wallet_goals(results),
        Workload::Session => session_goal(results),
        Workload::Growth => growth_goals(args, results),
        Workload::Rooms => rooms_goals(args, results),
    };
    lines.extend(goals_table(&goals));
    match workload {
        Workload::Wallet => lines.extend(wallet(args, results)),
        Workload::Session => lines.extend(sessions(args, results)),
        Workload::Growth => lines.extend(growth_table(args, results)),
        Workload::Rooms => lines.extend(rooms_tables(args, results)),
    }
    lines.join("\n")
}

/// What is wanted, and what was reached in each round; left out if it was not measured.
struct Goal {
    title: String,
    wanted: String,
    reached: Vec<f64>,
}

fn goals_table(goals: &[Goal]) -> Vec<String> {
    let mut lines = table(&["goal", "wanted", "reached"].map(str::to_owned));
    let measured = goals.iter().filter(|goal| !goal.reached.is_empty());
    lines.extend(measured.map(|goal| row(&goal.title, &[goal.wanted.clone(), shown(&goal.reached, times)])));
    lines.push(String::new());
    lines
}

fn wallet_goals(results: &Results) -> Vec<Goal> {
    let of = |distribution: Distribution| {
        let made = |system| results.wallet.figures.per_second(&Case::main(system, distribution));
        let axum = larger(&made(System::AxumPooled), &made(System::AxumPipelined));
        let goal = |name: &str, least: f64, theirs: &[f64]| Goal {
            title: format!("{}, times {name}", distribution.title()),
            wanted: format!("at least {least}"),
            reached: ratios(&made(System::Node), theirs),
        };
        [
            goal("axum + PostgreSQL, the better of both", TIMES_AXUM, &axum),
            goal("Express + tRPC", TIMES_EXPRESS, &made(System::Express)),
        ]
    };
    Distribution::ALL.into_iter().flat_map(of).collect()
}

fn session_goal(results: &Results) -> Vec<Goal> {
    let closed = |system| (system, session::Way::Closed);
    let reached = results.session.figures.ratios(&closed(System::NodeHttp), &closed(System::Express));
    let wanted = format!("at least {SESSIONS_TIMES_EXPRESS}");
    vec![Goal { title: "session starts, times Express + tRPC".to_owned(), wanted, reached }]
}

fn growth_goals(args: &PeersBenchArgs, results: &Results) -> Vec<Goal> {
    let title = "this product, fewest accounts over most".to_owned();
    let reached = results.growth.slowdowns(args, System::Node);
    vec![Goal { title, wanted: format!("at most {SLOWDOWN_MAX}"), reached }]
}

fn rooms_goals(args: &PeersBenchArgs, results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    for &rooms in &args.rooms {
        for &client in &args.client {
            let delays = |system| {
                let case = rooms::Case { system, durability: Durability::Relaxed, client, rooms };
                results.rooms.figures.values(&case, |calls| calls.p99_ms)
            };
            for (peer, own) in COUNTERPARTS {
                let own_title = rooms::title(own, Durability::Relaxed);
                goals.push(Goal {
                    title: format!("{rooms} rooms, {}: p99 of {} over {own_title}", client.title(), peer.title()),
                    wanted: format!("at least {DELAY_TIMES_COLYSEUS}"),
                    reached: ratios(&delays(peer), &delays(own)),
                });
            }
        }
    }
    goals
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
        lines.push(row(
            system.title(),
            &LOADS.map(|load| shown(&wallet.figures.per_second(&case(system, distribution, load)), thousands)),
        ));
    }
    lines
}

fn multiples(args: &PeersBenchArgs, wallet: &Wallet, distribution: Distribution) -> Vec<String> {
    let mut lines = table(&columns("times"));
    for system in args.systems(Workload::Wallet).filter(|&system| system != System::Node) {
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
    let head = [
        "session starts",
        "closed loop: a second",
        "one HTTP call at this product, times",
        "p99, ms",
        "open loop at 60 % of its own: a second",
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

fn case(
    system: System,
    distribution: Distribution,
    (durability, client, way, _): (Durability, Client, Way, &str),
) -> Case {
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
