//! Stories: a player's way through one version of a world.

mod events;

pub use events::*;

use module_story::{Continuation, Status, Step};

use crate::*;

/// How far a story has come.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoryStatus {
    /// It goes on.
    Active,
    /// It is over.
    Ended,
}

/// One player's story in one version of a world.
#[table(
    accessor = story_session,
    index(accessor = by_status, btree(columns = [owner, status]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorySession {
    /// UUIDv7.
    #[primary_key]
    pub session_id: Uuid,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The world.
    #[index(btree)]
    pub world_id: Uuid,
    /// The version that the player began; it stays.
    pub version_id: Uuid,
    /// How far it has come.
    pub status: StoryStatus,
    /// The chapter in which it is.
    pub chapter_key: String,
    /// Number of the next event, from 1.
    pub next_event_number: u32,
    /// The story in which the last shared event happened, if this one branched from it.
    pub parent_session_id: Option<Uuid>,
    /// How many of its first events are that story's; 0 unless it branched.
    pub shared_event_count: u32,
    /// How many stories are above this one.
    pub depth: u32,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// A story to begin.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct StoryBeginning {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// A published world; the story plays its current version to the end.
    pub world_id: Uuid,
}

/// What comes next in a story.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct StoryContinuation {
    /// The caller's own story.
    pub session_id: Uuid,
    /// The number that this event is to get: the session's next one.
    pub expected_event_number: u32,
    /// What the player does or says; may be empty.
    pub player_input: String,
    /// What happens; may be empty.
    pub text: String,
    /// The chapter to enter, if it is another one.
    pub chapter_key: Option<String>,
}

/// A story to end.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct StoryEnding {
    /// The caller's own story.
    pub session_id: Uuid,
    /// The number that its last event is to get: the session's next one.
    pub expected_event_number: u32,
    /// How it ends; may be empty.
    pub text: String,
}

/// A story to begin from an event of another one.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct StoryBranching {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// The caller's own story, active or ended.
    pub session_id: Uuid,
    /// The last event that the two share.
    pub event_number: u32,
}

/// A story and one event of it.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct StoryStep {
    /// The story as it stands.
    pub session: StorySession,
    /// The event.
    pub event: StoryEvent,
}

/// Begins a story of the sender.
///
/// Errors: as [`begin_story_and_return`].
#[reducer]
pub fn begin_story(ctx: &ReducerContext, request: StoryBeginning) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    start_story(ctx, &caller, &request).map(drop)
}

/// Begins a story in the first chapter of a world's current version, and returns it.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`, `limit_exceeded`; `not_found` if the world is not
/// published; `conflict` if the idempotency key was used for another request; `insufficient` if
/// the first chapter asks for a higher level.
#[procedure]
pub fn begin_story_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: StoryBeginning,
) -> Result<StorySession, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        start_story(tx, &caller, &request)
    })
}

/// Continues a story of the sender.
///
/// Errors: as [`continue_story_and_return`].
#[reducer]
pub fn continue_story(ctx: &ReducerContext, request: StoryContinuation) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    carry_on_story(ctx, &caller, &request).map(drop)
}

/// Adds an event to a story, enters a chapter if it names another one, and returns both. The
/// event's number is its idempotency key: the same event again changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`, `limit_exceeded`; `not_found`, also for another player's
/// story and for an unknown chapter; `illegal_transition` if the story is over; `conflict` if
/// another event number is next; `insufficient` if the chapter asks for a higher level.
#[procedure]
pub fn continue_story_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: StoryContinuation,
) -> Result<StoryStep, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        carry_on_story(tx, &caller, &request)
    })
}

/// Ends a story of the sender.
///
/// Errors: as [`end_story_and_return`].
#[reducer]
pub fn end_story(ctx: &ReducerContext, request: StoryEnding) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    finish_story(ctx, &caller, &request).map(drop)
}

/// Ends a story and returns it with its last event; the same end again changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`, `limit_exceeded`; `not_found`, also for another player's
/// story; `conflict` if another event number is next; `illegal_transition` if it has ended
/// otherwise.
#[procedure]
pub fn end_story_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: StoryEnding,
) -> Result<StoryStep, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        finish_story(tx, &caller, &request)
    })
}

/// Branches from a story of the sender.
///
/// Errors: as [`branch_story_and_return`].
#[reducer]
pub fn branch_story(ctx: &ReducerContext, request: StoryBranching) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    split_story(ctx, &caller, &request).map(drop)
}

/// Begins a story that shares the events of another one up to a number, and returns it. Its
/// characters and quests begin anew; what the player carries and has learned is the world's.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument` if there is no such event, or if it is the end;
/// `limit_exceeded`; `not_found`, also for another player's story; `conflict` if the idempotency
/// key was used for another request.
#[procedure]
pub fn branch_story_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: StoryBranching,
) -> Result<StorySession, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        split_story(tx, &caller, &request)
    })
}

/// The sender's own stories.
#[view(accessor = my_story_sessions, public, primary_key = session_id)]
pub fn my_story_sessions(ctx: &ViewContext) -> Vec<StorySession> {
    ctx.db.story_session().owner().filter(ctx.sender()).collect()
}

/// The caller's own story, if it goes on.
///
/// Errors: `not_found`, also for another player's; `illegal_transition` if it is over.
pub(crate) fn active_story(
    ctx: &ReducerContext,
    caller: &Caller,
    session_id: Uuid,
) -> Result<StorySession, DomainError> {
    let session = own_story(ctx, caller, session_id)?;
    module_story::transition(session.status.into(), Status::Active)?;
    Ok(session)
}

/// The caller's own story, active or ended.
///
/// Errors: `not_found`, also for another player's.
pub(crate) fn own_story(ctx: &ReducerContext, caller: &Caller, session_id: Uuid) -> Result<StorySession, DomainError> {
    let session = ctx.db.story_session().session_id().find(session_id);
    let own = session.filter(|session| session.owner == caller.player);
    Ok(own.ok_or(RuleError::Hidden { what: "story" })?)
}

fn start_story(ctx: &ReducerContext, caller: &Caller, request: &StoryBeginning) -> Result<StorySession, DomainError> {
    let replayable = Replayable::new(caller.player, "begin_story", &request.idempotency_key, request)?;
    if let Some(session_id) = replayable.first_result(ctx)? {
        return own_story(ctx, caller, session_id);
    }
    let version = current_world_version(ctx, request.world_id)?;
    let chapter_key = version.first_chapter_key;
    let chapter = world_chapter(ctx, version.version_id, &chapter_key)?;
    check_chapter_open(ctx, caller.player, version.world_id, &chapter)?;
    check_active_stories(ctx, caller.player)?;
    if find_played_world(ctx, caller.player, version.world_id).is_none() {
        count_world_player(ctx, version.world_id)?;
    }
    let session = insert_story(ctx, |session_id| StorySession {
        session_id,
        owner: caller.player,
        world_id: version.world_id,
        version_id: version.version_id,
        status: StoryStatus::Active,
        chapter_key,
        next_event_number: 1,
        parent_session_id: None,
        shared_event_count: 0,
        depth: 0,
        begun_at: ctx.timestamp,
        updated_at: ctx.timestamp,
        ended_at: None,
    })?;
    replayable.remember(ctx, session.session_id)?;
    let step = insert_event(
        ctx,
        session,
        StoryEventDraft { opening: &chapter.opening, ..StoryEventDraft::told(StoryEventKind::Begun, "") },
    )?;
    open_progression(ctx, &step.session)?;
    note_story_played(ctx, &step.session)?;
    Ok(step.session)
}

fn carry_on_story(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &StoryContinuation,
) -> Result<StoryStep, DomainError> {
    request.as_rule().check()?;
    let session = own_story(ctx, caller, request.session_id)?;
    if let Some(event) = told_before(ctx, &session, request.expected_event_number, |event| request.is_told_by(event)) {
        return Ok(StoryStep { session, event });
    }
    module_story::transition(session.status.into(), Status::Active)?;
    module_story::check_event_number(session.next_event_number, request.expected_event_number)?;
    module_story::check_event_room(session.next_event_number)?;
    let entered = request.chapter_key.as_deref().filter(|key| *key != session.chapter_key);
    let step = match entered {
        Some(key) => enter_chapter(ctx, session, request, key)?,
        None => insert_event(ctx, session, request.draft())?,
    };
    note_story_played(ctx, &step.session)?;
    Ok(step)
}

fn enter_chapter(
    ctx: &ReducerContext,
    session: StorySession,
    request: &StoryContinuation,
    chapter_key: &str,
) -> Result<StoryStep, DomainError> {
    let chapter = world_chapter(ctx, session.version_id, chapter_key)?;
    check_chapter_open(ctx, session.owner, session.world_id, &chapter)?;
    let session = StorySession { chapter_key: chapter_key.to_owned(), ..session };
    let opening = &chapter.opening;
    let draft = StoryEventDraft { kind: StoryEventKind::ChapterEntered, opening, ..request.draft() };
    let step = insert_event(ctx, session, draft)?;
    open_progression(ctx, &step.session)?;
    advance_quests(ctx, &step.session, QuestObjectiveKind::Reach, chapter_key, 1)?;
    Ok(step)
}

fn finish_story(ctx: &ReducerContext, caller: &Caller, request: &StoryEnding) -> Result<StoryStep, DomainError> {
    module_story::check_text(&request.text)?;
    let session = own_story(ctx, caller, request.session_id)?;
    let is_end = |event: &StoryEvent| event.kind == StoryEventKind::Ended && event.text == request.text;
    if let Some(event) = told_before(ctx, &session, request.expected_event_number, is_end) {
        return Ok(StoryStep { session, event });
    }
    if module_story::transition(session.status.into(), Status::Ended)? == Step::Already {
        let (from, to) = (Status::Ended.name(), "ended otherwise");
        return Err(RuleError::IllegalTransition { what: "A story", from, to, advice: "" }.into());
    }
    module_story::check_event_number(session.next_event_number, request.expected_event_number)?;
    module_story::check_final_room(session.next_event_number)?;
    let session = StorySession { status: StoryStatus::Ended, ended_at: Some(ctx.timestamp), ..session };
    let step = insert_event(ctx, session, StoryEventDraft::told(StoryEventKind::Ended, &request.text))?;
    note_story_played(ctx, &step.session)?;
    Ok(step)
}

fn split_story(ctx: &ReducerContext, caller: &Caller, request: &StoryBranching) -> Result<StorySession, DomainError> {
    let replayable = Replayable::new(caller.player, "branch_story", &request.idempotency_key, request)?;
    if let Some(session_id) = replayable.first_result(ctx)? {
        return own_story(ctx, caller, session_id);
    }
    let trunk = own_story(ctx, caller, request.session_id)?;
    let (event, depth) = find_event(ctx, &trunk, request.event_number)?;
    let is_end = event.kind == StoryEventKind::Ended;
    module_story::check_branch_point(trunk.next_event_number, request.event_number, is_end)?;
    module_story::check_branch_depth(depth)?;
    check_active_stories(ctx, caller.player)?;
    let session = insert_story(ctx, |session_id| StorySession {
        session_id,
        status: StoryStatus::Active,
        chapter_key: event.chapter_key,
        next_event_number: event.number.saturating_add(1),
        parent_session_id: Some(event.session_id),
        shared_event_count: event.number,
        depth: depth.saturating_add(1),
        begun_at: ctx.timestamp,
        updated_at: ctx.timestamp,
        ended_at: None,
        ..trunk
    })?;
    replayable.remember(ctx, session.session_id)?;
    note_story_played(ctx, &session)?;
    Ok(session)
}

fn insert_story(ctx: &ReducerContext, session: impl FnOnce(Uuid) -> StorySession) -> Result<StorySession, DomainError> {
    let sessions = ctx.db.story_session();
    let session_id = fresh_id(ctx, |id| sessions.session_id().find(id).is_some())?;
    sessions.try_insert(session(session_id)).map_err(|_| DomainError::no_fresh_id())
}

fn check_active_stories(ctx: &ReducerContext, owner: Identity) -> Result<(), DomainError> {
    let active = ctx.db.story_session().by_status().filter((owner, StoryStatus::Active)).count();
    Ok(module_story::check_active_stories(active as u64)?)
}

fn world_chapter(ctx: &ReducerContext, version_id: Uuid, key: &str) -> Result<WorldChapter, DomainError> {
    match world_entry(ctx, version_id, WorldEntryKind::Chapter, key)? {
        WorldEntry::Chapter(chapter) => Ok(chapter),
        _ => Err(RuleError::Hidden { what: "chapter" }.into()),
    }
}

fn check_chapter_open(
    ctx: &ReducerContext,
    player: Identity,
    world_id: Uuid,
    chapter: &WorldChapter,
) -> Result<(), DomainError> {
    Ok(module_story::check_chapter_level(chapter.required_level, level_of(ctx, player, world_id))?)
}

impl StoryContinuation {
    fn as_rule(&self) -> Continuation<'_> {
        let chapter_key = self.chapter_key.as_deref();
        Continuation { player_input: &self.player_input, text: &self.text, chapter_key }
    }

    fn draft(&self) -> StoryEventDraft<'_> {
        StoryEventDraft {
            player_input: &self.player_input,
            ..StoryEventDraft::told(StoryEventKind::Continued, &self.text)
        }
    }

    /// Whether an event on record is what this request asked for.
    fn is_told_by(&self, event: &StoryEvent) -> bool {
        let said = event.player_input == self.player_input && event.text == self.text;
        let chapter = self.chapter_key.as_deref().is_none_or(|key| key == event.chapter_key);
        let entered = event.kind == StoryEventKind::ChapterEntered && self.chapter_key.is_some();
        said && chapter && (entered || event.kind == StoryEventKind::Continued)
    }
}

impl From<StoryStatus> for Status {
    fn from(status: StoryStatus) -> Self {
        match status {
            StoryStatus::Active => Status::Active,
            StoryStatus::Ended => Status::Ended,
        }
    }
}
