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

/// Runs `describe`.
pub async fn run(args: DescribeArgs) -> Result<(), CliError> {
    check_name(&args.database)?;
    let api = args.connection.connect().await?;
    let unreadable = |reason: String| CliError::UnexpectedAnswer { server: api.server().to_string(), reason };
    let raw = api.raw_schema(&args.database).await?;
    let missing = |kind: EntityType, name: &str| CliError::NoSuchEntity {
        database: args.database.clone(),
        kind: kind.name(),
        name: name.to_owned(),
    };
    match (args.json, args.entity_type, &args.entity_name) {
        (true, None, _) => print_line(&raw_json(&raw).map_err(unreadable)?),
        (true, Some(kind), name) => {
            let def = raw.validate().map_err(unreadable)?;
            let entities = entities_json(&def, kind, name.as_deref()).map_err(unreadable)?;
            match (name, entities.as_slice()) {
                (Some(name), []) => Err(missing(kind, name)),
                (Some(_), [entity, ..]) => print_line(entity),
                (None, _) => print_line(&format!("[{}]", entities.join(",\n"))),
            }
        }
        (false, kind, name) => {
            let def = raw.validate().map_err(unreadable)?;
            let described = describe(&def, kind, name.as_deref());
            match (described, kind, name) {
                (Some(described), _, _) => print(&described),
                (None, Some(kind), Some(name)) => Err(missing(kind, name)),
                (None, _, _) => Ok(()),
            }
        }
    }
}

/// Text about all of a module, one kind of entities, or one entity; none when there is no such one.
fn describe(def: &ModuleDef, kind: Option<EntityType>, name: Option<&str>) -> Option<String> {
    // Colours are always asked for: standard output drops them where they are not shown.
    let style = PrettyPrintStyle::AnsiColor;
    let Some(kind) = kind else { return Some(text::describe_module(def, style)) };
    let Some(name) = name else {
        return Some(match kind {
            EntityType::Table => text::describe_tables(def, style),
            EntityType::View => text::describe_views(def, style),
            EntityType::Reducer => text::describe_reducers(def, style),
            EntityType::Procedure => text::describe_procedures(def, style),
        });
    };
    match kind {
        EntityType::Table => text::sorted_tables(def)
            .into_iter()
            .find(|(prefix, _, table)| format!("{prefix}{}", table.name) == name)
            .map(|(prefix, owning, table)| text::describe_table(&prefix, owning, table, style)),
        EntityType::View => text::sorted_views(def)
            .into_iter()
            .find(|(prefix, _, view)| format!("{prefix}{}", view.name) == name)
            .map(|(prefix, owning, view)| text::describe_view(&prefix, owning, view, style)),
        EntityType::Reducer => text::sorted_reducers(def)
            .into_iter()
            .find(|(_, _, reducer)| reducer.name.to_string() == name)
            .map(|(_, owning, reducer)| text::describe_reducer(owning, reducer, style)),
        EntityType::Procedure => text::sorted_procedures(def)
            .into_iter()
            .find(|(prefix, _, procedure)| format!("{prefix}{}", procedure.name) == name)
            .map(|(prefix, owning, procedure)| text::describe_procedure(&prefix, owning, procedure, style)),
    }
}

/// The definitions of one kind of entities, or those of one name, each as JSON.
fn entities_json(def: &ModuleDef, kind: EntityType, name: Option<&str>) -> Result<Vec<String>, String> {
    let wanted = |qualified: String| name.is_none_or(|name| name == qualified);
    match kind {
        EntityType::Table => text::sorted_tables(def)
            .into_iter()
            .filter(|(prefix, _, table)| wanted(format!("{prefix}{}", table.name)))
            .map(|(_, _, table)| to_json(&RawTableDefV10::from(table.clone())))
            .collect(),
        EntityType::View => text::sorted_views(def)
            .into_iter()
            .filter(|(prefix, _, view)| wanted(format!("{prefix}{}", view.name)))
            .map(|(_, _, view)| to_json(&RawViewDefV10::from(view.clone())))
            .collect(),
        EntityType::Reducer => text::sorted_reducers(def)
            .into_iter()
            .filter(|(_, _, reducer)| wanted(reducer.name.to_string()))
            .map(|(_, _, reducer)| to_json(&RawReducerDefV10::from(reducer.clone())))
            .collect(),
        EntityType::Procedure => text::sorted_procedures(def)
            .into_iter()
            .filter(|(prefix, _, procedure)| wanted(format!("{prefix}{}", procedure.name)))
            .map(|(_, _, procedure)| to_json(&RawProcedureDefV10::from(procedure.clone())))
            .collect(),
    }
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
