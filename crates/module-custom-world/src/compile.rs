//! Compiling a draft into the playable form: every key that an entry names exists, and a story
//! can begin. Everything that is missing is found, not only the first thing.

use std::collections::{BTreeMap, BTreeSet};

use module_rules::RuleError;
use sha2::{Digest, Sha256};

use crate::{ChapterPlace, CreationFacts, CreationStage, EntryKind, Shortcoming, shortcomings};

/// Most entries of one world.
pub const ENTRIES_PER_WORLD_MAX: usize = 500;
/// Most problems that one report lists; the others are counted.
pub const PROBLEMS_LISTED_MAX: usize = 500;
const HASH_CONTEXT: &[u8] = b"worldloom world 1";

/// A key that an entry names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryLink<'a> {
    /// The field that names it.
    pub field: &'static str,
    /// The kind that the key must be of.
    pub kind: EntryKind,
    /// The key.
    pub key: &'a str,
}

/// One entry of a draft, as far as compiling is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftEntry<'a> {
    /// Its kind.
    pub kind: EntryKind,
    /// Its key.
    pub key: &'a str,
    /// Whether it is valid by itself.
    pub validity: Result<(), RuleError>,
    /// The keys that it names.
    pub links: Vec<EntryLink<'a>>,
    /// Its order and level, if it is a chapter.
    pub chapter: Option<(u32, u32)>,
    /// Most slots of a bag that what comes out of it can need at once.
    pub bag_slots: u64,
}

/// What is in the world's slot for the cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoverState {
    /// Nothing, or nothing confirmed, or nothing of the author's.
    Missing,
    /// A confirmed asset of the author's that players may not read.
    Hidden,
    /// A confirmed asset of the author's that players may read.
    Shown,
}

/// Why a draft cannot be published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorldProblem {
    /// Something is missing without which no story can begin.
    #[error(transparent)]
    Lacking(#[from] Shortcoming),
    /// The players may not read the cover.
    #[error("Not everybody may read the cover. Bind an asset that is public to the world's slot `cover`.")]
    CoverHidden,
    /// There are too many entries.
    #[error("A world may have at most {ENTRIES_PER_WORLD_MAX} entries, not {count}. Remove some.")]
    TooManyEntries {
        /// How many there are.
        count: usize,
    },
    /// An entry is not valid by itself.
    #[error("The {} `{key}` is not valid. {refusal}", .kind.name())]
    Invalid {
        /// Kind of the entry.
        kind: EntryKind,
        /// Key of the entry.
        key: String,
        /// What is wrong with it.
        refusal: RuleError,
    },
    /// An entry names a key that no entry has.
    #[error(
        "The {} `{key}` names the {} `{target_key}` in `{field}`, and there is none. Add it or name another.",
        .kind.name(), .target_kind.name()
    )]
    Unresolved {
        /// Kind of the entry.
        kind: EntryKind,
        /// Key of the entry.
        key: String,
        /// The field that names the other one.
        field: &'static str,
        /// Kind of the one that is missing.
        target_kind: EntryKind,
        /// Key of the one that is missing.
        target_key: String,
    },
    /// What comes out of an entry may have no place in any bag.
    #[error(
        "What comes out of the {} `{key}` can need {slots} slots of a bag, and a bag has {capacity}. Let it give \
         less, or let more of it lie in one slot.",
        .kind.name()
    )]
    ExceedsBag {
        /// Kind of the entry.
        kind: EntryKind,
        /// Key of the entry.
        key: String,
        /// Most slots that it can need.
        slots: u64,
        /// How many slots a bag has.
        capacity: u64,
    },
    /// A quest asks, by way of others, for itself.
    #[error("The quest `{key}` can never be accepted: what it requires goes in a circle.")]
    Circular {
        /// Key of the quest.
        key: String,
    },
}

impl WorldProblem {
    /// A stable name for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            WorldProblem::Lacking(shortcoming) => shortcoming.code(),
            WorldProblem::CoverHidden => "cover_hidden",
            WorldProblem::TooManyEntries { .. } => "too_many_entries",
            WorldProblem::Invalid { .. } => "entry_invalid",
            WorldProblem::Unresolved { .. } => "unresolved",
            WorldProblem::ExceedsBag { .. } => "exceeds_bag",
            WorldProblem::Circular { .. } => "circular_requirement",
        }
    }

    /// Kind and key of the entry that it is about, if there is one.
    pub fn entry(&self) -> Option<(EntryKind, &str)> {
        match self {
            WorldProblem::Lacking(shortcoming) => shortcoming.entry_key().map(|key| (EntryKind::Chapter, key)),
            WorldProblem::CoverHidden | WorldProblem::TooManyEntries { .. } => None,
            WorldProblem::Invalid { kind, key, .. }
            | WorldProblem::Unresolved { kind, key, .. }
            | WorldProblem::ExceedsBag { kind, key, .. } => Some((*kind, key)),
            WorldProblem::Circular { key } => Some((EntryKind::Quest, key)),
        }
    }
}

/// Everything that stands in the way of publishing a draft.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorldProblems {
    /// The first [`PROBLEMS_LISTED_MAX`] of them.
    pub listed: Vec<WorldProblem>,
    /// How many there are in all.
    pub count: u64,
}

impl WorldProblems {
    fn add(&mut self, problem: WorldProblem) {
        self.count += 1;
        if self.listed.len() < PROBLEMS_LISTED_MAX {
            self.listed.push(problem);
        }
    }
}

/// Finds everything that stands in the way of publishing a draft, for players whose bags have this many slots.
pub fn compile_problems(entries: &[DraftEntry<'_>], cover: CoverState, bag_capacity: u64) -> WorldProblems {
    let mut problems = WorldProblems::default();
    if entries.len() > ENTRIES_PER_WORLD_MAX {
        problems.add(WorldProblem::TooManyEntries { count: entries.len() });
    }
    find_lacking(entries, cover, &mut problems);
    find_invalid(entries, &mut problems);
    find_unresolved(entries, &mut problems);
    find_exceeding(entries, bag_capacity, &mut problems);
    find_circular(entries, &mut problems);
    problems
}

/// Key of the chapter in which a story begins: the one of the lowest order.
pub fn first_chapter<'a>(entries: &[DraftEntry<'a>]) -> Option<&'a str> {
    let chapters = entries.iter().filter_map(|entry| entry.chapter.map(|(order, _)| (order, entry.key)));
    chapters.min().map(|(_, key)| key)
}

/// SHA-256 over the encoded entries of a world, each with its length, as 64 lower-case
/// hexadecimal digits. The caller orders the entries by kind and key.
pub fn content_hash<T: AsRef<[u8]>>(encoded_entries: &[T]) -> String {
    let mut hasher = Sha256::new_with_prefix(HASH_CONTEXT);
    for entry in encoded_entries.iter().map(AsRef::as_ref) {
        hasher.update((entry.len() as u64).to_be_bytes());
        hasher.update(entry);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Errors: `Differs`, with the first problem, unless there are none.
pub fn check_publishable(problems: &WorldProblems) -> Result<(), RuleError> {
    let Some(first) = problems.listed.first() else {
        return Ok(());
    };
    let expected = "without problems".to_owned();
    let actual = format!("with {}, first: {first}", problems.count);
    Err(RuleError::Differs { what: "The draft of a world to publish", expected, actual })
}

fn find_lacking(entries: &[DraftEntry<'_>], cover: CoverState, problems: &mut WorldProblems) {
    let chapter_of = |entry: &DraftEntry<'_>| {
        let (order, required_level) = entry.chapter?;
        Some(ChapterPlace { key: entry.key.to_owned(), order, required_level })
    };
    let facts = CreationFacts {
        settings: entries.iter().filter(|entry| entry.kind == EntryKind::Setting).count() as u64,
        chapters: entries.iter().filter_map(chapter_of).collect(),
        has_cover: cover != CoverState::Missing,
        ..CreationFacts::default()
    };
    for stage in [CreationStage::Setting, CreationStage::Chapters, CreationStage::Assets] {
        shortcomings(stage, &facts).into_iter().for_each(|lacking| problems.add(lacking.into()));
    }
    if cover == CoverState::Hidden {
        problems.add(WorldProblem::CoverHidden);
    }
}

fn find_invalid(entries: &[DraftEntry<'_>], problems: &mut WorldProblems) {
    for entry in entries {
        if let Err(refusal) = &entry.validity {
            let (kind, key, refusal) = (entry.kind, entry.key.to_owned(), refusal.clone());
            problems.add(WorldProblem::Invalid { kind, key, refusal });
        }
    }
}

fn find_unresolved(entries: &[DraftEntry<'_>], problems: &mut WorldProblems) {
    let present: BTreeSet<_> = entries.iter().map(|entry| (entry.kind, entry.key)).collect();
    for entry in entries {
        for link in entry.links.iter().filter(|link| !present.contains(&(link.kind, link.key))) {
            problems.add(WorldProblem::Unresolved {
                kind: entry.kind,
                key: entry.key.to_owned(),
                field: link.field,
                target_kind: link.kind,
                target_key: link.key.to_owned(),
            });
        }
    }
}

fn find_exceeding(entries: &[DraftEntry<'_>], capacity: u64, problems: &mut WorldProblems) {
    for entry in entries.iter().filter(|entry| entry.bag_slots > capacity) {
        let (kind, key, slots) = (entry.kind, entry.key.to_owned(), entry.bag_slots);
        problems.add(WorldProblem::ExceedsBag { kind, key, slots, capacity });
    }
}

/// Takes away, again and again, each quest whose required quests are gone or missing; what is
/// left waits for itself.
fn find_circular(entries: &[DraftEntry<'_>], problems: &mut WorldProblems) {
    let quests = entries.iter().filter(|entry| entry.kind == EntryKind::Quest);
    let mut waiting: BTreeMap<&str, BTreeSet<&str>> =
        quests.clone().map(|quest| (quest.key, required_by(quest))).collect();
    let known: BTreeSet<_> = waiting.keys().copied().collect();
    waiting.values_mut().for_each(|required| required.retain(|key| known.contains(key)));
    let mut followers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (quest, required) in &waiting {
        required.iter().for_each(|key| followers.entry(key).or_default().push(quest));
    }
    let mut free: Vec<_> = waiting.iter().filter(|(_, required)| required.is_empty()).map(|(key, _)| *key).collect();
    while let Some(done) = free.pop() {
        waiting.remove(done);
        for follower in followers.remove(done).unwrap_or_default() {
            let Some(required) = waiting.get_mut(follower) else { continue };
            required.remove(done);
            if required.is_empty() {
                free.push(follower);
            }
        }
    }
    waiting.into_keys().for_each(|key| problems.add(WorldProblem::Circular { key: key.to_owned() }));
}

fn required_by<'a>(quest: &DraftEntry<'a>) -> BTreeSet<&'a str> {
    quest.links.iter().filter(|link| link.kind == EntryKind::Quest).map(|link| link.key).collect()
}
