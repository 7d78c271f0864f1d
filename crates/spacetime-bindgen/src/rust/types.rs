//! Types: where they are used, and where they are defined, with the columns that queries name.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use spacetimedb_lib::sats::AlgebraicTypeRef;
use spacetimedb_lib::sats::layout::PrimitiveType;
use spacetimedb_schema::identifier::Identifier;
use spacetimedb_schema::type_for_generate::{AlgebraicTypeDef, AlgebraicTypeUse};

use super::names::{field, type_ident, variant};
use crate::model::{Column, Model, TableKind, Type};

/// What every generated data type derives.
pub(super) fn derives() -> TokenStream {
    quote! {
        #[derive(__lib::ser::Serialize, __lib::de::Deserialize, Clone, PartialEq, Debug)]
        #[sats(crate = __lib)]
    }
}

/// Says that an item belongs to this module.
pub(super) fn in_module(name: &proc_macro2::Ident) -> TokenStream {
    quote! {
        impl __sdk::InModule for #name {
            type Module = super::RemoteModule;
        }
    }
}

/// A type as it is written in a file where `root` is the path to `mod.rs`.
pub(super) fn type_use(model: &Model<'_>, root: &TokenStream, ty: &AlgebraicTypeUse) -> TokenStream {
    match ty {
        AlgebraicTypeUse::Ref(reference) => type_ref(model, root, *reference),
        AlgebraicTypeUse::Array(element) => {
            let element = type_use(model, root, element);
            quote!(Vec<#element>)
        }
        AlgebraicTypeUse::Option(some) => {
            let some = type_use(model, root, some);
            quote!(Option<#some>)
        }
        AlgebraicTypeUse::Result { ok_ty, err_ty } => {
            let (ok, err) = (type_use(model, root, ok_ty), type_use(model, root, err_ty));
            quote!(Result<#ok, #err>)
        }
        AlgebraicTypeUse::ScheduleAt => quote!(__sdk::ScheduleAt),
        AlgebraicTypeUse::Identity => quote!(__sdk::Identity),
        AlgebraicTypeUse::ConnectionId => quote!(__sdk::ConnectionId),
        AlgebraicTypeUse::Timestamp => quote!(__sdk::Timestamp),
        AlgebraicTypeUse::TimeDuration => quote!(__sdk::TimeDuration),
        AlgebraicTypeUse::Uuid => quote!(__sdk::Uuid),
        AlgebraicTypeUse::Unit => quote!(()),
        AlgebraicTypeUse::Never => quote!(std::convert::Infallible),
        AlgebraicTypeUse::String => quote!(String),
        AlgebraicTypeUse::Primitive(primitive) => primitive_type(*primitive),
    }
}

/// A named type. [`Model::new`] has checked that every reference has a name.
pub(super) fn type_ref(model: &Model<'_>, root: &TokenStream, reference: AlgebraicTypeRef) -> TokenStream {
    let name = model.type_name(reference).map(type_ident);
    quote!(#root::#name)
}

fn primitive_type(primitive: PrimitiveType) -> TokenStream {
    match primitive {
        PrimitiveType::Bool => quote!(bool),
        PrimitiveType::I8 => quote!(i8),
        PrimitiveType::U8 => quote!(u8),
        PrimitiveType::I16 => quote!(i16),
        PrimitiveType::U16 => quote!(u16),
        PrimitiveType::I32 => quote!(i32),
        PrimitiveType::U32 => quote!(u32),
        PrimitiveType::I64 => quote!(i64),
        PrimitiveType::U64 => quote!(u64),
        PrimitiveType::I128 => quote!(i128),
        PrimitiveType::U128 => quote!(u128),
        PrimitiveType::I256 => quote!(__sats::i256),
        PrimitiveType::U256 => quote!(__sats::u256),
        PrimitiveType::F32 => quote!(f32),
        PrimitiveType::F64 => quote!(f64),
    }
}

/// The fields of a struct or the parameters of a function, as `name: Type`.
pub(super) fn fields(
    model: &Model<'_>,
    root: &TokenStream,
    elements: &[(Identifier, AlgebraicTypeUse)],
) -> Vec<TokenStream> {
    elements
        .iter()
        .map(|(name, ty)| {
            let (name, ty) = (field(name), type_use(model, root, ty));
            quote!(#name: #ty)
        })
        .collect()
}

/// The file that defines a type.
pub(super) fn type_file(model: &Model<'_>, ty: &Type<'_>) -> TokenStream {
    let name = type_ident(ty.name);
    let definition = match ty.def {
        AlgebraicTypeDef::Product(product) => {
            let (derives, fields) = (derives(), fields(model, &quote!(super), &product.elements));
            quote!(#derives pub struct #name { #(pub #fields,)* })
        }
        AlgebraicTypeDef::Sum(sum) => {
            let (derives, variants) = (derives(), sum.variants.iter().map(|element| sum_variant(model, element)));
            quote!(#derives pub enum #name { #(#variants,)* })
        }
        AlgebraicTypeDef::PlainEnum(plain) => {
            let (derives, variants) = (derives(), plain.variants.iter().map(|name| variant(name)));
            quote!(#derives #[derive(Copy, Eq, Hash)] pub enum #name { #(#variants,)* })
        }
    };
    let (in_module, columns) = (in_module(&name), columns(model, ty));
    quote!(#definition #in_module #columns)
}

fn sum_variant(model: &Model<'_>, (name, payload): &(Identifier, AlgebraicTypeUse)) -> TokenStream {
    let name = variant(name);
    match payload {
        AlgebraicTypeUse::Unit => quote!(#name),
        payload => {
            let payload = type_use(model, &quote!(super), payload);
            quote!(#name(#payload))
        }
    }
}

/// What the query builder needs of a row type, or nothing for other types.
fn columns(model: &Model<'_>, ty: &Type<'_>) -> TokenStream {
    let Some(table) = model.tables_of(ty.reference).next() else {
        return TokenStream::new();
    };
    let row = type_ident(ty.name);
    let struct_name = format_ident!("{row}Cols");
    let (fields, values) = column_struct(model, &row, &quote!(Col), table.columns.iter());
    let doc = format!(" The columns of `{row}`, for queries.");
    let indexed = indexed_columns(model, ty);
    quote! {
        #[doc = #doc]
        pub struct #struct_name { #(#fields,)* }

        impl __sdk::__query_builder::HasCols for #row {
            type Cols = #struct_name;
            fn cols(table_name: &'static str) -> Self::Cols {
                #struct_name { #(#values,)* }
            }
        }

        #indexed
    }
}

/// The columns that have an index of their own in some table with this row type. Two indexes on one
/// column, in one table or in two, make one field.
fn indexed_columns(model: &Model<'_>, ty: &Type<'_>) -> TokenStream {
    let mut indexed = BTreeMap::new();
    for table in model.tables_of(ty.reference) {
        let single = table.indexes.iter().filter(|index| index.columns.len() == 1);
        let columns = single.flat_map(|index| &index.columns).filter_map(|column| table.columns.get(*column));
        // By the names on the wire, which a server knows as well as the module itself.
        indexed.extend(columns.map(|column| (column.wire, column)));
    }
    let row = type_ident(ty.name);
    let struct_name = format_ident!("{row}IxCols");
    let (fields, values) = column_struct(model, &row, &quote!(IxCol), indexed.into_values());
    let doc = format!(" The columns of `{row}` that have an index, for joins.");
    // An event table holds no rows to look up.
    let lookup = model.tables_of(ty.reference).any(|table| table.kind != TableKind::Event);
    let lookup = lookup.then(|| quote!(impl __sdk::__query_builder::CanBeLookupTable for #row {}));
    quote! {
        #[doc = #doc]
        pub struct #struct_name { #(#fields,)* }

        impl __sdk::__query_builder::HasIxCols for #row {
            type IxCols = #struct_name;
            fn ix_cols(table_name: &'static str) -> Self::IxCols {
                #struct_name { #(#values,)* }
            }
        }

        #lookup
    }
}

/// The fields of a struct of columns, and the values that fill them.
fn column_struct<'a, 'b: 'a>(
    model: &Model<'_>,
    row: &proc_macro2::Ident,
    column_type: &TokenStream,
    columns: impl Iterator<Item = &'a Column<'b>>,
) -> (Vec<TokenStream>, Vec<TokenStream>) {
    columns
        .map(|column| {
            let (name, wire) = (field(column.accessor), column.wire);
            let ty = type_use(model, &quote!(super), column.ty);
            (
                quote!(pub #name: __sdk::__query_builder::#column_type<#row, #ty>),
                quote!(#name: __sdk::__query_builder::#column_type::new(table_name, #wire)),
            )
        })
        .unzip()
}
