//! Asset objects: announced, confirmed by the Service, deleted, and at last forgotten.
//!
//! The bytes live in an object store that the facade looks after. A row stands for them from
//! before they arrive until after they are gone, so that no bytes are ever without a row: the
//! place of a deleted object stays taken until the facade has removed its bytes and said so.

use module_assets::{Content, Intent, KeySpace, Registration, Status, Step};

use crate::*;

pub(crate) const SERVICE: Admits = Admits::Holders(&[Role::Service]);

/// One object of the object store.
#[table(
    accessor = asset_object,
    index(accessor = by_location, btree(columns = [bucket, object_key])),
    index(accessor = by_idempotency_key, btree(columns = [owner, idempotency_key])),
    index(accessor = by_status, btree(columns = [status, owner]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetObject {
    /// UUIDv7.
    #[primary_key]
    pub asset_id: Uuid,
    /// The player it belongs to.
    #[index(btree)]
    pub owner: Identity,
    /// Bucket of the object store.
    pub bucket: String,
    /// Key within the bucket; the pair is unique.
    pub object_key: String,
    /// Media type without parameters.
    pub content_type: String,
    /// Number of bytes.
    pub byte_size: u64,
    /// SHA-256 of the bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Who may read the bytes.
    pub access_policy: AssetAccessPolicy,
    /// How far it has come.
    pub status: AssetStatus,
    /// Chosen by whoever announced it, unique per owner.
    pub idempotency_key: String,
    /// When it was announced.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// When the announcement lapses; only while pending.
    pub expires_at: Option<Timestamp>,
    /// When the Service confirmed it.
    pub confirmed_at: Option<Timestamp>,
    /// When it was deleted, or lapsed.
    pub deleted_at: Option<Timestamp>,
}

/// When to look whether an announced upload has lapsed: one row per pending object.
#[table(accessor = asset_upload_expiry, scheduled(expire_asset_upload))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetUploadExpiry {
    /// Number of the timer.
    #[primary_key]
    #[auto_inc]
    pub scheduled_id: u64,
    /// The due time. A time, not an interval: intervals start anew at each restart.
    pub scheduled_at: ScheduleAt,
    /// The announced object.
    #[index(btree)]
    pub asset_id: Uuid,
}

/// An upload to announce.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AssetObjectRegistration {
    /// Chosen by the caller, unique per owner: the same request again has the same result.
    pub idempotency_key: String,
    /// Bucket of the object store.
    pub bucket: String,
    /// Key within the bucket. A client's own call must start it with
    /// `players/<its identity in hexadecimal>/`; the Service is free.
    pub object_key: String,
    /// Media type without parameters, in lower case.
    pub content_type: String,
    /// Number of bytes, from 1 to 5 GiB.
    pub byte_size: u64,
    /// SHA-256 of the bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Who may read the bytes.
    pub access_policy: AssetAccessPolicy,
}

/// What the Service found in the object store.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AssetObjectConfirmation {
    /// The announced object.
    pub asset_id: Uuid,
    /// Media type that the content shows.
    pub content_type: String,
    /// Number of bytes stored.
    pub byte_size: u64,
    /// SHA-256 of the bytes stored.
    pub sha256: String,
}

/// Announces an upload for the sender.
///
/// Errors: as [`register_asset_object_and_return`].
#[reducer]
pub fn register_asset_object(ctx: &ReducerContext, request: AssetObjectRegistration) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    register_object(ctx, &caller, &request).map(drop)
}

/// Announces an upload and returns its row. It lapses unless confirmed within an hour.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument`, `limit_exceeded`; `conflict` if the idempotency key was used for another
/// request, or if the place in the object store is taken.
#[procedure]
pub fn register_asset_object_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: AssetObjectRegistration,
) -> Result<AssetObject, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        register_object(tx, &caller, &request)
    })
}

/// Confirms an upload. For the Service, which alone has seen the bytes.
///
/// Errors: as [`confirm_asset_object_and_return`].
#[reducer]
pub fn confirm_asset_object(ctx: &ReducerContext, confirmation: AssetObjectConfirmation) -> Result<(), DomainError> {
    let caller = guard(ctx, SERVICE, None)?;
    confirm_object(ctx, &caller, &confirmation).map(drop)
}

/// Confirms an upload and returns its row; confirming again returns it unchanged.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `account_closed` if the owner's
/// is; `not_found`, also if the named player does not own the object; `conflict` if type,
/// size or hash differ from what was announced; `illegal_transition` if the announcement has lapsed
/// or the object is deleted.
#[procedure]
pub fn confirm_asset_object_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    confirmation: AssetObjectConfirmation,
) -> Result<AssetObject, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, SERVICE, acting_player)?;
        confirm_object(tx, &caller, &confirmation)
    })
}

/// Deletes an object of the sender.
///
/// Errors: as [`delete_asset_object_and_return`].
#[reducer]
pub fn delete_asset_object(ctx: &ReducerContext, asset_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    delete_object(ctx, &caller, asset_id).map(drop)
}

/// Deletes an object, pending or confirmed, and returns its row; deleting again returns it
/// unchanged. The bytes stay until the facade has removed them.
///
/// Errors: `unauthenticated`; `forbidden` if the object is another player's; `not_found`;
/// `conflict` while it is bound.
#[procedure]
pub fn delete_asset_object_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    asset_id: Uuid,
) -> Result<AssetObject, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        delete_object(tx, &caller, asset_id)
    })
}

/// Returns an object if the access policy lets the player read it.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`, also for what the player may not read.
#[procedure]
pub fn read_asset_object_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    asset_id: Uuid,
) -> Result<AssetObject, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        load_object(tx, &caller, asset_id, Intent::Read)
    })
}

/// Lists up to `limit` (1 to 500) deleted or lapsed objects, whose bytes can be removed.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `invalid_argument`,
/// `limit_exceeded`.
#[procedure]
pub fn list_expired_asset_objects_and_return(
    ctx: &mut ProcedureContext,
    limit: u32,
) -> Result<Vec<AssetObject>, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, SERVICE, None)?;
        module_assets::check_listing_length("limit", u64::from(limit))?;
        Ok(deleted_objects(tx).take(limit as usize).collect())
    })
}

/// Forgets deleted objects whose bytes the Service has removed, which frees their places, and
/// returns the ids that this call forgot. Unknown ids are skipped, so it can be repeated.
///
/// Errors: `unauthenticated`; `forbidden` (for the Service only); `invalid_argument`,
/// `limit_exceeded` (1 to 500 ids); `conflict` if one of the objects is not deleted: none is
/// forgotten then.
#[procedure]
pub fn forget_deleted_asset_objects_and_return(
    ctx: &mut ProcedureContext,
    asset_ids: Vec<Uuid>,
) -> Result<Vec<Uuid>, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, SERVICE, None)?;
        module_assets::check_listing_length("asset_ids", asset_ids.len() as u64)?;
        forget_objects(tx, &asset_ids)
    })
}

/// Deletes an announced upload whose time is over. Run by the schedule.
///
/// Errors: `forbidden` for every caller but the engine.
#[reducer]
pub fn expire_asset_upload(ctx: &ReducerContext, timer: AssetUploadExpiry) -> Result<(), DomainError> {
    guard(ctx, Admits::Engine, None)?;
    let Some(object) = ctx.db.asset_object().asset_id().find(timer.asset_id) else {
        return Ok(());
    };
    match object.expires_at {
        Some(expires_at) if is_over(ctx, expires_at) => {
            mark_deleted(ctx, object);
            Ok(())
        }
        Some(expires_at) => schedule_expiry(ctx, object.asset_id, expires_at),
        None => Ok(()),
    }
}

/// The sender's own objects, in every status.
#[view(accessor = my_assets, public, primary_key = asset_id)]
pub fn my_assets(ctx: &ViewContext) -> Vec<AssetObject> {
    ctx.db.asset_object().owner().filter(ctx.sender()).collect()
}

/// The deleted objects, slice by slice of their owners: the host reads a whole range before its first row, and there
/// may be many.
fn deleted_objects(ctx: &ReducerContext) -> impl Iterator<Item = AssetObject> {
    module_assets::owner_slices().flat_map(|(from, to)| {
        let owners = Identity::from_be_byte_array(from)..=Identity::from_be_byte_array(to);
        ctx.db.asset_object().by_status().filter((AssetStatus::Deleted, owners))
    })
}

fn register_object(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &AssetObjectRegistration,
) -> Result<AssetObject, DomainError> {
    let registration = request.as_rule();
    let prefix = caller.player.to_hex();
    registration.check(match caller.sender_roles.has(Role::Service) {
        true => KeySpace::Everything,
        false => KeySpace::Player(prefix.as_str()),
    })?;
    if let Some(first) = find_registered(ctx, caller.player, &request.idempotency_key) {
        registration.check_repeats(&first.as_registration())?;
        return Ok(first);
    }
    check_place_free(ctx, request)?;
    check_unsettled(ctx, caller.player)?;
    insert_object(ctx, caller.player, request)
}

fn find_registered(ctx: &ReducerContext, owner: Identity, key: &str) -> Option<AssetObject> {
    ctx.db.asset_object().by_idempotency_key().filter((owner, key)).next()
}

fn check_place_free(ctx: &ReducerContext, request: &AssetObjectRegistration) -> Result<(), DomainError> {
    let place = (request.bucket.as_str(), request.object_key.as_str());
    match ctx.db.asset_object().by_location().filter(place).next() {
        None => Ok(()),
        Some(_) => Err(DomainError::conflict(
            "a free place in the object store",
            "a taken one",
            "This bucket and object key are taken. Choose another object key.",
        )),
    }
}

fn check_unsettled(ctx: &ReducerContext, owner: Identity) -> Result<(), DomainError> {
    let count_of = |status| ctx.db.asset_object().by_status().filter((status, owner)).count();
    let unsettled = count_of(AssetStatus::Pending) + count_of(AssetStatus::Deleted);
    Ok(module_assets::check_unsettled_count(unsettled as u64)?)
}

fn insert_object(
    ctx: &ReducerContext,
    owner: Identity,
    request: &AssetObjectRegistration,
) -> Result<AssetObject, DomainError> {
    let objects = ctx.db.asset_object();
    let now = ctx.timestamp;
    let expires_at =
        Timestamp::from_micros_since_unix_epoch(module_assets::expiry_of(now.to_micros_since_unix_epoch()));
    let object = AssetObject {
        asset_id: fresh_id(ctx, |id| objects.asset_id().find(id).is_some())?,
        owner,
        bucket: request.bucket.clone(),
        object_key: request.object_key.clone(),
        content_type: request.content_type.clone(),
        byte_size: request.byte_size,
        sha256: request.sha256.clone(),
        access_policy: request.access_policy,
        status: AssetStatus::Pending,
        idempotency_key: request.idempotency_key.clone(),
        created_at: now,
        updated_at: now,
        expires_at: Some(expires_at),
        confirmed_at: None,
        deleted_at: None,
    };
    let object = objects.try_insert(object).map_err(|_| DomainError::no_fresh_id())?;
    schedule_expiry(ctx, object.asset_id, expires_at)?;
    Ok(object)
}

fn confirm_object(
    ctx: &ReducerContext,
    caller: &Caller,
    confirmation: &AssetObjectConfirmation,
) -> Result<AssetObject, DomainError> {
    let observed = confirmation.as_content();
    observed.check()?;
    let object = load_object(ctx, caller, confirmation.asset_id, Intent::Change)?;
    check_account_open(ctx, object.owner)?;
    let step = module_assets::transition(object.status.into(), Status::Confirmed)?;
    observed.check_same(&object.as_content())?;
    if step == Step::Already {
        return Ok(object);
    }
    if object.expires_at.is_some_and(|expires_at| is_over(ctx, expires_at)) {
        // The schedule has not come round yet; its verdict must not depend on that.
        return Err(module_assets::illegal("expired", "confirmed").into());
    }
    cancel_expiry(ctx, object.asset_id);
    Ok(ctx.db.asset_object().asset_id().update(AssetObject {
        status: AssetStatus::Confirmed,
        updated_at: ctx.timestamp,
        expires_at: None,
        confirmed_at: Some(ctx.timestamp),
        ..object
    }))
}

fn delete_object(ctx: &ReducerContext, caller: &Caller, asset_id: Uuid) -> Result<AssetObject, DomainError> {
    let object = load_object(ctx, caller, asset_id, Intent::Change)?;
    match module_assets::transition(object.status.into(), Status::Deleted)? {
        Step::Already => Ok(object),
        Step::Moved => {
            let filled = ctx.db.asset_entity_binding().asset_id().filter(asset_id).next();
            module_assets::check_unbound(filled.as_ref().map(AssetEntityBinding::as_slot))?;
            Ok(mark_deleted(ctx, object))
        }
    }
}

fn forget_objects(ctx: &ReducerContext, asset_ids: &[Uuid]) -> Result<Vec<Uuid>, DomainError> {
    let objects = ctx.db.asset_object();
    let mut forgotten = Vec::with_capacity(asset_ids.len());
    for asset_id in asset_ids {
        let Some(object) = objects.asset_id().find(asset_id) else {
            continue;
        };
        module_assets::check_forgettable(object.status.into())?;
        objects.asset_id().delete(asset_id);
        forgotten.push(*asset_id);
    }
    Ok(forgotten)
}

/// The object, if the caller may do this with it; `not_found` if it may not even see it.
pub(crate) fn load_object(
    ctx: &ReducerContext,
    caller: &Caller,
    asset_id: Uuid,
    intent: Intent,
) -> Result<AssetObject, DomainError> {
    let object = ctx.db.asset_object().asset_id().find(asset_id).ok_or(RuleError::Hidden { what: "asset" })?;
    let standing = module_assets::standing(&object.owner, &caller.player, caller.roles);
    let (policy, status) = (object.access_policy.into(), object.status.into());
    module_assets::authorize(intent, standing, policy, status)?;
    Ok(object)
}

fn mark_deleted(ctx: &ReducerContext, object: AssetObject) -> AssetObject {
    cancel_expiry(ctx, object.asset_id);
    ctx.db.asset_object().asset_id().update(AssetObject {
        status: AssetStatus::Deleted,
        updated_at: ctx.timestamp,
        expires_at: None,
        deleted_at: Some(ctx.timestamp),
        ..object
    })
}

fn schedule_expiry(ctx: &ReducerContext, asset_id: Uuid, expires_at: Timestamp) -> Result<(), DomainError> {
    let timer = AssetUploadExpiry { scheduled_id: 0, scheduled_at: ScheduleAt::Time(expires_at), asset_id };
    ctx.db.asset_upload_expiry().try_insert(timer).map_err(|_| DomainError::no_fresh_id())?;
    Ok(())
}

fn cancel_expiry(ctx: &ReducerContext, asset_id: Uuid) {
    ctx.db.asset_upload_expiry().asset_id().delete(asset_id);
}

fn is_over(ctx: &ReducerContext, expires_at: Timestamp) -> bool {
    module_assets::is_expired(expires_at.to_micros_since_unix_epoch(), ctx.timestamp.to_micros_since_unix_epoch())
}

impl AssetObject {
    fn as_content(&self) -> Content<'_> {
        Content { content_type: &self.content_type, byte_size: self.byte_size, sha256: &self.sha256 }
    }

    fn as_registration(&self) -> Registration<'_> {
        Registration {
            idempotency_key: &self.idempotency_key,
            bucket: &self.bucket,
            object_key: &self.object_key,
            content: self.as_content(),
            policy: self.access_policy.into(),
        }
    }
}

impl AssetObjectRegistration {
    fn as_rule(&self) -> Registration<'_> {
        Registration {
            idempotency_key: &self.idempotency_key,
            bucket: &self.bucket,
            object_key: &self.object_key,
            content: Content { content_type: &self.content_type, byte_size: self.byte_size, sha256: &self.sha256 },
            policy: self.access_policy.into(),
        }
    }
}

impl AssetObjectConfirmation {
    fn as_content(&self) -> Content<'_> {
        Content { content_type: &self.content_type, byte_size: self.byte_size, sha256: &self.sha256 }
    }
}
