//! Charts: horizontal bars in SVG, which need no library and no fonts but the reader's own.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::clients::Client;
use super::figures::{millis, times};
use super::pairs::Distribution;
use super::system::{Durability, System};
use super::wallet::{self, Way};
use super::{PeersBenchArgs, Results, Workload, growth, rooms, session};
use crate::bench::report::{median, thousands};
use crate::svg;

const LABELS: f64 = 230.0;
/// Room for the number behind the longest bar.
const NUMBERS: f64 = 90.0;
const BAR: f64 = 14.0;
const GAP: f64 = 14.0;

/// Names of the files, which stand beside the page.
pub const LATENCY_FILE: &str = "peers-wallet-latency.svg";
pub const SESSION_FILE: &str = "peers-session.svg";
pub const GROWTH_FILE: &str = "peers-growth.svg";
pub const ROOMS_FILE: &str = "peers-rooms.svg";

/// The name of the file of throughput.
pub fn throughput_file(distribution: Distribution) -> &'static str {
    match distribution {
        Distribution::Uniform => "peers-wallet-uniform.svg",
        Distribution::Zipf => "peers-wallet-zipf.svg",
    }
}

/// Bars in rows; each row has one for each series, which is missing where there is no value.
struct Chart {
    title: String,
    series: Vec<String>,
    rows: Vec<(String, Vec<Option<f64>>)>,
    number: fn(f64) -> String,
}

/// Draws all charts that there are figures for.
pub fn write_all(folder: &Path, args: &PeersBenchArgs, results: &Results) -> Result<()> {
    let charts = [
        (throughput_file(Distribution::Uniform), throughput(args, results, Distribution::Uniform)),
        (throughput_file(Distribution::Zipf), throughput(args, results, Distribution::Zipf)),
        (LATENCY_FILE, latency(args, results)),
        (SESSION_FILE, sessions(args, results)),
        (GROWTH_FILE, growth(args, results)),
        (ROOMS_FILE, rooms(args, results)),
    ];
    for (name, chart) in charts {
        if chart.has_values() {
            fs::write(folder.join(name), chart.svg())?;
        }
    }
    Ok(())
}

fn throughput(args: &PeersBenchArgs, results: &Results, distribution: Distribution) -> Chart {
    let series = [
        (Durability::Durable, Client::Compiled, "durable, compiled client"),
        (Durability::Durable, Client::NodeJs, "durable, Node.js client"),
        (Durability::Relaxed, Client::Compiled, "relaxed, compiled client"),
        (Durability::Relaxed, Client::NodeJs, "relaxed, Node.js client"),
    ];
    let row = |system: System| {
        let value = |&(durability, client, _): &(Durability, Client, &str)| {
            let case = wallet::Case { durability, client, ..wallet::Case::main(system, distribution) };
            median(&results.wallet.figures.per_second(&case)).ok()
        };
        (system.title().to_owned(), series.iter().map(value).collect())
    };
    Chart {
        title: format!("Transfers a second, {}, {} clients, pipelined", distribution.title(), args.clients),
        series: series.iter().map(|(_, _, name)| (*name).to_owned()).collect(),
        rows: args.systems(Workload::Wallet).map(row).collect(),
        number: thousands,
    }
}

fn latency(args: &PeersBenchArgs, results: &Results) -> Chart {
    let row = |system: System| {
        let value = |distribution| {
            let case = wallet::Case { way: Way::CommonPace, ..wallet::Case::main(system, distribution) };
            median(&results.wallet.figures.values(&case, |calls| calls.p99_ms)).ok()
        };
        (system.title().to_owned(), Distribution::ALL.map(value).to_vec())
    };
    Chart {
        title: "Latency of a transfer in ms, p99, all systems at one rate of arrivals, durable".to_owned(),
        series: Distribution::ALL.map(Distribution::title).to_vec(),
        rows: args.systems(Workload::Wallet).map(row).collect(),
        number: millis,
    }
}

fn sessions(args: &PeersBenchArgs, results: &Results) -> Chart {
    let row = |system: System| {
        let value = median(&results.session.figures.per_second(&(system, session::Way::Closed))).ok();
        (system.title().to_owned(), vec![value])
    };
    Chart {
        title: format!("Session starts a second, {} at once", args.clients),
        series: vec!["closed loop".to_owned()],
        rows: args.systems(Workload::Session).map(row).collect(),
        number: thousands,
    }
}

fn growth(args: &PeersBenchArgs, results: &Results) -> Chart {
    let row = |system: System| {
        let value = |&accounts: &u32| {
            let case = |accounts| growth::Case { system, accounts };
            let fewest = case(args.growth_accounts.first().copied().unwrap_or(accounts));
            median(&results.growth.figures.ratios(&case(accounts), &fewest)).ok()
        };
        (system.title().to_owned(), args.growth_accounts.iter().map(value).collect())
    };
    Chart {
        title: "Transfers a second as a part of those with the fewest accounts, uniform, durable".to_owned(),
        series: args.growth_accounts.iter().map(|&count| format!("{} accounts", thousands(f64::from(count)))).collect(),
        rows: args.systems(Workload::Growth).map(row).collect(),
        number: times,
    }
}

/// Delays with the most rooms that are measured.
fn rooms(args: &PeersBenchArgs, results: &Results) -> Chart {
    let rooms = args.rooms.iter().copied().max().unwrap_or_default();
    let row = |(system, durability)| {
        let value = |&client: &Client| {
            let case = rooms::Case { system, durability, client, rooms };
            median(&results.rooms.figures.values(&case, |calls| calls.p99_ms)).ok()
        };
        (rooms::title(system, durability).to_owned(), args.client.iter().map(value).collect())
    };
    Chart {
        title: format!("Delay until a member sees a move in ms, p99, {rooms} rooms of {}", args.seats),
        series: args.client.iter().map(|client| client.title().to_owned()).collect(),
        rows: rooms::measured(args).into_iter().map(row).collect(),
        number: millis,
    }
}

impl Chart {
    fn has_values(&self) -> bool {
        self.rows.iter().any(|(_, values)| values.iter().any(Option::is_some))
    }

    fn svg(&self) -> String {
        let row_height = BAR * self.series.len() as f64 + GAP;
        let height = svg::HEAD + row_height * self.rows.len() as f64 + GAP;
        let most = self.rows.iter().flat_map(|(_, values)| values).flatten().copied().fold(0.0, f64::max);
        let mut svg = svg::page(height, &self.title, &self.series);
        for (index, (label, values)) in self.rows.iter().enumerate() {
            let top = svg::HEAD + row_height * index as f64;
            svg::text(&mut svg, LABELS - 10.0, top + (row_height - GAP) / 2.0 + 4.0, "end", 12, label);
            for (series, value) in values.iter().enumerate() {
                let Some(value) = value else { continue };
                let (y, width) = (top + BAR * series as f64, (svg::WIDTH - LABELS - NUMBERS) * value / most);
                let (colour, bar) = (svg::colour(series), BAR - 2.0);
                // Writing to a string cannot fail.
                let _ = writeln!(
                    svg,
                    "<rect x=\"{LABELS}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{bar}\" fill=\"{colour}\"/>"
                );
                svg::text(&mut svg, LABELS + width + 5.0, y + BAR - 4.0, "start", 11, &(self.number)(*value));
            }
        }
        svg.push_str("</svg>\n");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::{Chart, millis};

    #[test]
    fn the_longest_bar_fills_the_chart_and_missing_values_leave_none() {
        let chart = Chart {
            title: "p99 < p100".to_owned(),
            series: vec!["one".to_owned(), "two".to_owned()],
            rows: vec![("A & B".to_owned(), vec![Some(5.0), None]), ("C".to_owned(), vec![Some(10.0), Some(2.5)])],
            number: millis,
        };
        let svg = chart.svg();
        assert!(chart.has_values());
        for part in ["p99 &lt; p100", "A &amp; B", "width=\"540.0\"", "width=\"270.0\"", "width=\"135.0\"", ">10.0<"] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        // The ground, two in the legend, three bars.
        assert_eq!(svg.matches("<rect").count(), 6);
    }
}
