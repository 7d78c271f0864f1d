//! What a player does in a story: scenes, a treasure, the keeper's errand; and a task for the agent.

use worldloom_client::{
    AiFailureOutlook, AiStagePlan, AiTaskCreation, AiTaskFailure, AiTaskSnapshot, AiTaskStart, AiTokenUsage,
    BattleAction, BattleStart, BattleState, BattleStatus, CombatActionRequest, NpcInteraction, NpcInteractionRequest,
    NpcState, QuestRecord, QuestSelection, StoryContinuation, StorySession, StoryStep, TreasureOpening, TreasureRecord,
};

use super::player::Visitor;
use crate::module_calls::Answer;

/// Scenes of a story after its beginning.
const SCENES: u32 = 2;
/// One player of this many asks the agent for something.
const PLAYERS_PER_TASK: u32 = 4;
/// One player of this many still waits for it.
const PLAYERS_PER_OPEN_TASK: u32 = 100;

/// Plays a story until the errand is run.
pub async fn run(player: &Visitor<'_>, story: &StorySession) -> anyhow::Result<()> {
    tell(player, story).await?;
    let opening = TreasureOpening { session_id: story.session_id, treasure_key: "sack".to_owned() };
    let _: TreasureRecord = player.calls.accepted("open_treasure_and_return", &(player.identity, opening)).await?;
    let talk = NpcInteractionRequest {
        idempotency_key: player.key("talk"),
        session_id: story.session_id,
        character_key: "keeper".to_owned(),
        interaction: NpcInteraction::Talk,
        note: String::new(),
    };
    let _: NpcState = player.calls.accepted("resolve_npc_interaction_and_return", &(player.identity, talk)).await?;
    let errand = QuestSelection { session_id: story.session_id, quest_key: "errand".to_owned() };
    // A repeated run may find the errand run.
    let _: Answer<QuestRecord> =
        player.calls.call("accept_quest_and_return", &(player.identity, errand.clone())).await?;
    fight(player, story).await?;
    let _: QuestRecord = player.calls.accepted("turn_in_quest_and_return", &(player.identity, errand)).await?;
    Ok(())
}

async fn tell(player: &Visitor<'_>, story: &StorySession) -> anyhow::Result<()> {
    // From where an interrupted run has stopped, if one has.
    for expected_event_number in story.next_event_number..SCENES + 2 {
        let scene = StoryContinuation {
            session_id: story.session_id,
            expected_event_number,
            player_input: "I look around.".to_owned(),
            text: "Nothing moves but the light.".to_owned(),
            chapter_key: None,
        };
        let _: StoryStep = player.calls.accepted("continue_story_and_return", &(player.identity, scene)).await?;
    }
    Ok(())
}

async fn fight(player: &Visitor<'_>, story: &StorySession) -> anyhow::Result<()> {
    let start =
        BattleStart { idempotency_key: player.key("fight"), session_id: story.session_id, enemy_key: "rat".to_owned() };
    let mut battle: BattleState = player.calls.accepted("start_battle_and_return", &(player.identity, start)).await?;
    while battle.status == BattleStatus::Active {
        let (battle_id, round) = (battle.battle_id, battle.next_round);
        let action = CombatActionRequest { battle_id, round, action: BattleAction::Attack };
        battle = player.calls.accepted("resolve_combat_action_and_return", &(player.identity, action)).await?;
    }
    Ok(())
}

/// A task, which most get an answer to: that it cannot be done.
pub async fn ask_for_help(player: &Visitor<'_>) -> anyhow::Result<()> {
    if !player.number.is_multiple_of(PLAYERS_PER_TASK) {
        return Ok(());
    }
    let creation = AiTaskCreation {
        idempotency_key: player.key("task"),
        kind: "seeded".to_owned(),
        request: "{\"theme\": \"a lighthouse\"}".to_owned(),
        stages: vec![AiStagePlan { key: "outline".to_owned(), title: "Outline".to_owned() }],
        attempts_max: 1,
    };
    let task: AiTaskSnapshot = player.calls.accepted("create_ai_task_and_return", &(player.identity, creation)).await?;
    if player.number.is_multiple_of(PLAYERS_PER_OPEN_TASK) {
        return Ok(());
    }
    let (task_id, lease_token) = (task.task.task_id, player.key("lease"));
    let lease = AiTaskStart { task_id, lease_token: lease_token.clone(), lease_seconds: 60 };
    // A repeated run may find the task settled.
    let _: Answer<AiTaskSnapshot> = player.calls.call("start_ai_task_and_return", &(lease,)).await?;
    let failure = AiTaskFailure {
        task_id,
        lease_token,
        error: "Nobody thinks about seeded tasks.".to_owned(),
        outlook: AiFailureOutlook::Final,
        usage: AiTokenUsage { input_tokens: 100, output_tokens: 7 },
    };
    let _: Answer<AiTaskSnapshot> = player.calls.call("fail_ai_task_and_return", &(failure,)).await?;
    Ok(())
}
