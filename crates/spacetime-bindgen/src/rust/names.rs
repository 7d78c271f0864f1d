//! Names in Rust. They are re-cased exactly as the official generator does it, digits apart as words
//! of their own (`one_u8` becomes `one_u_8`), so that code written against its output still compiles.

use convert_case::{Case, Casing};
use proc_macro2::{Ident, Span};
use spacetimedb_schema::def::ScopedTypeName;

pub(super) fn snake(name: &str) -> String {
    name.to_case(Case::Snake)
}

pub(super) fn pascal(name: &str) -> String {
    name.to_case(Case::Pascal)
}

/// A name as an identifier: raw where it is a keyword.
pub(super) fn ident(name: &str) -> Ident {
    match name {
        // These four cannot be raw identifiers.
        "self" | "Self" | "super" | "crate" => Ident::new(&format!("{name}_"), Span::call_site()),
        // A keyword since edition 2024, which the parser does not count as one.
        "gen" => Ident::new_raw(name, Span::call_site()),
        _ => syn::parse_str(name).unwrap_or_else(|_| Ident::new_raw(name, Span::call_site())),
    }
}

pub(super) fn field(name: &str) -> Ident {
    ident(&snake(name))
}

pub(super) fn variant(name: &str) -> Ident {
    ident(&pascal(name))
}

/// The Rust name of a type; scopes are joined into one word.
pub(super) fn type_ident(name: &ScopedTypeName) -> Ident {
    ident(&name.name_segments().map(|segment| pascal(segment)).collect::<String>())
}

/// The file that a type is defined in.
pub(super) fn type_module(name: &ScopedTypeName) -> String {
    let words: Vec<_> = name.name_segments().map(|segment| snake(segment)).collect();
    format!("{}_type", words.join("_"))
}
