//! What the engine has of one client at a time: no more than it can do soon, however the client sends it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use spacetimedb_client_api_messages::websocket::v2::{CallProcedure, ClientMessage, ServerMessage};
use spacetimedb_lib::bsatn;
use worldloom_tests::{Outcome, eventually};

use super::limits::node_with;
use crate::socket::{Socket, V3};

/// Rows of a call that takes its time, so that those behind it wait.
const ROWS: u32 = 2_000;

fn slow_calls(socket: &mut Socket, count: usize) -> anyhow::Result<Vec<ClientMessage>> {
    (0..count).map(|_| socket.call_message("burn_rows", &(ROWS, 1_000u32))).collect()
}

#[tokio::test]
async fn a_client_that_sends_faster_than_it_is_served_is_dropped() -> Outcome {
    // Time enough to read all that is sent, so that the close frame is not lost.
    let node = node_with("incoming-queue-length = 16\nclose-handshake-timeout = '5s'").await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let mut socket = Socket::open(&database, &database.owner).await?;
    let calls = slow_calls(&mut socket, 400)?;
    socket.send(&calls).await?;
    assert_eq!(socket.ending().await?.map(|(code, _)| code), Some(1013));
    database.call_ok(&database.owner, "log_line", json!(["still here"])).await?;
    Ok(())
}

/// A frame is one message, however many calls are in it.
#[tokio::test]
async fn most_calls_of_a_frame_are_not_done_if_the_client_leaves() -> Outcome {
    leave_a_frame_behind("incoming-queue-length = 16", 500).await?;
    leave_a_frame_behind("", 1_000).await
}

/// Sends so many calls in one frame, and leaves once one of them is done.
async fn leave_a_frame_behind(limits: &str, calls: usize) -> Outcome {
    let node = node_with(limits).await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let mut socket = Socket::open_with(&database, &database.owner, V3, "").await?;
    let frame = slow_calls(&mut socket, calls)?;
    socket.send(&frame).await?;
    assert!(matches!(socket.next().await?, ServerMessage::ReducerResult(_)));
    drop(socket);
    eventually("the client to be gone", || async {
        // Only this very request is there.
        (database.sql("SELECT * FROM visitor").await.ok()?.len() == 1).then_some(())
    })
    .await?;
    // What the engine had before the client's farewell is done by now.
    let counted = database.sql("SELECT COUNT(*) AS total FROM secret_note").await?;
    let done = counted[0][0].as_u64().unwrap() / u64::from(ROWS);
    assert!((1..calls as u64 / 2).contains(&done), "{done} of {calls} calls were done, with `{limits}`");
    Ok(())
}

/// Arguments take room until the procedure has ended, however long ago it began.
#[tokio::test]
async fn a_client_is_not_read_from_while_its_procedures_keep_too_many_bytes() -> Outcome {
    /// One more than there is room for: the largest message and 256 KiB.
    const WAITING: u32 = 6;
    let node = node_with("max-message-bytes = 65536").await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    for is_alone in [true, false] {
        let mut socket = Socket::open(&database, &database.owner).await?;
        if !is_alone {
            socket.call("log_line", &("not alone",)).await?;
        }
        let soon = SystemTime::now().duration_since(UNIX_EPOCH)? + Duration::from_secs(2);
        let mut args = bsatn::to_vec(&(soon.as_micros() as i64,))?;
        // Nobody reads what comes after the last argument, but it takes room.
        args.resize(60_000, 0);
        for number in 0..WAITING {
            socket.send(&[procedure(number, "wait_until", args.clone())]).await?;
        }
        socket.send(&[procedure(WAITING, "new_ids", bsatn::to_vec(&(1u16,))?)]).await?;
        let mut answered = Vec::new();
        for _ in 0..=WAITING {
            let ServerMessage::ProcedureResult(result) = socket.next().await? else { anyhow::bail!("no result") };
            answered.push(result.request_id);
        }
        // The short one would have been the first if it had been read.
        assert_ne!(answered[0], WAITING, "{answered:?}, alone: {is_alone}");
    }
    Ok(())
}

fn procedure(request_id: u32, name: &str, args: Vec<u8>) -> ClientMessage {
    let (procedure, args) = (name.into(), args.into());
    ClientMessage::CallProcedure(CallProcedure { request_id, flags: Default::default(), procedure, args })
}
