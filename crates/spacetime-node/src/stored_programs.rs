//! The table of programs, of which only a database's owner may ask.
//!
//! Everybody may read the engine's own tables. Nearly all of their rows are small, but that of `st_module` holds the
//! program, megabytes that a result has once for each of its rows: joined with the table of all columns they are
//! gigabytes, within any limit on rows.

use spacetimedb_lib::identity::AuthCtx;

/// The table.
const TABLE: &str = "st_module";

/// A query that names the table, by somebody who is not the owner.
#[derive(Debug, thiserror::Error)]
#[error("`st_module` holds the database's program, for its owner alone; ask `/schema` for what the module offers.")]
pub struct ProgramsRefused;

/// Refuses a query of anybody but the owner that names the table, be it in vain.
pub fn check(auth: &AuthCtx, query: &str) -> Result<(), ProgramsRefused> {
    if !auth.exceed_row_limit() && names_table(query) { Err(ProgramsRefused) } else { Ok(()) }
}

fn names_table(query: &str) -> bool {
    let continues_a_name = |next: Option<char>| next.is_some_and(|next| next.is_alphanumeric() || next == '_');
    let query = query.to_ascii_lowercase();
    query.match_indices(TABLE).any(|(at, _)| {
        let (before, after) = (&query[..at], &query[at + TABLE.len()..]);
        !continues_a_name(before.chars().next_back()) && !continues_a_name(after.chars().next())
    })
}

#[cfg(test)]
mod tests {
    use spacetimedb_lib::Identity;

    use super::*;

    #[test]
    fn programs_are_the_owners_alone() {
        let (owner, stranger) = (Identity::ONE, Identity::ZERO);
        let refused = |caller, query| check(&AuthCtx::new(owner, caller), query).is_err();
        for query in ["SELECT * FROM st_module", "select a.* from \"ST_Module\" a", "DELETE FROM st_module"] {
            assert!(refused(stranger, query), "{query}");
            assert!(!refused(owner, query), "{query}");
        }
        for query in ["SELECT * FROM best_module", "SELECT * FROM st_modules", "SELECT * FROM st_table"] {
            assert!(!refused(stranger, query), "{query}");
        }
    }
}
