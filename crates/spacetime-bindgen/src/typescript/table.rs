//! Tables and views: the file with the row's columns, and the entry in the schema of `index.ts`.

use spacetimedb_lib::sats::layout::PrimitiveType;
use spacetimedb_schema::type_for_generate::AlgebraicTypeUse;

use super::names::{camel, literal};
use super::types::{builder_file, object, property, referenced, type_use};
use crate::model::{Column, Constraint, Index, Model, Table, TableKind};

/// The file that describes a row.
pub(super) fn table_file(model: &Model<'_>, table: &Table<'_>) -> String {
    let names = referenced(model, table.columns.iter().map(|column| column.ty));
    let columns: String =
        table.columns.iter().enumerate().map(|(position, column)| row_column(model, table, position, column)).collect();
    builder_file(&names, &format!("export default __t.row({});\n", object(&columns)))
}

fn row_column(model: &Model<'_>, table: &Table<'_>, position: usize, column: &Column<'_>) -> String {
    let key = camel(column.accessor);
    let mut value = type_use(model, column.ty);
    if table.primary_key == Some(position) {
        value.push_str(".primaryKey()");
    } else if table.unique.contains(&position) && can_be_unique(column.ty) {
        value.push_str(".unique()");
    }
    if key != column.wire {
        value.push_str(&format!(".name({})", literal(column.wire)));
    }
    property(&key, column.ty, &value)
}

/// Whether the SDK's builder of this type has a method `unique`. Without it a look-up by the column
/// is still unique when it runs, but has the type of one that is not.
fn can_be_unique(ty: &AlgebraicTypeUse) -> bool {
    match ty {
        AlgebraicTypeUse::Primitive(primitive) => !matches!(primitive, PrimitiveType::F32 | PrimitiveType::F64),
        AlgebraicTypeUse::String
        | AlgebraicTypeUse::Identity
        | AlgebraicTypeUse::ConnectionId
        | AlgebraicTypeUse::Timestamp
        | AlgebraicTypeUse::TimeDuration
        | AlgebraicTypeUse::Uuid => true,
        _ => false,
    }
}

/// The table's entry in the object that `index.ts` gives to `schema`.
pub(super) fn schema_entry(table: &Table<'_>, row: &str) -> String {
    let indexes: String = table.indexes.iter().map(|index| schema_index(table, index)).collect();
    let constraints: String =
        table.constraints.iter().filter_map(|constraint| schema_constraint(table, constraint)).collect();
    let event = if table.kind == TableKind::Event { "    event: true,\n" } else { "" };
    format!(
        "  {key}: __table({{\n    name: {wire},\n    indexes: {indexes},\n    constraints: {constraints},\n{event}  }}, {row}),\n",
        key = camel(table.accessor),
        wire = literal(table.wire),
        indexes = list(&indexes),
        constraints = list(&constraints),
    )
}

fn list(items: &str) -> String {
    match items.is_empty() {
        true => "[]".to_owned(),
        false => format!("[\n{items}    ]"),
    }
}

/// The SDK's cache knows no other algorithm than `btree`, and scans whatever the algorithm is.
fn schema_index(table: &Table<'_>, index: &Index<'_>) -> String {
    format!(
        "      {{ accessor: \"{accessor}\", name: {wire}, algorithm: \"btree\", columns: [{columns}] }},\n",
        accessor = camel(index.accessor),
        wire = literal(index.wire),
        columns = columns(table, &index.columns),
    )
}

/// The SDK has room for constraints on one column only.
fn schema_constraint(table: &Table<'_>, constraint: &Constraint<'_>) -> Option<String> {
    (constraint.columns.len() == 1).then(|| {
        format!(
            "      {{ name: {}, constraint: \"unique\", columns: [{}] }},\n",
            literal(constraint.wire),
            columns(table, &constraint.columns)
        )
    })
}

fn columns(table: &Table<'_>, positions: &[usize]) -> String {
    let columns = positions.iter().filter_map(|position| table.columns.get(*position));
    columns.map(|column| format!("\"{}\"", camel(column.accessor))).collect::<Vec<_>>().join(", ")
}
