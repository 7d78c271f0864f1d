//! Two facades behind one port, before one node and one store: nothing that one of them knows is missed by the other.

use anyhow::{Context, ensure};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use worldloom_tests::balancer::Balancer;
use worldloom_tests::facade::{FacadeClient, sha256};
use worldloom_tests::pictures::picture;
use worldloom_tests::s3_server::S3Server;
use worldloom_tests::task_events::{Event, Reader, end_of, text_of};
use worldloom_tests::{Account, Database, ModelEndpoint, NodeOptions, Outcome, TestFacade, TestNode};

struct World {
    node: TestNode,
    database: Database,
    facades: [TestFacade; 2],
    balancer: Balancer,
    /// Speaks to the one port.
    client: FacadeClient,
    model: ModelEndpoint,
    _s3: S3Server,
    _keys: TempDir,
}

/// What the facades are called as models' clients.
const MODELS: [&str; 2] = ["first", "second"];

impl World {
    async fn start() -> anyhow::Result<Self> {
        let balancer = Balancer::start().await?;
        let trusted = format!("{{ issuer = \"{}\", audiences = [\"worldloom\"] }}", balancer.url);
        let config = Some(format!("[auth]\ntrusted-issuers = [{trusted}]\n"));
        let node = TestNode::start_with(NodeOptions { config, ..NodeOptions::default() }).await?;
        let database = node.publish("worldloom", "spacetime_module").await?;
        let (s3, keys, model) = (S3Server::start()?, tempfile::tempdir()?, ModelEndpoint::start().await?);
        let mut settings = s3.as_settings();
        settings.push(("IDENTITY__PUBLIC_URL", balancer.url.clone()));
        settings.push(("IDENTITY__KEY_FOLDER", keys.path().join("keys").display().to_string()));
        settings.push(("AI__LEASE_S", "5".to_owned()));
        let facade = |name| {
            let own = settings.iter().cloned().chain([("AI__PROVIDERS", model.as_provider(name))]);
            let own: Vec<(&str, String)> = own.collect();
            let (node, database) = (&node, &database);
            async move {
                let own: Vec<_> = own.iter().map(|(key, value)| (*key, value.as_str())).collect();
                TestFacade::start_with(node, database, &own).await
            }
        };
        let facades = [facade(MODELS[0]).await?, facade(MODELS[1]).await?];
        for facade in &facades {
            balancer.add(&facade.client.url)?;
        }
        let client = FacadeClient::at(&balancer.url)?;
        Ok(Self { node, database, facades, balancer, client, model, _s3: s3, _keys: keys })
    }

    /// Sends a request through the port to this facade; its JSON answer, if it has this status.
    async fn ask(&self, facade: usize, request: RequestBuilder, status: StatusCode) -> anyhow::Result<Value> {
        self.balancer.served();
        self.balancer.turn_to(facade);
        let answer = request.send().await?;
        let actual = answer.status();
        let body = answer.text().await?;
        ensure!(actual == status, "{actual} instead of {status}: {body}");
        ensure!(self.balancer.served() == [facade], "it went elsewhere");
        Ok(if body.is_empty() { Value::Null } else { serde_json::from_str(&body)? })
    }

    fn post(&self, path: &str, player: Option<&Account>, body: &Value) -> RequestBuilder {
        self.client.request(Method::POST, path, player).json(body)
    }

    /// Logs a guest in at this facade; the tokens.
    async fn guest(&self, facade: usize) -> anyhow::Result<Value> {
        let proof = json!({ "device_secret": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA" });
        let login = json!({ "provider": "device", "proof": proof, "client": "app", "device_name": "test" });
        self.ask(facade, self.post("/auth/login", None, &login), StatusCode::OK).await
    }
}

fn text<'a>(answer: &'a Value, member: &str) -> &'a str {
    answer[member].as_str().unwrap_or_default()
}

fn account(tokens: &Value) -> Account {
    Account { identity: text(tokens, "player").to_owned(), token: text(tokens, "access_token").to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_at_one_is_a_login_at_the_other() -> Outcome {
    let world = World::start().await?;
    let first = world.guest(0).await?;
    let player = account(&first);
    let devices = world.client.request(Method::GET, "/auth/devices", Some(&player));
    let devices = world.ask(1, devices, StatusCode::OK).await?;
    ensure!(devices[0]["session_id"] == first["session_id"], "{devices}");

    let refresh = json!({ "refresh_token": first["refresh_token"] });
    let second = world.ask(1, world.post("/auth/refresh", None, &refresh), StatusCode::OK).await?;
    ensure!(second["player"] == first["player"] && second["refresh_token"] != first["refresh_token"], "{second}");
    // The node knows both as one issuer, by whichever of them answers.
    for tokens in [&first, &second] {
        let query = world.node.http.post(format!("{}/v1/database/{}/sql", world.node.url, world.database.name));
        let query = query.bearer_auth(text(tokens, "access_token")).body("SELECT * FROM my_logins");
        let answer = query.send().await?;
        ensure!(answer.status() == StatusCode::OK, "{}", answer.text().await?);
    }
    let refresh = json!({ "refresh_token": second["refresh_token"] });
    world.ask(0, world.post("/auth/logout", None, &refresh), StatusCode::NO_CONTENT).await?;
    world.ask(1, world.post("/auth/refresh", None, &refresh), StatusCode::UNAUTHORIZED).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_announced_at_one_and_confirmed_at_the_other() -> Outcome {
    let world = World::start().await?;
    let player = account(&world.guest(0).await?);
    let bytes = picture(1)?;
    let announcement = json!({ "content_type": "image/jpeg", "byte_size": bytes.len(), "sha256": sha256(&bytes) });
    let announce = || world.post("/assets/uploads", Some(&player), &announcement).header("idempotency-key", "castle");
    let ticket = world.ask(0, announce(), StatusCode::CREATED).await?;
    let again = world.ask(1, announce(), StatusCode::CREATED).await?;
    ensure!(again["asset"] == ticket["asset"], "the same key is the same upload at both");

    let request = &ticket["upload"]["request"];
    let mut sent = world.node.http.put(text(request, "url")).body(bytes.clone());
    for (name, value) in request["headers"].as_object().context("headers")? {
        if name != "content-length" {
            sent = sent.header(name, value.as_str().unwrap_or_default());
        }
    }
    ensure!(sent.send().await?.status() == StatusCode::OK, "the store takes what one facade has signed");
    let path = format!("/assets/{}", text(&ticket["asset"], "asset_id"));
    let confirm = || world.post(&format!("{path}/confirm"), Some(&player), &json!({}));
    let asset = world.ask(1, confirm(), StatusCode::OK).await?;
    ensure!(asset["status"] == "confirmed" && asset["sha256"] == sha256(&bytes), "{asset}");
    ensure!(world.ask(0, confirm(), StatusCode::OK).await? == asset, "confirming again changes nothing");

    for facade in [0, 1] {
        world.balancer.turn_to(facade);
        let content = world.client.request(Method::GET, &format!("{path}/content"), Some(&player)).send().await?;
        ensure!(content.bytes().await? == bytes);
    }
    Ok(())
}

/// Asks one facade for a task, and finds out which of them works on it.
async fn task(
    world: &World,
    player: &Account,
) -> anyhow::Result<(String, usize, worldloom_tests::model_endpoint::Exchange)> {
    let wish = json!({ "kind": "text", "request": "A long watch.", "stages": [{ "key": "song", "title": "song" }] });
    let create = || world.post("/ai/tasks", Some(player), &wish).header("idempotency-key", "watch");
    let created = world.ask(0, create(), StatusCode::CREATED).await?;
    let again = world.ask(1, create(), StatusCode::CREATED).await?;
    ensure!(again["task_id"] == created["task_id"], "the same key is the same task at both");
    let exchange = world.model.asked().await?;
    let worker = MODELS.iter().position(|model| exchange.request["model"] == *model).context("one of both")?;
    Ok((text(&created, "task_id").to_owned(), worker, exchange))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_cancelled_at_the_facade_that_does_not_work_on_it() -> Outcome {
    let world = World::start().await?;
    let player = account(&world.guest(0).await?);
    let (task_id, worker, mut exchange) = task(&world, &player).await?;
    exchange.say("The night ").await?;
    world.balancer.turn_to(1 - worker);
    let mut reader = Reader::open(&world.client, &player, &task_id, None).await?;
    ensure!(reader.next_text().await?.1 == "The night ", "the other one streams it");
    let cancel = world.client.request(Method::DELETE, &format!("/ai/tasks/{task_id}"), Some(&player));
    ensure!(world.ask(1 - worker, cancel, StatusCode::OK).await?["status"] == "cancelled");
    exchange.is_abandoned().await?;
    ensure!(end_of(&reader.rest().await?)?["status"] == "cancelled");
    Ok(())
}

/// The hardest case: the facade that dies works on the task and has its reader.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_at_the_same_port_when_its_facade_is_killed() -> Outcome {
    let mut world = World::start().await?;
    let player = account(&world.guest(0).await?);
    let (task_id, worker, mut exchange) = task(&world, &player).await?;
    world.balancer.served();
    world.balancer.turn_to(worker);
    let mut reader = Reader::open(&world.client, &player, &task_id, None).await?;
    ensure!(world.balancer.served() == [worker], "the worker itself streams it");
    exchange.say("The night ").await?;
    let (last_id, seen) = reader.next_text().await?;
    ensure!(seen == "The night ", "{seen}");

    world.facades[worker].kill()?;
    // The connection breaks, as a client sees it; it comes again to the same port, with the last id.
    ensure!(!matches!(reader.rest().await, Ok(events) if end_of(&events).is_ok()), "nothing has ended well");
    world.balancer.turn_to(worker);
    let mut reader = Reader::open(&world.client, &player, &task_id, Some(&last_id)).await?;
    ensure!(world.balancer.served() == [1 - worker], "the survivor streams it");
    let mut resumed = world.model.asked().await?;
    ensure!(resumed.request["model"] == MODELS[1 - worker], "the survivor works on it");
    resumed.say("The night is over.").await?;
    resumed.end().await?;
    let events: Vec<Event> = reader.rest().await?;
    ensure!(text_of(&events, 0, 1)?.is_empty(), "what was seen is not told again: {events:?}");
    ensure!(text_of(&events, 0, 2)? == "The night is over.", "{events:?}");
    ensure!(end_of(&events)?["status"] == "completed", "{events:?}");
    Ok(())
}
