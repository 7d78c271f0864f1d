//! The first publication of the database.

use crate::*;

/// Makes the database's owner the first Admin, and starts the schedules.
///
/// Errors: `forbidden` if roles have been granted before, so that a repeated call, should an
/// engine let one through, cannot restore a right that was revoked.
#[reducer(init)]
pub fn init(ctx: &ReducerContext) -> Result<(), DomainError> {
    if ctx.db.access_grant().count() != 0 {
        return Err(DomainError::forbidden("This database has been initialised."));
    }
    // A database that an earlier release made never comes here again: what begins here must begin
    // in such a one too, by itself.
    start_forgetting_requests(ctx)?;
    insert_grant(ctx, ctx.sender(), AccessRole::Admin)
}
