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
/// Points of a line: each is the median of what was seen around it, so that a line can be told from its neighbours. The
/// highest of it is a thin line, so that nothing is hidden.
const POINTS: usize = 120;
/// Steps on the axis of values, at least.
const STEPS: f64 = 4.0;

/// Lines over time, all in one unit.
struct Lines {
    title: String,
    /// The axis for the lowest and the highest value.
    axis: fn(f64, f64) -> Axis,
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
        axis: Axis::linear,
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
        axis: Axis::linear,
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
        axis: Axis::logarithmic,
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
        let lines: Vec<Vec<Point>> = self.series.iter().map(|(_, series)| thinned(series)).collect();
        let points = || lines.iter().flatten();
        let end = points().map(|point| point.seconds).fold(1.0, f64::max);
        let least = points().map(|point| point.middle).fold(f64::INFINITY, f64::min);
        let axis = (self.axis)(least, points().map(|point| point.most).fold(0.0, f64::max));
        let x = |seconds: f64| LEFT + (WIDTH - LEFT - RIGHT) * seconds / end;
        let y = |value: f64| HEIGHT - FOOT - (HEIGHT - FOOT - HEAD) * axis.part(value);
        let names: Vec<String> = self.series.iter().map(|(name, _)| (*name).to_owned()).collect();
        let mut svg = svg::page(HEIGHT, &self.full_title(end), &names);
        axes(&mut svg, (end, x), (&axis, y));
        let mut draw = |index: usize, width: &str, value: fn(&Point) -> f64| {
            let at = |point: &Point| format!("{:.1},{:.1}", x(point.seconds), y(value(point)));
            let points: Vec<String> = lines[index].iter().map(at).collect();
            // Writing to a string cannot fail.
            let _ = writeln!(
                svg,
                "<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\" points=\"{}\"/>",
                svg::colour(index),
                points.join(" ")
            );
        };
        // The medians last, so that they lie above.
        if self.together() > 1 {
            (0..lines.len()).for_each(|index| draw(index, "0.5", |point| point.most));
        }
        (0..lines.len()).for_each(|index| draw(index, "2", |point| point.middle));
        svg.push_str("</svg>\n");
        svg
    }

    /// How many looks a point of a line stands for.
    fn together(&self) -> usize {
        self.series.iter().map(|(_, series)| looks_together(series.len())).max().unwrap_or(1)
    }

    /// The title, and what lines are, if a point of them stands for several looks.
    fn full_title(&self, end: f64) -> String {
        let looks = self.series.iter().map(|(_, series)| series.len()).max().unwrap_or_default();
        match self.together() {
            1 => self.title.clone(),
            together => {
                let seconds = end / looks as f64 * together as f64;
                format!("{}; thick: median of {seconds:.0} s, thin: highest of them", self.title)
            }
        }
    }
}

/// The axis of values.
struct Axis {
    /// The values beside it, from its lower to its upper end.
    marks: Vec<f64>,
    /// Whether the same factor makes the same distance.
    is_logarithmic: bool,
}

impl Axis {
    /// From nothing to the highest value.
    fn linear(_least: f64, most: f64) -> Self {
        let step = round_step(most / STEPS);
        let steps = (most / step).ceil().max(1.0) as u32;
        Self { marks: (0..=steps).map(|number| f64::from(number) * step).collect(), is_logarithmic: false }
    }

    /// From the lowest to the highest value, where the highest are so many times the others that these would lie on the
    /// ground.
    fn logarithmic(least: f64, most: f64) -> Self {
        let numbers = (-1..=6).flat_map(|power| [1.0, 2.0, 5.0].map(|factor| factor * 10.0_f64.powi(power)));
        let all: Vec<f64> = numbers.collect();
        let first = all.iter().rposition(|&mark| mark <= least.min(most)).unwrap_or_default();
        let last = all.iter().position(|&mark| mark >= most).unwrap_or(all.len() - 1);
        Self { marks: all[first..=last.max(first + 1)].to_vec(), is_logarithmic: true }
    }

    /// How far up a value is, as a part of the axis.
    fn part(&self, value: f64) -> f64 {
        let [Some(&low), Some(&high)] = [self.marks.first(), self.marks.last()] else { return 0.0 };
        if self.is_logarithmic { (value.max(low) / low).ln() / (high / low).ln() } else { (value - low) / (high - low) }
    }
}

/// Lines across with their values, and the minutes below.
fn axes(svg: &mut String, (end, x): (f64, impl Fn(f64) -> f64), (axis, y): (&Axis, impl Fn(f64) -> f64)) {
    for &value in &axis.marks {
        let at = y(value);
        let right = WIDTH - RIGHT;
        let _ = writeln!(svg, "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#d5d9de\"/>");
        svg::text(svg, LEFT - 8.0, at + 4.0, "end", 11, &mark(value));
    }
    let minutes = end / 60.0;
    let step = round_step(minutes / 6.0);
    let mut minute = 0.0;
    while minute <= minutes {
        svg::text(svg, x(minute * 60.0), HEIGHT - FOOT + 18.0, "middle", 11, &mark(minute));
        minute += step;
    }
}

fn mark(value: f64) -> String {
    let tenths = (value * 10.0).round();
    if tenths % 10.0 == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// A step of 1, 2 or 5 times a power of ten that is not below this.
fn round_step(at_least: f64) -> f64 {
    let at_least = at_least.max(0.1);
    let power = 10.0_f64.powf(at_least.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= at_least * 0.999);
    factor.unwrap_or(10.0) * power
}

/// A point of a line: several looks one after the other.
#[derive(Debug)]
struct Point {
    seconds: f64,
    /// The median of what was seen.
    middle: f64,
    /// The highest of it.
    most: f64,
}

/// How many of so many looks make a point.
fn looks_together(looks: usize) -> usize {
    looks.div_ceil(POINTS).max(1)
}

/// At most [`POINTS`] points.
fn thinned(series: &[(f64, f64)]) -> Vec<Point> {
    let point = |looks: &[(f64, f64)]| {
        let mut values: Vec<f64> = looks.iter().map(|(_, value)| *value).collect();
        values.sort_unstable_by(f64::total_cmp);
        let (seconds, middle) = (looks.get(looks.len() / 2)?.0, *values.get(values.len() / 2)?);
        Some(Point { seconds, middle, most: *values.last()? })
    };
    series.chunks(looks_together(series.len())).filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::{Axis, Lines, POINTS, round_step, thinned};

    fn lines(series: Vec<(&'static str, Vec<(f64, f64)>)>) -> Lines {
        Lines { title: "MiB".to_owned(), axis: Axis::linear, series }
    }

    #[test]
    fn lines_stay_within_the_page_and_begin_at_the_axis() {
        let series = vec![("one", vec![(0.0, 0.0), (60.0, 95.0)]), ("two", vec![(0.0, 40.0), (60.0, 40.0)])];
        let svg = lines(series).svg();
        // The largest value is below the topmost line across, which is at 100.
        for part in ["points=\"60.0,336.0 840.0,77.6\"", "points=\"60.0,227.2 840.0,227.2\"", ">100<", ">50<", ">MiB<"]
        {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        assert_eq!(svg.matches("<polyline").count(), 2);
    }

    #[test]
    fn nothing_seen_is_an_empty_chart() {
        for axis in [Axis::linear, Axis::logarithmic] {
            let svg = Lines { axis, ..lines(vec![("one", Vec::new())]) }.svg();
            assert!(svg.contains("points=\"\"") && svg.ends_with("</svg>\n"), "{svg}");
        }
    }

    #[test]
    fn steps_are_numbers_that_people_count_in() {
        let steps = [0.04, 0.3, 1.0, 3.0, 17.0, 51.0, 230.0].map(round_step);
        assert_eq!(steps, [0.1, 0.5, 1.0, 5.0, 20.0, 100.0, 500.0]);
    }

    #[test]
    fn the_same_factor_is_the_same_distance_on_a_logarithmic_axis() {
        let axis = Axis::logarithmic(3.0, 900.0);
        assert_eq!(axis.marks, [2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0]);
        assert_eq!([axis.part(2.0), axis.part(1_000.0)], [0.0, 1.0]);
        let [tens, hundreds] = [axis.part(50.0) - axis.part(10.0), axis.part(500.0) - axis.part(100.0)];
        assert!((tens - hundreds).abs() < 1e-9, "{tens} {hundreds}");
    }

    #[test]
    fn a_long_line_is_thinned_to_medians_with_the_highest_beside_them() {
        let series: Vec<_> =
            (0..720).map(|look| (5.0 * f64::from(look), if look % 7 == 0 { 900.0 } else { 5.0 })).collect();
        let line = thinned(&series);
        assert_eq!(line.len(), POINTS);
        assert!(line.iter().all(|point| point.middle == 5.0), "{line:?}");
        let high = line.iter().filter(|point| point.most == 900.0).count();
        assert_eq!(high, 720_usize.div_ceil(7), "every one of them is seen");
        let svg = lines(vec![("one", series)]).svg();
        assert!(svg.contains(">MiB; thick: median of 30 s, thin: highest of them<"), "{svg}");
        assert_eq!(svg.matches("<polyline").count(), 2);
    }
}
