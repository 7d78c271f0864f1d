//! Stories, characters, quests and battles, in the world that the guest plays in.

use worldloom_client::{
    BattleAction, BattleStart, BattleState, CombatActionRequest, NpcInteraction, NpcInteractionRequest, NpcState,
    ProgressionRecord, QuestOffer, QuestRecord, QuestSelection, StoryBeginning, StoryBranching, StoryContinuation,
    StoryEnding, StoryEvent, StoryEventListing, StorySession, StoryStep,
};

use super::bags::strike;
use super::guest::{Arguments, Guest, key, own};
use super::step::{Step, asks, serves};

/// The beginning of a story, in which much else takes place.
pub const BEGINNING: &[Step] = &[
    asks::<StorySession>("begin_story_and_return", |guest| own(beginning(guest))),
    serves::<StorySession>("begin_story_and_return", |guest| guest.for_friend(beginning(guest))).unmeasured(),
    // The friend's story came last; this finds the guest's own again.
    asks::<StorySession>("begin_story_and_return", |guest| own(beginning(guest))).unmeasured(),
    asks::<StoryStep>("continue_story_and_return", |guest| {
        let story = guest.last::<StorySession>()?;
        own(StoryContinuation {
            session_id: story.session_id,
            expected_event_number: story.next_event_number,
            player_input: "I look around.".to_owned(),
            text: "Nothing moves but the light.".to_owned(),
            chapter_key: None,
        })
    }),
    asks::<Vec<StoryEvent>>("list_story_events_and_return", |guest| {
        let session_id = guest.last::<StorySession>()?.session_id;
        own(StoryEventListing { session_id, from_number: 1, limit: 50 })
    }),
];

/// A blow at the rat, or the last one again when it has fallen.
const BLOW: Step = asks::<BattleState>("resolve_combat_action_and_return", strike).unmeasured();

/// The keeper's errand.
pub const ERRAND: &[Step] = &[
    asks::<NpcState>("resolve_npc_interaction_and_return", |guest| {
        own(NpcInteractionRequest {
            idempotency_key: key("talk"),
            session_id: guest.last::<StorySession>()?.session_id,
            character_key: "keeper".to_owned(),
            interaction: NpcInteraction::Talk,
            note: "About the weather.".to_owned(),
        })
    }),
    asks::<Vec<QuestOffer>>("list_quest_offers_and_return", |guest| own(guest.last::<StorySession>()?.session_id)),
    asks::<QuestRecord>("accept_quest_and_return", errand),
    asks::<QuestRecord>("abandon_quest_and_return", errand),
    asks::<QuestRecord>("accept_quest_and_return", errand).unmeasured(),
    asks::<BattleState>("start_battle_and_return", |guest| {
        let session_id = guest.last::<StorySession>()?.session_id;
        own(BattleStart { idempotency_key: key("rat"), session_id, enemy_key: "rat".to_owned() })
    }),
    asks::<BattleState>("resolve_combat_action_and_return", |guest| {
        let BattleState { battle_id, next_round: round, .. } = *guest.last::<BattleState>()?;
        own(CombatActionRequest { battle_id, round, action: BattleAction::Attack })
    }),
    asks::<BattleState>("read_battle_and_return", |guest| own(guest.last::<BattleState>()?.battle_id)),
    BLOW,
    BLOW,
    BLOW,
    BLOW,
    asks::<QuestRecord>("turn_in_quest_and_return", errand),
    asks::<ProgressionRecord>("read_progression_and_return", |guest| own(guest.world_id())),
];

/// The end of a story: a branch of it, which is ended.
pub const ENDING: &[Step] = &[
    asks::<StorySession>("branch_story_and_return", |guest| {
        let session_id = guest.last::<StorySession>()?.session_id;
        own(StoryBranching { idempotency_key: key("branch"), session_id, event_number: 2 })
    }),
    asks::<StoryStep>("end_story_and_return", |guest| {
        let branch = guest.last::<StorySession>()?;
        own(StoryEnding {
            session_id: branch.session_id,
            expected_event_number: branch.next_event_number,
            text: "The end.".to_owned(),
        })
    }),
];

fn beginning(guest: &Guest) -> StoryBeginning {
    StoryBeginning { idempotency_key: key("story"), world_id: guest.world_id() }
}

fn errand(guest: &Guest) -> Arguments {
    let session_id = guest.last::<StorySession>()?.session_id;
    own(QuestSelection { session_id, quest_key: "errand".to_owned() })
}
