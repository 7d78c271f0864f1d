//! From a staged file to a confirmed asset: register the row, place the object, confirm the row.
//!
//! The three steps may each be repeated, so one whose outcome is unknown is tried again. Where the flow ends early
//! nothing is undone by hand: a staged file goes with its owner, and a pending row expires, after which the
//! sweeper removes what lies under its key.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use spacetimedb_sdk::Identity;
use worldloom_client::{
    AssetAccessPolicy, AssetObject, AssetObjectConfirmation, AssetObjectRegistration, AssetStatus, DomainErrorCode,
};

use super::AssetRegistry;
use crate::node_client::CallError;
use crate::objects::{ObjectKey, ObjectStore, StagedObject, StoreError};

/// An upload that has been received in full.
#[derive(Debug)]
pub struct Upload {
    /// Whose it is.
    pub player: Identity,
    /// The client's key for this creation.
    pub idempotency_key: String,
    /// Who may read it.
    pub access_policy: AssetAccessPolicy,
    /// Where it goes.
    pub bucket: String,
    /// Where it goes within the bucket, whatever its bytes are: they have the last word on it.
    pub object_key: ObjectKey,
    /// The bytes.
    pub staged: StagedObject,
}

/// Why an upload did not become an asset.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The module refused, or could not be reached.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The object could not be put in its place.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The idempotency key belongs to an asset that was deleted since.
    #[error("the idempotency key belongs to a deleted asset")]
    Deleted,
}

/// Makes the upload an asset. The answer is durable: the object and the row outlive a crash.
///
/// Run it to its end even if the client has gone: it holds the key's lock and answers the client's next attempt.
pub async fn publish<R: AssetRegistry>(
    registry: &R,
    store: &ObjectStore,
    upload: Upload,
) -> Result<AssetObject, PublishError> {
    let Upload { player, idempotency_key, access_policy, bucket, object_key, staged } = upload;
    let object_key = object_key.for_bytes(&staged.sha256);
    let _held = store.lock(&bucket, &object_key).await;
    let registration = AssetObjectRegistration {
        idempotency_key,
        bucket: bucket.clone(),
        object_key: object_key.as_str().to_owned(),
        content_type: staged.content_type.to_owned(),
        byte_size: staged.byte_size,
        sha_256: staged.sha256.clone(),
        access_policy,
    };
    let row = until_known(|| registry.register(player, registration.clone())).await?;
    if row.status == AssetStatus::Deleted {
        return Err(PublishError::Deleted);
    }
    let confirmation = AssetObjectConfirmation {
        asset_id: row.asset_id,
        content_type: staged.content_type.to_owned(),
        byte_size: staged.byte_size,
        sha_256: staged.sha256.clone(),
    };
    // A repeated upload has the bytes of the first one, which the registration has just compared by
    // hash, so placing it again changes nothing, and heals an object that was lost.
    store.place(staged, &bucket, &object_key).await?;
    let confirmed = until_known(|| registry.confirm(player, confirmation.clone())).await;
    // In a shared store the place may be another upload's by now, which only a look at all rows tells.
    if confirmed.as_ref().is_err_and(is_row_gone) && !store.is_shared() {
        // The registration lapsed before the object was in place. A deleted row never comes back.
        store.remove(&bucket, &object_key).await?;
    }
    Ok(confirmed?)
}

/// Whether a refusal says that the row is deleted or lapsed, or forgotten by now.
fn is_row_gone(error: &CallError) -> bool {
    let CallError::Refused(refusal) = error else { return false };
    matches!(refusal.code, DomainErrorCode::IllegalTransition(_) | DomainErrorCode::NotFound)
}

/// Repeats a call until its outcome is known, for a few seconds at most.
///
/// When the node is away by the last attempt, an earlier one may still have had its effect, so
/// that the outcome stays unknown.
pub(super) async fn until_known<T, F>(call: impl FnMut() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    let delays = ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(1))
        .with_max_times(4);
    let mut lost = None;
    let note_loss = |error: &CallError, _| {
        if let CallError::OutcomeUnknown { procedure } = error {
            lost = Some(*procedure);
        }
    };
    let outcome = call.retry(delays).when(CallError::is_outcome_unknown).notify(note_loss).await;
    match (outcome, lost) {
        (Err(CallError::Unavailable), Some(procedure)) => Err(CallError::OutcomeUnknown { procedure }),
        (outcome, _) => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn outcome_of(mut answers: Vec<CallError>) -> CallError {
        answers.reverse();
        let call = || {
            let answer = answers.pop().unwrap();
            async { Err::<(), _>(answer) }
        };
        until_known(call).await.unwrap_err()
    }

    #[tokio::test]
    async fn an_outcome_stays_unknown_when_the_node_is_away_by_the_next_attempt() {
        let lost = CallError::OutcomeUnknown { procedure: "confirm" };
        assert!(outcome_of(vec![lost, CallError::Unavailable]).await.is_outcome_unknown());
    }

    #[tokio::test]
    async fn a_node_that_was_away_from_the_start_did_nothing() {
        assert!(matches!(outcome_of(vec![CallError::Unavailable]).await, CallError::Unavailable));
    }
}
