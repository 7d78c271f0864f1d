//! JSON documents, changed in places.

use rand::Rng;
use rand::seq::SliceRandom;
use serde_json::{Map, Value, json};

use crate::shape::Taste;

/// A document that differs in one place; `None` if the bytes are no document.
pub fn mutate(bytes: &[u8], taste: &mut Taste) -> Option<Vec<u8>> {
    let mut document: Value = serde_json::from_slice(bytes).ok()?;
    let places = count(&document);
    let mut place = taste.random.gen_range(0..places);
    change(&mut document, &mut place, taste);
    serde_json::to_vec(&document).ok()
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// Goes on to the place with this number, in the order of the document, and changes what is there.
fn change(value: &mut Value, place: &mut usize, taste: &mut Taste) -> bool {
    if *place == 0 {
        *value = another(value, taste);
        return true;
    }
    *place -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| change(item, place, taste)),
        Value::Object(fields) => fields.values_mut().any(|field| change(field, place, taste)),
        _ => false,
    }
}

fn another(value: &Value, taste: &mut Taste) -> Value {
    match (taste.random.gen_range(0..8), value) {
        (0, _) => json!(null),
        (1, _) => json!([value, value]),
        (2, Value::Object(fields)) => {
            let mut fields: Map<String, Value> = fields.clone();
            let names: Vec<String> = fields.keys().cloned().collect();
            if let Some(name) = names.choose(taste.random) {
                fields.remove(name);
            }
            Value::Object(fields)
        }
        (3, Value::Object(fields)) => {
            let mut fields = fields.clone();
            fields.insert(word(taste), value.clone());
            Value::Object(fields)
        }
        (4, Value::Array(items)) => items.choose(taste.random).cloned().unwrap_or_default(),
        (4, Value::String(text)) => {
            let mut bytes = text.clone().into_bytes();
            taste.disturb(&mut bytes, 1 << 14);
            json!(String::from_utf8_lossy(&bytes))
        }
        (5, _) => json!(word(taste)),
        _ => number(taste),
    }
}

fn word(taste: &mut Taste) -> String {
    taste.words.choose(taste.random).cloned().unwrap_or_default()
}

fn number(taste: &mut Taste) -> Value {
    match taste.random.gen_range(0..6) {
        0 => json!(0),
        1 => json!(-1),
        2 => json!(u64::MAX),
        3 => json!(1e308),
        4 => json!(i64::MIN),
        _ => json!(taste.random.r#gen::<i32>()),
    }
}
