//! A player's saves: one per world and slot, each with the revision that keeps two devices apart.
//!
//! The bytes lie in a table of their own, so that a list of saves stays small. Saves and archives
//! share it; see `profile/archives.rs`.

use module_runtime::{SaveContent, SaveStep, SlotState};

use crate::*;

/// What a save is about; its bytes are in [`RuntimeSnapshotPayload`].
#[table(accessor = runtime_snapshot, index(accessor = by_slot, btree(columns = [owner, world_id, slot])))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeSnapshot {
    /// UUIDv7; a slot keeps it while its save is replaced.
    #[primary_key]
    pub snapshot_id: Uuid,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The world that was played.
    pub world_id: Uuid,
    /// Which of the player's slots in that world; the three together are unique.
    pub slot: String,
    /// The version of the world that the story plays, and goes on playing.
    pub version_id: Uuid,
    /// The story that was saved.
    pub session_id: Uuid,
    /// Number of the story's last event when it was saved; 0 before the first.
    pub event_number: u32,
    /// Version of the client's format.
    pub format_version: u32,
    /// SHA-256 of the bytes, 64 lower-case hexadecimal digits.
    pub checksum: String,
    /// Number of bytes.
    pub byte_size: u64,
    /// Grows with each save of the player, in whichever slot; never the same twice.
    pub revision: u64,
    /// The revision that this save replaced; 0 if the slot was empty.
    pub replaced_revision: u64,
    /// When the slot was first filled.
    pub created_at: Timestamp,
    /// When this save was made.
    pub saved_at: Timestamp,
}

/// The bytes of a save or of an archive.
#[table(accessor = runtime_snapshot_payload)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeSnapshotPayload {
    /// Id of the save or of the archive.
    #[primary_key]
    pub holder_id: Uuid,
    /// The bytes; only the client knows what they mean.
    pub payload: Vec<u8>,
}

/// A save to make.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct RuntimeSnapshotRequest {
    /// The story that is saved, which says in which world and version.
    pub session_id: Uuid,
    /// Which of the player's slots in that world.
    pub slot: String,
    /// Version of the client's format, from 1.
    pub format_version: u32,
    /// SHA-256 of the bytes, 64 lower-case hexadecimal digits.
    pub checksum: String,
    /// 1 byte to 1 MiB.
    pub payload: Vec<u8>,
    /// The revision in the slot, as far as this device knows; 0 for an empty slot.
    pub expected_revision: u64,
}

/// A slot of a player.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct RuntimeSnapshotSlot {
    /// The world.
    pub world_id: Uuid,
    /// Which of the player's slots in it.
    pub slot: String,
}

/// A slot to empty.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct RuntimeSnapshotDeletion {
    /// The world.
    pub world_id: Uuid,
    /// Which of the player's slots in it.
    pub slot: String,
    /// The revision in the slot, as far as this device knows.
    pub expected_revision: u64,
}

/// A save with its bytes.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct RuntimeSnapshotRecord {
    /// What it is about.
    pub snapshot: RuntimeSnapshot,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// Saves a story of the sender.
///
/// Errors: as [`upsert_runtime_snapshot_and_return`].
#[reducer]
pub fn upsert_runtime_snapshot(ctx: &ReducerContext, request: RuntimeSnapshotRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    save_story(ctx, &caller, &request).map(drop)
}

/// Saves a story, ended or not, into a slot and returns what is now in it. The same save again,
/// with the same expected revision, is answered like the first time.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`, `limit_exceeded` (also for the total of saves);
/// `not_found` for a story that is not the player's; `conflict` if the bytes do not have the
/// checksum, or if the slot holds another revision than expected.
#[procedure]
pub fn upsert_runtime_snapshot_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: RuntimeSnapshotRequest,
) -> Result<RuntimeSnapshot, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        save_story(tx, &caller, &request)
    })
}

/// Returns the save in a slot with its bytes.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`, `limit_exceeded` for the slot's name; `not_found` if it
/// is empty.
#[procedure]
pub fn get_runtime_snapshot_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: RuntimeSnapshotSlot,
) -> Result<RuntimeSnapshotRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        let snapshot = load_snapshot(tx, caller.player, request.world_id, &request.slot)?;
        let payload = load_saved_bytes(tx, snapshot.snapshot_id)?;
        Ok(RuntimeSnapshotRecord { snapshot, payload })
    })
}

/// Returns every save of a player, without bytes, newest first.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`.
#[procedure]
pub fn list_runtime_snapshots_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<Vec<RuntimeSnapshot>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(descending(tx.db.runtime_snapshot().owner().filter(caller.player), |snapshot| snapshot.revision))
    })
}

/// Empties a slot of the sender.
///
/// Errors: as [`delete_runtime_snapshot_and_return`].
#[reducer]
pub fn delete_runtime_snapshot(ctx: &ReducerContext, request: RuntimeSnapshotDeletion) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    delete_snapshot(ctx, caller.player, &request).map(drop)
}

/// Empties a slot and returns what was in it, without its bytes.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`, `limit_exceeded` for the slot's name; `not_found` if it
/// is empty; `conflict` if it holds another revision than expected.
#[procedure]
pub fn delete_runtime_snapshot_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: RuntimeSnapshotDeletion,
) -> Result<RuntimeSnapshot, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        delete_snapshot(tx, caller.player, &request)
    })
}

/// The sender's saves, without their bytes, which `get_runtime_snapshot_and_return` hands out.
#[view(accessor = my_snapshots, public, primary_key = snapshot_id)]
pub fn my_snapshots(ctx: &ViewContext) -> Vec<RuntimeSnapshot> {
    ctx.db.runtime_snapshot().owner().filter(ctx.sender()).collect()
}

/// Where a save comes from: a story that is played, or an archive.
pub(crate) struct SnapshotOrigin {
    /// The player.
    pub owner: Identity,
    /// See [`RuntimeSnapshot::world_id`].
    pub world_id: Uuid,
    /// See [`RuntimeSnapshot::version_id`].
    pub version_id: Uuid,
    /// See [`RuntimeSnapshot::session_id`].
    pub session_id: Uuid,
    /// See [`RuntimeSnapshot::event_number`].
    pub event_number: u32,
}

fn save_story(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &RuntimeSnapshotRequest,
) -> Result<RuntimeSnapshot, DomainError> {
    let content = request.as_content();
    content.check()?;
    // An ended story can be saved too: the client may be showing its end.
    let story = own_story(ctx, caller, request.session_id)?;
    let origin = SnapshotOrigin {
        owner: caller.player,
        world_id: story.world_id,
        version_id: story.version_id,
        session_id: story.session_id,
        event_number: story.next_event_number.saturating_sub(1),
    };
    write_snapshot(ctx, &origin, content, request.expected_revision)
}

/// Puts checked content into a slot, if the device has seen what it replaces.
///
/// Errors: `conflict` for another revision than expected; `limit_exceeded`.
pub(crate) fn write_snapshot(
    ctx: &ReducerContext,
    origin: &SnapshotOrigin,
    content: SaveContent<'_>,
    expected_revision: u64,
) -> Result<RuntimeSnapshot, DomainError> {
    let present = find_snapshot(ctx, origin.owner, origin.world_id, content.slot);
    let is_same = present.as_ref().is_some_and(|present| present.holds(origin, &content));
    let state = present.as_ref().map(RuntimeSnapshot::slot_state);
    let step = module_runtime::decide_save(state, expected_revision, is_same)?;
    match (step, present) {
        (SaveStep::Already, Some(present)) => Ok(present),
        (SaveStep::Already | SaveStep::Write, present) => store_snapshot(ctx, origin, content, present),
    }
}

fn store_snapshot(
    ctx: &ReducerContext,
    origin: &SnapshotOrigin,
    content: SaveContent<'_>,
    present: Option<RuntimeSnapshot>,
) -> Result<RuntimeSnapshot, DomainError> {
    let dashboard = load_dashboard(ctx, origin.owner);
    let byte_size = content.payload.len() as u64;
    let replaced = present.as_ref().map(|present| present.byte_size);
    let holdings = dashboard.holdings().with_snapshot(replaced, byte_size)?;
    let revision = module_runtime::next_revision(dashboard.last_revision)?;
    let snapshot_id = match &present {
        Some(present) => present.snapshot_id,
        None => fresh_saved_id(ctx)?,
    };
    let snapshot = RuntimeSnapshot {
        snapshot_id,
        owner: origin.owner,
        world_id: origin.world_id,
        slot: content.slot.to_owned(),
        version_id: origin.version_id,
        session_id: origin.session_id,
        event_number: origin.event_number,
        format_version: content.format_version,
        checksum: content.checksum.to_owned(),
        byte_size,
        revision,
        replaced_revision: present.as_ref().map_or(0, |present| present.revision),
        created_at: present.as_ref().map_or(ctx.timestamp, |present| present.created_at),
        saved_at: ctx.timestamp,
    };
    store_saved_bytes(ctx, snapshot_id, content.payload);
    store_dashboard(ctx, ProfileDashboardState { last_revision: revision, ..dashboard.with_holdings(holdings) });
    Ok(ctx.db.runtime_snapshot().snapshot_id().insert_or_update(snapshot))
}

fn delete_snapshot(
    ctx: &ReducerContext,
    owner: Identity,
    request: &RuntimeSnapshotDeletion,
) -> Result<RuntimeSnapshot, DomainError> {
    let snapshot = load_snapshot(ctx, owner, request.world_id, &request.slot)?;
    module_runtime::check_revision(snapshot.revision, request.expected_revision)?;
    ctx.db.runtime_snapshot().snapshot_id().delete(snapshot.snapshot_id);
    ctx.db.runtime_snapshot_payload().holder_id().delete(snapshot.snapshot_id);
    let dashboard = load_dashboard(ctx, owner);
    let holdings = dashboard.holdings().without_snapshot(snapshot.byte_size);
    store_dashboard(ctx, dashboard.with_holdings(holdings));
    Ok(snapshot)
}

/// The save in a slot.
///
/// Errors: `invalid_argument`, `limit_exceeded` for the slot's name; `not_found` if it is empty.
pub(crate) fn load_snapshot(
    ctx: &ReducerContext,
    owner: Identity,
    world_id: Uuid,
    slot: &str,
) -> Result<RuntimeSnapshot, DomainError> {
    module_runtime::check_slot(slot)?;
    Ok(find_snapshot(ctx, owner, world_id, slot).ok_or(RuleError::Hidden { what: "save" })?)
}

fn find_snapshot(ctx: &ReducerContext, owner: Identity, world_id: Uuid, slot: &str) -> Option<RuntimeSnapshot> {
    ctx.db.runtime_snapshot().by_slot().filter((owner, world_id, slot)).next()
}

/// An id for a save or an archive: they share the table of bytes.
pub(crate) fn fresh_saved_id(ctx: &ReducerContext) -> Result<Uuid, DomainError> {
    let payloads = ctx.db.runtime_snapshot_payload();
    fresh_id(ctx, |id| payloads.holder_id().find(id).is_some())
}

/// The bytes of a save or an archive.
///
/// Errors: `internal` if they are not there, which nothing here leads to.
pub(crate) fn load_saved_bytes(ctx: &ReducerContext, holder_id: Uuid) -> Result<Vec<u8>, DomainError> {
    let found = ctx.db.runtime_snapshot_payload().holder_id().find(holder_id);
    let missing = || DomainError::new(DomainErrorCode::Internal, "The bytes of this save are missing.");
    found.map(|row| row.payload).ok_or_else(missing)
}

pub(crate) fn store_saved_bytes(ctx: &ReducerContext, holder_id: Uuid, payload: &[u8]) {
    let row = RuntimeSnapshotPayload { holder_id, payload: payload.to_vec() };
    ctx.db.runtime_snapshot_payload().holder_id().insert_or_update(row);
}

impl RuntimeSnapshot {
    fn slot_state(&self) -> SlotState {
        SlotState { revision: self.revision, replaced_revision: self.replaced_revision }
    }

    /// Whether this is the save that a device wants to make.
    fn holds(&self, origin: &SnapshotOrigin, content: &SaveContent<'_>) -> bool {
        (self.session_id, self.format_version, self.checksum.as_str())
            == (origin.session_id, content.format_version, content.checksum)
    }
}

impl RuntimeSnapshotRequest {
    fn as_content(&self) -> SaveContent<'_> {
        SaveContent {
            slot: &self.slot,
            format_version: self.format_version,
            checksum: &self.checksum,
            payload: &self.payload,
        }
    }
}
