//! Reads what Node's own test runner prints, in its plain and in its decorated form.

use super::Report;
use super::tally::Tally;

/// How many of the last lines are shown again when no test says what went wrong.
const LAST_LINES: usize = 60;

/// Adds up the closing lines `# pass 3` or `ℹ pass 3`. A run without them, or one that failed
/// although no test did, counts as one failed test.
pub fn read(text: &str, success: bool) -> Report {
    let mut tally = Tally::default();
    let mut is_complete = false;
    for line in text.lines() {
        let Some(count) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) else {
            continue;
        };
        let Some((outcome, number)) = count.split_once(' ') else {
            continue;
        };
        let Ok(number) = number.trim().parse::<u64>() else {
            continue;
        };
        match outcome {
            "pass" => {
                tally.passed += number;
                is_complete = true;
            }
            "fail" | "cancelled" => tally.failed += number,
            "skipped" | "todo" => tally.skipped += number,
            _ => {}
        }
    }
    if tally.failed == 0 && !(success && is_complete) {
        tally.failed = 1;
    }
    let failures = if tally.failed > 0 { vec![failures_of(text)] } else { Vec::new() };
    Report { tally, failures }
}

/// The lines from the first failed test on, or the last ones when none is marked.
fn failures_of(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let is_failure = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("not ok ") || line.starts_with('✖')
    };
    let last = lines.len().saturating_sub(LAST_LINES);
    let start = lines.iter().position(is_failure).unwrap_or(last);
    lines[start..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::suites::tally::Tally;

    #[test]
    fn both_forms_of_the_summary_are_read() {
        let plain =
            "ok 1 - connects\n# tests 4\n# suites 0\n# pass 3\n# fail 0\n# cancelled 0\n# skipped 1\n# todo 0\n";
        assert_eq!(read(plain, true).tally, Tally { passed: 3, failed: 0, skipped: 1 });
        let decorated = "✔ connects\nℹ tests 2\nℹ pass 2\nℹ fail 0\nℹ duration_ms 9.5\n";
        assert_eq!(read(decorated, true).tally, Tally { passed: 2, failed: 0, skipped: 0 });
    }

    #[test]
    fn failures_are_shown_from_the_first_on() {
        let text = "ok 1 - connects\nnot ok 2 - subscribes\n  error: 'timed out'\n# pass 1\n# fail 1\n";
        let report = read(text, false);
        assert_eq!(report.tally, Tally { passed: 1, failed: 1, skipped: 0 });
        assert!(report.failures[0].starts_with("not ok 2"), "{:?}", report.failures);
    }

    #[test]
    fn a_run_without_a_summary_has_failed() {
        for success in [true, false] {
            let report = read("src/index.ts(3,1): error TS2322\n", success);
            assert_eq!(report.tally, Tally { passed: 0, failed: 1, skipped: 0 });
            assert!(report.failures[0].contains("TS2322"));
        }
        assert_eq!(read("# pass 2\n# fail 0\n", false).tally.failed, 1);
    }
}
