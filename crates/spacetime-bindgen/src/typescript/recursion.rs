//! Types that contain themselves, spelled out: TypeScript cannot infer a type from its own builder.

use spacetimedb_lib::sats::layout::PrimitiveType;
use spacetimedb_schema::identifier::Identifier;
use spacetimedb_schema::type_for_generate::{AlgebraicTypeDef, AlgebraicTypeUse};

use super::names::{camel, pascal, type_name};
use super::types::type_use;
use crate::model::Model;

/// What the getters need from the SDK, after the imports of every file of types.
pub(super) const IMPORTS: &str = ", type TypeBuilder as __TypeBuilder, type AlgebraicTypeType as __AlgebraicTypeType";

/// A getter for a property of a recursive type, with the type that inference would not find.
pub(super) fn getter(model: &Model<'_>, key: &str, ty: &AlgebraicTypeUse) -> String {
    let (value, builder) = (value_type(model, ty), type_use(model, ty));
    format!("  get {key}(): __TypeBuilder<{value}, __AlgebraicTypeType> {{\n    return {builder};\n  }},\n")
}

/// The type of a recursive definition's values, after the `=` of its declaration.
pub(super) fn definition(model: &Model<'_>, def: &AlgebraicTypeDef) -> String {
    match def {
        AlgebraicTypeDef::Product(product) => {
            let field = |(name, ty): &(Identifier, AlgebraicTypeUse)| {
                format!("  {}: {};\n", camel(name), value_type(model, ty))
            };
            format!(" {{\n{}}}", product.elements.iter().map(field).collect::<String>())
        }
        AlgebraicTypeDef::Sum(sum) => sum.variants.iter().map(|element| variant(model, element)).collect(),
        AlgebraicTypeDef::PlainEnum(plain) => {
            plain.variants.iter().map(|name| variant(model, &(name.clone(), AlgebraicTypeUse::Unit))).collect()
        }
    }
}

fn variant(model: &Model<'_>, (name, payload): &(Identifier, AlgebraicTypeUse)) -> String {
    let tag = pascal(name);
    match payload {
        AlgebraicTypeUse::Unit => format!("\n  | {{ tag: \"{tag}\" }}"),
        payload => format!("\n  | {{ tag: \"{tag}\"; value: {} }}", value_type(model, payload)),
    }
}

/// The type of a value that `type_use` builds.
fn value_type(model: &Model<'_>, ty: &AlgebraicTypeUse) -> String {
    match ty {
        AlgebraicTypeUse::Ref(reference) => model.type_name(*reference).map(type_name).unwrap_or_default(),
        AlgebraicTypeUse::Array(element) if **element == AlgebraicTypeUse::Primitive(PrimitiveType::U8) => {
            "Uint8Array".to_owned()
        }
        AlgebraicTypeUse::Array(element) => format!("Array<{}>", value_type(model, element)),
        AlgebraicTypeUse::Option(some) => format!("{} | undefined", value_type(model, some)),
        AlgebraicTypeUse::Result { ok_ty, err_ty } => {
            format!("{} | {}", value_type(model, ok_ty), value_type(model, err_ty))
        }
        AlgebraicTypeUse::String => "string".to_owned(),
        AlgebraicTypeUse::Primitive(primitive) => primitive_value(*primitive).to_owned(),
        AlgebraicTypeUse::ScheduleAt => leaf("scheduleAt"),
        AlgebraicTypeUse::Identity => leaf("identity"),
        AlgebraicTypeUse::ConnectionId => leaf("connectionId"),
        AlgebraicTypeUse::Timestamp => leaf("timestamp"),
        AlgebraicTypeUse::TimeDuration => leaf("timeDuration"),
        AlgebraicTypeUse::Uuid => leaf("uuid"),
        AlgebraicTypeUse::Unit => leaf("unit"),
        AlgebraicTypeUse::Never => "never".to_owned(),
    }
}

/// The type of what the SDK's builder of this name builds.
fn leaf(builder: &str) -> String {
    format!("__Infer<ReturnType<typeof __t.{builder}>>")
}

fn primitive_value(primitive: PrimitiveType) -> &'static str {
    match primitive {
        PrimitiveType::Bool => "boolean",
        PrimitiveType::I64
        | PrimitiveType::U64
        | PrimitiveType::I128
        | PrimitiveType::U128
        | PrimitiveType::I256
        | PrimitiveType::U256 => "bigint",
        _ => "number",
    }
}
