//! Starting and stopping: what is refused, in which words, and what stays.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::pin;
use std::process::{Output, Stdio};
use std::time::Duration;

use futures::future::try_join_all;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;
use worldloom_tests::binaries::program;
use worldloom_tests::chaos::faults::preload::{Controls, DiskFault};
use worldloom_tests::node::signal;
use worldloom_tests::said::Said;
use worldloom_tests::{DEADLINE, Database, NodeOptions, Outcome, TestNode, eventually};

use crate::{answers, programs};

#[tokio::test]
async fn a_second_node_on_the_same_data_is_refused() -> Outcome {
    let node = TestNode::start().await?;
    let sentence = refused_start(&node.data_dir().join("node"), &[]).await?;
    assert!(sentence.contains("in use by another node"), "{sentence}");
    assert!(sentence.contains(&node.pid().to_string()), "{sentence}");
    node.account().await?;
    Ok(())
}

#[tokio::test]
async fn a_port_in_use_is_named() -> Outcome {
    let node = TestNode::start().await?;
    let folder = tempfile::tempdir()?;
    let address = format!("127.0.0.1:{}", node.port());
    let sentence = refused_start(folder.path(), &["--listen-addr", &address]).await?;
    assert!(sentence.contains(&node.port().to_string()) && sentence.contains("--listen-addr"), "{sentence}");
    Ok(())
}

#[tokio::test]
async fn a_port_in_use_on_the_twin_address_is_named() -> Outcome {
    let Ok(other) = TcpListener::bind("[::1]:0") else {
        println!("skipped: without IPv6 there is no twin address");
        return Ok(());
    };
    let port = other.local_addr()?.port();
    let folder = tempfile::tempdir()?;
    let sentence = refused_start(folder.path(), &["--listen-addr", &format!("127.0.0.1:{port}")]).await?;
    assert!(sentence.contains(&format!("[::1]:{port}")) && sentence.contains("--listen-addr"), "{sentence}");
    Ok(())
}

#[tokio::test]
async fn a_port_in_use_where_localhost_leads_is_named() -> Outcome {
    let other = TcpListener::bind("127.0.0.1:0")?;
    let port = other.local_addr()?.port();
    let folder = tempfile::tempdir()?;
    let sentence = refused_start(folder.path(), &["--listen-addr", &format!("127.0.0.2:{port}")]).await?;
    assert!(sentence.contains(&format!("127.0.0.1:{port}")) && sentence.contains("--listen-addr"), "{sentence}");
    Ok(())
}

#[tokio::test]
async fn data_of_a_newer_version_is_left_alone() -> Outcome {
    let mut node = TestNode::start().await?;
    node.publish("tally", "tally_v1").await?;
    node.stop().await?;
    let mark = node.data_dir().join("node/metadata.toml");
    let ours = fs::read_to_string(&mark)?;
    let theirs = "edition = \"standalone\"\nversion = \"99.0.0\"\n";
    fs::write(&mark, theirs)?;
    let sentence = refused_start(&node.data_dir().join("node"), &[]).await?;
    assert!(sentence.contains("newer"), "{sentence}");
    assert_eq!(fs::read_to_string(&mark)?, theirs);
    fs::write(&mark, ours)?;
    node.restart().await
}

#[tokio::test]
async fn half_a_key_pair_is_refused_rather_than_replaced() -> Outcome {
    let mut node = TestNode::start().await?;
    node.stop().await?;
    let keys = node.data_dir().join("node/keys");
    let mode = fs::metadata(keys.join("id_ecdsa"))?.permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fs::remove_file(keys.join("id_ecdsa"))?;
    let sentence = refused_start(&node.data_dir().join("node"), &[]).await?;
    assert!(sentence.contains("id_ecdsa") && sentence.contains("backup"), "{sentence}");
    Ok(())
}

#[tokio::test]
async fn nodes_with_the_same_named_keys_take_each_others_tokens() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    let flags =
        ["--jwt-priv-key-path".to_owned(), file("key.pem"), "--jwt-pub-key-path".to_owned(), file("key.pub.pem")];
    let named = || NodeOptions { flags: flags.to_vec(), ..NodeOptions::default() };
    let first = TestNode::start_with(named()).await?;
    assert_eq!(fs::metadata(file("key.pem"))?.permissions().mode() & 0o777, 0o600);
    assert!(!first.data_dir().join("node/keys/id_ecdsa").exists());

    let account = first.account().await?;
    let module = || worldloom_tests::binaries::module("tally_v1");
    let second = TestNode::start_with(named()).await?;
    answers::text(programs::put(&second, "tally", &account, module()?)).await?;
    let stranger = TestNode::start().await?;
    let answer = programs::put(&stranger, "tally", &account, module()?).send().await?;
    assert_eq!(answer.status(), 401);
    Ok(())
}

#[tokio::test]
async fn a_log_level_that_there_is_not_is_named() -> Outcome {
    let folder = tempfile::tempdir()?;
    let sentence = refused_start(folder.path(), &["--listen-addr", "127.0.0.1:0", "--log-level", "loud"]).await?;
    assert!(sentence.contains("`loud`") && sentence.contains("debug"), "{sentence}");
    Ok(())
}

#[tokio::test]
async fn a_misspelt_setting_is_named() -> Outcome {
    let folder = tempfile::tempdir()?;
    for (section, setting) in [
        ("http", "max-program-byte = 1"),
        ("commitlog", "max-segment-sise = 1048576"),
        ("module-http", "enable = false"),
    ] {
        fs::write(folder.path().join("config.toml"), format!("[{section}]\n{setting}"))?;
        let sentence = refused_start(folder.path(), &[]).await?;
        let key = setting.split(' ').next().unwrap();
        assert!(sentence.contains(&format!("`{key}`")), "{sentence}");
    }
    Ok(())
}

#[tokio::test]
async fn a_folder_that_is_a_file_is_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("file");
    fs::write(&file, "")?;
    let sentence = refused_start(&file, &[]).await?;
    assert!(sentence.contains("cannot be used"), "{sentence}");
    Ok(())
}

#[tokio::test]
async fn in_memory_everything_works_and_nothing_is_kept() -> Outcome {
    let mut node = TestNode::start_with(NodeOptions { in_memory: true, ..NodeOptions::default() }).await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    database.call_ok(&database.owner, "insert_row", json!(["Leo", "lion", 1])).await?;
    assert_eq!(database.sql("SELECT name FROM animal").await?, [json!(["Leo"])]);
    // Confirmed reads must not wait for a disk that there is not.
    let mut socket = crate::socket::Socket::open(&database, &database.owner).await?;
    socket.subscribe("SELECT * FROM animal").await?;
    let result = socket.call("insert_row", &("Nala", "lion", 1u32)).await?;
    assert_eq!(crate::socket::own_changes(&result)?.inserts, 1);
    answers::text(programs::put(
        &node,
        "zoo",
        &database.owner,
        crate::programs::variant(worldloom_tests::binaries::module("schema_zoo")?, "next"),
    ))
    .await?;
    assert_eq!(database.sql("SELECT * FROM animal").await?.len(), 2);

    assert!(node.stop().await?.success());
    node.restart().await?;
    let account = node.account().await?;
    let gone = database.request(Method::GET, "", &account);
    answers::refused(gone, 404, "no_such_database").await?;
    Ok(())
}

#[tokio::test]
async fn what_service_managers_send_stops_it_as_well() -> Outcome {
    let mut node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let mut socket = crate::socket::Socket::open(&database, &database.owner).await?;
    database.call_ok(&database.owner, "count", json!(["a"])).await?;
    signal(node.pid(), "TERM")?;
    assert_eq!(socket.ending().await?.unwrap().0, 1001);
    let status = eventually("the node to stop", || std::future::ready(node.try_wait())).await?;
    assert!(status.success(), "{status}");
    node.restart().await?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);
    Ok(())
}

#[tokio::test]
async fn a_crowd_takes_no_files_from_databases() -> Outcome {
    // Half of these are for connections.
    let launcher = ["sh", "-c", "ulimit -n 128; exec \"$0\" \"$@\""].map(str::to_owned).into();
    // Nobody is closed for saying nothing.
    let config = Some("[http]\nheader-timeout = '10m'".to_owned());
    let node = TestNode::start_with(NodeOptions { config, launcher, ..NodeOptions::default() }).await?;
    let database = node.publish("tally", "tally_v1").await?;
    let crowd = try_join_all((0..80).map(|_| TcpStream::connect(("127.0.0.1", node.port())))).await?;
    let ping = || reqwest::get(format!("{}/v1/ping", node.url));
    assert!(timeout(Duration::from_millis(300), ping()).await.is_err(), "there was a place for one more");

    // Who was there before goes on, and so do databases, with files of their own.
    database.call_ok(&database.owner, "count", json!(["a"])).await?;
    node.publish("other", "tally_v1").await?;
    drop(crowd);
    timeout(DEADLINE, ping()).await??.error_for_status()?;
    Ok(())
}

#[tokio::test]
async fn a_trial_ends_even_if_its_node_is_killed() -> Outcome {
    let config = Some("[publish]\ntrial-limit = '2s'".to_owned());
    let mut node = TestNode::start_with(NodeOptions { config, ..NodeOptions::default() }).await?;
    let owner = node.account().await?;
    let publishing = tokio::spawn(programs::put(&node, "endless", &owner, programs::without_end()).send());
    let trial = eventually("the trial to begin", || std::future::ready(child_of(node.pid()))).await?;
    node.kill()?;
    assert!(publishing.await?.is_err());
    let has_ended = || std::future::ready(state_and_parent(&trial).is_none_or(|(state, _)| state == "Z").then_some(()));
    eventually("the trial to end", has_ended).await
}

/// A process that another one has started.
fn child_of(parent: u32) -> Option<String> {
    let entries = fs::read_dir("/proc").ok()?.flatten();
    let mut ids = entries.filter_map(|entry| entry.file_name().into_string().ok());
    ids.find(|id| state_and_parent(id).is_some_and(|(_, found)| found == parent.to_string()))
}

/// What a process does and who has started it, while there is one of this id.
fn state_and_parent(id: &str) -> Option<(String, String)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name, in parentheses, may hold anything; after it come the state and the parent.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().map(str::to_owned);
    Some((fields.next()?, fields.next()?))
}

/// Starts a node that must give up; returns its one sentence.
async fn refused_start(data_dir: &Path, flags: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new(program("spacetime-node")?);
    command.args(["start", "--data-dir"]).arg(data_dir).args(flags);
    if flags.is_empty() {
        command.args(["--listen-addr", "127.0.0.1:0"]);
    }
    let process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let Output { status, stdout, stderr } = timeout(DEADLINE, process.output()).await??;
    let told = String::from_utf8(stderr)?;
    anyhow::ensure!(!status.success(), "it started: {}", String::from_utf8_lossy(&stdout));
    anyhow::ensure!(told.trim().lines().count() == 1, "more than a sentence: {told}");
    Ok(told)
}

/// The engine waits five seconds for a database that somebody else launches. Who asks it again and again, and then looks
/// whether the log can be mended, has given up after four times as long.
const ENGINE_GIVES_UP: Duration = Duration::from_secs(21);
/// After the engine's five seconds, who asks waits for a turn to launch the database.
const ENGINE_WAITS: Duration = Duration::from_secs(7);

/// A database of many millions of rows without a recent snapshot takes as long.
#[tokio::test]
async fn requests_wait_for_a_database_that_takes_long_to_launch() -> Outcome {
    let place = tempfile::tempdir()?;
    let log = place.path().join("log");
    let options = NodeOptions { said: Said::Into(log.clone()), ..NodeOptions::default() };
    let (_node, database, controls) = with_a_stalled_disk(place.path(), options).await?;

    let mut rows = pin!(database.sql("SELECT * FROM tally"));
    assert!(timeout(ENGINE_GIVES_UP, &mut rows).await.is_err(), "it was answered before the log was read");
    controls.set_disk(DiskFault::None)?;
    assert_eq!(rows.await?, [json!(["a", 1])]);
    assert!(!fs::read_to_string(&log)?.contains("cannot be launched"));
    Ok(())
}

/// What it was before is not launched once more for them.
#[tokio::test]
async fn those_who_wait_for_a_database_hear_that_it_is_deleted_meanwhile() -> Outcome {
    let place = tempfile::tempdir()?;
    let (_node, database, controls) = with_a_stalled_disk(place.path(), NodeOptions::default()).await?;
    let owner = &database.owner;
    let ask = || database.request(Method::POST, "/sql", owner).body("SELECT * FROM tally").send();
    let mut waiting = tokio::spawn(try_join_all([ask(), ask()]));
    assert!(timeout(ENGINE_WAITS, &mut waiting).await.is_err(), "they were answered before the log was read");
    let deleting = tokio::spawn(database.request(Method::DELETE, "", owner).send());
    eventually("the database to be deleted", || async {
        (database.request(Method::GET, "", owner).send().await.ok()?.status() == 404).then_some(())
    })
    .await?;

    controls.set_disk(DiskFault::None)?;
    for answer in waiting.await?? {
        answers::refusal(answer, 404, "no_such_database").await?;
    }
    deleting.await??.error_for_status()?;
    Ok(())
}

/// A node whose only database is not launched before its disk answers again.
async fn with_a_stalled_disk(place: &Path, options: NodeOptions) -> anyhow::Result<(TestNode, Database, Controls)> {
    let mut node = TestNode::start_with(options).await?;
    let database = node.publish("tally", "tally_v1").await?;
    database.call_ok(&database.owner, "count", json!(["a"])).await?;
    node.stop().await?;
    let replicas = node.data_dir().canonicalize()?.join("node/replicas");
    let controls = Controls::new(place, "node", &replicas)?;
    controls.set_disk(DiskFault::Stalled)?;
    node.options_mut().environment = controls.environment();
    node.start_again()?;
    Ok((node, database, controls))
}
