//! The Worldloom game module: tables, reducers, procedures and views, embedded in SpacetimeDB.
//!
//! Each domain has its folder; its rules live in a `module-*` crate that knows nothing of the
//! engine. An entry point guards itself, calls one helper of its domain, and the helper loads
//! by index, asks the rules and stores. Nothing here does input or output.
//!
//! - [`entry`]: what happens when the database is first published.
//! - [`domain_types`]: types that several domains share, first of all [`DomainError`].
//! - [`access`]: roles, and the guard that stands at the top of every entry point.
//! - [`requests`]: requests that may be repeated under an idempotency key.
//! - [`asset_metadata`]: asset objects and their bindings to entities.
//! - [`runtime`]: what a player keeps between plays.
//! - [`custom_world`]: making, publishing and finding worlds.
//! - [`gameplay`]: playing a world.
//! - [`ai`]: generation tasks, which the facade works on.
//! - [`big_fish`], [`puzzle`]: two further games that players make.

#![expect(missing_docs, reason = "the engine's macros make a public type per function that cannot carry docs")]

use module_access::{Admits, Origin, Role, RoleSet};
use module_rules::RuleError;
use spacetimedb::{
    Identity, ProcedureContext, ReducerContext, ScheduleAt, SpacetimeType, Table, Timestamp, Uuid, ViewContext,
    procedure, reducer, table, view,
};

pub mod access;
pub mod ai;
pub mod asset_metadata;
pub mod big_fish;
pub mod custom_world;
pub mod domain_types;
pub mod entry;
pub mod front_page;
pub mod gameplay;
mod order;
pub mod puzzle;
pub mod requests;
pub mod runtime;

pub use access::*;
pub use ai::*;
pub use asset_metadata::*;
pub use big_fish::*;
pub use custom_world::*;
pub use domain_types::*;
pub use entry::*;
pub use front_page::*;
pub use gameplay::*;
pub use puzzle::*;
pub use requests::*;
pub use runtime::*;

use order::{ascending, descending, time_place};

const FRESH_ID_ATTEMPTS: usize = 8;

/// A UUIDv7 that no row has, as `is_taken` sees it.
///
/// The engine seeds the randomness of an id from the call's timestamp, so two calls within one
/// microsecond draw the same one. Only the counter of the later call tells them apart.
fn fresh_id(ctx: &ReducerContext, is_taken: impl Fn(Uuid) -> bool) -> Result<Uuid, DomainError> {
    for _ in 0..FRESH_ID_ATTEMPTS {
        let id = ctx.new_uuid_v7().map_err(|_| DomainError::no_fresh_id())?;
        if !is_taken(id) {
            return Ok(id);
        }
    }
    Err(DomainError::no_fresh_id())
}
