//! The course of a soak: what was seen every few seconds while the load went on, and the files that keep it.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::load::{Count, Interval, Load};
use super::product::{Product, State};
use crate::machine_time::STOLEN_MAX;
use crate::process::POLL_INTERVAL;

/// How much longer than it should a load may take, to begin and to get its last answers.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often a line tells how things are.
const TOLD_EVERY: Duration = Duration::from_secs(60);
/// How often the folder of the data is walked through, which is more work than anything else that is looked at.
const FOLDER_EVERY: Duration = Duration::from_secs(60);
/// How many seconds around an interval count for what others had of the processors: queues take a while to empty, and
/// looks have times of their own.
const STOLEN_AROUND: f64 = 10.0;
/// A mebibyte.
pub const MIB: f64 = 1024.0 * 1024.0;

/// The product at one moment of the load.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    /// Since the load began.
    pub seconds: f64,
    pub state: State,
    /// Bytes of the data folder when it was last walked through.
    pub data_bytes: f64,
}

/// Everything that was seen.
#[derive(Debug, Clone, Default)]
pub struct Course {
    pub samples: Vec<Sample>,
    pub intervals: Vec<Interval>,
    /// The load as a whole.
    pub total: Interval,
}

/// Looks at the product every `pause` until the load is over, which should take `seconds`, and writes everything into
/// files in `folder` at once, so that a run that breaks off has left what it saw.
pub fn follow(product: &Product, mut load: Load, seconds: f64, pause: Duration, folder: &Path) -> Result<Course> {
    let mut files = Files::create(folder)?;
    let mut course = Course::default();
    let begin = Instant::now();
    let deadline = begin + Duration::from_secs_f64(seconds) + PATIENCE;
    let (mut told, mut walked, mut data_bytes) = (begin, begin, product.data_bytes()?);
    let mut looks = 0;
    while wait_until(begin + pause * looks, &mut load)? {
        ensure!(Instant::now() < deadline, "the load does not end");
        looks += 1;
        if walked.elapsed() >= FOLDER_EVERY {
            (walked, data_bytes) = (Instant::now(), product.data_bytes()?);
        }
        let sample = Sample { seconds: begin.elapsed().as_secs_f64(), state: product.state()?, data_bytes };
        files.keep(&sample)?;
        course.samples.push(sample);
        for interval in load.reports() {
            files.keep_interval(&interval)?;
            course.intervals.push(interval);
        }
        if told.elapsed() >= TOLD_EVERY {
            told = Instant::now();
            eprintln!("{}", course.news());
        }
    }
    let (rest, total) = load.rest();
    rest.iter().try_for_each(|interval| files.keep_interval(interval))?;
    course.intervals.extend(rest);
    course.total = total.context("the load has not told what it came to")?;
    if course.samples.is_empty() {
        bail!("the load was over before anything was seen of it");
    }
    Ok(course)
}

/// Waits for that time; false if the load is over before.
fn wait_until(time: Instant, load: &mut Load) -> Result<bool> {
    while Instant::now() < time {
        if !load.is_running()? {
            return Ok(false);
        }
        thread::sleep(POLL_INTERVAL.min(time.saturating_duration_since(Instant::now())));
    }
    load.is_running()
}

impl Course {
    /// A figure over time.
    pub fn series(&self, figure: impl Fn(&Sample) -> f64) -> Vec<(f64, f64)> {
        self.samples.iter().map(|sample| (sample.seconds, figure(sample))).collect()
    }

    /// The 99th percentile of one kind's latencies over time, in milliseconds.
    pub fn p99(&self, kind: &str) -> Vec<(f64, f64)> {
        let counts = self.intervals.iter().filter_map(|interval| Some((interval.seconds, interval.kinds.get(kind)?)));
        counts.filter(|(_, count)| count.answered > 0).map(|(seconds, count)| (seconds, count.p99_ms)).collect()
    }

    /// What became of one kind after `from` and until `to`; if `calm_alone`, while others did not have the machine.
    pub fn counts(&self, kind: &str, from: f64, to: f64, calm_alone: bool) -> Vec<&Count> {
        let within = self.intervals.iter().filter(|interval| from < interval.seconds && interval.seconds <= to);
        let counting = within.filter(|interval| !(calm_alone && self.is_disturbed(interval.seconds)));
        counting.filter_map(|interval| interval.kinds.get(kind)).filter(|count| count.answered > 0).collect()
    }

    /// How much of the time after `from` and until `to` was undisturbed, as a part; nothing of a time that nobody saw.
    pub fn undisturbed_part(&self, from: f64, to: f64) -> f64 {
        let within = self.intervals.iter().filter(|interval| from < interval.seconds && interval.seconds <= to);
        let (calm, disturbed): (Vec<_>, Vec<_>) = within.partition(|interval| !self.is_disturbed(interval.seconds));
        calm.len() as f64 / (calm.len() + disturbed.len()).max(1) as f64
    }

    /// What others had of the processors in all, and how much of the time was too much of that for the verdict, as parts.
    pub fn disturbance(&self) -> (f64, f64) {
        let always = (f64::NEG_INFINITY, f64::INFINITY);
        (self.stolen(always.0, always.1), 1.0 - self.undisturbed_part(always.0, always.1))
    }

    /// Whether others had too much of the machine around the interval that ends then.
    fn is_disturbed(&self, seconds: f64) -> bool {
        self.stolen(seconds - STOLEN_AROUND, seconds + STOLEN_AROUND) > STOLEN_MAX
    }

    /// What others had of the processors from then to then, as a part.
    pub fn stolen(&self, from: f64, to: f64) -> f64 {
        let mut looks = self.samples.iter().filter(|look| from <= look.seconds && look.seconds <= to);
        let (Some(first), Some(last)) = (looks.next(), looks.next_back()) else { return 0.0 };
        last.state.machine.stolen_since(first.state.machine)
    }

    /// How things are, in a line.
    fn news(&self) -> String {
        let Some(Sample { seconds, state, .. }) = self.samples.last() else { return String::new() };
        let last = self.intervals.last();
        let mut news = format!(
            "    {:>4.0} min: node {:.0} MiB and {} descriptors, facade {:.0} MiB and {}, {} clients, {} rows; p99",
            seconds / 60.0,
            state.node.anonymous / MIB,
            state.node.descriptors,
            state.facade.anonymous / MIB,
            state.facade.descriptors,
            state.clients,
            state.rows,
        );
        for kind in ["setting", "session", "kept_request"] {
            let p99 = last.and_then(|last| last.kinds.get(kind)).map_or(f64::NAN, |count| count.p99_ms);
            // Writing to a string cannot fail.
            let _ = write!(news, " {kind} {p99:.1} ms");
        }
        let failed: u64 = self.intervals.iter().map(Interval::failed).sum();
        if failed > 0 {
            let _ = write!(news, "; {failed} failed");
        }
        news
    }
}

/// Comma-separated values, for whoever wants to look closer.
struct Files {
    samples: BufWriter<File>,
    intervals: BufWriter<File>,
}

impl Files {
    fn create(folder: &Path) -> Result<Self> {
        let create = |name: &str, head: &str| -> Result<_> {
            let mut file = BufWriter::new(File::create(folder.join(name))?);
            writeln!(file, "{head}")?;
            Ok(file)
        };
        Ok(Self {
            samples: create(
                "samples.csv",
                "seconds,node_resident,node_anonymous,node_descriptors,node_threads,node_cpu_seconds,facade_resident,\
                 facade_anonymous,facade_descriptors,facade_threads,facade_cpu_seconds,node_heap,wasm_memory,clients,rows,\
                 row_bytes,log_bytes,data_bytes,machine_ticks,stolen_ticks",
            )?,
            intervals: create("latencies.csv", "seconds,kind,answered,failed,p50_ms,p99_ms,max_ms")?,
        })
    }

    fn keep(&mut self, sample: &Sample) -> Result<()> {
        let Sample { seconds, state, data_bytes } = sample;
        let mut line = format!("{seconds:.1}");
        let (node, facade) = (&state.node, &state.facade);
        let of = |process: &super::process::ProcessState| {
            [process.resident, process.anonymous, process.descriptors, process.threads, process.cpu]
        };
        let rest = [state.heap, state.wasm, state.clients, state.rows, state.row_bytes, state.log_bytes, *data_bytes];
        let machine = [state.machine.all, state.machine.stolen];
        for value in of(node).into_iter().chain(of(facade)).chain(rest).chain(machine) {
            let _ = write!(line, ",{value}");
        }
        writeln!(self.samples, "{line}")?;
        Ok(self.samples.flush()?)
    }

    fn keep_interval(&mut self, interval: &Interval) -> Result<()> {
        for (kind, count) in &interval.kinds {
            let (p50, p99, max) = (count.p50_ms, count.p99_ms, count.max_ms);
            let (seconds, answered, failed) = (interval.seconds, count.answered, count.failed);
            writeln!(self.intervals, "{seconds:.1},{kind},{answered},{failed},{p50},{p99},{max}")?;
        }
        Ok(self.intervals.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty minutes, looked at every five seconds; in the second ten, others have two fifths of the machine.
    fn course() -> Course {
        let mut course = Course::default();
        for look in 1..=240 {
            let seconds = f64::from(look) * 5.0;
            let mut sample = Sample { seconds, ..Sample::default() };
            sample.state.machine.all = seconds * 200.0;
            sample.state.machine.stolen = (seconds - 600.0).max(0.0) * 80.0;
            course.samples.push(sample);
            let count = Count { answered: 10, p99_ms: 4.0, ..Count::default() };
            let kinds = [("load".to_owned(), count)].into();
            course.intervals.push(Interval { seconds, kinds, ..Interval::default() });
        }
        course
    }

    #[test]
    fn latencies_count_while_the_machine_was_there() {
        let course = course();
        let kept = |from, to| course.counts("load", from, to, true).len();
        assert_eq!((kept(0.0, 590.0), kept(610.0, 1_200.0)), (118, 0));
        assert!((118..=122).contains(&kept(0.0, 1_200.0)), "{}", kept(0.0, 1_200.0));
        assert_eq!((kept(300.0, 305.0), course.counts("save", 0.0, 590.0, true).len()), (1, 0));
        assert_eq!(course.counts("load", 610.0, 1_200.0, false).len(), 118);
        assert_eq!(course.p99("load").len(), 240);
        let (stolen, disturbed) = course.disturbance();
        assert!((0.15..0.25).contains(&stolen) && (0.45..0.55).contains(&disturbed), "{stolen} {disturbed}");
    }
}
