//! The rules of the control state, each checked again after the file is opened anew.

use super::*;

const OWNER: u8 = 1;
const STRANGER: u8 = 2;

fn identity(n: u8) -> Identity {
    Identity::from_byte_array([n; 32])
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn new_database(n: u8, named: Option<&str>) -> NewDatabase {
    NewDatabase {
        identity: identity(n),
        owner: identity(OWNER),
        program: Hash::ZERO,
        name: named.map(name),
        environment: BTreeMap::from([("KEY".to_owned(), "secret".to_owned())]),
    }
}

/// Runs `check` on the state as it is and as it is read back from its file.
fn check_twice(folder: &tempfile::TempDir, control: Control, check: impl Fn(&Control)) -> Control {
    check(&control);
    drop(control);
    let control = open(folder);
    check(&control);
    control
}

fn open(folder: &tempfile::TempDir) -> Control {
    Control::open(Some(&folder.path().join("control.redb"))).unwrap()
}

#[test]
fn a_database_is_found_by_name_and_by_identity() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(&folder);
    let created = control.create(new_database(9, Some("game"))).unwrap();
    check_twice(&folder, control, |control| {
        assert!(control.resolve("game") == Some(created.clone()));
        assert!(control.resolve(&identity(9).to_hex()) == Some(created.clone()));
        assert!(control.resolve("other").is_none());
        assert_eq!(control.databases_of(identity(OWNER)), [identity(9)]);
        assert_eq!(control.initial_environment(created.replica_id)["KEY"], "secret");
    });
}

#[test]
fn replica_ids_are_never_used_twice() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(&folder);
    let first = control.create(new_database(9, None)).unwrap();
    control.delete(identity(9)).unwrap();
    let control = check_twice(&folder, control, |control| {
        assert_eq!(control.retired_replicas(), [first.replica_id]);
    });
    let second = control.create(new_database(9, None)).unwrap();
    let reset = control.reset(identity(9), Hash::ZERO, BTreeMap::new()).unwrap();
    assert!(second.replica_id > first.replica_id);
    assert!(reset.record.replica_id > second.replica_id);
    assert_eq!(reset.record.database.bootstrap_generation, 1);
    check_twice(&folder, control, |control| {
        assert_eq!(control.retired_replicas(), [first.replica_id, second.replica_id]);
        assert!(control.initial_environment(second.replica_id).is_empty());
    });
}

#[test]
fn a_name_stays_with_its_first_owner_even_after_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(&folder);
    control.create(new_database(9, Some("game"))).unwrap();
    control.delete(identity(9)).unwrap();
    check_twice(&folder, control, |control| {
        assert!(control.resolve("game").is_none());
        assert!(control.may_name(&name("game"), identity(OWNER)));
        assert!(!control.may_name(&name("game"), identity(STRANGER)));
    });
}

#[test]
fn a_refused_change_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(&folder);
    control.create(new_database(8, Some("taken"))).unwrap();
    control.create(new_database(9, Some("game"))).unwrap();
    let refused = control.set_names(identity(9), vec![name("fresh"), name("taken")], identity(OWNER));
    assert!(matches!(refused, Err(NamingError::Refused(ControlError::NameTaken(_)))));
    check_twice(&folder, control, |control| {
        assert_eq!(control.names_of(identity(9)), [name("game")]);
        assert!(control.may_name(&name("fresh"), identity(STRANGER)));
    });
}

#[test]
fn renaming_frees_the_old_name_for_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(&folder);
    control.create(new_database(9, Some("game"))).unwrap();
    control.set_names(identity(9), vec![name("game-two"), name("game")], identity(OWNER)).unwrap();
    control.add_name(identity(9), name("game-three"), identity(OWNER)).unwrap();
    check_twice(&folder, control, |control| {
        assert_eq!(control.names_of(identity(9)), [name("game"), name("game-three"), name("game-two")]);
    });
}

/// Whoever asks for them may have looked the database up before somebody else reset it.
#[test]
fn resets_and_deletions_retire_the_replica_of_their_moment() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(&folder);
    let created = control.create(new_database(9, None)).unwrap();
    let reset = || control.reset(identity(9), Hash::ZERO, BTreeMap::new()).unwrap();
    let (first, second) = (reset(), reset());
    assert_eq!((first.retired, second.retired), (created.replica_id, first.record.replica_id));
    assert_eq!(control.delete(identity(9)).unwrap(), second.record.replica_id);
}

#[test]
fn a_database_has_few_names() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(&folder);
    control.create(new_database(9, Some("game"))).unwrap();
    let names = |count| (0..count).map(|n| name(&format!("game-{n}"))).collect::<Vec<_>>();
    let refused = control.set_names(identity(9), names(NAMES_MAX + 1), identity(OWNER));
    assert!(matches!(refused, Err(NamingError::TooMany)));
    control.set_names(identity(9), names(NAMES_MAX), identity(OWNER)).unwrap();
    // Once more is not one more.
    control.add_name(identity(9), name("game-0"), identity(OWNER)).unwrap();
    let refused = control.add_name(identity(9), name("game"), identity(OWNER));
    assert!(matches!(refused, Err(NamingError::TooMany)));
    check_twice(&folder, control, |control| {
        assert_eq!(control.names_of(identity(9)).len(), NAMES_MAX);
        assert!(control.resolve("game").is_none());
    });
}

#[test]
fn an_owner_gives_up_names_that_have_been_without_a_database_before_newer_ones() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(&folder);
    control.create(new_database(9, Some("in-use"))).unwrap();
    for n in 0..UNUSED_NAMES_MAX {
        control.create(new_database(8, Some(&format!("a-{n}")))).unwrap();
        control.delete(identity(8)).unwrap();
    }
    control.create(new_database(8, Some("zoo"))).unwrap();
    control.delete(identity(8)).unwrap();
    check_twice(&folder, control, |control| {
        let is_kept = |text: &str| !control.may_name(&name(text), identity(STRANGER));
        assert!(is_kept("in-use") && is_kept("zoo"));
        let kept = (0..UNUSED_NAMES_MAX).filter(|n| is_kept(&format!("a-{n}"))).count();
        assert_eq!(kept, UNUSED_NAMES_MAX - 1);
    });
}

#[test]
fn what_changes_nothing_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(&folder);
    control.create(new_database(9, Some("game"))).unwrap();
    let written = || std::fs::read(folder.path().join("control.redb")).unwrap();
    let before = written();
    control.set_locked(identity(9), false).unwrap();
    control.add_name(identity(9), name("game"), identity(OWNER)).unwrap();
    assert!(written() == before);
    control.set_locked(identity(9), true).unwrap();
    assert!(written() != before);
}

/// As in the node, whose threads go on with other requests meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn changes_are_made_within_a_runtime_too() {
    let folder = tempfile::tempdir().unwrap();
    let control = std::sync::Arc::new(open(&folder));
    let changes = (1..=9).map(|n| {
        let control = control.clone();
        tokio::spawn(async move { control.create(new_database(n, None)).unwrap().replica_id })
    });
    let mut replicas: Vec<u64> = futures::future::join_all(changes).await.into_iter().map(Result::unwrap).collect();
    replicas.sort_unstable();
    assert_eq!(replicas, (1..=9).collect::<Vec<u64>>());
}

#[test]
fn a_locked_database_is_neither_deleted_nor_reset() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(&folder);
    control.create(new_database(9, None)).unwrap();
    control.set_locked(identity(9), true).unwrap();
    let control = check_twice(&folder, control, |control| {
        assert!(matches!(control.delete(identity(9)), Err(ControlError::Locked)));
        assert!(matches!(control.reset(identity(9), Hash::ZERO, BTreeMap::new()), Err(ControlError::Locked)));
    });
    control.set_locked(identity(9), false).unwrap();
    control.delete(identity(9)).unwrap();
}
