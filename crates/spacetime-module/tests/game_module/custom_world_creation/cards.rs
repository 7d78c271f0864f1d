//! Cards that the author writes.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::{addition, chapter_called, sample_entry};
use crate::sample_world::sample_entries;
use crate::world::{Actor, World, above, conflict, invalid};

fn add(world: &World, request: CustomWorldCardAddition) -> Result<CustomWorldDraftCard, DomainError> {
    world.call(Actor::Alice, |ctx| add_draft_card_and_return(ctx, None, request))
}

fn edit(world: &World, card: &CustomWorldDraftCard, entry: WorldEntry) -> Result<CustomWorldDraftCard, DomainError> {
    let request = CustomWorldCardEdit { card_id: card.card_id, revision: card.revision, entry };
    world.call(Actor::Alice, |ctx| edit_draft_card_and_return(ctx, None, request))
}

fn remove(world: &World, card: &CustomWorldDraftCard) -> Result<CustomWorldDraftCard, DomainError> {
    let request = CustomWorldCardRemoval { card_id: card.card_id, revision: card.revision };
    world.call(Actor::Alice, |ctx| remove_draft_card_and_return(ctx, None, request))
}

fn list(world: &World, world_id: Uuid, kind: WorldEntryKind) -> Vec<String> {
    let cards = world.call(Actor::Alice, |ctx| list_draft_cards_and_return(ctx, None, world_id, kind)).unwrap();
    cards.into_iter().map(|card| card.key).collect()
}

#[test]
fn a_whole_world_is_drafted_card_by_card() {
    let world = World::new();
    let world_id = world.start_creation(Actor::Alice, "a").session.world_id;
    for (key, entry) in sample_entries() {
        let card = world.add_card(world_id, key);
        assert_eq!((card.key.as_str(), &card.entry, card.kind), (key, &entry, entry.kind()));
        assert_eq!((card.revision, card.operation_id, card.owner), (1, None, Actor::Alice.identity()));
    }
    assert_eq!(list(&world, world_id, WorldEntryKind::Chapter), ["arrival", "cellar"]);
    assert_eq!(list(&world, world_id, WorldEntryKind::Item), ["apron", "bread", "flour", "sickle"]);
    assert_eq!(world.see(Actor::Alice, my_draft_cards).len(), sample_entries().len());
    assert_eq!(world.see(Actor::Bob, my_draft_cards), []);
}

#[test]
fn adding_again_returns_the_card_and_another_one_there_is_a_conflict() {
    let world = World::new();
    let world_id = world.start_creation(Actor::Alice, "a").session.world_id;
    let card = world.add_card(world_id, "arrival");
    let before = world.rows();
    assert_eq!(world.add_card(world_id, "arrival"), card);
    world.reduce(Actor::Alice, |ctx| add_draft_card(ctx, addition(world_id, "arrival"))).unwrap();
    assert_eq!(world.rows(), before);
    let other = CustomWorldCardAddition { entry: chapter_called("Dawn"), ..addition(world_id, "arrival") };
    let refusal = world.refused(|world| add(world, other.clone()));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
    let other = CustomWorldCardAddition { idempotency_key: "other".to_owned(), ..other };
    assert_eq!(world.refused(|world| add(world, other)).code, conflict("free", "taken by a card of this kind and key"));
    remove(&world, &card).unwrap();
    let refusal = world.refused(|world| add(world, addition(world_id, "arrival")));
    assert_eq!(refusal.code, DomainErrorCode::NotFound, "a late repetition brings nothing back");
}

#[test]
fn the_same_key_serves_each_kind() {
    let world = World::new();
    let world_id = world.start_creation(Actor::Alice, "a").session.world_id;
    world.add_card(world_id, "rats");
    let enemy = CustomWorldCardAddition { key: "rats".to_owned(), ..addition(world_id, "rat") };
    assert_eq!(add(&world, enemy).unwrap().kind, WorldEntryKind::Enemy);
}

#[test]
fn an_edit_takes_the_present_revision() {
    let world = World::new();
    let world_id = world.start_creation(Actor::Alice, "a").session.world_id;
    let card = world.add_card(world_id, "arrival");
    world.advance(7);
    let edited = edit(&world, &card, chapter_called("Dawn")).unwrap();
    let expected =
        CustomWorldDraftCard { entry: chapter_called("Dawn"), revision: 2, updated_at: world.now(), ..card.clone() };
    assert_eq!(edited, expected);
    assert_eq!(edit(&world, &card, chapter_called("Dawn")), Ok(edited.clone()), "a repetition changes nothing");
    let refusal = world.refused(|world| edit(world, &card, chapter_called("Dusk")));
    assert_eq!(refusal.code, conflict("2", "1"));
    let refusal = world.refused(|world| edit(world, &edited, sample_entry("miller")));
    assert_eq!(refusal.code, conflict("chapter", "character"));
    assert_eq!(world.refused(|world| remove(world, &card)).code, conflict("2", "1"));
    assert_eq!(remove(&world, &edited), Ok(edited.clone()));
    assert_eq!(world.refused(|world| remove(world, &edited)).code, DomainErrorCode::NotFound);
    let again = CustomWorldCardAddition { idempotency_key: "again".to_owned(), ..addition(world_id, "arrival") };
    assert_ne!(add(&world, again).unwrap().card_id, card.card_id, "an old device cannot take it for the old card");
}

#[test]
fn bad_entries_name_the_field_or_the_limit() {
    let world = World::new();
    let world_id = world.start_creation(Actor::Alice, "a").session.world_id;
    let WorldEntry::Enemy(rat) = sample_entry("rat") else { unreachable!() };
    let stats = |health| WorldEntry::Enemy(WorldEnemy { stats: CombatStats { health, ..rat.stats }, ..rat.clone() });
    let enemy = |entry| CustomWorldCardAddition { entry, ..addition(world_id, "rat") };
    let cases = [
        (
            CustomWorldCardAddition { idempotency_key: String::new(), ..addition(world_id, "rat") },
            invalid("idempotency_key"),
        ),
        (CustomWorldCardAddition { key: String::new(), ..addition(world_id, "rat") }, invalid("key")),
        (CustomWorldCardAddition { key: "A rat".to_owned(), ..addition(world_id, "rat") }, invalid("key")),
        (CustomWorldCardAddition { key: "r".repeat(65), ..addition(world_id, "rat") }, above(64)),
        (
            CustomWorldCardAddition { key: "other".to_owned(), ..addition(world_id, "setting") },
            conflict("setting", "other"),
        ),
        (enemy(stats(0)), invalid("health")),
        (enemy(stats(u32::MAX)), above(module_combat::HEALTH_MAX.into())),
        (enemy(WorldEntry::Enemy(WorldEnemy { name: " ".to_owned(), ..rat.clone() })), invalid("name")),
        (enemy(WorldEntry::Enemy(WorldEnemy { experience: u64::MAX, ..rat.clone() })), above(100_000)),
        (enemy(chapter_called(&"t".repeat(100_000))), above(120)),
        (CustomWorldCardAddition { world_id: Uuid::MAX, ..addition(world_id, "rat") }, DomainErrorCode::NotFound),
    ];
    for (request, code) in cases {
        let refusal = world.refused(|world| add(world, request));
        assert_eq!(refusal.code, code, "{refusal}");
    }
    let card = world.add_card(world_id, "rat");
    assert_eq!(world.refused(|world| edit(world, &card, stats(0))).code, invalid("health"));
}

#[test]
fn cards_of_a_kind_are_limited() {
    let world = World::new();
    let world_id = world.start_creation(Actor::Alice, "a").session.world_id;
    let nth = |number: u64| CustomWorldCardAddition {
        idempotency_key: format!("nth-{number}"),
        key: format!("chapter-{number}"),
        ..addition(world_id, "arrival")
    };
    let limit = module_custom_world::CHAPTERS_MAX;
    for number in 0..limit {
        add(&world, nth(number)).unwrap();
    }
    assert_eq!(world.refused(|world| add(world, nth(limit))).code, above(limit));
    world.add_card(world_id, "miller");
}

#[test]
fn another_authors_draft_looks_like_none() {
    let world = World::new();
    let world_id = world.start_creation(Actor::Bob, "b").session.world_id;
    let card = world.call(Actor::Bob, |ctx| add_draft_card_and_return(ctx, None, addition(world_id, "rat"))).unwrap();
    let hidden = |refusal: DomainError| assert_eq!(refusal.code, DomainErrorCode::NotFound);
    hidden(world.refused(|world| add(world, addition(world_id, "cat"))));
    hidden(world.refused(|world| edit(world, &card, sample_entry("ghost"))));
    hidden(world.refused(|world| remove(world, &card)));
    let kind = WorldEntryKind::Enemy;
    hidden(
        world.refused(|world| world.call(Actor::Alice, |ctx| list_draft_cards_and_return(ctx, None, world_id, kind))),
    );
}

#[test]
fn the_reducers_do_what_the_procedures_do() {
    let world = World::new();
    let world_id = world.start_creation(Actor::Alice, "a").session.world_id;
    let card = world.add_card(world_id, "rat");
    let request = CustomWorldCardEdit { card_id: card.card_id, revision: 1, entry: sample_entry("ghost") };
    world.reduce(Actor::Alice, |ctx| edit_draft_card(ctx, request)).unwrap();
    assert_eq!(world.see(Actor::Alice, my_draft_cards)[0].entry, sample_entry("ghost"));
    let request = CustomWorldCardRemoval { card_id: card.card_id, revision: 2 };
    world.reduce(Actor::Alice, |ctx| remove_draft_card(ctx, request)).unwrap();
    assert_eq!(world.see(Actor::Alice, my_draft_cards), []);
}
