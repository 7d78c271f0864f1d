//! Scheduled reducers and procedures, once and at an interval.

use std::time::Duration;

use spacetimedb::{ProcedureContext, ReducerContext, ScheduleAt, Table, Timestamp, procedure, reducer, table};

/// A feeding that is due; [`feed`] records it.
#[table(accessor = feeding, public, scheduled(feed))]
pub struct Feeding {
    #[primary_key]
    #[auto_inc]
    pub scheduled_id: u64,
    pub scheduled_at: ScheduleAt,
    pub animal: String,
}

/// One firing of [`feed`].
#[table(accessor = feeding_record, public)]
pub struct FeedingRecord {
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    #[index(btree)]
    pub animal: String,
    pub feeding: u64,
    pub fed_at: Timestamp,
    pub by_database: bool,
}

/// A patrol that is due; its time is not in the usual column.
#[table(accessor = patrol, private, scheduled(walk_patrol, at = due_at))]
pub struct Patrol {
    #[primary_key]
    #[auto_inc]
    pub patrol_id: u64,
    pub due_at: ScheduleAt,
    pub watchman: String,
}

/// Schedules one feeding after a delay.
#[reducer]
pub fn schedule_feeding(ctx: &ReducerContext, animal: String, delay_milliseconds: u64) {
    let due_at = ctx.timestamp + Duration::from_millis(delay_milliseconds);
    ctx.db.feeding().insert(Feeding { scheduled_id: 0, scheduled_at: due_at.into(), animal });
}

/// Schedules a feeding again and again; [`cancel_feeding`] ends it.
#[reducer]
pub fn schedule_feeding_every(ctx: &ReducerContext, animal: String, interval_milliseconds: u64) -> Result<(), String> {
    if interval_milliseconds == 0 {
        return Err("The interval must be at least 1 ms.".to_owned());
    }
    let interval = Duration::from_millis(interval_milliseconds);
    ctx.db.feeding().insert(Feeding { scheduled_id: 0, scheduled_at: interval.into(), animal });
    Ok(())
}

/// Cancels every feeding of an animal.
#[reducer]
pub fn cancel_feeding(ctx: &ReducerContext, animal: String) {
    for feeding in ctx.db.feeding().iter().filter(|feeding| feeding.animal == animal) {
        ctx.db.feeding().scheduled_id().delete(feeding.scheduled_id);
    }
}

/// Schedules one run of [`walk_patrol`] after a delay.
#[reducer]
pub fn schedule_patrol(ctx: &ReducerContext, watchman: String, delay_milliseconds: u64) {
    let due_at = ctx.timestamp + Duration::from_millis(delay_milliseconds);
    ctx.db.patrol().insert(Patrol { patrol_id: 0, due_at: due_at.into(), watchman });
}

/// Records a due feeding. Private, because a schedule calls it.
#[reducer]
fn feed(ctx: &ReducerContext, feeding: Feeding) {
    ctx.db.feeding_record().insert(FeedingRecord {
        id: 0,
        animal: feeding.animal,
        feeding: feeding.scheduled_id,
        fed_at: ctx.timestamp,
        by_database: ctx.sender_auth().is_internal(),
    });
}

/// Records a due patrol as a feeding of its watchman. Private, because a schedule calls it.
#[procedure]
fn walk_patrol(ctx: &mut ProcedureContext, patrol: Patrol) {
    ctx.with_tx(|tx| {
        tx.db.feeding_record().insert(FeedingRecord {
            id: 0,
            animal: patrol.watchman.clone(),
            feeding: patrol.patrol_id,
            fed_at: tx.timestamp,
            by_database: tx.sender_auth().is_internal(),
        });
    });
}
