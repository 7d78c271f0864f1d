//! The report: what was soaked, what the verdict rests on, and what became of everything.

use std::collections::BTreeMap;

use super::SoakArgs;
use super::chart;
use super::course::{Course, MIB, Sample};
use super::verdict::{Check, is_calm_enough};
use crate::bench::report::{heading, thousands};
use crate::workspace::Workspace;

/// Tables that are shown, those that have grown most.
const TABLES_SHOWN: usize = 8;

/// What a soak came to.
pub struct Outcome {
    /// Arrivals a second without a rate.
    pub maximum: f64,
    /// Arrivals a second that the soak had.
    pub rate: f64,
    pub course: Course,
    pub checks: Vec<Check>,
    /// Rows of each table before and after the load.
    pub rows: [BTreeMap<String, u64>; 2],
}

/// The whole section.
pub fn section(workspace: &Workspace, args: &SoakArgs, outcome: &Outcome) -> String {
    let mut lines = heading(workspace, &args.command(), &[]);
    let Outcome { maximum, rate, course, checks, rows } = outcome;
    lines.push(format!(
        "Measured maximum: {} arrivals a second. Soaked for {} min at {} a second.",
        thousands(*maximum),
        args.minutes,
        thousands(*rate)
    ));
    lines.push(String::new());
    lines.push(disturbance(course));
    lines.push(String::new());
    lines.push(verdict(args, checks));
    lines.push(String::new());
    lines.extend(check_table(checks));
    lines.push(String::new());
    lines.extend(kind_table(course));
    lines.push(String::new());
    lines.extend(growth(course));
    lines.push(String::new());
    lines.extend(row_table(rows));
    if args.write {
        lines.push(String::new());
        lines.extend(chart::FILES.map(|(file, title)| format!("![{title}](benchmarks/{file})")));
    }
    lines.join("\n")
}

/// What others had of the machine, and what that means for the verdict on latencies.
fn disturbance(course: &Course) -> String {
    let (stolen, disturbed) = course.disturbance();
    let consequence = match is_calm_enough(course) {
        true => "is left out of the verdict on latencies",
        false => "counts for the verdict on latencies all the same, because too little is left without it",
    };
    format!(
        "Others had {:.1} % of the machine's processors. {:.0} % of the time, in which they had more than is fair to the \
         product, {consequence}.",
        stolen * 100.0,
        disturbed * 100.0
    )
}

/// What is wrong, in a sentence for each; nothing if all is well.
pub fn problems(checks: &[Check]) -> Vec<&str> {
    checks.iter().filter_map(|check| check.problem.as_deref()).collect()
}

fn verdict(args: &SoakArgs, checks: &[Check]) -> String {
    match problems(checks).as_slice() {
        [] if args.small => "Verdict: nothing is left behind; too short to tell what is flat.".to_owned(),
        [] => "Verdict: flat, and nothing is left behind.".to_owned(),
        problems => format!("Verdict: {}.", problems.join("; ")),
    }
}

fn check_table(checks: &[Check]) -> Vec<String> {
    let mut lines = vec![
        "| what | second quarter, or before; of a p99, the better of the second and the third | last quarter, or after | at \
         most | |"
            .to_owned(),
        "| --- | ---: | ---: | ---: | --- |".to_owned(),
    ];
    lines.extend(checks.iter().map(|Check { what, before, after, limit, problem }| {
        let verdict = if problem.is_some() { "**too much**" } else { "well" };
        format!("| {what} | {before} | {after} | {limit} | {verdict} |")
    }));
    lines
}

fn kind_table(course: &Course) -> Vec<String> {
    let mut lines = vec![
        "| arrivals | answered | failed | p50 | p99 | slowest |".to_owned(),
        "| --- | ---: | ---: | ---: | ---: | ---: |".to_owned(),
    ];
    lines.extend(course.total.kinds.iter().map(|(kind, count)| {
        let (kind, answered) = (kind.replace('_', " "), thousands(count.answered as f64));
        let (failed, p50, p99, max) = (count.failed, count.p50_ms, count.p99_ms, count.max_ms);
        format!("| {kind} | {answered} | {failed} | {p50:.1} ms | {p99:.1} ms | {max:.1} ms |")
    }));
    lines
}

/// What grows by nature, and what the processes have used.
fn growth(course: &Course) -> Vec<String> {
    let (Some(first), Some(last)) = (course.samples.first(), course.samples.last()) else { return Vec::new() };
    type Figure = fn(&Sample) -> f64;
    let mebibytes: [(&str, Figure); 8] = [
        ("node, resident", |sample| sample.state.node.resident),
        ("node, anonymous", |sample| sample.state.node.anonymous),
        ("node, handed out by its allocator", |sample| sample.state.heap),
        ("node, linear memory of WebAssembly", |sample| sample.state.wasm),
        ("node, rows and keys of indexes", |sample| sample.state.row_bytes),
        ("facade, resident", |sample| sample.state.facade.resident),
        ("commit log", |sample| sample.state.log_bytes),
        ("data folder", |sample| sample.data_bytes),
    ];
    let mut lines = vec!["| how much | at the beginning | at the end |".to_owned(), "| --- | ---: | ---: |".to_owned()];
    let shown = |figure: Figure, sample| format!("{} MiB", thousands(figure(sample) / MIB));
    lines.extend(
        mebibytes.map(|(what, figure)| format!("| {what} | {} | {} |", shown(figure, first), shown(figure, last))),
    );
    let seconds = (last.seconds - first.seconds).max(1.0);
    let cores: [(&str, Figure); 2] =
        [("node", |sample| sample.state.node.cpu), ("facade", |sample| sample.state.facade.cpu)];
    lines.push(String::new());
    let used = cores.map(|(who, cpu)| format!("the {who} {:.2}", (cpu(last) - cpu(first)) / seconds));
    lines.push(format!("Cores in use meanwhile: {}.", used.join(", ")));
    lines
}

fn row_table([before, after]: &[BTreeMap<String, u64>; 2]) -> Vec<String> {
    let rows = |rows: &BTreeMap<String, u64>, table| rows.get(table).copied().unwrap_or_default();
    let grown = after.iter().map(|(table, &now)| (now.saturating_sub(rows(before, table)), table));
    let mut grown: Vec<_> = grown.filter(|(more, _)| *more > 0).collect();
    grown.sort_unstable_by(|one, other| other.cmp(one));
    let mut lines =
        vec!["| tables that grew most | rows before | rows after |".to_owned(), "| --- | ---: | ---: |".to_owned()];
    lines.extend(grown.iter().take(TABLES_SHOWN).map(|(_, table)| {
        let (before, after) = (rows(before, table), rows(after, table));
        format!("| `{table}` | {} | {} |", thousands(before as f64), thousands(after as f64))
    }));
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::row_table;

    #[test]
    fn tables_that_grew_are_shown_those_that_grew_most_first() {
        let rows = |rows: &[(&str, u64)]| rows.iter().map(|(table, count)| ((*table).to_owned(), *count)).collect();
        let before: BTreeMap<String, u64> = rows(&[("a", 5), ("b", 1), ("c", 9)]);
        let lines = row_table(&[before, rows(&[("a", 6), ("b", 1_001), ("c", 9), ("d", 2)])]);
        assert_eq!(lines[2..], ["| `b` | 1 | 1,001 |", "| `d` | 0 | 2 |", "| `a` | 5 | 6 |"]);
    }
}
