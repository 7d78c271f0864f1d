//! Setting, chapters and characters.

use module_progression::LEVEL_MAX;
use module_rules::{RuleError, TextRule};

use super::ENTRY_KEY_LENGTH_MAX;
use super::rule::{ListRule, NumberRule, check_affinity, list, number, text_key, text_prose};

/// Longest name of a character, enemy, item, treasure or skill, in bytes.
pub const NAME_LENGTH_MAX: usize = 120;
/// Longest title of a world, chapter or quest, in bytes.
pub const TITLE_LENGTH_MAX: usize = 120;
/// Longest line below a world's title, in bytes.
pub const TAGLINE_LENGTH_MAX: usize = 240;
/// Longest description, summary or opening, in bytes.
pub const DESCRIPTION_LENGTH_MAX: usize = 8_000;
/// Longest greeting of a character, in bytes.
pub const GREETING_LENGTH_MAX: usize = 2_000;
/// Longest tag, in bytes.
pub const TAG_LENGTH_MAX: usize = 48;
/// Most tags of a world.
pub const TAGS_MAX: u64 = 10;
/// Most chapters of a world, hence the highest order.
pub const CHAPTERS_MAX: u64 = 50;
/// Most characters that one character has a relation to.
pub const RELATIONS_MAX: u64 = 50;

pub(super) const NAME: TextRule = text_prose!("name", NAME_LENGTH_MAX);
pub(super) const TITLE: TextRule = text_prose!("title", TITLE_LENGTH_MAX);
pub(super) const DESCRIPTION: TextRule = text_prose!("description", DESCRIPTION_LENGTH_MAX);
const TAGLINE: TextRule = text_prose!("tagline", TAGLINE_LENGTH_MAX);
const SUMMARY: TextRule = text_prose!("summary", DESCRIPTION_LENGTH_MAX);
const OPENING: TextRule = text_prose!("opening", DESCRIPTION_LENGTH_MAX);
const GREETING: TextRule = text_prose!("greeting", GREETING_LENGTH_MAX);
const TAG: TextRule = TextRule {
    field: "tags",
    length: "The length of a tag in bytes",
    length_max: TAG_LENGTH_MAX,
    rule: "use lower-case words with single blanks between them",
    accepts: is_tag,
};
const TAGS: ListRule = list!("tags", TAGS_MAX);
const ORDER: NumberRule = number!("order", 1..=CHAPTERS_MAX);
const REQUIRED_LEVEL: NumberRule = number!("required_level", 1..=LEVEL_MAX as u64);
const RELATIONS: ListRule = list!("relations", RELATIONS_MAX);
const CHARACTER_KEY: TextRule = text_key!("character_key", ENTRY_KEY_LENGTH_MAX);

/// Title, premise and tags of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting<'a> {
    /// The title.
    pub title: &'a str,
    /// One line below it; may be empty.
    pub tagline: &'a str,
    /// What the world is like.
    pub description: &'a str,
    /// For the gallery's search, each at most once.
    pub tags: &'a [String],
}

/// A chapter of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chapter<'a> {
    /// Position among the chapters, from 1.
    pub order: u32,
    /// Its heading.
    pub title: &'a str,
    /// What it is about; may be empty.
    pub summary: &'a str,
    /// What the player reads on entering it.
    pub opening: &'a str,
    /// The player's level that it asks for, from 1.
    pub required_level: u32,
}

/// Somebody to talk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Character<'a> {
    /// The name.
    pub name: &'a str,
    /// Who this is.
    pub description: &'a str,
    /// The first words to a player; may be empty.
    pub greeting: &'a str,
    /// -100 to 100.
    pub initial_affinity: i32,
    /// How this one stands to others, each at most once.
    pub relations: Vec<Relation<'a>>,
}

/// How one character stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation<'a> {
    /// Key of the other one.
    pub character_key: &'a str,
    /// -100 to 100.
    pub affinity: i32,
}

impl Setting<'_> {
    pub(super) fn check(&self) -> Result<(), RuleError> {
        TITLE.check(self.title)?;
        TAGLINE.check_optional(self.tagline)?;
        DESCRIPTION.check(self.description)?;
        TAGS.check(self.tags)?;
        self.tags.iter().try_for_each(|tag| TAG.check(tag))?;
        TAGS.check_distinct(self.tags)
    }
}

impl Chapter<'_> {
    pub(super) fn check(&self) -> Result<(), RuleError> {
        ORDER.check(self.order)?;
        TITLE.check(self.title)?;
        SUMMARY.check_optional(self.summary)?;
        OPENING.check(self.opening)?;
        REQUIRED_LEVEL.check(self.required_level)
    }
}

impl Character<'_> {
    pub(super) fn check(&self, own_key: &str) -> Result<(), RuleError> {
        NAME.check(self.name)?;
        DESCRIPTION.check(self.description)?;
        GREETING.check_optional(self.greeting)?;
        check_affinity("initial_affinity", self.initial_affinity)?;
        RELATIONS.check(&self.relations)?;
        for relation in &self.relations {
            CHARACTER_KEY.check(relation.character_key)?;
            check_affinity("affinity", relation.affinity)?;
            if relation.character_key == own_key {
                return Err(RuleError::Malformed { field: "relations", rule: "name other characters only" });
            }
        }
        let others: Vec<_> = self.relations.iter().map(|relation| relation.character_key).collect();
        RELATIONS.check_distinct(&others)
    }
}

/// Checks a tag that somebody searches for.
///
/// Errors: `AboveLimit` or `Malformed`.
pub fn check_tag(tag: &str) -> Result<(), RuleError> {
    TextRule { field: "tag", ..TAG }.check(tag)
}

/// One spelling for each tag, or a search would miss half of them.
fn is_tag(text: &str) -> bool {
    let has_single_blanks = text.split(' ').all(|word| !word.is_empty());
    let is_plain = text.chars().all(|letter| !letter.is_control() && (letter == ' ' || !letter.is_whitespace()));
    has_single_blanks && is_plain && text == text.to_lowercase()
}
