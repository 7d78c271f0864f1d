//! Characters: how they stand to a player in a story, and to each other.

use module_npc::{Cooldowns, Interaction, Memory, MemoryKind, Mood};

use crate::*;

/// How a character feels.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum NpcMood {
    /// It would rather see the player gone.
    Hostile,
    /// It sulks.
    Sullen,
    /// Neither good nor bad.
    Calm,
    /// It likes to see the player.
    Friendly,
    /// It would do a lot for the player.
    Delighted,
}

/// What a character remembers something as.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum NpcMemoryKind {
    /// A talk.
    Talk,
    /// A gift.
    Gift,
    /// A help.
    Help,
    /// An insult.
    Insult,
    /// An apology.
    Apology,
}

/// Something that a character remembers of the player.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct NpcMemory {
    /// What it is.
    pub kind: NpcMemoryKind,
    /// How much it mattered at the time, ten for each point of affinity, below 0 if it hurt. Half
    /// of it is left every three days; a memory of which nothing is left is gone.
    pub weight: i32,
    /// What the player wants it to remember; may be empty.
    pub note: String,
    /// When it happened.
    pub remembered_at: Timestamp,
}

/// A character that the player has met in one story.
#[table(
    accessor = npc_state,
    index(accessor = by_character, btree(columns = [session_id, character_key]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpcState {
    /// UUIDv7.
    #[primary_key]
    pub npc_state_id: Uuid,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The story.
    pub session_id: Uuid,
    /// The character; the pair with the story is unique.
    pub character_key: String,
    /// -100 to 100.
    pub affinity: i32,
    /// How it felt when the row last changed.
    pub mood: NpcMood,
    /// What it remembered when the row last changed, from the oldest to the newest.
    pub memories: Vec<NpcMemory>,
    /// From when on a talk gains affinity again.
    pub talk_ready_at: Timestamp,
    /// From when on a help gains affinity again.
    pub help_ready_at: Timestamp,
    /// From when on an apology gains affinity again.
    pub apology_ready_at: Timestamp,
    /// When the player met it.
    pub met_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
}

/// How a character that the player has met stands to another one, met or not.
#[table(
    accessor = npc_relation,
    index(accessor = by_other, btree(columns = [session_id, other_key]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpcRelation {
    /// Number of the row.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The story.
    pub session_id: Uuid,
    /// Who.
    pub character_key: String,
    /// To whom.
    pub other_key: String,
    /// -100 to 100.
    pub affinity: i32,
}

/// What a player does to a character.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum NpcInteraction {
    /// Talks; what is said belongs in the story.
    Talk,
    /// Gives items away.
    Gift(ItemAmount),
    /// Helps with something.
    Help,
    /// Insults.
    Insult,
    /// Apologizes.
    Apologize,
}

/// An interaction with a character.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct NpcInteractionRequest {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// The caller's own story.
    pub session_id: Uuid,
    /// The character.
    pub character_key: String,
    /// What the player does.
    pub interaction: NpcInteraction,
    /// What the character is to remember of it; may be empty.
    pub note: String,
}

/// Does something to a character in a story of the sender.
///
/// Errors: as [`resolve_npc_interaction_and_return`].
#[reducer]
pub fn resolve_npc_interaction(ctx: &ReducerContext, request: NpcInteractionRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    interact_with_npc(ctx, &caller, &request).map(drop)
}

/// Does something to a character, meeting it first if need be, and returns how it stands to the
/// player then. Those that it is dear to, or hateful, take it up in their own way.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `account_closed`; `invalid_argument`, `limit_exceeded`; `not_found`, also for another player's
/// story, for an unknown character and for an unknown item; `illegal_transition` if the story is
/// over; `conflict` if the idempotency key was used for another request, or if the character takes
/// nothing from the player; `insufficient` if there are fewer items.
#[procedure]
pub fn resolve_npc_interaction_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: NpcInteractionRequest,
) -> Result<NpcState, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        interact_with_npc(tx, &caller, &request)
    })
}

/// The characters that the sender has met in its own stories.
#[view(accessor = my_npcs, public, primary_key = npc_state_id)]
pub fn my_npcs(ctx: &ViewContext) -> Vec<NpcState> {
    ctx.db.npc_state().owner().filter(ctx.sender()).collect()
}

/// How the characters that the sender has met stand to others.
#[view(accessor = my_npc_relations, public, primary_key = id)]
pub fn my_npc_relations(ctx: &ViewContext) -> Vec<NpcRelation> {
    ctx.db.npc_relation().owner().filter(ctx.sender()).collect()
}

/// Whether the player has met a character in this story.
pub(crate) fn has_met_npc(ctx: &ReducerContext, story: &StorySession, character_key: &str) -> bool {
    find_npc(ctx, story.session_id, character_key).is_some()
}

fn interact_with_npc(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &NpcInteractionRequest,
) -> Result<NpcState, DomainError> {
    let replayable = Replayable::new(caller.player, "resolve_npc_interaction", &request.idempotency_key, request)?;
    if let Some(npc_state_id) = replayable.first_result(ctx)? {
        let npc = ctx.db.npc_state().npc_state_id().find(npc_state_id);
        return Ok(npc.ok_or(RuleError::Hidden { what: "character" })?);
    }
    module_npc::check_character_key(&request.character_key)?;
    module_npc::check_note(&request.note)?;
    if let NpcInteraction::Gift(gift) = &request.interaction {
        module_npc::check_item_key(&gift.item_key)?;
    }
    let story = active_story(ctx, caller, request.session_id)?;
    let npc = match find_npc(ctx, story.session_id, &request.character_key) {
        Some(npc) => npc,
        None => meet_npc(ctx, &story, &request.character_key)?,
    };
    let memories = npc.recall();
    let now = ctx.timestamp.to_micros_since_unix_epoch();
    let effect = module_npc::interact(request.interaction.as_rule(), npc.affinity, &memories, npc.cooldowns(), now)?;
    if let NpcInteraction::Gift(gift) = &request.interaction {
        consume_items(ctx, &story, &gift.item_key, gift.quantity)?;
    }
    let (kind, weight) = effect.memory;
    let memory = Memory { kind, weight, at: now, note: request.note.clone() };
    let npc = NpcState {
        talk_ready_at: timestamp(effect.ready_at.talk),
        help_ready_at: timestamp(effect.ready_at.help),
        apology_ready_at: timestamp(effect.ready_at.apology),
        ..npc
    };
    let npc = store_npc(ctx, npc, effect.affinity, module_npc::remember(memories, memory, now));
    replayable.remember(ctx, npc.npc_state_id)?;
    spread_word(ctx, &npc, effect.change);
    if request.interaction == NpcInteraction::Talk {
        advance_quests(ctx, &story, QuestObjectiveKind::Talk, &npc.character_key, 1)?;
    }
    Ok(npc)
}

fn meet_npc(ctx: &ReducerContext, story: &StorySession, character_key: &str) -> Result<NpcState, DomainError> {
    let entry = world_entry(ctx, story.version_id, WorldEntryKind::Character, character_key)?;
    let WorldEntry::Character(character) = entry else {
        return Err(RuleError::Hidden { what: "character" }.into());
    };
    let npcs = ctx.db.npc_state();
    let affinity = module_npc::clamped(character.initial_affinity);
    let npc = NpcState {
        npc_state_id: fresh_id(ctx, |id| npcs.npc_state_id().find(id).is_some())?,
        owner: story.owner,
        session_id: story.session_id,
        character_key: character_key.to_owned(),
        affinity,
        mood: module_npc::mood(affinity, &[], 0).into(),
        memories: Vec::new(),
        talk_ready_at: ctx.timestamp,
        help_ready_at: ctx.timestamp,
        apology_ready_at: ctx.timestamp,
        met_at: ctx.timestamp,
        updated_at: ctx.timestamp,
    };
    let npc = npcs.try_insert(npc).map_err(|_| DomainError::no_fresh_id())?;
    for relation in character.relations {
        insert_relation(ctx, &npc, relation)?;
    }
    append_story_event(ctx, story, StoryEventKind::CharacterMet, character_key, &character.greeting)?;
    Ok(npc)
}

fn insert_relation(ctx: &ReducerContext, npc: &NpcState, relation: CharacterRelation) -> Result<(), DomainError> {
    let relation = NpcRelation {
        id: 0,
        owner: npc.owner,
        session_id: npc.session_id,
        character_key: npc.character_key.clone(),
        other_key: relation.character_key,
        affinity: module_npc::clamped(relation.affinity),
    };
    ctx.db.npc_relation().try_insert(relation).map_err(|_| DomainError::no_fresh_id())?;
    Ok(())
}

/// Lets those who know the player hear what was done to a character that they like or dislike.
fn spread_word(ctx: &ReducerContext, npc: &NpcState, change: i32) {
    let place = (npc.session_id, npc.character_key.as_str());
    let relations = ctx.db.npc_relation().by_other().filter(place).take(module_npc::AFFINITY_SHARED_MAX);
    for relation in relations.collect::<Vec<_>>() {
        let echo = module_npc::echo(change, relation.affinity);
        let is_other = relation.character_key != npc.character_key;
        if let Some(bystander) =
            find_npc(ctx, npc.session_id, &relation.character_key).filter(|_| is_other && echo != 0)
        {
            let memories = module_npc::recalled(bystander.recall(), ctx.timestamp.to_micros_since_unix_epoch());
            let affinity = module_npc::shifted(bystander.affinity, echo);
            store_npc(ctx, bystander, affinity, memories);
        }
    }
}

fn store_npc(ctx: &ReducerContext, npc: NpcState, affinity: i32, memories: Vec<Memory>) -> NpcState {
    let mood = module_npc::mood(affinity, &memories, ctx.timestamp.to_micros_since_unix_epoch());
    ctx.db.npc_state().npc_state_id().update(NpcState {
        affinity,
        mood: mood.into(),
        memories: memories.into_iter().map(NpcMemory::from).collect(),
        updated_at: ctx.timestamp,
        ..npc
    })
}

fn find_npc(ctx: &ReducerContext, session_id: Uuid, character_key: &str) -> Option<NpcState> {
    ctx.db.npc_state().by_character().filter((session_id, character_key)).next()
}

fn timestamp(micros: i64) -> Timestamp {
    Timestamp::from_micros_since_unix_epoch(micros)
}

impl NpcState {
    fn recall(&self) -> Vec<Memory> {
        self.memories.clone().into_iter().map(Memory::from).collect()
    }

    fn cooldowns(&self) -> Cooldowns {
        Cooldowns {
            talk: self.talk_ready_at.to_micros_since_unix_epoch(),
            help: self.help_ready_at.to_micros_since_unix_epoch(),
            apology: self.apology_ready_at.to_micros_since_unix_epoch(),
        }
    }
}

impl NpcInteraction {
    fn as_rule(&self) -> Interaction {
        match self {
            NpcInteraction::Talk => Interaction::Talk,
            NpcInteraction::Gift(gift) => Interaction::Gift(gift.quantity),
            NpcInteraction::Help => Interaction::Help,
            NpcInteraction::Insult => Interaction::Insult,
            NpcInteraction::Apologize => Interaction::Apologize,
        }
    }
}

impl From<Mood> for NpcMood {
    fn from(mood: Mood) -> Self {
        match mood {
            Mood::Hostile => NpcMood::Hostile,
            Mood::Sullen => NpcMood::Sullen,
            Mood::Calm => NpcMood::Calm,
            Mood::Friendly => NpcMood::Friendly,
            Mood::Delighted => NpcMood::Delighted,
        }
    }
}

impl From<NpcMemory> for Memory {
    fn from(memory: NpcMemory) -> Self {
        let kind = match memory.kind {
            NpcMemoryKind::Talk => MemoryKind::Talk,
            NpcMemoryKind::Gift => MemoryKind::Gift,
            NpcMemoryKind::Help => MemoryKind::Help,
            NpcMemoryKind::Insult => MemoryKind::Insult,
            NpcMemoryKind::Apology => MemoryKind::Apology,
        };
        let at = memory.remembered_at.to_micros_since_unix_epoch();
        Memory { kind, weight: memory.weight, at, note: memory.note }
    }
}

impl From<Memory> for NpcMemory {
    fn from(memory: Memory) -> Self {
        let kind = match memory.kind {
            MemoryKind::Talk => NpcMemoryKind::Talk,
            MemoryKind::Gift => NpcMemoryKind::Gift,
            MemoryKind::Help => NpcMemoryKind::Help,
            MemoryKind::Insult => NpcMemoryKind::Insult,
            MemoryKind::Apology => NpcMemoryKind::Apology,
        };
        NpcMemory { kind, weight: memory.weight, note: memory.note, remembered_at: timestamp(memory.at) }
    }
}
