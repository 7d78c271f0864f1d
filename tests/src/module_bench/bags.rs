//! What is found in a story, and what is in the bag.

use anyhow::Context;
use spacetimedb_lib::Uuid;
use worldloom_client::{
    BattleAction, BattleStart, BattleState, CombatActionRequest, InventoryDiscard, InventoryItem, InventoryMerge,
    InventoryMove, InventoryRecord, InventorySplit, StorySession, TreasureOpening, TreasureRecord,
};

use super::guest::{Arguments, Guest, key, own};
use super::step::{Step, asks};

/// A slot that no bag of a guest has reached.
const FREE_SLOT: u32 = 30;

/// A blow at the warden, or the last one again when it has fallen.
const BLOW: Step = asks::<BattleState>("resolve_combat_action_and_return", strike).unmeasured();

/// Treasures and the bag. The warden is beaten for the lamps in its chest.
pub const STEPS: &[Step] = &[
    asks::<TreasureRecord>("open_treasure_and_return", |guest| open(guest, "sack")),
    asks::<BattleState>("start_battle_and_return", |guest| {
        let session_id = guest.last::<StorySession>()?.session_id;
        own(BattleStart { idempotency_key: key("warden"), session_id, enemy_key: "warden".to_owned() })
    })
    .unmeasured(),
    BLOW,
    BLOW,
    BLOW,
    BLOW,
    BLOW,
    BLOW,
    BLOW,
    BLOW,
    asks::<TreasureRecord>("open_treasure_and_return", |guest| open(guest, "chest")).unmeasured(),
    asks::<InventoryRecord>("read_inventory_and_return", |guest| own(guest.world_id())),
    asks::<InventoryRecord>("equip_item_and_return", |guest| own(lamp(guest)?)),
    asks::<InventoryRecord>("unequip_item_and_return", |guest| {
        let worn = guest.last::<InventoryRecord>()?.equipment.first().context("nothing is worn")?;
        own(worn.runtime_item_id)
    }),
    asks::<InventoryRecord>("move_inventory_item_and_return", |guest| {
        let (item_id, revision) = (stack(guest, 1)?.item_id, revision(guest)?);
        own(InventoryMove { item_id, to_slot: FREE_SLOT, revision })
    }),
    asks::<InventoryRecord>("split_inventory_stack_and_return", |guest| {
        let (item_id, revision) = (stack(guest, 2)?.item_id, revision(guest)?);
        own(InventorySplit { item_id, revision, quantity: 1, to_slot: Some(FREE_SLOT + 1) })
    }),
    asks::<InventoryRecord>("merge_inventory_stacks_and_return", |guest| {
        let items = &guest.last::<InventoryRecord>()?.items;
        let split = items.iter().find(|item| item.slot == FREE_SLOT + 1).context("nothing was split off")?;
        let other = items.iter().find(|item| item.item_key == split.item_key && item.slot != split.slot);
        let into_item_id = other.context("there is nothing to merge with")?.item_id;
        own(InventoryMerge { from_item_id: split.item_id, into_item_id, revision: revision(guest)? })
    }),
    asks::<InventoryRecord>("discard_inventory_item_and_return", |guest| {
        let (item_id, revision) = (stack(guest, 2)?.item_id, revision(guest)?);
        own(InventoryDiscard { item_id, quantity: 1, revision })
    }),
];

fn open(guest: &Guest, treasure_key: &str) -> Arguments {
    let session_id = guest.last::<StorySession>()?.session_id;
    own(TreasureOpening { session_id, treasure_key: treasure_key.to_owned() })
}

/// The next blow, or the last one again when the battle is over.
pub fn strike(guest: &Guest) -> Arguments {
    let battle = guest.last::<BattleState>()?;
    let round = if battle.ended_at.is_some() { battle.next_round - 1 } else { battle.next_round };
    own(CombatActionRequest { battle_id: battle.battle_id, round, action: BattleAction::Attack })
}

fn revision(guest: &Guest) -> anyhow::Result<u64> {
    Ok(guest.last::<InventoryRecord>()?.bag.revision)
}

fn lamp(guest: &Guest) -> anyhow::Result<Uuid> {
    let lamp = guest.last::<InventoryRecord>()?.items.iter().find_map(|item| item.runtime_item_id);
    lamp.context("there is no lamp in the bag")
}

/// A stack of at least this many.
pub fn stack(guest: &Guest, quantity: u32) -> anyhow::Result<&InventoryItem> {
    let items = guest.last::<InventoryRecord>()?.items.iter();
    let mut enough = items.filter(|item| item.runtime_item_id.is_none() && item.quantity >= quantity);
    enough.next().context("no stack is large enough")
}
