//! The command line against a real node, as scripts use it: there is no terminal to ask on.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
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
        let mut command = self.command(arguments)?;
        command.arg("--token-file").arg(self.token_file());
        finished(command).await
    }

    /// The same, as whoever the environment says.
    async fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> anyhow::Result<Output> {
        let mut command = self.command(arguments)?;
        command.envs(variables.iter().copied());
        finished(command).await
    }

    fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(program("spacetime-node")?);
        command.args(arguments).args(["--server", &self.server]);
        command.env("HOME", self.home.path()).env("XDG_CONFIG_HOME", self.home.path());
        command.stdin(Stdio::null()).kill_on_drop(true);
        Ok(command)
    }

    fn token_file(&self) -> PathBuf {
        self.home.path().join("token")
    }

    async fn publish(&self, module_name: &str, flags: &[&str]) -> anyhow::Result<Output> {
        let file = self.home.path().join(format!("{module_name}.wasm"));
        std::fs::write(&file, module(module_name)?)?;
        let file = file.display().to_string();
        self.run(&[&["publish", "tally", "--bin-path", &file][..], flags].concat()).await
    }
}

async fn finished(mut command: Command) -> anyhow::Result<Output> {
    Ok(timeout(DEADLINE, command.output()).await??)
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

#[tokio::test]
async fn the_token_that_is_nearest_to_the_command_counts() -> Outcome {
    let node = TestNode::start().await?;
    let (near, far, farthest) = (node.account().await?, node.account().await?, node.account().await?);
    let operator = Operator::new(&node, &near)?;
    let other_file = operator.home.path().join("other");
    std::fs::write(&other_file, &far.token)?;
    let other_file = other_file.display().to_string();
    let variables = [("SPACETIME_TOKEN", farthest.token.as_str()), ("SPACETIME_TOKEN_FILE", other_file.as_str())];

    let identity = async |variables: &[(&str, &str)], arguments: &[&str]| {
        done(operator.run_with(variables, arguments).await?).map(|printed| printed.trim().to_owned())
    };
    assert_eq!(identity(&variables[..1], &["identity"]).await?, farthest.identity);
    assert_eq!(identity(&variables, &["identity"]).await?, far.identity);
    let own_file = operator.token_file().display().to_string();
    assert_eq!(identity(&variables, &["identity", "--token-file", &own_file]).await?, near.identity);
    let nobody = identity(&variables, &["identity", "--anonymous"]).await?;
    assert!(![near.identity, far.identity, farthest.identity].contains(&nobody), "{nobody}");
    assert!(!operator.home.path().join("spacetime").exists(), "a token was kept");
    Ok(())
}

#[tokio::test]
async fn without_a_token_a_new_identity_is_kept_for_its_owner_alone() -> Outcome {
    let node = TestNode::start().await?;
    let operator = Operator::new(&node, &node.account().await?)?;
    let first = operator.run_with(&[], &["identity"]).await?;
    let note = String::from_utf8(first.stderr.clone())?;
    let path = note.trim().rsplit_once(" is kept in ").with_context(|| note.clone())?.1;
    assert_eq!(std::fs::metadata(path)?.permissions().mode() & 0o777, 0o600);
    assert_eq!(done(operator.run_with(&[], &["identity"]).await?)?, done(first)?);
    Ok(())
}

#[tokio::test]
async fn a_token_does_not_cross_a_network_in_the_clear() -> Outcome {
    let node = TestNode::start().await?;
    let account = node.account().await?;
    // An address for documents, which nobody has.
    let operator = Operator { server: "http://192.0.2.1:3000".to_owned(), ..Operator::new(&node, &account)? };
    let complaint = refused_in_a_line(operator.run(&["list"]).await?)?;
    assert!(complaint.contains("unencrypted") && complaint.contains("--insecure"), "{complaint}");
    Ok(())
}

#[tokio::test]
async fn a_followed_log_goes_on_with_what_comes() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let operator = Operator::new(&node, &database.owner)?;
    database.call_ok(&database.owner, "log_line", json!(["before"])).await?;
    let mut command = operator.command(&["logs", "zoo", "--follow"])?;
    command.arg("--token-file").arg(operator.token_file());
    let mut follower = command.stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(follower.stdout.take().context("the output is piped")?).lines();
    for text in ["before", "after"] {
        let heard = async {
            while let Some(line) = lines.next_line().await? {
                if line.contains(text) {
                    return anyhow::Ok(());
                }
            }
            anyhow::bail!("it ended without {text}")
        };
        timeout(DEADLINE, heard).await??;
        database.call_ok(&database.owner, "log_line", json!(["after"])).await?;
    }
    Ok(())
}

#[tokio::test]
async fn bindings_of_a_database_are_those_of_its_module() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let operator = Operator::new(&node, &database.owner)?;
    let wasm = operator.home.path().join("zoo.wasm");
    std::fs::write(&wasm, module("schema_zoo")?)?;
    let generated = async |language: &str, source: [&str; 2]| {
        let folder = operator.home.path().join(format!("{language}{}", source[0]));
        let folder_name = folder.display().to_string();
        let flags = ["generate", "--lang", language, "--include-private", "--out-dir", &folder_name];
        done(operator.run(&[&flags[..], &source].concat()).await?)?;
        contents(&folder)
    };
    for language in ["rust", "typescript"] {
        let of_file = generated(language, ["--bin-path", &wasm.display().to_string()]).await?;
        assert!(of_file.len() > 10, "{:?}", of_file.keys());
        let of_database = generated(language, ["--database", "zoo"]).await?;
        assert!(of_database.keys().eq(of_file.keys()), "{:?}", of_database.keys());
        for (name, text) in of_file {
            assert_eq!(of_database[&name], text, "{language}: {}", name.display());
        }
    }
    let complaint =
        refused_in_a_line(operator.run(&["generate", "-l", "rust", "-o", "nowhere", "--database", "circus"]).await?)?;
    assert!(complaint.contains("no database `circus`"), "{complaint}");
    Ok(())
}

/// Every file of a folder and of those in it, by its path.
fn contents(folder: &Path) -> anyhow::Result<BTreeMap<PathBuf, String>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(folder)?.to_owned(), std::fs::read_to_string(&path)?);
            }
        }
    }
    Ok(files)
}

#[tokio::test]
async fn a_wrong_command_line_gets_a_sentence() -> Outcome {
    let node = TestNode::start().await?;
    let operator = Operator::new(&node, &node.account().await?)?;
    let output = operator.run(&["publish", "quest"]).await?;
    let complaint = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(complaint.lines().count() == 1 && complaint.contains("--bin-path"), "{complaint}");
    Ok(())
}
