//! Names that are awkward somewhere: keywords, camel case, wire names of their own.

#![expect(non_snake_case, reason = "the names on the wire, in snake case, are keywords or differ from these")]

use spacetimedb::{ProcedureContext, ReducerContext, SpacetimeType, Table, procedure, reducer, table};

/// A badge; on the wire the table is `WireBadge`.
#[table(accessor = badge, name = "WireBadge", public)]
pub struct Badge {
    #[primary_key]
    pub badgeNumber: u32,
    #[unique]
    pub ownerName: String,
    pub Type: BadgeKind,
    pub new: bool,
}

/// A plain enum whose variants are reserved words in some language.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadgeKind {
    Default,
    Async,
    Function,
}

/// A table and columns named by keywords of Rust and TypeScript.
#[table(accessor = Type, name = "type", public)]
pub struct Keyword {
    #[primary_key]
    pub Fn: u32,
    #[index(btree)]
    pub class: String,
    pub Match: Option<String>,
}

/// A type whose wire name is not its Rust name.
#[derive(SpacetimeType, Clone, Debug)]
#[sats(name = "BadgeCard")]
pub struct Card {
    pub number: u32,
    pub owner: String,
    pub kind: BadgeKind,
}

/// Inserts a badge; on the wire the reducer is `PinBadge`.
#[reducer(name = "PinBadge")]
pub fn pin_badge(ctx: &ReducerContext, badgeNumber: u32, ownerName: String, Type: BadgeKind) -> Result<(), String> {
    let badge = Badge { badgeNumber, ownerName, Type, new: true };
    ctx.db.badge().try_insert(badge).map(|_| ()).map_err(|error| error.to_string())
}

/// Inserts or replaces a row of the table `type`; on the wire the reducer is `match`.
#[reducer]
pub fn Match(ctx: &ReducerContext, Fn: u32, class: String, Let: Option<String>) {
    let row = Keyword { Fn, class, Match: Let };
    match ctx.db.Type().Fn().find(Fn) {
        Some(_) => ctx.db.Type().Fn().update(row),
        None => ctx.db.Type().insert(row),
    };
}

/// Deletes a row of the table `type`; the name is reserved in TypeScript.
#[reducer]
pub fn delete(ctx: &ReducerContext, Fn: u32) {
    ctx.db.Type().Fn().delete(Fn);
}

/// The card for a badge; on the wire the procedure is `WireLookup`.
#[procedure(name = "WireLookup")]
pub fn lookup_badge(ctx: &mut ProcedureContext, number: u32) -> Option<Card> {
    ctx.with_tx(|tx| {
        let badge = tx.db.badge().badgeNumber().find(number)?;
        Some(Card { number: badge.badgeNumber, owner: badge.ownerName, kind: badge.Type })
    })
}
