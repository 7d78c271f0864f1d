//! The API's description (OpenAPI 3.1), completed: what is the same everywhere is said once here, not at each route.
//!
//! Handlers describe themselves: their parameters, what they answer, and the refusals that are theirs alone. Added here
//! are the refusals that follow from what an operation takes, the problem document of each refusal, the request id, and
//! examples, which are put together from those of the fields. `tests/facade/contract.rs` holds the result to that.

mod examples;
mod problems;

use serde_json::{Value, json};
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, ToSchema};

/// Bytes of an object, as they are.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes bodies, which are read and written as streams")]
pub struct Bytes(Vec<u8>);

/// The ways to prove oneself.
pub struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, openapi: &mut OpenApi) {
        let components = openapi.components.get_or_insert_with(Default::default);
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An access token of POST /auth/login, or a token that the node issued."))
            .build();
        components.add_security_scheme("player", SecurityScheme::Http(token));
        let cookie = ApiKeyValue::with_description(
            "worldloom-refresh",
            "A browser's refresh token; with TLS, the name begins with `__Host-`. It counts together with the Origin \
             header of a page of the game.",
        );
        components.add_security_scheme("refresh_cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// The description as it is published.
pub fn complete(openapi: &OpenApi) -> Value {
    let mut document = json!(openapi);
    let schemas = document["components"]["schemas"].clone();
    document["components"]["responses"] = problems::responses(&schemas);
    document["components"]["headers"] = problems::headers();
    for (path, operation) in operations(&mut document) {
        problems::refuse(&path, operation);
        take_null_away(operation);
        examples::illustrate(operation, &schemas);
    }
    document
}

/// A parameter that is not needed can be left out; it cannot be JSON's null, as its type here would have it.
fn take_null_away(operation: &mut Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(kind) = parameter.pointer_mut("/schema/type")
            && let Some(other) = kind.as_array().and_then(|kinds| kinds.iter().find(|kind| *kind != "null").cloned())
        {
            *kind = other;
        }
    }
}

/// Every operation with its path.
fn operations(document: &mut Value) -> impl Iterator<Item = (String, &mut Value)> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object_mut().into_iter().flatten().filter(|(_, operation)| operation.is_object());
        methods.map(|(_, operation)| (path.clone(), operation))
    })
}
