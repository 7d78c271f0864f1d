//! The waters of a run: what swims in them, and where. Lengths are milli-units.

/// Width of the waters.
pub const WIDTH_MILLI: i32 = 100_000;
/// Height of the waters.
pub const HEIGHT_MILLI: i32 = 60_000;
/// Most fish of the player's school.
pub const SCHOOL_MAX: usize = 16;
/// Most wild fish.
pub const WILD_MAX: usize = 40;
/// Most fish altogether, which bounds the row that every tick writes.
pub const FISH_MAX: usize = SCHOOL_MAX + WILD_MAX;
/// Fish eaten for each new one in the school.
pub const FOOD_PER_RECRUIT: u32 = 3;
/// Ticks after which a run that is not won is lost: ten minutes of play.
pub const RUN_TICKS_MAX: u32 = 6_000;

/// Whose fish it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The player's.
    School,
    /// Nobody's.
    Wild,
}

/// One fish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fish {
    /// Unique within the run, never used again.
    pub id: u32,
    /// Whose it is.
    pub side: Side,
    /// Level on the ladder, from 1.
    pub level: u8,
    /// From the left edge.
    pub x_milli: i32,
    /// From the upper edge.
    pub y_milli: i32,
    /// Course of a wild fish, in sixteenths of a circle.
    pub course: u8,
}

/// What a level is to the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    /// Radius.
    pub size_milli: u32,
    /// Speed a tick.
    pub speed_milli: u32,
}

/// A run's whole state at one tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waters {
    /// Ticks since the start.
    pub tick: u32,
    /// Id of the next fish.
    pub next_fish_id: u32,
    /// Fish eaten since the last recruit.
    pub food: u32,
    /// Fish eaten since the start.
    pub eaten: u32,
    /// Mergers since the start.
    pub merged: u32,
    /// Highest level that the school has reached.
    pub best_level: u8,
    /// Everything that swims, the school first.
    pub fish: Vec<Fish>,
}

impl Fish {
    /// The way from this fish to another.
    pub(crate) fn way_to(&self, other: &Fish) -> (i64, i64) {
        (i64::from(other.x_milli) - i64::from(self.x_milli), i64::from(other.y_milli) - i64::from(self.y_milli))
    }

    /// Whether another fish is at most `reach` away.
    pub(crate) fn is_within(&self, other: &Fish, reach: i64) -> bool {
        let (x, y) = self.way_to(other);
        x * x + y * y <= reach * reach
    }

    /// Moves along; where that leads may be outside.
    pub(crate) fn swim(&mut self, (x, y): (i64, i64)) {
        self.x_milli = (i64::from(self.x_milli) + x) as i32;
        self.y_milli = (i64::from(self.y_milli) + y) as i32;
    }

    pub(crate) fn is_inside(&self) -> bool {
        (0..=WIDTH_MILLI).contains(&self.x_milli) && (0..=HEIGHT_MILLI).contains(&self.y_milli)
    }

    pub(crate) fn stay_inside(&mut self) {
        self.x_milli = self.x_milli.clamp(0, WIDTH_MILLI);
        self.y_milli = self.y_milli.clamp(0, HEIGHT_MILLI);
    }
}

/// The bodies of a ladder's levels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bodies<'a>(pub &'a [Body]);

impl Bodies<'_> {
    /// The level that wins.
    pub(crate) fn top(self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX).max(1)
    }

    fn of(self, level: u8) -> Body {
        let nobody = Body { size_milli: 1, speed_milli: 1 };
        self.0.get(usize::from(level).saturating_sub(1)).copied().unwrap_or(nobody)
    }

    pub(crate) fn size(self, fish: &Fish) -> i64 {
        i64::from(self.of(fish.level).size_milli)
    }

    pub(crate) fn speed(self, fish: &Fish) -> i64 {
        i64::from(self.of(fish.level).speed_milli)
    }

    pub(crate) fn touch(self, one: &Fish, other: &Fish) -> bool {
        one.is_within(other, self.size(one) + self.size(other))
    }
}
