//! What has happened in stories, in the order in which it happened.

use module_story::Link;

use crate::*;

/// One row of this many is a filler.
const ROWS_PER_FILLER: u64 = 64;

/// What an event tells.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoryEventKind {
    /// The story began.
    Begun,
    /// The player did something, and something happened.
    Continued,
    /// A chapter was entered.
    ChapterEntered,
    /// The player met a character for the first time.
    CharacterMet,
    /// A battle was won.
    BattleWon,
    /// A battle was lost.
    BattleLost,
    /// The player got away from a battle.
    BattleFled,
    /// A treasure was opened.
    TreasureOpened,
    /// A quest was turned in.
    QuestTurnedIn,
    /// The story ended.
    Ended,
}

/// One event of one story. Events are only ever added.
#[table(
    accessor = story_event,
    index(accessor = by_number, btree(columns = [session_id, number])),
    index(accessor = by_page, btree(columns = [owner, page]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryEvent {
    /// Number of the row.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The story in which it happened; stories that branched from that one later share it.
    pub session_id: Uuid,
    /// Its place in the story, from 1 without gaps; the pair is unique.
    pub number: u32,
    /// The player.
    pub owner: Identity,
    /// Which page of all events of the player's stories it is on, from 0.
    pub page: u64,
    /// What it tells.
    pub kind: StoryEventKind,
    /// The chapter in which the story was after it.
    pub chapter_key: String,
    /// Key of the character, enemy, treasure or quest that it is about, if any.
    pub subject_key: String,
    /// What the world says on its own account, such as the opening of a chapter.
    pub opening: String,
    /// What the player did or said.
    pub player_input: String,
    /// What happened.
    pub text: String,
    /// When it happened.
    pub happened_at: Timestamp,
}

/// How many events the stories of a player have told, which says on which pages the newest are.
#[table(accessor = story_event_count)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryEventCount {
    /// The player.
    #[primary_key]
    pub owner: Identity,
    /// How many, over all stories.
    pub events: u64,
}

/// Which events of a story to list.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct StoryEventListing {
    /// The caller's own story.
    pub session_id: Uuid,
    /// Number of the first one, from 1.
    pub from_number: u32,
    /// At most this many, 1 to 200.
    pub limit: u32,
}

/// What is chosen about an event; the rest follows from its story.
#[derive(Clone, Copy)]
pub(super) struct StoryEventDraft<'a> {
    pub kind: StoryEventKind,
    pub subject_key: &'a str,
    pub opening: &'a str,
    pub player_input: &'a str,
    pub text: &'a str,
}

/// Lists events of a story in their order, those that it shares with another one included.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`, `limit_exceeded`; `not_found`, also for another player's
/// story.
#[procedure]
pub fn list_story_events_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: StoryEventListing,
) -> Result<Vec<StoryEvent>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        list_events(tx, &caller, &request)
    })
}

/// What happened last in the sender's own stories, over all of them: between 101 and 200 events, or
/// all if there are fewer. An event is shown where it happened; those that a branch shares are its
/// parent's.
#[view(accessor = my_story_events, public, primary_key = id)]
pub fn my_story_events(ctx: &ViewContext) -> Vec<StoryEvent> {
    let count = ctx.db.story_event_count().owner().find(ctx.sender());
    let pages = module_story::shown_pages(count.map_or(0, |count| count.events));
    pages.flat_map(|page| ctx.db.story_event().by_page().filter((ctx.sender(), page))).collect()
}

/// The newest eight events that happened in one of the sender's own stories: what a player needs
/// who has listed those that there were before. Others see nothing.
#[view(accessor = story_feed, public)]
pub fn story_feed(ctx: &ViewContext, session_id: Uuid) -> Vec<StoryEvent> {
    let session = ctx.db.story_session().session_id().find(session_id);
    let Some(session) = session.filter(|session| session.owner == ctx.sender()) else {
        return Vec::new();
    };
    let numbers = module_story::feed_numbers(session.shared_event_count, session.next_event_number);
    numbers.flat_map(|number| ctx.db.story_event().by_number().filter((session_id, number))).collect()
}

/// Tells in a story what has happened in another domain. A story that is full or over does not
/// tell it any more, but it has happened all the same.
pub(crate) fn append_story_event(
    ctx: &ReducerContext,
    story: &StorySession,
    kind: StoryEventKind,
    subject_key: &str,
    text: &str,
) -> Result<(), DomainError> {
    // The caller's copy may be older than an event that it has caused.
    let Some(session) = ctx.db.story_session().session_id().find(story.session_id) else {
        return Ok(());
    };
    if session.status == StoryStatus::Active && module_story::has_notice_room(session.next_event_number) {
        insert_event(ctx, session, StoryEventDraft { subject_key, ..StoryEventDraft::told(kind, text) })?;
    }
    Ok(())
}

/// Adds an event, and stores the session with what it changes. The caller has made sure that
/// there is room.
pub(super) fn insert_event(
    ctx: &ReducerContext,
    session: StorySession,
    draft: StoryEventDraft<'_>,
) -> Result<StoryStep, DomainError> {
    let event = StoryEvent {
        id: 0,
        session_id: session.session_id,
        number: session.next_event_number,
        owner: session.owner,
        page: next_event_page(ctx, session.owner),
        kind: draft.kind,
        chapter_key: session.chapter_key.clone(),
        subject_key: draft.subject_key.to_owned(),
        opening: draft.opening.to_owned(),
        player_input: draft.player_input.to_owned(),
        text: draft.text.to_owned(),
        happened_at: ctx.timestamp,
    };
    let event = ctx.db.story_event().try_insert(event).map_err(|_| DomainError::no_fresh_id())?;
    if event.id % ROWS_PER_FILLER == 0 {
        insert_filler(ctx, event.id)?;
    }
    let session = ctx.db.story_session().session_id().update(StorySession {
        next_event_number: session.next_event_number.saturating_add(1),
        updated_at: ctx.timestamp,
        ..session
    });
    Ok(StoryStep { session, event })
}

/// Adds a row that is nobody's and has no texts.
///
/// The engine (2.14, `Pages::find_page_with_space_for_row`) looks at every page whose free space is a little too small
/// for a row with texts before it comes to one that is large enough. As events are only ever added, such pages would
/// become more with each page, and each event slower than the one before. A row without texts fits into any of them and
/// is put into the fullest, which the engine then looks at no more; two for each page of events are enough.
fn insert_filler(ctx: &ReducerContext, after_id: u64) -> Result<(), DomainError> {
    let none = String::new;
    let filler = StoryEvent {
        id: 0,
        session_id: Uuid::NIL,
        // Apart from those of other fillers, so that no key of an index has many rows.
        number: after_id as u32,
        owner: Identity::ZERO,
        page: after_id,
        kind: StoryEventKind::Begun,
        chapter_key: none(),
        subject_key: none(),
        opening: none(),
        player_input: none(),
        text: none(),
        happened_at: ctx.timestamp,
    };
    ctx.db.story_event().try_insert(filler).map_err(|_| DomainError::no_fresh_id()).map(drop)
}

/// Counts one more event of a player, and says on which page it is.
fn next_event_page(ctx: &ReducerContext, owner: Identity) -> u64 {
    let counts = ctx.db.story_event_count().owner();
    let told = counts.find(owner).map_or(0, |count| count.events);
    counts.insert_or_update(StoryEventCount { owner, events: told.saturating_add(1) });
    module_story::event_page(told)
}

/// The session's own event `number`, if it is there and as `is_same` expects it: a repeated
/// request is answered with it.
pub(super) fn told_before(
    ctx: &ReducerContext,
    session: &StorySession,
    number: u32,
    is_same: impl FnOnce(&StoryEvent) -> bool,
) -> Option<StoryEvent> {
    ctx.db.story_event().by_number().filter((session.session_id, number)).next().filter(is_same)
}

/// An event of a story, shared or not, and how many stories are above the one it happened in.
///
/// Errors: `invalid_argument` if there is no such event.
pub(super) fn find_event(
    ctx: &ReducerContext,
    session: &StorySession,
    number: u32,
) -> Result<(StoryEvent, u32), DomainError> {
    module_story::check_branch_point(session.next_event_number, number, false)?;
    let line = line_of(ctx, session);
    let home = module_story::home_of(&line, number).and_then(|place| line.get(place).map(|link| (place, link.story)));
    let (place, story) = home.ok_or(RuleError::Hidden { what: "event" })?;
    let event = ctx.db.story_event().by_number().filter((story, number)).next();
    let depth = session.depth.saturating_sub(u32::try_from(place).unwrap_or(u32::MAX));
    Ok((event.ok_or(RuleError::Hidden { what: "event" })?, depth))
}

fn list_events(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &StoryEventListing,
) -> Result<Vec<StoryEvent>, DomainError> {
    module_story::check_listing(request.from_number, request.limit)?;
    let session = own_story(ctx, caller, request.session_id)?;
    let newest = session.next_event_number.saturating_sub(1);
    let last = newest.min(request.from_number.saturating_add(request.limit - 1));
    let mut events = Vec::new();
    for stretch in module_story::stretches(&line_of(ctx, &session), request.from_number, last) {
        events.extend(ctx.db.story_event().by_number().filter((stretch.story, stretch.first..=stretch.last)));
    }
    Ok(ascending(events, |event| event.number))
}

/// The line of stories from this one up to the one that was begun.
fn line_of(ctx: &ReducerContext, session: &StorySession) -> Vec<Link<Uuid>> {
    let mut line = vec![Link { story: session.session_id, shared: session.shared_event_count }];
    let mut above = session.parent_session_id;
    while let Some(parent) = above.and_then(|parent| ctx.db.story_session().session_id().find(parent)) {
        line.push(Link { story: parent.session_id, shared: parent.shared_event_count });
        above = parent.parent_session_id;
    }
    line
}

impl<'a> StoryEventDraft<'a> {
    /// An event about nothing in particular.
    pub fn told(kind: StoryEventKind, text: &'a str) -> Self {
        StoryEventDraft { kind, subject_key: "", opening: "", player_input: "", text }
    }
}
