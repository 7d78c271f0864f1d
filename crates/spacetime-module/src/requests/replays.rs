//! What was asked under which idempotency key, and what came of it.

use module_rules::{IDEMPOTENCY_KEY_LIFETIME_MICROS, check_idempotency_key, check_repetition};
use sha2::{Digest, Sha256};
use spacetimedb::{Serialize, TimeDuration, sats::bsatn};

use crate::*;

const FORGETTING_INTERVAL_MICROS: i64 = 60 * 1_000_000;

/// A request that created something.
#[table(
    accessor = request_record,
    index(accessor = by_key, btree(columns = [owner, operation, idempotency_key]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// Number of the record.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The player for whom it was asked.
    pub owner: Identity,
    /// What was asked, such as `transfer_coins`.
    pub operation: String,
    /// Chosen by the caller; the three together are unique.
    pub idempotency_key: String,
    /// SHA-256 of the encoded request.
    pub fingerprint: Vec<u8>,
    /// Id of the row that the request created.
    pub result_id: Uuid,
    /// When it was asked.
    #[index(btree)]
    pub asked_at: Timestamp,
}

/// When to forget outdated records next; one row.
#[table(accessor = request_forgetting, scheduled(forget_outdated_requests))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestForgetting {
    /// Number of the timer.
    #[primary_key]
    #[auto_inc]
    pub scheduled_id: u64,
    /// The due time.
    pub scheduled_at: ScheduleAt,
}

/// Forgets the keys of requests older than 30 days. Run by the schedule, every minute.
///
/// Errors: `forbidden` for every caller but the engine.
#[reducer]
pub fn forget_outdated_requests(ctx: &ReducerContext, timer: RequestForgetting) -> Result<(), DomainError> {
    guard(ctx, Admits::Engine, None)?;
    ctx.db.request_forgetting().scheduled_id().delete(timer.scheduled_id);
    let lifetime = TimeDuration::from_micros(IDEMPOTENCY_KEY_LIFETIME_MICROS);
    let outdated_since = ctx.timestamp.checked_sub(lifetime).unwrap_or(Timestamp::UNIX_EPOCH);
    // The engine deletes the range by itself; rows that come into the module first would cost far
    // more. A run each minute keeps each of them short.
    ctx.db.request_record().asked_at().delete(..outdated_since);
    schedule_forgetting(ctx)
}

/// Has outdated records forgotten from now on, unless that goes on already.
pub(crate) fn start_forgetting_requests(ctx: &ReducerContext) -> Result<(), DomainError> {
    match ctx.db.request_forgetting().count() {
        0 => schedule_forgetting(ctx),
        _ => Ok(()),
    }
}

fn schedule_forgetting(ctx: &ReducerContext) -> Result<(), DomainError> {
    let due = ctx.timestamp.checked_add(TimeDuration::from_micros(FORGETTING_INTERVAL_MICROS)).unwrap_or(ctx.timestamp);
    let timer = RequestForgetting { scheduled_id: 0, scheduled_at: ScheduleAt::Time(due) };
    ctx.db.request_forgetting().try_insert(timer).map_err(|_| DomainError::no_fresh_id())?;
    Ok(())
}

/// A request to create something, on its first or a later arrival.
pub(crate) struct Replayable<'a> {
    /// The player for whom it is asked.
    pub owner: Identity,
    /// What is asked; the entry point's name without its suffix.
    pub operation: &'static str,
    /// Chosen by the caller.
    pub idempotency_key: &'a str,
    fingerprint: [u8; 32],
}

impl<'a> Replayable<'a> {
    /// `request` is everything that the caller chose, the key excepted or not.
    ///
    /// Errors: `invalid_argument` or `limit_exceeded` for the key.
    pub fn new(
        owner: Identity,
        operation: &'static str,
        idempotency_key: &'a str,
        request: &impl Serialize,
    ) -> Result<Self, DomainError> {
        check_idempotency_key(idempotency_key)?;
        let encoded = bsatn::to_vec(request)
            .map_err(|_| DomainError::new(DomainErrorCode::Internal, "The request could not be encoded."))?;
        Ok(Replayable { owner, operation, idempotency_key, fingerprint: Sha256::digest(encoded).into() })
    }

    /// The id of what the first such request created, if this is not the first.
    ///
    /// Errors: `conflict` if another request was sent under this key.
    pub fn first_result(&self, ctx: &ReducerContext) -> Result<Option<Uuid>, DomainError> {
        let place = (self.owner, self.operation, self.idempotency_key);
        let Some(record) = ctx.db.request_record().by_key().filter(place).next() else {
            return Ok(None);
        };
        let first = <[u8; 32]>::try_from(record.fingerprint.as_slice()).unwrap_or_default();
        check_repetition(first, self.fingerprint)?;
        Ok(Some(record.result_id))
    }

    /// Remembers what this first request created.
    pub fn remember(&self, ctx: &ReducerContext, result_id: Uuid) -> Result<(), DomainError> {
        let record = RequestRecord {
            id: 0,
            owner: self.owner,
            operation: self.operation.to_owned(),
            idempotency_key: self.idempotency_key.to_owned(),
            fingerprint: self.fingerprint.to_vec(),
            result_id,
            asked_at: ctx.timestamp,
        };
        ctx.db.request_record().try_insert(record).map_err(|_| DomainError::no_fresh_id())?;
        // A database that was made by an earlier release has never run this one's `init`.
        start_forgetting_requests(ctx)
    }
}
