//! The API held against its own description by `schemathesis`: requests that fit it, that nearly fit it, and that do
//! not, with ids of things that there are and of things that there are not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::process::Command;
use worldloom_tests::facade::{FacadeClient, Upload, sha256};
use worldloom_tests::pictures::picture;
use worldloom_tests::{Account, Database, Outcome, TestFacade, TestNode};

/// Requests for each operation, beside those that the description itself suggests.
const EXAMPLES: &str = "25";
const SEED: &str = "20260131";
/// Only ends a run that hangs; one takes less than a minute.
const LIMIT: Duration = Duration::from_secs(300);
/// What is known of an answer by the description. Not whether each request that fits it is taken: there are rules that
/// it cannot tell, such as the operator's limits.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance,unsupported_method,\
                      allow_header_conformance,missing_required_header,ignored_auth";

/// Tested last and in this order, because after them less goes well: the player's devices are gone, then the account.
const LAST: [&str; 2] = ["log_out_everywhere", "close_account"];

/// What made-up requests cannot bring about: a form with a picture in it, the very bytes that were announced, a code
/// or a token that somebody was given, a provider to go to.
const NEVER_DONE: [&str; 8] = [
    "upload_asset",
    "put_object",
    "begin_browser_login",
    "finish_browser_login",
    "send_sms_code",
    "link_login",
    "refresh_tokens",
    "log_out",
];

/// Stands for the one asset that is uploaded in parts.
const IN_PARTS: &str = "in_parts";

struct World {
    _node: TestNode,
    facade: TestFacade,
    player: Account,
    /// What there is, by the parameter that names it.
    known: BTreeMap<&'static str, Vec<Value>>,
}

async fn json_of(request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
    let answer = request.send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status.is_success(), "{status}: {text}");
    Ok(serde_json::from_str(&text)?)
}

impl World {
    async fn start() -> anyhow::Result<Self> {
        let node = TestNode::start().await?;
        let database = node.publish("worldloom", "spacetime_module").await?;
        // Parts must be allowed to be small, so that a large file can be announced, and all logins come from one
        // address, more of them in a minute the faster the machine is.
        let settings = [("OBJECTS__PART_BYTES", "5242880"), ("HTTP__LIMITS__LOGIN__PER_MINUTE", "0")];
        let facade = TestFacade::start_with(&node, &database, &settings).await?;
        let client = facade.client.clone();
        let player = log_in(&client, "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA").await?;
        let known = prepare(&client, &database, &player).await?;
        Ok(Self { _node: node, facade, player, known })
    }
}

async fn log_in(client: &FacadeClient, device_secret: &str) -> anyhow::Result<Account> {
    let login = json!({ "provider": "device", "proof": { "device_secret": device_secret }, "client": "app" });
    let tokens = json_of(client.request(Method::POST, "/auth/login", None).json(&login)).await?;
    let text = |member: &str| tokens[member].as_str().map(str::to_owned).context("tokens");
    Ok(Account { identity: text("player")?, token: text("access_token")? })
}

/// Gives the player one of everything: assets in each state, tasks, a device, a login, signed URLs, a role.
async fn prepare(
    client: &FacadeClient,
    database: &Database,
    player: &Account,
) -> anyhow::Result<BTreeMap<&'static str, Vec<Value>>> {
    database.grant(player, "operator").await?;
    let post = |path: &str, body: &Value, key: &str| {
        client.request(Method::POST, path, Some(player)).header("idempotency-key", key).json(body)
    };
    let get = |path: &str| client.request(Method::GET, path, Some(player));
    let mut known: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
    let mut grants = Vec::new();
    for number in 0..4 {
        let key = format!("confirmed-{number}");
        let asset = json_of(client.upload(player, &Upload::private(key, picture(number)?))?).await?;
        let path = format!("/assets/{}", asset["asset_id"].as_str().context("an id")?);
        if number > 0 {
            // What is bound cannot be deleted, so that some are there to the end.
            let slot = json!({ "entity_kind": "world", "entity_id": "world-1", "slot": format!("slot_{number}") });
            json_of(post(&format!("{path}/bindings"), &slot, "none")).await?;
        }
        grants.push(json_of(get(&format!("{path}/url"))).await?["url"].clone());
        known.entry("asset_id").or_default().push(asset["asset_id"].clone());
    }
    let bytes = picture(9)?;
    for (key, byte_size) in [("announced", bytes.len()), ("in-parts", 12 << 20)] {
        let announcement = json!({ "content_type": "image/jpeg", "byte_size": byte_size, "sha256": sha256(&bytes) });
        let ticket = json_of(post("/assets/uploads", &announcement, key)).await?;
        grants.push(ticket["upload"]["request"]["url"].clone());
        known.entry("asset_id").or_default().push(ticket["asset"]["asset_id"].clone());
        known.insert(IN_PARTS, vec![ticket["asset"]["asset_id"].clone()]);
    }
    for key in ["song", "ballad"] {
        let task = json_of(post("/ai/tasks", &json!({ "kind": "text", "request": "Sing." }), key)).await?;
        known.entry("task_id").or_default().push(task["task_id"].clone());
    }
    // Cancelling again changes nothing, so that it goes well however late it is asked for.
    let task = json_of(post("/ai/tasks", &json!({ "kind": "text", "request": "Be still." }), "silence")).await?;
    let path = format!("/ai/tasks/{}", task["task_id"].as_str().context("an id")?);
    json_of(client.request(Method::DELETE, &path, Some(player))).await?;
    known.entry("task_id").or_default().push(task["task_id"].clone());
    let devices = json_of(get("/auth/devices")).await?;
    known.insert("session_id", vec![devices[0]["session_id"].clone()]);
    // The last login cannot be taken away, so that there must be two.
    let other = json!({ "device_secret": "another-secret-of-the-player-0123456789abcd" });
    let link = json_of(post("/auth/logins", &json!({ "provider": "device", "proof": other }), "none")).await?;
    known.insert("login_id", vec![link["login_id"].clone()]);
    let grants = grants.iter().filter_map(|url| url.as_str()?.rsplit('/').next()).map(Value::from);
    known.insert("grant", grants.collect());
    Ok(known)
}

/// The tester's configuration: most ids are those of things that there are.
fn configuration(known: &BTreeMap<&'static str, Vec<Value>>) -> String {
    let lists = known.iter().map(|(name, values)| format!("[dictionaries.{name}]\nvalues = {}\n", json!(values)));
    let ids = known.keys().filter(|name| **name != IN_PARTS);
    let uses = ids.map(|name| format!("\"path.{name}\" = {{ dictionary = \"{name}\", probability = 0.8 }}\n"));
    let parts = format!(
        "[dictionaries.parts]\nvalues = [1, 2, 3]\n\
         [[operations]]\ninclude-operation-id = \"sign_upload_parts\"\n[operations.parameters]\n\
         \"path.asset_id\" = {{ dictionary = \"{IN_PARTS}\", probability = 0.8 }}\n\
         \"body.numbers[*]\" = {{ dictionary = \"parts\", probability = 0.9 }}\n"
    );
    lists.chain(["[parameters]\n".to_owned()]).chain(uses).chain([parts]).collect()
}

fn tester() -> PathBuf {
    let folder = if cfg!(windows) { "Scripts/st.exe" } else { "bin/st" };
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/schemathesis").join(folder)
}

/// Tests the operations that the arguments choose; fails with everything that was said.
async fn test(world: &World, config: &Path, choice: &[&str]) -> Outcome {
    let mut command = Command::new(tester());
    command.arg("--config-file").arg(config).args(["--no-color", "run"]);
    command.arg(format!("{}/openapi.json", world.facade.client.url));
    command.args(["--header", &format!("Authorization: Bearer {}", world.player.token)]).args(choice);
    command.args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--continue-on-failure"]);
    command.args(["--max-examples", EXAMPLES, "--seed", SEED, "--generation-database", "none"]);
    command.args(["--request-timeout", "30", "--warnings", "off"]);
    finds_nothing(command).await
}

async fn finds_nothing(mut command: Command) -> Outcome {
    let folder = tempfile::tempdir()?;
    command.current_dir(folder.path()).env("NO_PROXY", "127.0.0.1").kill_on_drop(true);
    let run = tokio::time::timeout(LIMIT, command.output()).await.context("the tester hangs")?;
    let output = run.with_context(|| format!("{} is missing: `cargo xtask test` installs it", tester().display()))?;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    println!("{said}");
    ensure!(output.status.success(), "the tester finds fault:\n{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_facade_does_what_its_description_says() -> Outcome {
    let world = World::start().await?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("schemathesis.toml");
    std::fs::write(&config, configuration(&world.known))?;
    let first = LAST.map(|id| ["--exclude-operation-id", id]).concat();
    test(&world, &config, &first).await?;
    for id in LAST {
        test(&world, &config, &["--include-operation-id", id]).await?;
    }

    let client = &world.facade.client;
    let description = json_of(client.request(Method::GET, "/openapi.json", None)).await?;
    let figures = client.request(Method::GET, "/metrics", None).send().await?.text().await?;
    let undone: Vec<String> = operations(&description)
        .filter(|operation| !operation.is_done(&figures))
        .map(|operation| operation.id)
        .collect();
    let surprising: Vec<&String> = undone.iter().filter(|id| !NEVER_DONE.contains(&id.as_str())).collect();
    ensure!(surprising.is_empty(), "no request for these went well, so little of them was tested: {surprising:?}");
    ensure!(!figures.contains("status=\"5"), "a fault of the service: {figures}");
    Ok(())
}

struct Operation {
    id: String,
    labels: [String; 2],
}

impl Operation {
    /// Whether the facade has counted an answer that is no refusal.
    fn is_done(&self, figures: &str) -> bool {
        let counted = figures.lines().filter(|line| line.starts_with("worldloom_http_requests_total"));
        let mut of_this = counted.filter(|line| self.labels.iter().all(|label| line.contains(label.as_str())));
        of_this.any(|line| line.contains("status=\"2") || line.contains("status=\"3"))
    }
}

fn operations(description: &Value) -> impl Iterator<Item = Operation> {
    let paths = description["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, operation)| Operation {
            id: operation["operationId"].as_str().unwrap_or_default().to_owned(),
            labels: [format!("method=\"{}\"", method.to_uppercase()), format!("route=\"{path}\"")],
        })
    })
}

/// The tester itself: it finds fault with a server that does something else than it says.
#[tokio::test]
async fn the_tester_would_find_a_fault() -> Outcome {
    let router = axum::Router::new()
        .route(
            "/openapi.json",
            axum::routing::get(|| async {
                axum::Json(json!({
                    "openapi": "3.1.0", "info": { "title": "Liar", "version": "1" },
                    "paths": { "/truth": { "get": { "responses": { "200": { "description": "Always" } } } } },
                }))
            }),
        )
        .route("/truth", axum::routing::get(|| async { StatusCode::IM_A_TEAPOT }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/openapi.json", listener.local_addr()?);
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut command = Command::new(tester());
    command.args(["run", &url, "--checks", CHECKS, "--max-examples", "1", "--generation-database", "none"]);
    let verdict = finds_nothing(command).await;
    server.abort();
    ensure!(verdict.is_err_and(|error| error.to_string().contains("finds fault")), "the lie was not noticed");
    Ok(())
}
