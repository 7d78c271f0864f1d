//! The command line: `start` runs a node, every other command talks to one, here or far away.
//!
//! Names and flags follow the official `spacetime` command line where it has them. One file per
//! command; `connection`, `token` and `api` carry them to the server, `error` holds all that can
//! go wrong.

mod api;
#[cfg(test)]
mod api_tests;
mod arguments;
mod call;
mod confirm;
mod connection;
mod delete;
mod describe;
mod environment;
mod error;
mod generate;
mod identity;
mod list;
mod logs;
mod module_file;
mod publish;
mod server;
mod sql;
mod terminal;
mod token;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use spacetimedb_lib::version::spacetimedb_lib_version;

pub use error::CliError;

/// Exit code for a command line that cannot be understood, as shells and the official command line have it.
const MISUSE: u8 = 2;

/// A standalone SpacetimeDB node, and the commands to work with one.
#[derive(Debug, Parser)]
#[command(name = "spacetime-node", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a node
    Start(crate::start::StartArgs),
    /// Try a program out that comes by the standard input; a node does so for each publish
    #[command(name = crate::trial::TRY_OUT, hide = true)]
    TryOut,
    #[command(flatten)]
    Client(ClientCommand),
}

#[derive(Debug, Subcommand)]
enum ClientCommand {
    /// Create a database from a module, or update one
    Publish(publish::PublishArgs),
    /// Call a reducer or a procedure
    Call(call::CallArgs),
    /// Run an SQL statement
    Sql(sql::SqlArgs),
    /// Print the log of a database
    Logs(logs::LogsArgs),
    /// Show tables, reducers and everything else a database has
    Describe(describe::DescribeArgs),
    /// List your databases
    List(list::ListArgs),
    /// Delete a database with all its data
    Delete(delete::DeleteArgs),
    /// Write client bindings for a module
    Generate(generate::GenerateArgs),
    /// Show the identity you act as, or get a new one
    Identity(identity::IdentityArgs),
    /// Print the versions of the node and its engine
    Version,
}

/// Runs the command of this process's command line and prints its error, if any, as one sentence. The exit code is 0, 1,
/// or 2 for a command line that cannot be understood.
pub fn run() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => run_command(cli.command),
        Err(error) => explain(&error),
    }
}

fn run_command(command: Command) -> ExitCode {
    let failure = match command {
        Command::Start(args) => crate::start::run(args).err().map(|cause| format!("{cause:#}")),
        Command::TryOut => return crate::trial::run(),
        Command::Client(command) => {
            run_client(command).err().filter(|error| !error.is_closed_output()).map(|error| error.to_string())
        }
    };
    match failure {
        None => ExitCode::SUCCESS,
        Some(sentence) => {
            complain(&sentence);
            ExitCode::FAILURE
        }
    }
}

fn complain(sentence: &str) {
    terminal::note(&format!("{}: {}", terminal::ERROR_LABEL, terminal::printable(sentence)));
}

/// Prints what was asked for, help or a version, or what is wrong with the command line.
fn explain(error: &clap::Error) -> ExitCode {
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand);
    if is_help || !error.use_stderr() {
        // Whoever closed the output does not want to read it.
        let _ = error.print();
    } else {
        complain(&usage_sentence(error));
    }
    if error.use_stderr() { ExitCode::from(MISUSE) } else { ExitCode::SUCCESS }
}

/// What the parser says in several lines and with the whole usage, as one sentence.
fn usage_sentence(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let is_advice = |part: &&str| !part.starts_with("Usage:") && !part.starts_with("For more information");
    let parts = text.split("\n\n").take_while(is_advice);
    let complaint =
        parts.map(|part| part.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ");
    format!("{}; see --help.", complaint.strip_prefix("error: ").unwrap_or(&complaint))
}

/// Commands that wait for one server need no more than the thread they were started on.
fn run_client(command: ClientCommand) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| CliError::Client(cause.to_string()))?;
    runtime.block_on(async {
        match command {
            ClientCommand::Publish(args) => publish::run(args).await,
            ClientCommand::Call(args) => call::run(args).await,
            ClientCommand::Sql(args) => sql::run(args).await,
            ClientCommand::Logs(args) => logs::run(args).await,
            ClientCommand::Describe(args) => describe::run(args).await,
            ClientCommand::List(args) => list::run(args).await,
            ClientCommand::Delete(args) => delete::run(args).await,
            ClientCommand::Generate(args) => generate::run(args).await,
            ClientCommand::Identity(args) => identity::run(args).await,
            ClientCommand::Version => print_version(),
        }
    })
}

fn print_version() -> Result<(), CliError> {
    terminal::print_line(&format!(
        "spacetime-node {} (SpacetimeDB engine {})",
        env!("CARGO_PKG_VERSION"),
        spacetimedb_lib_version()
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_takes_the_official_flags() {
        for line in [
            "publish quest -b m.wasm -s local -y --break-clients -c=on-conflict",
            "publish --bin-path m.wasm --delete-data --env A=1 --env B --env-remove *",
            "publish quest -b m.wasm --clear-database",
            "call quest move_to 1 2 --anonymous -y",
            "sql quest select --confirmed",
            "logs quest -n 5 -f --format json -l warn --level-exact",
            "describe quest --json table player",
            "list -s http://127.0.0.1:1",
            "delete quest -y",
            "generate -l typescript -o out -b m.wasm --include-private -y",
            "generate -l rust -o out --database quest -s local",
            "identity --new",
            "version",
        ] {
            let words = std::iter::once("spacetime-node").chain(line.split(' '));
            let parsed = Cli::try_parse_from(words);
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn a_wrong_command_line_is_explained_in_a_sentence() {
        for (line, sentence) in [
            ("publish quest", "the following required arguments were not provided: --bin-path <WASM>; see --help."),
            (
                "logs quest --tail",
                "unexpected argument '--tail' found, tip: to pass '--tail' as a value, use '-- --tail'; see --help.",
            ),
            ("lst", "unrecognized subcommand 'lst', tip: a similar subcommand exists: 'list'; see --help."),
        ] {
            let words = std::iter::once("spacetime-node").chain(line.split(' '));
            assert_eq!(usage_sentence(&Cli::try_parse_from(words).unwrap_err()), sentence);
        }
    }

    #[test]
    fn contradictions_are_refused() {
        for line in [
            "publish -b m.wasm --env-remove",
            "logs quest --level-exact",
            "describe quest engine x",
            "generate -l cobol -o out -b m.wasm",
            "generate -l rust -o out",
            "generate -l rust -o out -b m.wasm --database quest",
            "publish quest",
        ] {
            let words = std::iter::once("spacetime-node").chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_err(), "{line}");
        }
    }
}
