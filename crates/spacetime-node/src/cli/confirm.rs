//! Questions that guard what cannot be undone.

use std::io::{BufRead, IsTerminal, Write};

use super::error::CliError;

/// The remedy where `--yes` is the answer.
pub const ADD_YES: &str = "add --yes to go on";

/// Whether the user has already agreed on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// A flag said yes.
    Given,
    /// Ask.
    Needed,
}

impl Consent {
    /// Consent from a flag.
    pub fn given_if(flag: bool) -> Self {
        if flag { Self::Given } else { Self::Needed }
    }
}

/// Asks `question` unless consent was given; anything but `y` or `yes` stops the command.
///
/// `remedy` tells a caller without a terminal how to go on.
///
/// Errors: [`CliError::ConfirmationNeeded`] without a terminal, [`CliError::Declined`] on no.
pub fn confirm(question: &str, consent: Consent, remedy: &'static str) -> Result<(), CliError> {
    if consent == Consent::Given {
        return Ok(());
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(CliError::ConfirmationNeeded { question: question.to_owned(), remedy });
    }
    ask(question, &mut stdin.lock(), &mut std::io::stderr())
}

fn ask(question: &str, answers: &mut impl BufRead, out: &mut impl Write) -> Result<(), CliError> {
    write!(out, "{question} Go on? [y/N] ").and_then(|()| out.flush()).map_err(CliError::Output)?;
    let mut answer = String::new();
    answers.read_line(&mut answer).map_err(CliError::file("read", "the answer"))?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::Declined),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_goes_on() {
        for (answer, goes_on) in [("y\n", true), (" YES \n", true), ("\n", false), ("", false), ("yep\n", false)] {
            let mut shown = Vec::new();
            let decision = ask("This deletes the data.", &mut answer.as_bytes(), &mut shown);
            assert_eq!(decision.is_ok(), goes_on, "{answer:?}");
            assert_eq!(shown, b"This deletes the data. Go on? [y/N] ");
        }
    }

    #[test]
    fn given_consent_asks_nothing() {
        assert!(confirm("Delete?", Consent::Given, ADD_YES).is_ok());
    }
}
