//! The stages of a creation: their working texts, and what each of them lacks.

use module_custom_world::{ChapterPlace, CoverState, CreationFacts, CreationStage, SHORTCOMINGS_MAX, WorldProblem};

use crate::*;

/// Where a creation stands.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CustomWorldStage {
    /// What the world is to be, in the author's words.
    Brief,
    /// Title, premise and tags.
    Setting,
    /// The chapters of the story.
    Chapters,
    /// Everybody and everything that is met in them.
    Characters,
    /// The pictures.
    Assets,
    /// A look at the whole.
    Review,
    /// The author has approved everything.
    Finished,
    /// The author has given it up.
    Abandoned,
}

/// What the last check of a stage found.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomWorldValidation {
    /// There was none since the last change.
    Unchecked,
    /// There is no problem.
    Passed,
    /// There are problems.
    Failed,
}

/// One stage of a creation; each has the six from brief to review.
#[table(
    accessor = custom_world_session_stage,
    index(accessor = by_stage, btree(columns = [session_id, stage]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldSessionStage {
    /// Number of the row.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The author.
    #[index(btree)]
    pub owner: Identity,
    /// The creation.
    pub session_id: Uuid,
    /// Which stage; the pair is unique.
    pub stage: CustomWorldStage,
    /// Working text of the author; the entries of the draft are in its cards.
    pub draft: String,
    /// What the last check found.
    pub validation: CustomWorldValidation,
    /// What it found, at most 100.
    pub problems: Vec<CustomWorldProblem>,
    /// When the author approved it, if that still holds.
    pub approved_at: Option<Timestamp>,
    /// When the row last changed.
    pub updated_at: Timestamp,
}

/// The stages of the sender's own creations.
#[view(accessor = my_creation_stages, public, primary_key = id)]
pub fn my_creation_stages(ctx: &ViewContext) -> Vec<CustomWorldSessionStage> {
    ctx.db.custom_world_session_stage().owner().filter(ctx.sender()).collect()
}

/// The six stages of a new creation, with the working text of the first.
pub(crate) fn insert_stages(
    ctx: &ReducerContext,
    session: &CustomWorldSession,
    brief: &str,
) -> Result<(), DomainError> {
    for stage in CreationStage::WORKING {
        let row = CustomWorldSessionStage {
            id: 0,
            owner: session.owner,
            session_id: session.session_id,
            stage: stage.into(),
            draft: if stage == CreationStage::Brief { brief.to_owned() } else { String::new() },
            validation: CustomWorldValidation::Unchecked,
            problems: Vec::new(),
            approved_at: None,
            updated_at: ctx.timestamp,
        };
        ctx.db.custom_world_session_stage().try_insert(row).map_err(|_| DomainError::no_fresh_id())?;
    }
    Ok(())
}

/// The stages of a creation, in their order.
pub(crate) fn stages_of(ctx: &ReducerContext, session_id: Uuid) -> Vec<CustomWorldSessionStage> {
    ascending(ctx.db.custom_world_session_stage().by_stage().filter(session_id), |row| row.stage as u8)
}

/// One stage of a creation.
pub(crate) fn stage_row(
    ctx: &ReducerContext,
    session: &CustomWorldSession,
    stage: CreationStage,
) -> Result<CustomWorldSessionStage, DomainError> {
    let place = (session.session_id, CustomWorldStage::from(stage));
    let row = ctx.db.custom_world_session_stage().by_stage().filter(place).next();
    Ok(row.ok_or(RuleError::Hidden { what: "stage" })?)
}

/// Stores a changed stage.
pub(crate) fn store_stage(ctx: &ReducerContext, row: CustomWorldSessionStage) -> CustomWorldSessionStage {
    let changed = CustomWorldSessionStage { updated_at: ctx.timestamp, ..row };
    ctx.db.custom_world_session_stage().id().update(changed)
}

/// Forgets approvals and checks from a stage on. Says whether there was any.
pub(crate) fn reset_stages(
    ctx: &ReducerContext,
    session: &CustomWorldSession,
    from: CreationStage,
) -> Result<bool, DomainError> {
    let mut was_checked = false;
    for stage in from.and_later() {
        let row = stage_row(ctx, session, stage)?;
        if row.validation == CustomWorldValidation::Unchecked {
            continue;
        }
        was_checked = true;
        let (validation, problems) = (CustomWorldValidation::Unchecked, Vec::new());
        store_stage(ctx, CustomWorldSessionStage { validation, problems, approved_at: None, ..row });
    }
    Ok(was_checked)
}

/// What stands in the way of approving the present stage of a creation. The review asks for what
/// publishing asks for.
pub(crate) fn problems_of(
    ctx: &ReducerContext,
    session: &CustomWorldSession,
) -> Result<Vec<WorldProblem>, DomainError> {
    let profile = ctx.db.custom_world_profile().world_id().find(session.world_id);
    let profile = profile.ok_or(RuleError::Hidden { what: "world" })?;
    let stage = CreationStage::from(session.stage);
    let cover = cover_state(&profile, bound_cover(ctx, profile.world_id).as_ref());
    let mut problems = Vec::new();
    for shortcoming in module_custom_world::shortcomings(stage, &facts_of(ctx, session, cover)?) {
        problems.push(WorldProblem::from(shortcoming));
    }
    match stage {
        CreationStage::Assets if cover == CoverState::Hidden => problems.push(WorldProblem::CoverHidden),
        CreationStage::Review => {
            let compiled = compile_draft(ctx, &profile)?.problems.listed.into_iter();
            problems.extend(compiled.filter(|problem| !matches!(problem, WorldProblem::Lacking(_))));
        }
        _ => {}
    }
    problems.truncate(SHORTCOMINGS_MAX);
    Ok(problems)
}

/// Keeps what a check of the present stage found; the same as before changes nothing.
pub(crate) fn note_validation(
    ctx: &ReducerContext,
    session: &CustomWorldSession,
    found: &[WorldProblem],
) -> Result<(), DomainError> {
    let row = stage_row(ctx, session, session.stage.into())?;
    let mut problems = Vec::with_capacity(found.len());
    for problem in found {
        problems.push(CustomWorldProblem::from(problem));
    }
    let validation = if problems.is_empty() { CustomWorldValidation::Passed } else { CustomWorldValidation::Failed };
    if (row.validation, &row.problems) != (validation, &problems) {
        store_stage(ctx, CustomWorldSessionStage { validation, problems, ..row });
    }
    Ok(())
}

/// Approves the present stage, which lacks nothing.
pub(crate) fn approve_stage(ctx: &ReducerContext, session: &CustomWorldSession) -> Result<(), DomainError> {
    let row = stage_row(ctx, session, session.stage.into())?;
    let (validation, approved_at) = (CustomWorldValidation::Passed, Some(ctx.timestamp));
    store_stage(ctx, CustomWorldSessionStage { validation, problems: Vec::new(), approved_at, ..row });
    Ok(())
}

fn facts_of(
    ctx: &ReducerContext,
    session: &CustomWorldSession,
    cover: CoverState,
) -> Result<CreationFacts, DomainError> {
    let count_of = |kind| ctx.db.custom_world_draft_card().by_key().filter((session.world_id, kind)).count() as u64;
    let mut chapters = Vec::new();
    for card in draft_entries_of(ctx, session.world_id, WorldEntryKind::Chapter) {
        if let WorldEntry::Chapter(WorldChapter { order, required_level, .. }) = card.entry {
            chapters.push(ChapterPlace { key: card.key, order, required_level });
        }
    }
    Ok(CreationFacts {
        brief: stage_row(ctx, session, CreationStage::Brief)?.draft,
        settings: count_of(WorldEntryKind::Setting),
        chapters,
        characters: count_of(WorldEntryKind::Character),
        has_cover: cover != CoverState::Missing,
    })
}

impl From<CustomWorldStage> for CreationStage {
    fn from(stage: CustomWorldStage) -> Self {
        match stage {
            CustomWorldStage::Brief => CreationStage::Brief,
            CustomWorldStage::Setting => CreationStage::Setting,
            CustomWorldStage::Chapters => CreationStage::Chapters,
            CustomWorldStage::Characters => CreationStage::Characters,
            CustomWorldStage::Assets => CreationStage::Assets,
            CustomWorldStage::Review => CreationStage::Review,
            CustomWorldStage::Finished => CreationStage::Finished,
            CustomWorldStage::Abandoned => CreationStage::Abandoned,
        }
    }
}

impl From<CreationStage> for CustomWorldStage {
    fn from(stage: CreationStage) -> Self {
        match stage {
            CreationStage::Brief => CustomWorldStage::Brief,
            CreationStage::Setting => CustomWorldStage::Setting,
            CreationStage::Chapters => CustomWorldStage::Chapters,
            CreationStage::Characters => CustomWorldStage::Characters,
            CreationStage::Assets => CustomWorldStage::Assets,
            CreationStage::Review => CustomWorldStage::Review,
            CreationStage::Finished => CustomWorldStage::Finished,
            CreationStage::Abandoned => CustomWorldStage::Abandoned,
        }
    }
}
