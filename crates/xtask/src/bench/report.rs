//! The report: a table in Markdown, printed and, when asked for, kept in the documentation.

use std::fs;

use anyhow::{Context, Result, bail};

use super::NodeBenchArgs;
use super::figures::{Figure, Figures, Unit, median};
use crate::process;
use crate::workspace::Workspace;

/// Where results are kept, and the lines between which they stand.
const DOCUMENT: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- results of `cargo xtask bench node` -->";
const END: &str = "<!-- end of results -->";

/// Everything about one run that is worth keeping.
pub struct Report(String);

impl Report {
    /// Describes machine and versions, and lays the figures out.
    pub fn new(workspace: &Workspace, args: &NodeBenchArgs, figures: &Figures) -> Self {
        let full = if args.full { " --full" } else { "" };
        let mut lines = vec![
            format!("Command: `cargo xtask bench node --rounds {}{full} --write`", args.rounds),
            String::new(),
            format!("Machine: {}", machine()),
            String::new(),
            format!("Versions: {}", versions(workspace)),
            String::new(),
            "| what | median | spread | ratio to the ceiling | official server 2.8 | wanted |".to_owned(),
            "| --- | --- | --- | --- | --- | --- |".to_owned(),
        ];
        lines.extend(figures.iter().map(|(figure, values)| row(figure, values, &figures.ratios(figure))));
        Self(lines.join("\n"))
    }

    /// The report as Markdown.
    pub fn markdown(&self) -> &str {
        &self.0
    }

    /// Replaces the results of an earlier run.
    pub fn write_into_docs(&self, workspace: &Workspace) -> Result<()> {
        let path = workspace.root().join(DOCUMENT);
        let text = fs::read_to_string(&path).with_context(|| format!("{DOCUMENT} cannot be read"))?;
        fs::write(&path, replace_results(&text, &self.0)?)?;
        println!("{DOCUMENT} holds the new results");
        Ok(())
    }
}

fn replace_results(text: &str, results: &str) -> Result<String> {
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("{DOCUMENT} lacks the line {BEGIN}"))?;
    let Some((_, after)) = rest.split_once(END) else {
        bail!("{DOCUMENT} lacks the line {END}");
    };
    Ok(format!("{before}{BEGIN}\n\n{results}\n\n{END}{after}"))
}

fn row(figure: Figure, values: &[f64], ratios: &[f64]) -> String {
    let unit = figure.unit();
    let middle = median(values).map_or_else(|_| "–".to_owned(), |value| with_unit(value, unit));
    let (official, wanted) = figure.references();
    format!(
        "| {} | {middle} | {} | {} | {official} | {wanted} |",
        figure.title(),
        spread(values, unit),
        ratio(ratios, unit)
    )
}

fn spread(values: &[f64], unit: Unit) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{} to {}", number(least, unit), with_unit(most, unit))
}

fn ratio(ratios: &[f64], unit: Unit) -> String {
    match (median(ratios), unit) {
        (Err(_), _) => "–".to_owned(),
        (Ok(ratio), Unit::PerSecond | Unit::CallMs) => format!("{ratio:.2}"),
        (Ok(calls), Unit::Ms | Unit::Kib) => format!("{} calls", thousands(calls)),
    }
}

fn number(value: f64, unit: Unit) -> String {
    match unit {
        Unit::PerSecond => thousands(value),
        Unit::CallMs | Unit::Ms if value < 100.0 => format!("{value:.1}"),
        Unit::CallMs | Unit::Ms => format!("{value:.0}"),
        Unit::Kib => format!("{value:.0}"),
    }
}

fn with_unit(value: f64, unit: Unit) -> String {
    let number = number(value, unit);
    match unit {
        Unit::PerSecond => format!("{number}/s"),
        Unit::CallMs | Unit::Ms => format!("{number} ms"),
        Unit::Kib => format!("{number} KiB"),
    }
}

/// A whole number with its thousands set apart: `12,900`.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}

fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().split(' ').next()?.parse().ok());
    let gib = kib.unwrap_or(0.0) / 1024.0 / 1024.0;
    let system = process::answer("uname", &["-sr"]).unwrap_or_else(|| "an unknown system".to_owned());
    let model = model.unwrap_or("processor of an unknown make");
    format!("{cores} cores ({model}), {gib:.0} GiB, {system}; load generators on the same cores")
}

fn versions(workspace: &Workspace) -> String {
    let unknown = || "unknown".to_owned();
    let git = |arguments: &[&str]| {
        let mut all = vec!["-C", workspace.root().to_str().unwrap_or(".")];
        all.extend(arguments);
        process::answer("git", &all)
    };
    let commit = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_else(unknown);
    let rust = process::answer("rustc", &["--version"]).unwrap_or_else(unknown);
    let node = process::answer("node", &["--version"]).unwrap_or_else(unknown);
    format!("commit {commit}, engine 2.14.0, {rust}, Node.js {node}, TypeScript SDK 2.10.1")
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, replace_results, row, thousands};
    use crate::bench::figures::Figure;

    #[test]
    fn a_row_has_median_spread_ratio_and_references() {
        assert_eq!(
            row(Figure::Http(16), &[19_000.0, 21_000.0, 20_500.0], &[0.2, 0.25, 0.22]),
            "| HTTP `call`, 16 connections | 20,500/s | 19,000 to 21,000/s | 0.22 | 12,900/s | 20,000/s |"
        );
        assert_eq!(
            row(Figure::Memory, &[63.7], &[]),
            "| memory for each of 1,000 subscribed connections | 64 KiB | 64 to 64 KiB | – | 182 KiB | 64 KiB |"
        );
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(thousands(999.4), "999");
        assert_eq!(thousands(1_234_567.0), "1,234,567");
    }

    #[test]
    fn only_the_results_in_the_document_are_replaced() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let replaced = replace_results(&text, "new").unwrap();
        assert_eq!(replaced, format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert!(replace_results("no place", "new").is_err());
    }
}
