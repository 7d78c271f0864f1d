//! `call`: runs a reducer or a procedure with arguments from the command line.

use spacetimedb_schema::def::ModuleDef;
use spacetimedb_schema::describe::{sorted_procedures, sorted_reducers};
use spacetimedb_schema::type_for_generate::ProductTypeDef;

use super::arguments;
use super::connection::ConnectionArgs;
use super::error::CliError;
use super::publish::check_name;
use super::terminal::{print_line, printable};

/// As many functions are named when the one asked for does not exist.
const SUGGESTIONS_MAX: usize = 20;

/// Arguments of `call`.
#[derive(Debug, clap::Args)]
pub struct CallArgs {
    /// Name or identity of the database
    database: String,
    /// The reducer or procedure
    function: String,
    /// One JSON value for each parameter; strings, identities, times, UUIDs and enum variants may go without quotes
    #[arg(allow_negative_numbers = true)]
    arguments: Vec<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// A reducer or procedure, as far as a call is concerned.
struct Function<'a> {
    owning: &'a ModuleDef,
    params: &'a ProductTypeDef,
}

/// Runs `call`.
pub async fn run(args: CallArgs) -> Result<(), CliError> {
    check_name(&args.database)?;
    let api = args.connection.connect().await?;
    let schema = api.schema(&args.database).await?;
    let function = find(&schema, &args.function).ok_or_else(|| CliError::NoSuchFunction {
        database: args.database.clone(),
        function: args.function.clone(),
        known: known_functions(&schema),
    })?;
    let json = arguments::to_json(function.owning, &args.function, function.params, &args.arguments)?;
    let answer = api.call(&args.database, &args.function, json).await?;
    if answer.is_empty() {
        return Ok(());
    }
    print_line(&printable(&answer))
}

fn find<'a>(schema: &'a ModuleDef, name: &str) -> Option<Function<'a>> {
    if let Some((_, reducer, owning)) = schema.reducer_by_name_with_module(name) {
        return Some(Function { owning, params: &reducer.params_for_generate });
    }
    sorted_procedures(schema)
        .into_iter()
        .find(|(prefix, _, procedure)| format!("{prefix}{}", procedure.name) == name)
        .map(|(_, owning, procedure)| Function { owning, params: &procedure.params_for_generate })
}

fn known_functions(schema: &ModuleDef) -> String {
    let reducers = sorted_reducers(schema)
        .into_iter()
        .filter(|(_, _, reducer)| reducer.lifecycle.is_none())
        .map(|(_, _, reducer)| reducer.name.to_string());
    let procedures =
        sorted_procedures(schema).into_iter().map(|(prefix, _, procedure)| format!("{prefix}{}", procedure.name));
    let names: Vec<String> = reducers.chain(procedures).collect();
    match names.len() {
        0 => "none".to_owned(),
        count if count > SUGGESTIONS_MAX => {
            format!("{} and {} more", names[..SUGGESTIONS_MAX].join(", "), count - SUGGESTIONS_MAX)
        }
        _ => names.join(", "),
    }
}
