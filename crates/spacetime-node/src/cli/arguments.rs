//! Words from the command line as the JSON arguments of a function, guided by its parameter types.
//!
//! Any JSON value is passed on as it is. Where a type has an obvious text form, the bare word will
//! do: `hello` for a string, hex digits for an identity, `2026-01-31T12:00:00Z` for a time.

use serde::de::IgnoredAny;
use serde_json::Value;
use spacetimedb_lib::sats::AlgebraicTypeRef;
use spacetimedb_lib::{ConnectionId, Identity, Timestamp, Uuid};
use spacetimedb_schema::def::ModuleDef;
use spacetimedb_schema::describe::{param_list, type_name};
use spacetimedb_schema::identifier::Identifier;
use spacetimedb_schema::type_for_generate::{AlgebraicTypeDef, AlgebraicTypeUse, ProductTypeDef};

use super::error::CliError;

/// Words longer than this are cut in messages.
const SHOWN_CHARS_MAX: usize = 60;

/// The JSON array that calls `function`, whose types live in `owning`.
///
/// Errors: [`CliError::ArgumentCount`], [`CliError::InvalidArgument`].
pub fn to_json(
    owning: &ModuleDef,
    function: &str,
    params: &ProductTypeDef,
    words: &[String],
) -> Result<String, CliError> {
    if words.len() != params.elements.len() {
        return Err(CliError::ArgumentCount {
            given: words.len(),
            expected: params.elements.len(),
            signature: format!("{function}({})", param_list(owning, params)),
        });
    }
    let values = params.elements.iter().zip(words).map(|((name, ty), word)| {
        to_value(owning, ty, word).map_err(|reason| CliError::InvalidArgument {
            name: name.to_string(),
            ty: type_name(owning, ty).to_string(),
            word: word.chars().take(SHOWN_CHARS_MAX).collect(),
            reason,
        })
    });
    Ok(format!("[{}]", values.collect::<Result<Vec<_>, _>>()?.join(",")))
}

/// JSON text, not a parsed value: 128-bit numbers would lose digits on the way.
fn to_value(owning: &ModuleDef, ty: &AlgebraicTypeUse, word: &str) -> Result<String, String> {
    if let AlgebraicTypeUse::Option(inner) = ty {
        return optional(owning, inner, word);
    }
    if let Some(json) = plain_word(owning, ty, word) {
        return Ok(json);
    }
    json_text(word).map_err(|reason| match ty {
        AlgebraicTypeUse::Ref(reference) => match plain_variants(owning, *reference) {
            Some(variants) => {
                format!("the variants are {}", variants.iter().map(|name| &**name).collect::<Vec<_>>().join(", "))
            }
            None => reason,
        },
        _ => reason,
    })
}

/// `null` and SATS objects such as `{"some": 1}` stand for themselves, everything else is the content.
fn optional(owning: &ModuleDef, inner: &AlgebraicTypeUse, word: &str) -> Result<String, String> {
    let is_spelled_out = match serde_json::from_str(word) {
        Ok(Value::Null) => true,
        Ok(Value::Object(fields)) => fields.len() == 1 && (fields.contains_key("some") || fields.contains_key("none")),
        _ => false,
    };
    if is_spelled_out {
        return Ok(word.to_owned());
    }
    Ok(format!(r#"{{"some":{}}}"#, to_value(owning, inner, word)?))
}

/// The JSON of a word in the text form of its type, if it is one.
fn plain_word(owning: &ModuleDef, ty: &AlgebraicTypeUse, word: &str) -> Option<String> {
    match ty {
        AlgebraicTypeUse::String => {
            let is_json_string = word.starts_with('"') && serde_json::from_str::<String>(word).is_ok();
            (!is_json_string).then(|| Value::from(word).to_string())
        }
        AlgebraicTypeUse::Identity => {
            Identity::from_hex(word).ok().map(|id| format!(r#"{{"__identity__":"0x{}"}}"#, id.to_hex()))
        }
        AlgebraicTypeUse::ConnectionId => {
            ConnectionId::from_hex(word).ok().map(|id| format!(r#"{{"__connection_id__":{}}}"#, id.to_u128()))
        }
        AlgebraicTypeUse::Timestamp => Timestamp::parse_from_rfc3339(word)
            .ok()
            .map(|at| format!(r#"{{"__timestamp_micros_since_unix_epoch__":{}}}"#, at.to_micros_since_unix_epoch())),
        AlgebraicTypeUse::Uuid => Uuid::parse_str(word).ok().map(|id| format!(r#"{{"__uuid__":{}}}"#, id.as_u128())),
        // By number, because the name that the module's source has is not always the one on the wire.
        AlgebraicTypeUse::Ref(reference) => {
            variant_tag(owning, *reference, word).map(|tag| format!(r#"{{"{tag}":[]}}"#))
        }
        _ => None,
    }
}

/// Which variant of a payload-free enum `word` names. The module's source, a server and a client may
/// spell it in different cases, so these are not told apart unless they have to be.
fn variant_tag(owning: &ModuleDef, reference: AlgebraicTypeRef, word: &str) -> Option<usize> {
    let variants = plain_variants(owning, reference)?;
    if let Some(exact) = variants.iter().position(|name| &**name == word) {
        return Some(exact);
    }
    let mut alike = (0..variants.len()).filter(|tag| letters(&variants[*tag]) == letters(word));
    let only = alike.next()?;
    alike.next().is_none().then_some(only)
}

fn plain_variants(owning: &ModuleDef, reference: AlgebraicTypeRef) -> Option<&[Identifier]> {
    match owning.typespace_for_generate().get(reference)? {
        AlgebraicTypeDef::PlainEnum(plain) => Some(&plain.variants),
        AlgebraicTypeDef::Product(_) | AlgebraicTypeDef::Sum(_) => None,
    }
}

/// A name without what tells `ReadOnly`, `readOnly` and `read_only` apart.
fn letters(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

fn json_text(word: &str) -> Result<String, String> {
    match serde_json::from_str::<IgnoredAny>(word) {
        Ok(_) => Ok(word.to_owned()),
        Err(cause) => Err(format!("as JSON, {cause}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde::de::DeserializeSeed;
    use spacetimedb_lib::db::raw_def::v10::RawModuleDefV10Builder;
    use spacetimedb_lib::de::serde::SeedWrapper;
    use spacetimedb_lib::sats::{ProductType, ProductValue, product};
    use spacetimedb_lib::{AlgebraicType, AlgebraicValue};

    use super::*;

    /// A module whose reducer `act` takes one parameter of type `ty`.
    fn module(ty: impl FnOnce(&mut RawModuleDefV10Builder) -> AlgebraicType) -> ModuleDef {
        let mut builder = RawModuleDefV10Builder::new();
        let ty = ty(&mut builder);
        builder.add_reducer("act", ProductType::from([("subject", ty)]));
        builder.finish().try_into().unwrap()
    }

    fn json_for(module: &ModuleDef, words: &[&str]) -> Result<String, CliError> {
        let words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
        to_json(module, "act", &module.reducer("act").unwrap().params_for_generate, &words)
    }

    /// Checks that the server reads `word` as `expected`, with the engine's own reader.
    #[track_caller]
    fn check(module: &ModuleDef, word: &str, expected: impl Into<AlgebraicValue>) {
        let json = json_for(module, &[word]).unwrap();
        let seed = module.arg_seed_for(module.reducer("act").unwrap());
        let read: Result<ProductValue, _> =
            SeedWrapper(seed).deserialize(&mut serde_json::Deserializer::from_str(&json));
        let first = read.map(|values| values.elements[0].clone()).map_err(|cause| cause.to_string());
        assert_eq!(first, Ok(expected.into()), "{word} became {json}");
    }

    #[test]
    fn strings_go_without_quotes_or_with() {
        let module = module(|_| AlgebraicType::String);
        check(&module, "plain words", "plain words");
        check(&module, r#""quoted \n""#, "quoted \n");
        check(&module, r#"half "quoted"#, r#"half "quoted"#);
        check(&module, r#"back\slash"#, r#"back\slash"#);
        check(&module, "12", "12");
        check(&module, "", "");
    }

    #[test]
    fn numbers_keep_all_their_digits() {
        check(&module(|_| AlgebraicType::U128), &u128::MAX.to_string(), AlgebraicValue::U128(u128::MAX.into()));
        check(&module(|_| AlgebraicType::I8), "-128", -128i8);
        check(&module(|_| AlgebraicType::array(AlgebraicType::U16)), "[1, 2]", AlgebraicValue::Array([1u16, 2].into()));
    }

    #[test]
    fn identities_connections_times_and_uuids_have_their_usual_form() {
        let hex = "c200b8ff5e2a6fe4f0b0ae6bdd2bbd1c94d6ae2e5a1ccd9adf1bd8c0bd4e4bb0";
        let who = Identity::from_hex(hex).unwrap();
        let identity = module(|_| AlgebraicType::identity());
        check(&identity, hex, product![who.to_u256()]);
        check(&identity, &format!("0x{hex}"), product![who.to_u256()]);
        check(&identity, &format!(r#"["0x{hex}"]"#), product![who.to_u256()]);

        let connection = "0123456789abcdef0123456789abcdef";
        let number = ConnectionId::from_hex(connection).unwrap().to_u128();
        check(&module(|_| AlgebraicType::connection_id()), connection, product![AlgebraicValue::U128(number.into())]);

        check(&module(|_| AlgebraicType::timestamp()), "1970-01-01T00:00:01.5Z", product![1_500_000i64]);

        let uuid = "0190b6a0-7c3e-7bbb-8000-00000000002a";
        let number = Uuid::parse_str(uuid).unwrap().as_u128();
        check(&module(|_| AlgebraicType::uuid()), uuid, product![AlgebraicValue::U128(number.into())]);
    }

    #[test]
    fn variants_and_options_go_by_their_content() {
        let role = |builder: &mut RawModuleDefV10Builder| {
            let variants = AlgebraicType::simple_enum(["Player", "Admin"].into_iter());
            AlgebraicType::Ref(builder.add_algebraic_type([], "Role", variants, true))
        };
        check(&module(role), "Admin", AlgebraicValue::sum(1, AlgebraicValue::unit()));
        check(&module(role), "admin", AlgebraicValue::sum(1, AlgebraicValue::unit()));
        check(&module(role), r#"{"player":[]}"#, AlgebraicValue::sum(0, AlgebraicValue::unit()));
        let error = json_for(&module(role), &["Owner"]).unwrap_err().to_string();
        assert!(error.contains("the variants are Player, Admin"), "{error}");

        let nickname = module(|_| AlgebraicType::option(AlgebraicType::String));
        check(&nickname, "Ann", AlgebraicValue::OptionSome("Ann".into()));
        check(&nickname, r#"{"some":"Ann"}"#, AlgebraicValue::OptionSome("Ann".into()));
        check(&nickname, "null", AlgebraicValue::OptionNone());
        check(&nickname, r#"{"none":[]}"#, AlgebraicValue::OptionNone());
        let boss = module(|builder| AlgebraicType::option(role(builder)));
        check(&boss, "Player", AlgebraicValue::OptionSome(AlgebraicValue::sum(0, AlgebraicValue::unit())));
    }

    #[test]
    fn variants_that_differ_only_in_case_need_their_exact_name() {
        let module = module(|builder| {
            let variants = AlgebraicType::simple_enum(["ReadOnly", "readonly", "Full"].into_iter());
            AlgebraicType::Ref(builder.add_algebraic_type([], "Mode", variants, true))
        });
        let tag = |word: &str| json_for(&module, &[word]);
        assert_eq!(tag("readonly").unwrap(), r#"[{"1":[]}]"#);
        assert!(tag("READONLY").is_err());
        assert_eq!(tag("FULL").unwrap(), r#"[{"2":[]}]"#);
    }

    #[test]
    fn what_cannot_fit_is_refused_with_the_parameter_and_its_type() {
        let module = module(|_| AlgebraicType::U32);
        let error = json_for(&module, &["seven"]).unwrap_err().to_string();
        assert!(error.starts_with("Argument `subject` must be U32, and `seven` is not"), "{error}");
        let error = json_for(&module, &[]).unwrap_err().to_string();
        assert!(
            error.contains("0 arguments were given, 1 are needed") && error.contains("act(subject: U32)"),
            "{error}"
        );
        // A word cannot smuggle a second argument in.
        assert!(json_for(&module, &["1,2"]).is_err());
    }
}
