//! Arguments over HTTP: JSON of `call`, and BSATN of `call-from-database`, which databases of one host send each other.
//!
//! Whatever the arguments are, the answer has an expected status, and the next request is answered.

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use rand::Rng;
use spacetimedb_core::auth::idc;
use spacetimedb_lib::Identity;

use crate::engine::{DATABASE, engine, in_time};
use crate::functions::{SLOW_FUNCTIONS, functions};
use crate::http_case::HttpCase;
use crate::shape::Taste;

/// Where databases deliver their messages.
const DELIVERY: &str = "/call-from-database/";
/// Stands for the signature that the named reducer has, so that a case outlives changes of it.
const RIGHT_SIGNATURE: &str = "RIGHT";

/// Runs one input.
pub fn run(input: &[u8]) {
    let Some(case) = HttpCase::parse(input) else { return };
    if SLOW_FUNCTIONS.iter().any(|name| case.path.contains(name)) {
        return;
    }
    engine().runtime.block_on(async {
        let Some(request) = request(&case) else { return };
        let (status, body) = in_time("a call", engine().ask(request)).await;
        let text = String::from_utf8_lossy(&body);
        // A function that traps is the module's fault, and its caller is told so.
        let is_expected = status.as_u16() < 500 || status.as_u16() == 530 || text.contains("The procedure failed");
        assert!(is_expected || is_refused_delivery(&case, status), "{status}: {text}");
        let health = Request::get("/v1/health").body(Body::empty()).unwrap_or_default();
        assert_eq!(in_time("a question about health", engine().ask(health)).await.0, StatusCode::OK);
    });
}

/// Databases are told to try again when their message could not be recorded.
fn is_refused_delivery(case: &HttpCase, status: StatusCode) -> bool {
    case.path.starts_with(DELIVERY) && status == StatusCode::SERVICE_UNAVAILABLE
}

fn request(case: &HttpCase) -> Option<Request> {
    let path = format!("/v1/database/{DATABASE}{}", case.path.replace(RIGHT_SIGNATURE, &right_signature(&case.path)));
    let token = if case.path.starts_with(DELIVERY) {
        let receiver = engine().node.find(DATABASE).ok()?.database.database_identity;
        idc::sign(&engine().node.tokens.keys().private, Identity::ONE, receiver).ok()?
    } else {
        // Somebody new each time, since the module remembers whom it has banned.
        engine().node.tokens.mint().ok()?.token.to_string()
    };
    let mut request = Request::builder().method(case.method.as_str()).uri(path);
    for (name, value) in &case.headers {
        request = request.header(name, value);
    }
    request.header("authorization", format!("Bearer {token}")).body(Body::from(case.body.clone())).ok()
}

fn right_signature(path: &str) -> String {
    let info = engine().module.info();
    let name = path.strip_prefix(DELIVERY).and_then(|rest| rest.split('?').next()).unwrap_or_default();
    let reducer = info.module_def.reducer_by_name(name);
    reducer.map(|(_, reducer)| info.reducer_signature_hash(&reducer.name).to_hex().to_string()).unwrap_or_default()
}

/// Makes another call.
pub fn mutate(input: &[u8], taste: &mut Taste) -> Vec<u8> {
    let taste = &mut Taste { random: taste.random, words: &functions().words };
    let mut case = HttpCase::parse(input).unwrap_or_default();
    let name = case.path.rsplit('/').next().and_then(|name| name.split('?').next()).unwrap_or_default();
    let Some(function) = functions().chosen(name, taste) else {
        taste.disturb(&mut case.body, 1 << 18);
        return case.to_bytes();
    };
    case.method = "POST".into();
    if taste.random.gen_ratio(1, 3) {
        let (stream, sequence) = (taste.random.r#gen::<u64>(), taste.random.gen_range(0..3));
        let place = format!("stream_id={stream}&seq={sequence}&ack_prefix=0&signature_hash={RIGHT_SIGNATURE}");
        case.path = format!("{DELIVERY}{}?{place}", function.name);
        case.headers.clear();
        case.body = function.shape.mutate(&case.body, taste).unwrap_or_else(|| function.shape.generate(taste));
    } else {
        case.path = format!("/call/{}", function.name);
        case.headers = vec![("content-type".into(), "application/json".into())];
        case.body = match crate::json::mutate(&case.body, taste) {
            Some(body) if taste.random.gen_ratio(1, 2) => body,
            _ => function.arguments_as_json(taste).into_bytes(),
        };
    }
    case.to_bytes()
}
