//! What charts are drawn with: SVG, which needs no library and no fonts but the reader's own.

use std::fmt::Write;

/// Width of every chart.
pub const WIDTH: f64 = 860.0;
/// Where the figure begins, below title and legend.
pub const HEAD: f64 = 64.0;

const COLOURS: [&str; 6] = ["#2f6db5", "#e0812b", "#4a9b57", "#8a63b0", "#b5443c", "#6b7280"];

/// The colour of a series.
pub fn colour(series: usize) -> &'static str {
    COLOURS[series % COLOURS.len()]
}

/// The beginning of a chart: a white page with its title, and what each colour stands for. `</svg>` is missing.
pub fn page(height: f64, title: &str, series: &[String]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    text(&mut svg, 12.0, 22.0, "start", 15, title);
    let step = (WIDTH - 24.0) / series.len().max(1) as f64;
    for (index, name) in series.iter().enumerate() {
        let (x, colour) = (12.0 + step * index as f64, colour(index));
        // Writing to a string cannot fail.
        let _ = writeln!(svg, "<rect x=\"{x:.1}\" y=\"36\" width=\"12\" height=\"12\" fill=\"{colour}\"/>");
        text(&mut svg, x + 17.0, 46.0, "start", 12, name);
    }
    svg
}

/// A line of text; `anchor` is `start`, `middle` or `end`.
pub fn text(svg: &mut String, x: f64, y: f64, anchor: &str, size: u32, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" fill=\"#222222\">{text}</text>"
    );
}
