//! The figures that are taken, and the values that rounds give them.

/// What a figure counts, which decides what its ratio to the ceiling means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Calls a second; more is better.
    PerSecond,
    /// Latency of a call in milliseconds.
    CallMs,
    /// Time for something that is not one call, in milliseconds.
    Ms,
    /// Memory in KiB.
    Kib,
}

/// One row of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    Ceiling(u32),
    CeilingP50(u32),
    CeilingP99(u32),
    Sdk(u32),
    SdkP50(u32),
    SdkP99(u32),
    Http(u32),
    HttpP50(u32),
    HttpP99(u32),
    Memory,
    FanoutP50,
    FanoutSlowest,
    Publish,
    Recovery,
}

/// Calls that each connection of the SDK keeps in flight.
pub const SDK_IN_FLIGHT: u32 = 40;

impl Figure {
    /// What the row is called.
    pub fn title(self) -> String {
        match self {
            Self::Ceiling(calls) => format!("in process, {calls} calls in flight"),
            Self::Sdk(connections) => {
                format!("TypeScript SDK, {connections} connections of {SDK_IN_FLIGHT} calls, confirmed reads")
            }
            Self::Http(connections) => format!("HTTP `call`, {connections} connections"),
            Self::CeilingP50(_) | Self::SdkP50(_) | Self::HttpP50(_) => "– p50".to_owned(),
            Self::CeilingP99(_) | Self::SdkP99(_) | Self::HttpP99(_) => "– p99".to_owned(),
            Self::Memory => "memory for each of 1,000 subscribed connections".to_owned(),
            Self::FanoutP50 => "one row change to all 1,000, p50".to_owned(),
            Self::FanoutSlowest => "– slowest".to_owned(),
            Self::Publish => "publish of the module to the first answered call".to_owned(),
            Self::Recovery => "start after SIGKILL to the first SQL answer".to_owned(),
        }
    }

    /// Its unit.
    pub fn unit(self) -> Unit {
        match self {
            Self::Ceiling(_) | Self::Sdk(_) | Self::Http(_) => Unit::PerSecond,
            Self::CeilingP50(_) | Self::CeilingP99(_) => Unit::CallMs,
            Self::SdkP50(_) | Self::SdkP99(_) | Self::HttpP50(_) | Self::HttpP99(_) => Unit::CallMs,
            Self::FanoutP50 | Self::FanoutSlowest | Self::Publish | Self::Recovery => Unit::Ms,
            Self::Memory => Unit::Kib,
        }
    }

    /// The in-process figure of the same concurrency, or of the widest one for times.
    pub fn ceiling(self) -> Option<Self> {
        Some(match self {
            Self::Sdk(connections) => Self::Ceiling(connections * SDK_IN_FLIGHT),
            Self::SdkP50(connections) => Self::CeilingP50(connections * SDK_IN_FLIGHT),
            Self::SdkP99(connections) => Self::CeilingP99(connections * SDK_IN_FLIGHT),
            Self::Http(connections) => Self::Ceiling(connections),
            Self::HttpP50(connections) => Self::CeilingP50(connections),
            Self::HttpP99(connections) => Self::CeilingP99(connections),
            Self::FanoutP50 | Self::FanoutSlowest | Self::Publish | Self::Recovery => Self::Ceiling(8 * SDK_IN_FLIGHT),
            Self::Ceiling(_) | Self::CeilingP50(_) | Self::CeilingP99(_) | Self::Memory => return None,
        })
    }

    /// What the official server 2.8 was measured at, and what this node is to reach.
    pub fn references(self) -> (&'static str, &'static str) {
        match self {
            Self::Sdk(8) => ("87,000 to 93,000/s", "100,000/s"),
            Self::SdkP50(8) => ("2.6 ms", "–"),
            Self::SdkP99(8) => ("7 ms", "7 ms"),
            Self::Sdk(_) => ("91,000/s", "100,000/s"),
            Self::SdkP50(_) => ("21 ms", "–"),
            Self::SdkP99(_) => ("52 ms", "40 ms"),
            Self::Http(16) => ("12,900/s", "20,000/s"),
            Self::HttpP99(16) => ("2.8 ms", "–"),
            Self::Http(_) => ("17,600/s", "25,000/s"),
            Self::HttpP99(_) => ("7 ms", "–"),
            Self::Memory => ("182 KiB", "64 KiB"),
            Self::FanoutP50 => ("13 to 26 ms", "–"),
            Self::FanoutSlowest => ("21 to 35 ms", "20 ms"),
            Self::Publish => ("–", "2 s"),
            Self::Recovery => ("0.85 s (680 MB)", "0.85 s (680 MB)"),
            Self::HttpP50(_) | Self::Ceiling(_) | Self::CeilingP50(_) | Self::CeilingP99(_) => ("–", "–"),
        }
    }
}

/// What all rounds came to.
#[derive(Debug, Default)]
pub struct Figures {
    /// The values of each figure, in the order in which figures were first taken.
    taken: Vec<(Figure, Vec<f64>)>,
    /// What others had of the processors in each round, as parts, where the system tells.
    pub stolen: Vec<f64>,
}

impl Figures {
    /// Adds the value of one more round.
    pub fn add(&mut self, figure: Figure, value: f64) {
        match self.taken.iter_mut().find(|(known, _)| *known == figure) {
            Some((_, values)) => values.push(value),
            None => self.taken.push((figure, vec![value])),
        }
    }

    /// Adds throughput and latencies of one round.
    pub fn add_calls(&mut self, figures: [Figure; 3], calls: &super::generators::Calls) {
        for (figure, value) in figures.into_iter().zip([calls.per_second, calls.p50_ms, calls.p99_ms]) {
            self.add(figure, value);
        }
    }

    /// All figures that have values.
    pub fn iter(&self) -> impl Iterator<Item = (Figure, &[f64])> {
        self.taken.iter().map(|(figure, values)| (*figure, values.as_slice()))
    }

    /// The ratio to the ceiling in the same round, for each round; none for a figure without one.
    ///
    /// For times that are not those of a call: how many calls the ceiling makes meanwhile.
    pub fn ratios(&self, figure: Figure) -> Vec<f64> {
        let ceilings = figure.ceiling().map_or(&[][..], |ceiling| self.values(ceiling));
        let ratio = |(value, ceiling): (&f64, &f64)| match figure.unit() {
            Unit::PerSecond | Unit::CallMs => value / ceiling,
            Unit::Ms | Unit::Kib => value / 1000.0 * ceiling,
        };
        self.values(figure).iter().zip(ceilings).map(ratio).collect()
    }

    fn values(&self, figure: Figure) -> &[f64] {
        self.taken.iter().find(|(known, _)| *known == figure).map_or(&[], |(_, values)| values)
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, Figures};

    #[test]
    fn ratios_are_taken_round_by_round() {
        let mut figures = Figures::default();
        for (ceiling, sdk, recovery) in [(100.0, 50.0, 2000.0), (200.0, 150.0, 1000.0)] {
            figures.add(Figure::Ceiling(320), ceiling);
            figures.add(Figure::Sdk(8), sdk);
            figures.add(Figure::Recovery, recovery);
        }
        assert_eq!(figures.ratios(Figure::Sdk(8)), [0.5, 0.75]);
        assert_eq!(figures.ratios(Figure::Recovery), [200.0, 200.0]);
        assert!(figures.ratios(Figure::Ceiling(320)).is_empty());
        assert!(figures.ratios(Figure::Memory).is_empty());
    }
}
