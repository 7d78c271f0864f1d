//! A creation from its brief to its end.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::{chapter_called, start_of};
use crate::world::{Actor, World, above, check_same_rows, conflict, cover_of, illegal, invalid, uncover};
use CustomWorldStage::{Abandoned, Assets, Brief, Chapters, Characters, Finished, Review, Setting};

fn start(world: &World, request: CustomWorldSessionStart) -> Result<CustomWorldSessionDetail, DomainError> {
    world.call(Actor::Alice, |ctx| start_creation_session_and_return(ctx, None, request))
}

fn write(world: &World, request: CustomWorldStageDraft) -> Result<CustomWorldSessionDetail, DomainError> {
    world.call(Actor::Alice, |ctx| write_creation_draft_and_return(ctx, None, request))
}

fn check(world: &World, session_id: Uuid) -> CustomWorldSessionStage {
    let detail = world.call(Actor::Alice, |ctx| check_creation_stage_and_return(ctx, None, session_id)).unwrap();
    detail.stages.into_iter().find(|row| row.stage == detail.session.stage).unwrap()
}

fn approved(detail: &CustomWorldSessionDetail) -> Vec<CustomWorldStage> {
    detail.stages.iter().filter(|row| row.approved_at.is_some()).map(|row| row.stage).collect()
}

fn text(session: &CustomWorldSession, stage: CustomWorldStage, draft: &str) -> CustomWorldStageDraft {
    let CustomWorldSession { session_id, revision, .. } = *session;
    CustomWorldStageDraft { session_id, revision, stage, draft: draft.to_owned() }
}

/// A creation at its review, with everything in it that it takes.
fn reviewed(world: &World) -> CustomWorldSession {
    let mut session = world.start_creation(Actor::Alice, "a").session;
    for (to, keys) in [
        (Setting, &[][..]),
        (Chapters, &["setting"]),
        (Characters, &["arrival", "cellar"]),
        (Assets, &["miller", "cat", "rat"]),
    ] {
        for key in keys {
            world.add_card(session.world_id, key);
        }
        session = world.move_creation(&world.creation(session.session_id), to).unwrap().session;
    }
    world.cover(session.world_id);
    world.move_creation(&session, Review).unwrap().session
}

#[test]
fn a_creation_begins_with_its_brief_in_a_world_of_its_own() {
    let world = World::new();
    let CustomWorldSessionDetail { session, stages } = world.start_creation(Actor::Alice, "a");
    assert_eq!((session.stage, session.is_open, session.revision), (Brief, true, 1));
    assert_eq!((session.owner, session.created_at, session.closed_at), (Actor::Alice.identity(), world.now(), None));
    let names: Vec<_> = stages.iter().map(|row| row.stage).collect();
    assert_eq!(names, [Brief, Setting, Chapters, Characters, Assets, Review]);
    assert_eq!((stages[0].draft.as_str(), stages[1].draft.as_str()), ("A mill by a river.", ""));
    assert!(stages.iter().all(|row| row.validation == CustomWorldValidation::Unchecked));
    let profile = world.call(Actor::Alice, |ctx| get_custom_world_and_return(ctx, None, session.world_id)).unwrap();
    assert_eq!((profile.title.as_str(), profile.status), ("World a", CustomWorldStatus::Draft));
    assert_eq!(world.see(Actor::Alice, my_creation_sessions), [session]);
    assert_eq!(world.see(Actor::Alice, my_creation_stages), stages);
    for other in [Actor::Bob, Actor::Admin, Actor::Stranger] {
        assert_eq!(world.see(other, my_creation_sessions), [], "{other:?}");
        assert_eq!(world.see(other, my_creation_stages), [], "{other:?}");
    }
}

#[test]
fn beginning_again_returns_the_creation_as_it_stands() {
    let world = World::new();
    world.start_creation(Actor::Alice, "a");
    let before = world.rows();
    world.advance(10);
    world.start_creation(Actor::Alice, "a");
    world.reduce(Actor::Alice, |ctx| start_creation_session(ctx, start_of("a"))).unwrap();
    assert_eq!(world.rows(), before);
    let other = CustomWorldSessionStart { brief: "Another.".to_owned(), ..start_of("a") };
    let refusal = world.refused(|world| start(world, other));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
}

#[test]
fn a_world_has_one_creation_at_a_time() {
    let world = World::new();
    let session = world.start_creation(Actor::Alice, "a").session;
    let again = |key: &str| CustomWorldSessionStart {
        idempotency_key: key.to_owned(),
        world: CustomWorldSessionWorld::Existing(session.world_id),
        brief: String::new(),
    };
    let refusal = world.refused(|world| start(world, again("one")));
    assert_eq!(refusal.code, conflict("in no other creation", "in one that goes on"));
    world.move_creation(&session, Abandoned).unwrap();
    let second = start(&world, again("two")).unwrap().session;
    assert_eq!((second.world_id, second.stage), (session.world_id, Brief));
    assert_ne!(second.session_id, session.session_id);
}

#[test]
fn the_creation_that_ended_first_makes_way() {
    let world = World::new();
    let mut session = world.start_creation(Actor::Alice, "a").session;
    let again = |number: usize, world_id| CustomWorldSessionStart {
        idempotency_key: number.to_string(),
        world: CustomWorldSessionWorld::Existing(world_id),
        brief: String::new(),
    };
    let mut begun = vec![session.session_id];
    for number in 0..module_custom_world::CREATIONS_PER_WORLD_MAX {
        world.advance(1);
        world.move_creation(&session, Abandoned).unwrap();
        session = start(&world, again(number, session.world_id)).unwrap().session;
        begun.push(session.session_id);
    }
    let kept = |id: &Uuid| {
        let sessions = world.see(Actor::Alice, my_creation_sessions);
        let stages = world.see(Actor::Alice, my_creation_stages);
        let has_stages = stages.into_iter().any(|stage| stage.session_id == *id);
        assert_eq!(sessions.into_iter().any(|session| session.session_id == *id), has_stages);
        has_stages
    };
    assert_eq!(begun.iter().filter(|id| !kept(id)).collect::<Vec<_>>(), [&begun[0]]);
}

#[test]
fn bad_beginnings_leave_no_world_behind() {
    let world = World::new();
    let titled = |title: &str| CustomWorldSessionWorld::New(title.to_owned());
    let bobs = world.start_creation(Actor::Bob, "b").session.world_id;
    let cases = [
        (CustomWorldSessionStart { idempotency_key: String::new(), ..start_of("a") }, invalid("idempotency_key")),
        (CustomWorldSessionStart { world: titled(""), ..start_of("a") }, invalid("title")),
        (CustomWorldSessionStart { world: titled(&"t".repeat(10_000)), ..start_of("a") }, above(120)),
        (CustomWorldSessionStart { brief: "\0".to_owned(), ..start_of("a") }, invalid("draft")),
        (CustomWorldSessionStart { brief: "b".repeat(16_385), ..start_of("a") }, above(16_384)),
        (
            CustomWorldSessionStart { world: CustomWorldSessionWorld::Existing(Uuid::MAX), ..start_of("a") },
            DomainErrorCode::NotFound,
        ),
        (
            CustomWorldSessionStart { world: CustomWorldSessionWorld::Existing(bobs), ..start_of("a") },
            DomainErrorCode::NotFound,
        ),
    ];
    for (request, code) in cases {
        assert_eq!(world.refused(|world| start(world, request)).code, code);
    }
}

#[test]
fn a_creation_goes_from_brief_to_finished() {
    let world = World::new();
    let session = reviewed(&world);
    assert_eq!(check(&world, session.session_id).validation, CustomWorldValidation::Passed);
    let done = world.move_creation(&session, Finished).unwrap();
    assert_eq!((done.session.stage, done.session.is_open), (Finished, false));
    assert_eq!(done.session.closed_at, Some(world.now()));
    assert_eq!(approved(&done), [Brief, Setting, Chapters, Characters, Assets, Review]);
}

#[test]
fn each_stage_must_lack_nothing() {
    let world = World::new();
    let empty = CustomWorldSessionStart { brief: String::new(), ..start_of("a") };
    let mut session = start(&world, empty).unwrap().session;
    let lacks = |session: &CustomWorldSession, code: &str, to| {
        let row = check(&world, session.session_id);
        let codes: Vec<_> = row.problems.iter().map(|found| found.code.as_str()).collect();
        assert_eq!((row.validation, codes), (CustomWorldValidation::Failed, vec![code]));
        let refusal = world.refused(|world| world.move_creation(session, to));
        assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
    };
    lacks(&session, "brief_empty", Setting);
    session = write(&world, text(&session, Brief, "A mill.")).unwrap().session;
    for (lacking, keys, next, after) in [
        ("setting_missing", &["setting"][..], Setting, Chapters),
        ("chapters_missing", &["arrival", "cellar"], Chapters, Characters),
        ("characters_missing", &["miller"], Characters, Assets),
    ] {
        session = world.move_creation(&session, next).unwrap().session;
        lacks(&session, lacking, after);
        keys.iter().for_each(|key| drop(world.add_card(session.world_id, key)));
        session = world.creation(session.session_id);
    }
    session = world.move_creation(&session, Assets).unwrap().session;
    lacks(&session, "cover_missing", Review);
    let bobs = world.confirmed(Actor::Bob, "bobs");
    let id = session.world_id.to_string();
    world.bind(Actor::Admin, cover_of(&id, bobs.asset_id)).unwrap();
    lacks(&session, "cover_missing", Review);
    world.reduce(Actor::Admin, |ctx| unbind_asset_object_from_entity(ctx, uncover(&id))).unwrap();
    let private = world.confirmed(Actor::Alice, "private");
    world.bind(Actor::Alice, cover_of(&id, private.asset_id)).unwrap();
    lacks(&session, "cover_hidden", Review);
    world.cover(session.world_id);
    session = world.move_creation(&session, Review).unwrap().session;
    lacks(&session, "unresolved", Finished);
    world.add_card(session.world_id, "cat");
    assert_eq!(world.creation(session.session_id).stage, Characters, "the cat was not there when it was approved");
}

#[test]
fn the_review_looks_at_everything_again() {
    let world = World::new();
    let session = reviewed(&world);
    let id = session.world_id.to_string();
    world.reduce(Actor::Alice, |ctx| unbind_asset_object_from_entity(ctx, uncover(&id))).unwrap();
    assert_eq!(check(&world, session.session_id).problems[0].code, "cover_missing");
    let refusal = world.refused(|world| world.move_creation(&session, Finished));
    assert!(refusal.message.contains("The world has no cover."), "{refusal}");
}

#[test]
fn a_change_takes_approvals_from_its_stage_on_away() {
    let world = World::new();
    let session = reviewed(&world);
    let chapter = world.see(Actor::Alice, my_draft_cards).into_iter().find(|card| card.key == "arrival").unwrap();
    let edit = CustomWorldCardEdit { card_id: chapter.card_id, revision: 1, entry: chapter_called("Dawn") };
    world.call(Actor::Alice, |ctx| edit_draft_card_and_return(ctx, None, edit)).unwrap();
    let detail =
        world.call(Actor::Alice, |ctx| get_creation_session_and_return(ctx, None, session.session_id)).unwrap();
    assert_eq!((detail.session.stage, detail.session.revision), (Chapters, session.revision + 1));
    assert_eq!(approved(&detail), [Brief, Setting]);
    assert!(detail.stages[2..].iter().all(|row| row.validation == CustomWorldValidation::Unchecked));
}

#[test]
fn going_back_takes_approvals_away_too() {
    let world = World::new();
    let session = reviewed(&world);
    let back = world.move_creation(&session, Setting).unwrap();
    assert_eq!((back.session.stage, approved(&back)), (Setting, vec![Brief]));
    let texted = write(&world, text(&back.session, Brief, "Another mill.")).unwrap();
    assert_eq!((texted.session.stage, approved(&texted)), (Brief, vec![]));
    assert_eq!(texted.stages[0].draft, "Another mill.");
}

#[test]
fn notes_for_a_later_stage_take_nothing_away() {
    let world = World::new();
    let session = world.start_creation(Actor::Alice, "a").session;
    let session = world.move_creation(&session, Setting).unwrap().session;
    let noted = write(&world, text(&session, Characters, "A cat!")).unwrap();
    assert_eq!((noted.session.stage, noted.session.revision), (Setting, session.revision + 1));
    assert_eq!(approved(&noted), [Brief]);
    let before = world.rows();
    world.advance(5);
    write(&world, text(&session, Characters, "A cat!")).unwrap();
    assert_eq!(world.rows(), before, "the text that is there changes nothing");
}

#[test]
fn steps_that_there_are_not() {
    let world = World::new();
    let session = world.start_creation(Actor::Alice, "a").session;
    let refusal = world.refused(|world| world.move_creation(&session, Review));
    assert_eq!(refusal.code, illegal("brief", "review"));
    let before = world.rows();
    let stays = world.move_creation(&session, Brief).unwrap().session;
    assert_eq!((stays, world.rows()), (session.clone(), before));
    let over = world.move_creation(&session, Abandoned).unwrap().session;
    assert_eq!(over.closed_at, Some(world.now()));
    assert_eq!(world.refused(|world| world.move_creation(&over, Brief)).code, illegal("abandoned", "brief"));
    let refusal = world.refused(|world| write(world, text(&over, Brief, "More.")));
    assert_eq!(refusal.code, illegal("abandoned", "continued"));
    let refusal = world
        .refused(|world| world.call(Actor::Alice, |ctx| check_creation_stage_and_return(ctx, None, over.session_id)));
    assert_eq!(refusal.code, illegal("abandoned", "continued"));
}

#[test]
fn an_outdated_revision_is_a_conflict() {
    let world = World::new();
    let session = world.start_creation(Actor::Alice, "a").session;
    write(&world, text(&session, Brief, "One.")).unwrap();
    assert_eq!(world.refused(|world| write(world, text(&session, Brief, "Two."))).code, conflict("2", "1"));
    assert_eq!(world.refused(|world| world.move_creation(&session, Setting)).code, conflict("2", "1"));
    let extreme = CustomWorldSession { revision: u64::MAX, ..session };
    let code = conflict("2", &u64::MAX.to_string());
    assert_eq!(world.refused(|world| world.move_creation(&extreme, Setting)).code, code);
}

#[test]
fn bad_texts_and_stages_are_refused() {
    let world = World::new();
    let session = world.start_creation(Actor::Alice, "a").session;
    let cases = [
        (text(&session, Finished, "x"), invalid("stage")),
        (text(&session, Brief, "\u{1}"), invalid("draft")),
        (text(&session, Brief, &"x".repeat(20_000)), above(16_384)),
        (CustomWorldStageDraft { session_id: Uuid::NIL, ..text(&session, Brief, "x") }, DomainErrorCode::NotFound),
    ];
    for (request, code) in cases {
        assert_eq!(world.refused(|world| write(world, request)).code, code);
    }
}

#[test]
fn another_players_creation_looks_like_none() {
    let world = World::new();
    let session = world.start_creation(Actor::Bob, "b").session;
    let hidden = |refusal: DomainError| assert_eq!(refusal.code, DomainErrorCode::NotFound);
    hidden(world.refused(|world| world.move_creation(&session, Abandoned)));
    hidden(world.refused(|world| write(world, text(&session, Brief, "x"))));
    let get =
        |world: &World| world.call(Actor::Alice, |ctx| get_creation_session_and_return(ctx, None, session.session_id));
    hidden(world.refused(get));
}

#[test]
fn a_closed_account_creates_nothing() {
    let world = World::new();
    world.reduce(Actor::Alice, close_account).unwrap();
    let refusal = world.refused(|world| start(world, start_of("a")));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
}

#[test]
fn the_reducers_do_what_the_procedures_do() {
    let begun = |world: &World| world.start_creation(Actor::Alice, "a").session;
    let brief = |session: &CustomWorldSession| text(session, Brief, "A mill in the hills.");
    check_same_rows(
        begun,
        |world, session| write(world, brief(session)),
        |world, session| world.reduce(Actor::Alice, |ctx| write_creation_draft(ctx, brief(session))),
    );
    check_same_rows(
        begun,
        |world, session| world.call(Actor::Alice, |ctx| check_creation_stage_and_return(ctx, None, session.session_id)),
        |world, session| world.reduce(Actor::Alice, |ctx| check_creation_stage(ctx, session.session_id)),
    );
    let moving = |&CustomWorldSession { session_id, revision, .. }: &CustomWorldSession| CustomWorldSessionMove {
        session_id,
        revision,
        to: Setting,
    };
    check_same_rows(
        begun,
        |world, session| world.move_creation(session, Setting),
        |world, session| world.reduce(Actor::Alice, |ctx| move_creation_session(ctx, moving(session))),
    );
}
