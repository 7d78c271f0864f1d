//! Quests of a player: accepted, completed by what happens, turned in for a reward.

mod log;
mod offers;

pub use log::*;
pub use offers::*;

use module_quest::{Status, Step};

use crate::*;

/// How far a quest has come in one story.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuestStatus {
    /// Nobody has accepted it; the state of every quest without a record.
    Available,
    /// It is being done.
    Accepted,
    /// Everything that it asks for is done; the reward waits.
    Completed,
    /// The reward has been given.
    TurnedIn,
    /// Given up; it may be accepted again.
    Abandoned,
}

/// How far one objective of a quest has come.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct QuestProgress {
    /// The objective.
    pub objective_key: String,
    /// What it counts.
    pub kind: QuestObjectiveKind,
    /// Of whom or what.
    pub target_key: String,
    /// How often it has happened.
    pub count: u32,
    /// How often it has to.
    pub needed: u32,
}

/// A quest that has been accepted in a story.
#[table(
    accessor = quest_record,
    index(accessor = by_quest, btree(columns = [session_id, quest_key])),
    index(accessor = by_status, btree(columns = [session_id, status]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestRecord {
    /// UUIDv7.
    #[primary_key]
    pub quest_id: Uuid,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The story.
    pub session_id: Uuid,
    /// The quest; the pair with the story is unique.
    pub quest_key: String,
    /// How far it has come.
    pub status: QuestStatus,
    /// Its objectives, in the world's order.
    pub objectives: Vec<QuestProgress>,
    /// How often it has been accepted.
    pub attempts: u32,
    /// When it was accepted last.
    pub accepted_at: Timestamp,
    /// When it was completed.
    pub completed_at: Option<Timestamp>,
    /// When its reward was given.
    pub turned_in_at: Option<Timestamp>,
    /// When the row last changed.
    pub updated_at: Timestamp,
}

/// A quest in a story.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct QuestSelection {
    /// The caller's own story.
    pub session_id: Uuid,
    /// The quest.
    pub quest_key: String,
}

/// Accepts a quest in a story of the sender.
///
/// Errors: as [`accept_quest_and_return`].
#[reducer]
pub fn accept_quest(ctx: &ReducerContext, request: QuestSelection) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    take_quest(ctx, &caller, &request).map(drop)
}

/// Accepts a quest and returns its record; accepting again changes nothing while it is active. A
/// quest that was abandoned begins anew.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`, `limit_exceeded`; `not_found`, also for another player's
/// story; `conflict` if the story is in another chapter, if a quest that is required is not turned
/// in, or if the player has not met the giver; `illegal_transition` if it is turned in, or if the
/// story is over.
#[procedure]
pub fn accept_quest_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: QuestSelection,
) -> Result<QuestRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        take_quest(tx, &caller, &request)
    })
}

/// Gives up a quest in a story of the sender.
///
/// Errors: as [`abandon_quest_and_return`].
#[reducer]
pub fn abandon_quest(ctx: &ReducerContext, request: QuestSelection) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    give_up_quest(ctx, &caller, &request).map(drop)
}

/// Gives up a quest, whose progress is lost, and returns its record; giving it up again changes
/// nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`, `limit_exceeded`; `not_found`, also for another player's
/// story; `illegal_transition` if it was never accepted, if it is turned in, or if the story is
/// over.
#[procedure]
pub fn abandon_quest_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: QuestSelection,
) -> Result<QuestRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        give_up_quest(tx, &caller, &request)
    })
}

/// Turns in a completed quest of a story of the sender.
///
/// Errors: as [`turn_in_quest_and_return`].
#[reducer]
pub fn turn_in_quest(ctx: &ReducerContext, request: QuestSelection) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    reward_quest(ctx, &caller, &request).map(drop)
}

/// Turns in a completed quest, gives its items and its experience in the same transaction, and
/// returns its record; turning it in again gives nothing and changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`; `limit_exceeded`, also if the player cannot carry the
/// items; `not_found`, also for another player's story; `illegal_transition` unless it is
/// completed, or if the story is over.
#[procedure]
pub fn turn_in_quest_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: QuestSelection,
) -> Result<QuestRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        reward_quest(tx, &caller, &request)
    })
}

/// The quests that the sender has accepted in its own stories, in every status.
#[view(accessor = my_quests, public, primary_key = quest_id)]
pub fn my_quests(ctx: &ViewContext) -> Vec<QuestRecord> {
    ctx.db.quest_record().owner().filter(ctx.sender()).collect()
}

/// The quests that have been accepted in a story, at most as many as its world has.
pub(crate) fn quests_of(ctx: &ReducerContext, session_id: Uuid) -> Vec<QuestRecord> {
    let statuses = [QuestStatus::Accepted, QuestStatus::Completed, QuestStatus::TurnedIn, QuestStatus::Abandoned];
    let of_status = |status: QuestStatus| ctx.db.quest_record().by_status().filter((session_id, status));
    statuses.into_iter().flat_map(of_status).collect()
}

/// Counts something that happened in a story towards the accepted quests that ask for it.
pub(crate) fn advance_quests(
    ctx: &ReducerContext,
    story: &StorySession,
    kind: QuestObjectiveKind,
    target_key: &str,
    amount: u32,
) -> Result<(), DomainError> {
    let place = (story.session_id, QuestStatus::Accepted);
    let accepted = ctx.db.quest_record().by_status().filter(place).take(module_quest::ACTIVE_QUESTS_MAX as usize);
    for quest in accepted.collect::<Vec<_>>() {
        advance_quest(ctx, quest, kind, target_key, amount)?;
    }
    Ok(())
}

fn advance_quest(
    ctx: &ReducerContext,
    mut quest: QuestRecord,
    kind: QuestObjectiveKind,
    target_key: &str,
    amount: u32,
) -> Result<QuestRecord, DomainError> {
    let mut advanced = Vec::new();
    for objective in &mut quest.objectives {
        if objective.kind == kind
            && objective.target_key == target_key
            && let Some(count) = module_quest::advanced(objective.count, objective.needed, amount)
        {
            objective.count = count;
            advanced.push((objective.objective_key.clone(), count));
        }
    }
    if advanced.is_empty() {
        return Ok(quest);
    }
    for (objective_key, count) in advanced {
        log_quest(ctx, &quest, QuestLogKind::Progressed, objective_key, count)?;
    }
    complete_quest_if_met(ctx, QuestRecord { updated_at: ctx.timestamp, ..quest })
}

/// Stores a quest, completed if everything that it asks for is done.
fn complete_quest_if_met(ctx: &ReducerContext, quest: QuestRecord) -> Result<QuestRecord, DomainError> {
    let mut quest = quest;
    let counts = quest.objectives.clone().into_iter().map(|objective| (objective.count, objective.needed));
    if module_quest::is_met(counts) && move_quest(&mut quest, QuestStatus::Completed)? == Step::Moved {
        quest.completed_at = Some(ctx.timestamp);
        log_quest(ctx, &quest, QuestLogKind::Completed, String::new(), 0)?;
    }
    Ok(ctx.db.quest_record().quest_id().update(quest))
}

fn take_quest(ctx: &ReducerContext, caller: &Caller, request: &QuestSelection) -> Result<QuestRecord, DomainError> {
    let (story, present) = select_quest(ctx, caller, request)?;
    let quest = world_quest(ctx, &story, &request.quest_key)?;
    let status = present.as_ref().map_or(QuestStatus::Available, |quest| quest.status);
    if let (Step::Already, Some(present)) = (module_quest::transition(status.into(), Status::Accepted)?, &present) {
        return Ok(present.clone());
    }
    check_quest_conditions(ctx, &story, &quest)?;
    module_quest::check_active_quests(active_quest_count(ctx, &story))?;
    let accepted = insert_or_restart_quest(ctx, &story, request, present, quest.objectives)?;
    log_quest(ctx, &accepted, QuestLogKind::Accepted, String::new(), 0)?;
    // Whoever is there already need not leave and come back.
    let accepted = advance_quest(ctx, accepted, QuestObjectiveKind::Reach, &story.chapter_key, 1)?;
    match accepted.status {
        QuestStatus::Accepted => complete_quest_if_met(ctx, accepted),
        _ => Ok(accepted),
    }
}

fn insert_or_restart_quest(
    ctx: &ReducerContext,
    story: &StorySession,
    request: &QuestSelection,
    present: Option<QuestRecord>,
    objectives: Vec<QuestObjective>,
) -> Result<QuestRecord, DomainError> {
    let quests = ctx.db.quest_record();
    let attempts = present.as_ref().map_or(0, |quest| quest.attempts);
    module_quest::check_attempt(attempts)?;
    let quest_id = match &present {
        Some(quest) => quest.quest_id,
        None => fresh_id(ctx, |id| quests.quest_id().find(id).is_some())?,
    };
    let quest = QuestRecord {
        quest_id,
        owner: story.owner,
        session_id: story.session_id,
        quest_key: request.quest_key.clone(),
        status: QuestStatus::Accepted,
        objectives: objectives.into_iter().map(QuestProgress::from).collect(),
        attempts: attempts.saturating_add(1),
        accepted_at: ctx.timestamp,
        completed_at: None,
        turned_in_at: None,
        updated_at: ctx.timestamp,
    };
    match present {
        Some(_) => Ok(quests.quest_id().update(quest)),
        None => quests.try_insert(quest).map_err(|_| DomainError::no_fresh_id()),
    }
}

fn give_up_quest(ctx: &ReducerContext, caller: &Caller, request: &QuestSelection) -> Result<QuestRecord, DomainError> {
    let (story, present) = select_quest(ctx, caller, request)?;
    let mut quest = accepted_quest(ctx, &story, request, present, Status::Abandoned)?;
    if move_quest(&mut quest, QuestStatus::Abandoned)? == Step::Already {
        return Ok(quest);
    }
    quest.updated_at = ctx.timestamp;
    log_quest(ctx, &quest, QuestLogKind::Abandoned, String::new(), 0)?;
    Ok(ctx.db.quest_record().quest_id().update(quest))
}

fn reward_quest(ctx: &ReducerContext, caller: &Caller, request: &QuestSelection) -> Result<QuestRecord, DomainError> {
    let (story, present) = select_quest(ctx, caller, request)?;
    let mut quest = accepted_quest(ctx, &story, request, present, Status::TurnedIn)?;
    if move_quest(&mut quest, QuestStatus::TurnedIn)? == Step::Already {
        return Ok(quest);
    }
    quest.turned_in_at = Some(ctx.timestamp);
    quest.updated_at = ctx.timestamp;
    log_quest(ctx, &quest, QuestLogKind::TurnedIn, String::new(), 0)?;
    // Stored first: the items may advance other quests, which reads the records again.
    let quest = ctx.db.quest_record().quest_id().update(quest);
    let entry = world_quest(ctx, &story, &request.quest_key)?;
    for reward in entry.rewards {
        grant_items(ctx, &story, &reward.item_key, reward.quantity)?;
    }
    award_experience(ctx, &story, ExperienceSource::Quest, quest.quest_id, entry.experience)?;
    append_story_event(ctx, &story, StoryEventKind::QuestTurnedIn, &request.quest_key, &entry.title)?;
    Ok(quest)
}

/// The caller's active story, and its record of the quest if there is one.
fn select_quest(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &QuestSelection,
) -> Result<(StorySession, Option<QuestRecord>), DomainError> {
    module_quest::check_quest_key(&request.quest_key)?;
    let story = active_story(ctx, caller, request.session_id)?;
    let record = find_quest(ctx, &story, &request.quest_key);
    Ok((story, record))
}

/// Errors: `not_found` for an unknown quest, `illegal_transition` for one never accepted.
fn accepted_quest(
    ctx: &ReducerContext,
    story: &StorySession,
    request: &QuestSelection,
    record: Option<QuestRecord>,
    to: Status,
) -> Result<QuestRecord, DomainError> {
    match record {
        Some(quest) => Ok(quest),
        None => {
            world_quest(ctx, story, &request.quest_key)?;
            module_quest::transition(Status::Available, to)?;
            Err(RuleError::Hidden { what: "quest" }.into())
        }
    }
}

fn move_quest(quest: &mut QuestRecord, to: QuestStatus) -> Result<Step, DomainError> {
    let step = module_quest::transition(quest.status.into(), to.into())?;
    quest.status = to;
    Ok(step)
}

fn active_quest_count(ctx: &ReducerContext, story: &StorySession) -> u64 {
    let count_of = |status| ctx.db.quest_record().by_status().filter((story.session_id, status)).count();
    (count_of(QuestStatus::Accepted) + count_of(QuestStatus::Completed)) as u64
}

impl From<QuestObjective> for QuestProgress {
    fn from(objective: QuestObjective) -> Self {
        QuestProgress {
            objective_key: objective.key,
            kind: objective.kind,
            target_key: objective.target_key,
            count: 0,
            needed: objective.count,
        }
    }
}

impl From<QuestStatus> for Status {
    fn from(status: QuestStatus) -> Self {
        match status {
            QuestStatus::Available => Status::Available,
            QuestStatus::Accepted => Status::Accepted,
            QuestStatus::Completed => Status::Completed,
            QuestStatus::TurnedIn => Status::TurnedIn,
            QuestStatus::Abandoned => Status::Abandoned,
        }
    }
}
