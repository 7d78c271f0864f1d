//! SQL over HTTP: rows, views, and who may see and change what.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use worldloom_tests::{Account, Database, Outcome, TestNode};

use crate::answers::{self, refused};

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

fn statement(database: &Database, account: &Account, text: &str) -> RequestBuilder {
    database.request(Method::POST, "/sql", account).body(text.to_owned())
}

async fn rows(database: &Database, account: &Account, text: &str) -> anyhow::Result<Vec<Value>> {
    let mut answer = answers::json(statement(database, account, text)).await?;
    Ok(serde_json::from_value(answer[0]["rows"].take())?)
}
