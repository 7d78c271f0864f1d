//! Waiting until a publish is on disk, and what is told when it has come to nothing.

use std::time::Duration;

use axum::http::StatusCode;
use spacetimedb_core::host::UpdateDatabaseResult;
use spacetimedb_schema::auto_migrate::MigrationPolicyError;

use crate::control::DatabaseRecord;
use crate::error::ApiError;
use crate::node::Node;
use crate::reading::read;

/// How long a publish waits for the disk unless told otherwise.
pub const DEFAULT_CONFIRMATION: Duration = Duration::from_secs(5);

pub(super) async fn wait_until_initialised_durably(
    node: &Node,
    record: &DatabaseRecord,
    timeout: Duration,
) -> Result<(), ApiError> {
    let module = node.launch(record).await?;
    let Some(mut durable) = module.durable_tx_offset() else { return Ok(()) };
    let offset =
        read(&module, |database| Ok(database.program_with_tx_offset()?.1)).await.map_err(ApiError::internal)?;
    match tokio::time::timeout(timeout, durable.wait_for(offset)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) => Err(confirmation_lost()),
        Err(_) => Err(confirmation_late()),
    }
}

pub(super) async fn confirm_update(outcome: UpdateDatabaseResult, timeout: Duration) -> Result<(), ApiError> {
    let (tx_offset, durable) = match outcome {
        UpdateDatabaseResult::NoUpdateNeeded => return Ok(()),
        UpdateDatabaseResult::UpdatePerformed { tx_offset, durable_offset }
        | UpdateDatabaseResult::UpdatePerformedWithClientDisconnect { tx_offset, durable_offset } => {
            (tx_offset, durable_offset)
        }
        UpdateDatabaseResult::AutoMigrateError(reasons) => {
            let sentence = format!(
                "The module changes tables in a way that cannot be migrated: {reasons}. \
                 Keep the old columns, or publish with `clear` to drop the data."
            );
            return Err(ApiError::bad_request("migration_refused", sentence));
        }
        UpdateDatabaseResult::ErrorExecutingMigration(cause) => return Err(failed_migration(&cause)),
    };
    let Some(mut durable) = durable else { return Ok(()) };
    let confirmed = async {
        let tx_offset = tx_offset.await.map_err(|_| confirmation_lost())?;
        durable.wait_for(tx_offset).await.map_err(|_| confirmation_lost())
    };
    match tokio::time::timeout(timeout, confirmed).await {
        Ok(confirmed) => confirmed.map(drop),
        Err(_) => Err(confirmation_late()),
    }
}

fn failed_migration(cause: &anyhow::Error) -> ApiError {
    match cause.downcast_ref::<MigrationPolicyError>() {
        Some(MigrationPolicyError::ClientBreakingChangeDisallowed) => {
            let sentence = "The update would disconnect all clients; plan it with `pre_publish`, then publish \
                            with `policy=BreakClients` and the plan's token.";
            ApiError::bad_request("breaks_clients", sentence)
        }
        Some(MigrationPolicyError::InvalidToken) => {
            let sentence = "The migration token belongs to another update; plan this one with `pre_publish`.";
            ApiError::bad_request("invalid_migration_token", sentence)
        }
        _ => ApiError::bad_request("migration_failed", format!("The migration failed and was undone: {cause:#}")),
    }
}

fn confirmation_lost() -> ApiError {
    let sentence =
        "The database stopped before the update was confirmed on disk; look at its state before publishing again.";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "confirmation_lost", sentence)
}

fn confirmation_late() -> ApiError {
    let sentence = "The update is applied but not yet confirmed on disk; a publish waits longer with \
                    `update_confirmation_timeout`.";
    ApiError::new(StatusCode::GATEWAY_TIMEOUT, "confirmation_late", sentence)
}
