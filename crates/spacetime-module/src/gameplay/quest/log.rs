//! What has happened to quests, in the order in which it happened.

use crate::*;

/// What an entry tells.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuestLogKind {
    /// It was accepted, for the first time or again.
    Accepted,
    /// An objective advanced.
    Progressed,
    /// Everything that it asks for was done.
    Completed,
    /// It was turned in.
    TurnedIn,
    /// It was given up.
    Abandoned,
}

/// One entry. Entries are only ever added.
#[table(accessor = quest_log)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestLog {
    /// Number of the entry; later ones are higher.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The record of the quest.
    #[index(btree)]
    pub quest_id: Uuid,
    /// Which time of accepting the quest it belongs to, from 1.
    pub attempt: u32,
    /// What it tells.
    pub kind: QuestLogKind,
    /// The objective that advanced; otherwise empty.
    pub objective_key: String,
    /// How far that objective has come; otherwise 0.
    pub count: u32,
    /// When it happened.
    pub happened_at: Timestamp,
}

/// What has happened to the sender's own quests.
#[view(accessor = my_quest_log, public, primary_key = id)]
pub fn my_quest_log(ctx: &ViewContext) -> Vec<QuestLog> {
    ctx.db.quest_log().owner().filter(ctx.sender()).collect()
}

/// Adds an entry about a quest as it stands.
pub(super) fn log_quest(
    ctx: &ReducerContext,
    quest: &QuestRecord,
    kind: QuestLogKind,
    objective_key: String,
    count: u32,
) -> Result<(), DomainError> {
    let entry = QuestLog {
        id: 0,
        owner: quest.owner,
        quest_id: quest.quest_id,
        attempt: quest.attempts,
        kind,
        objective_key,
        count,
        happened_at: ctx.timestamp,
    };
    ctx.db.quest_log().try_insert(entry).map_err(|_| DomainError::no_fresh_id())?;
    Ok(())
}
