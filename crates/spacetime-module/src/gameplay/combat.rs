//! Battles: a player against one enemy of its story's world, round by round.
//!
//! The fighters are copied into the battle when it begins, so that a round loads nothing else, and
//! nothing that happens elsewhere changes a battle. The chance of a round is drawn when it is played,
//! not when the battle begins: the engine derives randomness from the time of a call, and that of the
//! beginning is in the battle's row, from which a client could tell how every action will come out.

mod records;

pub use records::*;

use module_combat::{Action, BATTLES_KEPT_PER_STORY, Battle, Request, Step};

use crate::*;

/// One battle.
#[table(
    accessor = battle_state,
    index(accessor = by_story, btree(columns = [session_id, status]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BattleState {
    /// UUIDv7.
    #[primary_key]
    pub battle_id: Uuid,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The story in which it is fought.
    pub session_id: Uuid,
    /// Key of the enemy in the story's world.
    pub enemy_key: String,
    /// The enemy's name.
    pub enemy_name: String,
    /// How it stands.
    pub status: BattleStatus,
    /// The round to play next, from 1.
    pub next_round: u32,
    /// The player's side.
    pub player: BattleFighter,
    /// The enemy's side.
    pub enemy: BattleFighter,
    /// What the player did in the last round.
    pub last_action: Option<BattleAction>,
    /// What happened in the last round, in order.
    pub last_events: Vec<BattleEvent>,
    /// Experience for a victory.
    pub experience: u64,
    /// Key of the treasure that a victory opens.
    pub treasure_key: Option<String>,
    /// When it began.
    pub begun_at: Timestamp,
    /// When its last round was played.
    pub updated_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// What decided chance in a battle, so that it can be replayed.
#[table(accessor = battle_chance)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BattleChance {
    /// The battle.
    #[primary_key]
    pub battle_id: Uuid,
    /// The seed of each round that was played, in order; at most 100.
    pub seeds: Vec<u64>,
}

/// An enemy that was defeated in a story. It stays when the battle is forgotten.
#[table(
    accessor = battle_victory,
    index(accessor = by_enemy, btree(columns = [session_id, enemy_key]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BattleVictory {
    /// Number of the row.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The story.
    pub session_id: Uuid,
    /// Key of the enemy; the pair is unique.
    pub enemy_key: String,
    /// Key of the treasure that this makes openable.
    pub treasure_key: Option<String>,
    /// How often it was defeated.
    pub victories: u32,
    /// When it was defeated first.
    pub first_won_at: Timestamp,
    /// When it was defeated last.
    pub last_won_at: Timestamp,
}

/// A battle to begin.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BattleStart {
    /// Chosen by the caller, unique per player: the same request again has the same result.
    pub idempotency_key: String,
    /// The story in which it is fought.
    pub session_id: Uuid,
    /// Key of the enemy in the story's world.
    pub enemy_key: String,
}

/// A round to play.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CombatActionRequest {
    /// The battle.
    pub battle_id: Uuid,
    /// Its next round as the caller knows it. The last request again changes nothing and has the
    /// same result, so that a lost answer can be asked for once more.
    pub round: u32,
    /// What the player does.
    pub action: BattleAction,
}

/// Begins a battle for the sender.
///
/// Errors: as [`start_battle_and_return`].
#[reducer]
pub fn start_battle(ctx: &ReducerContext, request: BattleStart) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    begin_battle(ctx, &caller, &request).map(drop)
}

/// Begins a battle against an enemy of a story's world and returns it. The player brings what its
/// level and the things it wears give it. Of a story's battles the newest 20 are kept.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument`, `limit_exceeded`; `not_found` for the story, also another player's, and for
/// the enemy; `illegal_transition` if the story is over; `conflict` while another battle of the
/// story goes on, or if the idempotency key was used for another request.
#[procedure]
pub fn start_battle_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BattleStart,
) -> Result<BattleState, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        begin_battle(tx, &caller, &request)
    })
}

/// Plays a round of the sender's battle.
///
/// Errors: as [`resolve_combat_action_and_return`].
#[reducer]
pub fn resolve_combat_action(ctx: &ReducerContext, request: CombatActionRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    resolve_action(ctx, &caller, &request).map(drop)
}

/// Plays a round and returns the battle: the player's action, the enemy's, and what comes of them.
/// The end is told in the story. A victory awards experience, counts for quests and opens the
/// enemy's treasure, all in the same transaction. The last request again returns the battle as it stands.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument`, `limit_exceeded`; `not_found` for the battle, also another player's, for a
/// skill that the player does not have and an item that neither the player nor the world has;
/// `conflict` if another round is next or the skill rests; `insufficient` energy or items;
/// `illegal_transition` if the battle or its story is over.
#[procedure]
pub fn resolve_combat_action_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CombatActionRequest,
) -> Result<BattleState, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        resolve_action(tx, &caller, &request)
    })
}

/// Returns a battle of the player.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`, also for another player's battle.
#[procedure]
pub fn read_battle_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    battle_id: Uuid,
) -> Result<BattleState, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        own_battle(tx, &caller, battle_id)
    })
}

/// The sender's own battles, in every status.
#[view(accessor = my_battles, public, primary_key = battle_id)]
pub fn my_battles(ctx: &ViewContext) -> Vec<BattleState> {
    ctx.db.battle_state().owner().filter(ctx.sender()).collect()
}

/// The enemies that the sender has defeated.
#[view(accessor = my_battle_victories, public, primary_key = id)]
pub fn my_battle_victories(ctx: &ViewContext) -> Vec<BattleVictory> {
    ctx.db.battle_victory().owner().filter(ctx.sender()).collect()
}

/// Whether the player of the story has defeated this enemy in it.
pub(crate) fn has_defeated(ctx: &ReducerContext, story: &StorySession, enemy_key: &str) -> bool {
    find_victory(ctx, story.session_id, enemy_key).is_some()
}

fn begin_battle(ctx: &ReducerContext, caller: &Caller, request: &BattleStart) -> Result<BattleState, DomainError> {
    module_combat::check_enemy_key(&request.enemy_key)?;
    let replayable = Replayable::new(caller.player, "start_battle", &request.idempotency_key, request)?;
    if let Some(battle_id) = replayable.first_result(ctx)? {
        return own_battle(ctx, caller, battle_id);
    }
    let story = active_story(ctx, caller, request.session_id)?;
    check_nothing_going_on(ctx, &story)?;
    let WorldEntry::Enemy(enemy) = world_entry(ctx, story.version_id, WorldEntryKind::Enemy, &request.enemy_key)?
    else {
        return Err(RuleError::Hidden { what: "enemy" }.into());
    };
    forget_oldest_battle(ctx, &story);
    let battle = insert_battle(ctx, &story, &request.enemy_key, enemy)?;
    replayable.remember(ctx, battle.battle_id)?;
    Ok(battle)
}

fn check_nothing_going_on(ctx: &ReducerContext, story: &StorySession) -> Result<(), DomainError> {
    let place = (story.session_id, BattleStatus::Active);
    match ctx.db.battle_state().by_story().filter(place).next() {
        None => Ok(()),
        Some(battle) => Err(DomainError::conflict(
            "no battle going on",
            &battle.battle_id.to_string(),
            "Another battle of this story is going on. Fight it out or flee first.",
        )),
    }
}

/// Makes room for another battle: the list of a story's battles never grows beyond its bound.
fn forget_oldest_battle(ctx: &ReducerContext, story: &StorySession) {
    let battles: Vec<_> = ctx.db.battle_state().by_story().filter(story.session_id).collect();
    if battles.len() < BATTLES_KEPT_PER_STORY {
        return;
    }
    if let Some(oldest) = battles.into_iter().min_by_key(|battle| (battle.begun_at, battle.battle_id)) {
        ctx.db.battle_chance().battle_id().delete(oldest.battle_id);
        ctx.db.battle_state().battle_id().delete(oldest.battle_id);
    }
}

fn insert_battle(
    ctx: &ReducerContext,
    story: &StorySession,
    enemy_key: &str,
    enemy: WorldEnemy,
) -> Result<BattleState, DomainError> {
    let battles = ctx.db.battle_state();
    let battle_id = fresh_id(ctx, |id| battles.battle_id().find(id).is_some())?;
    let chance = BattleChance { battle_id, seeds: Vec::new() };
    ctx.db.battle_chance().try_insert(chance).map_err(|_| DomainError::no_fresh_id())?;
    let (bonus, learned) = worn_bonus(ctx, story);
    let level = level_of(ctx, story.owner, story.world_id);
    let stats = module_combat::Stats::of_level(level).raised_by(bonus.into());
    let battle = BattleState {
        battle_id,
        owner: story.owner,
        session_id: story.session_id,
        enemy_key: enemy_key.to_owned(),
        enemy_name: enemy.name,
        status: BattleStatus::Active,
        next_round: 1,
        player: BattleFighter::new(stats.into(), &learned),
        enemy: BattleFighter::new(enemy.stats, &enemy.skills),
        last_action: None,
        last_events: Vec::new(),
        experience: enemy.experience,
        treasure_key: enemy.treasure_key,
        begun_at: ctx.timestamp,
        updated_at: ctx.timestamp,
        ended_at: None,
    };
    battles.try_insert(battle).map_err(|_| DomainError::no_fresh_id())
}

fn resolve_action(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CombatActionRequest,
) -> Result<BattleState, DomainError> {
    let CombatActionRequest { battle_id, round, action } = request;
    match action {
        BattleAction::Skill(key) => module_combat::check_skill_key(key)?,
        BattleAction::Item(key) => module_combat::check_item_key(key)?,
        BattleAction::Attack | BattleAction::Defend | BattleAction::Flee => {}
    }
    let battle = own_battle(ctx, caller, *battle_id)?;
    let same_action = battle.last_action.as_ref() == Some(action);
    match module_combat::check_request(battle.status.into(), battle.next_round, *round, same_action)? {
        Request::Repeats => Ok(battle),
        Request::Play => {
            let story = active_story(ctx, caller, battle.session_id)?;
            play_battle_round(ctx, &story, battle, action)
        }
    }
}

fn play_battle_round(
    ctx: &ReducerContext,
    story: &StorySession,
    mut battle: BattleState,
    action: &BattleAction,
) -> Result<BattleState, DomainError> {
    let item_key = match action {
        BattleAction::Item(key) => Some(key.as_str()),
        _ => None,
    };
    let mut item = None;
    let rule_action = match action {
        BattleAction::Attack => Action::Attack,
        BattleAction::Defend => Action::Defend,
        BattleAction::Skill(key) => Action::Skill(key),
        BattleAction::Item(key) => Action::Item(item.insert(usable_item(ctx, story, key)?).usage.into()),
        BattleAction::Flee => Action::Flee,
    };
    let mut fighters = Battle { player: battle.player.as_rule(), enemy: battle.enemy.as_rule() };
    let seed = draw_seed(ctx, battle.battle_id)?;
    let played = module_combat::play_round(&mut fighters, seed, battle.next_round, rule_action)?;
    if let Some(item) = item.filter(|_| played.item_used) {
        item.use_up(ctx)?;
    }
    let step = module_combat::transition(battle.status.into(), played.status)?;
    battle.player.take_over(&fighters.player);
    battle.enemy.take_over(&fighters.enemy);
    let battle = ctx.db.battle_state().battle_id().update(BattleState {
        status: played.status.into(),
        next_round: battle.next_round.saturating_add(1),
        last_action: Some(action.clone()),
        last_events: played.events.into_iter().map(|event| BattleEvent::of(event, item_key)).collect(),
        updated_at: ctx.timestamp,
        ended_at: (step == Step::Ended).then_some(ctx.timestamp),
        ..battle
    });
    if let Some(kind) = battle.status.as_story_event() {
        append_story_event(ctx, story, kind, &battle.enemy_key, "")?;
    }
    if battle.status == BattleStatus::Victory {
        reward_victory(ctx, story, &battle)?;
    }
    Ok(battle)
}

/// The chance of the round that is played now, noted for a replay.
fn draw_seed(ctx: &ReducerContext, battle_id: Uuid) -> Result<u64, DomainError> {
    let chances = ctx.db.battle_chance().battle_id();
    let mut chance = chances.find(battle_id).ok_or(RuleError::Hidden { what: "battle" })?;
    let seed = ctx.random();
    chance.seeds.push(seed);
    chances.update(chance);
    Ok(seed)
}

fn reward_victory(ctx: &ReducerContext, story: &StorySession, battle: &BattleState) -> Result<(), DomainError> {
    note_victory(ctx, battle)?;
    award_experience(ctx, story, ExperienceSource::Battle, battle.battle_id, battle.experience)?;
    advance_quests(ctx, story, QuestObjectiveKind::Defeat, &battle.enemy_key, 1)
}

fn note_victory(ctx: &ReducerContext, battle: &BattleState) -> Result<(), DomainError> {
    let victories = ctx.db.battle_victory();
    match find_victory(ctx, battle.session_id, &battle.enemy_key) {
        Some(victory) => {
            let count = victory.victories.saturating_add(1);
            victories.id().update(BattleVictory { victories: count, last_won_at: ctx.timestamp, ..victory });
        }
        None => {
            let victory = BattleVictory {
                id: 0,
                owner: battle.owner,
                session_id: battle.session_id,
                enemy_key: battle.enemy_key.clone(),
                treasure_key: battle.treasure_key.clone(),
                victories: 1,
                first_won_at: ctx.timestamp,
                last_won_at: ctx.timestamp,
            };
            victories.try_insert(victory).map_err(|_| DomainError::no_fresh_id())?;
        }
    }
    Ok(())
}

fn find_victory(ctx: &ReducerContext, session_id: Uuid, enemy_key: &str) -> Option<BattleVictory> {
    ctx.db.battle_victory().by_enemy().filter((session_id, enemy_key)).next()
}

/// Errors: `not_found`, also for another player's.
fn own_battle(ctx: &ReducerContext, caller: &Caller, battle_id: Uuid) -> Result<BattleState, DomainError> {
    let battle = ctx.db.battle_state().battle_id().find(battle_id);
    let own = battle.filter(|battle| battle.owner == caller.player);
    Ok(own.ok_or(RuleError::Hidden { what: "battle" })?)
}
