//! What a player keeps between plays.

mod archives;
mod browse_history;
mod checks;
mod overview;
mod played_worlds;
mod saves;
mod settings;
mod transfers;
mod wallet;

use spacetime_module::*;
use spacetimedb::{Table, Uuid};

use crate::world::{Actor, World};

/// An id told apart from others by its number.
pub fn id(number: u8) -> Uuid {
    Uuid::from_random_bytes_v4([number; 16])
}

/// A story of `player` with two events in a world told apart by its number, as if it had been begun.
pub fn story_of(world: &World, player: Actor, world_number: u8) -> StorySession {
    let story = StorySession {
        session_id: id(100 + world_number + 50 * u8::from(player == Actor::Bob)),
        owner: player.identity(),
        world_id: id(world_number),
        version_id: id(50 + world_number),
        status: StoryStatus::Active,
        chapter_key: "arrival".to_owned(),
        next_event_number: 3,
        parent_session_id: None,
        shared_event_count: 0,
        depth: 0,
        begun_at: world.now(),
        updated_at: world.now(),
        ended_at: None,
    };
    let row = story.clone();
    world
        .reduce(player, |ctx| {
            ctx.db.story_session().insert(row);
            Ok(())
        })
        .unwrap();
    story
}

/// A save of `bytes` into a slot of which the device has seen `expected_revision`.
pub fn save_of(story: &StorySession, slot: &str, bytes: &[u8], expected_revision: u64) -> RuntimeSnapshotRequest {
    RuntimeSnapshotRequest {
        session_id: story.session_id,
        slot: slot.to_owned(),
        format_version: 2,
        checksum: module_runtime::digest_of(bytes),
        payload: bytes.to_vec(),
        expected_revision,
    }
}

/// Saves as `player`, for itself.
pub fn save(world: &World, player: Actor, request: RuntimeSnapshotRequest) -> Result<RuntimeSnapshot, DomainError> {
    world.call(player, |ctx| upsert_runtime_snapshot_and_return(ctx, None, request))
}

/// Reads a slot as `player`, for itself.
pub fn load(world: &World, player: Actor, world_id: Uuid, slot: &str) -> Result<RuntimeSnapshotRecord, DomainError> {
    let request = RuntimeSnapshotSlot { world_id, slot: slot.to_owned() };
    world.call(player, |ctx| get_runtime_snapshot_and_return(ctx, None, request))
}

/// Empties a slot as `player`, for itself.
pub fn delete_save(
    world: &World,
    player: Actor,
    world_id: Uuid,
    slot: &str,
    expected_revision: u64,
) -> Result<RuntimeSnapshot, DomainError> {
    let request = RuntimeSnapshotDeletion { world_id, slot: slot.to_owned(), expected_revision };
    world.call(player, |ctx| delete_runtime_snapshot_and_return(ctx, None, request))
}

/// A request to archive the slot `auto` of a world.
pub fn archive_of(world_id: Uuid, key: &str) -> ProfileSaveArchiveRequest {
    ProfileSaveArchiveRequest {
        idempotency_key: key.to_owned(),
        world_id,
        slot: "auto".to_owned(),
        name: "Before the ball".to_owned(),
    }
}

/// Archives as `player`, for itself.
pub fn archive(
    world: &World,
    player: Actor,
    request: ProfileSaveArchiveRequest,
) -> Result<ProfileSaveArchive, DomainError> {
    world.call(player, |ctx| create_profile_save_archive_and_return(ctx, None, request))
}

/// Money to bring in or take out, told apart by its key.
pub fn coins(key: &str, amount: u64) -> WalletPostingRequest {
    WalletPostingRequest {
        idempotency_key: key.to_owned(),
        currency: WalletCurrency::Coins,
        amount,
        reason: format!("for {key}"),
    }
}

/// The Service brings money in for `player`.
pub fn credit(world: &World, player: Actor, request: WalletPostingRequest) -> Result<ProfileWalletLedger, DomainError> {
    world.call(Actor::Service, |ctx| credit_profile_wallet_and_return(ctx, Some(player.identity()), request))
}

/// The Service takes money that `player` spends.
pub fn debit(world: &World, player: Actor, request: WalletPostingRequest) -> Result<ProfileWalletLedger, DomainError> {
    world.call(Actor::Service, |ctx| debit_profile_wallet_and_return(ctx, Some(player.identity()), request))
}

/// The Service pays a debit of `player` back.
pub fn refund(world: &World, player: Actor, key: &str, debit: Uuid) -> Result<ProfileWalletLedger, DomainError> {
    let request =
        WalletRefundRequest { idempotency_key: key.to_owned(), debit_entry_id: debit, reason: "It broke".to_owned() };
    world.call(Actor::Service, |ctx| refund_profile_wallet_and_return(ctx, Some(player.identity()), request))
}

/// Coins for another player, told apart by its key.
pub fn gift(recipient: Actor, key: &str, amount: u64) -> WalletTransferRequest {
    WalletTransferRequest {
        idempotency_key: key.to_owned(),
        recipient: recipient.identity(),
        currency: WalletCurrency::Coins,
        amount,
        reason: "Thanks".to_owned(),
    }
}

/// Hands money over as `player`, for itself.
pub fn transfer(
    world: &World,
    player: Actor,
    request: WalletTransferRequest,
) -> Result<ProfileWalletLedger, DomainError> {
    world.call(player, |ctx| transfer_profile_wallet_and_return(ctx, None, request))
}

/// What `player` has in coins.
pub fn balance(world: &World, player: Actor) -> u64 {
    let balances = world.see(player, my_wallet);
    balances.into_iter().find(|row| row.currency == WalletCurrency::Coins).map_or(0, |row| row.balance)
}

/// The whole ledger of `player` in coins, oldest line first.
pub fn ledger(world: &World, player: Actor) -> Vec<ProfileWalletLedger> {
    let mut lines = world.see(player, my_wallet_ledger);
    lines.retain(|line| line.currency == WalletCurrency::Coins);
    lines.sort_by_key(|line| line.sequence);
    lines
}

/// What an Operator finds wrong with the projections of `player`.
pub fn differences(world: &World, player: Actor) -> Vec<ProfileProjectionDifference> {
    world.call(Actor::Operator, |ctx| check_profile_projections_and_return(ctx, player.identity())).unwrap()
}

/// The totals of `player`.
pub fn dashboard(world: &World, player: Actor) -> ProfileDashboardState {
    world.call(player, |ctx| get_profile_dashboard_and_return(ctx, None)).unwrap()
}
