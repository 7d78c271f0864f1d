//! Runs: the state machine, the times, and the simulation.

#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use module_big_fish::*;
use module_rules::RuleError;
use proptest::prelude::*;

#[test]
fn every_pair_of_run_statuses() {
    use RunStatus::{Abandoned, Defeat, Paused, Running, Victory};
    let moves = [
        (Running, Paused),
        (Running, Victory),
        (Running, Defeat),
        (Running, Abandoned),
        (Paused, Running),
        (Paused, Abandoned),
    ];
    for from in RunStatus::ALL {
        for to in RunStatus::ALL {
            let step = transition_run(from, to);
            if from == to {
                assert_eq!(step, Ok(Step::Already), "{from:?}");
            } else if moves.contains(&(from, to)) {
                assert_eq!(step, Ok(Step::Moved), "{from:?} to {to:?}");
            } else {
                assert!(matches!(step, Err(RuleError::IllegalTransition { .. })), "{from:?} to {to:?}");
            }
        }
        assert_eq!(check_running(from).is_ok(), from == Running);
        assert_eq!(from.is_over(), moves.iter().all(|(begin, _)| *begin != from));
    }
}

#[test]
fn ticks_keep_their_beat_and_never_come_in_a_burst() {
    assert_eq!(next_due(1_000, 1_005), 1_000 + TICK_MICROS, "on time: the beat, not the delay");
    let late = 1_000 + 50 * TICK_MICROS;
    assert_eq!(next_due(1_000, late), late + TICK_MICROS, "after a standstill: one tick from now");
    assert_eq!(next_due(i64::MAX, i64::MAX), i64::MAX);
    assert!(!is_absent(0, ABSENCE_MICROS - 1));
    assert!(is_absent(0, ABSENCE_MICROS));
    assert!(is_absent(i64::MIN, i64::MAX));
    assert!(!is_absent(i64::MAX, i64::MIN));
    let east = Heading { x_milli: 1_000, y_milli: 0 };
    assert!(is_steering_noted(east, 0, east, STEERING_NOTED_MICROS - 1));
    assert!(!is_steering_noted(east, 0, east, STEERING_NOTED_MICROS));
    assert!(!is_steering_noted(east, 0, Heading::default(), 1));
    assert_eq!([0, RUNS_KEPT_MAX - 1, RUNS_KEPT_MAX, RUNS_KEPT_MAX + 4].map(runs_to_forget), [0, 0, 1, 5]);
}

fn bodies(levels: usize) -> Vec<Body> {
    (0..levels as u32).map(|level| Body { size_milli: 800 + level * 300, speed_milli: 700 }).collect()
}

fn fish(id: u32, side: Side, level: u8, x_milli: i32) -> Fish {
    Fish { id, side, level, x_milli, y_milli: 30_000, course: 0 }
}

fn waters(fish: Vec<Fish>) -> Waters {
    Waters { tick: 0, next_fish_id: 100, food: 0, eaten: 0, merged: 0, best_level: 1, fish }
}

fn school(waters: &Waters) -> Vec<(u32, u8)> {
    let own = waters.fish.iter().filter(|fish| fish.side == Side::School);
    own.map(|fish| (fish.id, fish.level)).collect()
}

fn has(waters: &Waters, id: u32) -> bool {
    waters.fish.iter().any(|fish| fish.id == id)
}

const STILL: Heading = Heading { x_milli: 0, y_milli: 0 };
const EAST: Heading = Heading { x_milli: 1_000, y_milli: 0 };

/// Two touching fish, one tick later.
fn meeting(own: u8, wild: u8) -> (Waters, Outcome) {
    let before = waters(vec![fish(1, Side::School, own, 50_000), fish(2, Side::Wild, wild, 50_100)]);
    tick(&bodies(5), &before, STILL, 1)
}

#[test]
fn smaller_ones_are_eaten() {
    let (after, outcome) = meeting(3, 2);
    assert_eq!((school(&after), outcome), (vec![(1, 3)], Outcome::Swimming));
    assert_eq!((after.eaten, after.merged, after.food), (1, 0, 1));
    assert!(!has(&after, 2));
}

#[test]
fn equals_merge() {
    let (after, outcome) = meeting(3, 3);
    assert_eq!((school(&after), outcome), (vec![(1, 4)], Outcome::Swimming));
    assert_eq!((after.eaten, after.merged, after.best_level), (0, 1, 4));
    assert!(!has(&after, 2));
}

#[test]
fn larger_ones_eat() {
    let (after, outcome) = meeting(3, 4);
    assert_eq!((school(&after), outcome), (vec![], Outcome::Defeat));
    assert!(has(&after, 2), "who eats stays");
}

#[test]
fn the_top_level_wins() {
    let (after, outcome) = meeting(4, 4);
    assert_eq!((school(&after), outcome), (vec![(1, 5)], Outcome::Victory));
}

#[test]
fn equals_of_the_school_merge_one_pair_after_the_other() {
    let own = (1..=4).map(|id| fish(id, Side::School, 1, 50_000)).collect();
    let (after, _) = tick(&bodies(5), &waters(own), STILL, 1);
    assert_eq!(school(&after), [(1, 3)], "four of level 1 are one of level 3");
    assert_eq!(after.merged, 3);
}

#[test]
fn every_third_meal_brings_a_recruit_of_its_level() {
    let before = Waters {
        food: FOOD_PER_RECRUIT - 1,
        ..waters(vec![fish(1, Side::School, 4, 50_000), fish(2, Side::Wild, 2, 50_100)])
    };
    let (after, _) = tick(&bodies(6), &before, STILL, 1);
    let own = school(&after);
    assert_eq!((own[0], own[1].1, after.food), ((1, 4), 2, 0));
    assert!(own[1].0 >= 100, "an id that was never used");
}

#[test]
fn a_full_school_keeps_its_food() {
    let levels = 12;
    let mut all: Vec<_> = (0..SCHOOL_MAX)
        .map(|number| fish(number as u32, Side::School, 2 + number as u8 % 4, 6_000 * number as i32))
        .collect();
    all.push(fish(90, Side::Wild, 1, 100));
    let (after, _) = tick(&bodies(levels), &Waters { food: 2, ..waters(all) }, STILL, 1);
    assert_eq!((after.eaten, after.food), (1, FOOD_PER_RECRUIT));
    assert_eq!(school(&after).len(), SCHOOL_MAX);
}

#[test]
fn the_school_goes_where_it_is_steered_and_stays_inside() {
    let before = waters(vec![fish(1, Side::School, 2, 50_000), fish(2, Side::School, 1, 40_000)]);
    let (after, _) = tick(&bodies(5), &before, EAST, 1);
    let places: Vec<_> = after.fish.iter().take(2).map(|fish| fish.x_milli).collect();
    assert_eq!(places, [50_700, 40_700], "the leader steered, the other behind it");
    let edge = waters(vec![fish(1, Side::School, 2, WIDTH_MILLI)]);
    let (after, _) = tick(&bodies(5), &edge, EAST, 1);
    assert_eq!(after.fish[0].x_milli, WIDTH_MILLI);
}

#[test]
fn wild_fish_that_leave_are_gone_and_others_come() {
    let before = waters(vec![fish(1, Side::School, 2, 10_000), fish(2, Side::Wild, 2, WIDTH_MILLI)]);
    let (after, _) = tick(&bodies(5), &before, STILL, 3);
    assert!(!has(&after, 2));
    assert!(after.fish.len() > 1, "newcomers");
}

#[test]
fn time_ends_a_run() {
    let before = Waters { tick: RUN_TICKS_MAX - 1, ..waters(vec![fish(1, Side::School, 1, 50_000)]) };
    assert_eq!(tick(&bodies(5), &before, STILL, 1).1, Outcome::Defeat);
    let before = Waters { tick: u32::MAX, ..before };
    assert_eq!(tick(&bodies(5), &before, STILL, 1).1, Outcome::Defeat);
}

/// Steers to the nearest fish that the leader can eat or merge with, and away from larger ones.
fn clever(waters: &Waters) -> Heading {
    let leader = waters.fish.iter().filter(|fish| fish.side == Side::School).max_by_key(|fish| fish.level).unwrap();
    let wild = waters.fish.iter().filter(|fish| fish.side == Side::Wild);
    let way = |fish: &Fish| (fish.x_milli - leader.x_milli, fish.y_milli - leader.y_milli);
    let far = |fish: &&Fish| i64::from(way(fish).0).pow(2) + i64::from(way(fish).1).pow(2);
    let (larger, food): (Vec<&Fish>, Vec<&Fish>) = wild.partition(|fish| fish.level > leader.level);
    let danger = larger.into_iter().min_by_key(far).filter(|fish| far(fish) < 8_000_i64.pow(2));
    let (x, y) = match (danger, food.into_iter().min_by_key(far)) {
        (Some(danger), _) => (-way(danger).0, -way(danger).1),
        (None, Some(food)) => way(food),
        (None, None) => (0, 0),
    };
    let longest = x.abs().max(y.abs()).max(1);
    Heading { x_milli: x * 1_000 / longest, y_milli: y * 1_000 / longest }
}

fn play(bodies: &[Body], seed: u64, steer: impl Fn(&Waters) -> Heading) -> (Waters, Outcome) {
    let mut now = first_waters(bodies, seed);
    loop {
        let (next, outcome) = tick(bodies, &now, steer(&now), seed);
        if outcome != Outcome::Swimming {
            return (next, outcome);
        }
        now = next;
    }
}

#[test]
fn a_run_can_be_won_and_lost() {
    for levels in [3, 8, 12] {
        let won = (0..20).filter(|seed| play(&bodies(levels), *seed, clever).1 == Outcome::Victory).count();
        assert!(won >= 5, "{levels} levels: a clever player wins {won} of 20");
    }
    let lost = (0..20).filter(|seed| play(&bodies(8), *seed, |_| STILL).1 == Outcome::Defeat).count();
    assert!(lost >= 15, "who does nothing loses {lost} of 20");
}

/// What holds of the waters after any tick.
fn check_waters(bodies: &[Body], waters: &Waters) -> Result<(), TestCaseError> {
    let count = |side| waters.fish.iter().filter(|fish| fish.side == side).count();
    prop_assert!(count(Side::School) <= SCHOOL_MAX);
    prop_assert!(count(Side::Wild) <= WILD_MAX);
    prop_assert!(waters.fish.len() <= FISH_MAX);
    let ids: HashSet<_> = waters.fish.iter().map(|fish| fish.id).collect();
    prop_assert_eq!(ids.len(), waters.fish.len(), "ids are unique");
    for fish in &waters.fish {
        prop_assert!((0..=WIDTH_MILLI).contains(&fish.x_milli) && (0..=HEIGHT_MILLI).contains(&fish.y_milli));
        prop_assert!((1..=bodies.len()).contains(&usize::from(fish.level)));
        prop_assert!(fish.id < waters.next_fish_id);
        prop_assert!(usize::from(fish.course) < COURSES.len());
    }
    prop_assert!(waters.food <= FOOD_PER_RECRUIT);
    prop_assert!((1..=bodies.len()).contains(&usize::from(waters.best_level)));
    Ok(())
}

fn any_heading() -> impl Strategy<Value = Heading> {
    let free = (any::<i32>(), any::<i32>());
    let fair = (-1_000..=1_000, -1_000..=1_000);
    prop_oneof![fair, free].prop_map(|(x_milli, y_milli)| Heading { x_milli, y_milli })
}

fn any_bodies() -> impl Strategy<Value = Vec<Body>> {
    let sizes = prop::collection::vec(
        (SIZE_MILLI_MIN..=SIZE_MILLI_MAX, SPEED_MILLI_MIN..=SPEED_MILLI_MAX),
        LEVELS_MIN..=LEVELS_MAX,
    );
    sizes.prop_map(|mut all| {
        all.sort();
        all.into_iter().map(|(size_milli, speed_milli)| Body { size_milli, speed_milli }).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_is_steered_the_waters_stay_sound_and_repeat(
        bodies in any_bodies(),
        seed in any::<u64>(),
        headings in prop::collection::vec(any_heading(), 1..300),
    ) {
        let mut now = first_waters(&bodies, seed);
        prop_assert_eq!(&now, &first_waters(&bodies, seed));
        check_waters(&bodies, &now)?;
        for heading in headings {
            let (next, outcome) = tick(&bodies, &now, heading, seed);
            prop_assert_eq!(&tick(&bodies, &now, heading, seed), &(next.clone(), outcome));
            check_waters(&bodies, &next)?;
            prop_assert_eq!(next.tick, now.tick + 1);
            prop_assert!(next.eaten >= now.eaten && next.merged >= now.merged && next.best_level >= now.best_level);
            let is_alive = next.fish.iter().any(|fish| fish.side == Side::School);
            match outcome {
                Outcome::Victory => prop_assert_eq!(usize::from(next.best_level), bodies.len()),
                Outcome::Defeat => prop_assert!(!is_alive || next.tick >= RUN_TICKS_MAX),
                Outcome::Swimming => prop_assert!(is_alive && usize::from(next.best_level) < bodies.len()),
            }
            if outcome != Outcome::Swimming {
                break;
            }
            now = next;
        }
    }

    #[test]
    fn no_sequence_of_steps_wakes_a_run_that_is_over(asked in prop::collection::vec(0..RunStatus::ALL.len(), 0..40)) {
        let mut status = RunStatus::Running;
        for to in asked.into_iter().map(|index| RunStatus::ALL[index]) {
            let was_over = status.is_over();
            if let Ok(Step::Moved) = transition_run(status, to) {
                prop_assert!(!was_over);
                status = to;
            }
        }
    }

    #[test]
    fn the_next_tick_is_always_ahead_and_at_most_one_tick_away(due in 0..i64::MAX / 2, late in 0..i64::MAX / 4) {
        let now = due + late;
        let next = next_due(due, now);
        prop_assert!(next > now && next <= now + TICK_MICROS);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// The player holds on to anything for as long as it takes.
    #[test]
    fn a_run_that_goes_on_ends(seed in any::<u64>(), heading in any_heading(), levels in LEVELS_MIN..=LEVELS_MAX) {
        let (last, outcome) = play(&bodies(levels), seed, |_| heading);
        prop_assert_ne!(outcome, Outcome::Swimming);
        prop_assert!(last.tick <= RUN_TICKS_MAX);
    }
}
