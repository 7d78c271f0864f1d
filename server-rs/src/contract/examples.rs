//! Examples of bodies and parameters, put together from those of the fields, so that each stands in one place and fits
//! the schema.

use serde_json::{Map, Value, json};

const UUID: &str = "0194f0c5-0000-7000-8000-000000000001";
const TIME: &str = "2026-01-31T12:00:00.000000+00:00";
/// Deeper than any schema here, so that one that holds itself ends.
const DEPTH_MAX: usize = 8;

/// Gives the operation's parameters, its body and its answers what they lack of examples and descriptions.
pub fn illustrate(operation: &mut Value, schemas: &Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let example =
            parameter.get("example").is_none().then(|| example_of(&parameter["schema"], schemas, 0)).flatten();
        if let Some(example) = example {
            parameter["example"] = example;
        }
    }
    if let Some(body) = operation.get_mut("requestBody") {
        illustrate_bodies(body, schemas);
    }
    for (_, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        if answer.get("$ref").is_none() {
            illustrate_bodies(answer, schemas);
            describe(answer, schemas);
        }
    }
}

fn illustrate_bodies(holder: &mut Value, schemas: &Value) {
    let Some(content) = holder.get_mut("content").and_then(Value::as_object_mut) else { return };
    for (_, body) in content.iter_mut().filter(|(_, body)| body.get("example").is_none()) {
        if let Some(example) = example_of(&body["schema"], schemas, 0) {
            body["example"] = example;
        }
    }
}

/// An answer without words of its own is what its schema says.
fn describe(answer: &mut Value, schemas: &Value) {
    if answer["description"].as_str().is_some_and(|text| !text.is_empty()) {
        return;
    }
    let body = answer["content"].as_object().and_then(|content| content.values().next());
    let schema = body.map(|body| &body["schema"]).unwrap_or(&Value::Null);
    let words = match resolved(schema, schemas)["description"].as_str() {
        Some(words) => words.to_owned(),
        None => match resolved(&schema["items"], schemas)["description"].as_str() {
            Some(words) => format!("A list. {words}"),
            None => String::new(),
        },
    };
    answer["description"] = json!(words);
}

fn resolved<'a>(schema: &'a Value, schemas: &'a Value) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/components/schemas/"));
    name.map_or(schema, |name| &schemas[name])
}

/// A value that fits the schema; none if its author has left out an example where one is needed.
fn example_of(schema: &Value, schemas: &Value, depth: usize) -> Option<Value> {
    let given = ["example", "const", "default"].into_iter().find_map(|key| schema.get(key));
    let listed = ["examples", "enum"].into_iter().find_map(|key| schema.get(key)?.get(0));
    if let Some(example) = given.or(listed) {
        return Some(example.clone());
    }
    if depth > DEPTH_MAX {
        return None;
    }
    if schema.get("$ref").is_some() {
        return example_of(resolved(schema, schemas), schemas, depth + 1);
    }
    if let Some(choices) = ["oneOf", "anyOf"].into_iter().find_map(|key| schema.get(key)?.as_array()) {
        return choices.iter().find_map(|choice| example_of(choice, schemas, depth + 1));
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let parts = parts.iter().map(|part| example_of(part, schemas, depth + 1));
        return parts.filter_map(|part| part?.as_object().cloned()).reduce(merged).map(Value::Object);
    }
    match kind(schema) {
        "object" => object(schema, schemas, depth),
        "array" => Some(json!([example_of(&schema["items"], schemas, depth + 1)?])),
        "string" => match schema["format"].as_str() {
            Some("uuid") => Some(json!(UUID)),
            // A field that may be empty and has no example is shown empty.
            Some("date-time") if !may_be_null(schema) => Some(json!(TIME)),
            _ => may_be_null(schema).then_some(Value::Null),
        },
        "boolean" => Some(json!(false)),
        _ => may_be_null(schema).then_some(Value::Null),
    }
}

fn merged(mut all: Map<String, Value>, part: Map<String, Value>) -> Map<String, Value> {
    all.extend(part);
    all
}

fn object(schema: &Value, schemas: &Value, depth: usize) -> Option<Value> {
    let mut members = Map::new();
    for (name, property) in schema.get("properties")?.as_object()? {
        members.insert(name.clone(), example_of(property, schemas, depth + 1)?);
    }
    Some(Value::Object(members))
}

/// The schema's type other than `null`.
fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null"),
        kind => kind.as_str().unwrap_or_default(),
    }
}

fn may_be_null(schema: &Value) -> bool {
    schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schema: Value, expected: Option<Value>) {
        let schemas =
            json!({ "Name": { "type": "string", "example": "Ada" }, "Loop": { "$ref": "#/components/schemas/Loop" } });
        assert_eq!(example_of(&schema, &schemas, 0), expected, "{schema}");
    }

    #[test]
    fn an_example_is_put_together_from_those_of_the_fields() {
        let name = json!({ "$ref": "#/components/schemas/Name" });
        let schema = json!({ "type": "object", "properties": {
            "name": name, "id": { "type": "string", "format": "uuid" }, "ended_at": { "type": ["string", "null"], "format": "date-time" }
        } });
        check(schema, Some(json!({ "name": "Ada", "id": UUID, "ended_at": null })));
        check(json!({ "type": "array", "items": name }), Some(json!(["Ada"])));
        check(json!({ "oneOf": [{ "type": "integer" }, name] }), Some(json!("Ada")));
        check(
            json!({ "allOf": [{ "properties": { "a": { "const": 1 } }, "type": "object" }, { "type": "object", "properties": {} }] }),
            Some(json!({ "a": 1 })),
        );
    }

    #[test]
    fn a_field_without_an_example_is_told_by_its_absence() {
        check(json!({ "type": "object", "properties": { "size": { "type": "integer" } } }), None);
        check(json!({ "$ref": "#/components/schemas/Loop" }), None);
    }
}
