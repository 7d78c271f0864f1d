//! `index.ts`: the whole schema, and the connection that is typed by it.

use super::names::{literal, pascal};
use super::table::schema_entry;
use super::{procedure_module, reducer_module, table_module};
use crate::model::Model;

/// The version of the schema format. The SDK refuses bindings older than 1.4.
const SCHEMA_VERSION: &str = "2.14.0";

const SDK_IMPORTS: &str = r#"import {
  DbConnectionBuilder as __DbConnectionBuilder,
  DbConnectionImpl as __DbConnectionImpl,
  SubscriptionBuilderImpl as __SubscriptionBuilderImpl,
  convertToAccessorMap as __convertToAccessorMap,
  makeQueryBuilder as __makeQueryBuilder,
  procedureSchema as __procedureSchema,
  procedures as __procedures,
  reducerSchema as __reducerSchema,
  reducers as __reducers,
  schema as __schema,
  table as __table,
  type DbConnectionConfig as __DbConnectionConfig,
  type ErrorContextInterface as __ErrorContextInterface,
  type EventContextInterface as __EventContextInterface,
  type QueryBuilder as __QueryBuilder,
  type ReducerEventContextInterface as __ReducerEventContextInterface,
  type RemoteModule as __RemoteModule,
  type SubscriptionEventContextInterface as __SubscriptionEventContextInterface,
  type SubscriptionHandleImpl as __SubscriptionHandleImpl,
} from "spacetimedb";
"#;

const EXPORTS: &str = r"/** The tables and views of this module; each is also the start of a typed query. */
export const tables: __QueryBuilder<typeof tablesSchema.schemaType> = __makeQueryBuilder(tablesSchema.schemaType);

/** The reducers of this module. */
export const reducers = __convertToAccessorMap(reducersSchema.reducersType.reducers);

/** The procedures of this module. */
export const procedures = __convertToAccessorMap(proceduresSchema.procedures);

/** What row callbacks get: the connection, and why the row changed. */
export type EventContext = __EventContextInterface<typeof REMOTE_MODULE>;

/** What reducer callbacks get: the connection, and the reducer that ran. */
export type ReducerEventContext = __ReducerEventContextInterface<typeof REMOTE_MODULE>;

/** What subscription callbacks get: the connection. */
export type SubscriptionEventContext = __SubscriptionEventContextInterface<typeof REMOTE_MODULE>;

/** What error callbacks get: the connection, and the error if there is one. */
export type ErrorContext = __ErrorContextInterface<typeof REMOTE_MODULE>;

/** A subscription, which ends when it is told to or when the connection closes. */
export type SubscriptionHandle = __SubscriptionHandleImpl<typeof REMOTE_MODULE>;
";

const CONNECTION: &str = r"/** Configures a connection. */
export class DbConnectionBuilder extends __DbConnectionBuilder<DbConnection> {}

/** A connection to a database with this module, and a cache of the rows it is subscribed to. */
export class DbConnection extends __DbConnectionImpl<typeof REMOTE_MODULE> {
  /** Starts the configuration of a new connection. */
  static builder = (): DbConnectionBuilder => {
    return new DbConnectionBuilder(
      REMOTE_MODULE,
      (config: __DbConnectionConfig<typeof REMOTE_MODULE>) => new DbConnection(config),
    );
  };

  /** Starts the configuration of a new subscription. */
  override subscriptionBuilder = (): SubscriptionBuilder => {
    return new SubscriptionBuilder(this);
  };
}
";

pub(super) fn index_file(model: &Model<'_>) -> String {
    let imports = imports(model);
    let schema = schema(model);
    let subscription_builder = subscription_builder(model);
    format!("{SDK_IMPORTS}{imports}\n{schema}\n{EXPORTS}\n{subscription_builder}\n{CONNECTION}")
}

fn imports(model: &Model<'_>) -> String {
    let tables = model.tables.iter().map(|table| (pascal(table.accessor), table_module(table.accessor)));
    let tables = tables.map(|(name, module)| format!("import {name}Row from \"./{module}\";\n"));
    let reducers = model.reducers.iter().map(|reducer| (pascal(reducer.accessor), reducer_module(reducer.accessor)));
    let reducers = reducers.map(|(name, module)| format!("import {name}Reducer from \"./{module}\";\n"));
    let procedures = model.procedures.iter().map(|item| (pascal(item.accessor), procedure_module(item.accessor)));
    let procedures = procedures.map(|(name, module)| format!("import * as {name}Procedure from \"./{module}\";\n"));
    tables.chain(reducers).chain(procedures).collect()
}

fn schema(model: &Model<'_>) -> String {
    let tables: String =
        model.tables.iter().map(|table| schema_entry(table, &format!("{}Row", pascal(table.accessor)))).collect();
    let reducers: String = model
        .reducers
        .iter()
        .map(|reducer| format!("  __reducerSchema({}, {}Reducer),\n", literal(reducer.wire), pascal(reducer.accessor)))
        .collect();
    let procedures: String = model
        .procedures
        .iter()
        .map(|procedure| {
            let name = format!("{}Procedure", pascal(procedure.accessor));
            format!("  __procedureSchema({}, {name}.params, {name}.returnType),\n", literal(procedure.wire))
        })
        .collect();
    format!(
        "const tablesSchema = __schema({{\n{tables}}});\n\n\
         const reducersSchema = __reducers(\n{reducers});\n\n\
         const proceduresSchema = __procedures(\n{procedures});\n\n\
         const REMOTE_MODULE = {{\n  \
           versionInfo: {{\n    cliVersion: \"{SCHEMA_VERSION}\" as const,\n  }},\n  \
           tables: tablesSchema.schemaType.tables,\n  \
           reducers: reducersSchema.reducersType.reducers,\n  \
           ...proceduresSchema,\n\
         }} satisfies __RemoteModule<\n  \
           typeof tablesSchema.schemaType,\n  \
           typeof reducersSchema.reducersType,\n  \
           typeof proceduresSchema\n\
         >;\n"
    )
}

fn subscription_builder(model: &Model<'_>) -> String {
    let base = "/** Configures a subscription. */\n\
                export class SubscriptionBuilder extends __SubscriptionBuilderImpl<typeof REMOTE_MODULE> {";
    if model.tables.iter().all(|table| table.parameters.is_empty()) {
        return format!("{base}}}\n");
    }
    let selectable = model.tables.iter().filter(|table| table.parameters.is_empty());
    let queries: String = selectable.map(|table| format!("      'SELECT * FROM \"{}\"',\n", table.wire)).collect();
    format!(
        "{base}\n  \
           /** Leaves out views with parameters: there is no row to get of them without arguments. */\n  \
           override subscribeToAllTables(): void {{\n    this.subscribe([\n{queries}    ]);\n  }}\n\
         }}\n"
    )
}
