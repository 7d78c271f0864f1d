//! What the source of the module says of its tables and calls.

use std::collections::BTreeMap;
use std::path::Path;

use quote::ToTokens;
use syn::{Attribute, Fields, FnArg, Item, ItemFn, ItemStruct, Meta, ReturnType};

use crate::sources::sources;

/// Tables and calls of one source file, in its order.
#[derive(Default)]
pub struct Reference {
    pub tables: Vec<TableReference>,
    pub calls: Vec<CallReference>,
}

pub struct TableReference {
    pub name: String,
    pub is_public: bool,
    pub is_scheduled: bool,
    pub docs: String,
    pub columns: Vec<ColumnReference>,
    /// Of several columns: name and columns.
    pub indexes: Vec<String>,
}

pub struct ColumnReference {
    pub name: String,
    pub r#type: String,
    /// Such as `primary key`.
    pub marks: Vec<&'static str>,
    pub docs: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallKind {
    View,
    Reducer,
    Procedure,
}

pub struct CallReference {
    pub kind: CallKind,
    pub name: String,
    /// Name and type of each argument after the context.
    pub arguments: Vec<String>,
    pub returns: String,
    pub docs: String,
}

impl Reference {
    pub fn names(self) -> Vec<String> {
        let tables = self.tables.into_iter().map(|table| table.name);
        tables.chain(self.calls.into_iter().map(|call| call.name)).collect()
    }
}

/// The reference of each source file that has one, by its path below `src`.
pub fn references() -> BTreeMap<String, Reference> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut references = BTreeMap::new();
    for (path, text) in sources() {
        let reference = reference_of(&text);
        if !reference.tables.is_empty() || !reference.calls.is_empty() {
            references.insert(path.strip_prefix(&root).unwrap().display().to_string(), reference);
        }
    }
    references
}

fn reference_of(text: &str) -> Reference {
    let mut reference = Reference::default();
    for item in syn::parse_file(text).unwrap().items {
        match item {
            Item::Struct(item) => reference.tables.extend(table_of(&item)),
            Item::Fn(item) => reference.calls.extend(call_of(&item)),
            _ => {}
        }
    }
    reference
}

fn table_of(item: &ItemStruct) -> Option<TableReference> {
    let options = arguments_of(attribute(&item.attrs, "table")?);
    let name = options.iter().find_map(|option| option.strip_prefix("accessor = "))?.to_owned();
    let Fields::Named(fields) = &item.fields else { return None };
    let columns = fields.named.iter().map(|field| ColumnReference {
        name: field.ident.as_ref().unwrap().to_string(),
        r#type: text_of(&field.ty),
        marks: marks_of(&field.attrs),
        docs: docs_of(&field.attrs),
    });
    let indexes = options.iter().filter_map(|option| {
        let (name, columns) = option.strip_prefix("index(accessor = ")?.split_once(", btree(columns = [")?;
        Some(format!("`{name}` ({})", columns.trim_end_matches([')', ']'])))
    });
    Some(TableReference {
        name,
        is_public: options.iter().any(|option| option == "public"),
        is_scheduled: options.iter().any(|option| option.starts_with("scheduled(")),
        docs: docs_of(&item.attrs),
        columns: columns.collect(),
        indexes: indexes.collect(),
    })
}

fn marks_of(attributes: &[Attribute]) -> Vec<&'static str> {
    [("primary_key", "primary key"), ("auto_inc", "counts up"), ("unique", "unique"), ("index", "indexed")]
        .into_iter()
        .filter(|(name, _)| attribute(attributes, name).is_some())
        .map(|(_, mark)| mark)
        .collect()
}

fn call_of(item: &ItemFn) -> Option<CallReference> {
    let kinds = [("view", CallKind::View), ("reducer", CallKind::Reducer), ("procedure", CallKind::Procedure)];
    let (_, kind) = kinds.into_iter().find(|(name, _)| attribute(&item.attrs, name).is_some())?;
    let arguments = item.sig.inputs.iter().skip(1).filter_map(|argument| match argument {
        FnArg::Typed(argument) => Some(format!("{}: {}", text_of(&argument.pat), text_of(&argument.ty))),
        FnArg::Receiver(_) => None,
    });
    let returns = match &item.sig.output {
        ReturnType::Default => String::new(),
        ReturnType::Type(_, returns) => text_of(returns),
    };
    let name = item.sig.ident.to_string();
    Some(CallReference { kind, name, arguments: arguments.collect(), returns, docs: docs_of(&item.attrs) })
}

fn attribute<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.path().is_ident(name))
}

/// The arguments of an attribute, each as text.
fn arguments_of(attribute: &Attribute) -> Vec<String> {
    let parser = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
    match attribute.parse_args_with(parser) {
        Ok(arguments) => arguments.iter().map(text_of).collect(),
        Err(_) => Vec::new(),
    }
}

/// Doc comments as one text, paragraphs apart.
fn docs_of(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(line), .. }) => Some(line.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Rust tokens as people write them.
fn text_of(tokens: &impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    let tight = [
        (" < ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" :: ", "::"),
        ("[ ", "["),
        (" ]", "]"),
    ];
    tight.iter().fold(text, |text, (loose, tight)| text.replace(loose, tight))
}
