//! SQL over HTTP: rows, views, and who may see and change what.

use futures::SinkExt;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use spacetimedb_client_api_messages::websocket::v1;
use spacetimedb_client_api_messages::websocket::v2::{
    ClientMessage, OneOffQuery, QuerySetId, ServerMessage, Subscribe, SubscribeBatch, SubscribeSet,
};
use spacetimedb_lib::bsatn;
use tokio_tungstenite::tungstenite::Message;
use worldloom_tests::{Account, Database, NodeOptions, Outcome, TestNode};

use crate::answers::{self, refused};
use crate::socket::{Socket, V1, V2, V3, connect, ending, row_count};

/// Each column of each table with each other one, four times over. Everybody may read this table.
const PRODUCT: &str = "SELECT a.* FROM st_column a JOIN st_column b JOIN st_column c JOIN st_column d";

#[tokio::test]
async fn an_answer_has_columns_rows_and_counts() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let read = answers::json(statement(&database, &database.owner, "SELECT * FROM cage WHERE number = 1")).await?;
    assert_eq!(read[0]["rows"], json!([[1, "east"]]));
    let columns = read[0]["schema"]["elements"].as_array().unwrap();
    assert_eq!(columns[1]["name"]["some"], "label");
    let insert = "INSERT INTO cage (number, label) VALUES (3, 'west')";
    let written = answers::json(statement(&database, &database.owner, insert)).await?;
    assert_eq!(written[0]["stats"]["rows_inserted"], 1);
    let unconfirmed = database.request(Method::POST, "/sql?confirmed=false", &database.owner);
    let counted = answers::json(unconfirmed.body("SELECT COUNT(*) AS cages FROM cage")).await?;
    assert_eq!(counted[0]["rows"], json!([[4]]));
    Ok(())
}

#[tokio::test]
async fn what_is_no_sql_is_refused() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let nested = format!("SELECT * FROM cage WHERE {}number = 1{}", "(".repeat(2_000), ")".repeat(2_000));
    let long = format!("SELECT * FROM cage WHERE label = '{}'", "x".repeat(60_000));
    for text in [
        "",
        "nonsense",
        "SELECT",
        "SELECT * FROM nowhere",
        "SELECT nothing FROM cage",
        "SELECT * FROM cage WHERE number = 'one'",
        "SELECT * FROM cage; DROP TABLE cage",
        "DROP TABLE cage",
        "INSERT INTO cage (number) VALUES (7)",
        "UPDATE st_table SET table_name = 'x'",
        "🎲",
        &nested,
        &long,
    ] {
        let shown: String = text.chars().take(40).collect();
        let refusal = refused(statement(&database, &database.owner, text), 400, "sql_refused").await;
        refusal.map_err(|cause| cause.context(shown))?;
    }
    let not_text = database.request(Method::POST, "/sql", &database.owner).body(vec![0xff, 0xfe]);
    refused(not_text, 400, "malformed_request").await?;
    assert_eq!(database.sql("SELECT * FROM cage").await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn strangers_see_public_tables_only_and_change_nothing() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let stranger = node.account().await?;
    database.call_ok(&stranger, "write_secret_note", json!(["for the owner"])).await?;
    assert_eq!(database.sql("SELECT text FROM secret_note").await?, [json!(["for the owner"])]);
    for text in [
        "SELECT * FROM secret_note",
        "SELECT * FROM st_env",
        "INSERT INTO cage (number, label) VALUES (3, 'west')",
        "UPDATE cage SET label = 'mine'",
        "DELETE FROM cage",
        "DELETE FROM secret_note",
    ] {
        let refusal = refused(statement(&database, &stranger, text), 400, "sql_refused").await;
        refusal.map_err(|cause| cause.context(text))?;
    }
    assert_eq!(rows(&database, &stranger, "SELECT * FROM cage").await?.len(), 3);
    assert_eq!(database.sql("SELECT * FROM secret_note").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_filtered_table_and_a_view_show_each_caller_its_own() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let (one, two) = (node.account().await?, node.account().await?);
    for (account, name) in [(&one, "Leo"), (&two, "Nala")] {
        database.call_ok(account, "write_diary", json!([format!("{name} was fed")])).await?;
        database.call_ok(account, "insert_row", json!([name, "lion", 1])).await?;
    }
    for (account, name) in [(&one, "Leo"), (&two, "Nala")] {
        let diary = rows(&database, account, "SELECT text FROM diary").await?;
        assert_eq!(diary, [json!([format!("{name} was fed")])]);
        assert_eq!(rows(&database, account, "SELECT name FROM my_animals").await?, [json!([name])]);
        let lions = rows(&database, account, "SELECT * FROM animals_of_species('lion')").await?;
        assert_eq!(lions.len(), 2);
    }
    Ok(())
}

/// Such a query would take the database's time and the node's memory.
#[tokio::test]
async fn a_stranger_cannot_multiply_tables_by_each_other() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let stranger = node.account().await?;
    for query in [PRODUCT, &PRODUCT.replace("a.*", "COUNT(*) AS size"), &format!("{PRODUCT} LIMIT 1")] {
        let sentence = refused(statement(&database, &stranger, query), 400, "sql_refused").await?;
        assert!(sentence.contains("exceeds limit (1000000 rows)"), "{sentence}");
    }
    let mut socket = Socket::open(&database, &stranger).await?;
    let query = OneOffQuery { request_id: 77, query_string: PRODUCT.into() };
    socket.send(&[ClientMessage::OneOffQuery(query)]).await?;
    let ServerMessage::OneOffQueryResult(answer) = socket.next().await? else { anyhow::bail!("no result") };
    let sentence = answer.result.unwrap_err();
    assert!(sentence.contains("exceeds limit"), "{sentence}");

    assert_eq!(row_count(&socket.subscribe("SELECT * FROM cage").await?), 3);
    let join = "SELECT cage.* FROM cage JOIN st_table ON cage.number = st_table.table_id";
    for account in [&stranger, &database.owner] {
        assert_eq!(rows(&database, account, join).await?.len(), 2);
    }
    Ok(())
}

/// A program is megabytes, which a result has once for each of its rows.
#[tokio::test]
async fn a_program_can_be_queried_by_its_owner_alone() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let stranger = node.account().await?;
    for query in ["SELECT * FROM st_module", "SELECT a.* FROM \"ST_MODULE\" a JOIN st_column b"] {
        let sentence = refused(statement(&database, &stranger, query), 400, "sql_refused").await?;
        assert!(sentence.contains("for its owner alone"), "{sentence}");
    }
    let program = "SELECT program_kind FROM st_module";
    assert_eq!(rows(&database, &database.owner, program).await?.len(), 1);
    for protocol in [V1, V2, V3] {
        for message in asking(protocol, "SELECT * FROM st_module")? {
            let (mut socket, _) = connect(&database, &stranger, protocol, "").await?;
            socket.send(message).await?;
            let (code, reason) = ending(&mut socket).await?.unwrap();
            assert!(code == 1011 && reason.contains("for its owner alone"), "{code}: {reason}");
        }
    }
    Ok(())
}

/// Every message that asks for rows by a query.
fn asking(protocol: &str, query: &str) -> anyhow::Result<Vec<Message>> {
    let (request_id, query_string, query_strings) = (7, || query.into(), || [query.into()].into());
    let encoded = if protocol == V1 {
        let query_id = v1::QueryId::new(7);
        [
            v1::ClientMessage::Subscribe(v1::Subscribe { request_id, query_strings: query_strings() }),
            v1::ClientMessage::SubscribeSingle(v1::SubscribeSingle { request_id, query_id, query: query_string() }),
            v1::ClientMessage::SubscribeMulti(v1::SubscribeMulti {
                request_id,
                query_id,
                query_strings: query_strings(),
            }),
            v1::ClientMessage::<Box<[u8]>>::OneOffQuery(v1::OneOffQuery {
                message_id: [7].into(),
                query_string: query_string(),
            }),
        ]
        .map(|message| bsatn::to_vec(&message))
        .to_vec()
    } else {
        let query_set_id = QuerySetId::new(7);
        let sets = [SubscribeSet { query_set_id, query_strings: query_strings() }].into();
        [
            ClientMessage::Subscribe(Subscribe { request_id, query_set_id, query_strings: query_strings() }),
            ClientMessage::SubscribeBatch(SubscribeBatch { request_id, sets }),
            ClientMessage::OneOffQuery(OneOffQuery { request_id, query_string: query_string() }),
        ]
        .map(|message| bsatn::to_vec(&message))
        .to_vec()
    };
    encoded.into_iter().map(|bytes| Ok(Message::Binary(bytes?.into()))).collect()
}

#[tokio::test]
async fn an_owners_own_limit_on_rows_is_kept() -> Outcome {
    let mut node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let stranger = node.account().await?;
    assert_eq!(rows(&database, &stranger, "SELECT * FROM cage").await?.len(), 3);
    refused(statement(&database, &database.owner, "SET row_limit = 2"), 400, "sql_refused").await?;
    for change in ["DELETE FROM st_var WHERE name = 'row_limit'", "SET row_limit = 2"] {
        answers::json(statement(&database, &database.owner, change)).await?;
    }
    for _ in 0..2 {
        let sentence = refused(statement(&database, &stranger, "SELECT * FROM cage"), 400, "sql_refused").await?;
        assert!(sentence.contains("exceeds limit (2 rows)"), "{sentence}");
        assert_eq!(database.sql("SELECT * FROM cage").await?.len(), 3);
        node.stop().await?;
        node.restart().await?;
    }
    Ok(())
}

#[tokio::test]
async fn databases_without_a_limit_on_rows_get_the_nodes() -> Outcome {
    let config = |limit: u32| Some(format!("[sql]\nrow-limit = {limit}\n"));
    let mut node = TestNode::start_with(NodeOptions { config: config(0), ..NodeOptions::default() }).await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    assert!(database.sql("SELECT name FROM st_var").await?.is_empty());
    node.stop().await?;
    node.options_mut().config = config(2);
    node.restart().await?;

    assert_eq!(database.sql("SELECT name FROM st_var").await?, [json!(["row_limit"])]);
    let mut socket = Socket::open(&database, &node.account().await?).await?;
    let refusal = socket.subscribe("SELECT * FROM cage").await.unwrap_err().to_string();
    assert!(refusal.contains("exceeds limit (2 rows)"), "{refusal}");
    let mut socket = Socket::open(&database, &database.owner).await?;
    assert_eq!(row_count(&socket.subscribe("SELECT * FROM cage").await?), 3);
    Ok(())
}

fn statement(database: &Database, account: &Account, text: &str) -> RequestBuilder {
    database.request(Method::POST, "/sql", account).body(text.to_owned())
}

async fn rows(database: &Database, account: &Account, text: &str) -> anyhow::Result<Vec<Value>> {
    let mut answer = answers::json(statement(database, account, text)).await?;
    Ok(serde_json::from_value(answer[0]["rows"].take())?)
}
