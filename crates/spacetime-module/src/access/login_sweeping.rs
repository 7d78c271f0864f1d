//! Removal of what lapsed: tickets, throttles and logins. Nothing depends on when it happens.

use spacetimedb::TimeDuration;

use crate::*;

/// How many rows of each kind one run removes.
const SWEPT_PER_RUN_MAX: usize = 500;
const SWEEP_INTERVAL_MICROS: i64 = 10 * 60 * 1_000_000;

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
}

/// Removes what lapsed. Run by the schedule, every ten minutes.
///
/// Errors: `forbidden` for every caller but the engine.
#[reducer]
pub fn sweep_logins(ctx: &ReducerContext, timer: LoginSweep) -> Result<(), DomainError> {
    guard(ctx, Admits::Engine, None)?;
    ctx.db.login_sweep().scheduled_id().delete(timer.scheduled_id);
    let now = ctx.timestamp;
    let tickets: Vec<_> = ctx.db.login_ticket().expires_at().filter(..now).take(SWEPT_PER_RUN_MAX).collect();
    for ticket in &tickets {
        ctx.db.login_ticket().ticket_hash().delete(&ticket.ticket_hash);
    }
    let throttles: Vec<_> = ctx.db.login_throttle().ends_at().filter(..now).take(SWEPT_PER_RUN_MAX).collect();
    for throttle in &throttles {
        ctx.db.login_throttle().key().delete(&throttle.key);
    }
    let sessions: Vec<_> = ctx.db.login_session().ends_at().filter(..now).take(SWEPT_PER_RUN_MAX).collect();
    for session in &sessions {
        end_session(ctx, session.session_id);
    }
    let largest = tickets.len().max(throttles.len()).max(sessions.len());
    // A full batch says that there may be more: the next run follows at once.
    schedule_sweep(ctx, if largest == SWEPT_PER_RUN_MAX { 0 } else { SWEEP_INTERVAL_MICROS })
}

/// Has lapsed rows removed from now on. Not by `init`, which a database from before these tables never runs again.
pub(crate) fn ensure_login_sweep(ctx: &ReducerContext) -> Result<(), DomainError> {
    match ctx.db.login_sweep().count() {
        0 => schedule_sweep(ctx, SWEEP_INTERVAL_MICROS),
        _ => Ok(()),
    }
}

fn schedule_sweep(ctx: &ReducerContext, pause_micros: i64) -> Result<(), DomainError> {
    let due = ctx.timestamp.checked_add(TimeDuration::from_micros(pause_micros)).unwrap_or(ctx.timestamp);
    let timer = LoginSweep { scheduled_id: 0, scheduled_at: ScheduleAt::Time(due) };
    ctx.db.login_sweep().try_insert(timer).map_err(|_| DomainError::no_fresh_id())?;
    Ok(())
}
