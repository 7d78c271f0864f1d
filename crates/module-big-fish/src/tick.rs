//! One tick of a run: everybody swims, whoever meets eats or merges, and new fish come.
//!
//! The result depends on the bodies, the waters, the heading and the seed, and on nothing else.

use std::cmp::Ordering;

use crate::heading::{turned, way_along, way_on};
use crate::random::Random;
use crate::waters::Bodies;
use crate::{
    Body, FOOD_PER_RECRUIT, Fish, HEIGHT_MILLI, Heading, RUN_TICKS_MAX, SCHOOL_MAX, Side, WIDTH_MILLI, WILD_MAX, Waters,
};

/// Wild fish hunt what is smaller and not farther than this, in milli-units.
const SIGHT_MILLI: i64 = 12_000;
/// No wild fish appears nearer to the school than this, in milli-units.
const SAFE_MILLI: i64 = 15_000;
/// Most fish that appear in one tick.
const ARRIVALS_PER_TICK_MAX: usize = 2;

/// What a tick came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The run goes on.
    Swimming,
    /// A fish of the school has reached the top level.
    Victory,
    /// The school is eaten, or time is over.
    Defeat,
}

/// The waters in which a run begins: one small fish in the middle, and wild fish farther out.
pub fn first_waters(bodies: &[Body], seed: u64) -> Waters {
    let bodies = Bodies(bodies);
    let mut random = Random::of_tick(seed, 0);
    let (x_milli, y_milli) = (WIDTH_MILLI / 2, HEIGHT_MILLI / 2);
    let first = Fish { id: 1, side: Side::School, level: 1, x_milli, y_milli, course: 0 };
    let mut waters =
        Waters { tick: 0, next_fish_id: 2, food: 0, eaten: 0, merged: 0, best_level: 1, fish: vec![first] };
    let mut wild = Vec::new();
    for _ in 0..WILD_MAX {
        let x_milli = random.below(WIDTH_MILLI as u32 + 1) as i32;
        let y_milli = random.below(HEIGHT_MILLI as u32 + 1) as i32;
        let course = random.below(16) as u8;
        let newcomer = Fish { id: 0, side: Side::Wild, level: 1, x_milli, y_milli, course };
        admit(&mut waters, bodies, &[first], &mut wild, newcomer, &mut random);
    }
    waters.fish.append(&mut wild);
    waters
}

/// The waters one tick later, and what that means for the run.
///
/// The heading counts for at most the leader's full speed, whatever its components.
pub fn tick(bodies: &[Body], waters: &Waters, heading: Heading, seed: u64) -> (Waters, Outcome) {
    let bodies = Bodies(bodies);
    let mut next = Waters { tick: waters.tick.saturating_add(1), fish: Vec::new(), ..*waters };
    let mut random = Random::of_tick(seed, next.tick);
    let (mut school, mut wild): (Vec<Fish>, Vec<Fish>) = waters.fish.iter().partition(|fish| fish.side == Side::School);

    swim_school(&mut school, bodies, heading);
    swim_wild(&mut wild, &school, bodies, &mut random);
    let school = meet(&mut next, school, &mut wild, bodies);
    let school = merge_equals(&mut next, school, bodies);
    for _ in 0..ARRIVALS_PER_TICK_MAX {
        let newcomer = at_edge(&mut random);
        admit(&mut next, bodies, &school, &mut wild, newcomer, &mut random);
    }

    let highest = school.iter().map(|fish| fish.level).max().unwrap_or(0);
    next.best_level = next.best_level.max(highest);
    let outcome = match highest {
        level if level >= bodies.top() => Outcome::Victory,
        0 => Outcome::Defeat,
        _ if next.tick >= RUN_TICKS_MAX => Outcome::Defeat,
        _ => Outcome::Swimming,
    };
    next.fish = school;
    next.fish.append(&mut wild);
    (next, outcome)
}

/// The fish that the others follow: of the highest level, and of those the oldest.
fn leader_of(school: &[Fish]) -> Option<Fish> {
    school.iter().copied().max_by(|one, other| one.level.cmp(&other.level).then(other.id.cmp(&one.id)))
}

/// The leader goes where the player steers, the others go after it.
fn swim_school(school: &mut [Fish], bodies: Bodies<'_>, heading: Heading) {
    let Some(mut leader) = leader_of(school) else {
        return;
    };
    let speed = bodies.speed(&leader);
    leader.swim(heading.way(speed));
    leader.stay_inside();
    for fish in school {
        if fish.id == leader.id {
            *fish = leader;
        } else if !fish.is_within(&leader, bodies.size(&leader)) {
            let (x, y) = fish.way_to(&leader);
            // Slow species still keep up with a fast leader: a school does not tear.
            let speed = bodies.speed(fish).max(speed);
            fish.swim(way_along(x, y, speed, 1));
            fish.stay_inside();
        }
    }
}

/// Wild fish wander, hunt what is smaller, and are gone once they leave the waters.
fn swim_wild(wild: &mut Vec<Fish>, school: &[Fish], bodies: Bodies<'_>, random: &mut Random) {
    for fish in wild.iter_mut() {
        let prey = nearest_prey(fish, school);
        match prey {
            Some(prey) if random.below(4) != 0 => {
                let (x, y) = fish.way_to(prey);
                fish.course = Heading::course_along(x, y);
            }
            _ if random.below(8) == 0 => fish.course = turned(fish.course, random.below(5) as i8 - 2),
            _ => {}
        }
        // A quarter slower than the same species in the school, so that one can get away.
        fish.swim(way_on(fish.course, bodies.speed(fish) * 3 / 4));
    }
    wild.retain(Fish::is_inside);
}

fn nearest_prey<'a>(hunter: &Fish, school: &'a [Fish]) -> Option<&'a Fish> {
    let in_sight = school.iter().filter(|fish| fish.level < hunter.level && hunter.is_within(fish, SIGHT_MILLI));
    in_sight.min_by_key(|fish| {
        let (x, y) = hunter.way_to(fish);
        (x * x + y * y, fish.id)
    })
}

/// Whoever of the school touches a wild fish eats it, merges with it, or is eaten.
fn meet(waters: &mut Waters, school: Vec<Fish>, wild: &mut Vec<Fish>, bodies: Bodies<'_>) -> Vec<Fish> {
    let mut recruits = Vec::new();
    let mut survivors = Vec::with_capacity(school.len());
    let mut room = SCHOOL_MAX.saturating_sub(school.len());
    for mut fish in school {
        let mut is_alive = true;
        wild.retain(|other| {
            if !is_alive || !bodies.touch(&fish, other) {
                return true;
            }
            match other.level.cmp(&fish.level) {
                Ordering::Greater => is_alive = false,
                Ordering::Equal => {
                    fish.level = fish.level.saturating_add(1).min(bodies.top());
                    waters.merged = waters.merged.saturating_add(1);
                }
                Ordering::Less => {
                    waters.eaten = waters.eaten.saturating_add(1);
                    // With no room in the school the food waits, and no more is gathered.
                    waters.food = waters.food.saturating_add(1).min(FOOD_PER_RECRUIT);
                    if waters.food >= FOOD_PER_RECRUIT && room > 0 {
                        room -= 1;
                        waters.food = 0;
                        recruits.push(Fish { level: other.level, ..fish });
                    }
                }
            }
            // Who eats somebody of the school stays; who is eaten or merges is gone.
            !is_alive
        });
        if is_alive {
            survivors.push(fish);
        }
    }
    for recruit in recruits {
        survivors.push(Fish { id: take_id(waters), ..recruit });
    }
    survivors
}

/// Fish of the school that touch and are equal merge, as long as there are such.
fn merge_equals(waters: &mut Waters, mut school: Vec<Fish>, bodies: Bodies<'_>) -> Vec<Fish> {
    while let Some((kept, gone)) = first_equals(&school, bodies) {
        school[kept].level = school[kept].level.saturating_add(1).min(bodies.top());
        school.remove(gone);
        waters.merged = waters.merged.saturating_add(1);
    }
    school
}

/// The first two equals that touch, by their places in the school, the lower one first.
fn first_equals(school: &[Fish], bodies: Bodies<'_>) -> Option<(usize, usize)> {
    for (second, other) in school.iter().enumerate() {
        let mut before = school[..second].iter();
        let first = before.position(|fish| fish.level == other.level && bodies.touch(fish, other));
        if let Some(first) = first {
            return Some((first, second));
        }
    }
    None
}

/// A wild fish at a place on the edge, on a course into the waters.
fn at_edge(random: &mut Random) -> Fish {
    let (width, height) = (WIDTH_MILLI as u32, HEIGHT_MILLI as u32);
    let (x_milli, y_milli) = match random.below(4) {
        0 => (0, random.below(height + 1) as i32),
        1 => (WIDTH_MILLI, random.below(height + 1) as i32),
        2 => (random.below(width + 1) as i32, 0),
        _ => (random.below(width + 1) as i32, HEIGHT_MILLI),
    };
    let inwards = (i64::from(WIDTH_MILLI / 2 - x_milli), i64::from(HEIGHT_MILLI / 2 - y_milli));
    let course = turned(Heading::course_along(inwards.0, inwards.1), random.below(5) as i8 - 2);
    Fish { id: 0, side: Side::Wild, level: 1, x_milli, y_milli, course }
}

/// Lets a newcomer in, if there is room and it is not upon the school at once. Its level is near
/// the leader's, so that there is always something to eat and something to fear.
fn admit(
    waters: &mut Waters,
    bodies: Bodies<'_>,
    school: &[Fish],
    wild: &mut Vec<Fish>,
    newcomer: Fish,
    random: &mut Random,
) {
    let Some(leader) = leader_of(school) else {
        return;
    };
    let level = match random.below(10) {
        0..=3 => leader.level,
        4..=6 => leader.level.saturating_sub(random.below(3) as u8),
        7..=8 => leader.level.saturating_add(1),
        _ => leader.level.saturating_add(2),
    };
    let newcomer = Fish { level: level.clamp(1, bodies.top()), ..newcomer };
    let safe = SAFE_MILLI + bodies.size(&newcomer);
    if wild.len() < WILD_MAX && !school.iter().any(|fish| fish.is_within(&newcomer, safe)) {
        wild.push(Fish { id: take_id(waters), ..newcomer });
    }
}

fn take_id(waters: &mut Waters) -> u32 {
    let id = waters.next_fish_id;
    waters.next_fish_id = id.saturating_add(1);
    id
}
