//! One player's evening: a story, a treasure, a fight, a save and what is left behind by them.

use rand::Rng;
use rand::rngs::StdRng;
use sha2::{Digest, Sha256};
use spacetimedb_lib::{Identity, Uuid};
use worldloom_client::{
    BattleAction, BattleStart, BattleState, BattleStatus, BrowseKind, CombatActionRequest, ProfileWalletLedger,
    RuntimeSettingRecord, RuntimeSettingRequest, RuntimeSettingValue, RuntimeSnapshot, RuntimeSnapshotRecord,
    RuntimeSnapshotRequest, RuntimeSnapshotSlot, StoryBeginning, StoryContinuation, StorySession, StoryStep,
    TreasureOpening, TreasureRecord, UserBrowseHistory, UserBrowseHistoryRequest, WalletCurrency, WalletPostingRequest,
};

use super::Plan;
use crate::module_calls::{Answer, ModuleCalls};

/// Which chance is drawn.
const PLAYER: u64 = 2;
/// Worlds that a player looks at.
const LOOKED_AT: usize = 5;
/// Scenes of a story after its beginning.
const SCENES: u32 = 3;
/// Bytes of a save.
const SAVE_BYTES: usize = 256;

/// Lets the player of this number play in one of the worlds.
pub async fn play(calls: &ModuleCalls, plan: Plan, number: u32, worlds: &[Uuid]) -> anyhow::Result<()> {
    let mut chance = plan.chance(PLAYER, number);
    let player = Some(plan.player(number));
    let key = |what: &str| format!("seed-{}-player-{number}-{what}", plan.seed);
    set_up(calls, player, &key("welcome"), &mut chance).await?;
    if worlds.is_empty() {
        return Ok(());
    }
    for _ in 0..LOOKED_AT {
        let world_id = favourite(worlds, &mut chance);
        let look =
            UserBrowseHistoryRequest { kind: BrowseKind::World, target_id: world_id, title: "A world".to_owned() };
        let _: UserBrowseHistory = calls.accepted("upsert_user_browse_history_and_return", &(player, look)).await?;
    }
    let world_id = favourite(worlds, &mut chance);
    if chance.gen_bool(0.3) {
        let _: u64 = calls.accepted("like_world_and_return", &(player, world_id)).await?;
    }
    let beginning = StoryBeginning { idempotency_key: key("story"), world_id };
    let story: StorySession = calls.accepted("begin_story_and_return", &(player, beginning)).await?;
    tell(calls, player, &story).await?;
    let opening = TreasureOpening { session_id: story.session_id, treasure_key: "sack".to_owned() };
    let _: TreasureRecord = calls.accepted("open_treasure_and_return", &(player, opening)).await?;
    fight(calls, player, &story, &key("fight")).await?;
    save(calls, player, &story, &mut chance).await
}

/// A few worlds are played by most.
fn favourite(worlds: &[Uuid], chance: &mut StdRng) -> Uuid {
    let skewed = chance.gen_range(0.0..1.0_f64).powi(3);
    worlds[((skewed * worlds.len() as f64) as usize).min(worlds.len() - 1)]
}

async fn set_up(calls: &ModuleCalls, player: Option<Identity>, key: &str, chance: &mut StdRng) -> anyhow::Result<()> {
    let volume = RuntimeSettingRequest {
        key: "music_volume".to_owned(),
        value: RuntimeSettingValue::Int(chance.gen_range(0..=100)),
    };
    let _: RuntimeSettingRecord = calls.accepted("upsert_runtime_setting_and_return", &(player, volume)).await?;
    let posting = WalletPostingRequest {
        idempotency_key: key.to_owned(),
        currency: WalletCurrency::Coins,
        amount: chance.gen_range(50..500),
        reason: "Welcome".to_owned(),
    };
    let _: ProfileWalletLedger = calls.accepted("credit_profile_wallet_and_return", &(player, posting)).await?;
    Ok(())
}

async fn tell(calls: &ModuleCalls, player: Option<Identity>, story: &StorySession) -> anyhow::Result<()> {
    for expected_event_number in story.next_event_number..story.next_event_number + SCENES {
        let scene = StoryContinuation {
            session_id: story.session_id,
            expected_event_number,
            player_input: "I look around.".to_owned(),
            text: "Nothing moves but the light.".to_owned(),
            chapter_key: None,
        };
        // A repeated run finds the scenes told.
        let _: Answer<StoryStep> = calls.call("continue_story_and_return", &(player, scene)).await?;
    }
    Ok(())
}

async fn fight(calls: &ModuleCalls, player: Option<Identity>, story: &StorySession, key: &str) -> anyhow::Result<()> {
    let start =
        BattleStart { idempotency_key: key.to_owned(), session_id: story.session_id, enemy_key: "rat".to_owned() };
    let mut battle: BattleState = calls.accepted("start_battle_and_return", &(player, start)).await?;
    while battle.status == BattleStatus::Active {
        let action =
            CombatActionRequest { battle_id: battle.battle_id, round: battle.next_round, action: BattleAction::Attack };
        battle = calls.accepted("resolve_combat_action_and_return", &(player, action)).await?;
    }
    Ok(())
}

async fn save(
    calls: &ModuleCalls,
    player: Option<Identity>,
    story: &StorySession,
    chance: &mut StdRng,
) -> anyhow::Result<()> {
    let slot = RuntimeSnapshotSlot { world_id: story.world_id, slot: "auto".to_owned() };
    let saved: Answer<RuntimeSnapshotRecord> = calls.call("get_runtime_snapshot_and_return", &(player, slot)).await?;
    if saved.is_ok() {
        return Ok(());
    }
    let payload: Vec<u8> = (0..SAVE_BYTES).map(|_| chance.r#gen()).collect();
    let request = RuntimeSnapshotRequest {
        session_id: story.session_id,
        slot: "auto".to_owned(),
        format_version: 1,
        checksum: Sha256::digest(&payload).iter().map(|byte| format!("{byte:02x}")).collect(),
        payload,
        expected_revision: 0,
    };
    let _: RuntimeSnapshot = calls.accepted("upsert_runtime_snapshot_and_return", &(player, request)).await?;
    Ok(())
}
