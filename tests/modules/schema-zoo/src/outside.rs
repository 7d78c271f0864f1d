//! The outside world: HTTP handlers, environment variables, procedures with side effects.

use spacetimedb::http::{Body, HandlerContext, Request, Response, Router, handler, router};
use spacetimedb::{EnvironmentValue, ProcedureContext, SpacetimeType, Table, Timestamp, Uuid, env, procedure, table};

/// How the zoo runs, as its environment says it.
#[derive(EnvironmentValue)]
pub enum Mode {
    #[env(value = "open")]
    Open,
    #[env(value = "closed for the season")]
    Closed,
}

/// The environment that this module declares; every variable may be missing.
#[env]
#[expect(dead_code, reason = "the macro reads the fields and makes accessors; nothing holds the struct")]
pub struct Env {
    pub GREETING: Option<String>,
    pub MODE: Option<Mode>,
    #[env(values("true", "false"))]
    pub NIGHT: Option<String>,
}

/// What [`read_environment`] found.
#[derive(SpacetimeType)]
pub struct EnvironmentReport {
    pub greeting: Option<String>,
    pub open: Option<bool>,
    pub night: Option<String>,
}

/// One visit noted over HTTP or by [`note_twice`], or a piece of news.
#[table(accessor = visit, public)]
pub struct Visit {
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    pub note: String,
    pub noted_at: Timestamp,
}

/// The origin whose pages may send requests to [`echo_request`] and visits.
const ORIGIN: &str = "https://zoo.example";

/// Sends the request's body back, with the method in the header `x-method` and the address in `x-uri`.
#[handler]
fn echo_request(_ctx: &mut HandlerContext, request: Request) -> Response {
    let origin = ("access-control-allow-origin", ORIGIN.to_owned());
    let head = [("x-method", request.method().to_string()), ("x-uri", request.uri().to_string()), origin];
    let mut response = Response::new(request.into_body());
    for (name, told) in head {
        if let Ok(value) = told.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Answers with the variable `GREETING`.
#[handler]
fn greet(ctx: &mut HandlerContext, _request: Request) -> Response {
    text(ctx.env.GREETING().unwrap_or_else(|| "Welcome to the zoo.".to_owned()))
}

/// Notes a visit whose text is the request's body, and answers with its id.
#[handler]
fn note_visit(ctx: &mut HandlerContext, request: Request) -> Response {
    noted(ctx, &request.into_body().into_string_lossy())
}

/// Fetches the URL in the request's body, notes what is there as a visit, and answers with its id.
#[handler]
fn note_news(ctx: &mut HandlerContext, request: Request) -> Response {
    match ctx.http.get(request.into_body().into_string_lossy()) {
        Ok(news) => noted(ctx, &news.into_body().into_string_lossy()),
        Err(error) => text(error.to_string()),
    }
}

/// Tells browsers whose pages may send visits.
#[handler]
fn allow_visits(_ctx: &mut HandlerContext, _request: Request) -> Response {
    let mut response = text(String::new());
    if let Ok(origin) = ORIGIN.parse() {
        response.headers_mut().insert("access-control-allow-origin", origin);
    }
    response
}

/// Answers with the number of visits.
#[handler]
fn count_visits(ctx: &mut HandlerContext, _request: Request) -> Response {
    let count = ctx.with_tx(|tx| tx.db.visit().count());
    text(count.to_string())
}

/// Panics on purpose.
#[handler]
#[expect(clippy::panic, reason = "exists to trap")]
fn trap_in_handler(_ctx: &mut HandlerContext, _request: Request) -> Response {
    panic!("The handler trap_in_handler panics on purpose.");
}

#[router]
fn routes() -> Router {
    Router::new()
        .any("/echo", echo_request)
        .get("/greeting", greet)
        .get("/visits", count_visits)
        .post("/visits", note_visit)
        .options("/visits", allow_visits)
        .post("/news", note_news)
        .nest("/zoo", Router::new().get("/trap", trap_in_handler))
}

/// The environment as this module sees it.
#[procedure]
pub fn read_environment(ctx: &mut ProcedureContext) -> EnvironmentReport {
    EnvironmentReport {
        greeting: ctx.env.GREETING(),
        open: ctx.env.MODE().map(|mode| matches!(mode, Mode::Open)),
        night: ctx.env.NIGHT(),
    }
}

/// Fetches a URL; an error of the network is plain data.
#[procedure]
pub fn fetch_text(ctx: &mut ProcedureContext, url: String) -> Result<String, String> {
    let response = ctx.http.get(url).map_err(|error| error.to_string())?;
    Ok(response.into_body().into_string_lossy())
}

/// Makes `count` fresh ids, at most 1,000.
#[procedure]
pub fn new_ids(ctx: &mut ProcedureContext, count: u16) -> Result<Vec<Uuid>, String> {
    (0..count.min(1000)).map(|_| ctx.new_uuid_v7().map_err(|error| error.to_string())).collect()
}

/// Notes two visits in two transactions.
#[procedure]
pub fn note_twice(ctx: &mut ProcedureContext, note: String) {
    for part in ["first", "second"] {
        ctx.with_tx(|tx| {
            let note = format!("{note}, {part}");
            tx.db.visit().insert(Visit { id: 0, note, noted_at: tx.timestamp });
        });
    }
}

/// Waits until a time and says when it woke up.
#[procedure]
pub fn wait_until(ctx: &mut ProcedureContext, time: Timestamp) -> Timestamp {
    ctx.sleep_until(time);
    ctx.timestamp
}

/// Notes a visit and answers with its id.
fn noted(ctx: &mut HandlerContext, note: &str) -> Response {
    let row = |noted_at| Visit { id: 0, note: note.to_owned(), noted_at };
    let id = ctx.with_tx(|tx| tx.db.visit().insert(row(tx.timestamp)).id);
    text(id.to_string())
}

fn text(body: String) -> Response {
    Response::new(Body::from_bytes(body))
}
