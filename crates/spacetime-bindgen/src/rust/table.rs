//! A table or view: its handle in the client cache, callbacks, unique look-ups, query builder.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use spacetimedb_lib::sats::layout::PrimitiveType;
use spacetimedb_schema::type_for_generate::AlgebraicTypeUse;

use super::names::{field, ident, pascal, snake};
use super::types::{fields, type_ref, type_use};
use crate::model::{Column, Model, Table, TableKind};

/// The file for one table.
pub(super) fn table_file(model: &Model<'_>, table: &Table<'_>) -> TokenStream {
    let names = Names::new(model, table);
    let handle = handle(&names, table);
    let table_traits = match table.kind {
        TableKind::Event => event_traits(&names),
        TableKind::Stored | TableKind::View => stored_traits(&names, table),
    };
    let unique = table.unique.iter().filter_map(|column| table.columns.get(*column));
    let unique = unique.map(|column| unique_lookup(model, &names, column));
    let registration = registration(model, &names, table);
    let query = query_access(model, &names, table);
    quote! {
        #handle
        #table_traits
        #(#unique)*
        #registration
        #query
    }
}

/// The names that a table's file is made of.
struct Names {
    row: TokenStream,
    wire: String,
    method: Ident,
    pascal: String,
    handle: Ident,
}

impl Names {
    fn new(model: &Model<'_>, table: &Table<'_>) -> Self {
        let pascal = pascal(table.accessor);
        Self {
            row: type_ref(model, &quote!(super), table.row),
            wire: table.wire.to_owned(),
            method: ident(&snake(table.accessor)),
            handle: format_ident!("{pascal}TableHandle"),
            pascal,
        }
    }

    fn with(&self, suffix: &str) -> Ident {
        format_ident!("{}{suffix}", self.pascal)
    }
}

fn handle(names: &Names, table: &Table<'_>) -> TokenStream {
    let Names { row, wire, method, handle, .. } = names;
    let (accessor, access) = (names.with("TableAccessor"), names.with("TableAccess"));
    let kind = if table.kind == TableKind::View { "view" } else { "table" };
    let doc = format!(" The {kind} `{wire}` in the client cache; `{method}()` on `ctx.db` gets it.");
    let accessor_doc = format!(" Stands for the {kind} `{wire}` in generic code.");
    let access_doc = format!(" Adds the {kind} `{wire}` to [`super::RemoteTables`].");
    let method_doc = format!(" The rows of the {kind} `{wire}` that this client is subscribed to.");
    quote! {
        #[doc = #doc]
        pub struct #handle<'ctx> {
            imp: __sdk::TableHandle<#row>,
            ctx: std::marker::PhantomData<&'ctx super::RemoteTables>,
        }

        #[doc = #accessor_doc]
        pub struct #accessor;

        impl __sdk::TableAccessor<super::RemoteTables> for #accessor {
            type Row = #row;
            type Handle<'db> = #handle<'db>;

            fn get<'db>(db: &'db super::RemoteTables) -> Self::Handle<'db> {
                db.#method()
            }
        }

        #[doc = #access_doc]
        pub trait #access {
            #[doc = #method_doc]
            fn #method(&self) -> #handle<'_>;
        }

        impl #access for super::RemoteTables {
            fn #method(&self) -> #handle<'_> {
                #handle { imp: self.imp.get_table::<#row>(#wire), ctx: std::marker::PhantomData }
            }
        }
    }
}

/// The kinds of row callback.
#[derive(Clone, Copy)]
enum Callback {
    Insert,
    Delete,
    Update,
}

impl Callback {
    /// The associated type and the two methods, which two traits of the SDK have in common.
    fn items(self, names: &Names) -> TokenStream {
        let kind = self.kind();
        let (id, associated) = (names.with(&format!("{kind}CallbackId")), format_ident!("{kind}CallbackId"));
        let on = format_ident!("on_{}", kind.to_lowercase());
        let remove = format_ident!("remove_on_{}", kind.to_lowercase());
        let rows = match self {
            Self::Insert | Self::Delete => quote!(&Self::Row),
            Self::Update => quote!(&Self::Row, &Self::Row),
        };
        quote! {
            type #associated = #id;

            fn #on(&self, callback: impl FnMut(&Self::EventContext, #rows) + Send + 'static) -> #id {
                #id(self.imp.#on(Box::new(callback)))
            }

            fn #remove(&self, callback: #id) {
                self.imp.#remove(callback.0)
            }
        }
    }

    fn id_type(self, names: &Names) -> TokenStream {
        let kind = self.kind();
        let id = names.with(&format!("{kind}CallbackId"));
        let doc = format!(" Takes back a callback given to `on_{}`.", kind.to_lowercase());
        quote!(#[doc = #doc] pub struct #id(__sdk::CallbackId);)
    }

    /// The trait that has this callback alone.
    fn with_trait(self, names: &Names) -> TokenStream {
        let (handle, items) = (&names.handle, self.items(names));
        let name = format_ident!("With{}", self.kind());
        quote!(impl<'ctx> __sdk::#name for #handle<'ctx> { #items })
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Insert => "Insert",
            Self::Delete => "Delete",
            Self::Update => "Update",
        }
    }
}

/// The items that every trait over rows starts with.
fn row_items(names: &Names) -> TokenStream {
    let row = &names.row;
    quote! {
        type Row = #row;
        type EventContext = super::EventContext;

        fn count(&self) -> u64 {
            self.imp.count()
        }

        fn iter(&self) -> impl Iterator<Item = #row> + '_ {
            self.imp.iter()
        }
    }
}

fn event_traits(names: &Names) -> TokenStream {
    let handle = &names.handle;
    let rows = row_items(names);
    let insert_id = Callback::Insert.id_type(names);
    let insert = Callback::Insert.items(names);
    let with_insert = Callback::Insert.with_trait(names);
    quote! {
        #insert_id
        impl<'ctx> __sdk::TableLike for #handle<'ctx> { #rows }
        impl<'ctx> __sdk::EventTable for #handle<'ctx> { #rows #insert }
        #with_insert
    }
}

fn stored_traits(names: &Names, table: &Table<'_>) -> TokenStream {
    let handle = &names.handle;
    let rows = row_items(names);
    let (insert, delete) = (Callback::Insert.items(names), Callback::Delete.items(names));
    let insert_id = Callback::Insert.id_type(names);
    let delete_id = Callback::Delete.id_type(names);
    let with_insert = Callback::Insert.with_trait(names);
    let with_delete = Callback::Delete.with_trait(names);
    // Without a primary key the SDK cannot tell an update from a delete and an insert.
    let update = table.primary_key.map(|_| {
        let update = Callback::Update.items(names);
        let update_id = Callback::Update.id_type(names);
        let with_update = Callback::Update.with_trait(names);
        quote! {
            #update_id
            impl<'ctx> __sdk::TableWithPrimaryKey for #handle<'ctx> { #update }
            #with_update
        }
    });
    quote! {
        #insert_id
        #delete_id
        impl<'ctx> __sdk::TableLike for #handle<'ctx> { #rows }
        impl<'ctx> __sdk::Table for #handle<'ctx> { #rows #insert #delete }
        #with_insert
        #with_delete
        #update
    }
}

fn unique_lookup(model: &Model<'_>, names: &Names, column: &Column<'_>) -> TokenStream {
    let Names { row, handle, .. } = names;
    let unique = names.with(&format!("{}Unique", pascal(column.accessor)));
    let (method, name) = (field(column.accessor), snake(column.accessor));
    let ty = type_use(model, &quote!(super), column.ty);
    let doc = format!(" Finds rows of `{}` by the unique column `{}`.", names.wire, column.wire);
    quote! {
        #[doc = #doc]
        pub struct #unique<'ctx> {
            imp: __sdk::UniqueConstraintHandle<#row, #ty>,
            phantom: std::marker::PhantomData<&'ctx super::RemoteTables>,
        }

        impl<'ctx> #handle<'ctx> {
            #[doc = #doc]
            pub fn #method(&self) -> #unique<'ctx> {
                #unique {
                    imp: self.imp.get_unique_constraint::<#ty>(#name),
                    phantom: std::marker::PhantomData,
                }
            }
        }

        impl<'ctx> #unique<'ctx> {
            /// The subscribed row whose column has this value.
            pub fn find(&self, col_val: &#ty) -> Option<#row> {
                self.imp.find(col_val)
            }
        }
    }
}

fn registration(model: &Model<'_>, names: &Names, table: &Table<'_>) -> TokenStream {
    let Names { row, wire, .. } = names;
    let unique = table.unique.iter().filter_map(|column| table.columns.get(*column));
    let unique = unique.map(|column| {
        let (method, name) = (field(column.accessor), snake(column.accessor));
        let ty = type_use(model, &quote!(super), column.ty);
        quote!(table.add_unique_constraint::<#ty>(#name, |row| &row.#method);)
    });
    let parsed = format!("TableUpdate<{}>", names.pascal);
    quote! {
        #[doc(hidden)]
        pub(super) fn register_table(client_cache: &mut __sdk::ClientCache<super::RemoteModule>) {
            let table = client_cache.get_or_make_table::<#row>(#wire);
            #(#unique)*
        }

        #[doc(hidden)]
        pub(super) fn parse_table_update(
            raw_updates: __ws::v2::TableUpdate,
        ) -> __sdk::Result<__sdk::TableUpdate<#row>> {
            __sdk::TableUpdate::parse_table_update(raw_updates).map_err(|cause| {
                __sdk::InternalError::failed_parse(#parsed, "TableUpdate").with_cause(cause).into()
            })
        }
    }
}

fn query_access(model: &Model<'_>, names: &Names, table: &Table<'_>) -> TokenStream {
    let Names { row, wire, method, .. } = names;
    let access = format_ident!("{}QueryTableAccess", snake(table.accessor));
    let doc = format!(" Adds `{wire}` to the query builder.");
    let (signature, body) = if table.parameters.is_empty() {
        (
            quote!(fn #method(&self) -> __sdk::__query_builder::Table<#row>),
            quote!(__sdk::__query_builder::Table::new(#wire)),
        )
    } else if table.parameters.iter().all(|(_, ty)| is_sql_literal(ty)) {
        let parameters = fields(model, &quote!(super), table.parameters);
        let arguments = table.parameters.iter().map(|(name, _)| field(name));
        (
            quote!(fn #method(&self, #(#parameters),*) -> __sdk::__query_builder::ViewCall<#row>),
            quote! {
                __sdk::__query_builder::ViewCall::new(
                    #wire,
                    [#(__sdk::__query_builder::SqlLiteral::to_sql_literal(#arguments)),*],
                )
            },
        )
    } else {
        // No SQL text can name such an argument, so there is no query to build.
        return TokenStream::new();
    };
    quote! {
        #[doc = #doc]
        pub trait #access {
            #[doc = #doc]
            #signature;
        }

        impl #access for __sdk::QueryTableAccessor {
            #signature {
                #body
            }
        }
    }
}

/// Whether the query builder can write a value of this type into SQL.
fn is_sql_literal(ty: &AlgebraicTypeUse) -> bool {
    match ty {
        AlgebraicTypeUse::String
        | AlgebraicTypeUse::Primitive(_)
        | AlgebraicTypeUse::Identity
        | AlgebraicTypeUse::ConnectionId
        | AlgebraicTypeUse::Timestamp
        | AlgebraicTypeUse::Uuid => true,
        AlgebraicTypeUse::Array(element) => **element == AlgebraicTypeUse::Primitive(PrimitiveType::U8),
        _ => false,
    }
}
