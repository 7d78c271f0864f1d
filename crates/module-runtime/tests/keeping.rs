//! Settings, history, pages and time played.

#![allow(clippy::unwrap_used)]

use module_runtime::*;
use proptest::prelude::*;

#[test]
fn the_catalogue_keeps_its_own_rules() {
    for setting in CATALOGUE {
        assert_eq!(check_setting(setting.key, setting.default), Ok(()), "{}", setting.key);
        assert!(!setting.key.contains('.'), "{} looks like a client's own", setting.key);
        assert!(setting.meaning.ends_with('.'), "{}", setting.key);
    }
    let keys: Vec<_> = CATALOGUE.iter().map(|setting| setting.key).collect();
    assert!(keys.is_sorted_by(|one, next| one < next), "by key, none twice");
}

#[test]
fn each_setting_takes_its_own_kind_of_value() {
    use SettingValue::{Bool, Int, Text};
    let good = [
        ("auto_save", Bool(false)),
        ("music_volume", Int(0)),
        ("music_volume", Int(100)),
        ("theme", Text("dark")),
        ("language", Text("zh-hans")),
        ("mygame.hud", Int(i64::MIN)),
        ("mygame.hud", Text("")),
        ("mygame.hud.left", Bool(true)),
    ];
    for (key, value) in good {
        assert_eq!(check_setting(key, value), Ok(()), "{key} {value:?}");
    }
    let long_key = "k".repeat(65);
    let bad = [
        ("auto_save", Int(1), "value"),
        ("auto_save", Text("true"), "value"),
        ("music_volume", Int(101), "value"),
        ("music_volume", Int(-1), "value"),
        ("music_volume", Int(i64::MAX), "value"),
        ("text_size", Bool(true), "value"),
        ("theme", Text("Dark"), "value"),
        ("theme", Text(""), "value"),
        ("language", Text("e"), "value"),
        ("language", Text("en-"), "value"),
        ("language", Text("EN"), "value"),
        ("language", Text("en-waytoolong"), "value"),
        ("mygame.hud", Text("a\0"), "value"),
        ("unknown", Int(1), "key"),
        ("mygame.", Int(1), "key"),
        (".hud", Int(1), "key"),
        ("", Int(1), "key"),
    ];
    for (key, value, expected) in bad {
        match check_setting(key, value) {
            Err(RuleError::Malformed { field, .. }) => assert_eq!(field, expected, "{key} {value:?}"),
            other => panic!("{key} {value:?}: {other:?}"),
        }
    }
    let above = |limit, actual| move |refusal| matches!(refusal, RuleError::AboveLimit { limit: l, actual: a, .. } if (l, a) == (limit, actual));
    assert!(check_setting(&long_key, Bool(true)).is_err_and(above(64, 65)));
    assert!(check_setting("a.b", Text(&"t".repeat(1_025))).is_err_and(above(1_024, 1_025)));
    assert_eq!(check_setting_count(199), Ok(()));
    assert!(check_setting_count(200).is_err_and(above(200, 201)));
}

#[test]
fn titles_are_prose() {
    assert_eq!(check_history_title("森の家"), Ok(()));
    for bad in ["", " ", "a\0", &"t".repeat(201)] {
        assert!(check_history_title(bad).is_err(), "{bad:?}");
    }
    assert_eq!(check_archive_name("Before the ball"), Ok(()));
    assert!(check_archive_name(&"n".repeat(101)).is_err());
    assert!(check_reason("").is_err());
}

#[test]
fn pages_go_back_from_the_newest() {
    assert_eq!(page_before(5, None, 2), 4..6);
    assert_eq!(page_before(5, Some(4), 2), 2..4);
    assert_eq!(page_before(5, Some(2), 2), 1..2);
    assert_eq!(page_before(5, Some(1), 2), 1..1);
    assert_eq!(page_before(5, Some(0), 2), 1..1);
    assert_eq!(page_before(5, Some(u64::MAX), 9), 1..6);
    assert_eq!(page_before(0, None, 9), 1..1);
    assert_eq!(check_page_length(PAGE_LENGTH_MAX), Ok(()));
    assert!(matches!(check_page_length(0), Err(RuleError::Malformed { field: "limit", .. })));
    assert!(matches!(check_page_length(201), Err(RuleError::AboveLimit { limit: 200, actual: 201, .. })));
}

#[test]
fn long_pauses_are_not_play() {
    assert_eq!(played_between(100, 100), 0);
    assert_eq!(played_between(100, 160), 60);
    assert_eq!(played_between(0, PAUSE_MICROS_MAX), 600_000_000);
    assert_eq!(played_between(0, PAUSE_MICROS_MAX + 1), 0);
    assert_eq!(played_between(160, 100), 0, "the clock went back");
    assert_eq!(played_between(i64::MIN, i64::MAX), 0);
    assert_eq!(played_between(i64::MAX, i64::MIN), 0);
    assert_eq!(minutes(59_999_999), 0);
    assert_eq!(minutes(120_000_000), 2);
}

proptest! {
    /// Reading page after page gives every number once, from the newest to the first.
    #[test]
    fn pages_cover_everything_once(length in 0..500u64, limit in 1..=PAGE_LENGTH_MAX) {
        let mut read = Vec::new();
        let mut before = None;
        loop {
            let page = page_before(length, before, limit);
            if page.is_empty() { break }
            prop_assert!(page.end - page.start <= u64::from(limit));
            before = Some(page.start);
            read.extend(page.rev());
        }
        prop_assert_eq!(read, (1..=length).rev().collect::<Vec<_>>());
    }

    /// Noting more often never counts more than the time that passed.
    #[test]
    fn play_never_exceeds_time(pauses in prop::collection::vec(0..2 * PAUSE_MICROS_MAX, 0..50)) {
        let mut now = 0;
        let mut played = 0;
        for pause in pauses {
            played += played_between(now, now + pause);
            now += pause;
        }
        prop_assert!(played <= now.unsigned_abs());
    }
}

#[test]
fn the_page_lists_the_catalogue() {
    let page = include_str!("../../../docs/domains/runtime.md");
    for setting in CATALOGUE {
        let values = match setting.range {
            SettingRange::Switch => "Bool".to_owned(),
            SettingRange::Number(least, most) => format!("{least} to {most}"),
            SettingRange::Choice(choices) => format!("`{}`", choices.join("`, `")),
            SettingRange::Language => "a language tag in lower case".to_owned(),
        };
        let default = match setting.default {
            SettingValue::Bool(value) => value.to_string(),
            SettingValue::Int(value) => value.to_string(),
            SettingValue::Text(value) => format!("`{value}`"),
        };
        let row = format!("| `{}` | {values} | {default} | {} |", setting.key, setting.meaning);
        assert!(page.contains(&row), "docs/domains/runtime.md lacks the line\n{row}");
    }
}
