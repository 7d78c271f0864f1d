//! What is on disk: nothing acknowledged is lost, and one broken database is alone with it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tempfile::TempDir;
use worldloom_tests::binaries::module;
use worldloom_tests::chaos::faults::preload::{Controls, DiskFault};
use worldloom_tests::said::Said;
use worldloom_tests::{DEADLINE, Database, NodeOptions, Outcome, TestNode, eventually};

use crate::answers::{self, refused};
use crate::programs::put;
use crate::socket::{Socket, own_changes};

#[tokio::test]
async fn every_acknowledged_transfer_survives_a_kill() -> Outcome {
    const PAIRS: u32 = 4;
    const START: i64 = 1_000_000;
    let mut node = TestNode::start().await?;
    let database = node.publish("bank", "transfer").await?;
    database.call_ok(&database.owner, "seed", json!([2 * PAIRS, START])).await?;
    let streams: Vec<_> = (0..PAIRS).map(|pair| tokio::spawn(transfers(database.clone(), pair))).collect();
    let paid = || async {
        let rows = database.sql("SELECT balance FROM account WHERE id = 1").await.ok()?;
        (rows.first()?.get(0)?.as_i64()? >= START + 50).then_some(())
    };
    eventually("transfers to flow", paid).await?;
    node.kill()?;
    let acknowledged = futures::future::try_join_all(streams).await?;
    node.restart().await?;

    let mut total = 0;
    for (pair, acknowledged) in (0..PAIRS).zip(acknowledged) {
        assert!(acknowledged > 0, "pair {pair} was never served");
        let payer = balance(&database, 2 * pair).await?;
        let payee = balance(&database, 2 * pair + 1).await?;
        // One more may have been on its way.
        let moved = payee - START;
        assert!((acknowledged..=acknowledged + 1).contains(&moved), "{acknowledged} acknowledged, {moved} moved");
        total += payer + payee;
    }
    assert_eq!(total, START * i64::from(2 * PAIRS));
    Ok(())
}

/// Moves one coin after the other until the node dies; returns how many were confirmed.
async fn transfers(database: Database, pair: u32) -> i64 {
    let mut confirmed = 0;
    let Ok(mut socket) = Socket::open(&database, &database.owner).await else { return 0 };
    while let Ok(result) = socket.call("transfer", &(2 * pair, 2 * pair + 1, 1u32)).await {
        own_changes(&result).unwrap();
        confirmed += 1;
    }
    confirmed
}

async fn balance(database: &Database, account: u32) -> anyhow::Result<i64> {
    let rows = database.sql(&format!("SELECT balance FROM account WHERE id = {account}")).await?;
    Ok(rows[0][0].as_i64().unwrap())
}

#[tokio::test]
async fn a_clean_stop_loses_nothing_even_unconfirmed() -> Outcome {
    const CALLS: usize = 200;
    let mut node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let call = || database.call_ok(&database.owner, "count", json!(["a"]));
    futures::future::try_join_all((0..CALLS).map(|_| call())).await?;
    assert!(node.stop().await?.success());
    node.restart().await?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", CALLS])]);
    Ok(())
}

#[tokio::test]
async fn a_confirmed_call_survives_a_kill_right_after_its_answer() -> Outcome {
    let mut node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    for round in 1..=3 {
        let call = database.request(Method::POST, "/call/count?confirmed=true", &database.owner);
        answers::text(call.header("content-type", "application/json").body("[\"a\"]")).await?;
        node.kill()?;
        node.restart().await?;
        assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", round])]);
    }
    Ok(())
}

#[tokio::test]
async fn a_damaged_log_stops_its_own_database_only() -> Outcome {
    let mut node = TestNode::start().await?;
    let (sound, damaged) = (node.publish("sound", "tally_v1").await?, node.publish("damaged", "tally_v1").await?);
    damaged.call_ok(&damaged.owner, "count", json!(["a"])).await?;
    node.stop().await?;
    let segment = first_segment(&node, 2)?;
    let original = fs::read(&segment)?;
    let mut bytes = original.clone();
    bytes[..64].fill(0xff);
    fs::write(&segment, &bytes)?;
    node.restart().await?;

    only_one_is_served(&node, &sound, &damaged).await?;
    // What is put right on disk is served again without a restart.
    fs::write(&segment, &original)?;
    assert_eq!(damaged.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);
    let health = answers::json(node.request(Method::GET, "/v1/health")).await?;
    assert_eq!(health["failed_databases"], 0);
    Ok(())
}

/// A power cut leaves this if it comes just after the log has gone on to a new file.
#[tokio::test]
async fn half_a_commit_alone_in_the_newest_file_of_a_log_is_cut_off() -> Outcome {
    const SEGMENT_HEADER: usize = 10;
    let config = Some("[commitlog]\nmax-segment-size = 4096\n".to_owned());
    let mut node = TestNode::start_with(NodeOptions { config, ..NodeOptions::default() }).await?;
    let database = node.publish("tally", "tally_v1").await?;
    // Less than the header of a commit, half of its records, and room that nothing was written to.
    let remains: [fn(&mut Vec<u8>); 3] = [
        |log| log.truncate(SEGMENT_HEADER + 5),
        |log| log.truncate(SEGMENT_HEADER + 30),
        |log| log[SEGMENT_HEADER..].fill(0),
    ];
    for remain in remains {
        let before = segments(&node, 1)?.len();
        while segments(&node, 1)?.len() < before + 2 {
            answers::text(count(&database)).await?;
        }
        answers::text(count(&database)).await?;
        let counts = counted(&database).await?;
        node.stop().await?;
        let newest = segments(&node, 1)?.pop().context("there is no commit log")?;
        let mut log = fs::read(&newest)?;
        assert!(log.len() > SEGMENT_HEADER + 40, "{} bytes", log.len());
        remain(&mut log);
        fs::write(&newest, &log)?;
        node.restart().await?;
        // Nothing is lost for good, should it have been more than that.
        assert_eq!(fs::read(newest.with_extension("torn-1"))?, log);

        let kept = counted(&database).await?;
        assert!(0 < kept && kept < counts, "{kept} of {counts}");
        answers::text(count(&database)).await?;
        node.kill()?;
        node.restart().await?;
        assert_eq!(counted(&database).await?, kept + 1);
    }
    Ok(())
}

#[tokio::test]
async fn the_log_says_which_database_cannot_be_launched_and_why() -> Outcome {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("log");
    let mut node =
        TestNode::start_with(NodeOptions { said: Said::Into(log.clone()), ..NodeOptions::default() }).await?;
    let database = node.publish("damaged", "tally_v1").await?;
    node.stop().await?;
    let segment = first_segment(&node, 1)?;
    let mut bytes = fs::read(&segment)?;
    bytes[..64].fill(0xff);
    fs::write(&segment, &bytes)?;
    node.restart().await?;
    let identity = answers::text(node.request(Method::GET, "/v1/database/damaged/identity")).await?;
    let sentence = format!("Database {identity} cannot be launched: ");
    let says_it = || async { fs::read_to_string(&log).ok()?.contains(&sentence).then_some(()) };
    eventually("the log to say it", says_it).await?;
    let refusal = database.sql("SELECT * FROM tally").await.unwrap_err().to_string();
    assert!(refusal.contains("the node's log has the reason"), "{refusal}");
    // The HTTP library's own line about a failed answer, which says nothing of the reason.
    assert!(!fs::read_to_string(&log)?.contains("response failed"));
    Ok(())
}

pub(super) async fn only_one_is_served(node: &TestNode, sound: &Database, broken: &Database) -> Outcome {
    let health = answers::json(node.request(Method::GET, "/v1/health")).await?;
    assert_eq!((&health["ready"], &health["failed_databases"]), (&json!(true), &json!(1)));
    for _ in 0..2 {
        let request = broken.request(Method::POST, "/sql", &broken.owner).body("SELECT * FROM tally");
        refused(request, 503, "database_unavailable").await?;
        sound.call_ok(&sound.owner, "count", json!(["a"])).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_full_disk_costs_no_acknowledged_write_and_no_other_database() -> Outcome {
    let mut node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let other = node.publish("other", "tally_v1").await?;
    node.stop().await?;
    // No file may grow past 4 MiB, and the write that tries fails as on a full disk.
    let limited = "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\"";
    node.options_mut().launcher = ["sh", "-c", limited].map(str::to_owned).into();
    node.restart().await?;

    let mut socket = Socket::open(&database, &database.owner).await?;
    let mut acknowledged = 0;
    while let Ok(result) = socket.call("burn_rows", &(10u32, 20_000u32)).await {
        if own_changes(&result).is_err() {
            break;
        }
        acknowledged += 10;
        assert!(acknowledged < 1_000, "the disk is never full");
    }
    other.call_ok(&other.owner, "count", json!(["a"])).await?;
    assert_eq!(other.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);

    node.kill()?;
    node.options_mut().launcher.clear();
    node.restart().await?;
    let kept = database.sql("SELECT id FROM secret_note").await?.len();
    assert!(kept >= acknowledged, "{acknowledged} rows acknowledged, {kept} kept");
    database.call_ok(&database.owner, "burn_rows", json!([1, 1])).await?;
    assert_eq!(other.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);
    Ok(())
}

/// What a confirmed call is refused with on a full disk. Which of them depends on how far the engine has come with
/// giving the database up.
const FULL_DISK: [(u16, &str); 3] = [(503, "database_stopped"), (503, "database_unavailable"), (500, "internal")];

/// A disk for one node that is full on demand.
struct Disk {
    place: TempDir,
    controls: Controls,
}

impl Disk {
    fn new() -> anyhow::Result<Self> {
        let place = tempfile::tempdir()?;
        let folder = place.path().join("disk");
        fs::create_dir(&folder)?;
        let controls = Controls::new(place.path(), "node", &folder.canonicalize()?)?;
        Ok(Self { place, controls })
    }

    async fn node(&self) -> anyhow::Result<TestNode> {
        let (data_in, environment) = (Some(self.place.path().join("disk")), self.controls.environment());
        TestNode::start_with(NodeOptions { data_in, environment, ..NodeOptions::default() }).await
    }

    fn fill(&self) -> Outcome {
        self.controls.set_disk(DiskFault::Full)
    }

    fn clear(&self) -> Outcome {
        self.controls.set_disk(DiskFault::None)
    }
}

/// A call that is answered once it is on disk.
pub fn count(database: &Database) -> RequestBuilder {
    count_named(database, "a")
}

fn count_named(database: &Database, name: &str) -> RequestBuilder {
    let call = database.request(Method::POST, "/call/count?confirmed=true", &database.owner);
    call.json(&[name]).timeout(DEADLINE)
}

/// How often [`count`] has had its effect.
pub async fn counted(database: &Database) -> anyhow::Result<u64> {
    let rows = database.sql("SELECT * FROM tally WHERE name = 'a'").await?;
    rows[0][1].as_u64().context("a count")
}

async fn refused_on_a_full_disk(request: RequestBuilder) -> Outcome {
    let answer = request.send().await?;
    let code = answer.headers().get("spacetime-error-code").and_then(|code| code.to_str().ok()).map(str::to_owned);
    let found = (answer.status().as_u16(), code.unwrap_or_default());
    let body = answer.text().await?;
    assert!(FULL_DISK.contains(&(found.0, found.1.as_str())) && !body.is_empty(), "{found:?}: {body}");
    Ok(())
}

#[tokio::test]
async fn calls_on_a_full_disk_are_refused_by_a_code() -> Outcome {
    let disk = Disk::new()?;
    let mut node = disk.node().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let mut socket = Socket::open(&database, &database.owner).await?;
    answers::text(count(&database)).await?;
    own_changes(&socket.call("count", &("a",)).await?)?;

    disk.fill()?;
    let call = socket.call_message("count", &("a",))?;
    socket.send(&[call]).await?;
    assert_eq!(socket.ending().await?.map(|(code, _)| code), Some(1001));
    for _ in 0..5 {
        refused_on_a_full_disk(count(&database)).await?;
    }
    // The node itself goes on.
    let health = answers::json(node.request(Method::GET, "/v1/health")).await?;
    assert_eq!((&health["ready"], &health["databases"]), (&json!(true), &json!(1)));

    node.kill()?;
    disk.clear()?;
    node.restart().await?;
    assert!(counted(&database).await? >= 2);
    answers::text(count(&database)).await?;
    Ok(())
}

/// What the engine could not write is not written later, over what has been acknowledged meanwhile.
#[tokio::test]
async fn what_is_acknowledged_once_there_is_room_again_is_kept() -> Outcome {
    let disk = Disk::new()?;
    let mut node = disk.node().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let mut acknowledged = 0;
    // Longer in the log than what is acknowledged, so that it would not be taken for that.
    let refused_name = "refused".repeat(100);
    // The engine gives a database up in several steps; each number of calls leaves it at another one.
    for calls in 1..=4 {
        for _ in 0..5 {
            answers::text(count(&database)).await?;
        }
        disk.fill()?;
        for _ in 0..calls {
            refused_on_a_full_disk(count_named(&database, &refused_name)).await?;
        }
        disk.clear()?;
        eventually("the database to take calls again", || async {
            count(&database).send().await.ok()?.status().is_success().then_some(())
        })
        .await?;
        acknowledged += 5 + 1;
    }
    answers::text(count(&database)).await?;
    acknowledged += 1;

    node.stop().await?;
    node.restart().await?;
    let kept = counted(&database).await?;
    assert!(kept >= acknowledged, "{acknowledged} calls acknowledged, {kept} kept");
    Ok(())
}

#[tokio::test]
async fn a_publish_on_a_full_disk_is_refused_and_leaves_no_database() -> Outcome {
    let disk = Disk::new()?;
    let mut node = disk.node().await?;
    let database = node.publish("first", "tally_v1").await?;
    let owner = &database.owner;
    disk.fill()?;
    refused(put(&node, "late", owner, module("schema_zoo")?), 500, "internal").await?;
    refused(node.request(Method::GET, "/v1/database/late/identity"), 404, "no_such_database").await?;
    let path = format!("/v1/identity/{}/databases", owner.identity);
    let owned = answers::json(node.request(Method::GET, &path)).await?;
    assert_eq!(owned["identities"].as_array().map(Vec::len), Some(1), "{owned}");

    node.kill()?;
    disk.clear()?;
    node.restart().await?;
    let health = answers::json(node.request(Method::GET, "/v1/health")).await?;
    assert_eq!((&health["databases"], &health["failed_databases"]), (&json!(1), &json!(0)));
    let published = answers::json(put(&node, "late", owner, module("schema_zoo")?)).await?;
    assert_eq!(published["Success"]["op"], "created");
    Ok(())
}

/// What a deleted database had open would otherwise add up until the node can open nothing more.
#[tokio::test]
async fn a_deleted_database_has_no_file_open() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("first", "tally_v1").await?;
    answers::text(count(&database)).await?;
    assert!(open_files(&node, 1)? > 0);
    answers::text(database.request(Method::DELETE, "", &database.owner)).await?;
    let closed = || async { open_files(&node, 1).is_ok_and(|files| files == 0).then_some(()) };
    eventually("the files of the deleted database to be closed", closed).await?;
    Ok(())
}

/// How many files of a replica's folder the node has open.
fn open_files(node: &TestNode, replica: u64) -> anyhow::Result<usize> {
    let folder = node.data_dir().canonicalize()?.join(format!("node/replicas/{replica}"));
    let opened = files(Path::new(&format!("/proc/{}/fd", node.pid())))?;
    Ok(opened.iter().filter_map(|link| fs::read_link(link).ok()).filter(|file| file.starts_with(&folder)).count())
}

/// Deleting is how an operator makes room.
#[tokio::test]
async fn databases_are_published_and_deleted_once_there_is_room_again() -> Outcome {
    let disk = Disk::new()?;
    let node = disk.node().await?;
    let database = node.publish("first", "tally_v1").await?;
    let owner = &database.owner;
    let publish = || anyhow::Ok(put(&node, "late", owner, module("schema_zoo")?));
    let delete = || database.request(Method::DELETE, "", owner);
    disk.fill()?;
    refused(publish()?, 500, "internal").await?;
    refused(delete(), 500, "internal").await?;
    disk.clear()?;
    answers::json(publish()?).await?;
    answers::text(delete()).await?;
    refused(database.request(Method::GET, "", owner), 404, "no_such_database").await?;
    assert_eq!(node.database("late", owner).sql("SELECT * FROM cage").await?.len(), 3);
    Ok(())
}

/// The commit log's first file of a replica.
pub(super) fn first_segment(node: &TestNode, replica: u64) -> anyhow::Result<PathBuf> {
    segments(node, replica)?.into_iter().next().context("there is no commit log")
}

/// The commit log's files of a replica, the oldest first.
pub fn segments(node: &TestNode, replica: u64) -> anyhow::Result<Vec<PathBuf>> {
    let folder = node.data_dir().join(format!("node/replicas/{replica}/clog"));
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "log");
    let mut segments = files(&folder)?.into_iter().filter(is_segment).collect::<Vec<_>>();
    segments.sort();
    Ok(segments)
}

pub fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    Ok(fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?)
}
