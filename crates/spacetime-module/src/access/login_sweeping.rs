//! Removal of what lapsed: tickets, throttles and logins. Nothing depends on when it happens.

use spacetimedb::TimeDuration;

use crate::*;

/// How many logins one run ends.
const SESSIONS_PER_RUN_MAX: usize = 500;
const SWEEP_INTERVAL_MICROS: i64 = 60 * 1_000_000;

/// When to remove what lapsed next; one row while there may be something.
#[table(accessor = login_sweep, scheduled(sweep_logins))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSweep {
    /// Number of the timer.
    #[primary_key]
    #[auto_inc]
    pub scheduled_id: u64,
    /// The due time.
    pub scheduled_at: ScheduleAt,
    /// No login is left that ended before.
    pub swept_until: Timestamp,
}

/// Removes what lapsed. Run by the schedule, every minute.
///
/// Errors: `forbidden` for every caller but the engine.
#[reducer]
pub fn sweep_logins(ctx: &ReducerContext, timer: LoginSweep) -> Result<(), DomainError> {
    guard(ctx, Admits::Engine, None)?;
    ctx.db.login_sweep().scheduled_id().delete(timer.scheduled_id);
    let now = ctx.timestamp;
    // The engine deletes a range by itself, which costs far less than rows that come into the module first.
    ctx.db.login_ticket().expires_at().delete(..now);
    ctx.db.login_throttle().ends_at().delete(..now);
    let ended: Vec<_> = ended_sessions(ctx, timer.swept_until).take(SESSIONS_PER_RUN_MAX).collect();
    for session in &ended {
        end_session(ctx, session.session_id);
    }
    match ended.len() {
        // A full batch says that there may be more: the next run follows at once.
        SESSIONS_PER_RUN_MAX => schedule_sweep(ctx, 0, timer.swept_until),
        _ => schedule_sweep(ctx, SWEEP_INTERVAL_MICROS, now),
    }
}

/// The logins that have ended, none of them before `since`. The host reads a whole range before its first row, and
/// after a standstill many may have ended.
fn ended_sessions(ctx: &ReducerContext, since: Timestamp) -> impl Iterator<Item = LoginSession> {
    let (since, now) = (since.to_micros_since_unix_epoch(), ctx.timestamp.to_micros_since_unix_epoch());
    module_rules::widening_spans(since, now.saturating_sub(1)).flat_map(|(from, to)| {
        let instant = Timestamp::from_micros_since_unix_epoch;
        ctx.db.login_session().ends_at().filter(instant(from)..=instant(to))
    })
}

/// Has lapsed rows removed from now on. Not by `init`, which a database from before these tables never runs again.
pub(crate) fn ensure_login_sweep(ctx: &ReducerContext) -> Result<(), DomainError> {
    match ctx.db.login_sweep().count() {
        0 => schedule_sweep(ctx, SWEEP_INTERVAL_MICROS, ctx.timestamp),
        _ => Ok(()),
    }
}

fn schedule_sweep(ctx: &ReducerContext, pause_micros: i64, swept_until: Timestamp) -> Result<(), DomainError> {
    let due = ctx.timestamp.checked_add(TimeDuration::from_micros(pause_micros)).unwrap_or(ctx.timestamp);
    let timer = LoginSweep { scheduled_id: 0, scheduled_at: ScheduleAt::Time(due), swept_until };
    ctx.db.login_sweep().try_insert(timer).map_err(|_| DomainError::no_fresh_id())?;
    Ok(())
}
