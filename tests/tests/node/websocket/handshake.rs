//! What client and node agree on before the first message.

use reqwest::Method;
use tokio_tungstenite::tungstenite;
use worldloom_tests::{Outcome, TestNode};

use crate::answers::refused;
use crate::socket::{Socket, V1, V1_JSON, V2, V3, connect};

#[tokio::test]
async fn the_newest_offered_protocol_is_chosen() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let everything = [V1_JSON, V1, V2, V3, "soap"].join(", ");
    for (offer, chosen) in [(everything.as_str(), V3), (V2, V2), (V1, V1), (V1_JSON, V1_JSON)] {
        let (_socket, response) = connect(&database, &database.owner, offer, "").await?;
        assert_eq!(response.headers()["sec-websocket-protocol"], chosen);
    }
    Ok(())
}

#[tokio::test]
async fn handshakes_that_cannot_work_are_refused_before_the_upgrade() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let zero = format!("connection_id={}", "0".repeat(32));
    for (protocols, query, status, code) in [
        ("", "", 400, "no_common_subprotocol"),
        ("soap", "", 400, "no_common_subprotocol"),
        (V2, zero.as_str(), 400, "invalid_connection_id"),
        (V2, "connection_id=xyz", 400, "invalid_connection_id"),
        (V2, "session_id=1", 400, "invalid_session_id"),
        (V2, "compression=Zip", 400, "malformed_request"),
        (V2, "confirmed=perhaps", 400, "malformed_request"),
    ] {
        let refusal = connect(&database, &database.owner, protocols, query).await.err();
        let Some(tungstenite::Error::Http(response)) = refusal else {
            anyhow::bail!("`{protocols}` with `{query}` got {refusal:?}");
        };
        let told = response.headers().get("spacetime-error-code").and_then(|code| code.to_str().ok());
        assert_eq!((response.status().as_u16(), told), (status, Some(code)), "`{protocols}` with `{query}`");
    }
    let nowhere = node.database("nowhere", &database.owner);
    let refusal = connect(&nowhere, &database.owner, V2, "").await.err();
    assert!(matches!(&refusal, Some(tungstenite::Error::Http(r)) if r.status() == 404), "{refusal:?}");
    let plain = database.request(Method::GET, "/subscribe", &database.owner);
    refused(plain, 426, "upgrade_required").await?;
    Ok(())
}

#[tokio::test]
async fn the_greeting_tells_who_the_client_is() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let id = "000000000000000000000000000000ff";
    let query = format!("connection_id={id}");
    let socket = Socket::open_with(&database, &database.owner, V3, &query).await?;
    assert_eq!(socket.greeting.identity.to_hex().as_str(), database.owner.identity);
    assert_eq!(&*socket.greeting.token, database.owner.token);
    assert_eq!(socket.greeting.connection_id.to_hex().as_str(), id);
    Ok(())
}
