//! Whether what was seen is flat: the last quarter of the run is held against those before.
//!
//! The first quarter is left out, because pools, caches and the allocator's arenas fill in it. For memory and counts, the
//! second one is what the last one is held against, and each is stood for by the median of what was seen in it, so that a
//! snapshot does not decide. For latencies, all of a quarter are taken as one: a median of many percentiles would not
//! notice what stalls for less than half of the time. They are held against the better of the second and the third
//! quarter, so that a bad one is no excuse for another.

use super::course::{Course, MIB, Sample};
use super::latencies::Latencies;
use super::product::{Rest, count, surplus};

/// What memory may grow by without a reason: an allocator gives pages back late and in no order. In a run of an hour at
/// thousands of requests a second this is less than ten bytes for each request, and less than a kibibyte for each
/// session, so that anything that is forgotten with them shows.
const MEMORY_SLACK: f64 = 24.0 * MIB;
/// The same as a part of what there was, for processes so large that pages alone make more than that.
const MEMORY_SLACK_SHARE: f64 = 0.03;
/// Memory that a byte of rows and of keys in indexes explains. The engine counts the bytes themselves; around them are
/// pages and nodes of trees that are half empty after splits, and the vectors that hold them grow by doubling.
const MEMORY_PER_ROW_BYTE: f64 = 2.0;
/// What the 99th percentile of a quarter may grow by: shared machines are not steadier. A queue that builds up, or a
/// look-up that gets longer with each row, makes much more of it within an hour.
const LATENCY_FACTOR: f64 = 1.5;
const LATENCY_SLACK_MS: f64 = 5.0;
/// What descriptors and threads may differ by between quarters: how many sessions are under way is chance.
const COUNT_FACTOR: f64 = 1.1;
const COUNT_SLACK: f64 = 16.0;
/// What the use of processors may grow by. Arrivals come at one pace, so that it is the work for each of them; who has the
/// other core and its caches makes a difference of a few percent.
const WORK_FACTOR: f64 = 1.2;
const WORK_SLACK_CORES: f64 = 0.02;
/// A quarter with fewer looks, or fewer undisturbed intervals, than this is no quarter.
const LOOKS_MIN: usize = 8;
/// Of a quarter of which less than this part was undisturbed, what is left says nothing of latencies: it lies between
/// disturbances and suffers from their ends.
const UNDISTURBED_MIN: f64 = 0.5;
/// How much more others may have had of the processors in a quarter than in the last one, which is held against it.
const STOLEN_FACTOR: f64 = 1.1;

/// Something that was held against what is allowed.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What, as it stands in the table.
    pub what: String,
    /// In the second quarter or, of latencies, the better of the second and the third; or before the load.
    pub before: String,
    /// In the last quarter, or after the load.
    pub after: String,
    /// What would have been too much.
    pub limit: String,
    /// The sentence that says what is wrong.
    pub problem: Option<String>,
}

/// Whether all is well once everybody has gone, and whether all was answered: this is so after the shortest run.
pub fn of_end(course: &Course, before: &Rest, after: &Rest) -> Vec<Check> {
    let total = &course.total;
    let failed = total.failed();
    let kinds = total.kinds.iter().filter(|(_, count)| count.failed > 0);
    let kinds: Vec<String> = kinds.map(|(kind, count)| format!("{} {kind}", count.failed)).collect();
    let problem = || format!("{failed} requests failed or found nobody free ({})", kinds.join(", "));
    let mut checks = vec![Check {
        what: "requests that failed".to_owned(),
        before: String::new(),
        after: failed.to_string(),
        limit: "0".to_owned(),
        problem: (failed > 0).then(problem),
    }];
    for (who, before, after) in [
        ("node", &before.node_descriptors, &after.node_descriptors),
        ("facade", &before.facade_descriptors, &after.facade_descriptors),
    ] {
        let more = surplus(before, after);
        let problem = || format!("the {who} has kept descriptors after everybody had gone: {more}");
        checks.push(returned(
            &format!("descriptors of the {who} after the load"),
            count(before),
            count(after),
            problem,
        ));
    }
    let counts = [
        ("connected clients after the load", before.clients, after.clients),
        ("rows of `st_client` after the load", before.client_rows, after.client_rows),
    ];
    for (what, before, after) in counts {
        let problem = || format!("{what}: {after} instead of {before}");
        checks.push(returned(what, before as usize, after as usize, problem));
    }
    checks
}

/// Whether all was flat while the load went on.
pub fn of_course(course: &Course) -> Vec<Check> {
    let row_bytes = |sample: &Sample| sample.state.row_bytes;
    let explained = growth(&course.series(row_bytes)).map_or(0.0, |(before, after)| (after - before).max(0.0));
    let explained = explained * MEMORY_PER_ROW_BYTE;
    let mut checks = vec![
        memory("node", &course.series(|sample| sample.state.node.anonymous), explained),
        memory("facade", &course.series(|sample| sample.state.facade.anonymous), 0.0),
    ];
    checks.push(work("node", &course.series(|sample| sample.state.node.cpu)));
    checks.push(work("facade", &course.series(|sample| sample.state.facade.cpu)));
    type Figure = fn(&Sample) -> f64;
    let counts: [(&str, Figure); 5] = [
        ("descriptors of the node", |sample| sample.state.node.descriptors),
        ("descriptors of the facade", |sample| sample.state.facade.descriptors),
        ("threads of the node", |sample| sample.state.node.threads),
        ("threads of the facade", |sample| sample.state.facade.threads),
        ("connected clients", |sample| sample.state.clients),
    ];
    checks.extend(counts.map(|(what, figure)| counted(what, &course.series(figure))));
    checks.extend(course.total.kinds.keys().map(|kind| latency(kind, course)));
    checks
}

fn returned(what: &str, before: usize, after: usize, problem: impl FnOnce() -> String) -> Check {
    Check {
        what: what.to_owned(),
        before: before.to_string(),
        after: after.to_string(),
        limit: before.to_string(),
        problem: (after > before).then(problem),
    }
}

fn memory(who: &str, series: &[(f64, f64)], explained: f64) -> Check {
    let allowed = |before: f64| before + explained + MEMORY_SLACK.max(MEMORY_SLACK_SHARE * before);
    let shown = |bytes: f64| format!("{:.0} MiB", bytes / MIB);
    let limit = |limit| {
        let rows = if explained > 0.0 { format!(", of which {} for rows", shown(explained)) } else { String::new() };
        shown(limit) + &rows
    };
    flat(&format!("memory of the {who}"), growth(series), allowed, shown, limit)
}

fn counted(what: &str, series: &[(f64, f64)]) -> Check {
    let shown = |count: f64| format!("{count:.0}");
    flat(what, growth(series), |before| before * COUNT_FACTOR + COUNT_SLACK, shown, shown)
}

/// `used` is the processor time since the process began, in seconds.
fn work(who: &str, used: &[(f64, f64)]) -> Check {
    let between = used.array_windows().map(|[(from, before), (to, after)]| (*to, (after - before) / (to - from)));
    let shown = |cores: f64| format!("{cores:.2}");
    let allowed = |before: f64| before * WORK_FACTOR + WORK_SLACK_CORES;
    flat(&format!("cores in use by the {who}"), growth(&between.collect::<Vec<_>>()), allowed, shown, shown)
}

fn latency(kind: &str, course: &Course) -> Check {
    let shown = |millis: f64| format!("{millis:.1} ms");
    let what = format!("p99 of {}", kind.replace('_', " "));
    flat(&what, latency_growth(kind, course), |before| before * LATENCY_FACTOR + LATENCY_SLACK_MS, shown, shown)
}

/// Holds the last quarter against what those before allow; `growth` is what was in either.
fn flat(
    what: &str,
    growth: Option<(f64, f64)>,
    allowed: impl Fn(f64) -> f64,
    shown: impl Fn(f64) -> String,
    limit: impl Fn(f64) -> String,
) -> Check {
    let what = what.to_owned();
    let Some((before, after)) = growth else {
        let unseen = || "too little seen".to_owned();
        let problem =
            Some(format!("there is too little of {what} to judge by: soak for longer, or when the machine is calmer"));
        return Check { before: unseen(), after: unseen(), limit: String::new(), problem, what };
    };
    let allowed = allowed(before);
    let (before, limit, seen) = (shown(before), limit(allowed), shown(after));
    let problem = (after > allowed).then(|| format!("{what} went from {before} to {seen}, beyond {limit}"));
    Check { what, before, after: seen, limit, problem }
}

/// Begin and end of a quarter of the time until `end`; the first is number 1.
fn quarter_of(end: f64, number: f64) -> (f64, f64) {
    (end * (number - 1.0) / 4.0, end * number / 4.0)
}

/// Whether enough of the last quarter, and of one that it may be held against, was undisturbed. If not, latencies are
/// those of all the time, and may only be held against a quarter in which others had no more of the machine.
pub fn is_calm_enough(course: &Course) -> bool {
    let Some(end) = course.intervals.last().map(|interval| interval.seconds) else { return false };
    let is_calm = |number| {
        let (from, to) = quarter_of(end, number);
        course.undisturbed_part(from, to) >= UNDISTURBED_MIN
    };
    is_calm(4.0) && (is_calm(2.0) || is_calm(3.0))
}

/// The 99th percentile of all latencies of a quarter: of the second or the third, whichever is lower, and of the last.
fn latency_growth(kind: &str, course: &Course) -> Option<(f64, f64)> {
    let end = course.intervals.last()?.seconds;
    let calm_alone = is_calm_enough(course);
    let (last_from, last_to) = quarter_of(end, 4.0);
    let stolen_last = course.stolen(last_from, last_to);
    let p99 = |number| {
        let (from, to) = quarter_of(end, number);
        let is_believed = match calm_alone {
            true => course.undisturbed_part(from, to) >= UNDISTURBED_MIN,
            false => course.stolen(from, to) <= stolen_last * STOLEN_FACTOR,
        };
        let counts = course.counts(kind, from, to, calm_alone);
        let mut all = Latencies::default();
        counts.iter().for_each(|count| all.add(&count.micros));
        all.millis(0.99).filter(|_| is_believed && counts.len() >= LOOKS_MIN)
    };
    let before = [2.0, 3.0].into_iter().filter_map(p99).reduce(f64::min);
    before.zip(p99(4.0))
}

/// The medians of the second and of the last quarter.
fn growth(series: &[(f64, f64)]) -> Option<(f64, f64)> {
    let end = series.last()?.0;
    let quarter = |number| {
        let (from, to) = quarter_of(end, number);
        let within = series.iter().filter(|(seconds, _)| from < *seconds && *seconds <= to);
        let mut values: Vec<f64> = within.map(|(_, value)| *value).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.get(values.len() / 2).copied().filter(|_| values.len() >= LOOKS_MIN)
    };
    quarter(2.0).zip(quarter(4.0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::load::{Count, Interval};
    use super::*;
    use crate::machine_time::MachineTime;

    /// An hour, looked at every five seconds.
    fn hour(figure: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        (1..=720).map(|look| f64::from(look) * 5.0).map(|seconds| (seconds, figure(seconds))).collect()
    }

    /// Up and down by as much, without a pattern that quarters would share.
    fn noise(seconds: f64) -> f64 {
        (seconds * 12.9898).sin() * (seconds * 0.37).cos()
    }

    #[test]
    fn memory_that_leaks_a_little_with_each_request_is_caught() {
        // Twenty bytes for each of 3,000 requests a second.
        let series = hour(|seconds| 400.0 * MIB + seconds * 3_000.0 * 20.0 + noise(seconds) * 8.0 * MIB);
        let check = memory("node", &series, 0.0);
        assert!(
            check.problem.is_some_and(|problem| problem.starts_with("memory of the node went from 47")),
            "{series:?}"
        );
    }

    #[test]
    fn memory_that_is_flat_but_noisy_is_not_caught() {
        let filling = |seconds: f64| 60.0 * MIB * (1.0 - (-seconds / 180.0).exp());
        let series = hour(|seconds| 340.0 * MIB + filling(seconds) + noise(seconds) * 30.0 * MIB);
        assert_eq!(memory("node", &series, 0.0).problem, None);
    }

    #[test]
    fn growth_is_explained_by_rows_as_far_as_there_are_rows() {
        let sample = |seconds: f64, memory_per_second: f64, rows_per_second: f64| {
            let mut sample = Sample { seconds, ..Sample::default() };
            sample.state.node.anonymous = 400.0 * MIB + seconds * memory_per_second;
            sample.state.row_bytes = 100.0 * MIB + seconds * rows_per_second;
            sample
        };
        let run = |memory_per_second, rows_per_second| {
            let times = hour(|_| 0.0).into_iter();
            let samples = times.map(|(seconds, _)| sample(seconds, memory_per_second, rows_per_second)).collect();
            of_course(&Course { samples, ..Course::default() })
        };
        let problem = |checks: Vec<Check>| checks.into_iter().find_map(|check| check.problem);
        assert_eq!(problem(run(90_000.0, 60_000.0)), None);
        assert!(problem(run(90_000.0, 0.0)).is_some());
        assert!(problem(run(300_000.0, 60_000.0)).is_some(), "rows are no excuse for any growth");
    }

    /// An hour with 200 arrivals of a kind in each five seconds: so many of them slow, and how slow, in milliseconds; the
    /// others take 4. While it is disturbed, others have half of the machine.
    fn course(slow: impl Fn(f64) -> (u64, f64), is_disturbed: impl Fn(f64) -> bool) -> Course {
        let mut course = Course::default();
        let mut stolen = 0.0;
        for (seconds, _) in hour(|_| 0.0) {
            stolen += if is_disturbed(seconds) { 500.0 } else { 0.0 };
            let mut sample = Sample { seconds, ..Sample::default() };
            sample.state.machine = MachineTime { all: seconds * 200.0, stolen };
            course.samples.push(sample);
            let (count, millis) = slow(seconds);
            let micros = vec![(4_000, 200 - count), ((millis * 1e3) as u64, count)];
            let kinds = BTreeMap::from([("session".to_owned(), Count { answered: 200, micros, ..Count::default() })]);
            course.intervals.push(Interval { seconds, kinds, ..Interval::default() });
        }
        course
    }

    fn latency_problem(course: &Course) -> Option<String> {
        latency("session", course).problem
    }

    #[test]
    fn a_queue_that_builds_up_is_caught() {
        let problem = latency_problem(&course(|seconds| (200, 4.0 + seconds / 100.0), |_| false));
        assert!(problem.is_some_and(|problem| problem.starts_with("p99 of session went from")));
    }

    #[test]
    fn a_stall_of_a_tenth_of_the_last_quarter_is_caught() {
        let problem_with = |stalls: &[f64]| {
            let is_stalled = |seconds: f64| stalls.iter().any(|begin| (begin + 1.0..=begin + 90.0).contains(&seconds));
            latency_problem(&course(|seconds| if is_stalled(seconds) { (200, 800.0) } else { (0, 4.0) }, |_| false))
        };
        let expected = "p99 of session went from 4.0 ms to 800.0 ms, beyond 11.0 ms";
        assert_eq!(problem_with(&[3_000.0]).as_deref(), Some(expected));
        // One before, in either quarter, is no excuse.
        assert_eq!(problem_with(&[1_000.0, 3_000.0]).as_deref(), Some(expected));
        assert_eq!(problem_with(&[2_000.0, 3_000.0]).as_deref(), Some(expected));
        assert_eq!(problem_with(&[1_000.0]), None);
    }

    #[test]
    fn single_slow_requests_are_not_caught() {
        // Half of what a 99th percentile leaves out.
        assert_eq!(latency_problem(&course(|_| (1, 800.0), |_| false)), None);
        // More than that in a few intervals, less in the quarter.
        let at_times = |seconds: f64| if seconds > 2_700.0 && noise(seconds) > 0.7 { (3, 800.0) } else { (0, 4.0) };
        assert_eq!(latency_problem(&course(at_times, |_| false)), None);
    }

    #[test]
    fn latencies_are_not_judged_by_what_others_did_to_the_machine() {
        let slow_while = |is_disturbed: fn(f64) -> bool| {
            course(move |seconds| if is_disturbed(seconds) { (200, 800.0) } else { (0, 4.0) }, is_disturbed)
        };
        assert_eq!(latency_problem(&slow_while(|seconds| seconds > 2_000.0 && seconds < 3_100.0)), None);
        assert_eq!(latency_problem(&slow_while(|seconds| seconds < 1_900.0)), None);
    }

    #[test]
    fn where_others_are_never_away_all_of_the_time_counts() {
        let often = |seconds: f64| seconds % 300.0 > 100.0;
        assert_eq!(latency_problem(&course(move |seconds| (if often(seconds) { 200 } else { 0 }, 9.0), often)), None);
        let grown = course(move |seconds| (if often(seconds) { 200 } else { 0 }, 4.0 + seconds / 100.0), often);
        assert!(latency_problem(&grown).is_some_and(|problem| problem.starts_with("p99 of session went from")));
        // What came to the last quarter alone is no excuse, because it cannot be told from the product.
        let at_last = |seconds: f64| seconds > 2_700.0;
        let slow = course(move |seconds| (if at_last(seconds) { 200 } else { 0 }, 800.0), at_last);
        assert!(latency_problem(&slow).is_some());
    }

    #[test]
    fn a_quarter_that_others_disturbed_more_than_the_last_one_is_no_measure() {
        let less_at_last = |seconds: f64| seconds % 300.0 > if seconds > 2_700.0 { 200.0 } else { 100.0 };
        let problem = latency_problem(&course(|_| (0, 4.0), less_at_last));
        assert!(problem.is_some_and(|problem| problem.starts_with("there is too little of")));
    }

    #[test]
    fn descriptors_that_pile_up_are_caught_and_sessions_under_way_are_not() {
        assert_eq!(counted("descriptors", &hour(|seconds| 200.0 + noise(seconds) * 15.0)).problem, None);
        // One in fifty sessions leaves one behind.
        assert!(counted("descriptors", &hour(|seconds| 200.0 + seconds / 2.0)).problem.is_some());
    }

    #[test]
    fn work_that_gets_more_with_each_row_is_caught_and_noise_is_not() {
        let used = |more: f64| hour(|seconds| seconds * (0.8 + seconds * more) + noise(seconds) * 0.02);
        assert_eq!(work("node", &used(0.0)).problem, None);
        let problem = work("node", &used(0.000_1)).problem;
        assert!(problem.is_some_and(|problem| problem.starts_with("cores in use by the node went from")));
    }

    #[test]
    fn too_little_is_no_proof() {
        assert!(counted("descriptors", &[]).problem.is_some());
        assert!(counted("descriptors", &hour(|_| 1.0)[..12]).problem.is_some());
    }

    #[test]
    fn whatever_does_not_return_or_was_not_answered_is_told() {
        let open = |sockets| BTreeMap::from([("socket".to_owned(), sockets)]);
        let before = Rest { node_descriptors: open(9), facade_descriptors: open(12), clients: 8, client_rows: 8 };
        let course = |failed| {
            let count = Count { answered: 10, failed, ..Count::default() };
            let kinds = BTreeMap::from([("session".to_owned(), count)]);
            Course { total: Interval { kinds, ..Interval::default() }, ..Course::default() }
        };
        let problems = |course: &Course, after: &Rest| {
            of_end(course, &before, after).into_iter().filter_map(|check| check.problem).collect::<Vec<_>>()
        };
        assert!(problems(&course(0), &before).is_empty());
        let after = Rest { facade_descriptors: open(14), clients: 9, ..before.clone() };
        assert_eq!(
            problems(&course(3), &after),
            [
                "3 requests failed or found nobody free (3 session)",
                "the facade has kept descriptors after everybody had gone: 2 socket",
                "connected clients after the load: 9 instead of 8",
            ]
        );
    }
}
