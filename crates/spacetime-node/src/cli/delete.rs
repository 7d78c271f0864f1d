//! `delete`: removes a database with all its data.

use super::confirm::{ADD_YES, confirm};
use super::connection::ConnectionArgs;
use super::error::CliError;
use super::publish::check_name;
use super::terminal::print_line;

/// Arguments of `delete`.
#[derive(Debug, clap::Args)]
pub struct DeleteArgs {
    /// Name or identity of the database
    database: String,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Runs `delete`.
pub async fn run(args: DeleteArgs) -> Result<(), CliError> {
    check_name(&args.database)?;
    let api = args.connection.connect().await?;
    // The server calls it a success when there is nothing to delete, which would hide a typing error.
    let Some(identity) = api.find_database(&args.database).await? else {
        return Err(CliError::NoSuchDatabase { database: args.database, server: api.server().to_string() });
    };
    let question = format!("This deletes `{}` ({identity}) on {} with all its data.", args.database, api.server());
    confirm(&question, args.connection.consent(), ADD_YES)?;
    api.delete(&args.database).await?;
    print_line(&format!("Deleted {} with identity {identity}", args.database))
}
