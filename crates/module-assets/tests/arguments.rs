//! The syntax and the limit of each argument.

#![allow(clippy::unwrap_used)]

use module_assets::{Content, EntitySlot, KeySpace, Policy, Registration};
use module_rules::RuleError;
use proptest::prelude::*;

const SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const CONTENT: Content<'_> = Content { content_type: "image/png", byte_size: 1, sha256: SHA256 };
const REGISTRATION: Registration<'_> = Registration {
    idempotency_key: "upload-1",
    bucket: "pictures",
    object_key: "a/b.png",
    content: CONTENT,
    policy: Policy::Private,
};
const SLOT: EntitySlot<'_> = EntitySlot { entity_kind: "world", entity_id: "7", slot: "cover" };

/// Which argument a check objects to, or its limit, or nothing.
#[derive(Debug, PartialEq)]
enum Verdict {
    Accepted,
    Malformed(&'static str),
    Above(u64),
}
use Verdict::{Above, Accepted, Malformed};

fn verdict(result: Result<(), RuleError>) -> Verdict {
    match result {
        Ok(()) => Accepted,
        Err(RuleError::Malformed { field, .. }) => Malformed(field),
        Err(RuleError::AboveLimit { limit, .. }) => Above(limit),
        Err(other) => unreachable!("a check of one argument cannot say: {other}"),
    }
}

fn check(registration: Registration<'_>) -> Verdict {
    verdict(registration.check(KeySpace::Everything))
}

#[test]
fn buckets() {
    fn bucket(bucket: &str) -> Verdict {
        check(Registration { bucket, ..REGISTRATION })
    }
    for good in ["abc", "a-b", "0-9", &"b".repeat(63)] {
        assert_eq!(bucket(good), Accepted, "{good}");
    }
    for bad in ["", "ab", "-abc", "abc-", "a.b", "ABC", "a_b", "a/b", "äbc", "abc\0"] {
        assert_eq!(bucket(bad), Malformed("bucket"), "{bad}");
    }
    assert_eq!(bucket(&"b".repeat(64)), Above(63));
}

#[test]
fn object_keys() {
    fn key(object_key: &str) -> Verdict {
        check(Registration { object_key, ..REGISTRATION })
    }
    for good in ["a", "a/b/c.png", ".hidden", "...", "a..b", "A-Z_0.9", &"k".repeat(512)] {
        assert_eq!(key(good), Accepted, "{good}");
    }
    for bad in
        ["", "/a", "a/", "a//b", "..", ".", "a/..", "../a", "a/../b", "a/./b", "a b", "a\\b", "a\0", "ä", "a?b", "%2e"]
    {
        assert_eq!(key(bad), Malformed("object_key"), "{bad}");
    }
    assert_eq!(key(&"k".repeat(513)), Above(512));
}

#[test]
fn a_client_keeps_to_its_own_keys() {
    let check = |object_key, keys| verdict(Registration { object_key, ..REGISTRATION }.check(keys));
    assert_eq!(check("players/c0ffee/a.png", KeySpace::Player("c0ffee")), Accepted);
    for foreign in ["a.png", "players/c0ffee", "players/c0ffee2/a", "players/beef/a", "x/players/c0ffee/a"] {
        assert_eq!(check(foreign, KeySpace::Player("c0ffee")), Malformed("object_key"), "{foreign}");
        assert_eq!(check(foreign, KeySpace::Everything), Accepted, "{foreign}");
    }
}

#[test]
fn idempotency_keys() {
    fn key(idempotency_key: &str) -> Verdict {
        check(Registration { idempotency_key, ..REGISTRATION })
    }
    for good in ["1", "a:b/c~!", &"k".repeat(128)] {
        assert_eq!(key(good), Accepted, "{good}");
    }
    for bad in ["", "a b", "a\n", "ключ"] {
        assert_eq!(key(bad), Malformed("idempotency_key"), "{bad}");
    }
    assert_eq!(key(&"k".repeat(129)), Above(128));
}

#[test]
fn content_types() {
    fn content_type(content_type: &str) -> Verdict {
        verdict(Content { content_type, ..CONTENT }.check())
    }
    for good in ["image/png", "image/svg+xml", "model/gltf-binary", "application/vnd.a.b-c.1", "font/woff2"] {
        assert_eq!(content_type(good), Accepted, "{good}");
    }
    for bad in
        ["", "png", "/png", "image/", "image/png/x", "Image/png", "image/png; q=1", "image /png", "image/-", "a/\n"]
    {
        assert_eq!(content_type(bad), Malformed("content_type"), "{bad}");
    }
    assert_eq!(content_type(&format!("image/{}", "x".repeat(121))), Accepted);
    assert_eq!(content_type(&format!("image/{}", "x".repeat(122))), Above(127));
}

#[test]
fn sizes() {
    let size = |byte_size| verdict(Content { byte_size, ..CONTENT }.check());
    let five_gib = 5 * 1024 * 1024 * 1024;
    assert_eq!(size(0), Malformed("byte_size"));
    assert_eq!(size(1), Accepted);
    assert_eq!(size(five_gib), Accepted);
    assert_eq!(size(five_gib + 1), Above(five_gib));
    assert_eq!(size(u64::MAX), Above(five_gib));
}

#[test]
fn digests() {
    fn digest(sha256: &str) -> Verdict {
        verdict(Content { sha256, ..CONTENT }.check())
    }
    assert_eq!(digest(SHA256), Accepted);
    for bad in ["", &SHA256[1..], &SHA256.to_uppercase(), &SHA256.replace('e', "g")] {
        assert_eq!(digest(bad), Malformed("sha256"), "{bad}");
    }
    assert_eq!(digest(&format!("{SHA256}0")), Above(64));
}

#[test]
fn slots() {
    for good in ["world", "big_fish_2", &"a".repeat(64)] {
        assert_eq!(verdict(EntitySlot { entity_kind: good, slot: good, ..SLOT }.check()), Accepted, "{good}");
    }
    for bad in ["", "World", "_a", "2a", "a-b", "a b", "ä"] {
        assert_eq!(verdict(EntitySlot { entity_kind: bad, ..SLOT }.check()), Malformed("entity_kind"), "{bad}");
        assert_eq!(verdict(EntitySlot { slot: bad, ..SLOT }.check()), Malformed("slot"), "{bad}");
    }
    let long = "a".repeat(65);
    assert_eq!(verdict(EntitySlot { entity_kind: &long, ..SLOT }.check()), Above(64));
    assert_eq!(verdict(EntitySlot { slot: &long, ..SLOT }.check()), Above(64));
}

#[test]
fn entity_ids() {
    fn id(entity_id: &str) -> Verdict {
        verdict(EntitySlot { entity_id, ..SLOT }.check())
    }
    for good in ["1", "0197a6a4-5f2c-7000-8000-000000000000", "a.b:c_D", &"i".repeat(128)] {
        assert_eq!(id(good), Accepted, "{good}");
    }
    for bad in ["", "a/b", "a b", "é"] {
        assert_eq!(id(bad), Malformed("entity_id"), "{bad}");
    }
    assert_eq!(id(&"i".repeat(129)), Above(128));
}

#[test]
fn refusals_say_what_to_do() {
    let refusal = |registration: Registration<'_>| registration.check(KeySpace::Everything).unwrap_err().to_string();
    assert_eq!(
        refusal(Registration { bucket: "B", ..REGISTRATION }),
        "`bucket` is not valid: use at least 3 lower-case letters, digits and hyphens, no hyphen first or last."
    );
    assert_eq!(
        refusal(Registration { object_key: &"k".repeat(600), ..REGISTRATION }),
        "The length of `object_key` in bytes may be at most 512, not 600."
    );
}

proptest! {
    /// Whatever passes can be appended to a folder without leaving it.
    #[test]
    fn an_accepted_key_stays_in_its_bucket(key in "[a-c./]{1,12}") {
        if check(Registration { object_key: &key, ..REGISTRATION }) == Accepted {
            let path = std::path::Path::new(&key);
            let plain = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
            prop_assert!(plain, "{}", key);
            prop_assert_eq!(path.components().count(), key.split('/').count());
        }
    }

    #[test]
    fn no_text_makes_a_check_panic(text in ".{0,80}", byte_size: u64) {
        let content = Content { content_type: &text, byte_size, sha256: &text };
        let registration = Registration {
            idempotency_key: &text, bucket: &text, object_key: &text, content, policy: Policy::Public,
        };
        let _ = registration.check(KeySpace::Player(&text));
        let _ = content.check();
        let _ = EntitySlot { entity_kind: &text, entity_id: &text, slot: &text }.check();
    }
}
