//! The second version of `tally-v1`'s schema: one more column, with a default for old rows.

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
    /// The size of a step.
    #[default(10)]
    pub step: u64,
}

/// Counts something one step further.
#[reducer]
pub fn count(ctx: &ReducerContext, name: String) {
    let tallies = ctx.db.tally();
    match tallies.name().find(&name) {
        Some(tally) => drop(tallies.name().update(Tally { count: tally.count + tally.step, ..tally })),
        None => drop(tallies.insert(Tally { name, count: 1, step: 1 })),
    }
}
