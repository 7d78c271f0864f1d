//! Holds an answer against a JSON schema, and says in words what does not fit, so that a model can repair it.
//!
//! It knows the part of JSON Schema that endpoints with constrained answers know, and no more. A keyword that it
//! does not know is an error when the schema is loaded: nothing is left unchecked silently. The crates that know
//! all of it would change the features of crates that the engine is built with.

use serde_json::{Map, Value};

/// Most problems that are told at once.
const PROBLEMS_MAX: usize = 12;
const KEYWORDS: [&str; 13] = [
    "type",
    "title",
    "description",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "minItems",
    "maxItems",
    "maxLength",
    "minimum",
    "maximum",
];

/// Errors: the first keyword that is not known, and where.
pub fn check_schema(schema: &Value) -> Result<(), String> {
    check_at(schema, "")
}

fn check_at(schema: &Value, place: &str) -> Result<(), String> {
    let members = schema.as_object().ok_or_else(|| format!("{place}: a schema is an object"))?;
    if let Some(unknown) = members.keys().find(|key| !KEYWORDS.contains(&key.as_str())) {
        return Err(format!("{place}: the keyword \"{unknown}\" is not known here"));
    }
    for (name, property) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
        check_at(property, &format!("{place}/{name}"))?;
    }
    members.get("items").map_or(Ok(()), |items| check_at(items, &format!("{place}/*")))
}

/// What in `value` does not fit the schema; nothing if it does.
pub fn problems(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check_value(schema, value, "", &mut found);
    found.truncate(PROBLEMS_MAX);
    found
}

fn check_value(schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    let mut wrong = |problem: String| {
        let place = if place.is_empty() { "the answer" } else { place };
        found.push(format!("{place}: {problem}"));
    };
    if let Some(kinds) = schema.get("type")
        && !is_of_kind(value, kinds)
    {
        return wrong(format!("must be {}, not {}", kinds_in_words(kinds), kind_of(value)));
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array)
        && !choices.contains(value)
    {
        return wrong(format!("must be one of {}", Value::Array(choices.clone())));
    }
    if let (Some(text), Some(max)) = (value.as_str(), limit(schema, "maxLength"))
        && text.chars().count() as f64 > max
    {
        wrong(format!("must have at most {max} characters"));
    }
    if let Some(number) = value.as_f64() {
        if let Some(min) = limit(schema, "minimum").filter(|min| number < *min) {
            wrong(format!("must be at least {min}"));
        }
        if let Some(max) = limit(schema, "maximum").filter(|max| number > *max) {
            wrong(format!("must be at most {max}"));
        }
    }
    match value {
        Value::Array(items) => check_items(schema, items, place, found),
        Value::Object(members) => check_members(schema, members, place, found),
        _ => {}
    }
}

fn check_items(schema: &Value, items: &[Value], place: &str, found: &mut Vec<String>) {
    let count = items.len() as f64;
    if let Some(min) = limit(schema, "minItems").filter(|min| count < *min) {
        found.push(format!("{place}: must have at least {min} items"));
    }
    if let Some(max) = limit(schema, "maxItems").filter(|max| count > *max) {
        found.push(format!("{place}: must have at most {max} items"));
    }
    let Some(item_schema) = schema.get("items") else { return };
    for (index, item) in items.iter().enumerate() {
        check_value(item_schema, item, &format!("{place}/{index}"), found);
    }
}

fn check_members(schema: &Value, members: &Map<String, Value>, place: &str, found: &mut Vec<String>) {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in required.filter_map(Value::as_str).filter(|name| !members.contains_key(*name)) {
        found.push(format!("{place}/{name}: is missing"));
    }
    let is_closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    for (name, member) in members {
        let place = format!("{place}/{name}");
        match schema.get("properties").and_then(|properties| properties.get(name)) {
            Some(property) => check_value(property, member, &place, found),
            None if is_closed => found.push(format!("{place}: is not asked for")),
            None => {}
        }
    }
}

fn limit(schema: &Value, keyword: &str) -> Option<f64> {
    schema.get(keyword).and_then(Value::as_f64)
}

fn is_of_kind(value: &Value, kinds: &Value) -> bool {
    match kinds {
        Value::String(kind) => match kind.as_str() {
            "integer" => value.is_i64() || value.is_u64(),
            kind => kind == kind_of(value),
        },
        Value::Array(kinds) => kinds.iter().any(|kind| is_of_kind(value, kind)),
        _ => false,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn kinds_in_words(kinds: &Value) -> String {
    match kinds {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        kind => kind.as_str().unwrap_or_default().to_owned(),
    }
}

/// The JSON in an answer: all of it, or what stands in a fence of three backticks.
pub fn json_in(answer: &str) -> Result<Value, String> {
    let text = answer.trim();
    let fenced =
        text.strip_prefix("```json").or_else(|| text.strip_prefix("```")).and_then(|text| text.strip_suffix("```"));
    serde_json::from_str(fenced.unwrap_or(text)).map_err(|error| format!("the answer is not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "required": ["name", "parts"],
            "additionalProperties": false,
            "properties": {
                "name": { "type": "string", "maxLength": 3 },
                "kind": { "type": ["string", "null"], "enum": ["a", null] },
                "parts": {
                    "type": "array", "minItems": 1, "maxItems": 2,
                    "items": { "type": "integer", "minimum": 1, "maximum": 9 }
                }
            }
        })
    }

    #[track_caller]
    fn check(value: Value, expected: &[&str]) {
        assert_eq!(problems(&schema(), &value), expected);
    }

    #[test]
    fn what_fits_has_no_problems() {
        check(json!({ "name": "äöü", "kind": null, "parts": [1, 9] }), &[]);
    }

    #[test]
    fn each_problem_names_its_place() {
        check(json!([]), &["the answer: must be object, not array"]);
        check(json!({ "parts": [1] }), &["/name: is missing"]);
        check(json!({ "name": "long", "parts": [1] }), &["/name: must have at most 3 characters"]);
        check(json!({ "name": "", "parts": [] }), &["/parts: must have at least 1 items"]);
        check(
            json!({ "name": "", "parts": [0, 10] }),
            &["/parts/0: must be at least 1", "/parts/1: must be at most 9"],
        );
        check(json!({ "name": "", "parts": [1, 1, 1] }), &["/parts: must have at most 2 items"]);
        check(json!({ "name": "", "parts": [1.5] }), &["/parts/0: must be integer, not number"]);
        check(json!({ "name": "", "parts": [1], "kind": "b" }), &["/kind: must be one of [\"a\",null]"]);
        check(json!({ "name": "", "parts": [1], "more": 1 }), &["/more: is not asked for"]);
    }

    #[test]
    fn the_list_of_problems_is_short() {
        let many = json!({ "type": "array", "items": { "type": "null" } });
        assert_eq!(problems(&many, &json!(vec![1; 100])).len(), PROBLEMS_MAX);
    }

    #[test]
    fn unknown_keywords_are_not_passed_over() {
        assert_eq!(check_schema(&schema()), Ok(()));
        let error = check_schema(&json!({ "properties": { "a": { "items": { "pattern": "x" } } } }));
        assert_eq!(error, Err("/a/*: the keyword \"pattern\" is not known here".to_owned()));
    }

    #[test]
    fn json_may_stand_in_a_fence() {
        assert_eq!(json_in("```json\n{\"a\": 1}\n```"), Ok(json!({ "a": 1 })));
        assert_eq!(json_in(" [1] "), Ok(json!([1])));
        assert!(json_in("Sure! {").is_err());
    }
}
