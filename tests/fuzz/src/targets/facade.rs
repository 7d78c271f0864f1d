//! The bodies that the facade takes, over its own HTTP, with a real node and the game module behind it.
//!
//! Every operation of the API's description that takes a body is a place to begin: its example, changed in places. No
//! answer may be the facade's own failure, every refusal is a problem document, and the node stays well.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rand::Rng;
use rand::seq::SliceRandom;
use reqwest::{Client, Method};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use worldloom_facade::edge::config::RateConfig;
use worldloom_facade::{Config, Facade, app};
use worldloom_tests::{Account, NodeOptions, TestNode};

use crate::http_case::HttpCase;
use crate::json;
use crate::shape::Taste;

/// Longest that an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// How long facade and node may take to be well after an answer that says that they are not.
const RECOVERY_MAX: Duration = Duration::from_secs(8);
/// A header field that stands for the caller's own token.
const AS: &str = "as";

/// A facade in this process, in front of a node in another.
struct World {
    runtime: Runtime,
    url: String,
    http: Client,
    player: Account,
    words: Vec<String>,
    node: TestNode,
    _facade: Facade,
    _folder: TempDir,
}

#[expect(clippy::panic, reason = "nothing can be fuzzed without a facade")]
fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World::start().unwrap_or_else(|cause| panic!("the facade does not start: {cause:#}")))
}

/// libFuzzer ends the process without a word to anybody, and the node would stay. Linux can end it as well.
fn ends_with_this_process() -> NodeOptions {
    let launcher: &[&str] = if cfg!(target_os = "linux") { &["setpriv", "--pdeathsig", "KILL"] } else { &[] };
    NodeOptions { launcher: launcher.iter().map(|&word| word.to_owned()).collect(), ..NodeOptions::default() }
}

impl World {
    fn start() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let folder = tempfile::tempdir()?;
        let (node, facade, player) = runtime.block_on(Self::open(&folder))?;
        let url = format!("http://{}", facade.address());
        let http = Client::builder().no_proxy().timeout(ANSWER_MAX).build()?;
        let words = strings(&app::document());
        Ok(Self { runtime, url, http, player, words, node, _facade: facade, _folder: folder })
    }

    async fn open(folder: &TempDir) -> anyhow::Result<(TestNode, Facade, Account)> {
        let node = TestNode::start_with(ends_with_this_process()).await?;
        let database = node.publish("game", "spacetime_module").await?;
        let service = node.account().await?;
        database.grant(&service, "service").await?;
        let token_file = folder.path().join("service.token");
        std::fs::write(&token_file, &service.token)?;
        let mut config = Config::default();
        config.http.listen = "127.0.0.1:0".parse()?;
        let endless = RateConfig { per_minute: 0, burst: 1 };
        (config.http.limits.address, config.http.limits.player) = (endless, endless);
        config.http.limits.login = endless;
        config.node.url = node.url.clone();
        config.node.database = database.name.clone();
        config.node.service_token_file = token_file;
        config.objects.root = folder.path().join("objects");
        config.identity.key_folder = folder.path().join("identity-keys");
        let facade = Facade::start(config).await?;
        let player = node.account().await?;
        Ok((node, facade, player))
    }
}

/// Starts everything.
pub fn prepare() {
    world();
}

/// Runs one input.
pub fn run(input: &[u8]) {
    let Some(case) = HttpCase::parse(input) else { return };
    world().runtime.block_on(async {
        let (status, kind, body) = match ask(&case).await {
            Ok(Some(answer)) => answer,
            Ok(None) => return,
            // The facade hangs up on whoever goes on sending after a refusal. But it never keeps silent.
            Err(cause) => return assert!(!cause.is_timeout(), "the facade does not answer: {cause}"),
        };
        assert!(status != 500, "the facade failed: {body}");
        assert!(status < 500 || are_well_again().await, "facade and node are not well after {status}: {body}");
        // Far too many header fields are refused by the HTTP library, which knows of no problems.
        if status == 431 && body.is_empty() {
            return;
        }
        // Answers to HEAD have no body, problems among them.
        if status >= 400 && case.method != "HEAD" {
            assert_eq!(kind, "application/problem+json", "{status}: {body}");
            let problem: Value = serde_json::from_str(&body).unwrap_or_default();
            assert_eq!(problem["status"], status, "{body}");
            assert!(problem["code"].is_string() && problem["detail"].is_string(), "{body}");
        }
    });
}

/// Waits until the node says that it is well, and the facade that it hears of the node. An input may cost the facade
/// its connection, which it makes again; a node that an input has ended never comes back.
async fn are_well_again() -> bool {
    let world = world();
    let places = [format!("{}/v1/health", world.node.url), format!("{}/health/ready", world.url)];
    let deadline = Instant::now() + RECOVERY_MAX;
    loop {
        let answers = futures::future::join_all(places.iter().map(|place| world.http.get(place).send())).await;
        if answers.into_iter().all(|answer| answer.is_ok_and(|answer| answer.status().is_success())) {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The answer's status, type and body; nothing if the case is no request that HTTP can carry.
async fn ask(case: &HttpCase) -> reqwest::Result<Option<(u16, String, String)>> {
    let world = world();
    let (Ok(method), Ok(url)) =
        (Method::from_bytes(case.method.as_bytes()), format!("{}{}", world.url, case.path).parse::<reqwest::Url>())
    else {
        return Ok(None);
    };
    // A path must not lead away from the facade.
    if !case.path.starts_with('/') || case.path.starts_with("//") || !url.as_str().starts_with(&world.url) {
        return Ok(None);
    }
    let mut request = world.http.request(method, url).body(case.body.clone());
    for (name, value) in &case.headers {
        request = if name == AS { request.bearer_auth(&world.player.token) } else { request.header(name, value) };
    }
    let Ok(request) = request.build() else { return Ok(None) };
    let answer = world.http.execute(request).await?;
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let is_stream = kind.starts_with("text/event-stream");
    let body = if is_stream { String::new() } else { answer.text().await.unwrap_or_default() };
    Ok(Some((status, kind, body)))
}

/// Every operation with a body, as its description has it.
pub fn seeds() -> Vec<Vec<u8>> {
    let document = app::document();
    let mut seeds = Vec::new();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let content = operation.pointer("/requestBody/content").and_then(Value::as_object);
            for (kind, body) in content.into_iter().flatten() {
                seeds.push(seed(method, &filled(path, operation), operation, kind, &body["example"]).to_bytes());
            }
        }
    }
    seeds
}

fn seed(method: &str, path: &str, operation: &Value, kind: &str, example: &Value) -> HttpCase {
    let mut headers = vec![(AS.to_owned(), "player".to_owned()), ("content-type".to_owned(), kind.to_owned())];
    for parameter in parameters(operation, "header") {
        headers.push((text(&parameter["name"]), text(&parameter["example"])));
    }
    let body = match kind {
        "application/x-www-form-urlencoded" => form(example).into_bytes(),
        "multipart/form-data" => {
            headers[1].1 = "multipart/form-data; boundary=line".into();
            multipart(example).into_bytes()
        }
        _ if example.is_null() => b"bytes".to_vec(),
        _ => example.to_string().into_bytes(),
    };
    HttpCase { method: method.to_uppercase(), path: path.to_owned(), headers, body }
}

fn parameters<'a>(operation: &'a Value, place: &'a str) -> impl Iterator<Item = &'a Value> {
    operation["parameters"].as_array().into_iter().flatten().filter(move |parameter| parameter["in"] == place)
}

/// The path with its parameters' examples.
fn filled(path: &str, operation: &Value) -> String {
    parameters(operation, "path").fold(path.to_owned(), |path, parameter| {
        path.replace(&format!("{{{}}}", text(&parameter["name"])), &text(&parameter["example"]))
    })
}

fn form(example: &Value) -> String {
    let fields = example.as_object().into_iter().flatten();
    fields.map(|(name, value)| format!("{name}={}", text(value))).collect::<Vec<_>>().join("&")
}

fn multipart(example: &Value) -> String {
    let mut body = String::new();
    for (name, value) in example.as_object().into_iter().flatten() {
        let file = if name == "file" { "; filename=\"picture.png\"\r\nContent-Type: image/png" } else { "" };
        body += &format!("--line\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{}\r\n", text(value));
    }
    body + "--line--\r\n"
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Every short text of a document.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if text.len() < 40 => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).chain(fields.keys().cloned()).collect(),
        _ => Vec::new(),
    }
}

/// Makes another request.
pub fn mutate(input: &[u8], taste: &mut Taste) -> Vec<u8> {
    let mut taste = Taste { random: taste.random, words: &world().words };
    let mut case = match HttpCase::parse(input) {
        Some(case) if !taste.random.gen_ratio(1, 16) => case,
        _ => {
            let seeds = seeds();
            let seed = seeds.choose(taste.random).map(Vec::as_slice).unwrap_or_default();
            HttpCase::parse(seed).unwrap_or_default()
        }
    };
    let place = taste.random.gen_range(0..10);
    match place {
        0 => {
            let mut path = case.path.into_bytes();
            taste.disturb(&mut path, 4096);
            let printable = |byte: &u8| byte.is_ascii_graphic();
            case.path = path.into_iter().filter(printable).map(char::from).collect();
        }
        1 if !case.headers.is_empty() => {
            let index = taste.random.gen_range(0..case.headers.len());
            case.headers[index].1 = taste.words.choose(taste.random).cloned().unwrap_or_default();
        }
        2 if !case.headers.is_empty() => drop(case.headers.remove(taste.random.gen_range(0..case.headers.len()))),
        3 | 4 => taste.disturb(&mut case.body, 1 << 18),
        _ => match json::mutate(&case.body, &mut taste) {
            Some(body) => case.body = body,
            None => taste.disturb(&mut case.body, 1 << 18),
        },
    }
    case.to_bytes()
}
