//! Ticks: one timer per running run, set anew by each tick.
//!
//! The chance of a tick is drawn when it runs, not when the run begins: the engine derives randomness
//! from the time of a call, and that of the beginning is in the run's row, from which a client could
//! tell everything that will come.

use module_big_fish::{Outcome, RunStatus};

use crate::*;

/// Lets a run's waters go on by one tick. Run by the schedule, ten times a second per running
/// run. Pauses the run instead if its player is away.
///
/// Errors: `forbidden` for every caller but the engine.
#[reducer]
pub fn tick_big_fish_run(ctx: &ReducerContext, timer: BigFishTick) -> Result<(), DomainError> {
    guard(ctx, Admits::Engine, None)?;
    // With its own timer go any others of the run: it never has two. It also spares the engine
    // a second transaction to remove the timer.
    cancel_big_fish_ticks(ctx, timer.run_id);
    let (Some(run), Some(waters), Some(control)) = (
        ctx.db.big_fish_run().run_id().find(timer.run_id),
        ctx.db.big_fish_run_waters().run_id().find(timer.run_id),
        ctx.db.big_fish_run_control().run_id().find(timer.run_id),
    ) else {
        return Ok(());
    };
    if RunStatus::from(run.status) != RunStatus::Running {
        return Ok(());
    }
    if ctx.timestamp < waters.next_tick_at {
        return schedule_big_fish_tick(ctx, run.run_id, waters.next_tick_at);
    }
    let (seen_at, now) = (control.seen_at.to_micros_since_unix_epoch(), ctx.timestamp.to_micros_since_unix_epoch());
    if module_big_fish::is_absent(seen_at, now) {
        return store_big_fish_run_status(ctx, run, BigFishRunStatus::Paused).map(drop);
    }
    advance_waters(ctx, run, waters, &control)
}

fn advance_waters(
    ctx: &ReducerContext,
    run: BigFishRun,
    waters: BigFishRunWaters,
    control: &BigFishRunControl,
) -> Result<(), DomainError> {
    let bodies = big_fish_rule_bodies(&run.bodies);
    let seed = control.seed ^ ctx.random::<u64>();
    let (next, outcome) = module_big_fish::tick(&bodies, &waters.as_rule(), control.heading.into(), seed);
    let next_tick_at = next_tick_after(waters.next_tick_at, ctx.timestamp);
    let waters = BigFishRunWaters { next_tick_at, ..waters }.holding(next);
    ctx.db.big_fish_run_waters().run_id().update(waters);
    let status = match outcome {
        Outcome::Swimming => return schedule_big_fish_tick(ctx, run.run_id, next_tick_at),
        Outcome::Victory => BigFishRunStatus::Victory,
        Outcome::Defeat => BigFishRunStatus::Defeat,
    };
    module_big_fish::transition_run(run.status.into(), status.into())?;
    store_big_fish_run_status(ctx, run, status).map(drop)
}

/// When to tick after a tick that was due at `due` and ran at `now`.
pub(crate) fn next_tick_after(due: Timestamp, now: Timestamp) -> Timestamp {
    let next = module_big_fish::next_due(due.to_micros_since_unix_epoch(), now.to_micros_since_unix_epoch());
    Timestamp::from_micros_since_unix_epoch(next)
}

/// Sets the timer of a run that has none.
pub(crate) fn schedule_big_fish_tick(ctx: &ReducerContext, run_id: Uuid, due: Timestamp) -> Result<(), DomainError> {
    let timer = BigFishTick { scheduled_id: 0, scheduled_at: ScheduleAt::Time(due), run_id };
    ctx.db.big_fish_tick().try_insert(timer).map_err(|_| DomainError::no_fresh_id())?;
    Ok(())
}

/// Sets the timer of a running run if it has none. Ticks set their own; this is for a run whose
/// last tick the engine gave up, which would otherwise stand still for good.
pub(crate) fn keep_big_fish_run_ticking(ctx: &ReducerContext, run_id: Uuid) -> Result<(), DomainError> {
    match ctx.db.big_fish_tick().run_id().filter(run_id).next() {
        Some(_) => Ok(()),
        None => schedule_big_fish_tick(ctx, run_id, next_tick_after(ctx.timestamp, ctx.timestamp)),
    }
}

/// Removes the timer of a run.
pub(crate) fn cancel_big_fish_ticks(ctx: &ReducerContext, run_id: Uuid) {
    ctx.db.big_fish_tick().run_id().delete(run_id);
}
