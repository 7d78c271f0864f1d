//! The official Rust SDK with generated bindings, unmodified.

use std::sync::mpsc::{Receiver, Sender, channel};

use reqwest::Method;
use serde_json::json;
use spacetimedb_sdk::{DbContext, Event, Table, TableWithPrimaryKey};
use worldloom_tests::{Account, DEADLINE, Database, Outcome, TestNode};

use crate::answers;
use crate::zoo::*;

/// Connects in the background; what happens to the connection is told as text.
fn connect(database: &Database, account: &Account, told: Sender<String>) -> anyhow::Result<DbConnection> {
    let gone = told.clone();
    let connection = DbConnection::builder()
        .with_uri(&database.url)
        .with_database_name(&database.name)
        .with_token(Some(account.token.clone()))
        .on_connect(move |_, identity, _| told.send(format!("connected as {}", identity.to_hex())).unwrap())
        .on_disconnect(move |_, _| drop(gone.send("disconnected".to_owned())))
        .build()?;
    connection.run_threaded();
    Ok(connection)
}

fn next(told: &Receiver<String>) -> anyhow::Result<String> {
    Ok(told.recv_timeout(DEADLINE)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_reducers_and_procedures_work() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let account = node.account().await?;
    tokio::task::spawn_blocking(move || -> Outcome {
        let (tell, told) = channel();
        let connection = connect(&database, &account, tell.clone())?;
        assert_eq!(next(&told)?, format!("connected as {}", account.identity));

        let applied = tell.clone();
        connection
            .subscription_builder()
            .on_applied(move |ctx| applied.send(format!("{} cages", ctx.db.cage().count())).unwrap())
            .subscribe_to_all_tables();
        assert_eq!(next(&told)?, "3 cages");

        let inserted = tell.clone();
        connection.db.animal().on_insert(move |ctx, animal| {
            let by = match &ctx.event {
                Event::Reducer(event) => format!("{:?}", event.reducer),
                other => format!("{other:?}"),
            };
            inserted.send(format!("insert {} by {}", animal.name, by.split([' ', '(']).next().unwrap())).unwrap();
        });
        let updated = tell.clone();
        connection.db.animal().on_update(move |_, old, new| {
            updated.send(format!("update {} g to {} g", old.weight_grams, new.weight_grams)).unwrap();
        });
        let done = tell.clone();
        connection.reducers.insert_row_then("Leo".to_owned(), "lion".to_owned(), 190_000, move |_, outcome| {
            done.send(format!("reducer {outcome:?}")).unwrap();
        })?;
        let mut events = [next(&told)?, next(&told)?];
        events.sort();
        assert_eq!(events, ["insert Leo by InsertRow", "reducer Ok(Ok(()))"]);

        let leo = connection.db.animal().name().find(&"Leo".to_owned()).unwrap();
        connection.reducers.update_row(leo.id, 200_000, None)?;
        assert_eq!(next(&told)?, "update 190000 g to 200000 g");
        let failed = tell.clone();
        connection.reducers.fail_with_then("because".to_owned(), move |_, outcome| {
            failed.send(format!("{outcome:?}")).unwrap();
        })?;
        assert_eq!(next(&told)?, "Ok(Err(\"because\"))");

        let returned = tell.clone();
        connection.procedures.find_animal_then("Leo".to_owned(), move |_, found| {
            returned.send(format!("found {}", found.unwrap().unwrap().weight_grams)).unwrap();
        });
        assert_eq!(next(&told)?, "found 200000");
        connection.disconnect()?;
        assert_eq!(next(&told)?, "disconnected");
        Ok(())
    })
    .await?
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_notices_a_kill_and_comes_back_as_the_same() -> Outcome {
    let mut node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    database.call_ok(&database.owner, "insert_row", json!(["Leo", "lion", 1])).await?;
    let (tell, told) = channel();
    for round in 0..2 {
        let (database, events) = (database.clone(), tell.clone());
        let connection = tokio::task::spawn_blocking(move || connect(&database, &database.owner, events)).await??;
        assert_eq!(next(&told)?, format!("connected as {}", connection.identity().to_hex()));
        let applied = tell.clone();
        connection
            .subscription_builder()
            .on_applied(move |ctx| applied.send(format!("{} animals", ctx.db.my_animals().count())).unwrap())
            .subscribe("SELECT * FROM my_animals");
        assert_eq!(next(&told)?, "1 animals", "round {round}");
        node.kill()?;
        assert_eq!(next(&told)?, "disconnected");
        node.restart().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_128_bits_are_whole_in_answers_of_json() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let account = node.account().await?;
    let connected = database.clone();
    let connection = tokio::task::spawn_blocking(move || -> anyhow::Result<DbConnection> {
        let (tell, told) = channel();
        let connection = connect(&connected, &account, tell)?;
        next(&told)?;
        Ok(connection)
    });
    let id = connection.await??.connection_id().to_u128();
    let clients = database.request(Method::POST, "/sql", &database.owner).body("SELECT connection_id FROM st_client");
    let shown = answers::text(clients).await?;
    assert!(shown.contains(&id.to_string()), "{id} in {shown}");
    Ok(())
}
