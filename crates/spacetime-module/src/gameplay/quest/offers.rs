//! Which quests a story has to offer, and what stands in the way of each.

use module_quest::Status;

use crate::*;

/// A quest of the story's world, as it looks from the story.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct QuestOffer {
    /// Its key.
    pub quest_key: String,
    /// What it is.
    pub quest: WorldQuest,
    /// How far it has come.
    pub status: QuestStatus,
    /// Why it cannot be accepted now; nothing, if it can, or if it has been.
    pub obstacle: Option<DomainError>,
}

/// Lists the quests of a story's world, at most 200, each with what stands in its way.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `not_found`, also for another player's story.
#[procedure]
pub fn list_quest_offers_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    session_id: Uuid,
) -> Result<Vec<QuestOffer>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        let story = own_story(tx, &caller, session_id)?;
        let entries = world_entries(tx, story.version_id, WorldEntryKind::Quest);
        let offered = entries.take(module_quest::QUEST_OFFERS_MAX).collect::<Vec<_>>().into_iter();
        Ok(offered.filter_map(|row| offer(tx, &story, row)).collect())
    })
}

/// Whether a quest that is not active may be accepted in the story as it stands.
///
/// Errors: `conflict`.
pub(super) fn check_quest_conditions(
    ctx: &ReducerContext,
    story: &StorySession,
    quest: &WorldQuest,
) -> Result<(), DomainError> {
    module_quest::check_chapter(quest.chapter_key.as_deref(), &story.chapter_key)?;
    for required in &quest.requires {
        let status = find_quest(ctx, story, required).map_or(QuestStatus::Available, |quest| quest.status);
        module_quest::check_requirement(status.into())?;
    }
    if let Some(giver) = &quest.giver_key {
        module_quest::check_giver(has_met_npc(ctx, story, giver))?;
    }
    Ok(())
}

pub(super) fn find_quest(ctx: &ReducerContext, story: &StorySession, quest_key: &str) -> Option<QuestRecord> {
    ctx.db.quest_record().by_quest().filter((story.session_id, quest_key)).next()
}

/// Errors: `not_found`.
pub(super) fn world_quest(
    ctx: &ReducerContext,
    story: &StorySession,
    quest_key: &str,
) -> Result<WorldQuest, DomainError> {
    match world_entry(ctx, story.version_id, WorldEntryKind::Quest, quest_key)? {
        WorldEntry::Quest(quest) => Ok(quest),
        _ => Err(RuleError::Hidden { what: "quest" }.into()),
    }
}

fn offer(ctx: &ReducerContext, story: &StorySession, row: CustomWorldPlayableEntry) -> Option<QuestOffer> {
    let WorldEntry::Quest(quest) = row.entry else {
        return None;
    };
    let status = find_quest(ctx, story, &row.key).map_or(QuestStatus::Available, |quest| quest.status);
    let obstacle = match Status::from(status) {
        Status::Available | Status::Abandoned => check_quest_conditions(ctx, story, &quest).err(),
        Status::Accepted | Status::Completed | Status::TurnedIn => None,
    };
    Some(QuestOffer { quest_key: row.key, quest, status, obstacle })
}
