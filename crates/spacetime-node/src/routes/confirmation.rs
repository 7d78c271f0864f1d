//! Waiting until a transaction is on disk.

use std::time::Duration;

use axum::http::StatusCode;
use spacetimedb_core::host::ModuleHost;
use spacetimedb_core::subscription::module_subscription_manager::TransactionOffset;

use super::call::module_gone;
use crate::error::ApiError;

/// How long a confirmed answer waits for the disk.
const CONFIRMATION_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns once a transaction is on disk; at once in a database that is kept in memory.
pub(super) async fn wait_until_durable(module: &ModuleHost, offset: TransactionOffset) -> Result<(), ApiError> {
    let Some(mut durable) = module.durable_tx_offset() else { return Ok(()) };
    let confirmed = async {
        let offset = offset.await.map_err(|_| module_gone())?;
        durable.wait_for(offset).await.map_err(|_| module_gone())
    };
    match tokio::time::timeout(CONFIRMATION_TIMEOUT, confirmed).await {
        Ok(confirmed) => confirmed.map(drop),
        Err(_) => {
            let sentence = "The transaction was committed but is not yet confirmed on disk.";
            Err(ApiError::new(StatusCode::GATEWAY_TIMEOUT, "confirmation_late", sentence))
        }
    }
}
