//! The command line against a real node, as scripts use it: there is no terminal to ask on.

use std::process::{Output, Stdio};

use anyhow::ensure;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;
use worldloom_tests::binaries::{module, program};
use worldloom_tests::{Account, DEADLINE, Outcome, TestNode, eventually};

use crate::answers;

/// Somebody at a machine of their own, with a token for a node.
struct Operator {
    home: TempDir,
    server: String,
}

impl Operator {
    fn new(node: &TestNode, account: &Account) -> anyhow::Result<Self> {
        let home = tempfile::tempdir()?;
        std::fs::write(home.path().join("token"), &account.token)?;
        Ok(Self { home, server: node.url.clone() })
    }

    async fn run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let mut command = Command::new(program("spacetime-node")?);
        command.args(arguments).args(["--server", &self.server, "--token-file"]).arg(self.home.path().join("token"));
        command.env("HOME", self.home.path()).env("XDG_CONFIG_HOME", self.home.path());
        Ok(timeout(DEADLINE, command.stdin(Stdio::null()).kill_on_drop(true).output()).await??)
    }

    async fn publish(&self, module_name: &str, flags: &[&str]) -> anyhow::Result<Output> {
        let file = self.home.path().join(format!("{module_name}.wasm"));
        std::fs::write(&file, module(module_name)?)?;
        let file = file.display().to_string();
        self.run(&[&["publish", "tally", "--bin-path", &file][..], flags].concat()).await
    }
}

/// What a command prints that must succeed.
fn done(output: Output) -> anyhow::Result<String> {
    ensure!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// The complaint of a command that must fail and has nothing else to say.
fn refused(output: Output) -> anyhow::Result<String> {
    let complaint = String::from_utf8(output.stderr)?;
    ensure!(output.status.code() == Some(1), "{}: {complaint}", output.status);
    ensure!(output.stdout.is_empty(), "it prints {}", String::from_utf8_lossy(&output.stdout));
    Ok(complaint)
}

/// The same, where the complaint is all there is: one line.
fn refused_in_a_line(output: Output) -> anyhow::Result<String> {
    let complaint = refused(output)?;
    ensure!(complaint.starts_with("error: ") && complaint.lines().count() == 1, "{complaint:?}");
    Ok(complaint)
}

#[tokio::test]
async fn publishing_breaks_clients_and_deletes_data_only_with_consent() -> Outcome {
    let node = TestNode::start().await?;
    let account = node.account().await?;
    let (operator, database) = (Operator::new(&node, &account)?, node.database("tally", &account));
    let created = done(operator.publish("tally_v1", &[]).await?)?;
    let identity = answers::text(database.request(Method::GET, "/identity", &account)).await?;
    assert_eq!(created, format!("Created database tally with identity {identity}\n"));
    let updated = format!("Updated database tally with identity {identity}\n");
    database.call_ok(&account, "count", json!(["a"])).await?;

    let complaint = refused(operator.publish("tally_v2", &[]).await?)?;
    assert!(complaint.contains("step") && complaint.contains("add --break-clients"), "{complaint}");
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);
    assert_eq!(done(operator.publish("tally_v2", &["--break-clients"]).await?)?, updated);
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1, 10])]);

    // The way back loses a column.
    for (flag, remedy) in [("-c=never", "delete the data with --delete-data"), ("-c=on-conflict", "add --yes")] {
        let complaint = refused(operator.publish("tally_v1", &[flag]).await?)?;
        assert!(complaint.contains("step") && complaint.contains(remedy), "{complaint}");
        assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1, 10])]);
    }
    assert_eq!(done(operator.publish("tally_v1", &["--delete-data=on-conflict", "--yes"]).await?)?, updated);
    assert_eq!(database.sql("SELECT * FROM tally").await?, Vec::<Value>::new());
    // Where nothing is in the way, nothing is deleted.
    database.call_ok(&account, "count", json!(["a"])).await?;
    done(operator.publish("tally_v1", &["--delete-data=on-conflict", "--yes"]).await?)?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);
    Ok(())
}

#[tokio::test]
async fn logs_descriptions_and_lists_are_printed() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let operator = Operator::new(&node, &database.owner)?;
    for text in ["first line", "second line"] {
        database.call_ok(&database.owner, "log_line", json!([text])).await?;
    }
    eventually("the last line of the log, alone and as JSON", || async {
        let printed = done(operator.run(&["logs", "zoo", "-n", "1", "--format", "json"]).await.ok()?).ok()?;
        let record: Value = serde_json::from_str(&printed).ok()?;
        (record["message"] == "second line" && record["function"] == "log_line").then_some(())
    })
    .await?;
    let all = done(operator.run(&["logs", "zoo"]).await?)?;
    let place = |text: &str| all.find(text).unwrap_or_else(|| panic!("{text} is missing: {all}"));
    assert!(place("first line") < place("second line"), "{all}");

    let schema: Value = serde_json::from_str(&done(operator.run(&["describe", "zoo", "--json"]).await?)?)?;
    assert!(schema.to_string().contains("animals_of_species"), "{schema}");
    let table = done(operator.run(&["describe", "zoo", "table", "cage"]).await?)?;
    assert!(table.contains("cage") && !table.contains("animal"), "{table}");

    let identity = answers::text(database.request(Method::GET, "/identity", &database.owner)).await?;
    let list = done(operator.run(&["list"]).await?)?;
    assert!(list.lines().any(|line| line.contains("zoo") && line.contains(&identity)), "{list}");
    let stranger = Operator::new(&node, &node.account().await?)?;
    assert!(!done(stranger.run(&["list"]).await?)?.contains(&identity));
    Ok(())
}

#[tokio::test]
async fn only_the_owner_deletes_a_database_and_only_with_consent() -> Outcome {
    let (node, other_node) = (TestNode::start().await?, TestNode::start().await?);
    let database = node.publish("tally", "tally_v1").await?;
    let stranger = Operator::new(&node, &node.account().await?)?;
    let complaint = refused_in_a_line(stranger.run(&["delete", "tally", "--yes"]).await?)?;
    assert!(complaint.contains("Only the owner"), "{complaint}");
    refused_in_a_line(stranger.run(&["logs", "tally"]).await?)?;
    let foreigner = Operator::new(&node, &other_node.account().await?)?;
    let complaint = refused_in_a_line(foreigner.run(&["delete", "tally", "--yes"]).await?)?;
    assert!(complaint.contains("does not accept the token"), "{complaint}");

    let owner = Operator::new(&node, &database.owner)?;
    let complaint = refused_in_a_line(owner.run(&["delete", "tally"]).await?)?;
    assert!(complaint.contains("add --yes"), "{complaint}");
    let identity = answers::text(database.request(Method::GET, "/identity", &database.owner)).await?;
    let deleted = done(owner.run(&["delete", "tally", "--yes"]).await?)?;
    assert_eq!(deleted, format!("Deleted tally with identity {identity}\n"));
    answers::refused(database.request(Method::GET, "", &database.owner), 404, "no_such_database").await?;
    let complaint = refused_in_a_line(owner.run(&["delete", "tally", "--yes"]).await?)?;
    assert!(complaint.contains("no database `tally`"), "{complaint}");
    Ok(())
}
