//! The flags every client command has, and the way from them to an authenticated [`Api`].

use std::path::PathBuf;

use spacetimedb_paths::{SpacetimePaths, cli::ConfigDir};

use super::api::Api;
use super::confirm::Consent;
use super::error::CliError;
use super::server::{DEFAULT_SERVER, Server};
use super::terminal::note;
use super::token::{self, Token, TokenStore};

/// Holds a token itself, for callers that keep none on disk.
const TOKEN_VARIABLE: &str = "SPACETIME_TOKEN";

/// Which server to talk to, and as whom.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionArgs {
    /// The server: a URL, `local`, or a nickname from the official command line's configuration
    #[arg(long, short, env = "SPACETIME_SERVER", default_value = DEFAULT_SERVER, value_name = "URL")]
    pub server: String,
    /// Read the token from this file instead of $SPACETIME_TOKEN or the one kept for the server
    #[arg(long, env = "SPACETIME_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Act as a fresh identity that is forgotten afterwards
    #[arg(long)]
    pub anonymous: bool,
    /// Send the token over an unencrypted connection to another machine
    #[arg(long)]
    pub insecure: bool,
    /// Answer yes to every question
    #[arg(long, short)]
    pub yes: bool,
}

impl ConnectionArgs {
    /// An API client with the caller's token. Without one anywhere, the server is asked for a new
    /// identity, whose token is kept for the next command.
    pub async fn connect(&self) -> Result<Api, CliError> {
        let api = self.connect_without_token()?;
        if self.anonymous {
            return Ok(api);
        }
        self.check_channel(api.server())?;
        let token = match self.given_token()? {
            Some(token) => token,
            None => kept_or_new_token(&api).await?,
        };
        Ok(api.with_token(token))
    }

    /// Whether `--yes` answers the questions of this command.
    pub fn consent(&self) -> Consent {
        Consent::given_if(self.yes)
    }

    /// An API client that sends no token.
    pub fn connect_without_token(&self) -> Result<Api, CliError> {
        let official_config = config_dir().ok().map(|dir| dir.cli_toml());
        let server = Server::resolve(&self.server, official_config.as_ref().map(|path| path.as_ref()))?;
        Api::new(server)
    }

    /// Refuses to let a token cross a network in the clear.
    pub fn check_channel(&self, server: &Server) -> Result<(), CliError> {
        if server.keeps_secrets() || self.insecure {
            Ok(())
        } else {
            Err(CliError::UnencryptedToken(server.to_string()))
        }
    }

    /// The token given for this command: `--token-file`, else `$SPACETIME_TOKEN`.
    pub fn given_token(&self) -> Result<Option<Token>, CliError> {
        if let Some(path) = &self.token_file {
            return token::read(path).map(Some);
        }
        match std::env::var(TOKEN_VARIABLE) {
            Ok(text) if !text.is_empty() => Token::parse(&text, TOKEN_VARIABLE).map(Some),
            _ => Ok(None),
        }
    }
}

/// The store of tokens in the user's configuration directory.
pub fn token_store() -> Result<TokenStore, CliError> {
    Ok(TokenStore::in_config_dir(config_dir()?.as_ref()))
}

async fn kept_or_new_token(api: &Api) -> Result<Token, CliError> {
    let store = token_store()?;
    if let Some(token) = store.load(api.server())? {
        return Ok(token);
    }
    let token = api.new_identity().await?;
    let Some(path) = store.save_first(api.server(), &token)? else {
        let kept = store.load(api.server())?;
        return Ok(kept.unwrap_or(token));
    };
    note(&format!("New identity {} for {}; its token is kept in {}", token.identity(), api.server(), path.display()));
    Ok(token)
}

fn config_dir() -> Result<ConfigDir, CliError> {
    SpacetimePaths::platform_defaults()
        .map(|paths| paths.cli_config_dir)
        .map_err(|cause| CliError::NoConfigDir(cause.to_string()))
}
