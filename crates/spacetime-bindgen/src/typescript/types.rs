//! Types: builders of the SDK where they are used, and the file that defines the named ones.

use std::collections::BTreeSet;

use spacetimedb_lib::sats::layout::PrimitiveType;
use spacetimedb_schema::identifier::Identifier;
use spacetimedb_schema::type_for_generate::{AlgebraicTypeDef, AlgebraicTypeUse};

use super::names::{camel, pascal, type_name};
use super::recursion;
use crate::model::{Model, Type};

/// The expression that builds a type.
pub(super) fn type_use(model: &Model<'_>, ty: &AlgebraicTypeUse) -> String {
    match ty {
        // `Model::new` has checked that every reference has a name.
        AlgebraicTypeUse::Ref(reference) => model.type_name(*reference).map(type_name).unwrap_or_default(),
        AlgebraicTypeUse::Array(element) if **element == AlgebraicTypeUse::Primitive(PrimitiveType::U8) => {
            "__t.byteArray()".to_owned()
        }
        AlgebraicTypeUse::Array(element) => format!("__t.array({})", type_use(model, element)),
        AlgebraicTypeUse::Option(some) => format!("__t.option({})", type_use(model, some)),
        AlgebraicTypeUse::Result { ok_ty, err_ty } => {
            format!("__t.result({}, {})", type_use(model, ok_ty), type_use(model, err_ty))
        }
        AlgebraicTypeUse::ScheduleAt => "__t.scheduleAt()".to_owned(),
        AlgebraicTypeUse::Identity => "__t.identity()".to_owned(),
        AlgebraicTypeUse::ConnectionId => "__t.connectionId()".to_owned(),
        AlgebraicTypeUse::Timestamp => "__t.timestamp()".to_owned(),
        AlgebraicTypeUse::TimeDuration => "__t.timeDuration()".to_owned(),
        AlgebraicTypeUse::Uuid => "__t.uuid()".to_owned(),
        AlgebraicTypeUse::Unit => "__t.unit()".to_owned(),
        AlgebraicTypeUse::Never => "__t.enum(\"Never\", {})".to_owned(),
        AlgebraicTypeUse::String => "__t.string()".to_owned(),
        AlgebraicTypeUse::Primitive(primitive) => format!("__t.{}()", primitive_name(*primitive)),
    }
}

fn primitive_name(primitive: PrimitiveType) -> &'static str {
    match primitive {
        PrimitiveType::Bool => "bool",
        PrimitiveType::I8 => "i8",
        PrimitiveType::U8 => "u8",
        PrimitiveType::I16 => "i16",
        PrimitiveType::U16 => "u16",
        PrimitiveType::I32 => "i32",
        PrimitiveType::U32 => "u32",
        PrimitiveType::I64 => "i64",
        PrimitiveType::U64 => "u64",
        PrimitiveType::I128 => "i128",
        PrimitiveType::U128 => "u128",
        PrimitiveType::I256 => "i256",
        PrimitiveType::U256 => "u256",
        PrimitiveType::F32 => "f32",
        PrimitiveType::F64 => "f64",
    }
}

/// The names of the types that `uses` refer to, sorted.
pub(super) fn referenced<'a>(
    model: &Model<'_>,
    uses: impl IntoIterator<Item = &'a AlgebraicTypeUse>,
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for ty in uses {
        ty.for_each_ref(|reference| names.extend(model.type_name(reference).map(type_name)));
    }
    names
}

/// The import of named types from `types.ts`, or nothing where none is used.
fn import_types(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return String::new();
    }
    let names = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    format!("import {{ {names} }} from \"./types\";\n")
}

fn refers(ty: &AlgebraicTypeUse) -> bool {
    let mut refers = false;
    ty.for_each_ref(|_| refers = true);
    refers
}

/// One property of an object of builders. A type that refers to another is behind a getter, because
/// that other type may be defined further down, or be this one.
pub(super) fn property(key: &str, ty: &AlgebraicTypeUse, value: &str) -> String {
    match refers(ty) {
        true => format!("  get {key}() {{\n    return {value};\n  }},\n"),
        false => format!("  {key}: {value},\n"),
    }
}

/// The properties for the fields of a product or the parameters of a function.
pub(super) fn properties(model: &Model<'_>, elements: &[(Identifier, AlgebraicTypeUse)]) -> String {
    elements.iter().map(|(name, ty)| property(&camel(name), ty, &type_use(model, ty))).collect()
}

/// An object literal with these properties, each of which ends in a newline.
pub(super) fn object(properties: &str) -> String {
    match properties.is_empty() {
        true => "{}".to_owned(),
        false => format!("{{\n{properties}}}"),
    }
}

/// A file whose body builds types and refers to the types `names` of `types.ts`.
pub(super) fn builder_file(names: &BTreeSet<String>, body: &str) -> String {
    // An import that is not used is an error under the strictest settings.
    let sdk = if body.contains("__t.") { "import { t as __t } from \"spacetimedb\";\n" } else { "" };
    let types = import_types(names);
    let gap = if sdk.is_empty() && types.is_empty() { "" } else { "\n" };
    format!("{sdk}{types}{gap}{body}")
}

/// `types.ts`: a builder and a type for every named type.
pub(super) fn types_file(model: &Model<'_>) -> String {
    if model.types.is_empty() {
        return "export {};\n".to_owned();
    }
    let types: String = model.types.iter().map(|ty| format!("\n{}", definition(model, ty))).collect();
    let infer = if types.contains("__Infer<") { ", type Infer as __Infer" } else { "" };
    let recursion = if types.contains("__TypeBuilder<") { recursion::IMPORTS } else { "" };
    format!("import {{ t as __t{infer}{recursion} }} from \"spacetimedb\";\n{types}")
}

fn definition(model: &Model<'_>, ty: &Type<'_>) -> String {
    let name = type_name(ty.name);
    let recursive = ty.def.is_recursive();
    let property = |key: &str, ty: &AlgebraicTypeUse| match recursive && refers(ty) {
        true => recursion::getter(model, key, ty),
        false => property(key, ty, &type_use(model, ty)),
    };
    let (builder, properties): (_, String) = match ty.def {
        AlgebraicTypeDef::Product(product) => {
            ("object", product.elements.iter().map(|(name, ty)| property(&camel(name), ty)).collect())
        }
        AlgebraicTypeDef::Sum(sum) => {
            ("enum", sum.variants.iter().map(|(name, ty)| property(&pascal(name), ty)).collect())
        }
        AlgebraicTypeDef::PlainEnum(plain) => {
            ("enum", plain.variants.iter().map(|name| property(&pascal(name), &AlgebraicTypeUse::Unit)).collect())
        }
    };
    let object = object(&properties);
    let values = match recursive {
        true => recursion::definition(model, ty.def),
        false => format!(" __Infer<typeof {name}>"),
    };
    format!("export const {name} = __t.{builder}(\"{name}\", {object});\nexport type {name} ={values};\n")
}
