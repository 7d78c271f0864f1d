//! Log lines of the running programs, on one terminal.

use std::io::{BufRead, BufReader, Read};
use std::thread::{self, JoinHandle};

use anstyle::{AnsiColor, Style};

/// Longest prefix, so that the lines of all programs begin in one column.
const PREFIX_WIDTH: usize = 6;

/// Prints each line of `output` with `name` in front, on a thread that ends with the output.
pub fn follow(name: &'static str, color: AnsiColor, output: impl Read + Send + 'static) -> JoinHandle<()> {
    thread::spawn(move || {
        let prefix = color.on_default();
        // Lossily, because one odd byte must not silence a program for the rest of its run.
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches('\r');
            let level = level_style(text);
            anstream::println!("{prefix}{name:<PREFIX_WIDTH$} |{prefix:#} {level}{text}{level:#}");
        }
    })
}

/// Colour of a line that tells of trouble; a program that colours its lines itself is left alone.
fn level_style(line: &str) -> Style {
    if line.contains('\x1b') {
        return Style::new();
    }
    let is = |level: &str| line.split_whitespace().take(3).any(|word| word == level);
    if is("ERROR") {
        AnsiColor::Red.on_default()
    } else if is("WARN") {
        AnsiColor::Yellow.on_default()
    } else if is("DEBUG") || is("TRACE") {
        Style::new().dimmed()
    } else {
        Style::new()
    }
}

#[cfg(test)]
mod tests {
    use anstyle::{AnsiColor, Style};

    use super::level_style;

    #[test]
    fn lines_are_coloured_by_their_level() {
        let red = AnsiColor::Red.on_default();
        assert_eq!(level_style("2026-01-31T12:00:00Z ERROR node: disk full"), red);
        assert_eq!(level_style("2026-01-31T12:00:00Z  WARN node: slow client"), AnsiColor::Yellow.on_default());
        assert_eq!(level_style("2026-01-31T12:00:00Z  INFO node: no ERROR so far"), Style::new());
        assert_eq!(level_style("\x1b[31mERROR\x1b[0m coloured already"), Style::new());
    }
}
