//! A small world with something of every kind, and its publication.

use spacetime_module::*;
use spacetimedb::{Table, Uuid};

use crate::world::{Actor, World, cover_of};

impl World {
    /// The sample world, published by Alice as an author publishes.
    pub fn published_sample(&self) -> CustomWorldVersion {
        let profile = self.drafted(Actor::Alice, "sample", sample_entries());
        self.publish(Actor::Alice, profile.world_id).unwrap().version
    }

    /// A world with these entries in its draft, and a cover.
    pub fn drafted(&self, author: Actor, name: &str, entries: Vec<(&'static str, WorldEntry)>) -> CustomWorldProfile {
        let creation = CustomWorldCreation {
            idempotency_key: format!("world-{name}"),
            title: name.to_owned(),
            tagline: String::new(),
        };
        let profile = self.call(author, |ctx| create_custom_world_and_return(ctx, None, creation)).unwrap();
        for (key, entry) in entries {
            let card = CustomWorldCardAddition {
                idempotency_key: format!("{name}-{:?}-{key}", entry.kind()),
                world_id: profile.world_id,
                key: key.to_owned(),
                entry,
            };
            self.call(author, |ctx| add_draft_card_and_return(ctx, None, card)).unwrap();
        }
        let cover = self.public(author, &format!("cover-{author:?}-{name}"));
        self.bind(author, cover_of(&profile.world_id.to_string(), cover.asset_id)).unwrap();
        profile
    }

    /// Publishes a draft as it stands.
    pub fn publish(&self, author: Actor, world_id: Uuid) -> Result<CustomWorldPublication, DomainError> {
        let profile = self.call(author, |ctx| get_custom_world_and_return(ctx, None, world_id))?;
        let asked = self.rows()["request_record"].len();
        let request = CustomWorldPublishing {
            idempotency_key: format!("publish-{world_id}-{asked}"),
            world_id,
            revision: profile.revision,
            content_hash: None,
        };
        self.call(author, |ctx| publish_world_and_return(ctx, None, request))
    }

    /// A world of these entries, whatever publishing would say to them: the rows that playing it
    /// needs, stored directly.
    pub fn publish_entries(&self, author: Actor, entries: Vec<(&'static str, WorldEntry)>) -> CustomWorldVersion {
        let published = self.rows()["custom_world_version"].len() as u8;
        let [version_id, world_id] = [1, 2].map(|kind| Uuid::from_random_bytes_v4([16 * published + kind; 16]));
        let version = CustomWorldVersion {
            version_id,
            world_id,
            version: 1,
            author: author.identity(),
            title: "The old mill".to_owned(),
            first_chapter_key: "arrival".to_owned(),
            content_hash: "0".repeat(64),
            published_at: self.now(),
        };
        self.reduce(author, |ctx| {
            ctx.db.custom_world_profile().insert(published_profile(&version));
            let number = ctx.db.custom_world_standing().count() + 1;
            ctx.db.custom_world_standing().insert(CustomWorldStanding {
                world_id,
                number,
                rank: number,
                players: 0,
                likes: 0,
                published_at: version.published_at,
            });
            let mut group = ctx.db.custom_world_rank_group().players().find(0).unwrap_or(CustomWorldRankGroup {
                players: 0,
                first_rank: number,
                worlds: 0,
            });
            group.worlds += 1;
            ctx.db.custom_world_rank_group().players().insert_or_update(group);
            ctx.db.custom_world_version().insert(version.clone());
            for (key, entry) in entries {
                ctx.db.custom_world_playable_entry().insert(CustomWorldPlayableEntry {
                    id: 0,
                    version_id: version.version_id,
                    kind: entry.kind(),
                    key: key.to_owned(),
                    entry,
                });
            }
            Ok(())
        })
        .unwrap();
        version
    }
}

fn published_profile(version: &CustomWorldVersion) -> CustomWorldProfile {
    CustomWorldProfile {
        world_id: version.world_id,
        owner: version.author,
        title: version.title.clone(),
        tagline: String::new(),
        status: CustomWorldStatus::Published,
        current_version: version.version,
        current_version_id: Some(version.version_id),
        held_reason: None,
        revision: 1,
        created_at: version.published_at,
        updated_at: version.published_at,
        published_at: Some(version.published_at),
    }
}

/// Two chapters, two characters, two enemies, four items, two quests and two treasures.
pub fn sample_entries() -> Vec<(&'static str, WorldEntry)> {
    vec![
        ("setting", setting()),
        ("arrival", chapter(1, "Arrival", 1)),
        ("cellar", chapter(2, "The cellar", 2)),
        ("miller", character("Miller", 0, "cat", 60)),
        ("cat", character("Cat", 10, "miller", 40)),
        ("rat", enemy("Rat", 10, None)),
        ("ghost", enemy("Ghost", 60, Some("chest"))),
        ("flour", item("Flour", 20, None, None)),
        ("bread", item("Bread", 10, None, Some(ItemUse::Heal(15)))),
        ("sickle", item("Sickle", 1, Some(EquipSlot::Weapon), None)),
        ("apron", item("Apron", 1, Some(EquipSlot::Armor), None)),
        ("rats", quest("Rats!", QuestObjectiveKind::Defeat, "rat", 2, &[])),
        ("talk", quest("A word", QuestObjectiveKind::Talk, "cat", 1, &["rats"])),
        ("sack", treasure("Sack", Some("arrival"), "flour")),
        ("chest", treasure("Chest", None, "sickle")),
    ]
}

fn setting() -> WorldEntry {
    WorldEntry::Setting(WorldSetting {
        title: "The old mill".to_owned(),
        tagline: "Somebody is still grinding.".to_owned(),
        description: "A mill by a river that has run dry.".to_owned(),
        tags: vec!["mystery".to_owned(), "short".to_owned()],
    })
}

fn chapter(order: u32, title: &str, required_level: u32) -> WorldEntry {
    WorldEntry::Chapter(WorldChapter {
        order,
        title: title.to_owned(),
        summary: format!("{title}, in short."),
        opening: format!("{title}. It is dark."),
        required_level,
    })
}

fn character(name: &str, initial_affinity: i32, other: &str, affinity: i32) -> WorldEntry {
    WorldEntry::Character(WorldCharacter {
        name: name.to_owned(),
        description: format!("{name}, whom everybody knows."),
        greeting: "You again?".to_owned(),
        initial_affinity,
        relations: vec![CharacterRelation { character_key: other.to_owned(), affinity }],
    })
}

fn enemy(name: &str, experience: u64, treasure_key: Option<&str>) -> WorldEntry {
    WorldEntry::Enemy(WorldEnemy {
        name: name.to_owned(),
        description: format!("{name}, up to no good."),
        stats: CombatStats { health: 20, energy: 10, attack: 6, defense: 2, speed: 5 },
        skills: vec![CombatSkill {
            key: "bite".to_owned(),
            name: "Bite".to_owned(),
            power: 4,
            cost: 3,
            cooldown_turns: 2,
            effect: Some(StatusEffectSpec { kind: StatusEffectKind::Poison, strength: 1, turns: 2 }),
        }],
        experience,
        treasure_key: treasure_key.map(str::to_owned),
    })
}

fn item(name: &str, stack_max: u32, equip_slot: Option<EquipSlot>, usage: Option<ItemUse>) -> WorldEntry {
    let attributes = equip_slot.map(|slot| ItemAttributeRange {
        attribute: if slot == EquipSlot::Weapon { ItemAttribute::Attack } else { ItemAttribute::Defense },
        min: 2,
        max: 5,
    });
    WorldEntry::Item(WorldItem {
        name: name.to_owned(),
        description: format!("{name}, as one knows it."),
        stack_max,
        equip_slot,
        attributes: attributes.into_iter().collect(),
        skill: None,
        usage,
        tradable: true,
    })
}

fn quest(title: &str, kind: QuestObjectiveKind, target: &str, count: u32, requires: &[&str]) -> WorldEntry {
    WorldEntry::Quest(WorldQuest {
        title: title.to_owned(),
        description: format!("{title} It has to be done."),
        giver_key: Some("miller".to_owned()),
        chapter_key: None,
        requires: requires.iter().map(|&key| key.to_owned()).collect(),
        objectives: vec![QuestObjective {
            key: "first".to_owned(),
            kind,
            target_key: target.to_owned(),
            count,
            description: "Do it.".to_owned(),
        }],
        experience: 120,
        rewards: vec![ItemAmount { item_key: "bread".to_owned(), quantity: 3 }],
    })
}

fn treasure(name: &str, chapter_key: Option<&str>, item_key: &str) -> WorldEntry {
    WorldEntry::Treasure(WorldTreasure {
        name: name.to_owned(),
        description: format!("{name}, closed."),
        chapter_key: chapter_key.map(str::to_owned),
        draws: 2,
        loot: vec![LootEntry { item_key: item_key.to_owned(), weight: 1, quantity_min: 1, quantity_max: 2 }],
    })
}
