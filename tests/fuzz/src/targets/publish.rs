//! Programs that anybody may publish: whole modules, and descriptions of schemas inside a module that is in order.
//!
//! Each is published as a new database. A bad program is refused, and the node goes on. One that is taken is replaced
//! by another, which migrates its schema or is refused too, and then the database is deleted.

use std::sync::OnceLock;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use serde_json::Value;
use spacetimedb_lib::db::raw_def::v10::RawModuleDefV10;
use spacetimedb_lib::{RawModuleDef, bsatn};
use spacetimedb_schema::def::ModuleDef;

use crate::engine::{DATABASE, engine, in_time};
use crate::functions::functions;
use crate::shape::{Shape, Taste};
use crate::wasm::{Manner, module};

/// Set to see what the node says to each program.
const SHOWN: &str = "FUZZ_SHOW";

/// Runs a description of a schema.
pub fn run_schema(description: &[u8]) {
    publish(module(description, Manner::Decent));
}

/// Runs a whole module.
pub fn run_module(program: &[u8]) {
    publish(program.to_vec());
}

fn publish(program: Vec<u8>) {
    engine().runtime.block_on(async {
        let (status, body) = in_time("a publish", ask(Method::POST, "/v1/database", program)).await;
        let text = String::from_utf8_lossy(&body);
        if std::env::var_os(SHOWN).is_some() {
            eprintln!("{status}: {text}");
        }
        assert!(status.as_u16() < 500, "{status}: {text}");
        if status == StatusCode::OK {
            let path = format!("/v1/database/{}", identity_of(&body));
            replace(&path).await;
            let (status, body) = in_time("a deletion", ask(Method::DELETE, &path, Vec::new())).await;
            assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&body));
        }
        let other = format!("/v1/database/{DATABASE}");
        assert_eq!(in_time("another database", ask(Method::GET, &other, Vec::new())).await.0, StatusCode::OK);
    });
}

/// The identity of a database that has just been published.
fn identity_of(answer: &[u8]) -> String {
    let published: Value = serde_json::from_slice(answer).unwrap_or_default();
    let identity = published.pointer("/Success/database_identity/__identity__");
    let identity = identity.or_else(|| published.pointer("/Success/database_identity"));
    identity.and_then(Value::as_str).unwrap_or_default().trim_start_matches("0x").to_owned()
}

/// Publishes a module with the schema of the one under fuzzing over a database. Whether that can be migrated or not,
/// the database has a module afterwards.
async fn replace(path: &str) {
    static SUCCESSOR: OnceLock<Vec<u8>> = OnceLock::new();
    let successor = SUCCESSOR.get_or_init(|| {
        let seeds = schema_seeds();
        module(seeds.first().map(Vec::as_slice).unwrap_or_default(), Manner::Decent)
    });
    let (status, body) = in_time("an update", ask(Method::PUT, path, successor.clone())).await;
    let text = String::from_utf8_lossy(&body);
    if std::env::var_os(SHOWN).is_some() {
        eprintln!("over it {status}: {text}");
    }
    assert!(status.as_u16() < 500, "over it {status}: {text}");
    let schema = format!("{path}/schema?version=10");
    let (status, body) = in_time("the updated database", ask(Method::GET, &schema, Vec::new())).await;
    assert_eq!(status, StatusCode::OK, "{schema}: {}", String::from_utf8_lossy(&body));
}

async fn ask(method: Method, path: &str, body: Vec<u8>) -> (StatusCode, axum::body::Bytes) {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("authorization", format!("Bearer {}", engine().owner)).body(Body::from(body));
    engine().ask(request.unwrap_or_default()).await
}

fn shape() -> &'static Shape {
    static SHAPE: OnceLock<Shape> = OnceLock::new();
    SHAPE.get_or_init(Shape::of::<RawModuleDef>)
}

/// Makes another description.
pub fn mutate_schema(description: &[u8], taste: &mut Taste) -> Vec<u8> {
    let mut taste = Taste { random: taste.random, words: &functions().words };
    match shape().mutate(description, &mut taste) {
        Some(mutated) => mutated,
        None => shape().generate(&mut taste),
    }
}

/// Makes another module.
pub fn mutate_module(program: &[u8], taste: &mut Taste) -> Vec<u8> {
    let mut program = program.to_vec();
    taste.disturb(&mut program, 1 << 18);
    program
}

/// The description of the module under fuzzing, and an empty one.
pub fn schema_seeds() -> Vec<Vec<u8>> {
    let real: RawModuleDefV10 = ModuleDef::clone(&engine().module.info().module_def).into();
    [real, RawModuleDefV10::default()]
        .into_iter()
        .filter_map(|raw| bsatn::to_vec(&RawModuleDef::V10(raw)).ok())
        .collect()
}

/// Small modules of every manner.
pub fn module_seeds() -> Vec<Vec<u8>> {
    let description = bsatn::to_vec(&RawModuleDef::V10(RawModuleDefV10::default())).unwrap_or_default();
    let manners =
        [Manner::Decent, Manner::StartsForEver, Manner::DescribesForEver, Manner::RecursesForEver, Manner::Hoards];
    manners.into_iter().chain([Manner::Nests(2000)]).map(|manner| module(&description, manner)).collect()
}
