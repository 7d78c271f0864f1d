//! Archives: saves under a name, out of the way of the slots.

use module_runtime::SaveContent;

use crate::*;

/// What an archived save is about; its bytes are in [`RuntimeSnapshotPayload`]. It never changes.
#[table(accessor = profile_save_archive)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileSaveArchive {
    /// UUIDv7.
    #[primary_key]
    pub archive_id: Uuid,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// What the player calls it.
    pub name: String,
    /// The world that was played.
    pub world_id: Uuid,
    /// The slot that was archived.
    pub slot: String,
    /// The revision that was archived.
    pub revision: u64,
    /// The version of the world that the story plays.
    pub version_id: Uuid,
    /// The story that was saved.
    pub session_id: Uuid,
    /// Number of the story's last event when it was saved.
    pub event_number: u32,
    /// Version of the client's format.
    pub format_version: u32,
    /// SHA-256 of the bytes, 64 lower-case hexadecimal digits.
    pub checksum: String,
    /// Number of bytes.
    pub byte_size: u64,
    /// When the save was made.
    pub saved_at: Timestamp,
    /// When it was archived.
    pub archived_at: Timestamp,
}

/// A save to archive.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct ProfileSaveArchiveRequest {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// The world.
    pub world_id: Uuid,
    /// Which of the player's slots in it.
    pub slot: String,
    /// What the player calls it.
    pub name: String,
}

/// An archive to put back into a slot of its world.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct ProfileSaveRestoration {
    /// The archive; it stays.
    pub archive_id: Uuid,
    /// The slot to put it into.
    pub slot: String,
    /// The revision in that slot, as far as this device knows; 0 for an empty slot.
    pub expected_revision: u64,
}

/// An archive with its bytes.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct ProfileSaveArchiveRecord {
    /// What it is about.
    pub archive: ProfileSaveArchive,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// Archives a save of the sender.
///
/// Errors: as [`create_profile_save_archive_and_return`].
#[reducer]
pub fn create_profile_save_archive(
    ctx: &ReducerContext,
    request: ProfileSaveArchiveRequest,
) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    create_archive(ctx, caller.player, &request).map(drop)
}

/// Archives the save in a slot and returns the archive, without its bytes.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`; `limit_exceeded`, also for the number of archives and the
/// total of saves; `not_found` if the slot is empty, or if the archive that this request once made
/// is deleted; `conflict` if the idempotency key was used for another request.
#[procedure]
pub fn create_profile_save_archive_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: ProfileSaveArchiveRequest,
) -> Result<ProfileSaveArchive, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        create_archive(tx, caller.player, &request)
    })
}

/// Puts an archive of the sender back into a slot.
///
/// Errors: as [`restore_profile_save_archive_and_return`].
#[reducer]
pub fn restore_profile_save_archive(ctx: &ReducerContext, request: ProfileSaveRestoration) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    restore_archive(ctx, caller.player, &request).map(drop)
}

/// Puts an archive back into a slot of its world, under the rules of every other save, and returns
/// what is now in the slot. It plays the version of the world that it was saved in.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`; `limit_exceeded`, also for the total of saves; `not_found`
/// for an archive that is not the player's; `conflict` if the slot holds another revision than
/// expected.
#[procedure]
pub fn restore_profile_save_archive_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: ProfileSaveRestoration,
) -> Result<RuntimeSnapshot, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        restore_archive(tx, caller.player, &request)
    })
}

/// Deletes an archive of the sender.
///
/// Errors: as [`delete_profile_save_archive_and_return`].
#[reducer]
pub fn delete_profile_save_archive(ctx: &ReducerContext, archive_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    delete_archive(ctx, caller.player, archive_id).map(drop)
}

/// Deletes an archive and returns what it was about.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found` for an archive that is not the player's.
#[procedure]
pub fn delete_profile_save_archive_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    archive_id: Uuid,
) -> Result<ProfileSaveArchive, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        delete_archive(tx, caller.player, archive_id)
    })
}

/// Returns an archive with its bytes.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found` for an archive that is not the player's.
#[procedure]
pub fn get_profile_save_archive_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    archive_id: Uuid,
) -> Result<ProfileSaveArchiveRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        let archive = load_archive(tx, caller.player, archive_id)?;
        let payload = load_saved_bytes(tx, archive_id)?;
        Ok(ProfileSaveArchiveRecord { archive, payload })
    })
}

/// Returns every archive of a player, without bytes, newest first.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`.
#[procedure]
pub fn list_profile_save_archives_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<Vec<ProfileSaveArchive>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        // The ids tell the time as well, and which of two came first within one moment.
        Ok(descending(tx.db.profile_save_archive().owner().filter(caller.player), |archive| {
            archive.archive_id.as_u128()
        }))
    })
}

/// The sender's archives, without their bytes, which `get_profile_save_archive_and_return` hands out.
#[view(accessor = my_save_archives, public, primary_key = archive_id)]
pub fn my_save_archives(ctx: &ViewContext) -> Vec<ProfileSaveArchive> {
    ctx.db.profile_save_archive().owner().filter(ctx.sender()).collect()
}

fn create_archive(
    ctx: &ReducerContext,
    owner: Identity,
    request: &ProfileSaveArchiveRequest,
) -> Result<ProfileSaveArchive, DomainError> {
    module_runtime::check_archive_name(&request.name)?;
    module_runtime::check_slot(&request.slot)?;
    let replayable = Replayable::new(owner, "create_profile_save_archive", &request.idempotency_key, request)?;
    if let Some(first) = replayable.first_result(ctx)? {
        return load_archive(ctx, owner, first);
    }
    let snapshot = load_snapshot(ctx, owner, request.world_id, &request.slot)?;
    let dashboard = load_dashboard(ctx, owner);
    let holdings = dashboard.holdings().with_archive(snapshot.byte_size)?;
    let payload = load_saved_bytes(ctx, snapshot.snapshot_id)?;
    let archive_id = fresh_saved_id(ctx)?;
    store_saved_bytes(ctx, archive_id, &payload);
    store_dashboard(ctx, dashboard.with_holdings(holdings));
    replayable.remember(ctx, archive_id)?;
    let archive = ProfileSaveArchive {
        archive_id,
        owner,
        name: request.name.clone(),
        world_id: snapshot.world_id,
        slot: snapshot.slot,
        revision: snapshot.revision,
        version_id: snapshot.version_id,
        session_id: snapshot.session_id,
        event_number: snapshot.event_number,
        format_version: snapshot.format_version,
        checksum: snapshot.checksum,
        byte_size: snapshot.byte_size,
        saved_at: snapshot.saved_at,
        archived_at: ctx.timestamp,
    };
    ctx.db.profile_save_archive().try_insert(archive).map_err(|_| DomainError::no_fresh_id())
}

fn restore_archive(
    ctx: &ReducerContext,
    owner: Identity,
    request: &ProfileSaveRestoration,
) -> Result<RuntimeSnapshot, DomainError> {
    let archive = load_archive(ctx, owner, request.archive_id)?;
    let payload = load_saved_bytes(ctx, archive.archive_id)?;
    let content = SaveContent {
        slot: &request.slot,
        format_version: archive.format_version,
        checksum: &archive.checksum,
        payload: &payload,
    };
    content.check()?;
    let origin = SnapshotOrigin {
        owner,
        world_id: archive.world_id,
        version_id: archive.version_id,
        session_id: archive.session_id,
        event_number: archive.event_number,
    };
    write_snapshot(ctx, &origin, content, request.expected_revision)
}

fn delete_archive(ctx: &ReducerContext, owner: Identity, archive_id: Uuid) -> Result<ProfileSaveArchive, DomainError> {
    let archive = load_archive(ctx, owner, archive_id)?;
    ctx.db.profile_save_archive().archive_id().delete(archive_id);
    ctx.db.runtime_snapshot_payload().holder_id().delete(archive_id);
    let dashboard = load_dashboard(ctx, owner);
    let holdings = dashboard.holdings().without_archive(archive.byte_size);
    store_dashboard(ctx, dashboard.with_holdings(holdings));
    Ok(archive)
}

fn load_archive(ctx: &ReducerContext, owner: Identity, archive_id: Uuid) -> Result<ProfileSaveArchive, DomainError> {
    let archive = ctx.db.profile_save_archive().archive_id().find(archive_id);
    let own = archive.filter(|archive| archive.owner == owner);
    Ok(own.ok_or(RuleError::Hidden { what: "archive" })?)
}
