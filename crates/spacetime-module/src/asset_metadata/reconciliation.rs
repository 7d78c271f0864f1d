//! What the facade asks to hold the object store against the rows: which rows there are, and whose place a key is.

use crate::*;

/// Lists up to `limit` (1 to 500) objects of a bucket, in every status, by the order of their keys, beginning after
/// `after_key` and not beyond `until_key`, so that the facade can hold the object store against them. All that lies
/// between the two keys is read, so they should be close to each other.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only, by itself or in the name of an Operator);
/// `invalid_argument`, `limit_exceeded`.
#[procedure]
pub fn list_asset_objects_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    bucket: String,
    after_key: String,
    until_key: String,
    limit: u32,
) -> Result<Vec<AssetObject>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, acting_player)?;
        check_may_reconcile(&caller)?;
        module_assets::check_listing_length("limit", u64::from(limit))?;
        module_assets::check_key_range(&after_key, &until_key)?;
        let keys = after_key.as_str()..=until_key.as_str();
        let objects = tx.db.asset_object().by_location().filter((bucket.as_str(), keys));
        Ok(objects.skip_while(|object| object.object_key == after_key).take(limit as usize).collect())
    })
}

/// Finds the objects that are recorded at these keys (1 to 500) of a bucket, in every status. Keys without one are
/// skipped.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `invalid_argument`, `limit_exceeded`.
#[procedure]
pub fn find_asset_objects_and_return(
    ctx: &mut ProcedureContext,
    bucket: String,
    object_keys: Vec<String>,
) -> Result<Vec<AssetObject>, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, SERVICE, None)?;
        module_assets::check_listing_length("object_keys", object_keys.len() as u64)?;
        let mut found = Vec::new();
        for key in &object_keys {
            found.extend(tx.db.asset_object().by_location().filter((bucket.as_str(), key.as_str())).next());
        }
        Ok(found)
    })
}

/// What lies in the store and whose it is, is told to those who run it.
fn check_may_reconcile(caller: &Caller) -> Result<(), DomainError> {
    match caller.roles.has_any(&[Role::Service, Role::Operator]) {
        true => Ok(()),
        false => Err(DomainError::forbidden("Only an Operator may look over the whole object store.")),
    }
}
