//! Remembered requests.

use spacetime_module::*;
use spacetimedb::{Identity, ScheduleAt};

use super::said;
use crate::world::{Actor, World};

pub fn outcome(world: &World, name: &str, caller: Actor, _named: Option<Identity>) -> Option<String> {
    let timer = || RequestForgetting { scheduled_id: 0, scheduled_at: ScheduleAt::Time(world.now()) };
    match name {
        "forget_outdated_requests" => Some(said(world.reduce(caller, |ctx| forget_outdated_requests(ctx, timer())))),
        _ => None,
    }
}
