//! Everything that can go wrong in a client command, each as one sentence that says what to do.

use std::io;
use std::path::PathBuf;

use reqwest::StatusCode;

/// Why a client command failed. The message is meant for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// `--server` is neither a URL nor a known nickname.
    #[error("There is no server nickname `{0}`; pass a URL such as http://127.0.0.1:3000.")]
    UnknownServer(String),
    /// `--server` is not a URL that can be talked to.
    #[error("This is no server URL: {0}; write it like http://127.0.0.1:3000.")]
    InvalidServer(String),
    /// The token would cross a network in the clear.
    #[error("The token would travel unencrypted to {0}; use an https URL, or add --insecure on a network you trust.")]
    UnencryptedToken(String),
    /// The HTTP client could not be set up.
    #[error("The HTTP client could not start ({0}); check the TLS and proxy settings of this machine.")]
    Client(String),

    /// A file given on the command line, or kept in the configuration, failed.
    #[error("Cannot {action} {}: {source}; check the path and its permissions.", path.display())]
    File {
        /// What was tried, such as `read`.
        action: &'static str,
        /// Which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The user has no configuration directory.
    #[error("There is no configuration directory ({0}); set HOME, or pass --token-file FILE or --anonymous.")]
    NoConfigDir(String),
    /// The official command line's configuration, read for server nicknames, is broken.
    #[error("{} is not valid: {reason}; repair it, or pass --server as a URL.", path.display())]
    OfficialConfig {
        /// The configuration file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A token is not one.
    #[error("The token from {origin} is no token ({reason}); get a new one with `spacetime-node identity --new`.")]
    InvalidToken {
        /// Where the token came from.
        origin: String,
        /// What is wrong with it, without its text.
        reason: String,
    },

    /// Nothing answers at the server's address.
    #[error("No server answers at {server} ({reason}); start one with `spacetime-node start`, or check --server.")]
    Unreachable {
        /// The server's URL.
        server: String,
        /// What the network said.
        reason: String,
    },
    /// The server took too long.
    #[error("{0} did not answer in time; look at its log, then try again.")]
    TimedOut(String),
    /// The connection broke before the answer was complete.
    #[error("The connection to {server} broke ({reason}); look at its log, then try again.")]
    Broken {
        /// The server's URL.
        server: String,
        /// What the network said.
        reason: String,
    },
    /// The server hung up while a module was sent.
    #[error("{server} hung up during the upload ({reason}); the module may be larger than the server's limit.")]
    UploadBroken {
        /// The server's URL.
        server: String,
        /// What the network said.
        reason: String,
    },
    /// The answer is not what the API promises.
    #[error("{server} gave an answer this command cannot read ({reason}); check that it is a SpacetimeDB 2.x server.")]
    UnexpectedAnswer {
        /// The server's URL.
        server: String,
        /// What is wrong with the answer.
        reason: String,
    },

    /// 401.
    #[error(
        "{server} does not accept the token{}; pass the right one with --token-file, or get a new identity with `spacetime-node identity --new`.",
        detail(text)
    )]
    Unauthorized {
        /// The server's URL.
        server: String,
        /// The server's own words.
        text: String,
    },
    /// 403.
    #[error(
        "{}",
        sentence(text, "This identity may not do that", "pass the token of the database's owner with --token-file")
    )]
    Forbidden {
        /// The server's own words.
        text: String,
    },
    /// 404 for a database.
    #[error("There is no database `{database}` on {server}; see `spacetime-node list`, or publish it first.")]
    NoSuchDatabase {
        /// The name or identity that was asked for.
        database: String,
        /// The server's URL.
        server: String,
    },
    /// 413.
    #[error(
        "{}",
        sentence(text, "The server refuses the request as too large", "send less, or raise the server's limit")
    )]
    TooLarge {
        /// The server's own words.
        text: String,
    },
    /// 530: the module's own refusal.
    #[error("`{function}` refused the call: {text}")]
    FunctionRefused {
        /// The reducer.
        function: String,
        /// The module's error text.
        text: String,
    },
    /// A redirect, which is not followed because it would carry the token elsewhere.
    #[error("{server} redirects to {location}; pass that address as --server if you trust it.")]
    Redirected {
        /// The server's URL.
        server: String,
        /// Where it points.
        location: String,
    },
    /// Any other refusal.
    #[error("{}", sentence(text, &format!("The server answered {status}"), advice(*status)))]
    Refused {
        /// The status code.
        status: StatusCode,
        /// The server's own words.
        text: String,
    },

    /// The name can never be one of a database.
    #[error(
        "`{name}` is no database name ({reason}); use lower-case letters, digits and single hyphens, or an identity of 64 hex digits."
    )]
    InvalidDatabaseName {
        /// What was given.
        name: String,
        /// Which rule it breaks.
        reason: String,
    },
    /// The name belongs to somebody else.
    #[error(
        "The name `{0}` belongs to another identity; choose another name, or use the owner's token (--token-file)."
    )]
    NameTaken(String),
    /// The module file is not WebAssembly.
    #[error("{} is not a WebAssembly module ({reason}); pass the .wasm file that the module's build makes.", path.display())]
    NotWasm {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The schema could not be read from the module.
    #[error("The schema of {} cannot be read ({reason}); build it with the SpacetimeDB 2.x module library.", path.display())]
    Schema {
        /// The module file.
        path: PathBuf,
        /// What the engine said.
        reason: String,
    },
    /// The new schema cannot take over the old data.
    #[error(
        "The database cannot be migrated to this module: {0}; change the module, or delete the data with --delete-data."
    )]
    ManualMigration(String),
    /// The module declares variables that have no value.
    #[error("The module needs environment variables without a value: {}; pass each with --env KEY=VALUE.", .0.join(", "))]
    MissingEnvironment(Vec<String>),
    /// Somebody else published at the same time.
    #[error("The database's program changed meanwhile; look at it with `spacetime-node describe` and publish again.")]
    VersionConflict,
    /// `--env` or `--env-remove` is malformed.
    #[error(
        "`{variable}` is no environment variable ({reason}); write --env KEY=VALUE, or --env KEY to pass on your own."
    )]
    InvalidEnvironment {
        /// The variable's name, never its value.
        variable: String,
        /// Which rule it breaks.
        reason: String,
    },

    /// The database has no such function.
    #[error("`{database}` has no reducer or procedure `{function}`; it has {known}.")]
    NoSuchFunction {
        /// The database.
        database: String,
        /// What was asked for.
        function: String,
        /// The functions there are.
        known: String,
    },
    /// Too few or too many arguments.
    #[error("{given} arguments were given, {expected} are needed; call it as {signature}.")]
    ArgumentCount {
        /// How many were given.
        given: usize,
        /// How many the function takes.
        expected: usize,
        /// The function with its parameters.
        signature: String,
    },
    /// An argument does not fit its type.
    #[error("Argument `{name}` must be {ty}, and `{word}` is not ({reason}); write it as JSON.")]
    InvalidArgument {
        /// The parameter.
        name: String,
        /// Its type.
        ty: String,
        /// What was given.
        word: String,
        /// Why it does not fit.
        reason: String,
    },
    /// `describe` was asked for something that is not there.
    #[error("`{database}` has no {kind} `{name}`; see `spacetime-node describe {database}`.")]
    NoSuchEntity {
        /// The database.
        database: String,
        /// What kind of thing.
        kind: &'static str,
        /// Its name.
        name: String,
    },

    /// Nobody is there to answer a question.
    #[error("{question} There is no terminal to ask on; {remedy}.")]
    ConfirmationNeeded {
        /// What has to be decided.
        question: String,
        /// How to decide it.
        remedy: &'static str,
    },
    /// The answer to a question was no.
    #[error("Stopped as you asked; nothing was changed.")]
    Declined,
    /// The generator refused the schema.
    #[error(transparent)]
    Generate(#[from] spacetime_bindgen::GenerateError),
    /// Standard output failed.
    #[error("Cannot write the output: {0}.")]
    Output(#[source] io::Error),
}

/// The server's words in parentheses, or nothing when it gave none.
fn detail(text: &str) -> String {
    match text.trim_end_matches('.') {
        "" => String::new(),
        text => format!(" ({text})"),
    }
}

/// The server's words where they are a sentence already, as this project's node writes them;
/// otherwise a sentence around them.
fn sentence(text: &str, fact: &str, advice: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{fact}{}; {advice}.", detail(text)) }
}

fn advice(status: StatusCode) -> &'static str {
    if status.is_client_error() { "change the request" } else { "look at its log" }
}

impl CliError {
    /// For `map_err` on file operations.
    pub fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    /// Whether the reader of standard output went away, which is no failure (`… | head`).
    pub fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(source) if source.kind() == io::ErrorKind::BrokenPipe)
    }
}
