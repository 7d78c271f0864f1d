//! A creation in progress: its stages, and what each one still lacks.

use std::collections::BTreeSet;
use std::fmt::Display;

use module_rules::{RuleError, TextRule};

use crate::EntryKind;

/// Longest working text of a stage, in bytes.
pub const STAGE_DRAFT_LENGTH_MAX: usize = 16_384;
/// Most creations of one world that are kept, the one in progress included.
pub const CREATIONS_PER_WORLD_MAX: usize = 100;
/// Most problems that one check of a stage reports.
pub const SHORTCOMINGS_MAX: usize = 100;
/// The slot of a world's cover among its assets.
pub const COVER_SLOT: &str = "cover";

const DRAFT: TextRule = TextRule::prose("draft", "The length of `draft` in bytes", STAGE_DRAFT_LENGTH_MAX);

/// Where a creation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CreationStage {
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

/// What a legal transition of a creation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreationStep {
    /// It is already there: a repeated request, to be answered like the first.
    Already,
    /// The stage it is at is approved; it must lack nothing.
    Approved,
    /// The stage it goes back to and all after it lose their approval.
    Returned,
    /// It ends unapproved.
    GivenUp,
}

impl CreationStage {
    /// Every stage, in the order of a life.
    pub const ALL: [CreationStage; 8] = [
        CreationStage::Brief,
        CreationStage::Setting,
        CreationStage::Chapters,
        CreationStage::Characters,
        CreationStage::Assets,
        CreationStage::Review,
        CreationStage::Finished,
        CreationStage::Abandoned,
    ];

    /// The stages that are worked on, in their order.
    pub const WORKING: [CreationStage; 6] = [
        CreationStage::Brief,
        CreationStage::Setting,
        CreationStage::Chapters,
        CreationStage::Characters,
        CreationStage::Assets,
        CreationStage::Review,
    ];

    /// The stage's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            CreationStage::Brief => "brief",
            CreationStage::Setting => "setting",
            CreationStage::Chapters => "chapters",
            CreationStage::Characters => "characters",
            CreationStage::Assets => "assets",
            CreationStage::Review => "review",
            CreationStage::Finished => "finished",
            CreationStage::Abandoned => "abandoned",
        }
    }

    /// Whether a creation at this stage goes on.
    pub const fn is_open(self) -> bool {
        !matches!(self, CreationStage::Finished | CreationStage::Abandoned)
    }

    /// The stage after this one, if it is approved.
    pub const fn next(self) -> Option<CreationStage> {
        match self {
            CreationStage::Brief => Some(CreationStage::Setting),
            CreationStage::Setting => Some(CreationStage::Chapters),
            CreationStage::Chapters => Some(CreationStage::Characters),
            CreationStage::Characters => Some(CreationStage::Assets),
            CreationStage::Assets => Some(CreationStage::Review),
            CreationStage::Review => Some(CreationStage::Finished),
            CreationStage::Finished | CreationStage::Abandoned => None,
        }
    }

    /// The stage at which a creation at this stage is after something of another one has changed.
    ///
    /// An approval is for what was seen: a change takes it back, and every later one with it.
    pub fn after_change_of(self, changed: CreationStage) -> CreationStage {
        if self.is_open() { self.min(changed) } else { self }
    }

    /// This stage, if it is worked on, and those after it.
    pub fn and_later(self) -> impl Iterator<Item = CreationStage> {
        CreationStage::WORKING.into_iter().filter(move |stage| *stage >= self)
    }

    /// The stage in which entries of this kind are made.
    pub const fn of(kind: EntryKind) -> CreationStage {
        match kind {
            EntryKind::Setting => CreationStage::Setting,
            EntryKind::Chapter => CreationStage::Chapters,
            EntryKind::Character | EntryKind::Enemy | EntryKind::Item | EntryKind::Quest | EntryKind::Treasure => {
                CreationStage::Characters
            }
        }
    }
}

/// Decides the step of a creation from one stage to another: one forward, any number back, or out.
///
/// Errors: `IllegalTransition` for a stage skipped and for a creation that is over.
pub fn creation_transition(from: CreationStage, to: CreationStage) -> Result<CreationStep, RuleError> {
    let illegal =
        |advice| RuleError::IllegalTransition { what: "A creation", from: from.name(), to: to.name(), advice };
    match (from, to) {
        _ if from == to => Ok(CreationStep::Already),
        _ if !from.is_open() => Err(illegal(" Begin a new one.")),
        (_, CreationStage::Abandoned) => Ok(CreationStep::GivenUp),
        _ if from.next() == Some(to) => Ok(CreationStep::Approved),
        _ if to < from => Ok(CreationStep::Returned),
        _ => Err(illegal(" Approve one stage after the other.")),
    }
}

/// Errors: `IllegalTransition` unless the creation is open.
pub fn check_creation_open(stage: CreationStage) -> Result<(), RuleError> {
    if stage.is_open() {
        return Ok(());
    }
    let from = stage.name();
    Err(RuleError::IllegalTransition { what: "A creation", from, to: "continued", advice: " Begin a new one." })
}

/// Errors: `Malformed` unless something is worked on in this stage.
pub fn check_working_stage(stage: CreationStage) -> Result<(), RuleError> {
    if stage.is_open() {
        return Ok(());
    }
    Err(RuleError::Malformed { field: "stage", rule: "name a stage from brief to review" })
}

/// Checks the working text of a stage, which may be empty.
///
/// Errors: `AboveLimit` or `Malformed`.
pub fn check_stage_draft(draft: &str) -> Result<(), RuleError> {
    DRAFT.check_optional(draft)
}

/// Errors: `Differs` if so many creations of the world go on, and it is more than none.
pub fn check_no_open_creation(open: usize) -> Result<(), RuleError> {
    match open {
        0 => Ok(()),
        _ => Err(RuleError::Differs {
            what: "The world of a new creation",
            expected: "in no other creation".to_owned(),
            actual: "in one that goes on".to_owned(),
        }),
    }
}

/// What a stage still lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shortcoming {
    /// The working text of the first stage is missing.
    #[error("The brief is empty. Write what the world is to be.")]
    BriefEmpty,
    /// The world has no setting.
    #[error("There is no setting. Add its card.")]
    SettingMissing,
    /// The world has no chapter.
    #[error("There is no chapter. A story begins in the first one.")]
    ChaptersMissing,
    /// The chapters' orders have a gap.
    #[error("No chapter has the order {order}. Count the chapters from 1 without gaps.")]
    ChapterOrderMissing {
        /// The order that no chapter has.
        order: u32,
    },
    /// Two chapters have the same order.
    #[error("Another chapter has the order {order} of `{key}` too. Give each its own.")]
    ChapterOrderTwice {
        /// The later one of the two, by key.
        key: String,
        /// Their order.
        order: u32,
    },
    /// A story could not begin.
    #[error("The first chapter, `{key}`, asks for level {required_level}. It must admit everybody: ask for 1.")]
    FirstChapterClosed {
        /// The first chapter.
        key: String,
        /// What it asks for.
        required_level: u32,
    },
    /// Nobody is there to talk to.
    #[error("There is no character. Add at least one.")]
    CharactersMissing,
    /// The world has no cover of its author's.
    #[error("The world has no cover. Bind a confirmed asset of yours to its slot `cover`.")]
    CoverMissing,
}

impl Shortcoming {
    /// A stable name for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Shortcoming::BriefEmpty => "brief_empty",
            Shortcoming::SettingMissing => "setting_missing",
            Shortcoming::ChaptersMissing => "chapters_missing",
            Shortcoming::ChapterOrderMissing { .. } => "chapter_order_missing",
            Shortcoming::ChapterOrderTwice { .. } => "chapter_order_twice",
            Shortcoming::FirstChapterClosed { .. } => "first_chapter_closed",
            Shortcoming::CharactersMissing => "characters_missing",
            Shortcoming::CoverMissing => "cover_missing",
        }
    }

    /// Key of the entry that it is about, if there is one.
    pub fn entry_key(&self) -> Option<&str> {
        match self {
            Shortcoming::ChapterOrderTwice { key, .. } | Shortcoming::FirstChapterClosed { key, .. } => Some(key),
            _ => None,
        }
    }
}

/// A chapter of the draft, as far as the order of chapters is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChapterPlace {
    /// Its key.
    pub key: String,
    /// Its order.
    pub order: u32,
    /// The level that it asks for.
    pub required_level: u32,
}

/// Everything that the stages look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreationFacts {
    /// Working text of the first stage.
    pub brief: String,
    /// Number of settings.
    pub settings: u64,
    /// The chapters, by key.
    pub chapters: Vec<ChapterPlace>,
    /// Number of characters.
    pub characters: u64,
    /// Whether a confirmed asset of the author fills the world's cover.
    pub has_cover: bool,
}

/// What a stage lacks; nothing if it may be approved. The review lacks what any stage lacks.
pub fn shortcomings(stage: CreationStage, facts: &CreationFacts) -> Vec<Shortcoming> {
    let when = |lacks: bool, shortcoming| if lacks { vec![shortcoming] } else { Vec::new() };
    match stage {
        CreationStage::Brief => when(facts.brief.trim().is_empty(), Shortcoming::BriefEmpty),
        CreationStage::Setting => when(facts.settings == 0, Shortcoming::SettingMissing),
        CreationStage::Chapters => chapter_shortcomings(&facts.chapters),
        CreationStage::Characters => when(facts.characters == 0, Shortcoming::CharactersMissing),
        CreationStage::Assets => when(!facts.has_cover, Shortcoming::CoverMissing),
        CreationStage::Review | CreationStage::Finished | CreationStage::Abandoned => {
            let before_review = CreationStage::WORKING.into_iter().filter(|stage| *stage != CreationStage::Review);
            before_review.flat_map(|stage| shortcomings(stage, facts)).take(SHORTCOMINGS_MAX).collect()
        }
    }
}

fn chapter_shortcomings(chapters: &[ChapterPlace]) -> Vec<Shortcoming> {
    if chapters.is_empty() {
        return vec![Shortcoming::ChaptersMissing];
    }
    let mut found = Vec::new();
    let mut orders = BTreeSet::new();
    for chapter in chapters {
        if !orders.insert(chapter.order) {
            found.push(Shortcoming::ChapterOrderTwice { key: chapter.key.clone(), order: chapter.order });
        }
        if chapter.order == 1 && chapter.required_level > 1 {
            let (key, required_level) = (chapter.key.clone(), chapter.required_level);
            found.push(Shortcoming::FirstChapterClosed { key, required_level });
        }
    }
    let last = orders.last().copied().unwrap_or_default();
    let missing = (1..=last).filter(|order| !orders.contains(order)).take(SHORTCOMINGS_MAX);
    found.extend(missing.map(|order| Shortcoming::ChapterOrderMissing { order }));
    found.truncate(SHORTCOMINGS_MAX);
    found
}

/// Errors: `Differs` if there is a problem with a stage that is to be approved.
pub fn check_approvable<T: Display>(problems: &[T]) -> Result<(), RuleError> {
    let Some(first) = problems.first() else {
        return Ok(());
    };
    let actual = match problems.len() {
        1 => format!("with one: {first}"),
        count => format!("with {count}, of which the first: {first}"),
    };
    Err(RuleError::Differs {
        what: "A stage to approve",
        expected: "without problems".to_owned(),
        actual: actual.trim_end_matches('.').to_owned(),
    })
}
