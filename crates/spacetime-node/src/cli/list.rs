//! `list`: the databases that belong to the caller.

use futures::{StreamExt, TryStreamExt, stream};
use tabled::builder::Builder;
use tabled::settings::Style;

use super::connection::ConnectionArgs;
use super::error::CliError;
use super::terminal::{print_line, printable};

/// So many look-ups of names run at once.
const LOOKUPS_AT_ONCE: usize = 8;

/// Arguments of `list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Runs `list`.
pub async fn run(args: ListArgs) -> Result<(), CliError> {
    let api = args.connection.connect().await?;
    let owner = match api.identity() {
        Some(identity) => identity,
        // A fresh identity has no databases, but the server has the last word on it.
        None => api.new_identity().await?.identity(),
    };
    let databases = api.databases_of(owner).await?;
    if databases.is_empty() {
        return print_line(&format!("{owner} has no databases on {}", api.server()));
    }
    let named: Vec<_> = stream::iter(databases)
        .map(async |database| Ok::<_, CliError>((api.names_of(database).await?, database)))
        .buffered(LOOKUPS_AT_ONCE)
        .try_collect()
        .await?;
    let mut rows: Vec<[String; 2]> = named
        .into_iter()
        .map(|(names, database)| [printable(&names.join(", ")).into_owned(), database.to_hex().to_string()])
        .collect();
    rows.sort();
    let mut builder = Builder::default();
    builder.push_record(["name", "identity"]);
    rows.into_iter().for_each(|row| builder.push_record(row));
    let mut table = builder.build();
    table.with(Style::psql());
    print_line(&table.to_string())
}
