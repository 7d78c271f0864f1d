//! What players do in stories of the sample world, for the tests in which it comes before the
//! matter itself.

use std::sync::atomic::{AtomicU32, Ordering};

use spacetimedb_lib::Uuid;
use worldloom_client::{
    BattleAction, BattleStart, BattleState, BattleStatus, CombatActionRequest, InventoryRecord, NpcInteraction,
    NpcInteractionRequest, NpcState, QuestRecord, QuestSelection, StoryBeginning, StorySession, TreasureOpening,
    TreasureRecord, accept_quest_and_return, begin_story_and_return, open_treasure_and_return,
    read_inventory_and_return, resolve_combat_action_and_return, resolve_npc_interaction_and_return,
    start_battle_and_return, turn_in_quest_and_return,
};

use crate::{Player, ask};

/// An idempotency key that no other call has.
pub fn fresh_key() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Player {
    /// Begins a story in the current version of a world.
    pub async fn begin_story(&self, world_id: Uuid) -> anyhow::Result<StorySession> {
        let beginning = StoryBeginning { idempotency_key: fresh_key(), world_id };
        Ok(ask!(self, begin_story_and_return_then(None, beginning))?)
    }

    /// Does something to a character.
    pub async fn interact(
        &self,
        story: &StorySession,
        character_key: &str,
        interaction: NpcInteraction,
    ) -> anyhow::Result<NpcState> {
        let request = NpcInteractionRequest {
            idempotency_key: fresh_key(),
            session_id: story.session_id,
            character_key: character_key.to_owned(),
            interaction,
            note: String::new(),
        };
        Ok(ask!(self, resolve_npc_interaction_and_return_then(None, request))?)
    }

    /// Opens a treasure.
    pub async fn open_treasure(&self, story: &StorySession, treasure_key: &str) -> anyhow::Result<TreasureRecord> {
        let opening = TreasureOpening { session_id: story.session_id, treasure_key: treasure_key.to_owned() };
        Ok(ask!(self, open_treasure_and_return_then(None, opening))?)
    }

    /// Begins a battle.
    pub async fn start_battle(&self, story: &StorySession, enemy_key: &str) -> anyhow::Result<BattleState> {
        let start =
            BattleStart { idempotency_key: fresh_key(), session_id: story.session_id, enemy_key: enemy_key.to_owned() };
        Ok(ask!(self, start_battle_and_return_then(None, start))?)
    }

    /// Does the same thing in each round until the battle has ended.
    pub async fn fight_on(&self, mut battle: BattleState, action: BattleAction) -> anyhow::Result<BattleState> {
        while battle.status == BattleStatus::Active {
            let round = round_of(&battle, action.clone());
            battle = ask!(self, resolve_combat_action_and_return_then(None, round))?;
        }
        Ok(battle)
    }

    /// Begins a battle and strikes until it has ended.
    pub async fn fight(&self, story: &StorySession, enemy_key: &str) -> anyhow::Result<BattleState> {
        let battle = self.start_battle(story, enemy_key).await?;
        self.fight_on(battle, BattleAction::Attack).await
    }

    /// Runs the keeper's errand: 25 points for the rat, 60 and two loaves of bread for the quest.
    pub async fn run_errand(&self, story: &StorySession) -> anyhow::Result<QuestRecord> {
        self.interact(story, "keeper", NpcInteraction::Talk).await?;
        let errand = QuestSelection { session_id: story.session_id, quest_key: "errand".to_owned() };
        ask!(self, accept_quest_and_return_then(None, errand.clone()))?;
        self.fight(story, "rat").await?;
        Ok(ask!(self, turn_in_quest_and_return_then(None, errand))?)
    }

    /// What the player has in a world.
    pub async fn inventory(&self, world_id: Uuid) -> anyhow::Result<InventoryRecord> {
        Ok(ask!(self, read_inventory_and_return_then(None, world_id))?)
    }
}

/// The next round of a battle.
pub const fn round_of(battle: &BattleState, action: BattleAction) -> CombatActionRequest {
    CombatActionRequest { battle_id: battle.battle_id, round: battle.next_round, action }
}

/// How many of an item lie in a bag, on all stacks.
pub fn quantity_of(bag: &InventoryRecord, item_key: &str) -> u32 {
    bag.items.iter().filter(|item| item.item_key == item_key).map(|item| item.quantity).sum()
}
