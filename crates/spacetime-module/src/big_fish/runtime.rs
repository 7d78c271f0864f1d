//! Runs: beginning, steering, pausing and ending one. What happens in between are ticks.

mod ticks;

pub use ticks::*;

use module_big_fish::{Body, Heading, RunStatus, Step};

use crate::*;

/// A run to begin.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishRunRequest {
    /// Chosen by the caller, unique per player: the same request again has the same result.
    pub idempotency_key: String,
    /// The game, whose newest version is played.
    pub game_id: Uuid,
}

/// Where to steer a run.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishSteering {
    /// The run.
    pub run_id: Uuid,
    /// The new heading. Sending the same again shows that the player is there.
    pub heading: BigFishHeading,
}

/// Begins a run for the sender.
///
/// Errors: as [`start_big_fish_run_and_return`].
#[reducer]
pub fn start_big_fish_run(ctx: &ReducerContext, request: BigFishRunRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    start_run(ctx, &caller, &request).map(drop)
}

/// Steers the sender's run.
///
/// Errors: as [`steer_big_fish_run_and_return`].
#[reducer]
pub fn steer_big_fish_run(ctx: &ReducerContext, request: BigFishSteering) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    steer_run(ctx, &caller, &request).map(drop)
}

/// Pauses the sender's run.
///
/// Errors: as [`pause_big_fish_run_and_return`].
#[reducer]
pub fn pause_big_fish_run(ctx: &ReducerContext, run_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    move_run(ctx, &caller, run_id, BigFishRunStatus::Paused).map(drop)
}

/// Lets the sender's paused run go on.
///
/// Errors: as [`resume_big_fish_run_and_return`].
#[reducer]
pub fn resume_big_fish_run(ctx: &ReducerContext, run_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    move_run(ctx, &caller, run_id, BigFishRunStatus::Running).map(drop)
}

/// Gives up the sender's run.
///
/// Errors: as [`abandon_big_fish_run_and_return`].
#[reducer]
pub fn abandon_big_fish_run(ctx: &ReducerContext, run_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    move_run(ctx, &caller, run_id, BigFishRunStatus::Abandoned).map(drop)
}

/// Begins a run of a published game and returns it. Its first tick is due a tenth of a second
/// later. Beyond 50 runs the player's oldest is forgotten.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument`; `limit_exceeded`, also if the player has a run that is not over;
/// `not_found`, also for a game that is not published or a repeated request whose run is
/// forgotten; `conflict` if the game is the player's own and not published, or the idempotency
/// key was used for another request.
#[procedure]
pub fn start_big_fish_run_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BigFishRunRequest,
) -> Result<BigFishRun, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        start_run(tx, &caller, &request)
    })
}

/// Steers a running run and returns it. A player who has not steered for five seconds is away:
/// the run pauses then.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument` for a heading out of range; `not_found`; `conflict` unless the run is
/// running.
#[procedure]
pub fn steer_big_fish_run_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BigFishSteering,
) -> Result<BigFishRun, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        steer_run(tx, &caller, &request)
    })
}

/// Pauses a run and returns it; pausing again changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`; `illegal_transition` if the run is over.
#[procedure]
pub fn pause_big_fish_run_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    run_id: Uuid,
) -> Result<BigFishRun, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        move_run(tx, &caller, run_id, BigFishRunStatus::Paused)
    })
}

/// Lets a paused run go on, with the heading it had, and returns it; resuming a running one
/// changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`; `illegal_transition` if the run is over.
#[procedure]
pub fn resume_big_fish_run_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    run_id: Uuid,
) -> Result<BigFishRun, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        move_run(tx, &caller, run_id, BigFishRunStatus::Running)
    })
}

/// Gives up a run, running or paused, and returns it; giving up again changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`; `illegal_transition` if the run is won or lost.
#[procedure]
pub fn abandon_big_fish_run_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    run_id: Uuid,
) -> Result<BigFishRun, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        move_run(tx, &caller, run_id, BigFishRunStatus::Abandoned)
    })
}

/// The sender's own runs, newest 50.
#[view(accessor = my_runs, public, primary_key = run_id)]
pub fn my_runs(ctx: &ViewContext) -> Vec<BigFishRun> {
    ctx.db.big_fish_run().owner().filter(ctx.sender()).collect()
}

/// What swims in the sender's run that is not over; one row at most.
#[view(accessor = my_run_entities, public, primary_key = run_id)]
pub fn my_run_entities(ctx: &ViewContext) -> Option<BigFishRunWaters> {
    ctx.db.big_fish_run_waters().owner().find(ctx.sender())
}

fn start_run(ctx: &ReducerContext, caller: &Caller, request: &BigFishRunRequest) -> Result<BigFishRun, DomainError> {
    let replayable = Replayable::new(caller.player, "start_big_fish_run", &request.idempotency_key, request)?;
    if let Some(run_id) = replayable.first_result(ctx)? {
        return own_run(ctx, caller, run_id);
    }
    let game = find_big_fish_game(ctx, request.game_id)?;
    module_big_fish::check_startable(game.status.into(), &game.owner, &caller.player)?;
    let active = ctx.db.big_fish_run_control().owner().find(caller.player);
    module_big_fish::check_active_runs(u64::from(active.is_some()))?;
    let version = find_big_fish_version(ctx, game.version_id)?;
    forget_oldest_runs(ctx, caller.player);
    let run = insert_run(ctx, caller.player, &version)?;
    if game.owner != caller.player {
        count_big_fish_play(ctx, game);
    }
    replayable.remember(ctx, run.run_id)?;
    Ok(run)
}

fn insert_run(ctx: &ReducerContext, owner: Identity, version: &BigFishGameVersion) -> Result<BigFishRun, DomainError> {
    let runs = ctx.db.big_fish_run();
    let mut bodies = Vec::with_capacity(version.levels.len());
    for published in &version.levels {
        let BigFishLevel { size_milli, speed_milli, .. } = published.level;
        bodies.push(BigFishBody { size_milli, speed_milli });
    }
    let seed = ctx.random();
    let run_id = fresh_id(ctx, |id| runs.run_id().find(id).is_some())?;
    let next_tick_at = next_tick_after(ctx.timestamp, ctx.timestamp);
    let waters = module_big_fish::first_waters(&big_fish_rule_bodies(&bodies), seed);
    let run = BigFishRun {
        run_id,
        owner,
        game_id: version.game_id,
        version_id: version.version_id,
        status: BigFishRunStatus::Running,
        bodies,
        best_level: waters.best_level,
        eaten: 0,
        merged: 0,
        ticks: 0,
        started_at: ctx.timestamp,
        changed_at: ctx.timestamp,
    };
    let heading = BigFishHeading { x_milli: 0, y_milli: 0 };
    let control = BigFishRunControl { run_id, owner, seed, heading, seen_at: ctx.timestamp };
    let empty = BigFishRunWaters {
        run_id,
        owner,
        tick: 0,
        next_tick_at,
        next_fish_id: 0,
        food: 0,
        eaten: 0,
        merged: 0,
        best_level: 0,
        fish: Vec::new(),
    };
    ctx.db.big_fish_run_control().try_insert(control).map_err(|_| DomainError::no_fresh_id())?;
    ctx.db.big_fish_run_waters().try_insert(empty.holding(waters)).map_err(|_| DomainError::no_fresh_id())?;
    schedule_big_fish_tick(ctx, run_id, next_tick_at)?;
    runs.try_insert(run).map_err(|_| DomainError::no_fresh_id())
}

/// Makes room for one more run. Only runs that are over are here: another one is not begun.
fn forget_oldest_runs(ctx: &ReducerContext, owner: Identity) {
    let mut kept: Vec<_> =
        ctx.db.big_fish_run().owner().filter(owner).map(|run| (run.started_at, run.run_id)).collect();
    kept.sort_unstable();
    let forgotten = module_big_fish::runs_to_forget(kept.len());
    for (_, run_id) in kept.into_iter().take(forgotten) {
        ctx.db.big_fish_run().run_id().delete(run_id);
    }
}

fn steer_run(ctx: &ReducerContext, caller: &Caller, request: &BigFishSteering) -> Result<BigFishRun, DomainError> {
    let heading = Heading::from(request.heading);
    heading.check()?;
    let run = own_run(ctx, caller, request.run_id)?;
    module_big_fish::check_running(run.status.into())?;
    let controls = ctx.db.big_fish_run_control();
    let control = controls.run_id().find(run.run_id).ok_or(RuleError::Hidden { what: "run" })?;
    let (seen_at, now) = (control.seen_at.to_micros_since_unix_epoch(), ctx.timestamp.to_micros_since_unix_epoch());
    if !module_big_fish::is_steering_noted(control.heading.into(), seen_at, heading, now) {
        // Nobody knows to the microsecond when a call comes, so each adds to what the server alone knows.
        let seed = control.seed ^ ctx.random::<u64>();
        controls.run_id().update(BigFishRunControl {
            seed,
            heading: request.heading,
            seen_at: ctx.timestamp,
            ..control
        });
        keep_big_fish_run_ticking(ctx, run.run_id)?;
    }
    Ok(run)
}

/// Moves the caller's own run to a status that a player may ask for.
fn move_run(
    ctx: &ReducerContext,
    caller: &Caller,
    run_id: Uuid,
    status: BigFishRunStatus,
) -> Result<BigFishRun, DomainError> {
    let run = own_run(ctx, caller, run_id)?;
    match module_big_fish::transition_run(run.status.into(), status.into())? {
        Step::Already => Ok(run),
        Step::Moved => store_big_fish_run_status(ctx, run, status),
    }
}

/// Stores a step of a run that the rules allow, with the counts as they are now, and has ticks
/// begin or end with it. What only a run that goes on needs is removed with its end.
pub(crate) fn store_big_fish_run_status(
    ctx: &ReducerContext,
    run: BigFishRun,
    status: BigFishRunStatus,
) -> Result<BigFishRun, DomainError> {
    let (waters, controls) = (ctx.db.big_fish_run_waters(), ctx.db.big_fish_run_control());
    let run_id = run.run_id;
    let present = waters.run_id().find(run_id).ok_or(RuleError::Hidden { what: "run" })?;
    let run = BigFishRun {
        status,
        best_level: present.best_level,
        eaten: present.eaten,
        merged: present.merged,
        ticks: present.tick,
        changed_at: ctx.timestamp,
        ..run
    };
    cancel_big_fish_ticks(ctx, run_id);
    match RunStatus::from(status) {
        RunStatus::Running => {
            let next_tick_at = next_tick_after(ctx.timestamp, ctx.timestamp);
            let control = controls.run_id().find(run_id).ok_or(RuleError::Hidden { what: "run" })?;
            controls.run_id().update(BigFishRunControl { seen_at: ctx.timestamp, ..control });
            waters.run_id().update(BigFishRunWaters { next_tick_at, ..present });
            schedule_big_fish_tick(ctx, run_id, next_tick_at)?;
        }
        RunStatus::Paused => {}
        RunStatus::Victory | RunStatus::Defeat | RunStatus::Abandoned => {
            waters.run_id().delete(run_id);
            controls.run_id().delete(run_id);
        }
    }
    Ok(ctx.db.big_fish_run().run_id().update(run))
}

/// What the levels of a run are to the rules.
pub(crate) fn big_fish_rule_bodies(bodies: &[BigFishBody]) -> Vec<Body> {
    let mut rules = Vec::with_capacity(bodies.len());
    for body in bodies {
        rules.push(Body::from(*body));
    }
    rules
}

fn own_run(ctx: &ReducerContext, caller: &Caller, run_id: Uuid) -> Result<BigFishRun, DomainError> {
    let run = ctx.db.big_fish_run().run_id().find(run_id).ok_or(RuleError::Hidden { what: "run" })?;
    module_big_fish::check_own("run", &run.owner, &caller.player)?;
    Ok(run)
}
