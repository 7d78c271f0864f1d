//! The API client against a server that answers as scripted.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::api::{Api, Publication, Takeover};
use super::environment::Environment;
use super::error::CliError;
use super::module_file::ModuleFile;
use super::server::Server;
use super::token::{Token, tests::SAMPLE};

const WASM: &[u8] = b"\0asm\x01\0\0\0and the rest of it";

/// What the server was asked.
struct Asked {
    line: String,
    headers: axum::http::HeaderMap,
    body: Vec<u8>,
}

#[derive(Clone)]
struct Script {
    status: u16,
    reply: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

async fn answer(State(script): State<Script>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri());
    let headers = request.headers().clone();
    let body = to_bytes(request.into_body(), 1 << 20).await.unwrap().to_vec();
    script.asked.lock().unwrap().push(Asked { line, headers, body });
    let mut response = Response::builder().status(script.status);
    if (300..400).contains(&script.status) {
        response = response.header("location", "http://elsewhere.example/");
    }
    response.body(Body::from(script.reply)).unwrap()
}

/// A server that gives every request the same answer, and a client of it.
async fn scripted(status: u16, reply: &str) -> (Api, Arc<Mutex<Vec<Asked>>>) {
    let asked = Arc::default();
    let script = Script { status, reply: reply.to_owned(), asked: Arc::clone(&asked) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(answer).with_state(script);
    tokio::spawn(async move { axum::serve(listener, app).await });
    let api = Api::new(Server::resolve(&url, None).unwrap()).unwrap();
    (api.with_token(Token::parse(SAMPLE, "here").unwrap()), asked)
}

async fn module() -> (tempfile::NamedTempFile, ModuleFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), WASM).unwrap();
    let module = ModuleFile::open(file.path()).await.unwrap();
    (file, module)
}

#[tokio::test]
async fn a_module_is_sent_whole_with_its_length_token_and_environment() {
    let identity = "c2".repeat(32);
    let reply = format!(r#"{{"Success":{{"domain":"quest","database_identity":"{identity}","op":"created"}}}}"#);
    let (api, asked) = scripted(200, &reply).await;
    let (_file, module) = module().await;
    let environment = Environment::parse(&["KEY=two words".into()], &["*".into()], |_| None).unwrap();
    let publication = Publication {
        database: Some("a/b"),
        module: &module,
        takeover: Takeover::BreakClients("beef".into()),
        environment: &environment,
        num_replicas: None,
    };
    api.publish(&publication).await.unwrap();

    let asked = asked.lock().unwrap();
    assert_eq!(asked[0].line, "PUT /v1/database/a%2Fb?host_type=Wasm&policy=BreakClients&token=beef");
    assert_eq!(asked[0].body, WASM);
    let header = |name: &str| asked[0].headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-length"), WASM.len().to_string());
    assert_eq!(header("authorization"), format!("Bearer {SAMPLE}"));
    assert_eq!(header("spacetime-environment"), r#"KEY="two words""#);
    assert_eq!(header("spacetime-environment-remove"), "*");
}

#[tokio::test]
async fn each_refusal_has_its_sentence() {
    for (status, expected) in [
        (401, "does not accept the token (some words)"),
        (403, "This identity may not do that (some words)"),
        (404, "There is no database `quest`"),
        (413, "as too large (some words)"),
        (307, "redirects to http://elsewhere.example/"),
        (400, "answered 400 Bad Request (some words)"),
        (503, "answered 503 Service Unavailable (some words)"),
    ] {
        let (api, asked) = scripted(status, "some words\n").await;
        let error = api.sql("quest", "SELECT 1".into(), Some(true)).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{status}: {error}");
        assert!(!error.contains("eyJ"), "no token in a message");
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 1, "a refusal is final");
        assert_eq!(asked[0].line, "POST /v1/database/quest/sql?confirmed=true");
    }
}

#[tokio::test]
async fn a_refusal_that_is_a_sentence_is_repeated_as_it_is() {
    for status in [400, 403, 413, 500] {
        let words = "Only the owner may do this; use the token that published it.";
        let (api, _) = scripted(status, words).await;
        assert_eq!(api.delete("quest").await.unwrap_err().to_string(), words, "{status}");
    }
}

#[tokio::test]
async fn a_reducers_own_words_come_through_and_are_bounded() {
    let (api, asked) = scripted(530, "conflict: the door is locked").await;
    let error = api.call("quest", "open", "[1]".into()).await.unwrap_err();
    assert_eq!(error.to_string(), "`open` refused the call: conflict: the door is locked");
    assert_eq!(asked.lock().unwrap()[0].headers["content-type"], "application/json");

    let (api, _) = scripted(404, "no such reducer").await;
    let error = api.call("quest", "hidden", "[]".into()).await.unwrap_err();
    assert_eq!(error.to_string(), "The server answered 404 Not Found (no such reducer); change the request.");

    let (api, _) = scripted(530, &"x".repeat(1 << 20)).await;
    let error = api.call("quest", "open", "[]".into()).await.unwrap_err();
    assert!(error.to_string().len() < 20_000);
}

#[tokio::test]
async fn refused_publications_say_why() {
    let (_file, module) = module().await;
    for (status, reply, expected) in [
        (401, r#"{"PermissionDenied":{"name":"quest"}}"#, "The name `quest` belongs to another identity"),
        (400, r#"{"EnvironmentError":{"MissingRequiredEnvironment":{"keys":["A","B"]}}}"#, "without a value: A, B"),
        (409, r#"{"EnvironmentError":{"VersionConflict":null}}"#, "publish again"),
        (400, "no module", "answered 400 Bad Request (no module)"),
    ] {
        let (api, _) = scripted(status, reply).await;
        let publication = Publication {
            database: Some("quest"),
            module: &module,
            takeover: Takeover::Compatible,
            environment: &Environment::default(),
            num_replicas: None,
        };
        let error = api.publish(&publication).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{reply}: {error}");
    }
}

#[tokio::test]
async fn absence_is_an_answer_where_it_is_asked_for() {
    let (_file, module) = module().await;
    let (api, asked) = scripted(404, "no such database").await;
    assert!(api.pre_publish("quest", &module).await.unwrap().is_none());
    assert!(api.find_database("quest").await.unwrap().is_none());
    let asked = asked.lock().unwrap();
    assert_eq!(asked[0].line, "POST /v1/database/quest/pre_publish?style=NoColor&host_type=Wasm");
    assert_eq!(asked[1].line, "GET /v1/database/quest/identity");
}

#[tokio::test]
async fn older_servers_are_asked_for_the_older_schema() {
    let (api, asked) = scripted(400, "unknown version").await;
    let error = api.schema("quest").await.unwrap_err();
    assert!(matches!(error, CliError::Refused { status: StatusCode::BAD_REQUEST, .. }));
    let lines: Vec<_> = asked.lock().unwrap().iter().map(|asked| asked.line.clone()).collect();
    assert_eq!(lines, ["GET /v1/database/quest/schema?version=10", "GET /v1/database/quest/schema?version=9"]);
}

#[tokio::test]
async fn an_answer_that_is_none_is_called_that() {
    let (api, _) = scripted(200, "<html>welcome</html>").await;
    for error in [
        api.sql("quest", "SELECT 1".into(), None).await.unwrap_err(),
        api.schema("quest").await.unwrap_err(),
        api.find_database("quest").await.unwrap_err(),
    ] {
        assert!(matches!(error, CliError::UnexpectedAnswer { .. }), "{error}");
    }
    assert!(matches!(api.new_identity().await, Err(CliError::UnexpectedAnswer { .. })));
}

#[tokio::test]
async fn nobody_there_is_said_with_the_address() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server::resolve(&format!("http://127.0.0.1:{port}"), None).unwrap();
    let error = Api::new(server).unwrap().new_identity().await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("No server answers at http://127.0.0.1:{port} (Connection refused")), "{error}");
}
