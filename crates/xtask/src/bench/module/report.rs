//! The report on the game module: tables in Markdown.

use super::calls::{Measured, Online};
use super::{ModuleBenchArgs, Results, SMALL};
use crate::bench::report::{heading, median, thousands};
use crate::workspace::Workspace;

/// How much longer a call of a player may take on the large database.
const GROWTH_WANTED: f64 = 1.3;
/// Bytes.
const MIB: f64 = 1024.0 * 1024.0;
/// How many of the slowest calls are named.
const SLOWEST: usize = 10;

const COLUMNS: [&str; 6] = [
    "call",
    "a second, in process",
    "a second, WebSocket",
    "p50, WebSocket",
    "growth, in process",
    "growth, WebSocket",
];

/// The whole report as Markdown.
pub fn markdown(workspace: &Workspace, args: &ModuleBenchArgs, results: &Results) -> String {
    let ModuleBenchArgs { players, worlds, rounds, guests, .. } = args;
    let mut options = format!(" --rounds {rounds} --guests {guests}");
    if (*players, *worlds) != (100_000, 10_000) {
        options = format!(" --players {players} --worlds {worlds}{options}");
    }
    let mut lines = heading(workspace, &format!("cargo xtask bench module{options} --write"), &[]);
    lines.extend(facts(args, results));
    lines.push(String::new());
    lines.extend(online(results));
    lines.push(String::new());
    lines.extend(verdict(results));
    lines.push(String::new());
    lines.push(format!("| {} |", COLUMNS.join(" | ")));
    lines.push(format!("| {} |", COLUMNS.map(|_| "---").join(" | ")));
    lines.extend(rows(results));
    if !results.in_process.uncovered.is_empty() {
        let names: Vec<_> = results.in_process.uncovered.iter().map(|name| format!("`{name}`")).collect();
        lines.extend([String::new(), format!("Procedures that were not called: {}.", names.join(", "))]);
    }
    lines.join("\n")
}

fn facts(args: &ModuleBenchArgs, results: &Results) -> Vec<String> {
    let facts = &results.facts;
    let recovery = median(&facts.recovery_ms).unwrap_or(f64::NAN);
    let row = |what: &str, value: String, wanted: &str| format!("| {what} | {value} | {wanted} |");
    vec![
        "| what | value | wanted |".to_owned(),
        "| --- | --- | --- |".to_owned(),
        row("players of the large database", thousands(args.players.into()), "100,000"),
        row("worlds", thousands(args.worlds.into()), "10,000"),
        row("rows", thousands(facts.rows as f64), "5,000,000"),
        row("time to fill it, in process", format!("{:.0} s", facts.fill_seconds), "–"),
        row("on disk", format!("{:.0} MiB", facts.disk as f64 / MIB), "–"),
        row("memory of the node after a restart", format!("{:.0} MiB", facts.memory as f64 / MIB), "–"),
        row("memory for a million rows", format!("{:.0} MiB", results.bytes_per_million_rows / MIB), "–"),
        row("start after SIGKILL to the first SQL answer", format!("{recovery:.0} ms"), "–"),
        row("the module, optimised", format!("{:.3} MiB", results.wasm_bytes as f64 / MIB), "under 2 MiB"),
    ]
}

/// What calls cost while others watch their rows.
fn online(results: &Results) -> Vec<String> {
    let mut lines = vec![
        "| players online besides | calls a second, WebSocket | of those with nobody else | p50 |".to_owned(),
        "| --- | --- | --- | --- |".to_owned(),
    ];
    let rate = |online: &Online| median(&online.per_second).unwrap_or(f64::NAN);
    let alone = results.online.first().map_or(f64::NAN, rate);
    lines.extend(results.online.iter().map(|online| {
        let (others, rate) = (thousands(online.others as f64), rate(online));
        let p50 = median(&online.latency_micros).unwrap_or(f64::NAN) / 1e3;
        format!("| {others} | {} | {:.2} | {p50:.1} ms |", thousands(rate), rate / alone)
    }));
    lines
}

/// Which calls grow, and which are the slowest.
fn verdict(results: &Results) -> Vec<String> {
    let measured = &results.in_process.measured;
    let is_procedure = |call: &&Measured| !call.is_reducer;
    let mut growing: Vec<_> = measured.iter().filter(|call| growth(call) > GROWTH_WANTED).collect();
    growing.sort_by(|one, other| growth(other).total_cmp(&growth(one)));
    let names: Vec<_> = growing.iter().map(|call| format!("{} ({:.2})", title(call), growth(call))).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let mut slowest: Vec<_> = measured.iter().filter(is_procedure).collect();
    slowest.sort_by(|one, other| micros(other).total_cmp(&micros(one)));
    let slow: Vec<_> =
        slowest.iter().take(SLOWEST).map(|call| format!("{} ({:.0} µs)", title(call), micros(call))).collect();
    vec![
        format!(
            "{} calls measured. Longer than {GROWTH_WANTED} times the time on {} players: {names}.",
            measured.len(),
            thousands(SMALL.players.into())
        ),
        String::new(),
        format!("Slowest in process: {}.", slow.join(", ")),
    ]
}

/// One row for each call, by name; the Service's and the reducers are marked.
fn rows(results: &Results) -> Vec<String> {
    let mut calls: Vec<_> = results.in_process.measured.iter().collect();
    calls.sort_by(|one, other| one.name.cmp(&other.name));
    calls.into_iter().map(|call| row(call, socket_of(results, call))).collect()
}

fn socket_of<'a>(results: &'a Results, call: &Measured) -> Option<&'a Measured> {
    results.over_websocket.measured.iter().find(|other| other.name == call.name)
}

fn row(call: &Measured, socket: Option<&Measured>) -> String {
    let dash = || "–".to_owned();
    let rate = |call: &Measured| call.per_second().map_or_else(|_| dash(), thousands);
    let latency =
        |call: &Measured| median(&call.latency_micros).map_or_else(|_| dash(), |p50| format!("{:.1} ms", p50 / 1e3));
    let times = |call: &Measured| match growth(call) {
        growth if growth > GROWTH_WANTED => format!("**{growth:.2}**"),
        growth => format!("{growth:.2}"),
    };
    format!(
        "| {} | {} | {} | {} | {} | {} |",
        title(call),
        rate(call),
        socket.map_or_else(dash, rate),
        socket.map_or_else(dash, latency),
        times(call),
        socket.map_or_else(dash, times),
    )
}

fn title(call: &Measured) -> String {
    match (call.is_for_players, call.is_reducer) {
        (true, false) => format!("`{}`", call.name),
        (true, true) => format!("`{}`, a reducer", call.name),
        (false, _) => format!("`{}`, as Service", call.name),
    }
}

fn growth(call: &Measured) -> f64 {
    call.growth().unwrap_or(f64::NAN)
}

fn micros(call: &Measured) -> f64 {
    median(&call.large_micros).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::{Measured, row};

    fn call(large: f64) -> Measured {
        Measured {
            name: "like_world_and_return".to_owned(),
            is_for_players: true,
            is_reducer: false,
            small_micros: vec![20.0],
            large_micros: vec![large],
            latency_micros: vec![1_500.0],
        }
    }

    #[test]
    fn a_row_marks_growth() {
        assert_eq!(
            row(&call(25.0), Some(&call(50.0))),
            "| `like_world_and_return` | 40,000 | 20,000 | 1.5 ms | 1.25 | **2.50** |"
        );
        assert_eq!(row(&call(40.0), None), "| `like_world_and_return` | 25,000 | – | – | **2.00** | – |");
    }
}
