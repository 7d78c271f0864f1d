//! Updates from the database: parsing them, applying them to the client cache, calling back.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::names::{field, ident, snake};
use super::types::type_ref;
use crate::model::{Model, Table, TableKind};

pub(super) fn client_cache(model: &Model<'_>) -> TokenStream {
    let tables: Vec<_> = model.tables.iter().map(|table| CachedTable::new(model, table)).collect();
    let (update, diff) = (db_update(&tables), applied_diff(&tables));
    quote!(#update #diff)
}

/// A table with the names it has in the structs of all tables.
struct CachedTable<'a> {
    wire: &'a str,
    name: Ident,
    row: TokenStream,
    module: Ident,
    kind: TableKind,
    primary_key: Option<Ident>,
}

impl<'a> CachedTable<'a> {
    fn new(model: &Model<'_>, table: &'a Table<'_>) -> Self {
        let primary_key = table.primary_key.and_then(|column| table.columns.get(column));
        Self {
            wire: table.wire,
            name: ident(&snake(table.accessor)),
            row: type_ref(model, &quote!(self), table.row),
            module: ident(&format!("{}_table", snake(table.accessor))),
            kind: table.kind,
            primary_key: primary_key.map(|column| field(column.accessor)),
        }
    }

    /// The statement that applies this table's part of an update.
    fn apply(&self) -> TokenStream {
        let Self { wire, name, row, primary_key, .. } = self;
        if self.kind == TableKind::Event {
            return quote!(diff.#name = self.#name.into_event_diff(););
        }
        let updates = primary_key.as_ref().map(|key| quote!(.with_updates_by_pk(|row| &row.#key)));
        quote!(diff.#name = cache.apply_diff_to_table::<#row>(#wire, &self.#name) #updates;)
    }
}

fn db_update(tables: &[CachedTable<'_>]) -> TokenStream {
    let fields = tables.iter().map(|CachedTable { name, row, .. }| quote!(#name: __sdk::TableUpdate<#row>));
    let updates = tables.iter().map(|CachedTable { wire, name, module, .. }| {
        quote!(#wire => update.#name.append(#module::parse_table_update(table_update)?))
    });
    let apply = tables.iter().map(CachedTable::apply);
    let inserts = parse_rows(tables, &quote!(parse_initial_rows), &quote!(parse_row_list_as_inserts));
    let deletes = parse_rows(tables, &quote!(parse_unsubscribe_rows), &quote!(parse_row_list_as_deletes));
    quote! {
        #[doc(hidden)]
        #[derive(Default, Debug)]
        pub struct DbUpdate {
            #(#fields,)*
        }

        impl TryFrom<__ws::v2::TransactionUpdate> for DbUpdate {
            type Error = __sdk::Error;

            fn try_from(raw: __ws::v2::TransactionUpdate) -> Result<Self, Self::Error> {
                let mut update = DbUpdate::default();
                for table_update in __sdk::transaction_update_iter_table_updates(raw) {
                    match &table_update.table_name[..] {
                        #(#updates,)*
                        unknown => {
                            return Err(
                                __sdk::InternalError::unknown_name("table", unknown, "TransactionUpdate").into(),
                            );
                        }
                    }
                }
                Ok(update)
            }
        }

        impl __sdk::InModule for DbUpdate {
            type Module = RemoteModule;
        }

        impl __sdk::DbUpdate for DbUpdate {
            fn apply_to_client_cache(&self, cache: &mut __sdk::ClientCache<RemoteModule>) -> AppliedDiff<'_> {
                let mut diff = AppliedDiff::default();
                #(#apply)*
                diff
            }

            #inserts
            #deletes
        }
    }
}

/// The function `name`, which reads the rows of a subscription with the SDK's function `parse`.
fn parse_rows(tables: &[CachedTable<'_>], name: &TokenStream, parse: &TokenStream) -> TokenStream {
    let arms = tables
        .iter()
        .map(|CachedTable { wire, name, .. }| quote!(#wire => update.#name.append(__sdk::#parse(table_rows.rows)?)));
    quote! {
        fn #name(raw: __ws::v2::QueryRows) -> __sdk::Result<Self> {
            let mut update = DbUpdate::default();
            for table_rows in raw.tables {
                match &table_rows.table[..] {
                    #(#arms,)*
                    unknown => {
                        return Err(__sdk::InternalError::unknown_name("table", unknown, "QueryRows").into());
                    }
                }
            }
            Ok(update)
        }
    }
}

fn applied_diff(tables: &[CachedTable<'_>]) -> TokenStream {
    let fields = tables.iter().map(|CachedTable { name, row, .. }| quote!(#name: __sdk::TableAppliedDiff<'r, #row>));
    let calls = tables.iter().map(|CachedTable { wire, name, row, .. }| {
        quote!(callbacks.invoke_table_row_callbacks::<#row>(#wire, &self.#name, event);)
    });
    quote! {
        #[doc(hidden)]
        #[derive(Default)]
        pub struct AppliedDiff<'r> {
            #(#fields,)*
            __unused: std::marker::PhantomData<&'r ()>,
        }

        impl __sdk::InModule for AppliedDiff<'_> {
            type Module = RemoteModule;
        }

        impl<'r> __sdk::AppliedDiff<'r> for AppliedDiff<'r> {
            fn invoke_row_callbacks(&self, event: &EventContext, callbacks: &mut __sdk::DbCallbacks<RemoteModule>) {
                #(#calls)*
            }
        }
    }
}
