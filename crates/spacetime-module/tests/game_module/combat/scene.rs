//! A story with somebody to fight, and the ways to fight.

use spacetime_module::*;
use spacetimedb::{Table, Uuid};

use crate::sample_world::sample_entries;
use crate::world::{Actor, World};

/// A published world in which Alice has begun a story.
pub struct Scene {
    pub world: World,
    pub story: StorySession,
}

impl Scene {
    /// The sample world.
    pub fn new() -> Scene {
        Scene::of(sample_entries())
    }

    /// The sample world, and an enemy under the key `foe`.
    pub fn with_enemy(stats: CombatStats, skills: Vec<CombatSkill>, experience: u64) -> Scene {
        let foe = WorldEnemy {
            name: "Foe".to_owned(),
            description: "A foe.".to_owned(),
            stats,
            skills,
            experience,
            treasure_key: None,
        };
        Scene::of(sample_entries().into_iter().chain([("foe", WorldEntry::Enemy(foe))]).collect())
    }

    fn of(entries: Vec<(&'static str, WorldEntry)>) -> Scene {
        let world = World::new();
        let version = world.publish_entries(Actor::Bob, entries);
        let story = insert_story(&world, Actor::Alice, &version, 7);
        Scene { world, story }
    }

    /// Alice begins a battle.
    pub fn begin(&self, enemy_key: &str) -> BattleState {
        self.begin_as(Actor::Alice, self.request(enemy_key)).unwrap()
    }

    pub fn begin_as(&self, actor: Actor, request: BattleStart) -> Result<BattleState, DomainError> {
        self.world.call(actor, |ctx| start_battle_and_return(ctx, None, request))
    }

    /// A request with a key of its own each time.
    pub fn request(&self, enemy_key: &str) -> BattleStart {
        let asked = self.world.rows()["request_record"].len();
        BattleStart {
            idempotency_key: format!("battle-{asked}"),
            session_id: self.story.session_id,
            enemy_key: enemy_key.to_owned(),
        }
    }

    /// Alice plays the next round.
    pub fn play(&self, battle: &BattleState, action: BattleAction) -> Result<BattleState, DomainError> {
        self.play_as(Actor::Alice, battle, battle.next_round, action)
    }

    pub fn play_as(
        &self,
        actor: Actor,
        battle: &BattleState,
        round: u32,
        action: BattleAction,
    ) -> Result<BattleState, DomainError> {
        let request = CombatActionRequest { battle_id: battle.battle_id, round, action };
        self.world.call(actor, |ctx| resolve_combat_action_and_return(ctx, None, request))
    }

    /// Alice does the same until the battle is over.
    pub fn fight(&self, mut battle: BattleState, action: BattleAction) -> BattleState {
        while battle.status == BattleStatus::Active {
            battle = self.play(&battle, action.clone()).unwrap();
        }
        battle
    }

    /// Alice begins a battle against an enemy whom she can defeat, and does.
    pub fn win(&self, enemy_key: &str) -> BattleState {
        let battle = self.fight(self.begin(enemy_key), BattleAction::Attack);
        assert_eq!(battle.status, BattleStatus::Victory);
        battle
    }

    /// What decided chance in each round of a battle.
    pub fn seeds_of(&self, battle: &BattleState) -> Vec<u64> {
        self.world.test.db.battle_chance().battle_id().find(battle.battle_id).unwrap().seeds
    }

    /// Alice's progression in the world.
    pub fn progression(&self) -> ProgressionRecord {
        let world_id = self.story.world_id;
        self.world.call(Actor::Alice, |ctx| read_progression_and_return(ctx, None, world_id)).unwrap()
    }
}

/// Stores a story in the first chapter of a version.
pub fn insert_story(world: &World, player: Actor, version: &CustomWorldVersion, number: u8) -> StorySession {
    let now = world.now();
    let story = StorySession {
        session_id: Uuid::from_random_bytes_v4([number; 16]),
        owner: player.identity(),
        world_id: version.world_id,
        version_id: version.version_id,
        status: StoryStatus::Active,
        chapter_key: version.first_chapter_key.clone(),
        next_event_number: 1,
        parent_session_id: None,
        shared_event_count: 0,
        depth: 0,
        begun_at: now,
        updated_at: now,
        ended_at: None,
    };
    let insert = |ctx: &spacetimedb::ReducerContext| {
        ctx.db.story_session().insert(story.clone());
        Ok(())
    };
    world.reduce(player, insert).unwrap();
    story
}
