//! Stage 3: the draft of a world against everything that its publication asks for.

use module_custom_world::{
    COVER_SLOT, CoverState, DraftEntry, Entry, EntryKind, EntryLink, WORLD_ENTITY_KIND, WorldProblem, WorldProblems,
};
use spacetimedb::sats::bsatn;

use crate::*;

/// One thing that stands in the way of publishing a draft.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldProblem {
    /// For programs, such as `unresolved`.
    pub code: String,
    /// Kind of the entry that it is about, if there is one.
    pub kind: Option<WorldEntryKind>,
    /// Key of that entry.
    pub key: Option<String>,
    /// For people: what is wrong and what to do.
    pub message: String,
}

/// What publishing a draft would make of it.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldCompileReport {
    /// The world.
    pub world_id: Uuid,
    /// Everything that stands in the way; the first 500, if there are more.
    pub problems: Vec<CustomWorldProblem>,
    /// How many problems there are in all; 0 says that the draft can be published.
    pub problem_count: u64,
    /// Number of entries.
    pub entry_count: u32,
    /// SHA-256 over all entries, 64 lower-case hexadecimal digits.
    pub content_hash: String,
    /// Whether the entries differ from those of the newest version.
    pub is_changed: bool,
    /// Key of the chapter in which a story would begin.
    pub first_chapter_key: Option<String>,
    /// The asset in the world's slot `cover`.
    pub cover_asset_id: Option<Uuid>,
}

/// Compiles the draft of an author's world without changing anything, and reports everything that
/// stands in the way of publishing it.
///
/// Errors: `unauthenticated`; `forbidden` for another author's published world, or if anyone but
/// the Service names another player; `account_closed`; `not_found`.
#[procedure]
pub fn compile_published_profile_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    world_id: Uuid,
) -> Result<CustomWorldCompileReport, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        let profile = owned_world_profile(tx, &caller, world_id)?;
        compile_draft(tx, &profile)?.report(tx, &profile)
    })
}

/// A draft, compiled.
pub(crate) struct CompiledDraft {
    /// Its cards, by kind and key.
    pub cards: Vec<CustomWorldDraftCard>,
    /// What stands in the way of publishing it.
    pub problems: WorldProblems,
    /// SHA-256 over all entries.
    pub content_hash: String,
    /// Key of the chapter in which a story would begin.
    pub first_chapter_key: Option<String>,
    /// The confirmed asset in the slot `cover`.
    pub cover: Option<AssetObject>,
}

/// Compiles the draft of a world as it stands.
///
/// Errors: `internal` if an entry cannot be encoded.
pub(crate) fn compile_draft(ctx: &ReducerContext, profile: &CustomWorldProfile) -> Result<CompiledDraft, DomainError> {
    let cards: Vec<_> = draft_entries(ctx, profile.world_id).collect();
    let cover = bound_cover(ctx, profile.world_id);
    let mut entries = Vec::with_capacity(cards.len());
    let mut encoded = Vec::with_capacity(cards.len());
    for card in &cards {
        entries.push(draft_entry(card, &cards));
        encoded.push(encoded_entry(card)?);
    }
    let (shown, capacity) = (cover_state(profile, cover.as_ref()), u64::from(module_inventory::BAG_CAPACITY));
    let problems = module_custom_world::compile_problems(&entries, shown, capacity);
    let first_chapter_key = module_custom_world::first_chapter(&entries).map(str::to_owned);
    let content_hash = module_custom_world::content_hash(&encoded);
    Ok(CompiledDraft { cards, problems, content_hash, first_chapter_key, cover })
}

impl CompiledDraft {
    /// What every draft without problems has: its setting, the key of its first chapter, and its
    /// cover.
    ///
    /// Errors: `internal` if there are problems after all.
    pub(crate) fn essentials(&self) -> Result<(WorldSetting, String, AssetObject), DomainError> {
        let setting = self.cards.first().and_then(|card| match &card.entry {
            WorldEntry::Setting(setting) => Some(setting.clone()),
            _ => None,
        });
        match (setting, self.first_chapter_key.clone(), self.cover.clone()) {
            (Some(setting), Some(chapter_key), Some(cover)) => Ok((setting, chapter_key, cover)),
            _ => Err(DomainError::new(DomainErrorCode::Internal, "The draft was not compiled.")),
        }
    }

    fn report(
        self,
        ctx: &ReducerContext,
        profile: &CustomWorldProfile,
    ) -> Result<CustomWorldCompileReport, DomainError> {
        let is_changed = match newest_version(ctx, profile)? {
            Some(newest) => newest.content_hash != self.content_hash,
            None => true,
        };
        let mut problems = Vec::with_capacity(self.problems.listed.len());
        for problem in &self.problems.listed {
            problems.push(CustomWorldProblem::from(problem));
        }
        Ok(CustomWorldCompileReport {
            world_id: profile.world_id,
            problems,
            problem_count: self.problems.count,
            entry_count: u32::try_from(self.cards.len()).unwrap_or(u32::MAX),
            content_hash: self.content_hash,
            is_changed,
            first_chapter_key: self.first_chapter_key,
            cover_asset_id: self.cover.map(|cover| cover.asset_id),
        })
    }
}

/// The confirmed asset in a world's slot `cover`.
pub(crate) fn bound_cover(ctx: &ReducerContext, world_id: Uuid) -> Option<AssetObject> {
    let entity_id = world_id.to_string();
    let place = (WORLD_ENTITY_KIND, entity_id.as_str(), COVER_SLOT);
    let binding = ctx.db.asset_entity_binding().by_slot().filter(place).next()?;
    let object = ctx.db.asset_object().asset_id().find(binding.asset_id)?;
    (object.status == AssetStatus::Confirmed).then_some(object)
}

/// What is in a world's slot `cover`, as its publication sees it.
pub(crate) fn cover_state(profile: &CustomWorldProfile, cover: Option<&AssetObject>) -> CoverState {
    match cover {
        Some(cover) if cover.owner != profile.owner => CoverState::Missing,
        Some(AssetObject { access_policy: AssetAccessPolicy::Public, .. }) => CoverState::Shown,
        // What is signed is for those to whom its owner hands a link.
        Some(AssetObject { access_policy: AssetAccessPolicy::Private | AssetAccessPolicy::Signed, .. }) => {
            CoverState::Hidden
        }
        None => CoverState::Missing,
    }
}

/// The canonical form of an entry: BSATN has one encoding for each value.
fn encoded_entry(card: &CustomWorldDraftCard) -> Result<Vec<u8>, DomainError> {
    let encoded = bsatn::to_vec(&card.key).and_then(|mut bytes| {
        bsatn::to_writer(&mut bytes, &card.entry)?;
        Ok(bytes)
    });
    encoded.map_err(|_| DomainError::new(DomainErrorCode::Internal, "An entry could not be encoded."))
}

fn draft_entry<'a>(card: &'a CustomWorldDraftCard, draft: &[CustomWorldDraftCard]) -> DraftEntry<'a> {
    DraftEntry {
        kind: card.kind.into(),
        key: &card.key,
        validity: Entry::from(&card.entry).check(&card.key),
        links: links_of(&card.entry),
        chapter: match &card.entry {
            WorldEntry::Chapter(chapter) => Some((chapter.order, chapter.required_level)),
            _ => None,
        },
        bag_slots: bag_slots(&card.entry, draft),
    }
}

/// Most slots of a bag that what comes out of an entry can need: what a player must have free to turn a quest in or
/// to open a treasure. A treasure with too many draws or things is a problem of its own.
fn bag_slots(entry: &WorldEntry, draft: &[CustomWorldDraftCard]) -> u64 {
    match entry {
        WorldEntry::Quest(quest) => {
            let mut slots = 0u64;
            for ItemAmount { item_key, quantity } in &quest.rewards {
                slots = slots.saturating_add(module_inventory::slots_for(*quantity, stack_max_in(draft, item_key)));
            }
            slots
        }
        WorldEntry::Treasure(treasure) => {
            let mut loot = Vec::with_capacity(treasure.loot.len());
            for entry in &treasure.loot {
                loot.push(entry.as_rule(stack_max_in(draft, &entry.item_key)));
            }
            module_runtime_item::slots_needed(&loot, treasure.draws, u32::MAX).unwrap_or(0)
        }
        _ => 0,
    }
}

/// How many of an item lie in one slot, as a draft that is ordered by kind and key says. One that is missing is a
/// problem of its own.
fn stack_max_in(draft: &[CustomWorldDraftCard], item_key: &str) -> u32 {
    let place = (WorldEntryKind::Item, item_key);
    let found = draft.binary_search_by(|card| (card.kind, card.key.as_str()).cmp(&place));
    match found.ok().and_then(|at| draft.get(at)).map(|card| &card.entry) {
        Some(WorldEntry::Item(item)) => stack_max_of(item),
        _ => u32::MAX,
    }
}

/// The keys that an entry names, and what kind they must be of.
fn links_of(entry: &WorldEntry) -> Vec<EntryLink<'_>> {
    let mut links = Vec::new();
    let mut add = |field, kind, key| links.push(EntryLink { field, kind, key });
    match entry {
        WorldEntry::Setting(_) | WorldEntry::Chapter(_) | WorldEntry::Item(_) => {}
        WorldEntry::Character(character) => {
            for relation in &character.relations {
                add("relations", EntryKind::Character, relation.character_key.as_str());
            }
        }
        WorldEntry::Enemy(enemy) => {
            if let Some(key) = &enemy.treasure_key {
                add("treasure_key", EntryKind::Treasure, key.as_str());
            }
        }
        WorldEntry::Quest(quest) => {
            if let Some(key) = &quest.giver_key {
                add("giver_key", EntryKind::Character, key.as_str());
            }
            if let Some(key) = &quest.chapter_key {
                add("chapter_key", EntryKind::Chapter, key.as_str());
            }
            for key in &quest.requires {
                add("requires", EntryKind::Quest, key.as_str());
            }
            for objective in &quest.objectives {
                add("target_key", target_kind(objective.kind), objective.target_key.as_str());
            }
            for reward in &quest.rewards {
                add("rewards", EntryKind::Item, reward.item_key.as_str());
            }
        }
        WorldEntry::Treasure(treasure) => {
            if let Some(key) = &treasure.chapter_key {
                add("chapter_key", EntryKind::Chapter, key.as_str());
            }
            for loot in &treasure.loot {
                add("loot", EntryKind::Item, loot.item_key.as_str());
            }
        }
    }
    links
}

const fn target_kind(kind: QuestObjectiveKind) -> EntryKind {
    match kind {
        QuestObjectiveKind::Defeat => EntryKind::Enemy,
        QuestObjectiveKind::Talk => EntryKind::Character,
        QuestObjectiveKind::Collect => EntryKind::Item,
        QuestObjectiveKind::Open => EntryKind::Treasure,
        QuestObjectiveKind::Reach => EntryKind::Chapter,
    }
}

impl From<&WorldProblem> for CustomWorldProblem {
    fn from(problem: &WorldProblem) -> Self {
        let entry = problem.entry();
        CustomWorldProblem {
            code: problem.code().to_owned(),
            kind: entry.map(|(kind, _)| kind.into()),
            key: entry.map(|(_, key)| key.to_owned()),
            message: problem.to_string(),
        }
    }
}

impl From<EntryKind> for WorldEntryKind {
    fn from(kind: EntryKind) -> Self {
        match kind {
            EntryKind::Setting => WorldEntryKind::Setting,
            EntryKind::Chapter => WorldEntryKind::Chapter,
            EntryKind::Character => WorldEntryKind::Character,
            EntryKind::Enemy => WorldEntryKind::Enemy,
            EntryKind::Item => WorldEntryKind::Item,
            EntryKind::Quest => WorldEntryKind::Quest,
            EntryKind::Treasure => WorldEntryKind::Treasure,
        }
    }
}
