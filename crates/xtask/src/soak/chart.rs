//! Charts of a soak: lines over time.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::course::{Course, MIB};
use crate::svg::{self, HEAD, WIDTH};

/// The files, which stand with those of the benchmarks, and what they show.
pub const FILES: [(&str, &str); 3] =
    [("soak-memory.svg", "Memory"), ("soak-descriptors.svg", "Descriptors"), ("soak-latency.svg", "Latency")];

const HEIGHT: f64 = 380.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 20.0;
const FOOT: f64 = 44.0;
/// Points of a line: each is the median of what was seen around it, so that a line can be told from its neighbours.
const POINTS: usize = 120;
/// Steps on the axis of values, at least.
const STEPS: f64 = 4.0;

/// Lines over time, all in one unit.
struct Lines {
    title: String,
    series: Vec<(&'static str, Vec<(f64, f64)>)>,
}

/// Draws all charts.
pub fn write_all(folder: &Path, course: &Course) -> Result<()> {
    let [(memory_file, _), (descriptors_file, _), (latency_file, _)] = FILES;
    for (file, lines) in
        [(memory_file, memory(course)), (descriptors_file, descriptors(course)), (latency_file, latency(course))]
    {
        fs::write(folder.join(file), lines.svg())?;
    }
    Ok(())
}

fn memory(course: &Course) -> Lines {
    Lines {
        title: "Memory in MiB over minutes".to_owned(),
        series: vec![
            ("node, resident", course.series(|sample| sample.state.node.resident / MIB)),
            ("node, anonymous", course.series(|sample| sample.state.node.anonymous / MIB)),
            ("node, rows and index keys", course.series(|sample| sample.state.row_bytes / MIB)),
            ("facade, anonymous", course.series(|sample| sample.state.facade.anonymous / MIB)),
        ],
    }
}

fn descriptors(course: &Course) -> Lines {
    Lines {
        title: "Open descriptors and connected clients over minutes".to_owned(),
        series: vec![
            ("descriptors of the node", course.series(|sample| sample.state.node.descriptors)),
            ("descriptors of the facade", course.series(|sample| sample.state.facade.descriptors)),
            ("connected clients", course.series(|sample| sample.state.clients)),
        ],
    }
}

fn latency(course: &Course) -> Lines {
    Lines {
        title: "Latency in ms, p99 of a few seconds each, over minutes".to_owned(),
        series: vec![
            ("setting", course.p99("setting")),
            ("save", course.p99("save")),
            ("session", course.p99("session")),
            ("facade, kept connection", course.p99("kept_request")),
            ("facade, new connection", course.p99("new_request")),
        ],
    }
}

impl Lines {
    fn svg(&self) -> String {
        let names: Vec<String> = self.series.iter().map(|(name, _)| (*name).to_owned()).collect();
        let lines: Vec<_> = self.series.iter().map(|(_, series)| thinned(series)).collect();
        let points = || lines.iter().flatten();
        let end = points().map(|(seconds, _)| *seconds).fold(1.0, f64::max);
        let most = points().map(|(_, value)| *value).fold(0.0, f64::max);
        let step = round_step(most / STEPS);
        let top = (most / step).ceil().max(1.0) * step;
        let x = |seconds: f64| LEFT + (WIDTH - LEFT - RIGHT) * seconds / end;
        let y = |value: f64| HEIGHT - FOOT - (HEIGHT - FOOT - HEAD) * value / top;
        let mut svg = svg::page(HEIGHT, &self.title, &names);
        axes(&mut svg, (end, x), (step, top, y));
        for (index, line) in lines.iter().enumerate() {
            let points: Vec<String> =
                line.iter().map(|(seconds, value)| format!("{:.1},{:.1}", x(*seconds), y(*value))).collect();
            // Writing to a string cannot fail.
            let _ = writeln!(
                svg,
                "<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\" points=\"{}\"/>",
                svg::colour(index),
                points.join(" ")
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// Lines across with their values, and the minutes below.
fn axes(svg: &mut String, (end, x): (f64, impl Fn(f64) -> f64), (step, top, y): (f64, f64, impl Fn(f64) -> f64)) {
    let mut value = 0.0;
    while value <= top + step / 2.0 {
        let at = y(value);
        let right = WIDTH - RIGHT;
        let _ = writeln!(svg, "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#d5d9de\"/>");
        let number = if step < 1.0 { format!("{value:.1}") } else { format!("{value:.0}") };
        svg::text(svg, LEFT - 8.0, at + 4.0, "end", 11, &number);
        value += step;
    }
    let minutes = end / 60.0;
    let step = round_step(minutes / 6.0);
    let mut minute = 0.0;
    while minute <= minutes {
        let number = if step < 1.0 { format!("{minute:.1}") } else { format!("{minute:.0}") };
        svg::text(svg, x(minute * 60.0), HEIGHT - FOOT + 18.0, "middle", 11, &number);
        minute += step;
    }
}

/// A step of 1, 2 or 5 times a power of ten that is not below this.
fn round_step(at_least: f64) -> f64 {
    let at_least = at_least.max(0.1);
    let power = 10.0_f64.powf(at_least.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= at_least * 0.999);
    factor.unwrap_or(10.0) * power
}

/// At most [`POINTS`] points, each the median of its neighbours.
fn thinned(series: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let together = series.len().div_ceil(POINTS).max(1);
    let middle = |points: &[(f64, f64)]| {
        let mut values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
        values.sort_unstable_by(f64::total_cmp);
        Some((points.get(points.len() / 2)?.0, *values.get(values.len() / 2)?))
    };
    series.chunks(together).filter_map(middle).collect()
}

#[cfg(test)]
mod tests {
    use super::{Lines, POINTS, round_step, thinned};

    #[test]
    fn lines_stay_within_the_page_and_begin_at_the_axis() {
        let series = vec![("one", vec![(0.0, 0.0), (60.0, 95.0)]), ("two", vec![(0.0, 40.0), (60.0, 40.0)])];
        let svg = Lines { title: "MiB".to_owned(), series }.svg();
        // The largest value is below the topmost line across, which is at 100.
        for part in ["points=\"60.0,336.0 840.0,77.6\"", "points=\"60.0,227.2 840.0,227.2\"", ">100<", ">50<"] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        assert_eq!(svg.matches("<polyline").count(), 2);
    }

    #[test]
    fn nothing_seen_is_an_empty_chart() {
        let svg = Lines { title: "MiB".to_owned(), series: vec![("one", Vec::new())] }.svg();
        assert!(svg.contains("points=\"\"") && svg.ends_with("</svg>\n"), "{svg}");
    }

    #[test]
    fn steps_are_numbers_that_people_count_in() {
        let steps = [0.04, 0.3, 1.0, 3.0, 17.0, 51.0, 230.0].map(round_step);
        assert_eq!(steps, [0.1, 0.5, 1.0, 5.0, 20.0, 100.0, 500.0]);
    }

    #[test]
    fn a_long_line_is_thinned_by_medians() {
        let series: Vec<_> = (0..720).map(|look| (f64::from(look), if look % 7 == 0 { 900.0 } else { 5.0 })).collect();
        let line = thinned(&series);
        assert_eq!(line.len(), POINTS);
        assert!(line.iter().all(|(_, value)| *value == 5.0), "{line:?}");
    }
}
