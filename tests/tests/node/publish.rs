//! Publishing: new databases, updates, migrations, resets, and programs that are refused.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use worldloom_tests::binaries::module;
use worldloom_tests::{NodeOptions, Outcome, TestNode, eventually, http_client};

use crate::answers::{self, refused, refused_for_its_size};
use crate::programs::{self, put, variant};
use crate::socket::{Changes, Socket, changes};

#[tokio::test]
async fn a_new_database_is_initialised_once() -> Outcome {
    let node = TestNode::start().await?;
    let owner = node.account().await?;
    let told = answers::json(put(&node, "zoo", &owner, module("schema_zoo")?)).await?;
    assert_eq!(told["Success"]["op"], "created");
    assert_eq!(told["Success"]["domain"], "zoo");
    let database = node.database("zoo", &owner);
    assert_eq!(database.sql("SELECT * FROM cage").await?.len(), 3);
    let identity = answers::text(database.request(Method::GET, "/identity", &owner)).await?;
    assert_eq!(told["Success"]["database_identity"], identity);
    Ok(())
}

#[tokio::test]
async fn a_database_needs_no_name() -> Outcome {
    let node = TestNode::start().await?;
    let owner = node.account().await?;
    let request = node.request(Method::POST, "/v1/database").bearer_auth(&owner.token).body(module("tally_v1")?);
    let told = answers::json(request).await?;
    let identity = told["Success"]["database_identity"].as_str().unwrap().to_owned();
    let database = node.database(&identity, &owner);
    database.call_ok(&owner, "count", json!(["a"])).await?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);
    Ok(())
}

#[tokio::test]
async fn an_update_keeps_data_sockets_and_subscriptions() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let mut socket = Socket::open(&database, &database.owner).await?;
    socket.subscribe("SELECT * FROM animal").await?;
    database.call_ok(&database.owner, "insert_row", json!(["Leo", "lion", 190_000])).await?;
    assert_eq!(changes(&socket.update().await?), Changes { inserts: 1, ..Changes::default() });

    let program = variant(module("schema_zoo")?, "second");
    let told = answers::json(put(&node, "zoo", &database.owner, program)).await?;
    assert_eq!(told["Success"]["op"], "updated");

    database.call_ok(&database.owner, "insert_row", json!(["Nala", "lion", 130_000])).await?;
    assert_eq!(changes(&socket.update().await?), Changes { inserts: 1, ..Changes::default() });
    socket.call("insert_row", &("Kion", "lion", 40_000u32)).await?;
    assert_eq!(database.sql("SELECT * FROM animal").await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn the_same_program_again_changes_nothing() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    database.call_ok(&database.owner, "count", json!(["a"])).await?;
    answers::json(put(&node, "tally", &database.owner, module("tally_v1")?)).await?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);
    Ok(())
}

#[tokio::test]
async fn a_change_that_disconnects_clients_needs_the_token_of_its_plan() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let owner = &database.owner;
    database.call_ok(owner, "count", json!(["a"])).await?;
    let mut socket = Socket::open(&database, owner).await?;

    let plan = database.request(Method::POST, "/pre_publish?style=NoColor", owner).body(module("tally_v2")?);
    let plan = answers::json(plan).await?["AutoMigrate"].take();
    assert_eq!(plan["break_clients"], true);
    assert!(plan["migrate_plan"].as_str().unwrap().contains("step"), "{plan}");

    let update = |query: String| database.request(Method::PUT, &query, owner).body(module("tally_v2").unwrap());
    refused(update(String::new()), 400, "breaks_clients").await?;
    let wrong = format!("?policy=BreakClients&token={}", "0".repeat(64));
    refused(update(wrong), 400, "invalid_migration_token").await?;
    refused(update("?policy=BreakClients&token=x".to_owned()), 400, "invalid_migration_token").await?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);

    let right = format!("?policy=BreakClients&token={}", plan["token"].as_str().unwrap());
    answers::json(update(right)).await?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1, 10])]);
    assert_eq!(socket.ending().await?.unwrap().0, 1001);
    Ok(())
}

#[tokio::test]
async fn a_lost_column_is_refused_by_name_and_clear_drops_the_data() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v2").await?;
    let owner = &database.owner;
    database.call_ok(owner, "count", json!(["a"])).await?;

    let reasons = refused(put(&node, "tally", owner, module("tally_v1")?), 400, "migration_refused").await?;
    assert!(reasons.contains("step"), "{reasons}");
    let plan = database.request(Method::POST, "/pre_publish", owner).body(module("tally_v1")?);
    let reason = answers::json(plan).await?["ManualMigrate"]["reason"].to_string();
    assert!(reason.contains("step"), "{reason}");
    database.call_ok(owner, "count", json!(["a"])).await?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 2, 1])]);

    answers::json(database.request(Method::PUT, "?clear=true", owner).body(module("tally_v1")?)).await?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, Vec::<Value>::new());
    database.call_ok(owner, "count", json!(["a"])).await?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);
    Ok(())
}

#[tokio::test]
async fn a_reset_runs_init_again_on_the_same_program() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    database.call_ok(&database.owner, "insert_row", json!(["Leo", "lion", 190_000])).await?;
    answers::json(database.request(Method::PUT, "/reset", &database.owner)).await?;
    assert_eq!(database.sql("SELECT * FROM animal").await?, Vec::<Value>::new());
    assert_eq!(database.sql("SELECT * FROM cage").await?.len(), 3);
    Ok(())
}

/// Each of them finds the database as it was before the others.
#[tokio::test]
async fn of_resets_at_once_one_replica_is_left() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let reset = || database.request(Method::PUT, "/reset", &database.owner).send();
    let answers = futures::future::try_join_all((0..3).map(|_| reset())).await?;
    // One that would have to wait for long is refused.
    assert!(answers.iter().any(|answer| answer.status().is_success()), "{answers:?}");
    database.call_ok(&database.owner, "count", json!(["a"])).await?;
    let replicas = node.data_dir().join("node/replicas");
    eventually("the other replicas to be removed", || async {
        (std::fs::read_dir(&replicas).ok()?.count() == 1).then_some(())
    })
    .await?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);
    Ok(())
}

#[tokio::test]
async fn a_deleted_database_is_gone_with_its_folder_and_deleting_again_succeeds() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let owner = &database.owner;
    let replicas = node.data_dir().join("node/replicas");
    assert_eq!(std::fs::read_dir(&replicas)?.count(), 1);
    for _ in 0..2 {
        answers::text(database.request(Method::DELETE, "", owner)).await?;
    }
    eventually("the folder to be removed", || async {
        (std::fs::read_dir(&replicas).ok()?.count() == 0).then_some(())
    })
    .await?;
    refused(database.request(Method::GET, "", owner), 404, "no_such_database").await?;

    answers::json(put(&node, "tally", owner, module("tally_v1")?)).await?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, Vec::<Value>::new());
    Ok(())
}

#[tokio::test]
async fn databases_of_one_module_are_apart() -> Outcome {
    let node = TestNode::start().await?;
    let owner = node.account().await?;
    for name in ["one", "two", "three"] {
        answers::json(put(&node, name, &owner, module("tally_v1")?)).await?;
        node.database(name, &owner).call_ok(&owner, "count", json!([name])).await?;
    }
    for name in ["one", "two", "three"] {
        assert_eq!(node.database(name, &owner).sql("SELECT * FROM tally").await?, [json!([name, 1])]);
    }
    let path = format!("/v1/identity/{}/databases", owner.identity);
    let owned = answers::json(node.request(Method::GET, &path)).await?;
    assert_eq!(owned["identities"].as_array().unwrap().len(), 3);
    Ok(())
}

#[tokio::test]
async fn of_many_publishes_of_one_name_one_creates_it() -> Outcome {
    let node = TestNode::start().await?;
    let owners = [node.account().await?, node.account().await?, node.account().await?];
    let program = module("tally_v1")?;
    let publish = |owner| put(&node, "tally", owner, program.clone()).send();
    let answers = futures::future::try_join_all(owners.iter().map(publish)).await?;
    let created = answers.iter().filter(|answer| answer.status().is_success()).count();
    assert_eq!(created, 1, "{answers:?}");
    Ok(())
}

#[tokio::test]
async fn javascript_is_refused_on_every_way_in() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let owner = &database.owner;
    for (method, path) in [
        (Method::PUT, "?host_type=Js"),
        (Method::PUT, "?host_type=Js&clear=true"),
        (Method::POST, "/pre_publish?host_type=Js"),
        (Method::PUT, "/reset?host_type=Js"),
    ] {
        let request = database.request(method, path, owner).body("export default 1");
        refused(request, 400, "javascript_unsupported").await?;
    }
    let request = node.request(Method::PUT, "/v1/database/other?host_type=Js").bearer_auth(&owner.token).body("1");
    refused(request, 400, "javascript_unsupported").await?;
    Ok(())
}

#[tokio::test]
async fn broken_programs_leave_nothing_behind() -> Outcome {
    let node = TestNode::start().await?;
    let owner = node.account().await?;
    let whole = module("tally_v1")?;
    let truncated = whole[..whole.len() / 2].to_vec();
    for (program, code) in [
        (Vec::new(), "not_wasm"),
        (b"MZ\x90\0 this is another kind of program".to_vec(), "not_wasm"),
        (truncated, "module_refused"),
        (programs::EMPTY.to_vec(), "module_refused"),
        (programs::of_another_abi(), "module_refused"),
        (module("endless_column")?, "module_refused"),
    ] {
        refused(put(&node, "tally", &owner, program), 400, code).await?;
    }
    let path = format!("/v1/identity/{}/databases", owner.identity);
    assert_eq!(answers::json(node.request(Method::GET, &path)).await?, json!({ "identities": [] }));
    // The name is still free, for others too.
    node.publish("tally", "tally_v1").await?;
    Ok(())
}

#[tokio::test]
async fn broken_programs_leave_a_running_database_alone() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let owner = &database.owner;
    let mut socket = Socket::open(&database, owner).await?;
    for program in [programs::EMPTY.to_vec(), programs::of_another_abi(), module("endless_column")?] {
        for path in ["", "?clear=true", "/reset"] {
            let request = database.request(Method::PUT, path, owner).body(program.clone());
            refused(request, 400, "module_refused").await?;
        }
    }
    socket.call("count", &("a",)).await?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);
    Ok(())
}

#[tokio::test]
async fn a_program_of_200_mb_is_refused_before_it_is_sent() -> Outcome {
    let node = TestNode::start().await?;
    let owner = node.account().await?;
    let mut stream = TcpStream::connect(("127.0.0.1", node.port())).await?;
    let head = format!(
        "PUT /v1/database/big HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-length: 209715200\r\n\r\n",
        owner.token
    );
    stream.write_all(head.as_bytes()).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    assert_eq!(&answer, b"HTTP/1.1 413");
    Ok(())
}

#[tokio::test]
async fn a_program_that_grows_past_the_limit_is_refused() -> Outcome {
    let config = Some("[http]\nmax-program-bytes = 100000".to_owned());
    let node = TestNode::start_with(NodeOptions { config, ..NodeOptions::default() }).await?;
    let owner = node.account().await?;
    refused_for_its_size(put(&node, "tally", &owner, module("tally_v1")?), "body_too_large").await?;
    // Without a length in advance.
    let program = module("tally_v1")?;
    let chunks: Vec<_> = program.chunks(1000).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect();
    let body = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
    refused_for_its_size(put(&node, "tally", &owner, body), "body_too_large").await?;
    // On a new connection, since the node has closed the other.
    let found = http_client()?.get(format!("{}/v1/database/tally", node.url)).send().await?;
    assert_eq!(found.status(), 404);
    Ok(())
}

#[tokio::test]
async fn impossible_names_are_refused() -> Outcome {
    let node = TestNode::start().await?;
    let owner = node.account().await?;
    let program = module("tally_v1")?;
    let long = "x".repeat(10_000);
    for name in ["%F0%9F%8E%B2", "Caps", "a--b", "-a", "a%2Fb", "a%20b", "..%2F..%2Fx", &long] {
        let shown: String = name.chars().take(20).collect();
        let sentence = refused(put(&node, name, &owner, program.clone()), 400, "invalid_name").await?;
        assert!(sentence.len() < 300, "the answer to {shown} repeats it all");
    }
    refused(put(&node, "a/b", &owner, program.clone()), 404, "no_such_route").await?;
    // An identity is no name: it says which database is meant, and here there is none.
    refused(put(&node, &"c2".repeat(32), &owner, program), 404, "no_such_database").await?;
    Ok(())
}

#[tokio::test]
async fn a_publish_cut_short_by_a_kill_is_there_or_not_but_never_broken() -> Outcome {
    let mut node = TestNode::start().await?;
    let owner = node.account().await?;
    let data = node.data_dir().join("node");
    let steps: [(&str, Reached); 4] = [
        ("a", |_| true),
        ("b", |data| holds_file(&data.join("program-bytes"))),
        ("c", |data| holds_file(&data.join("replicas"))),
        ("d", |data| holds_file(&data.join("replicas/3/clog")) || holds_file(&data.join("replicas/4/clog"))),
    ];
    for (name, reached) in steps {
        let publish = tokio::spawn(put(&node, name, &owner, module("schema_zoo")?).send());
        eventually("the publish to get somewhere", || {
            let there = reached(&data) || publish.is_finished();
            async move { there.then_some(()) }
        })
        .await?;
        node.kill()?;
        // It may have been answered just before the end.
        let confirmed = publish.await?.is_ok_and(|answer| answer.status().is_success());
        node.restart().await?;
        let database = node.database(name, &owner);
        let found = database.request(Method::GET, "", &owner).send().await?.status();
        assert!(found.is_success() || !confirmed, "a confirmed publish is lost");
        if !found.is_success() {
            assert_eq!(found, 404);
            answers::json(put(&node, name, &owner, module("schema_zoo")?)).await?;
        }
        assert_eq!(database.sql("SELECT * FROM cage").await?.len(), 3);
    }
    until_no_program_waits(&node).await
}

#[tokio::test]
async fn a_program_lies_beside_its_database_only_until_the_database_holds_it() -> Outcome {
    let mut node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    until_no_program_waits(&node).await?;
    answers::json(put(&node, "other", &database.owner, module("tally_v1")?)).await?;
    answers::json(database.request(Method::PUT, "/reset", &database.owner)).await?;
    until_no_program_waits(&node).await?;
    database.call_ok(&database.owner, "count", json!(["a"])).await?;

    // What a crash leaves of a publish.
    node.stop().await?;
    let left = node.data_dir().join("node/program-bytes/ab");
    std::fs::create_dir(&left)?;
    std::fs::write(left.join("cd.tmp1"), "half a program")?;
    std::fs::write(left.join("c".repeat(62)), "a program of nobody")?;
    node.restart().await?;
    until_no_program_waits(&node).await?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);
    answers::text(database.request(Method::DELETE, "", &database.owner)).await?;
    until_no_program_waits(&node).await
}

/// In memory a database is empty whenever it is launched, and is launched again after a fault of the engine.
#[tokio::test]
async fn in_memory_a_program_lies_beside_its_database_as_long_as_that_is_there() -> Outcome {
    // Where the node makes its folder of temporary files.
    let temporary = tempfile::tempdir()?;
    let environment = vec![("TMPDIR".to_owned(), temporary.path().display().to_string())];
    let node = TestNode::start_with(NodeOptions { in_memory: true, environment, ..NodeOptions::default() }).await?;
    let database = node.publish("tally", "tally_v1").await?;
    let waits = || {
        let folders = std::fs::read_dir(temporary.path()).into_iter().flatten().flatten();
        folders.map(|folder| folder.path().join("program-bytes")).any(|programs| holds_file(&programs))
    };
    // The folder is looked through at each deletion.
    let other = node.publish("other", "schema_zoo").await?;
    answers::text(other.request(Method::DELETE, "", &other.owner)).await?;
    assert!(waits());
    answers::text(database.request(Method::DELETE, "", &database.owner)).await?;
    assert!(!waits());
    Ok(())
}

async fn until_no_program_waits(node: &TestNode) -> Outcome {
    let programs = node.data_dir().join("node/program-bytes");
    eventually("all programs to be removed", || async { (!holds_file(&programs)).then_some(()) }).await
}

/// Whether a publish has got so far, by what is in the data folder.
type Reached = fn(&Path) -> bool;

fn holds_file(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}
