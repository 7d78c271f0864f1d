//! Every way in which the steps from staged file to confirmed asset can fail, on a real folder.
//!
//! The registry is scripted: it gives the answers that a test lists, because no real node can be brought to lose
//! its connection between two given steps.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use spacetimedb_sdk::{Identity, Timestamp, Uuid};
use tempfile::TempDir;
use worldloom_client::{
    AssetAccessPolicy, AssetObject, AssetObjectConfirmation, AssetObjectRegistration, AssetStatus, DomainError,
    DomainErrorCode, IllegalTransition,
};
use worldloom_facade::assets::AssetRegistry;
use worldloom_facade::assets::publish::{PublishError, Upload, publish};
use worldloom_facade::assets::sweeper::{Swept, sweep};
use worldloom_facade::identity::secrets::hex;
use worldloom_facade::node_client::CallError;
use worldloom_facade::objects::config::{ObjectsConfig, RemoteConfig};
use worldloom_facade::objects::{ObjectKey, ObjectStore, StoreError};

use crate::store::{key, png, read, stage};
use crate::support::{files_below, wait_for};

const ASSET_ID: u128 = 0x0194_f0c5_0000_7000_8000_0000_0000_0001;
const BUCKET: &str = "worldloom";

/// What the registry answers to one call.
enum Step {
    Register(Result<AssetStatus, CallError>),
    Confirm(Result<(), CallError>),
    ListExpired(Vec<AssetObject>),
    Forget(Result<(), CallError>),
}

/// Answers from a script, and notes whether the object was in its place at each call.
struct Script {
    steps: Mutex<VecDeque<Step>>,
    log: Mutex<Vec<String>>,
    folder: TempDir,
    row: Mutex<Option<AssetObject>>,
}

impl Script {
    fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: Mutex::new(steps.into_iter().collect()),
            log: Mutex::default(),
            folder: TempDir::new().unwrap(),
            row: Mutex::default(),
        }
    }

    fn store(&self) -> ObjectStore {
        ObjectStore::open(self.folder.path()).unwrap()
    }

    fn placed(&self) -> bool {
        !files_below(&self.folder.path().join(BUCKET)).is_empty()
    }

    fn next(&self, call: &str) -> Step {
        let place = if self.placed() { "placed" } else { "absent" };
        self.log.lock().unwrap().push(format!("{call} {place}"));
        self.steps.lock().unwrap().pop_front().unwrap_or_else(|| panic!("{call} is not in the script"))
    }

    /// All calls so far; the whole script must have been used.
    #[track_caller]
    fn took(&self, expected: &[&str]) {
        assert_eq!(*self.log.lock().unwrap(), expected);
        assert!(self.steps.lock().unwrap().is_empty(), "steps are left in the script");
    }
}

impl AssetRegistry for Script {
    async fn register(&self, player: Identity, request: AssetObjectRegistration) -> Result<AssetObject, CallError> {
        let Step::Register(answer) = self.next("register") else { panic!("register came unexpectedly") };
        let row = row(player, request, answer?);
        *self.row.lock().unwrap() = Some(row.clone());
        Ok(row)
    }

    async fn confirm(&self, _: Identity, request: AssetObjectConfirmation) -> Result<AssetObject, CallError> {
        let Step::Confirm(answer) = self.next("confirm") else { panic!("confirm came unexpectedly") };
        let row = self.row.lock().unwrap().clone().unwrap();
        assert_eq!((&request.sha_256, request.byte_size), (&row.sha_256, row.byte_size));
        answer.map(|()| AssetObject { status: AssetStatus::Confirmed, ..row })
    }

    async fn list_expired(&self, limit: u32) -> Result<Vec<AssetObject>, CallError> {
        let Step::ListExpired(rows) = self.next("list") else { panic!("list came unexpectedly") };
        assert!(rows.len() <= limit as usize, "only {limit} rows were asked for");
        Ok(rows)
    }

    async fn find(&self, _: &str, _: Vec<String>) -> Result<Vec<AssetObject>, CallError> {
        panic!("only a shared store is looked at again");
    }

    async fn forget_deleted(&self, asset_ids: Vec<Uuid>) -> Result<Vec<Uuid>, CallError> {
        let Step::Forget(answer) = self.next("forget") else { panic!("forget came unexpectedly") };
        answer.map(|()| asset_ids)
    }
}

fn row(owner: Identity, request: AssetObjectRegistration, status: AssetStatus) -> AssetObject {
    AssetObject {
        asset_id: Uuid::from_u128(ASSET_ID),
        owner,
        bucket: request.bucket,
        object_key: request.object_key,
        content_type: request.content_type,
        byte_size: request.byte_size,
        sha_256: request.sha_256,
        access_policy: request.access_policy,
        status,
        idempotency_key: request.idempotency_key,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        expires_at: None,
        confirmed_at: None,
        deleted_at: None,
    }
}

fn lost() -> CallError {
    CallError::OutcomeUnknown { procedure: "scripted" }
}

fn refusal(code: DomainErrorCode) -> CallError {
    CallError::Refused(DomainError { code, message: "scripted".into() })
}

fn lapsed() -> CallError {
    refusal(DomainErrorCode::IllegalTransition(IllegalTransition { from: "deleted".into(), to: "confirmed".into() }))
}

async fn run(script: &Script, store: &ObjectStore) -> Result<AssetObject, PublishError> {
    let upload = Upload {
        player: Identity::ONE,
        idempotency_key: "key-1".into(),
        access_policy: AssetAccessPolicy::Public,
        bucket: BUCKET.into(),
        object_key: key("key-1"),
        staged: stage(store, content()).await,
    };
    publish(script, store, upload).await
}

fn content() -> Bytes {
    png(30_000, 9)
}

/// Where the upload of [`run`] goes.
fn place() -> ObjectKey {
    key("key-1").for_bytes(&hex(&Sha256::digest(content())))
}

async fn nothing_is_left(script: &Script) {
    wait_for("the store to be empty", || files_below(script.folder.path()).is_empty()).await;
}

#[tokio::test]
async fn the_object_is_placed_between_registration_and_confirmation() {
    let script = Script::new([Step::Register(Ok(AssetStatus::Pending)), Step::Confirm(Ok(()))]);
    let store = script.store();
    let confirmed = run(&script, &store).await.unwrap();
    assert_eq!(confirmed.status, AssetStatus::Confirmed);
    script.took(&["register absent", "confirm placed"]);
    assert_eq!(read(&store, &place(), 0..30_000).await, content());
    assert_eq!(files_below(script.folder.path()).len(), 1);
}

#[tokio::test]
async fn a_refused_registration_leaves_nothing() {
    let script = Script::new([Step::Register(Err(refusal(DomainErrorCode::Forbidden)))]);
    let store = script.store();
    let error = run(&script, &store).await.unwrap_err();
    assert!(matches!(error, PublishError::Call(CallError::Refused(_))), "{error}");
    script.took(&["register absent"]);
    nothing_is_left(&script).await;
}

#[tokio::test]
async fn a_node_that_is_away_is_not_waited_for_twice() {
    let script = Script::new([Step::Register(Err(CallError::Unavailable))]);
    let store = script.store();
    assert!(matches!(run(&script, &store).await, Err(PublishError::Call(CallError::Unavailable))));
    script.took(&["register absent"]);
    nothing_is_left(&script).await;
}

#[tokio::test]
async fn steps_of_unknown_outcome_are_repeated() {
    let script = Script::new([
        Step::Register(Err(lost())),
        Step::Register(Ok(AssetStatus::Pending)),
        Step::Confirm(Err(lost())),
        Step::Confirm(Err(CallError::Failed { procedure: "scripted", cause: "not durable in time".into() })),
        Step::Confirm(Ok(())),
    ]);
    let store = script.store();
    run(&script, &store).await.unwrap();
    script.took(&["register absent", "register absent", "confirm placed", "confirm placed", "confirm placed"]);
}

#[tokio::test]
async fn a_confirmation_that_stays_unknown_keeps_the_object_until_its_row_is_deleted() {
    let unknown = std::iter::repeat_with(|| Step::Confirm(Err(lost()))).take(5);
    let script = Script::new(std::iter::once(Step::Register(Ok(AssetStatus::Pending))).chain(unknown));
    let store = script.store();
    let error = run(&script, &store).await.unwrap_err();
    assert!(matches!(error, PublishError::Call(CallError::OutcomeUnknown { .. })), "{error}");
    // The row may be confirmed by now, so the object must stay.
    assert_eq!(read(&store, &place(), 0..30_000).await, content());

    // It was not, and lapses: the sweeper removes the object, then the row.
    let deleted = AssetObject { status: AssetStatus::Deleted, ..script.row.lock().unwrap().clone().unwrap() };
    script.log.lock().unwrap().clear();
    script.steps.lock().unwrap().extend([Step::ListExpired(vec![deleted]), Step::Forget(Ok(()))]);
    let swept = sweep(&script, &store, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(swept, Swept { staged_files: 0, objects: 1 });
    script.took(&["list placed", "forget absent"]);
}

#[tokio::test]
async fn a_registration_that_lapsed_meanwhile_leaves_nothing() {
    for refused in [lapsed(), refusal(DomainErrorCode::NotFound)] {
        let script = Script::new([Step::Register(Ok(AssetStatus::Pending)), Step::Confirm(Err(refused))]);
        let store = script.store();
        let error = run(&script, &store).await.unwrap_err();
        assert!(matches!(error, PublishError::Call(CallError::Refused(_))), "{error}");
        nothing_is_left(&script).await;
    }
}

#[tokio::test]
async fn a_confirmation_refused_for_another_reason_leaves_the_object_to_its_row() {
    // Such as a Service role that was revoked: the row may long be confirmed, by an earlier request.
    let script = Script::new([
        Step::Register(Ok(AssetStatus::Confirmed)),
        Step::Confirm(Err(refusal(DomainErrorCode::Forbidden))),
    ]);
    let store = script.store();
    run(&script, &store).await.unwrap_err();
    assert!(script.placed());
}

#[tokio::test]
async fn a_key_of_a_deleted_asset_places_nothing() {
    let script = Script::new([Step::Register(Ok(AssetStatus::Deleted))]);
    let store = script.store();
    assert!(matches!(run(&script, &store).await, Err(PublishError::Deleted)));
    script.took(&["register absent"]);
    nothing_is_left(&script).await;
}

#[tokio::test]
async fn a_repeated_upload_is_answered_again_and_heals_a_lost_object() {
    let script = Script::new([
        Step::Register(Ok(AssetStatus::Pending)),
        Step::Confirm(Ok(())),
        Step::Register(Ok(AssetStatus::Confirmed)),
        Step::Confirm(Ok(())),
    ]);
    let store = script.store();
    run(&script, &store).await.unwrap();
    store.remove(BUCKET, &place()).await.unwrap();
    run(&script, &store).await.unwrap();
    script.took(&["register absent", "confirm placed", "register absent", "confirm placed"]);
    assert_eq!(read(&store, &place(), 0..30_000).await, content());
}

#[tokio::test]
async fn a_store_that_fails_confirms_nothing() {
    let script = Script::new([Step::Register(Ok(AssetStatus::Pending))]);
    let store = script.store();
    // A file where the bucket's folder should be makes every placing fail.
    std::fs::write(script.folder.path().join(BUCKET), "in the way").unwrap();
    let error = run(&script, &store).await.unwrap_err();
    assert!(matches!(error, PublishError::Store(StoreError::Failed(_))), "{error}");
    script.took(&["register absent"]);
}

#[tokio::test]
async fn a_sweep_that_was_cut_short_is_repeated() {
    let script = Script::new([Step::Register(Ok(AssetStatus::Pending)), Step::Confirm(Ok(()))]);
    let store = script.store();
    let row = AssetObject { status: AssetStatus::Deleted, ..run(&script, &store).await.unwrap() };
    script.log.lock().unwrap().clear();
    script.steps.lock().unwrap().extend([
        Step::ListExpired(vec![row.clone()]),
        Step::Forget(Err(lost())),
        Step::ListExpired(vec![row]),
        Step::Forget(Ok(())),
    ]);
    sweep(&script, &store, Duration::from_secs(3600)).await.unwrap_err();
    sweep(&script, &store, Duration::from_secs(3600)).await.unwrap();
    script.took(&["list placed", "forget absent", "list absent", "forget absent"]);
    nothing_is_left(&script).await;
}

/// A deleted row of a place that its player has named.
fn deleted(number: u128, object_key: &str) -> AssetObject {
    let request = AssetObjectRegistration {
        idempotency_key: "k".into(),
        bucket: BUCKET.into(),
        object_key: object_key.into(),
        content_type: "image/png".into(),
        byte_size: 1,
        sha_256: "0".repeat(64),
        access_policy: AssetAccessPolicy::Private,
    };
    AssetObject { asset_id: Uuid::from_u128(number), ..row(Identity::ONE, request, AssetStatus::Deleted) }
}

#[tokio::test]
async fn a_row_that_names_no_possible_place_is_forgotten() {
    let script = Script::new([Step::ListExpired(vec![deleted(1, "../../outside")]), Step::Forget(Ok(()))]);
    let outside = script.folder.path().parent().unwrap().join("outside");
    let existed = outside.exists();
    sweep(&script, &script.store(), Duration::from_secs(3600)).await.unwrap();
    assert_eq!(outside.exists(), existed);
}

#[tokio::test]
async fn rows_whose_objects_cannot_be_are_forgotten_and_the_object_in_their_way_stays() {
    let long = "x".repeat(256);
    let places: [&str; 5] = ["players/1", "players/1/a/b", "players/1/a/b/c", &format!("players/1/{long}/a"), &long];
    let rows = places.iter().zip(1..).map(|(place, number)| deleted(number, place)).collect();
    let forgotten = places.map(|_| Step::Forget(Ok(())));
    let script = Script::new(std::iter::once(Step::ListExpired(rows)).chain(forgotten));
    let store = script.store();
    let in_the_way = ObjectKey::parse("players/1/a").unwrap();
    store.place(stage(&store, content()).await, BUCKET, &in_the_way).await.unwrap();
    let swept = sweep(&script, &store, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(swept, Swept { staged_files: 0, objects: places.len() });
    assert_eq!(read(&store, &in_the_way, 0..30_000).await, content());
}

/// After a change of `objects.bucket` nobody here can reach the bytes, so the row has to stay.
#[tokio::test]
async fn rows_of_another_bucket_are_left_alone_and_keep_nobody_from_being_removed() {
    let elsewhere =
        AssetObject { bucket: "before".into(), confirmed_at: Some(Timestamp::UNIX_EPOCH), ..deleted(1, "uploads/1/a") };
    let never_came = AssetObject { bucket: "before".into(), ..deleted(2, "players/1/a") };
    let script = Script::new([Step::ListExpired(vec![elsewhere, never_came]), Step::Forget(Ok(()))]);
    let secret = script.folder.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    let remote = RemoteConfig {
        endpoint: "https://s3.example.com".into(),
        public_endpoint: String::new(),
        region: "eu-central-1".into(),
        access_key_id: "id".into(),
        access_key_secret_file: secret,
        path_style: false,
    };
    let root = script.folder.path().join("objects");
    let config = ObjectsConfig { root, s3: Some(remote), ..ObjectsConfig::default() };
    let store = ObjectStore::open_configured(&config, "http://localhost").unwrap();
    let swept = sweep(&script, &store, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(swept, Swept { staged_files: 0, objects: 1 }, "it is no failure");
    script.took(&["list absent", "forget absent"]);
}

#[tokio::test]
async fn rows_that_stay_do_not_keep_those_that_are_listed_behind_them() {
    let staying: Vec<_> = (1..=100).map(|number| deleted(number, &format!("players/1/{number}"))).collect();
    let behind = deleted(101, "players/2/a");
    let both = staying.iter().cloned().chain([behind]).collect();
    let refused = staying.iter().map(|_| Step::Forget(Err(lost()))).collect::<Vec<_>>();
    let script = Script::new(
        std::iter::once(Step::ListExpired(staying))
            .chain(refused)
            .chain([Step::ListExpired(both), Step::Forget(Ok(()))]),
    );
    sweep(&script, &script.store(), Duration::from_secs(3600)).await.unwrap_err();
    assert!(script.steps.lock().unwrap().is_empty(), "the last row was forgotten");
}
