//! Worlds in their authors' libraries: made, renamed, put away, and dropped while nobody has
//! seen them.

mod copies;
mod removal;

pub use copies::*;
pub use removal::*;

use module_custom_world::{WorldStatus, WorldStep};

use crate::*;

/// How far a world has come.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomWorldStatus {
    /// Never published.
    Draft,
    /// In the gallery; anybody may begin a story in it.
    Published,
    /// Taken back: nobody begins a story in it, those who have begun one go on.
    Unpublished,
    /// Put away in its author's library.
    Archived,
}

/// A world in its author's library.
#[table(accessor = custom_world_profile)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldProfile {
    /// UUIDv7.
    #[primary_key]
    pub world_id: Uuid,
    /// Its author.
    #[index(btree)]
    pub owner: Identity,
    /// Title in the library; publishing takes it from the world's setting.
    pub title: String,
    /// One line below the title, or nothing; publishing takes it from the world's setting.
    pub tagline: String,
    /// How far it has come.
    pub status: CustomWorldStatus,
    /// Number of the newest version; 0 before the first.
    pub current_version: u32,
    /// The newest version, published now or not.
    pub current_version_id: Option<Uuid>,
    /// Why a Moderator holds it back; it cannot be published meanwhile.
    pub held_reason: Option<String>,
    /// Counts the changes of this row, from 1.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// When its newest version was published.
    pub published_at: Option<Timestamp>,
}

/// A world to make.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldCreation {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// Title in the library.
    pub title: String,
    /// One line below the title, or nothing.
    pub tagline: String,
}

/// A world to rename.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldRenaming {
    /// The world.
    pub world_id: Uuid,
    /// The revision that the author has seen.
    pub revision: u64,
    /// Title in the library.
    pub title: String,
    /// One line below the title, or nothing.
    pub tagline: String,
}

/// A world to put away, to take out again, or to drop.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldRequest {
    /// The world.
    pub world_id: Uuid,
    /// The revision that the author has seen.
    pub revision: u64,
}

/// Makes an empty world in the sender's library.
///
/// Errors: as [`create_custom_world_and_return`].
#[reducer]
pub fn create_custom_world(ctx: &ReducerContext, request: CustomWorldCreation) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    create_world(ctx, &caller, &request).map(drop)
}

/// Gives a world of the sender's library another title.
///
/// Errors: as [`rename_custom_world_and_return`].
#[reducer]
pub fn rename_custom_world(ctx: &ReducerContext, request: CustomWorldRenaming) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    rename_world(ctx, &caller, &request).map(drop)
}

/// Puts a world of the sender away.
///
/// Errors: as [`archive_custom_world_and_return`].
#[reducer]
pub fn archive_custom_world(ctx: &ReducerContext, request: CustomWorldRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    archive_world(ctx, &caller, &request).map(drop)
}

/// Takes a world of the sender out of the archive.
///
/// Errors: as [`restore_custom_world_and_return`].
#[reducer]
pub fn restore_custom_world(ctx: &ReducerContext, request: CustomWorldRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    restore_world(ctx, &caller, &request).map(drop)
}

/// Makes an empty world in the author's library and returns it.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`; `limit_exceeded` for a text, or if the library is full;
/// `conflict` if the idempotency key was used for another request.
#[procedure]
pub fn create_custom_world_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldCreation,
) -> Result<CustomWorldProfile, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        create_world(tx, &caller, &request)
    })
}

/// Gives a world another title in the library and returns it. A published world keeps its title
/// in the gallery, which comes from its setting.
///
/// Errors: `unauthenticated`; `forbidden` for another author's published world, or if anyone but
/// the Service names another player; `account_closed`; `not_found`; `invalid_argument`,
/// `limit_exceeded`; `conflict` if the revision is not the present one.
#[procedure]
pub fn rename_custom_world_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldRenaming,
) -> Result<CustomWorldProfile, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        rename_world(tx, &caller, &request)
    })
}

/// Puts a world away and returns it.
///
/// Errors: as [`rename_custom_world_and_return`], without those of texts; `illegal_transition`
/// if it is published or archived.
#[procedure]
pub fn archive_custom_world_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldRequest,
) -> Result<CustomWorldProfile, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        archive_world(tx, &caller, &request)
    })
}

/// Takes a world out of the archive and returns it: as a draft, or as unpublished if it ever was
/// published.
///
/// Errors: as [`rename_custom_world_and_return`], without those of texts; `illegal_transition`
/// if it is not archived.
#[procedure]
pub fn restore_custom_world_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldRequest,
) -> Result<CustomWorldProfile, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        restore_world(tx, &caller, &request)
    })
}

/// Returns a world of the author's library.
///
/// Errors: `unauthenticated`; `forbidden` for another author's published world, or if anyone but
/// the Service names another player; `account_closed`; `not_found`.
#[procedure]
pub fn get_custom_world_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    world_id: Uuid,
) -> Result<CustomWorldProfile, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        owned_world_profile(tx, &caller, world_id)
    })
}

fn create_world(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldCreation,
) -> Result<CustomWorldProfile, DomainError> {
    module_custom_world::check_world_title(&request.title)?;
    module_custom_world::check_world_tagline(&request.tagline)?;
    let replayable = Replayable::new(caller.player, "create_custom_world", &request.idempotency_key, request)?;
    if let Some(world_id) = replayable.first_result(ctx)? {
        return owned_world_profile(ctx, caller, world_id);
    }
    let mut profile = create_world_profile(ctx, caller.player, &request.title)?;
    if !request.tagline.is_empty() {
        profile.tagline = request.tagline.clone();
        profile = ctx.db.custom_world_profile().world_id().update(profile);
    }
    replayable.remember(ctx, profile.world_id)?;
    Ok(profile)
}

fn rename_world(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldRenaming,
) -> Result<CustomWorldProfile, DomainError> {
    module_custom_world::check_world_title(&request.title)?;
    module_custom_world::check_world_tagline(&request.tagline)?;
    let profile = owned_world_profile(ctx, caller, request.world_id)?;
    module_custom_world::check_revision(profile.revision, request.revision)?;
    let (title, tagline) = (request.title.clone(), request.tagline.clone());
    store_world_profile(ctx, CustomWorldProfile { title, tagline, ..profile })
}

fn archive_world(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldRequest,
) -> Result<CustomWorldProfile, DomainError> {
    let profile = owned_world_profile(ctx, caller, request.world_id)?;
    module_custom_world::check_revision(profile.revision, request.revision)?;
    move_world(ctx, profile, WorldStatus::Archived)
}

fn restore_world(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldRequest,
) -> Result<CustomWorldProfile, DomainError> {
    let profile = owned_world_profile(ctx, caller, request.world_id)?;
    module_custom_world::check_revision(profile.revision, request.revision)?;
    let restored = module_custom_world::restore_world(profile.status.into(), profile.current_version)?;
    move_world(ctx, profile, restored)
}

/// Moves a world to another state; one that is there already stays as it is.
///
/// Errors: `illegal_transition`.
pub(crate) fn move_world(
    ctx: &ReducerContext,
    profile: CustomWorldProfile,
    to: WorldStatus,
) -> Result<CustomWorldProfile, DomainError> {
    match module_custom_world::world_transition(profile.status.into(), to)? {
        WorldStep::Already => Ok(profile),
        WorldStep::Moved => store_world_profile(ctx, CustomWorldProfile { status: to.into(), ..profile }),
    }
}

/// An empty world in the library of `owner`, as a draft.
///
/// Errors: `invalid_argument` or `limit_exceeded` for the title; `limit_exceeded` if the library
/// is full.
pub(crate) fn create_world_profile(
    ctx: &ReducerContext,
    owner: Identity,
    title: &str,
) -> Result<CustomWorldProfile, DomainError> {
    module_custom_world::check_world_title(title)?;
    let profiles = ctx.db.custom_world_profile();
    module_custom_world::check_world_count(profiles.owner().filter(owner).count() as u64)?;
    let profile = CustomWorldProfile {
        world_id: fresh_id(ctx, |id| profiles.world_id().find(id).is_some())?,
        owner,
        title: title.to_owned(),
        tagline: String::new(),
        status: CustomWorldStatus::Draft,
        current_version: 0,
        current_version_id: None,
        held_reason: None,
        revision: 1,
        created_at: ctx.timestamp,
        updated_at: ctx.timestamp,
        published_at: None,
    };
    profiles.try_insert(profile).map_err(|_| DomainError::no_fresh_id())
}

/// A world of the caller's own library.
///
/// Errors: `not_found`; `forbidden` for another author's published world, which the caller may
/// know of.
pub(crate) fn owned_world_profile(
    ctx: &ReducerContext,
    caller: &Caller,
    world_id: Uuid,
) -> Result<CustomWorldProfile, DomainError> {
    let profile = ctx.db.custom_world_profile().world_id().find(world_id);
    let profile = profile.ok_or(RuleError::Hidden { what: "world" })?;
    if profile.owner == caller.player { Ok(profile) } else { Err(refusal_to_strangers(&profile).into()) }
}

/// What those hear who may not change a world: of a published one they know anyway.
pub(crate) fn refusal_to_strangers(profile: &CustomWorldProfile) -> RuleError {
    match profile.status {
        CustomWorldStatus::Published => RuleError::NotOwner { what: "world" },
        CustomWorldStatus::Draft | CustomWorldStatus::Unpublished | CustomWorldStatus::Archived => {
            RuleError::Hidden { what: "world" }
        }
    }
}

/// Stores a changed profile as its next revision.
pub(crate) fn store_world_profile(
    ctx: &ReducerContext,
    profile: CustomWorldProfile,
) -> Result<CustomWorldProfile, DomainError> {
    let revision = module_rules::next_number("The revision of a world", profile.revision)?;
    let changed = CustomWorldProfile { revision, updated_at: ctx.timestamp, ..profile };
    Ok(ctx.db.custom_world_profile().world_id().update(changed))
}

impl From<CustomWorldStatus> for WorldStatus {
    fn from(status: CustomWorldStatus) -> Self {
        match status {
            CustomWorldStatus::Draft => WorldStatus::Draft,
            CustomWorldStatus::Published => WorldStatus::Published,
            CustomWorldStatus::Unpublished => WorldStatus::Unpublished,
            CustomWorldStatus::Archived => WorldStatus::Archived,
        }
    }
}

impl From<WorldStatus> for CustomWorldStatus {
    fn from(status: WorldStatus) -> Self {
        match status {
            WorldStatus::Draft => CustomWorldStatus::Draft,
            WorldStatus::Published => CustomWorldStatus::Published,
            WorldStatus::Unpublished => CustomWorldStatus::Unpublished,
            WorldStatus::Archived => CustomWorldStatus::Archived,
        }
    }
}
