//! What a person sees while a command runs: one line when a step starts, one when it is done.

use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use anyhow::Result;

const HEADING: Style = AnsiColor::Cyan.on_default().bold();
const SUCCESS: Style = AnsiColor::Green.on_default();
const WARNING: Style = AnsiColor::Yellow.on_default();
const FAILURE: Style = AnsiColor::Red.on_default().bold();

/// Runs `work`, naming it before and giving the time it took afterwards.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    judged_step(what, work, Result::is_ok)
}

/// The same as [`step`] for work whose outcome is good or bad without being an error.
pub fn judged_step<T>(what: &str, work: impl FnOnce() -> T, is_good: impl FnOnce(&T) -> bool) -> T {
    anstream::eprintln!("{HEADING}==>{HEADING:#} {what}");
    let started = Instant::now();
    let outcome = work();
    let took = readable(started.elapsed());
    if is_good(&outcome) {
        anstream::eprintln!("{SUCCESS} ok{SUCCESS:#} {what} ({took})");
    } else {
        anstream::eprintln!("{FAILURE}failed{FAILURE:#} {what} ({took})");
    }
    outcome
}

/// Says something worth knowing that stops nothing.
pub fn warn(what: &str) {
    anstream::eprintln!("{WARNING}warning:{WARNING:#} {what}");
}

/// Says why the command ends here, with the chain of causes.
pub fn error(error: &anyhow::Error) {
    anstream::eprintln!("{FAILURE}error:{FAILURE:#} {error:#}");
}

/// A duration with the precision that people care for: `85 ms`, `12.3 s`, `4 min 05 s`.
fn readable(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..=59 => format!("{:.1} s", duration.as_secs_f64()),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::readable;

    #[test]
    fn durations_read_well_at_every_size() {
        assert_eq!(readable(Duration::from_millis(85)), "85 ms");
        assert_eq!(readable(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(readable(Duration::from_secs(245)), "4 min 05 s");
    }
}
