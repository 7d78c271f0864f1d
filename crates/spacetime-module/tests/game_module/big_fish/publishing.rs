//! Publishing, versions, and taking a game out of the gallery.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::studio::{
    REQUIRED, fill, filled, gallery, ladder, move_to, publish, published, reviewed, session_now, set_levels, shown,
    start, unpublish,
};
use crate::world::{Actor, World, check_same_rows, conflict, invalid};

fn read(world: &World, actor: Actor, version_id: Uuid) -> Result<BigFishGameVersion, DomainError> {
    world.call(actor, |ctx| read_big_fish_game_version_and_return(ctx, None, version_id))
}

/// Makes the next version of a published game of Alice's, under another title.
fn published_again(world: &World, session_id: Uuid) -> BigFishGameVersion {
    let session = session_now(world, Actor::Alice, session_id);
    let session = move_to(world, Actor::Alice, &session, BigFishStage::Assets).unwrap();
    let request = BigFishSessionDescription {
        session_id,
        revision: session.revision,
        title: "Anew".to_owned(),
        description: String::new(),
    };
    let session = world.call(Actor::Alice, |ctx| describe_big_fish_session_and_return(ctx, None, request)).unwrap();
    let session = move_to(world, Actor::Alice, &session, BigFishStage::Review).unwrap();
    publish(world, Actor::Alice, &session, &format!("again-{}", session.revision)).unwrap()
}

#[test]
fn a_published_game_is_in_the_gallery_with_all_its_assets() {
    let world = World::new();
    let session = filled(&world, Actor::Alice, "a");
    let background = shown(&world, Actor::Alice, "background");
    fill(&world, Actor::Alice, session.session_id, "background", background).unwrap();
    let session = move_to(&world, Actor::Alice, &session, BigFishStage::Review).unwrap();
    let version = publish(&world, Actor::Alice, &session, "p").unwrap();
    assert_eq!((version.number, version.background_asset_id), (1, Some(background)));
    let levels: Vec<_> = version.levels.iter().map(|published| published.level.clone()).collect();
    assert_eq!(levels, ladder());
    let session = session_now(&world, Actor::Alice, session.session_id);
    assert_eq!((session.stage, session.game_id), (BigFishStage::Published, Some(version.game_id)));

    let [game] = world.see(Actor::Alice, my_fish_games).try_into().unwrap();
    assert_eq!(
        (game.status, game.version_id, game.version_number),
        (BigFishGameStatus::Published, version.version_id, 1)
    );
    assert_eq!(world.see(Actor::Bob, my_fish_games), []);
    let [entry] = gallery(&world).try_into().unwrap();
    assert_eq!((entry.game_id, entry.version_id, entry.author), (version.game_id, version.version_id, version.owner));
    assert_eq!(entry.species, ["GUPPY", "COD", "SHARK"]);
    assert_eq!(entry.cover_asset_id, version.levels[2].picture_asset_id);
    assert_eq!(read(&world, Actor::Bob, version.version_id), Ok(version));
}

#[test]
fn the_same_request_publishes_once() {
    let world = World::new();
    let session = reviewed(&world, Actor::Alice, "a");
    let version = publish(&world, Actor::Alice, &session, "p").unwrap();
    let before = world.rows();
    assert_eq!(publish(&world, Actor::Alice, &session, "p"), Ok(version));
    assert_eq!(world.rows(), before);
    let other = BigFishCreationSession { revision: 1, ..session };
    let refusal = world.refused(|world| publish(world, Actor::Alice, &other, "p"));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)));
    let refusal = world.refused(|world| publish(world, Actor::Alice, &other, ""));
    assert_eq!(refusal.code, invalid("idempotency_key"));
}

#[test]
fn what_is_not_ready_is_not_published() {
    let world = World::new();
    let session = filled(&world, Actor::Alice, "a");
    let refusal = world.refused(|world| publish(world, Actor::Alice, &session, "p"));
    assert_eq!(refusal.code, conflict("review", "assets"));
    let session = move_to(&world, Actor::Alice, &session, BigFishStage::Review).unwrap();
    let stale = BigFishCreationSession { revision: session.revision - 1, ..session.clone() };
    let refusal = world.refused(|world| publish(world, Actor::Alice, &stale, "p"));
    assert_eq!(refusal.code, conflict(&session.revision.to_string(), &stale.revision.to_string()));
    assert_eq!(world.refused(|world| publish(world, Actor::Bob, &session, "p")).code, DomainErrorCode::NotFound);
    let unknown = BigFishCreationSession { session_id: Uuid::from_u128(1), ..session.clone() };
    assert_eq!(world.refused(|world| publish(world, Actor::Alice, &unknown, "p")).code, DomainErrorCode::NotFound);
    assert_eq!(gallery(&world), []);
}

/// Slots may have been filled when less was asked of them.
#[test]
fn publishing_looks_at_every_slot_once_more() {
    let world = World::new();
    let session = reviewed(&world, Actor::Alice, "a");
    let listed = world.call(Actor::Alice, |ctx| list_big_fish_slots_and_return(ctx, None, session.session_id)).unwrap();
    let asset_id = listed.into_iter().find(|slot| slot.slot == "movement_cod").unwrap().asset_id.unwrap();
    let object = world.read(Actor::Alice, asset_id).unwrap();
    for (changed, code) in [
        (AssetObject { access_policy: AssetAccessPolicy::Private, ..object.clone() }, conflict("public", "private")),
        (AssetObject { access_policy: AssetAccessPolicy::Signed, ..object.clone() }, conflict("public", "signed")),
        (AssetObject { owner: Actor::Bob.identity(), ..object.clone() }, DomainErrorCode::Forbidden),
    ] {
        world.test.db.asset_object().asset_id().update(changed);
        assert_eq!(world.refused(|world| publish(world, Actor::Alice, &session, "p")).code, code);
    }
    world.test.db.asset_entity_binding().asset_id().delete(asset_id);
    let refusal = world.refused(|world| publish(world, Actor::Alice, &session, "p"));
    assert_eq!(refusal.code, conflict("filled", "empty: movement_cod"));
}

#[test]
fn everybody_reads_the_assets_of_a_published_game() {
    let world = World::new();
    let version = published(&world, Actor::Alice, "a");
    let cover_asset_id = gallery(&world)[0].cover_asset_id;
    assert!(world.read(Actor::Stranger, cover_asset_id).is_ok());
    for level in version.levels {
        for asset_id in [level.picture_asset_id, level.movement_asset_id] {
            assert_eq!(world.read(Actor::Bob, asset_id).unwrap().owner, Actor::Alice.identity());
        }
    }
}

#[test]
fn a_version_never_changes_and_runs_keep_theirs() {
    let world = World::new();
    let first = published(&world, Actor::Alice, "a");
    let run = start(&world, Actor::Bob, first.game_id, "run").unwrap();
    let session_id = world.see(Actor::Alice, my_fish_sessions)[0].session_id;
    world.advance(5);
    let second = published_again(&world, session_id);
    assert_eq!((second.game_id, second.number, second.title.as_str()), (first.game_id, 2, "Anew"));
    assert_ne!(second.version_id, first.version_id);
    let [entry] = gallery(&world).try_into().unwrap();
    assert_eq!((entry.version_id, entry.version_number), (second.version_id, 2));

    assert_eq!(world.see(Actor::Bob, my_runs)[0].version_id, first.version_id);
    assert_eq!(read(&world, Actor::Bob, run.version_id), Ok(first.clone()), "unchanged, for who began it");
    assert_eq!(read(&world, Actor::Alice, first.version_id), Ok(first.clone()), "and for the author");
    assert_eq!(read(&world, Actor::Stranger, first.version_id).unwrap_err().code, DomainErrorCode::NotFound);
    world.reduce(Actor::Bob, |ctx| abandon_big_fish_run(ctx, run.run_id)).unwrap();
    let next = start(&world, Actor::Bob, first.game_id, "next").unwrap();
    assert_eq!(next.version_id, second.version_id);
}

#[test]
fn assets_of_a_version_stay_when_the_session_goes_on() {
    let world = World::new();
    let version = published(&world, Actor::Alice, "a");
    let session = world.see(Actor::Alice, my_fish_sessions).remove(0);
    let session = move_to(&world, Actor::Alice, &session, BigFishStage::Assets).unwrap();
    let new = shown(&world, Actor::Alice, "new");
    fill(&world, Actor::Alice, session.session_id, REQUIRED[0], new).unwrap();
    let old = version.levels[0].picture_asset_id;
    let refusal = world.refused(|world| world.delete(Actor::Alice, old));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "the version holds it");
    world.reduce(Actor::Alice, |ctx| discard_big_fish_session(ctx, session.session_id)).unwrap();
    assert_eq!(read(&world, Actor::Bob, version.version_id), Ok(version), "the game outlives its session");
    world.delete(Actor::Alice, new).unwrap();
}

#[test]
fn the_next_version_may_have_another_ladder() {
    let world = World::new();
    let first = published(&world, Actor::Alice, "a");
    let session = world.see(Actor::Alice, my_fish_sessions).remove(0);
    let in_place = world.refused(|world| set_levels(world, Actor::Alice, &session, ladder()));
    assert_eq!(in_place.code, conflict("briefing or ladder", "published"));
    let session = move_to(&world, Actor::Alice, &session, BigFishStage::Ladder).unwrap();
    let mut levels = ladder();
    levels.swap(0, 1);
    (levels[0].size_milli, levels[1].size_milli) = (800, 1_200);
    let session = set_levels(&world, Actor::Alice, &session, levels.clone()).unwrap();
    let session = move_to(&world, Actor::Alice, &session, BigFishStage::Assets).unwrap();
    let session = move_to(&world, Actor::Alice, &session, BigFishStage::Review).unwrap();
    let second = publish(&world, Actor::Alice, &session, "p2").unwrap();
    assert_eq!(second.levels[0].level, levels[0]);
    assert_eq!(second.levels[0].picture_asset_id, first.levels[1].picture_asset_id, "pictures go with their species");
}

#[test]
fn an_unpublished_game_is_for_nobody_and_its_runs_go_on() {
    let world = World::new();
    let version = published(&world, Actor::Alice, "a");
    let run = start(&world, Actor::Bob, version.game_id, "run").unwrap();
    assert_eq!(world.refused(|world| unpublish(world, Actor::Bob, version.game_id)).code, DomainErrorCode::NotFound);
    assert_eq!(
        world.refused(|world| unpublish(world, Actor::Alice, Uuid::from_u128(1))).code,
        DomainErrorCode::NotFound
    );
    let game = unpublish(&world, Actor::Alice, version.game_id).unwrap();
    assert_eq!(game.status, BigFishGameStatus::Unpublished);
    assert_eq!(gallery(&world), []);
    let before = world.rows();
    assert_eq!(unpublish(&world, Actor::Alice, version.game_id), Ok(game));
    assert_eq!(world.rows(), before, "again changes nothing");

    let refusal = world.refused(|world| start(world, Actor::Stranger, version.game_id, "run"));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
    let refusal = world.refused(|world| start(world, Actor::Alice, version.game_id, "run"));
    assert_eq!(refusal.code, conflict("published", "unpublished"));
    assert_eq!(read(&world, Actor::Stranger, version.version_id).unwrap_err().code, DomainErrorCode::NotFound);
    assert_eq!(read(&world, Actor::Bob, run.version_id).unwrap().version_id, version.version_id);
    super::studio::steer(&world, Actor::Bob, run.run_id, 1_000, 0).unwrap();

    let session_id = world.see(Actor::Alice, my_fish_sessions)[0].session_id;
    published_again(&world, session_id);
    assert_eq!(gallery(&world).len(), 1, "the next version brings it back");
}

#[test]
fn plays_of_others_are_counted_and_shown_in_round_numbers() {
    let world = World::new();
    let game_id = published(&world, Actor::Alice, "a").game_id;
    for (number, player) in [Actor::Alice, Actor::Bob, Actor::Stranger, Actor::Operator].into_iter().enumerate() {
        start(&world, player, game_id, &number.to_string()).unwrap();
    }
    assert_eq!(world.see(Actor::Alice, my_fish_games)[0].play_count, 3, "the author's own do not count");
    assert_eq!(gallery(&world)[0].plays_shown, 2);
}

/// The ids of a game and its version are drawn, so that of a publication what else there is to see is compared.
#[test]
fn the_reducers_do_what_the_procedures_do() {
    let seen = |world: &World| {
        let [game] = world.see(Actor::Alice, my_fish_games).try_into().unwrap();
        let [session] = world.see(Actor::Alice, my_fish_sessions).try_into().unwrap();
        let [entry] = gallery(world).try_into().unwrap();
        let version = read(world, Actor::Alice, game.version_id).unwrap();
        assert_eq!((session.game_id, entry.version_id), (Some(game.game_id), version.version_id));
        (
            game.status,
            game.version_number,
            version.title,
            version.levels,
            entry.species,
            session.stage,
            session.revision,
        )
    };
    let (world, twin) = (World::new(), World::new());
    published(&world, Actor::Alice, "a");
    let BigFishCreationSession { session_id, revision, .. } = reviewed(&twin, Actor::Alice, "a");
    let request = BigFishPublication { session_id, revision, idempotency_key: "publish-a".to_owned() };
    twin.reduce(Actor::Alice, |ctx| publish_big_fish_game(ctx, request)).unwrap();
    assert_eq!(seen(&twin), seen(&world));

    check_same_rows(
        |world| published(world, Actor::Alice, "a").game_id,
        |world, game_id| unpublish(world, Actor::Alice, *game_id),
        |world, game_id| world.reduce(Actor::Alice, |ctx| unpublish_big_fish_game(ctx, *game_id)),
    );
}
