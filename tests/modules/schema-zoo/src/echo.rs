//! Arguments of every type, stored as they arrived or sent straight back.
//!
//! The engine takes types that contain themselves as arguments and return values only; a column
//! must have a type of known depth.

use spacetimedb::sats::{i256, u256};
use spacetimedb::{Identity, ProcedureContext, ReducerContext, SpacetimeType, Table, procedure, reducer, table};

use crate::types::{Choice, Collections, FamilyTree, Formula, Scalars, Specials};

/// What one call of [`echo_all_types`] said, but for the types that contain themselves.
#[table(accessor = echo, public)]
pub struct Echo {
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    #[index(btree)]
    pub sender: Identity,
    pub scalars: Scalars,
    pub specials: Specials,
    pub collections: Collections,
    pub choices: Vec<Choice>,
}

/// One value of every type that a schema can describe.
#[derive(SpacetimeType, Clone, Debug)]
pub struct Everything {
    pub scalars: Scalars,
    pub specials: Specials,
    pub collections: Collections,
    pub choices: Vec<Choice>,
    pub family: FamilyTree,
    pub formula: Formula,
}

/// Stores its argument as a row of `echo`.
#[reducer]
pub fn echo_all_types(ctx: &ReducerContext, everything: Everything) {
    let Everything { scalars, specials, collections, choices, .. } = everything;
    ctx.db.echo().insert(Echo { id: 0, sender: ctx.sender(), scalars, specials, collections, choices });
}

/// Logs every scalar, each an argument of its own.
#[reducer]
#[expect(clippy::too_many_arguments, reason = "one argument for every scalar type")]
pub fn echo_scalars(
    _ctx: &ReducerContext,
    flag: bool,
    unsigned_8: u8,
    unsigned_16: u16,
    unsigned_32: u32,
    unsigned_64: u64,
    unsigned_128: u128,
    unsigned_256: u256,
    signed_8: i8,
    signed_16: i16,
    signed_32: i32,
    signed_64: i64,
    signed_128: i128,
    signed_256: i256,
    float_32: f32,
    float_64: f64,
    text: String,
) {
    log::info!(
        "{flag} {unsigned_8} {unsigned_16} {unsigned_32} {unsigned_64} {unsigned_128} {unsigned_256} \
         {signed_8} {signed_16} {signed_32} {signed_64} {signed_128} {signed_256} {float_32} {float_64} {text}"
    );
}

/// Returns its argument.
#[procedure]
pub fn echo_back(_ctx: &mut ProcedureContext, everything: Everything) -> Everything {
    everything
}
