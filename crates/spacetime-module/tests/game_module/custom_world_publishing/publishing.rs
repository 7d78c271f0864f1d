//! Publishing, taking back, publishing again.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::{publishing_of, request_for, setting, small_world};
use crate::world::{Actor, World, above, conflict, illegal, invalid};

fn publish(world: &World, actor: Actor, request: CustomWorldPublishing) -> Result<CustomWorldPublication, DomainError> {
    world.call(actor, |ctx| publish_world_and_return(ctx, None, request))
}

fn entries_of(world: &World, version_id: Uuid, kind: WorldEntryKind) -> Vec<CustomWorldPlayableEntry> {
    let query = CustomWorldEntryQuery { version_id, kind };
    world.call(Actor::Stranger, |ctx| list_world_entries_and_return(ctx, query)).unwrap()
}

#[test]
fn a_published_world_is_in_the_gallery_at_once() {
    let world = World::new();
    let profile = world.drafted(Actor::Alice, "a", small_world("Mill", &["dark", "old mill"]));
    world.advance(3);
    let publication = publish(&world, Actor::Alice, publishing_of(&profile, "p")).unwrap();
    let CustomWorldPublication { profile: published, version, gallery_entry } = publication;
    assert_eq!((published.status, published.current_version), (CustomWorldStatus::Published, 1));
    assert_eq!((published.title.as_str(), published.tagline.as_str()), ("Mill", "Mill!"), "as in the setting");
    assert_eq!((published.revision, published.current_version_id), (2, Some(version.version_id)));
    assert_eq!((version.version, version.title.as_str(), version.first_chapter_key.as_str()), (1, "Mill", "begin"));
    assert_eq!((version.author, version.published_at), (Actor::Alice.identity(), world.now()));
    let entry = gallery_entry.unwrap();
    assert_eq!((entry.version_id, entry.version, entry.author), (version.version_id, 1, version.author));
    assert_eq!((entry.likes, entry.players, entry.number), (0, 0, 1));
    assert_eq!(entry.tags, ["dark", "old mill"]);
    assert_eq!(world.shown(profile.world_id), Ok(entry));
    let [setting] = entries_of(&world, version.version_id, WorldEntryKind::Setting).try_into().unwrap();
    assert_eq!((setting.key.as_str(), setting.entry), ("setting", super::setting("Mill", &["dark", "old mill"])));
}

#[test]
fn the_same_request_again_has_the_same_result() {
    let world = World::new();
    let profile = world.drafted(Actor::Alice, "a", small_world("a", &[]));
    let request = publishing_of(&profile, "p");
    let first = publish(&world, Actor::Alice, request.clone()).unwrap();
    let before = world.rows();
    assert_eq!(publish(&world, Actor::Alice, request.clone()), Ok(first));
    world.reduce(Actor::Alice, |ctx| publish_world(ctx, request.clone())).unwrap();
    assert_eq!(world.rows(), before);
    let other = CustomWorldPublishing { revision: 2, ..request };
    let refusal = world.refused(|world| publish(world, Actor::Alice, other));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
}

#[test]
fn unchanged_content_makes_no_new_version() {
    let world = World::new();
    let profile = world.published(Actor::Alice, "a", &["x"]);
    let before = world.rows();
    world.advance(9);
    let again = world.publish(Actor::Alice, profile.world_id).unwrap();
    assert_eq!((again.version.version, &again.profile), (1, &profile));
    let after = world.rows();
    for table in before.keys().filter(|table| *table != "request_record") {
        assert_eq!(after[table], before[table], "{table}");
    }
}

#[test]
fn changed_content_makes_the_next_version_and_leaves_the_old_one() {
    let world = World::new();
    let first = world.published(Actor::Alice, "a", &["x"]);
    let old = first.current_version_id.unwrap();
    let old_entries = entries_of(&world, old, WorldEntryKind::Setting);
    world.put_card(Actor::Alice, first.world_id, "setting", setting("New", &["y"]));
    assert_eq!(world.shown(first.world_id).unwrap().title, "a", "a draft shows nothing");
    world.advance(4);
    let second = world.publish(Actor::Alice, first.world_id).unwrap();
    assert_eq!((second.version.version, second.profile.title.as_str()), (2, "New"));
    let entry = second.gallery_entry.unwrap();
    assert_eq!((entry.version, entry.title.as_str(), entry.tags), (2, "New", vec!["y".to_owned()]));
    assert_eq!((entry.published_at, entry.updated_at), (first.published_at.unwrap(), world.now()));
    assert_eq!(entries_of(&world, old, WorldEntryKind::Setting), old_entries);
    world.put_card(Actor::Alice, first.world_id, "setting", setting("a", &["x"]));
    let third = world.publish(Actor::Alice, first.world_id).unwrap();
    assert_eq!(third.version.version, 3, "only the newest version is looked at");
    let versions = |actor| world.call(actor, |ctx| list_world_versions_and_return(ctx, None, first.world_id));
    let numbers: Vec<_> = versions(Actor::Alice).unwrap().into_iter().map(|version| version.version).collect();
    assert_eq!(numbers, [3, 2, 1]);
    assert_eq!(world.refused(|_| versions(Actor::Bob)).code, DomainErrorCode::Forbidden);
}

#[test]
fn a_draft_with_problems_is_not_published() {
    let world = World::new();
    let profile = world.create_world(Actor::Alice, "a");
    let refusal = world.refused(|world| publish(world, Actor::Alice, publishing_of(&profile, "p")));
    let DomainErrorCode::Conflict(Conflict { expected, actual }) = refusal.code else { panic!("{refusal}") };
    assert_eq!(expected, "without problems");
    assert!(actual.starts_with("with 3, first: There is no setting."), "{actual}");
}

#[test]
fn what_the_author_has_seen_is_what_is_published() {
    let world = World::new();
    let profile = world.drafted(Actor::Alice, "a", small_world("a", &[]));
    let report = world.call(Actor::Alice, |ctx| compile_published_profile_and_return(ctx, None, profile.world_id));
    let seen = report.unwrap().content_hash;
    let request = CustomWorldPublishing { content_hash: Some(seen.clone()), ..publishing_of(&profile, "p") };
    world.put_card(Actor::Alice, profile.world_id, "setting", setting("b", &[]));
    let refusal = world.refused(|world| publish(world, Actor::Alice, request.clone()));
    assert!(matches!(&refusal.code, DomainErrorCode::Conflict(conflict) if conflict.actual == seen), "{refusal}");
    world.put_card(Actor::Alice, profile.world_id, "setting", setting("a", &[]));
    publish(&world, Actor::Alice, request).unwrap();
    for revision in [0, 1, u64::MAX] {
        let late = CustomWorldPublishing { revision, ..publishing_of(&profile, "late") };
        let refusal = world.refused(|world| publish(world, Actor::Alice, late));
        assert_eq!(refusal.code, conflict("2", &revision.to_string()));
    }
}

#[test]
fn bad_requests_are_refused() {
    let world = World::new();
    let profile = world.drafted(Actor::Alice, "a", small_world("a", &[]));
    let request = |key: &str| publishing_of(&profile, key);
    assert_eq!(world.refused(|world| publish(world, Actor::Alice, request(""))).code, invalid("idempotency_key"));
    assert_eq!(world.refused(|world| publish(world, Actor::Alice, request(&"k".repeat(129)))).code, above(128));
    let digits = |digit: &str, count| digit.repeat(count);
    for (hash, code) in [
        (String::new(), invalid("content_hash")),
        (digits("0", 63), invalid("content_hash")),
        (digits("A", 64), invalid("content_hash")),
        (digits("\n", 64), invalid("content_hash")),
        (digits("0", 65), above(64)),
        (digits("x", 1_000_000), above(64)),
        (digits("é", 500_000), above(64)),
    ] {
        let hostile = CustomWorldPublishing { content_hash: Some(hash), ..request("k") };
        let refusal = world.refused(|world| publish(world, Actor::Alice, hostile));
        assert_eq!(refusal.code, code);
        assert!(refusal.message.len() < 200, "nothing of it comes back: {refusal}");
    }
    let unknown = CustomWorldPublishing { world_id: Uuid::from_random_bytes_v4([9; 16]), ..request("k") };
    assert_eq!(world.refused(|world| publish(world, Actor::Alice, unknown)).code, DomainErrorCode::NotFound);
    assert_eq!(world.refused(|world| publish(world, Actor::Bob, request("k"))).code, DomainErrorCode::NotFound);
    let refusal = world.refused(|world| world.unpublish(Actor::Alice, profile.world_id));
    assert_eq!(refusal.code, illegal("draft", "unpublished"));
    let query = CustomWorldEntryQuery { version_id: profile.world_id, kind: WorldEntryKind::Quest };
    let refusal =
        world.refused(|world| world.call(Actor::Alice, |ctx| list_world_entries_and_return(ctx, query.clone())));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
}

#[test]
fn a_world_that_is_taken_back_keeps_what_it_earned() {
    let world = World::new();
    let profile = world.published(Actor::Alice, "a", &[]);
    let world_id = profile.world_id;
    world.call(Actor::Bob, |ctx| like_world_and_return(ctx, None, world_id)).unwrap();
    let taken_back = world.unpublish(Actor::Alice, world_id).unwrap();
    assert_eq!((taken_back.status, taken_back.revision), (CustomWorldStatus::Unpublished, 3));
    assert_eq!(world.refused(|world| world.shown(world_id)).code, DomainErrorCode::NotFound);
    let before = world.rows();
    assert_eq!(world.unpublish(Actor::Alice, world_id), Ok(taken_back.clone()), "it is there");
    assert_eq!(world.rows(), before);
    let late = request_for(&profile);
    let refusal =
        world.refused(|world| world.call(Actor::Alice, |ctx| unpublish_world_and_return(ctx, None, late.clone())));
    assert_eq!(refusal.code, conflict("3", "2"));
    world.advance(8);
    let entry = world.publish(Actor::Alice, world_id).unwrap().gallery_entry.unwrap();
    assert_eq!((entry.likes, entry.number, entry.version), (1, 1, 1));
    assert_eq!((entry.published_at, entry.updated_at), (profile.published_at.unwrap(), world.now()));
}

#[test]
fn a_published_world_leaves_by_steps() {
    let world = World::new();
    let profile = world.published(Actor::Alice, "a", &[]);
    let archive = |profile: &CustomWorldProfile| {
        world.call(Actor::Alice, |ctx| archive_custom_world_and_return(ctx, None, request_for(profile)))
    };
    let restore = |profile: &CustomWorldProfile| {
        world.call(Actor::Alice, |ctx| restore_custom_world_and_return(ctx, None, request_for(profile)))
    };
    let delete = |profile: &CustomWorldProfile| {
        world.call(Actor::Alice, |ctx| delete_custom_world_and_return(ctx, None, request_for(profile)))
    };
    assert_eq!(world.refused(|_| archive(&profile)).code, illegal("published", "archived"));
    assert_eq!(world.refused(|_| restore(&profile)).code, illegal("published", "restored"));
    assert_eq!(world.refused(|_| delete(&profile)).code, illegal("published", "deleted"));
    let taken_back = world.unpublish(Actor::Alice, profile.world_id).unwrap();
    assert_eq!(world.refused(|_| delete(&taken_back)).code, illegal("unpublished", "deleted"));
    let archived = archive(&taken_back).unwrap();
    assert_eq!(world.refused(|_| delete(&archived)).code, illegal("archived", "deleted"));
    let refusal = world.refused(|world| world.unpublish(Actor::Alice, profile.world_id));
    assert_eq!(refusal.code, illegal("archived", "unpublished"));
    let refusal = world.refused(|world| world.publish(Actor::Alice, profile.world_id));
    assert_eq!(refusal.code, illegal("archived", "published"));
    let restored = restore(&archived).unwrap();
    assert_eq!(restored.status, CustomWorldStatus::Unpublished);
    world.publish(Actor::Alice, profile.world_id).unwrap();
}

#[test]
fn versions_are_bounded() {
    let world = World::new();
    let profile = world.published(Actor::Alice, "a", &[]);
    let limit = module_custom_world::VERSIONS_PER_WORLD_MAX;
    let at_limit = CustomWorldProfile { current_version: limit, ..profile.clone() };
    world
        .reduce(Actor::Alice, |ctx| {
            ctx.db.custom_world_profile().world_id().update(at_limit);
            Ok(())
        })
        .unwrap();
    world.put_card(Actor::Alice, profile.world_id, "setting", setting("b", &[]));
    let refusal = world.refused(|world| world.publish(Actor::Alice, profile.world_id));
    assert_eq!(refusal.code, above(limit.into()));
}

#[test]
fn works_are_all_in_one_list() {
    let world = World::new();
    let published = world.published(Actor::Alice, "a", &[]);
    world.advance(1);
    let draft = world.create_world(Actor::Alice, "b");
    world.create_world(Actor::Bob, "c");
    let works = world.call(Actor::Alice, |ctx| list_custom_world_works_and_return(ctx, None)).unwrap();
    let expected = [
        CustomWorldWork { profile: draft.clone(), gallery_entry: None },
        CustomWorldWork { gallery_entry: world.shown(published.world_id).ok(), profile: published.clone() },
    ];
    assert_eq!(works, expected);
    let mut seen = world.see(Actor::Alice, my_works);
    seen.sort_by_key(|profile| profile.created_at);
    assert_eq!(seen, [published, draft]);
    assert_eq!(world.see(Actor::Stranger, my_works), []);
}

#[test]
fn a_closed_account_publishes_nothing() {
    let world = World::new();
    let profile = world.drafted(Actor::Alice, "a", small_world("a", &[]));
    world.reduce(Actor::Alice, close_account).unwrap();
    let refusal = world.refused(|world| publish(world, Actor::Alice, publishing_of(&profile, "p")));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
}
