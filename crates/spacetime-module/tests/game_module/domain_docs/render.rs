//! The reference as Markdown.

use std::fmt::Write;

use super::source::{CallKind, CallReference, Reference, TableReference};

/// Tables, views, reducers and procedures of some source files.
pub fn reference<'a>(references: impl Iterator<Item = &'a Reference>) -> String {
    let references: Vec<_> = references.collect();
    let mut text = String::new();
    let tables: Vec<_> = references.iter().flat_map(|reference| &reference.tables).collect();
    if !tables.is_empty() {
        text.push_str("\n## Tables\n");
        tables.into_iter().for_each(|each| table(each, &mut text));
    }
    for (kind, title) in
        [(CallKind::View, "Views"), (CallKind::Reducer, "Reducers"), (CallKind::Procedure, "Procedures")]
    {
        let calls = references.iter().flat_map(|reference| &reference.calls).filter(|call| call.kind == kind);
        let calls: Vec<_> = calls.collect();
        if !calls.is_empty() {
            write!(text, "\n## {title}\n").unwrap();
            calls.into_iter().for_each(|each| call(each, &mut text));
        }
    }
    text
}

fn table(table: &TableReference, text: &mut String) {
    let audience = match (table.is_public, table.is_scheduled) {
        (true, _) => "everybody may subscribe",
        (false, true) => "private, a schedule",
        (false, false) => "private",
    };
    write!(text, "\n### `{}` ({audience})\n\n{}\n\n", table.name, plain(&table.docs)).unwrap();
    text.push_str("| column | type | meaning |\n| --- | --- | --- |\n");
    for column in &table.columns {
        let marks: String = column.marks.iter().map(|mark| format!(", {mark}")).collect();
        let meaning = plain(&column.docs).replace('\n', " ").replace('|', "\\|");
        writeln!(text, "| `{}` | `{}`{marks} | {meaning} |", column.name, column.r#type).unwrap();
    }
    if !table.indexes.is_empty() {
        write!(text, "\nIndexes of several columns: {}.\n", table.indexes.join(", ")).unwrap();
    }
}

fn call(call: &CallReference, text: &mut String) {
    let signature = match call.kind {
        CallKind::View => call.name.clone(),
        CallKind::Reducer => format!("{}({})", call.name, call.arguments.join(", ")),
        CallKind::Procedure => format!("{}({}) -> {}", call.name, call.arguments.join(", "), call.returns),
    };
    write!(text, "\n#### `{signature}`\n\n{}\n", plain(&call.docs)).unwrap();
}

/// Documentation without the links that only rustdoc can follow.
fn plain(docs: &str) -> String {
    docs.replace("[`", "`").replace("`]", "`")
}
