//! What the node says about itself: figures in Prometheus' text format.

/// The text, as it was at one moment.
pub struct Figures(String);

/// A figure with its labels, as they stand between braces.
struct Line<'a> {
    labels: &'a str,
    value: f64,
}

impl Figures {
    /// Takes the text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The sum of a figure over all its labels; 0 if it has never been counted.
    pub fn sum(&self, name: &str) -> f64 {
        self.lines(name).map(|line| line.value).sum()
    }

    /// A figure for each value of a label.
    pub fn by<'a>(&'a self, name: &'a str, label: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
        let begin = format!("{label}=\"");
        self.lines(name).filter_map(move |line| {
            let mut labels = line.labels.split("\",").map(|label| label.trim_end_matches('"'));
            let value = labels.find_map(|label| label.strip_prefix(&begin[..]))?;
            Some((value, line.value))
        })
    }

    fn lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Line<'a>> {
        self.0.lines().filter_map(move |line| {
            let rest = line.strip_prefix(name)?;
            let (labels, value) = match rest.strip_prefix('{') {
                Some(rest) => rest.split_once("} ")?,
                None => ("", rest.strip_prefix(' ')?),
            };
            Some(Line { labels, value: value.trim().parse().ok()? })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Figures;

    #[test]
    fn figures_are_found_by_their_whole_name_and_their_labels() {
        let text = "# HELP rows Rows.\nrows{db=\"c2\",table_name=\"a\"} 3\nrows{db=\"c2\",table_name=\"b\"} 4\n\
                    rows_total{table_name=\"a\"} 100\nheap 5e3\n";
        let figures = Figures::new(text.to_owned());
        assert_eq!(figures.sum("rows"), 7.0);
        assert_eq!(figures.sum("heap"), 5_000.0);
        assert_eq!(figures.sum("absent"), 0.0);
        let tables: Vec<_> = figures.by("rows", "table_name").collect();
        assert_eq!(tables, [("a", 3.0), ("b", 4.0)]);
        assert_eq!(figures.by("rows", "name").count(), 0);
    }
}
