//! Where the machine's processors have spent their time: of a virtual machine's, others may have had some.

use std::fs;

use anyhow::{Context, Result};

/// What others may have of the processors, as a part, before a figure tells more of them than of what is measured.
pub const STOLEN_MAX: f64 = 0.05;

/// Time since the machine's start, in ticks.
#[derive(Debug, Clone, Copy, Default)]
pub struct MachineTime {
    pub all: f64,
    /// Had by others while this machine wanted it, if it is a virtual one.
    pub stolen: f64,
}

impl MachineTime {
    /// Reads the machine's clocks, which Linux alone has.
    pub fn now() -> Result<Self> {
        let stat = fs::read_to_string("/proc/stat").context("the system tells no processor time")?;
        parse(&stat).context("the system tells processor time in another form")
    }

    /// What others have had since then, as a part.
    pub fn stolen_since(self, before: Self) -> f64 {
        (self.stolen - before.stolen) / (self.all - before.all).max(1.0)
    }
}

/// On the first line: user, nice, system, idle, waiting, two kinds of interrupts, stolen. What follows is part of the
/// first two.
fn parse(stat: &str) -> Option<MachineTime> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<f64> = line.split_whitespace().take(8).filter_map(|field| field.parse().ok()).collect();
    Some(MachineTime { all: ticks.iter().sum(), stolen: *ticks.get(7)? })
}

#[cfg(test)]
mod tests {
    use super::{MachineTime, parse};

    #[test]
    fn stolen_time_is_part_of_all() {
        let stat = "cpu  10 1 5 80 2 0 1 7 3 0\ncpu0 5 0 2 40 1 0 0 3 1 0";
        let time = parse(stat).map(|time| (time.all, time.stolen));
        assert_eq!(time, Some((106.0, 7.0)));
        assert!(parse("cpu  1 2 3").is_none());
    }

    #[test]
    fn what_was_stolen_is_told_as_a_part_of_the_time_between() {
        let before = MachineTime { all: 1_000.0, stolen: 90.0 };
        assert_eq!(MachineTime { all: 1_200.0, stolen: 100.0 }.stolen_since(before), 0.05);
        assert_eq!(before.stolen_since(before), 0.0);
    }
}
