//! Settings: a catalogue of those that every client knows, and a namespace for each client's own.

use module_rules::{RuleError, TextRule, check_limit, is_lower_alphanumeric_or};

/// Longest key, in bytes.
pub const SETTING_KEY_LENGTH_MAX: usize = 64;
/// Longest text value, in bytes.
pub const SETTING_TEXT_LENGTH_MAX: usize = 1_024;
/// Most settings that a player has stored.
pub const SETTINGS_MAX: u64 = 200;

const KEY: TextRule = TextRule::key("key", "The length of `key` in bytes", SETTING_KEY_LENGTH_MAX);
const TEXT: TextRule = TextRule::prose("value", "The length of a setting's text in bytes", SETTING_TEXT_LENGTH_MAX);

/// The value of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingValue<'a> {
    /// On or off.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(&'a str),
}

/// What a catalogued setting may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingRange {
    /// A `Bool`.
    Switch,
    /// An `Int` between both, these included.
    Number(i64, i64),
    /// A `Text` that is one of these.
    Choice(&'static [&'static str]),
    /// A `Text` that is a language tag such as `en` or `zh-hans`, in lower case.
    Language,
}

/// A setting that every client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CataloguedSetting {
    /// Its key; without a dot.
    pub key: &'static str,
    /// What it may be.
    pub range: SettingRange,
    /// What it is until the player says otherwise.
    pub default: SettingValue<'static>,
    /// What it does, and in which unit.
    pub meaning: &'static str,
    rule: &'static str,
}

const fn switch(key: &'static str, default: bool, meaning: &'static str) -> CataloguedSetting {
    let (range, default) = (SettingRange::Switch, SettingValue::Bool(default));
    CataloguedSetting { key, range, default, meaning, rule: "this setting is a Bool" }
}

const fn volume(key: &'static str, meaning: &'static str) -> CataloguedSetting {
    let (range, default) = (SettingRange::Number(0, 100), SettingValue::Int(80));
    CataloguedSetting { key, range, default, meaning, rule: "this setting is an Int from 0 to 100" }
}

/// Every catalogued setting, by key.
pub const CATALOGUE: [CataloguedSetting; 14] = [
    switch("auto_advance", false, "Whether text goes on by itself."),
    switch("auto_save", true, "Whether the client saves into the slot `auto`."),
    CataloguedSetting {
        key: "content_filter",
        range: SettingRange::Choice(&["none", "mild", "strict"]),
        default: SettingValue::Text("mild"),
        meaning: "How much generated text is softened.",
        rule: "this setting is one of the Texts none, mild and strict",
    },
    volume("effects_volume", "Loudness of effects, in percent."),
    switch("high_contrast", false, "Whether colours are far apart."),
    CataloguedSetting {
        key: "language",
        range: SettingRange::Language,
        default: SettingValue::Text("en"),
        meaning: "Language of the interface.",
        rule: "this setting is a language tag as Text, such as en or zh-hans, in lower case",
    },
    volume("music_volume", "Loudness of music, in percent."),
    switch("notify_replies", true, "Whether the player hears of replies while away."),
    switch("reduce_motion", false, "Whether things move less."),
    switch("show_hints", true, "Whether hints are shown."),
    CataloguedSetting {
        key: "text_size",
        range: SettingRange::Number(50, 300),
        default: SettingValue::Int(100),
        meaning: "Size of text, in percent.",
        rule: "this setting is an Int from 50 to 300",
    },
    CataloguedSetting {
        key: "text_speed",
        range: SettingRange::Number(0, 500),
        default: SettingValue::Int(60),
        meaning: "Letters a second while text appears; 0 shows it at once.",
        rule: "this setting is an Int from 0 to 500",
    },
    CataloguedSetting {
        key: "theme",
        range: SettingRange::Choice(&["system", "light", "dark"]),
        default: SettingValue::Text("system"),
        meaning: "Colours of the interface.",
        rule: "this setting is one of the Texts system, light and dark",
    },
    volume("voice_volume", "Loudness of voices, in percent."),
];

/// The catalogue's entry for `key`.
pub fn catalogued(key: &str) -> Option<&'static CataloguedSetting> {
    CATALOGUE.iter().find(|setting| setting.key == key)
}

/// Errors: `AboveLimit`; `Malformed` unless the key is catalogued or has a namespace.
pub fn check_setting_key(key: &str) -> Result<(), RuleError> {
    KEY.check(key)?;
    let is_namespaced = key.split_once('.').is_some_and(|(_, rest)| !rest.is_empty());
    if is_namespaced || catalogued(key).is_some() {
        return Ok(());
    }
    let rule = "use a key of the catalogue, or one with a namespace of your own and a dot, such as mygame.hud";
    Err(RuleError::Malformed { field: "key", rule })
}

/// Checks a setting: a catalogued one against its range, any other for its length alone.
///
/// Errors: `AboveLimit`, `Malformed`, naming `key` or `value`.
pub fn check_setting(key: &str, value: SettingValue<'_>) -> Result<(), RuleError> {
    check_setting_key(key)?;
    if let SettingValue::Text(text) = value {
        TEXT.check_optional(text)?;
    }
    match catalogued(key) {
        Some(setting) if !setting.range.holds(value) => {
            Err(RuleError::Malformed { field: "value", rule: setting.rule })
        }
        Some(_) | None => Ok(()),
    }
}

/// Errors: `AboveLimit` if a player with `stored` settings may not store another.
pub fn check_setting_count(stored: u64) -> Result<(), RuleError> {
    check_limit("The number of a player's settings", SETTINGS_MAX, stored.saturating_add(1))
}

impl SettingRange {
    /// Whether `value` is of the kind and within the bounds.
    pub fn holds(&self, value: SettingValue<'_>) -> bool {
        match (self, value) {
            (SettingRange::Switch, SettingValue::Bool(_)) => true,
            (SettingRange::Number(least, most), SettingValue::Int(number)) => (*least..=*most).contains(&number),
            (SettingRange::Choice(choices), SettingValue::Text(text)) => choices.contains(&text),
            (SettingRange::Language, SettingValue::Text(text)) => is_language_tag(text),
            (_, SettingValue::Bool(_) | SettingValue::Int(_) | SettingValue::Text(_)) => false,
        }
    }
}

/// Subtags of one to eight letters and digits; the first has two or three letters.
fn is_language_tag(text: &str) -> bool {
    let first = text.split('-').next().unwrap_or(text);
    matches!(first.len(), 2 | 3)
        && first.bytes().all(|byte| byte.is_ascii_lowercase())
        && text.len() <= 35
        && text.split('-').all(|subtag| matches!(subtag.len(), 1..=8) && is_lower_alphanumeric_or(subtag, b""))
}
