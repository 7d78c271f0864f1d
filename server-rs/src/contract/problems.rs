//! Refusals: one response for each status, and who answers with which.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::problem::{MEDIA_TYPE, Problem, ProblemCode};

const PROBLEM_SCHEMA: &str = "#/components/schemas/ProblemDocument";
const REQUEST_ID: &str = "0194f0c5-0000-7000-8000-000000000009";
/// What every operation may answer: too slow, a path or a header too long, too often, a fault.
const EVERYWHERE: [u16; 5] = [408, 414, 429, 431, 500];
/// What every operation with a token may answer: not valid, not allowed, the node is away.
const WITH_TOKEN: [u16; 3] = [401, 403, 503];
/// What every operation with a JSON body may answer: unreadable, too large, not JSON, not acceptable.
const WITH_JSON: [u16; 4] = [400, 413, 415, 422];

/// The response of each status that a problem can have, by the name that operations refer to.
pub fn responses(schemas: &Value) -> Value {
    let mut by_status: BTreeMap<u16, Vec<ProblemCode>> = BTreeMap::new();
    for code in codes(schemas) {
        by_status.entry(code.status().as_u16()).or_default().push(code);
    }
    by_status.into_iter().map(|(status, codes)| (name(status), response(status, &codes))).collect::<Map<_, _>>().into()
}

/// All codes. The schema lists them, so that none can be forgotten here.
fn codes(schemas: &Value) -> impl Iterator<Item = ProblemCode> {
    let names = schemas["ProblemCode"]["enum"].as_array().into_iter().flatten();
    names.filter_map(|name| serde_json::from_value(name.clone()).ok())
}

fn response(status: u16, codes: &[ProblemCode]) -> Value {
    let titles: Vec<&str> = codes.iter().map(|code| code.title()).collect();
    let examples: Map<String, Value> = codes.iter().map(|code| (code.name().to_owned(), example(*code))).collect();
    let mut headers = json!({ "x-request-id": { "$ref": "#/components/headers/RequestId" } });
    match status {
        401 => headers["www-authenticate"] = json!({ "$ref": "#/components/headers/Challenge" }),
        416 => headers["content-range"] = json!({ "$ref": "#/components/headers/ContentRange" }),
        429 | 503 => headers["retry-after"] = json!({ "$ref": "#/components/headers/RetryAfter" }),
        _ => {}
    }
    let media_type = json!({ "schema": { "$ref": PROBLEM_SCHEMA }, "examples": examples });
    json!({ "description": titles.join(", or: "), "headers": headers, "content": { MEDIA_TYPE: media_type } })
}

fn example(code: ProblemCode) -> Value {
    let problem = Problem::new(code, "What happened, and what to do about it.");
    json!({ "summary": code.title(), "value": problem.document(code.status(), REQUEST_ID) })
}

/// The headers that several answers have.
pub fn headers() -> Value {
    let header = |description: &str, kind: &str, example: Value| json!({ "description": description, "schema": { "type": kind }, "example": example });
    json!({
        "RequestId": header("Id of the request, also in the log; the client's own if it sent a harmless one.", "string", json!(REQUEST_ID)),
        "RetryAfter": header("Seconds to wait before trying again.", "integer", json!(2)),
        "Challenge": header("Which proof is wanted, and what is wrong with the one given (RFC 6750).", "string", json!("Bearer realm=\"worldloom\"")),
        "ContentRange": header("How many bytes there are.", "string", json!("bytes */48213")),
    })
}

/// Completes the answers of an operation.
pub fn refuse(path: &str, operation: &mut Value) {
    let mut refusals = EVERYWHERE.to_vec();
    let security = operation["security"].as_array().into_iter().flatten();
    if security.filter_map(Value::as_object).any(|scheme| scheme.contains_key("player")) {
        refusals.extend(WITH_TOKEN);
    }
    if path.contains('{') {
        refusals.push(404);
    }
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    if parameters.into_iter().any(|parameter| parameter["in"] == "query") {
        refusals.push(400);
    }
    if operation["requestBody"]["content"]["application/json"].is_object() {
        refusals.extend(WITH_JSON);
    }
    let Some(answers) = operation["responses"].as_object_mut() else { return };
    for status in refusals {
        answers.entry(status.to_string()).or_insert_with(|| json!({}));
    }
    for (status, answer) in answers {
        match status.parse() {
            Ok(status) if status >= 400 => refer(status, answer),
            _ => answer["headers"]["x-request-id"] = json!({ "$ref": "#/components/headers/RequestId" }),
        }
    }
}

/// Puts the response of the status in place; the operation's own words about it stay.
fn refer(status: u16, answer: &mut Value) {
    let own_words = answer["description"].as_str().filter(|words| !words.is_empty()).map(str::to_owned);
    *answer = json!({ "$ref": format!("#/components/responses/{}", name(status)) });
    if let Some(words) = own_words {
        answer["description"] = json!(words);
    }
}

fn name(status: u16) -> String {
    format!("Problem{status}")
}
