//! The proof about uploads, shown stores that are wrong.

use std::collections::BTreeMap;

use worldloom_tests::chaos::checks::uploads::{Content, ObjectRow, Upload, UploadAsked, check};
use worldloom_tests::chaos::history::{Asked, NEVER, Told};

fn upload(key: &str, sha256: &str, told: Told<String>) -> UploadAsked {
    let ended = if told == Told::Nothing { NEVER } else { 10 };
    let call = Upload { key: key.to_owned(), sha256: sha256.to_owned() };
    Asked { client: 0, call, begun: 0, ended, told }
}

fn row(asset: &str, sha256: &str, is_confirmed: bool) -> ObjectRow {
    ObjectRow { asset: asset.to_owned(), object: format!("players/{asset}"), sha256: sha256.to_owned(), is_confirmed }
}

/// The rules that are broken if everybody gets back what was uploaded.
fn rules(history: &[UploadAsked], rows: &[ObjectRow], stored: &[(&str, &str)]) -> Vec<&'static str> {
    let content = |asked: &UploadAsked| Some((asked.told.done()?.clone(), Ok(asked.call.sha256.clone())));
    rules_with(history, rows, stored, history.iter().filter_map(content).collect())
}

fn rules_with(
    history: &[UploadAsked],
    rows: &[ObjectRow],
    stored: &[(&str, &str)],
    contents: BTreeMap<String, Content>,
) -> Vec<&'static str> {
    let stored: BTreeMap<_, _> =
        stored.iter().map(|(asset, sha256)| (format!("players/{asset}"), (*sha256).to_owned())).collect();
    check(history, rows, &stored, &contents).into_iter().map(|violation| violation.rule).collect()
}

fn done() -> UploadAsked {
    upload("1", "aa", Told::Done("x".to_owned()))
}

#[test]
fn a_sound_store_is_accepted() {
    let history = [done(), upload("2", "bb", Told::Nothing), upload("3", "cc", Told::Nothing)];
    let rows = [row("x", "aa", true), row("y", "bb", false)];
    assert_eq!(rules(&history, &rows, &[("x", "aa")]), [""; 0]);
    assert_eq!(rules(&history, &rows, &[("x", "aa"), ("y", "bb")]), [""; 0], "stored and not yet confirmed");
}

#[test]
fn a_lost_upload_is_found() {
    assert_eq!(rules(&[done()], &[], &[]), ["no acknowledged upload is lost"]);
    assert_eq!(rules(&[done()], &[row("x", "aa", false)], &[]), ["no acknowledged upload is lost"]);
}

#[test]
fn halves_are_found() {
    let rows = [row("x", "aa", true)];
    assert_eq!(rules(&[done()], &rows, &[]), ["rows and objects agree"], "the bytes are missing");
    assert_eq!(rules(&[done()], &rows, &[("x", "ee")]), ["rows and objects agree"], "other bytes");
    assert_eq!(rules(&[done()], &rows, &[("x", "aa"), ("z", "ff")]), ["rows and objects agree"], "bytes of nobody");
}

#[test]
fn one_key_with_two_assets_is_found() {
    let rows = [row("x", "aa", true), row("y", "aa", true)];
    assert_eq!(rules(&[done()], &rows, &[("x", "aa"), ("y", "aa")]), ["one idempotency key is one asset"]);
}

#[test]
fn a_file_that_does_not_come_back_as_it_was_is_found() {
    let read = |content: Option<Content>| {
        let contents = content.map(|content| ("x".to_owned(), content)).into_iter().collect();
        rules_with(&[done()], &[row("x", "aa", true)], &[("x", "aa")], contents)
    };
    let rule = "whoever has uploaded a file gets it back";
    assert_eq!(read(Some(Ok("aa".to_owned()))), [""; 0]);
    assert_eq!(read(Some(Ok("ee".to_owned()))), [rule], "other bytes");
    assert_eq!(read(Some(Err("500 Internal Server Error".to_owned()))), [rule], "a refusal");
    assert_eq!(read(None), [rule], "nobody has read it");
}

#[test]
fn a_file_that_nobody_has_uploaded_is_found() {
    // As it would be if it had been cut off on its way: row and bytes agree.
    let rows = [row("x", "aa", true), row("y", "ab", true)];
    let rule = "nothing is kept but what somebody has uploaded";
    assert_eq!(rules(&[done()], &rows, &[("x", "aa"), ("y", "ab")]), [rule]);
}

#[test]
fn an_upload_acknowledged_with_another_file_is_found() {
    let history = [done(), upload("2", "bb", Told::Done("x".to_owned()))];
    let found = rules(&history, &[row("x", "aa", true)], &[("x", "aa")]);
    assert!(found.contains(&"no acknowledged upload is lost"), "{found:?}");
}
