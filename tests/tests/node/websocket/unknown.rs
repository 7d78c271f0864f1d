//! Calls of functions that the module does not have: answered, and forgotten.

use futures::SinkExt;
use reqwest::Method;
use serde_json::{Value, json};
use spacetimedb_client_api_messages::websocket::v2::{
    CallProcedure, ClientMessage, ProcedureStatus, ReducerOutcome, ServerMessage,
};
use spacetimedb_lib::bsatn;
use tokio_tungstenite::tungstenite::Message;
use worldloom_tests::{Database, Outcome, TestNode};

use super::protocols::next_json;
use crate::answers;
use crate::socket::{Raw, Socket, V1_JSON, V2, V3, connect};

const MADE_UP: &str = "made_up_by_a_stranger";

#[tokio::test]
async fn names_that_clients_make_up_leave_no_trace() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let names = [MADE_UP.to_owned(), MADE_UP.repeat(1_000), format!("{MADE_UP}.{MADE_UP}")];
    for protocol in [V2, V3] {
        let mut socket = Socket::open_with(&database, &database.owner, protocol, "").await?;
        for name in &names {
            // Alone on the connection at first, and then no longer.
            assert_no_such_procedure(&procedure(&mut socket, name).await?);
            let result = socket.call(name, &()).await?.result;
            assert!(matches!(&result, ReducerOutcome::InternalError(why) if &**why == "no such reducer"), "{result:?}");
            assert_no_such_procedure(&procedure(&mut socket, name).await?);
        }
    }
    v1(&database, &names).await?;

    let mut socket = Socket::open(&database, &database.owner).await?;
    assert!(matches!(procedure(&mut socket, "animal_summary").await?, ProcedureStatus::Returned(_)));
    let metrics = answers::text(node.request(Method::GET, "/v1/metrics")).await?;
    assert!(metrics.contains("animal_summary") && !metrics.contains(MADE_UP));
    let log = answers::text(database.request(Method::GET, "/logs?num_lines=200", &database.owner)).await?;
    assert!(!log.contains(MADE_UP), "{log}");
    Ok(())
}

async fn procedure(socket: &mut Socket, name: &str) -> anyhow::Result<ProcedureStatus> {
    let args = bsatn::to_vec(&())?.into();
    let call = CallProcedure { request_id: 7, flags: Default::default(), procedure: name.into(), args };
    socket.send(&[ClientMessage::CallProcedure(call)]).await?;
    match socket.next().await? {
        ServerMessage::ProcedureResult(result) if result.request_id == 7 => Ok(result.status),
        other => anyhow::bail!("{name} was answered with {other:?}"),
    }
}

#[track_caller]
fn assert_no_such_procedure(status: &ProcedureStatus) {
    assert!(matches!(status, ProcedureStatus::InternalError(why) if &**why == "No such procedure"), "{status:?}");
}

async fn v1(database: &Database, names: &[String]) -> Outcome {
    let (mut socket, _) = connect(database, &database.owner, V1_JSON, "").await?;
    assert!(next_json(&mut socket).await?["IdentityToken"].is_object());
    for name in names {
        let reducer = json!({ "CallReducer": { "reducer": name, "args": "[]", "request_id": 1, "flags": 0 } });
        let answer = ask(&mut socket, reducer).await?;
        assert_eq!(answer["TransactionUpdate"]["status"]["Failed"], "no such reducer");
        let procedure = json!({ "CallProcedure": { "procedure": name, "args": "[]", "request_id": 2, "flags": 0 } });
        let answer = ask(&mut socket, procedure).await?;
        assert_eq!(answer["ProcedureResult"]["status"]["InternalError"], "No such procedure");
        assert_eq!(answer["ProcedureResult"]["request_id"], 2);
    }
    Ok(())
}

async fn ask(socket: &mut Raw, message: Value) -> anyhow::Result<Value> {
    socket.send(Message::Text(message.to_string().into())).await?;
    next_json(socket).await
}
