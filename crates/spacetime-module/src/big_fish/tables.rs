//! Tables of creation and play.

mod conversions;

use crate::*;

/// How far the creation of a game has come.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BigFishStage {
    /// Author and agent talk; there is no ladder yet.
    Briefing,
    /// The ladder is being written.
    Ladder,
    /// The ladder is settled; its slots are being filled.
    Assets,
    /// Every required slot is filled; the author looks it over.
    Review,
    /// The game is in the gallery.
    Published,
}

/// Who wrote a message.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BigFishMessageSender {
    /// The session's owner.
    Author,
    /// The creation agent, through the Service.
    Agent,
}

/// Whether a game is in the gallery.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BigFishGameStatus {
    /// Everybody may start it.
    Published,
    /// Nobody may; runs that have begun go on.
    Unpublished,
}

/// How a run stands.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BigFishRunStatus {
    /// Ticks go on.
    Running,
    /// Ticks rest, because the player is away or wants so.
    Paused,
    /// A fish of the school reached the top level.
    Victory,
    /// The school was eaten, or time ran out.
    Defeat,
    /// The player gave up.
    Abandoned,
}

/// Whose fish it is.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BigFishSide {
    /// The player's.
    School,
    /// Nobody's.
    Wild,
}

/// One level of a ladder.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishLevel {
    /// Key of the species, unique within the ladder; names its slots.
    pub species_key: String,
    /// Name of the species.
    pub name: String,
    /// What the species looks like and how it swims; may be empty.
    pub description: String,
    /// Radius, in milli-units: 500 to 6000, not smaller than the level below.
    pub size_milli: u32,
    /// Speed, in milli-units a tick: 100 to 2000.
    pub speed_milli: u32,
}

/// One level of a published ladder, with its assets.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishPublishedLevel {
    /// The level as its author wrote it.
    pub level: BigFishLevel,
    /// The species' picture.
    pub picture_asset_id: Uuid,
    /// The species' sprite sheet or animation.
    pub movement_asset_id: Uuid,
}

/// What a level is to a run.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub struct BigFishBody {
    /// Radius, in milli-units.
    pub size_milli: u32,
    /// Speed, in milli-units a tick.
    pub speed_milli: u32,
}

/// Where the player steers: a vector, each component from -1000 to 1000. Zero is to stay.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub struct BigFishHeading {
    /// To the right.
    pub x_milli: i32,
    /// Downwards.
    pub y_milli: i32,
}

/// One fish of a run.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub struct BigFishEntity {
    /// Unique within the run, never used again.
    pub id: u32,
    /// Whose it is.
    pub side: BigFishSide,
    /// Level on the ladder, from 1.
    pub level: u8,
    /// From the left edge, in milli-units, 0 to 100,000.
    pub x_milli: i32,
    /// From the upper edge, in milli-units, 0 to 60,000.
    pub y_milli: i32,
    /// Course of a wild fish, in sixteenths of a circle, clockwise from the right.
    pub course: u8,
}

/// A game in the making.
#[table(accessor = big_fish_creation_session)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigFishCreationSession {
    /// UUIDv7.
    #[primary_key]
    pub session_id: Uuid,
    /// The author.
    #[index(btree)]
    pub owner: Identity,
    /// How far it has come.
    pub stage: BigFishStage,
    /// Title of the game.
    pub title: String,
    /// What the game is about; may be empty.
    pub description: String,
    /// The ladder, smallest first; empty until it is first written.
    pub levels: Vec<BigFishLevel>,
    /// Raised by every change of stage, title, description or ladder.
    pub revision: u64,
    /// How many messages it has.
    pub message_count: u32,
    /// The game that came of it, once published.
    pub game_id: Option<Uuid>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
}

/// One message between an author and the creation agent.
#[table(accessor = big_fish_agent_message)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigFishAgentMessage {
    /// UUIDv7.
    #[primary_key]
    pub message_id: Uuid,
    /// The session it belongs to.
    #[index(btree)]
    pub session_id: Uuid,
    /// The session's author.
    #[index(btree)]
    pub owner: Identity,
    /// Place in the conversation, from 1 without gaps.
    pub sequence: u32,
    /// Who wrote it.
    pub sender: BigFishMessageSender,
    /// What was written.
    pub text: String,
    /// Whether the agent's reply broke off; the text is what had arrived.
    pub is_interrupted: bool,
    /// A ladder that the agent proposes, which the author may accept.
    pub proposed_levels: Option<Vec<BigFishLevel>>,
    /// When it was written.
    pub created_at: Timestamp,
}

/// A game that has been published at least once.
#[table(accessor = big_fish_game)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigFishGame {
    /// UUIDv7.
    #[primary_key]
    pub game_id: Uuid,
    /// The author.
    #[index(btree)]
    pub owner: Identity,
    /// Whether it is in the gallery.
    pub status: BigFishGameStatus,
    /// The newest version, which new runs play.
    pub version_id: Uuid,
    /// Number of the newest version, from 1.
    pub version_number: u32,
    /// Title of the newest version.
    pub title: String,
    /// Runs that other players have begun.
    pub play_count: u64,
    /// Why a Moderator holds it back; it cannot be published meanwhile.
    pub held_reason: Option<String>,
    /// When it was first published.
    pub created_at: Timestamp,
    /// When it was last published, unpublished, held back or released.
    pub updated_at: Timestamp,
}

/// What was published at one time. Never changes, and is never deleted.
#[table(accessor = big_fish_game_version)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigFishGameVersion {
    /// UUIDv7.
    #[primary_key]
    pub version_id: Uuid,
    /// The game.
    pub game_id: Uuid,
    /// The author.
    pub owner: Identity,
    /// Number of the version, from 1.
    pub number: u32,
    /// Title of the game.
    pub title: String,
    /// What the game is about; may be empty.
    pub description: String,
    /// The ladder, smallest first.
    pub levels: Vec<BigFishPublishedLevel>,
    /// What is behind the fish, if the author chose something.
    pub background_asset_id: Option<Uuid>,
    /// When it was published.
    pub published_at: Timestamp,
}

/// How the gallery shows a game. Never deleted, so that numbers have no gaps.
#[table(accessor = big_fish_gallery_entry)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigFishGalleryEntry {
    /// The game.
    #[primary_key]
    pub game_id: Uuid,
    /// Whether the gallery shows it.
    pub is_listed: bool,
    /// The game's number: games are numbered when first published, from 1.
    /// The index serves ranges, which a unique one does not.
    #[index(btree)]
    pub number: u64,
    /// Whether it is one of the newest 100 that the gallery shows.
    #[index(btree)]
    pub is_on_front_page: bool,
    /// The author.
    pub author: Identity,
    /// The version that a run would play.
    pub version_id: Uuid,
    /// Number of that version, from 1.
    pub version_number: u32,
    /// Title of the game.
    pub title: String,
    /// What the game is about; may be empty.
    pub description: String,
    /// Names of the species, smallest first.
    pub species: Vec<String>,
    /// Picture of the species that wins.
    pub cover_asset_id: Uuid,
    /// Runs that players have begun, rounded down to 1, 2 or 5 times a power of ten.
    pub plays_shown: u64,
    /// When this version was published.
    pub published_at: Timestamp,
}

/// One player's play of one version of a game. Changes only when its status does.
#[table(accessor = big_fish_run)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigFishRun {
    /// UUIDv7.
    #[primary_key]
    pub run_id: Uuid,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The game.
    pub game_id: Uuid,
    /// The version that it plays to its end, whatever is published meanwhile.
    pub version_id: Uuid,
    /// How it stands.
    pub status: BigFishRunStatus,
    /// Size and speed of each level, smallest first.
    pub bodies: Vec<BigFishBody>,
    /// Highest level reached, as of the last change of status.
    pub best_level: u8,
    /// Fish eaten, as of the last change of status.
    pub eaten: u32,
    /// Mergers, as of the last change of status.
    pub merged: u32,
    /// Ticks played, as of the last change of status.
    pub ticks: u32,
    /// When it was begun.
    pub started_at: Timestamp,
    /// When its status last changed.
    pub changed_at: Timestamp,
}

/// What swims in a run that is not over. One row, written once a tick.
#[table(accessor = big_fish_run_waters)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigFishRunWaters {
    /// The run.
    #[primary_key]
    pub run_id: Uuid,
    /// The player; has one such run at most.
    #[unique]
    pub owner: Identity,
    /// Ticks since the start.
    pub tick: u32,
    /// When the next tick is due, unless the run is paused.
    pub next_tick_at: Timestamp,
    /// Id of the next fish.
    pub next_fish_id: u32,
    /// Fish eaten since the last recruit.
    pub food: u32,
    /// Fish eaten since the start.
    pub eaten: u32,
    /// Mergers since the start.
    pub merged: u32,
    /// Highest level that the school has reached.
    pub best_level: u8,
    /// At most 56 fish, the school first.
    pub fish: Vec<BigFishEntity>,
}

/// What the server alone knows of a run that is not over. Apart from the waters, so that
/// steering writes a few bytes only.
#[table(accessor = big_fish_run_control)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigFishRunControl {
    /// The run.
    #[primary_key]
    pub run_id: Uuid,
    /// The player; has one such run at most.
    #[unique]
    pub owner: Identity,
    /// What chance has gathered: mixed with what each tick draws, and with what is drawn whenever
    /// the player steers.
    pub seed: u64,
    /// Where the player steers.
    pub heading: BigFishHeading,
    /// When the player last steered, give or take a second.
    pub seen_at: Timestamp,
}

/// When to tick a running run next: one row per running run.
#[table(accessor = big_fish_tick, scheduled(tick_big_fish_run))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigFishTick {
    /// Number of the timer.
    #[primary_key]
    #[auto_inc]
    pub scheduled_id: u64,
    /// The due time.
    pub scheduled_at: ScheduleAt,
    /// The run.
    #[index(btree)]
    pub run_id: Uuid,
}
