//! Sessions: beginning, describing, the ladder, the stages, discarding.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::studio::{begun, filled, ladder, laddered, level, move_to, session_request, set_levels};
use crate::world::{Actor, World, above, check_same_rows, conflict, illegal, invalid};

fn create(world: &World, request: BigFishSessionRequest) -> Result<BigFishCreationSession, DomainError> {
    world.call(Actor::Alice, |ctx| create_big_fish_session_and_return(ctx, None, request))
}

#[test]
fn a_session_begins_with_a_briefing() {
    let world = World::new();
    let session = begun(&world, Actor::Alice, "a");
    assert_eq!((session.stage, session.revision, session.game_id), (BigFishStage::Briefing, 1, None));
    assert_eq!(session.owner, Actor::Alice.identity());
    assert_eq!(world.see(Actor::Alice, my_fish_sessions), [session]);
    assert_eq!(world.see(Actor::Bob, my_fish_sessions), []);
}

#[test]
fn the_same_request_begins_one_session() {
    let world = World::new();
    let first = begun(&world, Actor::Alice, "a");
    let before = world.rows();
    assert_eq!(create(&world, session_request("a")), Ok(first.clone()));
    world.reduce(Actor::Alice, |ctx| create_big_fish_session(ctx, session_request("a"))).unwrap();
    assert_eq!(world.rows(), before);
    let other = BigFishSessionRequest { title: "Other".to_owned(), ..session_request("a") };
    let refusal = world.refused(|world| create(world, other));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)));
    assert_ne!(begun(&world, Actor::Bob, "a").session_id, first.session_id, "keys are each player's own");
}

#[test]
fn a_replay_for_a_discarded_session_finds_nothing() {
    let world = World::new();
    let session = begun(&world, Actor::Alice, "a");
    world.reduce(Actor::Alice, |ctx| discard_big_fish_session(ctx, session.session_id)).unwrap();
    let refusal = world.refused(|world| create(world, session_request("a")));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
}

#[test]
fn bad_texts_name_the_field_or_the_limit() {
    let world = World::new();
    let good = session_request("a");
    let cases = [
        (BigFishSessionRequest { idempotency_key: String::new(), ..good.clone() }, invalid("idempotency_key")),
        (BigFishSessionRequest { idempotency_key: "k".repeat(129), ..good.clone() }, above(128)),
        (BigFishSessionRequest { title: String::new(), ..good.clone() }, invalid("title")),
        (BigFishSessionRequest { title: "t".repeat(101), ..good.clone() }, above(100)),
        (BigFishSessionRequest { description: "\0".to_owned(), ..good.clone() }, invalid("description")),
        (BigFishSessionRequest { description: "d".repeat(1_001), ..good.clone() }, above(1_000)),
    ];
    for (request, code) in cases {
        assert_eq!(world.refused(|world| create(world, request)).code, code);
    }
}

#[test]
fn an_author_has_a_limited_number_of_sessions() {
    let world = World::new();
    let limit = module_big_fish::SESSIONS_PER_AUTHOR_MAX;
    let first = begun(&world, Actor::Alice, "0");
    for number in 1..limit {
        begun(&world, Actor::Alice, &number.to_string());
    }
    assert_eq!(world.refused(|world| create(world, session_request("more"))).code, above(limit));
    world.reduce(Actor::Alice, |ctx| discard_big_fish_session(ctx, first.session_id)).unwrap();
    create(&world, session_request("more")).unwrap();
}

#[test]
fn title_and_description_change_under_the_revision_that_was_seen() {
    let world = World::new();
    let session = begun(&world, Actor::Alice, "a");
    let request = BigFishSessionDescription {
        session_id: session.session_id,
        revision: 1,
        title: "Deep".to_owned(),
        description: "Dark".to_owned(),
    };
    let describe = |world: &World, actor, request| {
        world.call(actor, |ctx| describe_big_fish_session_and_return(ctx, None, request))
    };
    let after = describe(&world, Actor::Alice, request.clone()).unwrap();
    assert_eq!((after.title.as_str(), after.description.as_str(), after.revision), ("Deep", "Dark", 2));
    let refusal = world.refused(|world| describe(world, Actor::Alice, request.clone()));
    assert_eq!(refusal.code, conflict("2", "1"));
    let late = BigFishSessionDescription { revision: u64::MAX, ..request.clone() };
    let refusal = world.refused(|world| describe(world, Actor::Alice, late));
    assert_eq!(refusal.code, conflict("2", &u64::MAX.to_string()));
    let bobs = world.refused(|world| describe(world, Actor::Bob, request.clone()));
    let unknown = BigFishSessionDescription { session_id: Uuid::from_u128(1), ..request };
    let absent = world.refused(|world| describe(world, Actor::Alice, unknown));
    assert_eq!(bobs, absent, "another player's session looks like none");
    assert_eq!(absent.code, DomainErrorCode::NotFound);
}

#[test]
fn the_first_ladder_ends_the_briefing() {
    let world = World::new();
    let session = begun(&world, Actor::Alice, "a");
    let after = set_levels(&world, Actor::Alice, &session, ladder()).unwrap();
    assert_eq!((after.stage, after.revision), (BigFishStage::Ladder, 2));
    assert_eq!(after.levels, ladder());
    let stale = world.refused(|world| set_levels(world, Actor::Alice, &session, ladder()));
    assert_eq!(stale.code, conflict("2", "1"));
    let bobs = world.refused(|world| set_levels(world, Actor::Bob, &after, ladder()));
    assert_eq!(bobs.code, DomainErrorCode::NotFound);
}

#[test]
fn bad_ladders_name_the_field_or_the_limit() {
    let world = World::new();
    let session = begun(&world, Actor::Alice, "a");
    let with = |change: fn(&mut BigFishLevel)| {
        let mut levels = ladder();
        change(&mut levels[1]);
        levels
    };
    let cases = [
        (vec![], invalid("levels")),
        (ladder()[..2].to_vec(), invalid("levels")),
        ((0..13).map(|number| level(&format!("s{number}"), 800)).collect(), above(12)),
        (with(|level| level.species_key = "a-b".to_owned()), invalid("species_key")),
        (with(|level| level.species_key = "guppy".to_owned()), invalid("species_key")),
        (with(|level| level.species_key = "s".repeat(33)), above(32)),
        (with(|level| level.name = String::new()), invalid("name")),
        (with(|level| level.name = "n".repeat(65)), above(64)),
        (with(|level| level.description = "d".repeat(501)), above(500)),
        (with(|level| level.size_milli = u32::MAX), invalid("size_milli")),
        (with(|level| level.size_milli = 700), invalid("size_milli")),
        (with(|level| level.speed_milli = 0), invalid("speed_milli")),
    ];
    for (levels, code) in cases {
        assert_eq!(world.refused(|world| set_levels(world, Actor::Alice, &session, levels)).code, code);
    }
}

#[test]
fn stages_follow_one_another() {
    let world = World::new();
    let session = begun(&world, Actor::Alice, "a");
    let to = |session: &BigFishCreationSession, stage| move_to(&world, Actor::Alice, session, stage);
    let refused = |session: &BigFishCreationSession, stage| {
        world.refused(|world| move_to(world, Actor::Alice, session, stage)).code
    };
    assert_eq!(refused(&session, BigFishStage::Assets), illegal("briefing", "assets"));
    let empty = to(&session, BigFishStage::Ladder).unwrap();
    assert_eq!(refused(&empty, BigFishStage::Assets), invalid("levels"), "no ladder yet");
    let session = set_levels(&world, Actor::Alice, &empty, ladder()).unwrap();
    assert_eq!(refused(&session, BigFishStage::Review), illegal("ladder", "review"));
    let session = to(&session, BigFishStage::Assets).unwrap();
    assert_eq!(to(&session, BigFishStage::Assets), Ok(session.clone()), "already there");
    let missing = "empty: picture_guppy, movement_guppy, picture_cod, movement_cod, picture_shark, movement_shark";
    assert_eq!(refused(&session, BigFishStage::Review), conflict("filled", missing));
    let in_assets = world.refused(|world| set_levels(world, Actor::Alice, &session, ladder()));
    assert_eq!(in_assets.code, conflict("briefing or ladder", "assets"));
    let session = to(&session, BigFishStage::Ladder).unwrap();
    assert_eq!(refused(&session, BigFishStage::Briefing), illegal("ladder", "briefing"));

    let session = filled(&world, Actor::Alice, "b");
    let stale = BigFishCreationSession { revision: 0, ..session.clone() };
    assert_eq!(refused(&stale, BigFishStage::Review), conflict(&session.revision.to_string(), "0"));
    let session = to(&session, BigFishStage::Review).unwrap();
    assert_eq!(refused(&session, BigFishStage::Published), illegal("review", "published"));
    to(&session, BigFishStage::Assets).unwrap();
}

#[test]
fn another_ladder_empties_the_slots_of_species_that_are_gone() {
    let world = World::new();
    let session = filled(&world, Actor::Alice, "a");
    let session = move_to(&world, Actor::Alice, &session, BigFishStage::Ladder).unwrap();
    let levels = vec![level("cod", 800), level("shark", 1_600), level("whale", 2_000)];
    set_levels(&world, Actor::Alice, &session, levels).unwrap();
    let slots = world.call(Actor::Alice, |ctx| list_big_fish_slots_and_return(ctx, None, session.session_id)).unwrap();
    let kept: Vec<_> = slots.iter().filter(|slot| slot.asset_id.is_some()).map(|slot| slot.slot.as_str()).collect();
    assert_eq!(kept, ["picture_cod", "movement_cod", "picture_shark", "movement_shark"]);
    assert_eq!(world.rows()["asset_entity_binding"].len(), 4, "the guppy's assets are free");
}

#[test]
fn a_discarded_session_leaves_nothing_behind() {
    let world = World::new();
    let kept = laddered(&world, Actor::Alice, "kept");
    let session = filled(&world, Actor::Alice, "a");
    let message = BigFishMessageRequest {
        session_id: session.session_id,
        idempotency_key: "m".to_owned(),
        text: "Hello".to_owned(),
    };
    world.reduce(Actor::Alice, |ctx| submit_big_fish_message(ctx, message)).unwrap();
    let discard = |world: &World, actor| {
        world.call(actor, |ctx| discard_big_fish_session_and_return(ctx, None, session.session_id))
    };
    assert_eq!(world.refused(|world| discard(world, Actor::Bob)).code, DomainErrorCode::NotFound);
    assert_eq!(discard(&world, Actor::Alice).unwrap().session_id, session.session_id);
    assert_eq!(world.see(Actor::Alice, my_fish_sessions), [kept]);
    assert!(world.rows()["big_fish_agent_message"].is_empty());
    assert!(world.rows()["asset_entity_binding"].is_empty());
    assert_eq!(world.refused(|world| discard(world, Actor::Alice)).code, DomainErrorCode::NotFound);
}

#[test]
fn a_closed_account_creates_and_plays_nothing() {
    let world = World::new();
    world.reduce(Actor::Alice, close_account).unwrap();
    assert_eq!(world.refused(|world| create(world, session_request("a"))).code, DomainErrorCode::AccountClosed);
    let run_id = Uuid::from_u128(1);
    let refusal = world.refused(|world| world.reduce(Actor::Alice, |ctx| resume_big_fish_run(ctx, run_id)));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
}

#[test]
fn the_reducers_do_what_the_procedures_do() {
    let briefing = |world: &World| begun(world, Actor::Alice, "a");
    let description = |session: &BigFishCreationSession| BigFishSessionDescription {
        session_id: session.session_id,
        revision: session.revision,
        title: "Deep sea".to_owned(),
        description: "Dark.".to_owned(),
    };
    check_same_rows(
        briefing,
        |world, session| {
            let request = description(session);
            world.call(Actor::Alice, |ctx| describe_big_fish_session_and_return(ctx, None, request))
        },
        |world, session| world.reduce(Actor::Alice, |ctx| describe_big_fish_session(ctx, description(session))),
    );
    check_same_rows(
        briefing,
        |world, session| set_levels(world, Actor::Alice, session, ladder()),
        |world, session| {
            let BigFishCreationSession { session_id, revision, .. } = *session;
            let request = BigFishLadderRequest { session_id, revision, levels: ladder() };
            world.reduce(Actor::Alice, |ctx| set_big_fish_ladder(ctx, request))
        },
    );
    check_same_rows(
        briefing,
        |world, session| move_to(world, Actor::Alice, session, BigFishStage::Ladder),
        |world, session| {
            let BigFishCreationSession { session_id, revision, .. } = *session;
            let request = BigFishStageRequest { session_id, revision, stage: BigFishStage::Ladder };
            world.reduce(Actor::Alice, |ctx| move_big_fish_session(ctx, request))
        },
    );
}
