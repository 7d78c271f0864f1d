//! The first version of a schema. `tally-v2` adds a column at the end of `tally`, which migrates;
//! the way back removes it, which does not.

#![expect(missing_docs, reason = "the engine's macros make a public type per function that cannot carry docs")]

use spacetimedb::{ReducerContext, Table, reducer, table};

/// How often something was counted.
#[table(accessor = tally, public)]
pub struct Tally {
    /// What is counted.
    #[primary_key]
    pub name: String,
    /// How often.
    pub count: u64,
}

/// Counts something once more.
#[reducer]
pub fn count(ctx: &ReducerContext, name: String) {
    let tallies = ctx.db.tally();
    match tallies.name().find(&name) {
        Some(tally) => drop(tallies.name().update(Tally { count: tally.count + 1, ..tally })),
        None => drop(tallies.insert(Tally { name, count: 1 })),
    }
}
