//! `logs`: prints or follows the log of a database.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use futures::{StreamExt, TryStreamExt};
use serde::Deserialize;
use spacetimedb_lib::Timestamp;
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::io::StreamReader;

use super::connection::ConnectionArgs;
use super::error::CliError;
use super::publish::check_name;
use super::terminal::{DIM, Styled, print_line, printable};

/// A longer record ends the command rather than fill the memory.
const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What `--follow` shows of the past unless told otherwise.
const FOLLOWED_LINES: u32 = 10;
/// Stands for "no function" and "no file" in records that the server writes itself.
const SYSTEM_MARK: &str = "__spacetimedb__";

/// Arguments of `logs`.
#[derive(Debug, clap::Args)]
pub struct LogsArgs {
    /// Name or identity of the database
    database: String,
    /// Print only this many of the last lines; all without it, or 10 with --follow
    #[arg(long, short)]
    num_lines: Option<u32>,
    /// Go on printing what is logged from now on
    #[arg(long, short)]
    follow: bool,
    /// How to print a record
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Leave out what is less severe
    #[arg(long, short, value_enum)]
    level: Option<Level>,
    /// Leave out what is more severe, too
    #[arg(long, requires = "level")]
    level_exact: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[value(aliases = ["default", "txt"])]
    Text,
    /// One JSON object per line, as the server has it
    Json,
}

/// Severities, the least severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Deserialize)]
enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Panic,
}

/// One line of the log, as far as it is shown.
#[derive(Debug, Deserialize)]
struct Record {
    ts: Option<i64>,
    level: Level,
    function: Option<String>,
    filename: Option<String>,
    line_number: Option<u32>,
    message: String,
    #[serde(default)]
    trace: Option<Vec<Frame>>,
}

/// One call on the stack of a panic.
#[derive(Debug, Deserialize)]
struct Frame {
    func_name: Option<String>,
    #[serde(default)]
    symbols: Vec<Symbol>,
}

#[derive(Debug, Deserialize)]
struct Symbol {
    name: Option<String>,
    file: Option<String>,
    line: Option<u32>,
}

/// Runs `logs`.
pub async fn run(args: LogsArgs) -> Result<(), CliError> {
    check_name(&args.database)?;
    let api = args.connection.connect().await?;
    let num_lines = args.num_lines.or(args.follow.then_some(FOLLOWED_LINES));
    let response = api.logs(&args.database, num_lines, args.follow).await?;
    let bytes = response.bytes_stream().map_err(std::io::Error::other);
    let mut lines = FramedRead::new(StreamReader::new(bytes), LinesCodec::new_with_max_length(RECORD_BYTES_MAX));
    while let Some(line) = lines.next().await {
        let line = line.map_err(|cause| broken(api.server().to_string(), cause))?;
        let record: Record = serde_json::from_str(&line).map_err(|cause| CliError::UnexpectedAnswer {
            server: api.server().to_string(),
            reason: format!("a log record: {cause}"),
        })?;
        if !is_wanted(record.level, args.level, args.level_exact) {
            continue;
        }
        match args.format {
            Format::Json => print_line(&line)?,
            Format::Text => print_line(&render(&record))?,
        }
    }
    Ok(())
}

fn broken(server: String, cause: LinesCodecError) -> CliError {
    match cause {
        LinesCodecError::Io(cause) => CliError::Broken { server, reason: cause.to_string() },
        LinesCodecError::MaxLineLengthExceeded => {
            CliError::UnexpectedAnswer { server, reason: format!("a log record of more than {RECORD_BYTES_MAX} bytes") }
        }
    }
}

fn is_wanted(level: Level, wanted: Option<Level>, exactly: bool) -> bool {
    match wanted {
        None => true,
        Some(wanted) if exactly => level == wanted,
        Some(wanted) => level >= wanted,
    }
}

impl Level {
    /// Five letters wide, in its colour.
    fn label(self) -> Styled<'static> {
        let on = |colour: AnsiColor| colour.on_default();
        match self {
            Self::Trace => Styled("TRACE", DIM),
            Self::Debug => Styled("DEBUG", on(AnsiColor::Cyan)),
            Self::Info => Styled(" INFO", on(AnsiColor::Green)),
            Self::Warn => Styled(" WARN", on(AnsiColor::Yellow)),
            Self::Error => Styled("ERROR", on(AnsiColor::Red)),
            Self::Panic => Styled("PANIC", on(AnsiColor::Red).bold()),
        }
    }
}

fn render(record: &Record) -> String {
    let mut text = String::new();
    let time = record.ts.and_then(|micros| Timestamp::from_micros_since_unix_epoch(micros).to_rfc3339().ok());
    if let Some(time) = &time {
        push(&mut text, Styled(time, DIM));
    }
    push(&mut text, record.level.label());
    let place = place(record);
    if !place.is_empty() {
        push(&mut text, Styled(&format!("{}:", printable(&place)), DIM));
    }
    text.push_str(&printable(&record.message));
    for (depth, frame) in record.trace.iter().flatten().enumerate() {
        push_frame(&mut text, depth, frame);
    }
    text
}

fn push(text: &mut String, word: Styled<'_>) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{word} ");
}

/// Function and source line, as far as the record has them.
fn place(record: &Record) -> String {
    let named = |part: &Option<String>| part.as_deref().filter(|part| *part != SYSTEM_MARK).map(str::to_owned);
    let file = named(&record.filename).map(|file| match record.line_number {
        Some(line) => format!("{file}:{line}"),
        None => file,
    });
    [named(&record.function), file].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn push_frame(text: &mut String, depth: usize, frame: &Frame) {
    let unknown = "<unknown>";
    if frame.symbols.is_empty() {
        let name = frame.func_name.as_deref().unwrap_or(unknown);
        let _ = write!(text, "\n  {depth:>3}: {}", printable(name));
    }
    // Inlined functions share a frame, the innermost first.
    for symbol in &frame.symbols {
        let name = symbol.name.as_deref().or(frame.func_name.as_deref()).unwrap_or(unknown);
        let _ = write!(text, "\n  {depth:>3}: {}", printable(name));
        if let (Some(file), Some(line)) = (&symbol.file, symbol.line) {
            let _ = write!(text, " {}", Styled(&format!("at {}:{line}", printable(file)), Style::new().dimmed()));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(json: &str) -> String {
        anstream::adapter::strip_str(&render(&serde_json::from_str(json).unwrap())).to_string()
    }

    #[test]
    fn a_record_shows_time_level_place_and_message() {
        let json = r#"{"level":"Warn","ts":1700000000123456,"target":"m","filename":"src/lib.rs","line_number":7,"function":"buy","message":"low on gold"}"#;
        assert_eq!(shown(json), "2023-11-14T22:13:20.123456+00:00  WARN buy src/lib.rs:7: low on gold");
        assert!(render(&serde_json::from_str(json).unwrap()).contains("\u{1b}[33m WARN"));
    }

    #[test]
    fn records_of_the_server_have_no_place_and_modules_cannot_repaint_the_screen() {
        let json =
            r#"{"level":"Info","filename":"__spacetimedb__","function":"__spacetimedb__","message":"a\u001b[2Jb"}"#;
        assert_eq!(shown(json), " INFO a\\u{1b}[2Jb");
    }

    #[test]
    fn a_panic_shows_its_stack() {
        let json = r#"{"level":"Panic","message":"boom","trace":[
            {"module_name":null,"func_name":"rt::call"},
            {"module_name":null,"func_name":"buy","symbols":[{"name":"buy::inner","file":"src/lib.rs","line":3,"column":1},{"name":null,"file":null,"line":null,"column":null}]}]}"#;
        assert_eq!(shown(json), "PANIC boom\n    0: rt::call\n    1: buy::inner at src/lib.rs:3\n    1: buy");
    }

    #[test]
    fn levels_filter_from_below_or_exactly() {
        assert!(is_wanted(Level::Panic, Some(Level::Warn), false));
        assert!(!is_wanted(Level::Info, Some(Level::Warn), false));
        assert!(!is_wanted(Level::Error, Some(Level::Warn), true));
        assert!(is_wanted(Level::Trace, None, false));
    }
}
