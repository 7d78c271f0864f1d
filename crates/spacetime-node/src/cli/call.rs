//! `call`: runs a reducer or a procedure with arguments from the command line.

use serde::de::DeserializeSeed;
use spacetimedb_lib::AlgebraicType;
use spacetimedb_lib::de::serde::SeedWrapper;
use spacetimedb_lib::ser::serde::SerializeWrapper;
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
    /// A reducer returns nothing.
    returns: Option<&'a AlgebraicType>,
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
    match function.returns {
        None => Ok(()),
        Some(ty) => print_line(&printable(&with_names(function.owning, ty, &answer).unwrap_or(answer))),
    }
}

/// A server knows a returned value without its type, as bare arrays; this puts the names of fields
/// and variants back. None if the value is not of the type.
fn with_names(owning: &ModuleDef, ty: &AlgebraicType, answer: &str) -> Option<String> {
    let ty = owning.typespace().with_type(ty);
    let value = SeedWrapper(ty).deserialize(&mut serde_json::Deserializer::from_str(answer)).ok()?;
    serde_json::to_string(SerializeWrapper::from_ref(&ty.with_value(&value))).ok()
}

fn find<'a>(schema: &'a ModuleDef, name: &str) -> Option<Function<'a>> {
    if let Some((_, reducer, owning)) = schema.reducer_by_name_with_module(name) {
        return Some(Function { owning, params: &reducer.params_for_generate, returns: None });
    }
    sorted_procedures(schema)
        .into_iter()
        .find(|(prefix, _, procedure)| format!("{prefix}{}", procedure.name) == name)
        .map(|(_, owning, procedure)| Function {
            owning,
            params: &procedure.params_for_generate,
            returns: Some(&procedure.return_type),
        })
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use spacetimedb_lib::ProductType;
    use spacetimedb_lib::db::raw_def::v10::RawModuleDefV10Builder;

    use super::*;

    fn module() -> ModuleDef {
        let mut builder = RawModuleDefV10Builder::new();
        let receipt = AlgebraicType::product([("id", AlgebraicType::uuid()), ("gold", AlgebraicType::U128)]);
        let receipt = AlgebraicType::Ref(builder.add_algebraic_type([], "Receipt", receipt, true));
        builder.add_procedure(
            "buy",
            ProductType::from([("item", AlgebraicType::String)]),
            AlgebraicType::result(receipt, AlgebraicType::String),
        );
        builder.add_reducer("join", ProductType::unit());
        builder.finish().try_into().unwrap()
    }

    #[test]
    fn returned_values_get_their_names_back() {
        let module = module();
        let returns = find(&module, "buy").unwrap().returns.unwrap();
        let max = u128::MAX;
        assert_eq!(
            with_names(&module, returns, &format!("[0,[[{max}],{max}]]")).unwrap(),
            format!(r#"{{"ok":{{"id":{{"__uuid__":{max}}},"gold":{max}}}}}"#)
        );
        let named = r#"{"err":"sold out"}"#;
        assert_eq!(with_names(&module, returns, r#"[1,"sold out"]"#).unwrap(), named);
        assert_eq!(with_names(&module, returns, named).unwrap(), named);
        assert_eq!(with_names(&module, returns, "[7]"), None);
    }

    #[test]
    fn functions_are_found_by_name_and_listed() {
        let module = module();
        assert!(find(&module, "join").unwrap().returns.is_none());
        assert!(find(&module, "leave").is_none());
        assert_eq!(known_functions(&module), "join, buy");
    }
}
