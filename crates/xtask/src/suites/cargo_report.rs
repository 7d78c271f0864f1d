//! Reads what `cargo test --no-fail-fast` prints.

use super::Report;
use super::tally::Tally;

/// How many of the last lines are shown again when no test says what went wrong.
const LAST_LINES: usize = 40;

/// Adds up all test programs of a run.
///
/// A program that crashed or did not compile prints no result, so Cargo's own verdict counts too:
/// each target that it calls failed, beyond those that reported so themselves, is one failed test.
pub fn read(text: &str, success: bool) -> Report {
    let mut report = Report::default();
    let mut failed_programs = 0;
    let mut details: Option<Vec<&str>> = None;
    for line in text.lines() {
        if let Some(result) = line.strip_prefix("test result: ") {
            let tally = read_result(result);
            report.tally.add(tally);
            failed_programs += u64::from(tally.failed > 0);
            report.failures.extend(details.take().map(|lines| lines.join("\n")));
        } else if line == "failures:" && details.is_none() {
            details = Some(Vec::new());
        } else if let Some(lines) = &mut details {
            lines.push(line);
        }
    }
    if !success {
        let silent = failed_targets(text).saturating_sub(failed_programs).max(u64::from(failed_programs == 0));
        report.tally.failed += silent;
        if silent > 0 {
            report.failures.push(last_lines(text));
        }
    }
    report
}

/// Reads `ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`.
fn read_result(result: &str) -> Tally {
    let mut tally = Tally::default();
    let counts = result.split_once(". ").map_or("", |(_, counts)| counts);
    for count in counts.split("; ") {
        let Some((number, outcome)) = count.split_once(' ') else {
            continue;
        };
        let Ok(number) = number.parse() else { continue };
        match outcome {
            "passed" => tally.passed = number,
            "failed" => tally.failed = number,
            "ignored" => tally.skipped = number,
            _ => {}
        }
    }
    tally
}

/// Number in Cargo's closing line, `error: 2 targets failed:`.
fn failed_targets(text: &str) -> u64 {
    let number = |line: &str| -> Option<u64> {
        let rest = line.strip_prefix("error: ")?;
        let (number, noun) = rest.split_once(' ')?;
        matches!(noun, "target failed:" | "targets failed:").then(|| number.parse().ok()).flatten()
    };
    text.lines().filter_map(number).sum()
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::suites::tally::Tally;

    const PASSING: &str = "\
running 3 tests
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
running 4 tests
test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.20s
";

    const FAILING: &str = "\
running 2 tests
test sums ... FAILED

failures:

---- sums stdout ----
assertion `left == right` failed
failures: one of two

failures:
    sums

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

error: test failed, to rerun pass `-p rules --lib`
";

    #[test]
    fn results_of_all_programs_are_added_up() {
        let report = read(PASSING, true);
        assert_eq!(report.tally, Tally { passed: 6, failed: 0, skipped: 1 });
        assert!(report.failures.is_empty());
    }

    #[test]
    fn details_of_a_failure_are_kept_whole() {
        let text = format!("{FAILING}error: 1 target failed:\n    `-p rules --lib`\n");
        let report = read(&text, false);
        assert_eq!(report.tally, Tally { passed: 1, failed: 1, skipped: 0 });
        assert_eq!(report.failures.len(), 1);
        assert!(report.failures[0].contains("left == right") && report.failures[0].contains("one of two"));
    }

    #[test]
    fn a_program_that_crashed_counts_beside_one_that_reported() {
        let text = format!("{PASSING}{FAILING}error: 2 targets failed:\n    `-p rules --lib`\n    `-p e2e --lib`\n");
        let report = read(&text, false);
        assert_eq!(report.tally, Tally { passed: 7, failed: 2, skipped: 1 });
        assert_eq!(report.failures.len(), 2);
    }

    #[test]
    fn a_build_that_failed_is_one_failure_with_its_last_lines() {
        let report = read("error[E0308]: mismatched types\nerror: could not compile `rules`\n", false);
        assert_eq!(report.tally, Tally { passed: 0, failed: 1, skipped: 0 });
        assert!(report.failures[0].contains("mismatched types"));
    }
}
