//! What a player keeps outside of stories: a setting, a wallet, a history, a save.

use rand::Rng;
use rand::rngs::StdRng;
use spacetimedb_lib::Uuid;
use worldloom_client::{
    BrowseKind, ProfileWalletLedger, RuntimeSettingRecord, RuntimeSettingRequest, RuntimeSettingValue, RuntimeSnapshot,
    RuntimeSnapshotRecord, RuntimeSnapshotRequest, RuntimeSnapshotSlot, StorySession, UserBrowseHistory,
    UserBrowseHistoryRequest, WalletCurrency, WalletPostingRequest,
};

use super::player::Visitor;
use crate::facade::sha256;
use crate::module_calls::Answer;

/// Bytes of a save.
const SAVE_BYTES: usize = 256;
const SLOT: &str = "auto";

/// A setting, and coins to begin with.
pub async fn set_up(player: &Visitor<'_>, chance: &mut StdRng) -> anyhow::Result<()> {
    let volume = RuntimeSettingRequest {
        key: "music_volume".to_owned(),
        value: RuntimeSettingValue::Int(chance.gen_range(0..=100)),
    };
    let _: RuntimeSettingRecord =
        player.calls.accepted("upsert_runtime_setting_and_return", &(player.identity, volume)).await?;
    let posting = WalletPostingRequest {
        idempotency_key: player.key("welcome"),
        currency: WalletCurrency::Coins,
        amount: chance.gen_range(50..500),
        reason: "Welcome".to_owned(),
    };
    let _: ProfileWalletLedger =
        player.calls.accepted("credit_profile_wallet_and_return", &(player.identity, posting)).await?;
    Ok(())
}

/// A world in the history.
pub async fn look_at(player: &Visitor<'_>, world_id: Uuid) -> anyhow::Result<()> {
    let look = UserBrowseHistoryRequest { kind: BrowseKind::World, target_id: world_id, title: "A world".to_owned() };
    let _: UserBrowseHistory =
        player.calls.accepted("upsert_user_browse_history_and_return", &(player.identity, look)).await?;
    Ok(())
}

/// Whether there is a save of the story.
pub async fn has_saved(player: &Visitor<'_>, story: &StorySession) -> anyhow::Result<bool> {
    let slot = RuntimeSnapshotSlot { world_id: story.world_id, slot: SLOT.to_owned() };
    let saved: Answer<RuntimeSnapshotRecord> =
        player.calls.call("get_runtime_snapshot_and_return", &(player.identity, slot)).await?;
    Ok(saved.is_ok())
}

/// Saves the story.
pub async fn save(player: &Visitor<'_>, story: &StorySession, chance: &mut StdRng) -> anyhow::Result<()> {
    let payload: Vec<u8> = (0..SAVE_BYTES).map(|_| chance.r#gen()).collect();
    let request = RuntimeSnapshotRequest {
        session_id: story.session_id,
        slot: SLOT.to_owned(),
        format_version: 1,
        checksum: sha256(&payload),
        payload,
        expected_revision: 0,
    };
    let _: RuntimeSnapshot =
        player.calls.accepted("upsert_runtime_snapshot_and_return", &(player.identity, request)).await?;
    Ok(())
}
