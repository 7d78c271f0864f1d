//! What an entry of a world may look like, each entry by itself.
//!
//! Whether the keys that an entry names exist is another question, which compiling a world asks.
//! The bounds of combat numbers, of levels and of experience are those of the rules that use them.

mod fights;
mod items;
mod people;
mod quests;
mod rule;

pub use fights::*;
pub use items::*;
pub use people::*;
pub use quests::*;

use module_rules::{RuleError, TextRule, check_limit, check_same};

use crate::ENTRIES_PER_WORLD_MAX;
use rule::text_key;

/// Longest key of an entry, in bytes.
pub const ENTRY_KEY_LENGTH_MAX: usize = 64;
/// The key of the one setting that a world has.
pub const SETTING_KEY: &str = "setting";

// A draft that keeps the limit of each kind keeps the limit of all kinds, too.
const _: () = assert!(count_max_of_all_kinds() <= ENTRIES_PER_WORLD_MAX as u64);

const KEY: TextRule = text_key!("key", ENTRY_KEY_LENGTH_MAX);

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// Title, premise and tags.
    Setting,
    /// A chapter of the story.
    Chapter,
    /// Somebody to talk to.
    Character,
    /// Somebody to fight.
    Enemy,
    /// Something to carry.
    Item,
    /// Something to do.
    Quest,
    /// Something to open.
    Treasure,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [EntryKind; 7] = [
        EntryKind::Setting,
        EntryKind::Chapter,
        EntryKind::Character,
        EntryKind::Enemy,
        EntryKind::Item,
        EntryKind::Quest,
        EntryKind::Treasure,
    ];

    /// The kind's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            EntryKind::Setting => "setting",
            EntryKind::Chapter => "chapter",
            EntryKind::Character => "character",
            EntryKind::Enemy => "enemy",
            EntryKind::Item => "item",
            EntryKind::Quest => "quest",
            EntryKind::Treasure => "treasure",
        }
    }

    /// Most entries of this kind in one world.
    pub const fn count_max(self) -> u64 {
        match self {
            EntryKind::Setting => 1,
            EntryKind::Chapter => CHAPTERS_MAX,
            EntryKind::Character | EntryKind::Enemy | EntryKind::Quest | EntryKind::Treasure => 80,
            EntryKind::Item => 120,
        }
    }
}

/// One entry, to be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// See [`EntryKind::Setting`].
    Setting(Setting<'a>),
    /// See [`EntryKind::Chapter`].
    Chapter(Chapter<'a>),
    /// See [`EntryKind::Character`].
    Character(Character<'a>),
    /// See [`EntryKind::Enemy`].
    Enemy(Enemy<'a>),
    /// See [`EntryKind::Item`].
    Item(Item<'a>),
    /// See [`EntryKind::Quest`].
    Quest(Quest<'a>),
    /// See [`EntryKind::Treasure`].
    Treasure(Treasure<'a>),
}

impl Entry<'_> {
    /// The kind of this entry.
    pub const fn kind(&self) -> EntryKind {
        match self {
            Entry::Setting(_) => EntryKind::Setting,
            Entry::Chapter(_) => EntryKind::Chapter,
            Entry::Character(_) => EntryKind::Character,
            Entry::Enemy(_) => EntryKind::Enemy,
            Entry::Item(_) => EntryKind::Item,
            Entry::Quest(_) => EntryKind::Quest,
            Entry::Treasure(_) => EntryKind::Treasure,
        }
    }

    /// Checks the key and everything in the entry: each text, each number, each list, and each
    /// key that it names, by its syntax.
    ///
    /// Errors: `AboveLimit` or `Malformed`, naming the field; `Differs` if a setting has another
    /// key than [`SETTING_KEY`].
    pub fn check(&self, key: &str) -> Result<(), RuleError> {
        check_entry_key(key)?;
        match self {
            Entry::Setting(setting) => {
                check_same("The key of a setting", SETTING_KEY, key)?;
                setting.check()
            }
            Entry::Chapter(chapter) => chapter.check(),
            Entry::Character(character) => character.check(key),
            Entry::Enemy(enemy) => enemy.check(),
            Entry::Item(item) => item.check(),
            Entry::Quest(quest) => quest.check(key),
            Entry::Treasure(treasure) => treasure.check(),
        }
    }
}

/// Checks the key of an entry, by itself.
///
/// Errors: `AboveLimit` or `Malformed`.
pub fn check_entry_key(key: &str) -> Result<(), RuleError> {
    KEY.check(key)
}

/// Errors: `AboveLimit` if a world with `present` entries of this kind may not have another.
pub fn check_entry_count(kind: EntryKind, present: u64) -> Result<(), RuleError> {
    let what = match kind {
        EntryKind::Setting => "The number of a world's settings",
        EntryKind::Chapter => "The number of a world's chapters",
        EntryKind::Character => "The number of a world's characters",
        EntryKind::Enemy => "The number of a world's enemies",
        EntryKind::Item => "The number of a world's items",
        EntryKind::Quest => "The number of a world's quests",
        EntryKind::Treasure => "The number of a world's treasures",
    };
    check_limit(what, kind.count_max(), present.saturating_add(1))
}

const fn count_max_of_all_kinds() -> u64 {
    let (mut total, mut at) = (0, 0);
    while at < EntryKind::ALL.len() {
        total += EntryKind::ALL[at].count_max();
        at += 1;
    }
    total
}
