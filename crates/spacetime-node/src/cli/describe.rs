//! `describe`: what a database consists of, for people or as JSON.

use clap::ValueEnum;
use spacetimedb_lib::db::raw_def::v10::{RawProcedureDefV10, RawReducerDefV10, RawTableDefV10, RawViewDefV10};
use spacetimedb_lib::sats::ser::Serialize;
use spacetimedb_lib::ser::serde::SerializeWrapper;
use spacetimedb_schema::auto_migrate::PrettyPrintStyle;
use spacetimedb_schema::def::ModuleDef;
use spacetimedb_schema::describe as text;

use super::api::RawSchema;
use super::connection::ConnectionArgs;
use super::error::CliError;
use super::publish::check_name;
use super::terminal::{print, print_line};

/// Colours are always asked for: standard output drops them where nobody sees them.
const STYLE: PrettyPrintStyle = PrettyPrintStyle::AnsiColor;

/// Arguments of `describe`.
#[derive(Debug, clap::Args)]
pub struct DescribeArgs {
    /// Name or identity of the database
    database: String,
    /// Describe only entities of this kind
    #[arg(value_enum)]
    entity_type: Option<EntityType>,
    /// Describe only the entity of this name
    #[arg(requires = "entity_type")]
    entity_name: Option<String>,
    /// Print the definition as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// What a module is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EntityType {
    Table,
    View,
    Reducer,
    Procedure,
}

impl EntityType {
    fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::Reducer => "reducer",
            Self::Procedure => "procedure",
        }
    }
}

/// One table, view or function in both forms.
struct Entity {
    name: String,
    text: String,
    json: String,
}

/// Runs `describe`.
pub async fn run(args: DescribeArgs) -> Result<(), CliError> {
    check_name(&args.database)?;
    let api = args.connection.connect().await?;
    let unreadable = |reason: String| CliError::UnexpectedAnswer { server: api.server().to_string(), reason };
    let raw = api.raw_schema(&args.database).await?;
    let Some(kind) = args.entity_type else {
        return if args.json {
            print_line(&raw_json(&raw).map_err(unreadable)?)
        } else {
            print(&text::describe_module(&raw.validate().map_err(unreadable)?, STYLE))
        };
    };
    let mut entities = entities(&raw.validate().map_err(unreadable)?, kind).map_err(unreadable)?;
    if let Some(name) = &args.entity_name {
        entities.retain(|entity| entity.name == *name);
    }
    match (args.entity_name, entities.as_slice()) {
        (Some(name), []) => Err(CliError::NoSuchEntity { database: args.database, kind: kind.name(), name }),
        (Some(_), [entity, ..]) if args.json => print_line(&entity.json),
        (None, entities) if args.json => {
            let definitions: Vec<_> = entities.iter().map(|entity| entity.json.as_str()).collect();
            print_line(&format!("[{}]", definitions.join(",\n")))
        }
        (_, entities) => {
            let blocks: Vec<_> = entities.iter().map(|entity| entity.text.as_str()).collect();
            // A table takes several lines, everything else one.
            print(&blocks.join(if kind == EntityType::Table { "\n" } else { "" }))
        }
    }
}

/// All entities of one kind, submodules included, sorted by name.
fn entities(def: &ModuleDef, kind: EntityType) -> Result<Vec<Entity>, String> {
    match kind {
        EntityType::Table => text::sorted_tables(def)
            .into_iter()
            .map(|(prefix, owning, table)| {
                let text = text::describe_table(&prefix, owning, table, STYLE);
                entity(format!("{prefix}{}", table.name), text, &RawTableDefV10::from(table.clone()))
            })
            .collect(),
        EntityType::View => text::sorted_views(def)
            .into_iter()
            .map(|(prefix, owning, view)| {
                let text = text::describe_view(&prefix, owning, view, STYLE);
                entity(format!("{prefix}{}", view.name), text, &RawViewDefV10::from(view.clone()))
            })
            .collect(),
        EntityType::Reducer => text::sorted_reducers(def)
            .into_iter()
            .map(|(_, owning, reducer)| {
                let text = text::describe_reducer(owning, reducer, STYLE);
                entity(reducer.name.to_string(), text, &RawReducerDefV10::from(reducer.clone()))
            })
            .collect(),
        EntityType::Procedure => text::sorted_procedures(def)
            .into_iter()
            .map(|(prefix, owning, procedure)| {
                let text = text::describe_procedure(&prefix, owning, procedure, STYLE);
                entity(format!("{prefix}{}", procedure.name), text, &RawProcedureDefV10::from(procedure.clone()))
            })
            .collect(),
    }
}

fn entity(name: String, text: String, definition: &impl Serialize) -> Result<Entity, String> {
    Ok(Entity { name, text, json: to_json(definition)? })
}

fn raw_json(raw: &RawSchema) -> Result<String, String> {
    match raw {
        RawSchema::V9(def) => to_json(def),
        RawSchema::V10(def) => to_json(def),
    }
}

/// Text, because a JSON value in memory cannot hold the 128-bit bounds of a sequence.
fn to_json<T: Serialize>(definition: &T) -> Result<String, String> {
    serde_json::to_string_pretty(SerializeWrapper::from_ref(definition)).map_err(|cause| cause.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use spacetimedb_lib::db::raw_def::v10::RawModuleDefV10Builder;
    use spacetimedb_lib::{AlgebraicType, ProductType};

    use super::*;

    fn module() -> ModuleDef {
        let mut builder = RawModuleDefV10Builder::new();
        let columns = ProductType::from([("id", AlgebraicType::U64), ("gold", AlgebraicType::I128)]);
        builder.build_table_with_new_type("player", columns, true).finish();
        builder.add_reducer("pay", ProductType::from([("amount", AlgebraicType::U32)]));
        builder.add_reducer("join", ProductType::unit());
        builder.add_procedure("count", ProductType::unit(), AlgebraicType::U64);
        builder.finish().try_into().unwrap()
    }

    #[test]
    fn each_kind_lists_its_entities_by_name_in_both_forms() {
        for (kind, names, text, key) in [
            (EntityType::Table, &["player"][..], "gold", "product_type_ref"),
            (EntityType::Reducer, &["join", "pay"], "join()", "params"),
            (EntityType::Procedure, &["count"], "U64", "return_type"),
            (EntityType::View, &[], "", ""),
        ] {
            let entities = entities(&module(), kind).unwrap();
            assert_eq!(entities.iter().map(|entity| entity.name.as_str()).collect::<Vec<_>>(), names);
            if let Some(first) = entities.first() {
                assert!(anstream::adapter::strip_str(&first.text).to_string().contains(text), "{}", first.text);
                let json: serde_json::Value = serde_json::from_str(&first.json).unwrap();
                assert!(json.get(key).is_some(), "{json}");
            }
        }
    }
}
