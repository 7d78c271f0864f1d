//! `identity`: who the caller is on a server, and how to become somebody new.

use super::confirm::{ADD_YES, confirm};
use super::connection::{ConnectionArgs, token_store};
use super::error::CliError;
use super::terminal::print_line;
use super::token;

/// Arguments of `identity`.
#[derive(Debug, clap::Args)]
pub struct IdentityArgs {
    /// Get a new identity and keep its token, in --token-file if that is given
    #[arg(long, conflicts_with = "anonymous")]
    new: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Runs `identity`.
pub async fn run(args: IdentityArgs) -> Result<(), CliError> {
    if args.new {
        return renew(&args.connection).await;
    }
    let api = args.connection.connect().await?;
    match api.identity() {
        Some(identity) => print_line(&format!("{identity}")),
        None => print_line(&format!("{}", api.new_identity().await?.identity())),
    }
}

/// Whoever loses a token loses what its identity owns, so one that exists is replaced only on a yes.
async fn renew(connection: &ConnectionArgs) -> Result<(), CliError> {
    let api = connection.connect_without_token()?;
    connection.check_channel(api.server())?;
    let store = token_store();
    let path = match &connection.token_file {
        Some(path) => path.clone(),
        None => store.as_ref().map_err(|cause| CliError::NoConfigDir(cause.to_string()))?.path_for(api.server()),
    };
    if path.exists() {
        let question =
            format!("This replaces the token in {}; what its identity owns is out of reach then.", path.display());
        confirm(&question, connection.consent(), ADD_YES)?;
    }
    let token = api.new_identity().await?;
    match &connection.token_file {
        Some(path) => token::write(path, &token)?,
        None => store?.save(api.server(), &token).map(drop)?,
    }
    print_line(&format!("{}", token.identity()))
}
