//! Directions: the player's free heading, and the sixteen courses of wild fish.

use module_rules::RuleError;

const UNIT_MILLI: i32 = 1_000;
const RULE: &str = "use -1000 to 1000 in each direction";

/// Where the player steers: a vector of at most one unit, in milli-units. Zero is to stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heading {
    /// To the right.
    pub x_milli: i32,
    /// Downwards.
    pub y_milli: i32,
}

/// The courses that a wild fish can take: unit vectors all around, in milli-units.
pub const COURSES: [Heading; 16] = [
    course(1_000, 0),
    course(924, 383),
    course(707, 707),
    course(383, 924),
    course(0, 1_000),
    course(-383, 924),
    course(-707, 707),
    course(-924, 383),
    course(-1_000, 0),
    course(-924, -383),
    course(-707, -707),
    course(-383, -924),
    course(0, -1_000),
    course(383, -924),
    course(707, -707),
    course(924, -383),
];

const fn course(x_milli: i32, y_milli: i32) -> Heading {
    Heading { x_milli, y_milli }
}

impl Heading {
    /// Errors: `Malformed` if a component is out of range.
    pub fn check(self) -> Result<(), RuleError> {
        let range = -UNIT_MILLI..=UNIT_MILLI;
        match range.contains(&self.x_milli) && range.contains(&self.y_milli) {
            true => Ok(()),
            false => Err(RuleError::Malformed { field: "heading", rule: RULE }),
        }
    }

    /// The way in one tick at `speed_milli`, never longer than that, whatever the components.
    pub(crate) fn way(self, speed_milli: i64) -> (i64, i64) {
        way_along(i64::from(self.x_milli), i64::from(self.y_milli), speed_milli, i64::from(UNIT_MILLI))
    }

    /// The course that leads best along (`x`, `y`); course 0 if that is nowhere.
    pub(crate) fn course_along(x: i64, y: i64) -> u8 {
        let towards = |heading: &Heading| i64::from(heading.x_milli) * x + i64::from(heading.y_milli) * y;
        let mut best = 0;
        for (index, heading) in COURSES.iter().enumerate() {
            if towards(heading) > towards(&COURSES[best]) {
                best = index;
            }
        }
        best as u8
    }
}

/// The way of one tick along a vector, at full speed where the vector is at least `full` long.
pub(crate) fn way_along(x: i64, y: i64, speed: i64, full: i64) -> (i64, i64) {
    let length = (x * x + y * y).isqrt().max(full).max(1);
    (x * speed / length, y * speed / length)
}

/// The course that `turns` sixteenths of a circle lead to from `course`.
pub(crate) fn turned(course: u8, turns: i8) -> u8 {
    course.wrapping_add_signed(turns) % COURSES.len() as u8
}

/// The way of one tick on a course.
pub(crate) fn way_on(course: u8, speed_milli: i64) -> (i64, i64) {
    COURSES[usize::from(course) % COURSES.len()].way(speed_milli)
}

#[cfg(test)]
mod tests {
    //! Speeds along every heading, and courses.

    use super::*;

    #[test]
    fn no_heading_is_faster_than_the_speed() {
        for x_milli in [-1_000, -707, 0, 1, 999, 1_000] {
            for y_milli in [-1_000, -1, 0, 707, 1_000] {
                let (x, y) = Heading { x_milli, y_milli }.way(300);
                assert!(x * x + y * y <= 300 * 300, "{x_milli} {y_milli}: {x} {y}");
            }
        }
        assert_eq!(Heading { x_milli: 500, y_milli: 0 }.way(300), (150, 0), "half the speed");
        assert_eq!(Heading::default().way(300), (0, 0));
    }

    #[test]
    fn courses_lead_where_they_are_sent() {
        assert_eq!(Heading::course_along(5, 0), 0);
        assert_eq!(Heading::course_along(0, 5), 4);
        assert_eq!(Heading::course_along(-9, -9), 10);
        assert_eq!(Heading::course_along(0, 0), 0);
        assert_eq!((turned(15, 2), turned(1, -2), turned(3, 0)), (1, 15, 3));
    }

    #[test]
    fn a_heading_out_of_range_is_refused() {
        for extreme in [i32::MIN, -1_001, 1_001, i32::MAX] {
            assert!(Heading { x_milli: extreme, y_milli: 0 }.check().is_err());
            assert!(Heading { x_milli: 0, y_milli: extreme }.check().is_err());
        }
        assert_eq!(Heading { x_milli: -1_000, y_milli: 1_000 }.check(), Ok(()));
    }
}
