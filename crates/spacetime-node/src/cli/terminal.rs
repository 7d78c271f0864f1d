//! Writing to the terminal: colours that vanish in pipes, and no control codes from afar.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::{IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use super::error::CliError;

/// Secondary information.
pub const DIM: Style = Style::new().dimmed();
/// The word that opens an error message.
pub const ERROR_LABEL: Styled<'static> = Styled("error", AnsiColor::Red.on_default().bold());

/// A word with a style around it.
pub struct Styled<'a>(pub &'a str, pub Style);

impl fmt::Display for Styled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = self.1;
        write!(f, "{style}{}{style:#}", self.0)
    }
}

/// Writes to standard output; styles are dropped where nobody sees them.
pub fn print(text: &str) -> Result<(), CliError> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(CliError::Output)
}

/// [`print`] with a line end.
pub fn print_line(text: &str) -> Result<(), CliError> {
    print(&format!("{text}\n"))
}

/// Tells what is going on, beside the result, on standard error.
pub fn note(text: &str) {
    anstream::eprintln!("{text}");
}

/// Whether colours in [`note`]s reach a reader.
pub fn notes_show_colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Text from a server or a module with its control characters spelled out, so that it can neither
/// repaint the terminal nor pretend to be this program. Line ends and tabs stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_harmless = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmless(c) {
            clean.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(clean, "{}", c.escape_default());
        }
    }
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_shown_not_obeyed() {
        assert_eq!(printable("a\u{1b}[2Jb\r"), "a\\u{1b}[2Jb\\r");
        assert_eq!(printable("one\ttwo\nüñ"), "one\ttwo\nüñ");
    }
}
