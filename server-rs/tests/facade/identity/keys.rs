//! The life of signing keys, with the clock in the test's hand.

use std::path::Path;

use uuid::Uuid;
use worldloom_facade::identity::access_tokens::{AccessTokens, Holder};
use worldloom_facade::identity::keys::{KeyRing, Timing};

const TIMING: Timing = Timing { rotation_s: 1000, ahead_s: 100, retention_s: 50 };

fn ring(folder: &Path, now_s: u64) -> KeyRing {
    KeyRing::open(folder, TIMING, now_s).unwrap()
}

fn published(ring: &KeyRing) -> Vec<String> {
    let keys = ring.published();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn signer(ring: &KeyRing, now_s: u64) -> String {
    ring.with_signing(now_s, |key| key.id.clone()).unwrap()
}

#[test]
fn a_key_is_published_before_it_signs_and_until_its_last_token_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let ring = ring(&folder.path().join("keys"), 10_000);
    let [first] = published(&ring).try_into().unwrap();
    assert_eq!(signer(&ring, 10_000), first);

    ring.tend(10_900).unwrap();
    let [_, second] = published(&ring).try_into().unwrap();
    assert_eq!((signer(&ring, 10_999), signer(&ring, 11_000)), (first.clone(), second.clone()));

    ring.tend(11_049).unwrap();
    assert_eq!(published(&ring), [first.clone(), second.clone()]);
    ring.tend(11_050).unwrap();
    assert_eq!(published(&ring), std::slice::from_ref(&second));
    assert!(ring.with_key(&first, |_| ()).is_none() && ring.with_key(&second, |_| ()).is_some());
    let files = std::fs::read_dir(folder.path().join("keys")).unwrap();
    let files = files.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().ends_with(".pem"));
    assert_eq!(files.count(), 1, "a key that is over is deleted");
}

#[test]
fn facades_that_share_a_folder_come_to_the_same_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let rings: Vec<_> = std::thread::scope(|scope| {
        let opening: Vec<_> = (0..8).map(|_| scope.spawn(|| ring(&path, 10_000))).collect();
        opening.into_iter().map(|ring| ring.join().unwrap()).collect()
    });
    for ring in &rings {
        assert_eq!(published(ring), published(&rings[0]), "one of them has made the key");
        assert_eq!(published(ring).len(), 1);
    }
    rings[0].tend(10_900).unwrap();
    rings[1].tend(10_950).unwrap();
    assert_eq!(published(&rings[0]), published(&rings[1]), "only one of them has made the next");
    assert_eq!(signer(&rings[0], 11_000), signer(&rings[1], 11_000));
}

#[test]
fn a_token_is_good_at_every_facade_and_under_no_other_name() {
    let folder = tempfile::tempdir().unwrap();
    let now_s = jsonwebtoken::get_current_timestamp();
    let (first, second) = (ring(&folder.path().join("keys"), now_s), ring(&folder.path().join("keys"), now_s));
    let holder = Holder { account_id: Uuid::now_v7(), session_id: Uuid::now_v7(), roles: Vec::new() };
    let tokens = AccessTokens::new("https://play.example", "worldloom", first.clone());
    let token = tokens.sign(&holder, now_s).unwrap();
    let same = AccessTokens::new("https://play.example", "worldloom", second.clone());
    assert_eq!(same.verify(&token).unwrap().identity, tokens.identity(holder.account_id));
    let others = [
        AccessTokens::new("https://other.example", "worldloom", second.clone()),
        AccessTokens::new("https://play.example", "other", second),
        AccessTokens::new("https://play.example", "worldloom", ring(&folder.path().join("others"), now_s)),
    ];
    for other in others {
        assert!(other.verify(&token).is_err());
    }
    assert!(tokens.verify(&tokens.sign(&holder, now_s - 15 * 60 - 61).unwrap()).is_err(), "it has run out");
    assert!(tokens.verify(&tokens.sign(&holder, now_s - 15 * 60 - 30).unwrap()).is_ok(), "clocks may differ");
}

#[cfg(unix)]
#[test]
fn keys_that_others_can_read_are_refused() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    ring(&path, 10_000);
    let refused = || KeyRing::open(&path, TIMING, 10_000).err().map(|error| format!("{error:#}")).unwrap_or_default();
    set_permissions(&path, Permissions::from_mode(0o750)).unwrap();
    assert!(refused().contains("chmod"), "{}", refused());
    set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    let key = std::fs::read_dir(&path).unwrap().map(|file| file.unwrap().path());
    let key = key.into_iter().find(|file| file.extension().is_some_and(|end| end == "pem")).unwrap();
    set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    assert!(refused().contains("chmod"), "{}", refused());
    set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&key, "no key").unwrap();
    assert!(refused().contains("holds no signing key"), "{}", refused());
}
