//! Experience and levels.
//!
//! A player has one progression in each world, and one in each of its chapters. Points come from
//! battles and quests only, each once: its award is a row, and the sum of the rows is the total.

use crate::*;

/// The most chapters of one world that a reading lists.
const CHAPTERS_LISTED_MAX: usize = 200;

/// What experience was earned by.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExperienceSource {
    /// A battle that was won.
    Battle,
    /// A quest that was turned in.
    Quest,
}

/// How far a player has come in a world.
#[table(
    accessor = player_progression,
    index(accessor = by_world, btree(columns = [owner, world_id]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayerProgression {
    /// Number of the progression.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The world; the pair is unique.
    pub world_id: Uuid,
    /// All points earned in it.
    pub experience: u64,
    /// The level that they are worth, from 1.
    pub level: u32,
    /// The points at which the next level is reached; none at the last.
    pub next_level_at: Option<u64>,
    /// How many chapters are unlocked.
    pub unlocked_chapters: u32,
    /// When the level was reached.
    pub level_reached_at: Timestamp,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// How far a player has come in a chapter. There is a row for each chapter that is unlocked.
#[table(
    accessor = chapter_progression,
    index(accessor = by_chapter, btree(columns = [owner, world_id, chapter_key]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChapterProgression {
    /// Number of the progression.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The world.
    pub world_id: Uuid,
    /// The chapter; the three together are unique.
    pub chapter_key: String,
    /// Points earned in it.
    pub experience: u64,
    /// The player's level when it was unlocked.
    pub unlocked_at_level: u32,
    /// When it was unlocked.
    pub unlocked_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
}

/// Experience that was awarded, once for each source.
#[table(
    accessor = experience_award,
    index(accessor = by_source, btree(columns = [source, source_id]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExperienceAward {
    /// Number of the award.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The world in which it counts.
    pub world_id: Uuid,
    /// The chapter in which it counts.
    pub chapter_key: String,
    /// What it was earned by.
    pub source: ExperienceSource,
    /// Id of the battle or quest; unique together with the kind of source.
    pub source_id: Uuid,
    /// Points.
    pub amount: u64,
    /// Level before it.
    pub level_before: u32,
    /// Level after it.
    pub level_after: u32,
    /// When it was awarded.
    pub awarded_at: Timestamp,
}

/// A player's progression in one world with that in its chapters.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct ProgressionRecord {
    /// In the world.
    pub progression: PlayerProgression,
    /// In the chapters that are unlocked, up to 200.
    pub chapters: Vec<ChapterProgression>,
}

/// Returns the player's progression in a world.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found` if the player has not played there.
#[procedure]
pub fn read_progression_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    world_id: Uuid,
) -> Result<ProgressionRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        let progression = find_progression(tx, caller.player, world_id);
        let progression = progression.ok_or(RuleError::Hidden { what: "progression" })?;
        let chapters = tx.db.chapter_progression().by_chapter().filter((caller.player, world_id));
        Ok(ProgressionRecord { progression, chapters: chapters.take(CHAPTERS_LISTED_MAX).collect() })
    })
}

/// The sender's own progression in every world.
#[view(accessor = my_progression, public, primary_key = id)]
pub fn my_progression(ctx: &ViewContext) -> Vec<PlayerProgression> {
    ctx.db.player_progression().owner().filter(ctx.sender()).collect()
}

/// The sender's own progression in every chapter that is unlocked.
#[view(accessor = my_chapter_progression, public, primary_key = id)]
pub fn my_chapter_progression(ctx: &ViewContext) -> Vec<ChapterProgression> {
    ctx.db.chapter_progression().owner().filter(ctx.sender()).collect()
}

/// Awards experience to the player and to the chapter of the story, once per source: a repeated
/// award changes nothing. Of `amount`, [`module_progression::AWARD_MAX`] points count at most.
///
/// Errors: `limit_exceeded` if the points could no longer be counted.
pub(crate) fn award_experience(
    ctx: &ReducerContext,
    story: &StorySession,
    source: ExperienceSource,
    source_id: Uuid,
    amount: u64,
) -> Result<(), DomainError> {
    if ctx.db.experience_award().by_source().filter((source, source_id)).next().is_some() {
        return Ok(());
    }
    let progression = open_progression(ctx, story)?;
    let gain = module_progression::gain(progression.experience, amount)?;
    let award = ExperienceAward {
        id: 0,
        owner: story.owner,
        world_id: story.world_id,
        chapter_key: story.chapter_key.clone(),
        source,
        source_id,
        amount: gain.awarded,
        level_before: gain.level_before,
        level_after: gain.level_after,
        awarded_at: ctx.timestamp,
    };
    ctx.db.experience_award().try_insert(award).map_err(|_| DomainError::no_fresh_id())?;
    let rises = gain.level_after > gain.level_before;
    let progression = ctx.db.player_progression().id().update(PlayerProgression {
        experience: gain.experience,
        level: gain.level_after,
        next_level_at: module_progression::next_level_at(gain.level_after),
        level_reached_at: if rises { ctx.timestamp } else { progression.level_reached_at },
        updated_at: ctx.timestamp,
        ..progression
    });
    if rises {
        unlock_chapters(ctx, story, progression)?;
    }
    let chapter = find_chapter(ctx, story, &story.chapter_key).ok_or_else(chapter_missing)?;
    let experience = module_progression::gain(chapter.experience, gain.awarded)?.experience;
    let chapter = ChapterProgression { experience, updated_at: ctx.timestamp, ..chapter };
    ctx.db.chapter_progression().id().update(chapter);
    Ok(())
}

/// The player's level in the world of the story, from 1.
pub(crate) fn level_of(ctx: &ReducerContext, player: Identity, world_id: Uuid) -> u32 {
    find_progression(ctx, player, world_id).map_or(1, |progression| progression.level)
}

/// The player's progression in the world of the story, from now on if it had none. The chapters
/// that its level admits are unlocked, and the one in which the story is.
pub(crate) fn open_progression(ctx: &ReducerContext, story: &StorySession) -> Result<PlayerProgression, DomainError> {
    if let Some(progression) = find_progression(ctx, story.owner, story.world_id) {
        // The story may have moved on since, or be one in a newer version of the world.
        return match find_chapter(ctx, story, &story.chapter_key) {
            Some(_) => Ok(progression),
            None => unlock_chapters(ctx, story, progression),
        };
    }
    let progression = PlayerProgression {
        id: 0,
        owner: story.owner,
        world_id: story.world_id,
        experience: 0,
        level: 1,
        next_level_at: module_progression::next_level_at(1),
        unlocked_chapters: 0,
        level_reached_at: ctx.timestamp,
        created_at: ctx.timestamp,
        updated_at: ctx.timestamp,
    };
    let progression = ctx.db.player_progression().try_insert(progression).map_err(|_| DomainError::no_fresh_id())?;
    unlock_chapters(ctx, story, progression)
}

/// Unlocks what the level admits, and the chapter in which the story is.
fn unlock_chapters(
    ctx: &ReducerContext,
    story: &StorySession,
    progression: PlayerProgression,
) -> Result<PlayerProgression, DomainError> {
    let mut unlocked = progression.unlocked_chapters;
    let mut unlock = |chapter_key: &str| -> Result<(), DomainError> {
        if find_chapter(ctx, story, chapter_key).is_some() {
            return Ok(());
        }
        let chapter = ChapterProgression {
            id: 0,
            owner: story.owner,
            world_id: story.world_id,
            chapter_key: chapter_key.to_owned(),
            experience: 0,
            unlocked_at_level: progression.level,
            unlocked_at: ctx.timestamp,
            updated_at: ctx.timestamp,
        };
        ctx.db.chapter_progression().try_insert(chapter).map_err(|_| DomainError::no_fresh_id())?;
        unlocked = unlocked.saturating_add(1);
        Ok(())
    };
    for row in world_entries(ctx, story.version_id, WorldEntryKind::Chapter) {
        let WorldEntry::Chapter(chapter) = &row.entry else {
            continue;
        };
        if module_progression::is_unlocked(chapter.required_level, progression.level) {
            unlock(&row.key)?;
        }
    }
    unlock(&story.chapter_key)?;
    let progression = PlayerProgression { unlocked_chapters: unlocked, updated_at: ctx.timestamp, ..progression };
    Ok(ctx.db.player_progression().id().update(progression))
}

fn find_progression(ctx: &ReducerContext, player: Identity, world_id: Uuid) -> Option<PlayerProgression> {
    ctx.db.player_progression().by_world().filter((player, world_id)).next()
}

/// Opening a progression unlocks the story's chapter, so that nobody should ever read this.
fn chapter_missing() -> DomainError {
    DomainError::new(DomainErrorCode::Internal, "The story's chapter was never unlocked. Tell an Operator.")
}

fn find_chapter(ctx: &ReducerContext, story: &StorySession, chapter_key: &str) -> Option<ChapterProgression> {
    let place = (story.owner, story.world_id, chapter_key);
    ctx.db.chapter_progression().by_chapter().filter(place).next()
}
