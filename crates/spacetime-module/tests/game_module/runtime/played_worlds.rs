//! Worlds played, and for how long.

use module_runtime::PAUSE_MICROS_MAX;
use spacetime_module::*;
use spacetimedb::{Identity, Table, Timestamp};

use super::{dashboard, differences, id, save, save_of};
use crate::story::{begin_as, branch_as, branching, continuation, continue_as, end_as, ending, sample_story};
use crate::world::{Actor, World, above, invalid};

const MINUTE_MICROS: i64 = 60 * 1_000_000;

fn played(world: &World) -> ProfilePlayedWorld {
    let [row] = world.see(Actor::Alice, my_played_worlds).try_into().unwrap();
    row
}

fn read(world: &World, after_id: Option<u64>, limit: u32) -> Result<Vec<ProfilePlayedWorld>, DomainError> {
    let request = ProfilePlayedWorldPage { after_id, limit };
    world.call(Actor::Alice, |ctx| list_profile_played_worlds_and_return(ctx, None, request))
}

#[test]
fn time_between_moments_of_a_story_is_time_played() {
    let world = World::new();
    let mut story = sample_story(&world);
    let begun_at = world.now();
    let first = played(&world);
    assert_eq!((first.world_id, first.version_id), (story.world_id, story.version_id));
    assert_eq!((first.stories, first.minutes_played, first.first_played_at), (1, 0, begun_at));

    for minutes in [1, 2, 10] {
        world.advance(minutes * MINUTE_MICROS);
        story = continue_as(&world, Actor::Alice, continuation(&story, "On.")).unwrap().session;
    }
    assert_eq!(played(&world).minutes_played, 13);
    world.advance(PAUSE_MICROS_MAX + 1);
    let next = continuation(&story, "Back again.");
    story = continue_as(&world, Actor::Alice, next.clone()).unwrap().session;
    let after_pause = played(&world);
    assert_eq!(after_pause.minutes_played, 13, "the player was away");
    assert_eq!((after_pause.first_played_at, after_pause.last_played_at), (begun_at, world.now()));

    world.advance(MINUTE_MICROS);
    continue_as(&world, Actor::Alice, next).unwrap();
    assert_eq!(played(&world), after_pause, "a repeated request is no play");
    end_as(&world, Actor::Alice, ending(&story)).unwrap();
    assert_eq!((played(&world).minutes_played, played(&world).stories), (14, 1));
    let totals = dashboard(&world, Actor::Alice);
    assert_eq!((totals.played_worlds, totals.played_stories, totals.minutes_played), (1, 1, 14));
    assert_eq!((totals.last_world_id, totals.last_played_at), (Some(story.world_id), Some(world.now())));
    assert_eq!(differences(&world, Actor::Alice), []);
}

#[test]
fn each_story_counts_once() {
    let world = World::new();
    let first = sample_story(&world);
    begin_as(&world, Actor::Alice, first.world_id, "sample").unwrap();
    assert_eq!(played(&world).stories, 1, "the same request begins one story");
    let second = begin_as(&world, Actor::Alice, first.world_id, "second").unwrap();
    branch_as(&world, Actor::Alice, branching(&first, 1)).unwrap();
    world.advance(MINUTE_MICROS);
    continue_as(&world, Actor::Alice, continuation(&first, "On.")).unwrap();
    let row = played(&world);
    assert_eq!((row.stories, row.minutes_played, row.last_session_id), (3, 1, first.session_id));
    assert_ne!(first.session_id, second.session_id);
    begin_as(&world, Actor::Bob, first.world_id, "bob").unwrap();
    assert_eq!(played(&world), row, "each player has its own");
    assert_eq!(world.see(Actor::Bob, my_played_worlds)[0].stories, 1);
    for player in [Actor::Alice, Actor::Bob] {
        assert_eq!(differences(&world, player), []);
    }
}

#[test]
fn a_save_remembers_where_the_story_was() {
    let world = World::new();
    let story = sample_story(&world);
    let first = save(&world, Actor::Alice, save_of(&story, "auto", b"one", 0)).unwrap();
    let story = continue_as(&world, Actor::Alice, continuation(&story, "On.")).unwrap().session;
    let second = save(&world, Actor::Alice, save_of(&story, "auto", b"two", first.revision)).unwrap();
    assert_eq!((first.event_number, second.event_number), (1, 2));
    end_as(&world, Actor::Alice, ending(&story)).unwrap();
    let last = save(&world, Actor::Alice, save_of(&story, "auto", b"three", second.revision)).unwrap();
    assert_eq!(last.event_number, 3, "an ended story can be saved too");
}

#[test]
fn played_worlds_out_of_step_are_found_and_mended() {
    let world = World::new();
    let story = sample_story(&world);
    world.advance(MINUTE_MICROS);
    continue_as(&world, Actor::Alice, continuation(&story, "On.")).unwrap();
    let right = played(&world);
    let rows = world.test.db.profile_played_world();
    let alice = Actor::Alice.identity();
    let mend = || world.call(Actor::Operator, |ctx| repair_profile_projections_and_return(ctx, alice)).unwrap();

    rows.id().update(ProfilePlayedWorld { stories: 9, minutes_played: 0, ..right.clone() });
    assert_eq!(mend().len(), 2);
    assert_eq!(played(&world), right);

    rows.id().update(ProfilePlayedWorld { version_id: id(1), last_session_id: id(2), ..right.clone() });
    assert_eq!(mend().len(), 2);
    assert_eq!(played(&world), right);

    let totals = dashboard(&world, Actor::Alice);
    let lost = ProfileDashboardState { last_world_id: Some(id(7)), ..totals.clone() };
    world.test.db.profile_dashboard_state().player().update(lost);
    assert_eq!(mend().len(), 1);
    assert_eq!(dashboard(&world, Actor::Alice), totals);

    rows.id().delete(right.id);
    assert_eq!(mend().len(), 1);
    let restored = played(&world);
    assert_eq!(ProfilePlayedWorld { id: right.id, ..restored }, right);

    rows.insert(row_of(alice, 7, world.now()));
    assert_eq!(mend().len(), 1, "nobody has played that one");
    assert_eq!(world.see(Actor::Alice, my_played_worlds).len(), 1);
    assert_eq!(differences(&world, Actor::Alice), []);
}

/// Of what was played last at the same moment, each is as good as the other.
#[test]
fn what_was_played_at_the_same_moment_is_in_step() {
    let world = World::new();
    let one = sample_story(&world).world_id;
    let other = world.published(Actor::Bob, "other", &[]).world_id;
    for (world_id, key) in [(other, "a"), (one, "b"), (other, "c"), (one, "d")] {
        let story = begin_as(&world, Actor::Alice, world_id, key).unwrap();
        let mut worlds = world.see(Actor::Alice, my_played_worlds).into_iter();
        let last = worlds.find(|row| row.world_id == world_id).unwrap().last_session_id;
        assert_eq!((dashboard(&world, Actor::Alice).last_world_id, last), (Some(world_id), story.session_id));
        assert_eq!(differences(&world, Actor::Alice), [], "{key}");
    }
}

#[test]
fn a_player_counts_once_in_a_world_also_after_a_repair() {
    let world = World::new();
    let story = sample_story(&world);
    world.test.db.profile_played_world().id().delete(played(&world).id);
    let alice = Actor::Alice.identity();
    world.call(Actor::Operator, |ctx| repair_profile_projections_and_return(ctx, alice)).unwrap();
    begin_as(&world, Actor::Alice, story.world_id, "second").unwrap();
    assert_eq!(world.shown(story.world_id).unwrap().players, 1);
    assert_eq!(played(&world).stories, 2);
}

#[test]
fn played_worlds_are_read_page_by_page() {
    let world = World::new();
    for number in 1..=5 {
        world.test.db.profile_played_world().insert(row_of(Actor::Alice.identity(), number, world.now()));
        world.test.db.profile_played_world().insert(row_of(Actor::Bob.identity(), number, world.now()));
    }
    let first = read(&world, None, 3).unwrap();
    let rest = read(&world, Some(first[2].id), 3).unwrap();
    let last_id = rest.last().unwrap().id;
    let worlds: Vec<_> = first.into_iter().chain(rest).map(|row| row.world_id).collect();
    assert_eq!(worlds, [1, 2, 3, 4, 5].map(id));
    let far_apart = ProfilePlayedWorld { id: 1 << 62, ..row_of(Actor::Alice.identity(), 6, world.now()) };
    world.test.db.profile_played_world().insert(far_apart.clone());
    assert_eq!(read(&world, Some(last_id), 3), Ok(vec![far_apart]), "however many rows of others lie between");
    assert_eq!(read(&world, Some(u64::MAX), 3), Ok(Vec::new()));
    assert_eq!(read(&world, None, 0).unwrap_err().code, invalid("limit"));
    assert_eq!(read(&world, None, u32::MAX).unwrap_err().code, above(200));
}

fn row_of(owner: Identity, world_number: u8, now: Timestamp) -> ProfilePlayedWorld {
    ProfilePlayedWorld {
        id: 0,
        owner,
        world_id: id(world_number),
        version_id: id(50 + world_number),
        last_session_id: id(100 + world_number),
        stories: 1,
        played_micros: 0,
        minutes_played: 0,
        first_played_at: now,
        last_played_at: now,
    }
}
