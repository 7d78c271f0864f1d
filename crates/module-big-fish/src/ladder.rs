//! The ladder of a game: one species per level, from the smallest to the one that wins.

use module_rules::{RuleError, TextRule, check_limit, is_lower_alphanumeric_or};

/// Fewest levels of a ladder.
pub const LEVELS_MIN: usize = 3;
/// Most levels of a ladder.
pub const LEVELS_MAX: usize = 12;
/// Longest key of a species, in bytes.
pub const SPECIES_KEY_LENGTH_MAX: usize = 32;
/// Longest name of a species, in bytes.
pub const SPECIES_NAME_LENGTH_MAX: usize = 64;
/// Longest description of a species, in bytes.
pub const LEVEL_DESCRIPTION_LENGTH_MAX: usize = 500;
/// Smallest radius of a species, in milli-units.
pub const SIZE_MILLI_MIN: u32 = 500;
/// Largest radius of a species, in milli-units.
pub const SIZE_MILLI_MAX: u32 = 6_000;
/// Lowest speed of a species, in milli-units a tick.
pub const SPEED_MILLI_MIN: u32 = 100;
/// Highest speed of a species, in milli-units a tick.
pub const SPEED_MILLI_MAX: u32 = 2_000;

const SPECIES_KEY: TextRule = TextRule {
    field: "species_key",
    length: "The length of `species_key` in bytes",
    length_max: SPECIES_KEY_LENGTH_MAX,
    rule: "use a lower-case letter, then lower-case letters, digits and underscores",
    accepts: is_species_key,
};
const NAME: TextRule = TextRule::prose("name", "The length of `name` in bytes", SPECIES_NAME_LENGTH_MAX);
const DESCRIPTION: TextRule =
    TextRule::prose("description", "The length of `description` in bytes", LEVEL_DESCRIPTION_LENGTH_MAX);

/// One level of a ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level<'a> {
    /// Key of the species, unique within the ladder; names its asset slots.
    pub species_key: &'a str,
    /// Name of the species.
    pub name: &'a str,
    /// What the species looks like and how it swims; may be empty.
    pub description: &'a str,
    /// Radius, in milli-units.
    pub size_milli: u32,
    /// Speed, in milli-units a tick.
    pub speed_milli: u32,
}

/// Checks a whole ladder, first level first.
///
/// Errors: `AboveLimit` or `Malformed`, naming the field.
pub fn check_ladder(levels: &[Level<'_>]) -> Result<(), RuleError> {
    check_limit("The number of `levels`", LEVELS_MAX as u64, levels.len() as u64)?;
    if levels.len() < LEVELS_MIN {
        return Err(RuleError::Malformed { field: "levels", rule: "use at least 3 levels" });
    }
    for (index, level) in levels.iter().enumerate() {
        level.check()?;
        let below = &levels[..index];
        if below.iter().any(|other| other.species_key == level.species_key) {
            return Err(RuleError::Malformed { field: "species_key", rule: "use each species once" });
        }
        if below.last().is_some_and(|other| other.size_milli > level.size_milli) {
            let rule = "use sizes that do not shrink from one level to the next";
            return Err(RuleError::Malformed { field: "size_milli", rule });
        }
    }
    Ok(())
}

impl Level<'_> {
    fn check(&self) -> Result<(), RuleError> {
        SPECIES_KEY.check(self.species_key)?;
        NAME.check(self.name)?;
        DESCRIPTION.check_optional(self.description)?;
        if !(SIZE_MILLI_MIN..=SIZE_MILLI_MAX).contains(&self.size_milli) {
            return Err(RuleError::Malformed { field: "size_milli", rule: "use 500 to 6000 milli-units" });
        }
        if !(SPEED_MILLI_MIN..=SPEED_MILLI_MAX).contains(&self.speed_milli) {
            return Err(RuleError::Malformed { field: "speed_milli", rule: "use 100 to 2000 milli-units a tick" });
        }
        Ok(())
    }
}

fn is_species_key(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase()) && is_lower_alphanumeric_or(text, b"_")
}
