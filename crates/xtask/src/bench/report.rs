//! What all reports share: their place in the documentation, machine and versions, numbers for people.

use std::ffi::OsStr;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// Where most results are kept.
const DOCUMENT: &str = "docs/benchmarks.md";
/// What ends a section of results.
const END: &str = "<!-- end of results -->";

/// Replaces the results of an earlier run of `command`, such as `cargo xtask bench node`.
pub fn write_into_docs(workspace: &Workspace, command: &str, results: &str) -> Result<()> {
    write_into(workspace, DOCUMENT, command, results)
}

/// The same in another document.
pub fn write_into(workspace: &Workspace, document: &str, command: &str, results: &str) -> Result<()> {
    let path = workspace.root().join(document);
    let text = fs::read_to_string(&path).with_context(|| format!("{document} cannot be read"))?;
    let replaced = replace_results(&text, command, results).with_context(|| format!("{document} cannot be used"))?;
    fs::write(&path, replaced)?;
    println!("{document} holds the new results");
    Ok(())
}

fn replace_results(text: &str, command: &str, results: &str) -> Result<String> {
    let begin = format!("<!-- results of `{command}` -->");
    let (before, rest) = text.split_once(&begin).with_context(|| format!("it lacks the line {begin}"))?;
    let Some((_, after)) = rest.split_once(END) else {
        bail!("it lacks the line {END}");
    };
    Ok(format!("{before}{begin}\n\n{results}\n\n{END}{after}"))
}

/// The lines that say how results came about; `tools` are versions beyond those of engine and compiler.
pub fn heading(workspace: &Workspace, command: &str, tools: &[String]) -> Vec<String> {
    vec![
        format!("Command: `{command}`"),
        String::new(),
        format!("Machine: {}", machine()),
        String::new(),
        format!("Versions: {}", versions(workspace, tools)),
        String::new(),
    ]
}

/// What others had of the processors, in parts, `during` each of what was measured: where some of the spread comes from.
/// Nothing where the system does not tell.
pub fn disturbance(during: &str, stolen: &[f64]) -> Option<String> {
    let middle = 100.0 * median(stolen).ok()?;
    let most = 100.0 * stolen.iter().copied().fold(0.0, f64::max);
    Some(format!("Others had {middle:.1} % of the processors during {during} (median), and {most:.1} % at most."))
}

/// A whole number with its thousands set apart: `12,900`.
pub fn thousands(value: f64) -> String {
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

fn versions(workspace: &Workspace, tools: &[String]) -> String {
    let git = |arguments: &[&str]| {
        let mut all = vec!["-C", workspace.root().to_str().unwrap_or(".")];
        all.extend(arguments);
        process::answer("git", &all)
    };
    let commit = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    let mut versions = vec![format!("commit {commit}"), "engine 2.14.0".to_owned(), version_of("rustc")];
    versions.extend_from_slice(tools);
    versions.join(", ")
}

/// What a program says about its version.
pub fn version_of(program: impl AsRef<OsStr>) -> String {
    process::answer(program, &["--version"]).unwrap_or_else(|| "unknown".to_owned())
}

/// The middle of the values; of an even number the upper one.
pub fn median(values: &[f64]) -> Result<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().context("a figure has no values")
}

#[cfg(test)]
mod tests {
    use super::{END, disturbance, median, replace_results, thousands};

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(thousands(999.4), "999");
        assert_eq!(thousands(1_234_567.0), "1,234,567");
    }

    #[test]
    fn the_median_ignores_the_order() {
        assert_eq!(median(&[9.0, 1.0, 5.0]).ok(), Some(5.0));
        assert!(median(&[]).is_err());
    }

    #[test]
    fn what_others_had_is_told_where_the_system_tells_it() {
        let said = disturbance("a round", &[0.001, 0.2, 0.031]).unwrap();
        assert_eq!(said, "Others had 3.1 % of the processors during a round (median), and 20.0 % at most.");
        assert_eq!(disturbance("a round", &[]), None);
    }

    #[test]
    fn only_the_results_of_the_command_are_replaced() {
        let (one, other) = ("<!-- results of `one` -->", "<!-- results of `other` -->");
        let text = format!("before\n{one}\nold\n{END}\nbetween\n{other}\nold\n{END}\nafter\n");
        let replaced = replace_results(&text, "other", "new").unwrap();
        let expected = format!("before\n{one}\nold\n{END}\nbetween\n{other}\n\nnew\n\n{END}\nafter\n");
        assert_eq!(replaced, expected);
        assert!(replace_results("no place", "one", "new").is_err());
    }
}
