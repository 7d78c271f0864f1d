//! Names in TypeScript, re-cased as the official generator does it. Every name is a property or
//! carries a suffix or a capital, so that no reserved word needs escaping.

use convert_case::{Case, Casing};
use spacetimedb_schema::def::ScopedTypeName;

pub(super) fn camel(name: &str) -> String {
    name.to_case(Case::Camel)
}

pub(super) fn pascal(name: &str) -> String {
    name.to_case(Case::Pascal)
}

pub(super) fn snake(name: &str) -> String {
    name.to_case(Case::Snake)
}

/// A text as it stands in the source, quoted. The engine takes names of indexes and constraints as they come, quotation
/// marks included, and a server may be anybody's.
pub(super) fn literal(text: &str) -> String {
    // JSON is a part of JavaScript.
    serde_json::Value::from(text).to_string()
}

/// The TypeScript name of a type; scopes are joined into one word.
pub(super) fn type_name(name: &ScopedTypeName) -> String {
    name.name_segments().map(|segment| pascal(segment)).collect()
}
