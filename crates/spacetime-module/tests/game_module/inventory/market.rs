//! Players of one world who have things, and the calls about them.

use spacetime_module::*;
use spacetimedb::{Table, Uuid};

use crate::world::{Actor, World, played_world};

/// The sample world, played by Alice and Bob; neither has anything yet.
pub struct Market {
    pub world: World,
    pub version: CustomWorldVersion,
    pub alices: StorySession,
    pub bobs: StorySession,
}

impl Market {
    pub fn new() -> Market {
        let world = World::new();
        let version = world.published_sample();
        let (alices, bobs) = (begun(&world, Actor::Alice, &version), begun(&world, Actor::Bob, &version));
        Market { world, version, alices, bobs }
    }

    /// Gives a player items, as the only thing in a treasure made for the purpose.
    pub fn give(&self, player: Actor, item_key: &str, quantity: u32) {
        let story = if player == Actor::Alice { &self.alices } else { &self.bobs };
        give(&self.world, player, story, item_key, quantity).unwrap();
    }

    /// What a player has.
    pub fn bag(&self, player: Actor) -> InventoryRecord {
        self.world.call(player, |ctx| read_inventory_and_return(ctx, None, self.version.world_id)).unwrap()
    }

    /// The stack in a slot of a player's bag.
    pub fn item(&self, player: Actor, slot: u32) -> InventoryItem {
        self.bag(player).items.into_iter().find(|item| item.slot == slot).expect("something lies there")
    }

    /// `slot:key*quantity` of each stack of a player's bag.
    pub fn drawn(&self, player: Actor) -> String {
        drawn(&self.bag(player))
    }

    /// Proposes a trade of items in these slots of the player's bag.
    pub fn offer(&self, player: Actor, items: &[(u32, u32)]) -> Result<InventoryTrade, DomainError> {
        let request = self.proposal(player, items);
        self.world.call(player, |ctx| offer_trade_and_return(ctx, None, request))
    }

    pub fn proposal(&self, player: Actor, items: &[(u32, u32)]) -> TradeProposal {
        TradeProposal {
            idempotency_key: format!("trade-{}", self.world.test.db.request_record().count()),
            world_id: self.version.world_id,
            partner: if player == Actor::Alice { Actor::Bob } else { Actor::Alice }.identity(),
            items: self.requests(player, items),
        }
    }

    pub fn requests(&self, player: Actor, items: &[(u32, u32)]) -> Vec<TradeItemRequest> {
        let request = |(slot, quantity): &(u32, u32)| TradeItemRequest {
            item_id: self.item(player, *slot).item_id,
            quantity: *quantity,
        };
        items.iter().map(request).collect()
    }

    pub fn revise(
        &self,
        player: Actor,
        trade: &InventoryTrade,
        items: &[(u32, u32)],
    ) -> Result<InventoryTrade, DomainError> {
        let (trade_id, revision, items) = (trade.trade_id, trade.revision, self.requests(player, items));
        let request = TradeRevision { trade_id, revision, items };
        self.world.call(player, |ctx| revise_trade_and_return(ctx, None, request))
    }

    pub fn accept(&self, player: Actor, trade: &InventoryTrade) -> Result<InventoryTrade, DomainError> {
        let request = TradeAcceptance { trade_id: trade.trade_id, revision: trade.revision };
        self.world.call(player, |ctx| accept_trade_and_return(ctx, None, request))
    }

    pub fn cancel(&self, player: Actor, trade: &InventoryTrade) -> Result<InventoryTrade, DomainError> {
        self.world.call(player, |ctx| cancel_trade_and_return(ctx, None, trade.trade_id))
    }

    pub fn decline(&self, player: Actor, trade: &InventoryTrade) -> Result<InventoryTrade, DomainError> {
        self.world.call(player, |ctx| decline_trade_and_return(ctx, None, trade.trade_id))
    }

    /// What the engine does with the one timer of a trade when it is due.
    pub fn fire(&self, trade: &InventoryTrade) {
        let timers = self.world.test.db.inventory_trade_timer();
        let due = timers.trade_id().filter(trade.trade_id).collect::<Vec<_>>();
        let [timer] = due.try_into().expect("one timer");
        self.world.reduce(Actor::Engine, |ctx| expire_trade(ctx, timer.clone())).unwrap();
        timers.scheduled_id().delete(timer.scheduled_id);
    }
}

/// A story that `player` has begun in this version.
pub fn begun(world: &World, player: Actor, version: &CustomWorldVersion) -> StorySession {
    let story = StorySession {
        session_id: Uuid::from_random_bytes_v4([player as u8 + 16; 16]),
        owner: player.identity(),
        world_id: version.world_id,
        version_id: version.version_id,
        status: StoryStatus::Active,
        chapter_key: version.first_chapter_key.clone(),
        next_event_number: 1,
        parent_session_id: None,
        shared_event_count: 0,
        depth: 0,
        begun_at: world.now(),
        updated_at: world.now(),
        ended_at: None,
    };
    let insert = |ctx: &spacetimedb::ReducerContext| {
        ctx.db.story_session().insert(story.clone());
        ctx.db.profile_played_world().insert(played_world(&story));
        Ok(())
    };
    world.reduce(player, insert).unwrap();
    story
}

/// Puts a treasure with exactly these items into the story's world, and has the player open it.
pub fn give(
    world: &World,
    player: Actor,
    story: &StorySession,
    item_key: &str,
    quantity: u32,
) -> Result<TreasureRecord, DomainError> {
    let key = format!("gift-{}", world.test.db.custom_world_playable_entry().count());
    let entry = |item_key: &str| LootEntry {
        item_key: item_key.to_owned(),
        weight: 1,
        quantity_min: quantity,
        quantity_max: quantity,
    };
    let treasure = WorldTreasure {
        name: "Gift".to_owned(),
        description: "With a ribbon.".to_owned(),
        chapter_key: None,
        draws: 1,
        loot: vec![entry(item_key)],
    };
    add_entry(world, story.version_id, &key, WorldEntry::Treasure(treasure));
    open(world, player, story, &key)
}

pub fn open(world: &World, player: Actor, story: &StorySession, key: &str) -> Result<TreasureRecord, DomainError> {
    let request = TreasureOpening { session_id: story.session_id, treasure_key: key.to_owned() };
    world.call(player, |ctx| open_treasure_and_return(ctx, None, request))
}

pub fn add_entry(world: &World, version_id: Uuid, key: &str, entry: WorldEntry) {
    let row = CustomWorldPlayableEntry { id: 0, version_id, kind: entry.kind(), key: key.to_owned(), entry };
    let insert = |ctx: &spacetimedb::ReducerContext| {
        ctx.db.custom_world_playable_entry().insert(row);
        Ok(())
    };
    world.reduce(Actor::Alice, insert).unwrap();
}

pub fn drawn(record: &InventoryRecord) -> String {
    let stacks = record.items.iter().map(|item| format!("{}:{}*{}", item.slot, item.item_key, item.quantity));
    stacks.collect::<Vec<_>>().join(" ")
}

/// The error that there is less than was asked for.
pub fn insufficient(needed: u64, available: u64) -> DomainErrorCode {
    DomainErrorCode::Insufficient(Insufficient { needed, available })
}
