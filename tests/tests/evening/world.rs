//! The world of the evening: the sample world, and what an agent would add to it.

use worldloom_client::{
    CombatStats, CustomWorldChange, CustomWorldKeyedEntry, WorldChapter, WorldEnemy, WorldEntry, WorldItem,
    WorldSetting,
};
use worldloom_tests::sample_world;

/// The title of its first version.
pub const TITLE: &str = "The Lamplit Mill";
/// The title of its second version.
pub const SECOND_TITLE: &str = "The Lamplit Mill, Rebuilt";
/// The rat's health in the second version, which no sword of the first level is enough for.
pub const SECOND_RAT_HEALTH: u32 = 900_000;

/// An entry of the first version.
pub fn entry(key: &str) -> WorldEntry {
    match key {
        "crown" => crown(),
        _ => {
            let entries = sample_world::entries(TITLE);
            entries.into_iter().find(|(name, _)| name == key).expect("an entry of the sample world").1
        }
    }
}

/// What the second version has in an entry's place.
pub fn second(entry: WorldEntry) -> WorldEntry {
    match entry {
        WorldEntry::Setting(setting) => WorldEntry::Setting(WorldSetting { title: SECOND_TITLE.to_owned(), ..setting }),
        WorldEntry::Chapter(chapter) => {
            WorldEntry::Chapter(WorldChapter { opening: "The light is out.".to_owned(), ..chapter })
        }
        WorldEntry::Enemy(enemy) => {
            let stats = CombatStats { health: SECOND_RAT_HEALTH, ..enemy.stats };
            WorldEntry::Enemy(WorldEnemy { stats, ..enemy })
        }
        unchanged => unchanged,
    }
}

/// An agent's suggestion to add an entry.
pub fn suggestion(key: &str) -> CustomWorldChange {
    CustomWorldChange::Add(CustomWorldKeyedEntry { key: key.to_owned(), entry: entry(key) })
}

/// What the author does not want.
fn crown() -> WorldEntry {
    let WorldEntry::Item(coal) = entry("coal") else { unreachable!("coal is an item") };
    WorldEntry::Item(WorldItem { name: "Crown".to_owned(), description: "Crown, far too much.".to_owned(), ..coal })
}
