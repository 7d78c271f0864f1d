//! `publish`: creates a database from a module, or moves an existing one to a new module.

use std::path::PathBuf;

use clap::ValueEnum;
use spacetimedb_client_api_messages::name::{
    PrePublishAutoMigrateResult, PrePublishManualMigrateResult, PrePublishResult, PublishOp, is_identity,
    parse_domain_name,
};

use super::api::{Api, Publication, Published, Takeover, root_cause};
use super::confirm::{ADD_YES, Consent, confirm};
use super::connection::ConnectionArgs;
use super::environment::Environment;
use super::error::CliError;
use super::module_file::ModuleFile;
use super::terminal::{note, print_line, printable};

/// Parts of a name have at most 64 characters each; no server nests them deeper than this allows.
const NAME_BYTES_MAX: usize = 512;

/// Arguments of `publish`.
#[derive(Debug, clap::Args)]
pub struct PublishArgs {
    /// Name or identity of the database; without one, a new nameless database is made
    name: Option<String>,
    /// The compiled module
    #[arg(long = "bin-path", short, value_name = "WASM")]
    bin_path: PathBuf,
    /// Delete all data of an existing database first: always, or only when it cannot be migrated
    #[arg(
        long = "delete-data",
        visible_alias = "clear-database",
        short = 'c',
        value_enum,
        value_name = "WHEN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "always",
        default_value = "never"
    )]
    clear: ClearMode,
    /// Allow a migration that disconnects clients
    #[arg(long)]
    break_clients: bool,
    /// Set an environment variable of the module; KEY alone passes on your own variable
    #[arg(long, value_name = "KEY=VALUE")]
    env: Vec<String>,
    /// Remove a stored environment variable, or all of them with `*`
    #[arg(long, value_name = "KEY")]
    env_remove: Vec<String>,
    /// How many replicas to ask for
    #[arg(long, hide = true)]
    num_replicas: Option<u8>,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// When existing data is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ClearMode {
    Always,
    OnConflict,
    Never,
}

/// Runs `publish`.
pub async fn run(args: PublishArgs) -> Result<(), CliError> {
    args.name.as_deref().map(check_name).transpose()?;
    let environment = Environment::parse(&args.env, &args.env_remove, |key| std::env::var(key).ok())?;
    let module = ModuleFile::open(&args.bin_path).await?;
    let api = args.connection.connect().await?;
    let takeover = match &args.name {
        Some(name) => plan(&api, &args, name, &module).await?,
        None => Takeover::Compatible,
    };
    let publication = Publication {
        database: args.name.as_deref(),
        module: &module,
        takeover,
        environment: &environment,
        num_replicas: args.num_replicas,
    };
    report(&api.publish(&publication).await?)
}

/// Refuses what can be no database before anything is sent: a name such as `..` would be another URL.
pub fn check_name(name: &str) -> Result<(), CliError> {
    let invalid = |reason: String| CliError::InvalidDatabaseName { name: name.chars().take(100).collect(), reason };
    if name.len() > NAME_BYTES_MAX {
        return Err(invalid(format!("it has {} bytes, the limit is {NAME_BYTES_MAX}", name.len())));
    }
    if name.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(invalid("it is a relative path".to_owned()));
    }
    if is_identity(name) {
        return Ok(());
    }
    parse_domain_name(name).map(drop).map_err(|cause| invalid(root_cause(&cause)))
}

/// Finds out what the publication does to an existing database, and asks where it hurts.
async fn plan(api: &Api, args: &PublishArgs, name: &str, module: &ModuleFile) -> Result<Takeover, CliError> {
    let consent = args.connection.consent();
    if args.clear == ClearMode::Always {
        if api.find_database(name).await?.is_some() {
            confirm_clear(name, consent)?;
        }
        return Ok(Takeover::Clear);
    }
    match api.pre_publish(name, module).await? {
        None => Ok(Takeover::Compatible),
        Some(PrePublishResult::AutoMigrate(migration)) => automatic(&migration, name, args.break_clients, consent),
        Some(PrePublishResult::ManualMigrate(migration)) => manual(migration, name, args.clear, consent),
    }
}

fn automatic(
    migration: &PrePublishAutoMigrateResult,
    name: &str,
    break_clients: bool,
    consent: Consent,
) -> Result<Takeover, CliError> {
    confirm_major_upgrade(migration.major_version_upgrade)?;
    if !migration.migrate_plan.trim().is_empty() {
        note(migration.migrate_plan.trim_end());
    }
    if !migration.break_clients {
        return Ok(Takeover::Compatible);
    }
    let consent = if break_clients { Consent::Given } else { consent };
    let question = format!("This migration of `{name}` disconnects all clients, and old clients may not work with it.");
    confirm(&question, consent, "add --break-clients to go on")?;
    Ok(Takeover::BreakClients(migration.token.to_hex().to_string()))
}

fn manual(
    migration: PrePublishManualMigrateResult,
    name: &str,
    clear: ClearMode,
    consent: Consent,
) -> Result<Takeover, CliError> {
    confirm_major_upgrade(migration.major_version_upgrade)?;
    if clear != ClearMode::OnConflict {
        return Err(CliError::ManualMigration(migration.reason.trim().to_owned()));
    }
    note(&format!("`{name}` cannot be migrated: {}", printable(migration.reason.trim())));
    confirm_clear(name, consent)?;
    Ok(Takeover::Clear)
}

fn confirm_clear(name: &str, consent: Consent) -> Result<(), CliError> {
    confirm(&format!("This deletes all data of `{name}`."), consent, ADD_YES)
}

/// There is no way back from it, so `--yes` does not cover it.
fn confirm_major_upgrade(is_major: bool) -> Result<(), CliError> {
    if !is_major {
        return Ok(());
    }
    confirm(
        "This moves the database from version 1 to version 2 for ever.",
        Consent::Needed,
        "run the command at a terminal",
    )
}

fn report(published: &Published) -> Result<(), CliError> {
    let done = match published.op {
        PublishOp::Created => "Created",
        PublishOp::Updated => "Updated",
    };
    match &published.name {
        Some(name) => print_line(&format!("{done} database {name} with identity {}", published.identity)),
        None => print_line(&format!("{done} database with identity {}", published.identity)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use spacetimedb_lib::Hash;

    use super::*;

    fn migration(break_clients: bool) -> PrePublishAutoMigrateResult {
        PrePublishAutoMigrateResult {
            migrate_plan: "".into(),
            break_clients,
            token: Hash::from_byte_array([0xab; 32]),
            major_version_upgrade: false,
        }
    }

    #[test]
    fn names_are_checked_before_they_travel() {
        for name in ["quest", "quest-2", "c200b8ff5e2a6fe4f0b0ae6bdd2bbd1c94d6ae2e5a1ccd9adf1bd8c0bd4e4bb0"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "..", ".", "/", "a//b", "a/../b", &"x".repeat(10_000)] {
            let error = check_name(name).unwrap_err().to_string();
            assert!(error.contains("is no database name") && error.len() < 500, "{error}");
        }
    }

    #[test]
    fn compatible_migrations_need_no_consent() {
        let takeover = automatic(&migration(false), "quest", false, Consent::Needed).unwrap();
        assert_eq!(takeover, Takeover::Compatible);
    }

    #[test]
    fn breaking_clients_takes_consent_and_the_plans_token() {
        let expected = Takeover::BreakClients("ab".repeat(32));
        assert_eq!(automatic(&migration(true), "quest", true, Consent::Needed).unwrap(), expected);
        assert_eq!(automatic(&migration(true), "quest", false, Consent::Given).unwrap(), expected);
    }

    #[test]
    fn data_is_deleted_only_where_the_flag_says_so() {
        let reason = || PrePublishManualMigrateResult { reason: "column gone".into(), major_version_upgrade: false };
        let refused = manual(reason(), "quest", ClearMode::Never, Consent::Given).unwrap_err();
        assert!(refused.to_string().contains("column gone"));
        assert_eq!(manual(reason(), "quest", ClearMode::OnConflict, Consent::Given).unwrap(), Takeover::Clear);
    }
}
