//! The report on the node: a table in Markdown.

use super::NodeBenchArgs;
use super::figures::{Figure, Figures, Unit};
use crate::bench::report::{disturbance, heading, median, thousands, version_of};
use crate::workspace::Workspace;

/// The whole report as Markdown.
pub fn markdown(workspace: &Workspace, args: &NodeBenchArgs, figures: &Figures) -> String {
    let full = if args.full { " --full" } else { "" };
    let command = format!("cargo xtask bench node --rounds {}{full} --write", args.rounds);
    let tools = [format!("Node.js {}", version_of("node")), "TypeScript SDK 2.10.1".to_owned()];
    let mut lines = heading(workspace, &command, &tools);
    lines.extend(disturbance("a round", &figures.stolen).map(|said| format!("{said}\n")));
    lines.push("| what | median | spread | ratio to the ceiling | official server 2.8 | wanted |".to_owned());
    lines.push("| --- | --- | --- | --- | --- | --- |".to_owned());
    lines.extend(figures.iter().map(|(figure, values)| row(figure, values, &figures.ratios(figure))));
    lines.join("\n")
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

#[cfg(test)]
mod tests {
    use super::row;
    use crate::bench::node::figures::Figure;

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
}
