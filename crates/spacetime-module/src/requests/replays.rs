//! What was asked under which idempotency key, and what came of it.

use module_rules::{IDEMPOTENCY_KEY_LIFETIME_MICROS, check_idempotency_key, check_repetition};
use sha2::{Digest, Sha256};
use spacetimedb::sats::{bsatn, u256};
use spacetimedb::{Serialize, TimeDuration};

use crate::*;

const FORGETTING_INTERVAL_MICROS: i64 = 60 * 1_000_000;

/// A request that created something. Rows have one size, without texts: the engine looks for room for a row with a
/// text in one page after the other, which takes the longer the more requests are remembered.
#[table(accessor = request_record)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// SHA-256 of the player for whom it was asked, what was asked, and the key that the caller chose.
    #[primary_key]
    pub place: u256,
    /// SHA-256 of the encoded request.
    pub fingerprint: u256,
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
pub(crate) struct Replayable {
    place: u256,
    fingerprint: u256,
}

impl Replayable {
    /// `operation` is the entry point's name without its suffix, `idempotency_key` the caller's choice, and `request`
    /// everything that the caller chose, the key excepted or not.
    ///
    /// Errors: `invalid_argument` or `limit_exceeded` for the key.
    pub fn new(
        owner: Identity,
        operation: &'static str,
        idempotency_key: &str,
        request: &impl Serialize,
    ) -> Result<Self, DomainError> {
        let request = encoded(request)?;
        Self::of_encoded(owner, operation, idempotency_key, &request)
    }

    /// Apart, so that the module has this only once and not for each type of request.
    fn of_encoded(owner: Identity, operation: &str, key: &str, request: &[u8]) -> Result<Self, DomainError> {
        check_idempotency_key(key)?;
        let place = encoded(&(owner, operation, key))?;
        Ok(Replayable { place: digest(&place), fingerprint: digest(request) })
    }

    /// The id of what the first such request created, if this is not the first.
    ///
    /// Errors: `conflict` if another request was sent under this key.
    pub fn first_result(&self, ctx: &ReducerContext) -> Result<Option<Uuid>, DomainError> {
        let Some(record) = ctx.db.request_record().place().find(self.place) else {
            return Ok(None);
        };
        check_repetition(record.fingerprint, self.fingerprint)?;
        Ok(Some(record.result_id))
    }

    /// Remembers what this first request created.
    pub fn remember(&self, ctx: &ReducerContext, result_id: Uuid) -> Result<(), DomainError> {
        let record =
            RequestRecord { place: self.place, fingerprint: self.fingerprint, result_id, asked_at: ctx.timestamp };
        ctx.db.request_record().try_insert(record).map_err(|_| DomainError::no_fresh_id())?;
        // A database that was made by an earlier release has never run this one's `init`.
        start_forgetting_requests(ctx)
    }
}

fn encoded(value: &impl Serialize) -> Result<Vec<u8>, DomainError> {
    bsatn::to_vec(value).map_err(|_| DomainError::new(DomainErrorCode::Internal, "The request could not be encoded."))
}

fn digest(bytes: &[u8]) -> u256 {
    u256::from_be_bytes(Sha256::digest(bytes).into())
}
