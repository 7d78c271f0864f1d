//! Subscribing and calling in every protocol version, with every compression.

use anyhow::Context;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use spacetimedb_client_api_messages::websocket::common::RowListLen;
use spacetimedb_client_api_messages::websocket::v1;
use spacetimedb_client_api_messages::websocket::v2::{
    CallProcedure, ClientMessage, OneOffQuery, ProcedureStatus, QuerySetId, ReducerOutcome, ServerMessage, Unsubscribe,
};
use spacetimedb_lib::bsatn;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use worldloom_tests::{DEADLINE, NodeOptions, Outcome, TestNode};

use crate::socket::{
    Changes, Compression, Raw, Socket, V1, V1_JSON, V2, V3, changes, connect, decompress, own_changes, row_count, rows,
};

#[tokio::test]
async fn v2_and_v3_subscribe_call_and_hear_of_others() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let visitor = node.account().await?;
    for (protocol, name) in [(V2, "Leo"), (V3, "Nala")] {
        let mut ours = Socket::open_with(&database, &visitor, protocol, "").await?;
        let mut theirs = Socket::open_with(&database, &database.owner, protocol, "").await?;
        let cages = ours.subscribe("SELECT * FROM cage").await?;
        let first: Vec<(u32, String)> = rows(&cages.rows.tables[0].rows)?;
        assert!(first.contains(&(1, "east".to_owned())), "{first:?}");
        for socket in [&mut ours, &mut theirs] {
            socket.subscribe("SELECT * FROM animal").await?;
        }
        let result = ours.call("insert_row", &(name, "lion", 190_000u32)).await?;
        let one_insert = Changes { inserts: 1, ..Changes::default() };
        assert_eq!(own_changes(&result)?, one_insert);
        assert_eq!(changes(&theirs.update().await?), one_insert);
    }
    Ok(())
}

#[tokio::test]
async fn v2_and_v3_tell_every_kind_of_outcome() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    for protocol in [V2, V3] {
        let mut socket = Socket::open_with(&database, &database.owner, protocol, "").await?;
        let ok = socket.call("log_line", &("hello",)).await?;
        assert_eq!(own_changes(&ok)?, Changes::default());
        let err = socket.call("fail_with", &("because",)).await?;
        let ReducerOutcome::Err(reason) = err.result else { anyhow::bail!("{err:?}") };
        assert_eq!(bsatn::from_slice::<String>(&reason)?, "because");
        let trapped = socket.call("trap", &()).await?;
        assert!(matches!(trapped.result, ReducerOutcome::InternalError(_)), "{trapped:?}");
        let unknown = socket.call("nothing", &()).await?;
        assert!(matches!(unknown.result, ReducerOutcome::InternalError(_)), "{unknown:?}");
        let unfit = socket.call("log_line", &(1u8,)).await?;
        assert!(matches!(unfit.result, ReducerOutcome::InternalError(_)), "{unfit:?}");

        let query = |query_string: &str| {
            ClientMessage::OneOffQuery(OneOffQuery { request_id: 77, query_string: query_string.into() })
        };
        socket.send(&[query("SELECT * FROM cage"), query("nonsense")]).await?;
        for expected in [Some(3), None] {
            let ServerMessage::OneOffQueryResult(answer) = socket.next().await? else { anyhow::bail!("no result") };
            let found = answer.result.ok().map(|found| found.tables.iter().map(|table| table.rows.len()).sum());
            assert_eq!((answer.request_id, found), (77, expected));
        }
        let procedure = CallProcedure {
            request_id: 78,
            flags: Default::default(),
            procedure: "fail_in_procedure".into(),
            args: bsatn::to_vec(&("no",))?.into(),
        };
        socket.send(&[ClientMessage::CallProcedure(procedure)]).await?;
        let ServerMessage::ProcedureResult(answer) = socket.next().await? else { anyhow::bail!("no result") };
        let ProcedureStatus::Returned(value) = answer.status else { anyhow::bail!("{answer:?}") };
        assert_eq!(bsatn::from_slice::<Result<u64, String>>(&value)?, Err("no".to_owned()));
    }
    Ok(())
}

#[tokio::test]
async fn a_refused_subscription_and_an_ended_one_leave_the_socket_open() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let visitor = node.account().await?;
    let mut socket = Socket::open(&database, &visitor).await?;
    for query in ["nonsense", "SELECT * FROM nowhere", "SELECT * FROM secret_note"] {
        let refusal = socket.subscribe(query).await.unwrap_err().to_string();
        assert!(refusal.contains("SubscriptionError"), "{query}: {refusal}");
    }
    let applied = socket.subscribe("SELECT * FROM animal").await?;
    let unsubscribe = Unsubscribe { request_id: 9, query_set_id: applied.query_set_id, flags: Default::default() };
    socket.send(&[ClientMessage::Unsubscribe(unsubscribe)]).await?;
    let ServerMessage::UnsubscribeApplied(ended) = socket.next().await? else { anyhow::bail!("not ended") };
    assert_eq!(ended.query_set_id, QuerySetId::new(applied.query_set_id.id));
    assert_eq!(own_changes(&socket.call("insert_row", &("Leo", "lion", 1u32)).await?)?, Changes::default());
    Ok(())
}

#[tokio::test]
async fn v3_takes_many_messages_in_a_frame_and_answers_in_order() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let mut socket = Socket::open_with(&database, &database.owner, V3, "").await?;
    let calls = (0..100).map(|_| socket.call_message("count", &("a",))).collect::<anyhow::Result<Vec<_>>>()?;
    socket.send(&calls).await?;
    for call in &calls {
        let ClientMessage::CallReducer(call) = call else { anyhow::bail!("not a call") };
        let ServerMessage::ReducerResult(result) = socket.next().await? else { anyhow::bail!("no result") };
        assert_eq!(result.request_id, call.request_id);
    }
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 100])]);
    Ok(())
}

#[tokio::test]
async fn event_rows_reach_subscribers_and_are_not_kept() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let mut socket = Socket::open(&database, &database.owner).await?;
    assert_eq!(row_count(&socket.subscribe("SELECT * FROM sighting").await?), 0);
    let emitted = socket.call("emit_sightings", &("Leo", 3u16)).await?;
    assert_eq!(own_changes(&emitted)?, Changes { events: 3, ..Changes::default() });
    assert_eq!(database.sql("SELECT * FROM sighting").await?, Vec::<Value>::new());
    Ok(())
}

#[tokio::test]
async fn large_messages_are_compressed_as_asked_and_small_ones_never() -> Outcome {
    let config = Some("[websocket]\ngzip = true".to_owned());
    let node = TestNode::start_with(NodeOptions { config, ..NodeOptions::default() }).await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let text = "x".repeat(200_000);
    for name in ["one", "two"] {
        database
            .call_ok(&database.owner, "send_letter", json!([{ "__identity__": "0x0" }, format!("{name} {text}")]))
            .await?;
    }
    for (query, compression) in [
        ("compression=None", Compression::None),
        ("compression=Brotli", Compression::Brotli),
        ("compression=Gzip", Compression::Gzip),
        ("", Compression::Brotli),
    ] {
        for protocol in [V2, V3] {
            let mut socket = Socket::open_with(&database, &database.owner, protocol, query).await?;
            let letters = socket.subscribe("SELECT * FROM letter").await?;
            assert_eq!(row_count(&letters), 2);
            assert!(letters.rows.tables[0].rows.get(0).unwrap().len() > 200_000);
            assert_eq!(socket.compressions, [Compression::None, compression], "{protocol} with {query:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn v1_in_json_subscribes_calls_and_tells_errors() -> Outcome {
    let config = Some("[websocket]\ngzip = true".to_owned());
    let node = TestNode::start_with(NodeOptions { config, ..NodeOptions::default() }).await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let (mut socket, _) = connect(&database, &database.owner, V1_JSON, "").await?;
    assert!(next_json(&mut socket).await?["IdentityToken"]["token"].is_string());

    let subscribe =
        json!({ "Subscribe": { "query_strings": ["SELECT * FROM cage", "SELECT * FROM animal"], "request_id": 1 } });
    socket.send(Message::Text(subscribe.to_string().into())).await?;
    let first = next_json(&mut socket).await?["InitialSubscription"].take();
    assert_eq!(first["request_id"], 1);
    assert!(first.to_string().contains("east"), "{first}");

    let call = |reducer: &str, args: Value| {
        let call =
            json!({ "CallReducer": { "reducer": reducer, "args": args.to_string(), "request_id": 2, "flags": 0 } });
        Message::Text(call.to_string().into())
    };
    socket.send(call("insert_row", json!(["Leo", "lion", 1]))).await?;
    let update = next_json(&mut socket).await?["TransactionUpdate"].take();
    assert!(update["status"]["Committed"].to_string().contains("Leo"), "{update}");
    assert_eq!(update["reducer_call"]["reducer_name"], "insert_row");
    // Errors are messages in v1, and the socket stays open.
    socket.send(call("fail_with", json!(["because"]))).await?;
    let failed = next_json(&mut socket).await?;
    assert_eq!(failed["TransactionUpdate"]["status"]["Failed"], "because");
    socket.send(call("nothing", json!([]))).await?;
    let unknown = next_json(&mut socket).await?;
    assert!(unknown["TransactionUpdate"]["status"]["Failed"].is_string(), "{unknown}");
    Ok(())
}

#[tokio::test]
async fn v1_in_bsatn_subscribes_and_hears_of_changes() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let (mut socket, _) = connect(&database, &database.owner, V1, "compression=Gzip").await?;
    let v1::ServerMessage::IdentityToken(greeting) = next_v1(&mut socket).await? else { anyhow::bail!("no greeting") };
    assert_eq!(greeting.identity.to_hex().as_str(), database.owner.identity);

    let queries = ["SELECT * FROM cage".into(), "SELECT * FROM animal".into()].into();
    let subscribe = v1::Subscribe { query_strings: queries, request_id: 1 };
    let message = v1::ClientMessage::<bytes::Bytes>::Subscribe(subscribe);
    socket.send(Message::Binary(bsatn::to_vec(&message)?.into())).await?;
    let v1::ServerMessage::InitialSubscription(first) = next_v1(&mut socket).await? else { anyhow::bail!("no rows") };
    assert_eq!(first.database_update.num_rows(), 3);

    database.call_ok(&database.owner, "insert_row", json!(["Leo", "lion", 1])).await?;
    // Who called what is told to the caller alone.
    let v1::ServerMessage::TransactionUpdateLight(light) = next_v1(&mut socket).await? else {
        anyhow::bail!("no update")
    };
    assert_eq!(light.update.num_rows(), 1);
    Ok(())
}

pub(super) async fn next_json(socket: &mut Raw) -> anyhow::Result<Value> {
    loop {
        match timeout(DEADLINE, socket.next()).await? {
            Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text)?),
            Some(Ok(Message::Ping(_))) => {}
            other => anyhow::bail!("expected text, got {other:?}"),
        }
    }
}

async fn next_v1(socket: &mut Raw) -> anyhow::Result<v1::ServerMessage<v1::BsatnFormat>> {
    loop {
        match timeout(DEADLINE, socket.next()).await? {
            Some(Ok(Message::Binary(payload))) => return Ok(bsatn::from_slice(&decompress(&payload)?.1)?),
            Some(Ok(Message::Ping(_))) => {}
            other => anyhow::bail!("expected bytes, got {other:?}"),
        }
    }
}

/// Procedures are answered by a way of their own until there is anything else on the connection, rows for instance, which
/// a result must not overtake.
#[tokio::test]
async fn every_procedure_is_answered_once_and_after_the_rows_it_made() -> Outcome {
    /// More than may be under way at once. The engine does not promise to run so many in order.
    const CALLS: u32 = 600;
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    for protocol in [V2, V3] {
        let mut socket = Socket::open_with(&database, &database.owner, protocol, "confirmed=true").await?;
        let calls = (0..CALLS).map(|number| registration(protocol, number)).collect::<anyhow::Result<Vec<_>>>()?;
        socket.send(&calls).await?;
        let mut animals = Vec::new();
        for _ in &calls {
            animals.push(registered(socket.next().await?)?);
        }
        animals.sort_unstable();
        assert!(animals.iter().map(|(request, _)| *request).eq(0..CALLS), "{animals:?}");
        animals.sort_unstable_by_key(|(_, id)| *id);
        animals.dedup_by_key(|(_, id)| *id);
        assert_eq!(animals.len(), calls.len());

        socket.subscribe("SELECT * FROM animal").await?;
        for number in CALLS..CALLS + 20 {
            socket.send(&[registration(protocol, number)?]).await?;
            assert_eq!(changes(&socket.update().await?), Changes { inserts: 1, ..Changes::default() });
            assert_eq!(registered(socket.next().await?)?.0, number);
        }
    }
    Ok(())
}

/// A call that registers an animal; its number is that of the request.
fn registration(protocol: &str, number: u32) -> anyhow::Result<ClientMessage> {
    const HERBIVORE: u8 = 0;
    let args = bsatn::to_vec(&(format!("{protocol} {number}"), "lion", 190_000u32, HERBIVORE))?.into();
    let procedure = "register_animal".into();
    Ok(ClientMessage::CallProcedure(CallProcedure { request_id: number, flags: Default::default(), procedure, args }))
}

/// The request that registered an animal, and the animal's id.
fn registered(message: ServerMessage) -> anyhow::Result<(u32, u64)> {
    let ServerMessage::ProcedureResult(result) = message else { anyhow::bail!("{message:?} is no result") };
    let ProcedureStatus::Returned(value) = result.status else { anyhow::bail!("{result:?}") };
    // The animal follows a byte that says that there is one, and begins with its id.
    let id = value.get(1..9).filter(|_| value[0] == 0).context("no animal was registered")?;
    Ok((result.request_id, u64::from_le_bytes(id.try_into()?)))
}
