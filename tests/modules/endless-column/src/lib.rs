//! A module with a column whose type contains itself. The engine knows no layout for it and
//! panics, which must cost the publisher an error and nobody anything else.

#![expect(missing_docs, reason = "the engine's macros make a public type per function that cannot carry docs")]

use spacetimedb::{SpacetimeType, table};

/// A person and all descendants.
#[derive(SpacetimeType)]
pub struct Person {
    /// What the person is called.
    pub name: String,
    /// The person's children.
    pub children: Vec<Person>,
}

/// A table that cannot be.
#[table(accessor = ancestor, public)]
pub struct Ancestor {
    /// Number of the row.
    #[primary_key]
    pub id: u64,
    /// The column with the endless type.
    pub person: Person,
}
