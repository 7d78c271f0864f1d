//! The API's description says everything that a client has to know, of every operation.

use std::collections::BTreeSet;

use serde_json::Value;
use worldloom_facade::app;

use crate::support::{Answer, World};

/// Bodies of these are bytes, of which there are no examples.
const BINARY: &str = "#/components/schemas/Bytes";

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let items = document["paths"].as_object().unwrap().iter();
    items
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
        })
        .collect()
}

/// What is missing anywhere, each in one line, so that all of it is seen at once.
fn missing(check: impl Fn(&str, &Value, &mut Vec<String>)) {
    let document = app::document();
    let mut lines = Vec::new();
    let operations = operations(&document);
    assert!(operations.len() > 35, "{}", operations.len());
    for (name, operation) in operations {
        let mut found = Vec::new();
        check(&name, operation, &mut found);
        lines.extend(found.into_iter().map(|what| format!("{name}: {what}")));
    }
    assert!(lines.is_empty(), "missing:\n{}", lines.join("\n"));
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

fn statuses(operation: &Value) -> BTreeSet<u16> {
    operation["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap()).collect()
}

#[test]
fn every_operation_is_named_and_explained() {
    missing(|_, operation, found| {
        for member in ["summary", "operationId"] {
            if !is_text(&operation[member]) {
                found.push(member.to_owned());
            }
        }
        if operation["tags"].as_array().is_none_or(Vec::is_empty) {
            found.push("a tag".to_owned());
        }
        if !operation["security"].is_array() {
            found.push("who may call it".to_owned());
        }
    });
    let document = app::document();
    let ids: Vec<_> = operations(&document).iter().map(|(_, operation)| operation["operationId"].clone()).collect();
    let unique: BTreeSet<_> = ids.iter().map(Value::to_string).collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    let tags: BTreeSet<_> = document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].to_string()).collect();
    for (name, operation) in operations(&document) {
        assert!(tags.contains(&operation["tags"][0].to_string()), "{name} has a tag that is not explained");
    }
}

#[test]
fn every_operation_lists_its_refusals() {
    missing(|name, operation, found| {
        let answers = statuses(operation);
        if !answers.iter().any(|status| *status < 400) {
            found.push("an answer that is no refusal".to_owned());
        }
        let security = operation["security"].as_array().unwrap();
        let mut expected = vec![408, 414, 429, 431, 500];
        if security.iter().any(|scheme| scheme.get("player").is_some()) {
            expected.extend([401, 403, 503]);
        }
        if name.contains('{') {
            expected.push(404);
        }
        if operation["requestBody"]["content"].get("application/json").is_some() {
            expected.extend([400, 413, 415, 422]);
        }
        found.extend(
            expected.iter().filter(|status| !answers.contains(status)).map(|status| format!("the answer {status}")),
        );
    });
}

#[test]
fn every_refusal_is_a_problem_document_with_examples() {
    let document = app::document();
    for (name, operation) in operations(&document) {
        for status in statuses(operation).range(400..) {
            let answer = &operation["responses"][status.to_string()];
            assert_eq!(answer["$ref"], format!("#/components/responses/Problem{status}"), "{name}");
        }
    }
    let mut codes = BTreeSet::new();
    for (name, response) in document["components"]["responses"].as_object().unwrap() {
        assert!(is_text(&response["description"]), "{name}");
        let body = &response["content"]["application/problem+json"];
        for (code, example) in body["examples"].as_object().unwrap() {
            assert_eq!(
                (&example["value"]["code"], &*format!("Problem{}", example["value"]["status"])),
                (&Value::from(code.as_str()), name.as_str())
            );
            codes.insert(code.clone());
        }
    }
    let listed = document["components"]["schemas"]["ProblemCode"]["enum"].as_array().unwrap();
    assert_eq!(codes, listed.iter().map(|code| code.as_str().unwrap().to_owned()).collect());
}

#[test]
fn every_body_and_every_parameter_has_an_example() {
    missing(|_, operation, found| {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            for member in ["description", "example"] {
                if parameter.get(member).is_none_or(|value| value == "") {
                    found.push(format!("{member} of the parameter {}", parameter["name"]));
                }
            }
        }
        let answers =
            operation["responses"].as_object().unwrap().iter().filter(|(_, answer)| answer.get("$ref").is_none());
        for (status, answer) in answers.clone() {
            if !is_text(&answer["description"]) {
                found.push(format!("the description of {status}"));
            }
        }
        let bodies = answers
            .map(|(status, answer)| (status.as_str(), answer))
            .chain([("the request", &operation["requestBody"])]);
        for (whose, holder) in bodies {
            for (media_type, body) in holder["content"].as_object().into_iter().flatten() {
                let is_bytes = body["schema"]["$ref"] == BINARY || media_type == "multipart/form-data";
                if !is_bytes && body.get("example").is_none() {
                    found.push(format!("an example of {whose} as {media_type}"));
                }
            }
        }
    });
}

#[tokio::test]
async fn the_running_facade_publishes_it() {
    let world = World::start().await;
    let answer = Answer::of(world.http.get(world.at("/openapi.json")).send().await.unwrap()).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.body, app::document());
}
