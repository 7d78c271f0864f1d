//! Each text, number and list of an entry at its bounds and beyond.

#![allow(clippy::unwrap_used)]

use module_custom_world::*;
use module_rules::RuleError;
use proptest::prelude::*;

fn skill(key: &str) -> Skill<'_> {
    Skill { key, name: "Bite", power: 4, cost: 3, cooldown_turns: 2, effect: Some(Effect { strength: 1, turns: 2 }) }
}

fn setting(tags: &[String]) -> Setting<'_> {
    Setting { title: "Old mill", tagline: "", description: "Dry.", tags }
}

fn chapter() -> Chapter<'static> {
    Chapter { order: 1, title: "Arrival", summary: "", opening: "It is dark.", required_level: 1 }
}

fn character() -> Character<'static> {
    let relations = vec![Relation { character_key: "cat", affinity: -100 }];
    Character { name: "Miller", description: "Old.", greeting: "", initial_affinity: 100, relations }
}

fn enemy() -> Enemy<'static> {
    Enemy {
        name: "Rat",
        description: "Grey.",
        stats: Stats { health: 1, energy: 0, attack: 0, defense: 0, speed: 0 },
        skills: vec![skill("bite"), skill("claw")],
        experience: 0,
        treasure_key: Some("sack"),
    }
}

fn worn() -> Item<'static> {
    let attributes = vec![AttributeRange { attribute: 0, min: 0, max: 5 }];
    let (stack_max, wear) = (1, Wear::Worn);
    Item { name: "Sickle", description: "Rusty.", stack_max, wear, attributes, skill: Some(skill("cut")), usage: None }
}

fn carried() -> Item<'static> {
    Item {
        name: "Bread",
        description: "Dry.",
        stack_max: 20,
        wear: Wear::Carried,
        attributes: vec![],
        skill: None,
        usage: Some(Usage::Amount(5)),
    }
}

fn quest(requires: &[String]) -> Quest<'_> {
    Quest {
        title: "Rats",
        description: "Too many.",
        giver_key: Some("miller"),
        chapter_key: None,
        requires,
        objectives: vec![objective("first")],
        experience: 10,
        rewards: vec![Reward { item_key: "bread", quantity: 1 }],
    }
}

fn objective(key: &str) -> Objective<'_> {
    Objective { key, target_key: "rat", count: 1, description: "Hunt." }
}

fn treasure() -> Treasure<'static> {
    let loot = vec![Loot { item_key: "bread", weight: 1, quantity_min: 1, quantity_max: 2 }];
    Treasure { name: "Sack", description: "Tied.", chapter_key: Some("arrival"), draws: 1, loot }
}

#[track_caller]
fn malformed(entry: Entry<'_>, field: &str) {
    let key = if entry.kind() == EntryKind::Setting { SETTING_KEY } else { "own" };
    let refusal = entry.check(key).unwrap_err();
    assert!(matches!(refusal, RuleError::Malformed { field: named, .. } if named == field), "{refusal:?}");
}

#[track_caller]
fn above(entry: Entry<'_>, limit: u64) {
    let key = if entry.kind() == EntryKind::Setting { SETTING_KEY } else { "own" };
    let refusal = entry.check(key).unwrap_err();
    assert!(matches!(refusal, RuleError::AboveLimit { limit: met, .. } if met == limit), "{refusal:?}");
}

#[test]
fn good_entries_pass() {
    let (tags, requires) =
        (vec!["mystery".to_owned(), "森の家".to_owned(), "two words".to_owned()], vec!["q".to_owned()]);
    let entries = [
        Entry::Setting(setting(&tags)),
        Entry::Chapter(chapter()),
        Entry::Character(character()),
        Entry::Enemy(enemy()),
        Entry::Item(worn()),
        Entry::Quest(quest(&requires)),
        Entry::Treasure(treasure()),
    ];
    for (entry, kind) in entries.iter().zip(EntryKind::ALL) {
        assert_eq!(entry.kind(), kind);
        let key = if kind == EntryKind::Setting { SETTING_KEY } else { "own" };
        assert_eq!(entry.check(key), Ok(()), "{}", kind.name());
    }
    assert_eq!(Entry::Item(carried()).check("own"), Ok(()));
    assert_eq!(Entry::Item(Item { usage: None, ..carried() }).check("own"), Ok(()));
}

#[test]
fn keys_are_plain_and_the_setting_has_its_own() {
    let entry = Entry::Chapter(chapter());
    for bad in ["", "A", "a b", "-a"] {
        assert!(matches!(entry.check(bad), Err(RuleError::Malformed { field: "key", .. })), "{bad:?}");
    }
    assert!(entry.check(&"k".repeat(64)).is_ok());
    assert!(matches!(entry.check(&"k".repeat(65)), Err(RuleError::AboveLimit { limit: 64, .. })));
    assert!(matches!(Entry::Setting(setting(&[])).check("other"), Err(RuleError::Differs { .. })));
}

#[test]
fn settings() {
    let long = "x".repeat(8_001);
    malformed(Entry::Setting(Setting { title: " ", ..setting(&[]) }), "title");
    above(Entry::Setting(Setting { title: &long[..121], ..setting(&[]) }), 120);
    above(Entry::Setting(Setting { tagline: &long[..241], ..setting(&[]) }), 240);
    malformed(Entry::Setting(Setting { description: "", ..setting(&[]) }), "description");
    above(Entry::Setting(Setting { description: &long, ..setting(&[]) }), 8_000);
    for bad in ["", " a", "a ", "a  b", "Upper", "a\tb", "a\u{3000}b"] {
        malformed(Entry::Setting(setting(&[bad.to_owned()])), "tags");
    }
    above(Entry::Setting(setting(&["t".repeat(49)])), 48);
    malformed(Entry::Setting(setting(&["twice".to_owned(), "twice".to_owned()])), "tags");
    let many: Vec<_> = (0..11).map(|number| format!("t{number}")).collect();
    above(Entry::Setting(setting(&many)), 10);
}

#[test]
fn chapters() {
    malformed(Entry::Chapter(Chapter { order: 0, ..chapter() }), "order");
    above(Entry::Chapter(Chapter { order: u32::MAX, ..chapter() }), 50);
    malformed(Entry::Chapter(Chapter { required_level: 0, ..chapter() }), "required_level");
    above(Entry::Chapter(Chapter { required_level: 101, ..chapter() }), 100);
    malformed(Entry::Chapter(Chapter { opening: "", ..chapter() }), "opening");
    malformed(Entry::Chapter(Chapter { summary: "\0", ..chapter() }), "summary");
}

#[test]
fn characters() {
    let with = |relations| Entry::Character(Character { relations, ..character() });
    malformed(Entry::Character(Character { name: "", ..character() }), "name");
    malformed(Entry::Character(Character { initial_affinity: 101, ..character() }), "initial_affinity");
    malformed(Entry::Character(Character { initial_affinity: i32::MIN, ..character() }), "initial_affinity");
    above(Entry::Character(Character { greeting: &"g".repeat(2_001), ..character() }), 2_000);
    malformed(with(vec![Relation { character_key: "cat", affinity: -101 }]), "affinity");
    malformed(with(vec![Relation { character_key: "Cat", affinity: 0 }]), "character_key");
    malformed(with(vec![Relation { character_key: "own", affinity: 0 }]), "relations");
    malformed(with(vec![Relation { character_key: "cat", affinity: 0 }; 2]), "relations");
    above(with(vec![Relation { character_key: "cat", affinity: 0 }; 51]), 50);
}

#[test]
fn enemies() {
    let stats = |stats| Entry::Enemy(Enemy { stats, ..enemy() });
    let with = |skill| Entry::Enemy(Enemy { skills: vec![skill], ..enemy() });
    malformed(stats(Stats { health: 0, ..enemy().stats }), "health");
    above(stats(Stats { health: u32::MAX, ..enemy().stats }), module_combat::HEALTH_MAX.into());
    above(stats(Stats { energy: u32::MAX, ..enemy().stats }), module_combat::ENERGY_MAX.into());
    above(stats(Stats { attack: u32::MAX, ..enemy().stats }), module_combat::ATTACK_MAX.into());
    above(stats(Stats { defense: u32::MAX, ..enemy().stats }), module_combat::DEFENSE_MAX.into());
    above(stats(Stats { speed: u32::MAX, ..enemy().stats }), module_combat::SPEED_MAX.into());
    malformed(with(skill("")), "skills.key");
    malformed(with(Skill { name: "", ..skill("a") }), "name");
    above(with(Skill { power: u32::MAX, ..skill("a") }), module_combat::SKILL_POWER_MAX.into());
    above(with(Skill { cost: u32::MAX, ..skill("a") }), module_combat::SKILL_COST_MAX.into());
    above(with(Skill { cooldown_turns: u32::MAX, ..skill("a") }), module_combat::SKILL_COOLDOWN_TURNS_MAX.into());
    malformed(with(Skill { effect: Some(Effect { strength: 1, turns: 0 }), ..skill("a") }), "turns");
    above(with(Skill { effect: Some(Effect { strength: 1, turns: 21 }), ..skill("a") }), 20);
    malformed(Entry::Enemy(Enemy { skills: vec![skill("a"); 2], ..enemy() }), "skills");
    above(Entry::Enemy(Enemy { skills: vec![skill("a"); 17], ..enemy() }), 16);
    above(Entry::Enemy(Enemy { experience: u64::MAX, ..enemy() }), module_progression::AWARD_MAX);
    malformed(Entry::Enemy(Enemy { treasure_key: Some(""), ..enemy() }), "treasure_key");
}

#[test]
fn items() {
    let attribute = |min, max| vec![AttributeRange { attribute: 1, min, max }];
    malformed(Entry::Item(Item { stack_max: 0, ..carried() }), "stack_max");
    above(Entry::Item(Item { stack_max: 10_000, ..carried() }), 9_999);
    malformed(Entry::Item(Item { stack_max: 2, ..worn() }), "stack_max");
    malformed(Entry::Item(Item { usage: Some(Usage::Amount(1)), ..worn() }), "usage");
    malformed(Entry::Item(Item { attributes: attribute(1, 1), ..carried() }), "attributes");
    malformed(Entry::Item(Item { skill: Some(skill("a")), ..carried() }), "skill");
    malformed(Entry::Item(Item { attributes: attribute(0, 0), ..worn() }), "max");
    malformed(Entry::Item(Item { attributes: attribute(3, 2), ..worn() }), "min");
    above(Entry::Item(Item { attributes: attribute(0, u32::MAX), ..worn() }), ATTRIBUTE_AMOUNT_MAX);
    malformed(Entry::Item(Item { attributes: [attribute(1, 1), attribute(1, 1)].concat(), ..worn() }), "attributes");
    malformed(Entry::Item(Item { usage: Some(Usage::Amount(0)), ..carried() }), "usage");
    malformed(Entry::Item(Item { usage: Some(Usage::Status(Effect { strength: 0, turns: 0 })), ..carried() }), "turns");
}

#[test]
fn quests() {
    let keys = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect::<Vec<_>>();
    malformed(Entry::Quest(Quest { giver_key: Some("A"), ..quest(&[]) }), "giver_key");
    malformed(Entry::Quest(Quest { chapter_key: Some("A"), ..quest(&[]) }), "chapter_key");
    malformed(Entry::Quest(quest(&keys(&["own"]))), "requires");
    malformed(Entry::Quest(quest(&keys(&["a", "a"]))), "requires");
    malformed(Entry::Quest(quest(&keys(&[""]))), "requires");
    malformed(Entry::Quest(Quest { objectives: vec![], ..quest(&[]) }), "objectives");
    malformed(Entry::Quest(Quest { objectives: vec![objective("a"); 2], ..quest(&[]) }), "objectives");
    above(Entry::Quest(Quest { objectives: vec![objective("a"); 11], ..quest(&[]) }), 10);
    malformed(
        Entry::Quest(Quest { objectives: vec![Objective { count: 0, ..objective("a") }], ..quest(&[]) }),
        "count",
    );
    above(
        Entry::Quest(Quest { objectives: vec![Objective { count: u32::MAX, ..objective("a") }], ..quest(&[]) }),
        1_000,
    );
    let reward = |quantity| Reward { item_key: "bread", quantity };
    malformed(Entry::Quest(Quest { rewards: vec![reward(0)], ..quest(&[]) }), "quantity");
    above(Entry::Quest(Quest { rewards: vec![reward(1_000)], ..quest(&[]) }), 999);
    malformed(Entry::Quest(Quest { rewards: vec![reward(1), reward(2)], ..quest(&[]) }), "rewards");
    above(Entry::Quest(Quest { experience: u64::MAX, ..quest(&[]) }), module_progression::AWARD_MAX);
}

#[test]
fn treasures() {
    let with = |loot| Entry::Treasure(Treasure { loot: vec![loot], ..treasure() });
    let good = Loot { item_key: "bread", weight: 1, quantity_min: 1, quantity_max: 1 };
    malformed(Entry::Treasure(Treasure { draws: 0, ..treasure() }), "draws");
    above(Entry::Treasure(Treasure { draws: 21, ..treasure() }), 20);
    malformed(Entry::Treasure(Treasure { loot: vec![], ..treasure() }), "loot");
    above(Entry::Treasure(Treasure { loot: vec![good; 51], ..treasure() }), 50);
    malformed(with(Loot { item_key: "", ..good }), "item_key");
    malformed(with(Loot { weight: 0, ..good }), "weight");
    above(with(Loot { weight: u32::MAX, ..good }), 10_000);
    malformed(with(Loot { quantity_min: 0, ..good }), "quantity_min");
    malformed(with(Loot { quantity_min: 2, ..good }), "quantity_min");
    above(with(Loot { quantity_max: u32::MAX, ..good }), 999);
    malformed(Entry::Treasure(Treasure { chapter_key: Some(" "), ..treasure() }), "chapter_key");
}

proptest! {
    /// Whatever passes stays within the bounds that the rules of combat bear.
    #[test]
    fn accepted_enemies_can_fight(health: u32, energy: u32, attack: u32, defense: u32, speed: u32, power: u32) {
        let entry = Entry::Enemy(Enemy {
            stats: Stats { health, energy, attack, defense, speed },
            skills: vec![Skill { power, ..skill("a") }],
            ..enemy()
        });
        let fighter = module_combat::Stats { health, energy, attack, defense, speed };
        let bears = fighter.check().is_ok() && power <= module_combat::SKILL_POWER_MAX;
        prop_assert_eq!(entry.check("own").is_ok(), bears);
    }

    #[test]
    fn no_text_makes_a_check_panic(text in ".{0,80}", key in ".{0,80}") {
        let tags = [text.clone()];
        let _ = Entry::Setting(Setting { title: &text, tagline: &text, description: &text, tags: &tags }).check(&key);
        let _ = Entry::Quest(Quest { title: &text, giver_key: Some(&text), ..quest(&tags) }).check(&key);
    }
}
