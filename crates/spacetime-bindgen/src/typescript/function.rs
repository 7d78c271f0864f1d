//! Reducers and procedures: the files that describe them, and the types of their arguments and results.

use spacetimedb_schema::type_for_generate::AlgebraicTypeUse;

use super::names::pascal;
use super::types::{builder_file, object, properties, referenced, type_use};
use super::{procedure_module, reducer_module};
use crate::model::{Function, Model};

/// The file that describes a reducer's parameters.
pub(super) fn reducer_file(model: &Model<'_>, reducer: &Function<'_>) -> String {
    let names = referenced(model, reducer.parameters.iter().map(|(_, ty)| ty));
    builder_file(&names, &format!("export default {};\n", object(&properties(model, reducer.parameters))))
}

/// The file that describes a procedure's parameters and what it returns.
pub(super) fn procedure_file(model: &Model<'_>, procedure: &Function<'_>) -> String {
    let returns = procedure.returns.unwrap_or(&AlgebraicTypeUse::Unit);
    let uses = procedure.parameters.iter().map(|(_, ty)| ty).chain([returns]);
    let names = referenced(model, uses);
    let params = object(&properties(model, procedure.parameters));
    let returns = type_use(model, returns);
    builder_file(&names, &format!("export const params = {params};\nexport const returnType = {returns};\n"))
}

/// `types/reducers.ts`: the type of each reducer's arguments.
pub(super) fn reducer_types_file(model: &Model<'_>) -> String {
    if model.reducers.is_empty() {
        return "export {};\n".to_owned();
    }
    let mut text = "import type { Infer as __Infer } from \"spacetimedb\";\n".to_owned();
    for reducer in &model.reducers {
        let (name, module) = (pascal(reducer.accessor), reducer_module(reducer.accessor));
        text.push_str(&format!("import type {name}Reducer from \"../{module}\";\n"));
    }
    text.push('\n');
    for reducer in &model.reducers {
        let name = pascal(reducer.accessor);
        text.push_str(&format!("export type {name}Params = __Infer<typeof {name}Reducer>;\n"));
    }
    text
}

/// `types/procedures.ts`: the types of each procedure's arguments and result.
pub(super) fn procedure_types_file(model: &Model<'_>) -> String {
    if model.procedures.is_empty() {
        return "export {};\n".to_owned();
    }
    let mut text = "import type { Infer as __Infer } from \"spacetimedb\";\n".to_owned();
    for procedure in &model.procedures {
        let (name, module) = (pascal(procedure.accessor), procedure_module(procedure.accessor));
        text.push_str(&format!("import type * as {name}Procedure from \"../{module}\";\n"));
    }
    text.push('\n');
    for procedure in &model.procedures {
        let name = pascal(procedure.accessor);
        text.push_str(&format!(
            "export type {name}Args = __Infer<typeof {name}Procedure.params>;\n\
             export type {name}Result = __Infer<typeof {name}Procedure.returnType>;\n"
        ));
    }
    text
}
