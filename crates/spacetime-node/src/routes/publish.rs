//! Publishing over HTTP: `POST /v1/database`, `PUT /v1/database/:db`, its dry run and reset.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequest, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use headers::HeaderMapExt;
use serde::Deserialize;
use spacetimedb_client_api_messages::name::{
    DatabaseName, MigrationPolicy as PolicyName, PrePublishAutoMigrateResult, PrePublishManualMigrateResult,
    PrePublishResult, PrettyPrintStyle as StyleName, PublishResult,
};
use spacetimedb_client_api_messages::publish::{SpacetimeEnvironment, SpacetimeEnvironmentRemove};
use spacetimedb_core::host::MigratePlanResult;
use spacetimedb_lib::environment::EnvironmentUpdate;
use spacetimedb_lib::{Hash, Identity};
use spacetimedb_schema::auto_migrate::{MigrationPolicy, MigrationToken, PrettyPrintStyle};

use crate::auth::Caller;
use crate::control::{DatabaseRecord, Name};
use crate::error::ApiError;
use crate::node::Node;
use crate::publish::{self, DEFAULT_CONFIRMATION, Publication, Published};
use crate::routes::BODY_TOO_LARGE;

/// Longest time that a publish may wait for the disk.
const CONFIRMATION_MAX: Duration = Duration::from_secs(5 * 60);

/// What the query of a publish may say. The official parameters `num_replicas`, `parent` and
/// `organization` are accepted and have no effect on a single node.
#[derive(Deserialize)]
pub(super) struct PublishQuery {
    #[serde(default)]
    clear: bool,
    #[serde(default)]
    policy: PolicyName,
    token: Option<String>,
    #[serde(default)]
    host_type: HostTypeName,
    update_confirmation_timeout: Option<String>,
    #[serde(default)]
    style: StyleName,
}

#[derive(Deserialize, Default)]
enum HostTypeName {
    #[default]
    #[serde(alias = "wasm")]
    Wasm,
    #[serde(alias = "js")]
    Js,
}

impl PublishQuery {
    fn publication(&self, headers: &HeaderMap, program: Bytes) -> Result<Publication, ApiError> {
        self.refuse_javascript()?;
        Ok(Publication {
            program,
            environment: environment_update(headers)?,
            policy: self.policy()?,
            confirmation_timeout: self.confirmation_timeout()?,
        })
    }

    fn refuse_javascript(&self) -> Result<(), ApiError> {
        match self.host_type {
            HostTypeName::Wasm => Ok(()),
            HostTypeName::Js => Err(ApiError::bad_request(
                "javascript_unsupported",
                "This node runs WebAssembly modules only; publish JavaScript modules to an official server.",
            )),
        }
    }

    fn policy(&self) -> Result<MigrationPolicy, ApiError> {
        match (&self.policy, &self.token) {
            (PolicyName::Compatible, _) => Ok(MigrationPolicy::Compatible),
            (PolicyName::BreakClients, Some(token)) => match migration_token(token) {
                Some(token) => Ok(MigrationPolicy::BreakClients(token)),
                None => Err(ApiError::bad_request("invalid_migration_token", "`token` must be what pre_publish gave.")),
            },
            (PolicyName::BreakClients, None) => Err(ApiError::bad_request(
                "missing_migration_token",
                "An update that disconnects clients needs the `token` that pre_publish gives.",
            )),
        }
    }

    fn confirmation_timeout(&self) -> Result<Duration, ApiError> {
        let Some(text) = &self.update_confirmation_timeout else { return Ok(DEFAULT_CONFIRMATION) };
        match humantime::parse_duration(text) {
            Ok(timeout) if timeout <= CONFIRMATION_MAX => Ok(timeout),
            _ => Err(ApiError::bad_request(
                "invalid_timeout",
                "`update_confirmation_timeout` must be a time such as `10s`, at most 5 minutes.",
            )),
        }
    }
}

/// A token as official clients write it, or as it stands in the answer of `pre_publish`: a
/// number, whose digits run the other way.
fn migration_token(text: &str) -> Option<Hash> {
    match text.starts_with("0x") {
        true => serde_json::from_value(text.into()).ok(),
        false => Hash::from_hex(text).ok(),
    }
}

fn environment_update(headers: &HeaderMap) -> Result<EnvironmentUpdate, ApiError> {
    let malformed = |_| ApiError::bad_request("invalid_environment", "A spacetime-environment header is malformed.");
    let values = headers.typed_try_get::<SpacetimeEnvironment>().map_err(malformed)?.unwrap_or_default();
    let remove = headers.typed_try_get::<SpacetimeEnvironmentRemove>().map_err(malformed)?.unwrap_or_default();
    Ok(EnvironmentUpdate { values: values.0, remove: remove.0 })
}

/// Receives the program, which is the whole body. It can be large, so whoever may not send one is refused before.
async fn program_of(request: Request) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, &()).await.map_err(|refused| {
        let code = match refused.status() {
            StatusCode::PAYLOAD_TOO_LARGE => BODY_TOO_LARGE,
            _ => "malformed_request",
        };
        ApiError::new(refused.status(), code, refused.body_text())
    })
}

pub(super) async fn publish_unnamed(
    State(node): State<Arc<Node>>,
    Query(query): Query<PublishQuery>,
    caller: Caller,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<PublishResult>, ApiError> {
    publish::check_creator(&node, &caller, None)?;
    let publication = query.publication(&headers, program_of(request).await?)?;
    Ok(success(None, publish::create(node, caller.identity, None, publication).await?))
}

/// What somebody publishes to.
enum Target {
    New(Name),
    Existing(DatabaseRecord),
}

impl Target {
    /// Finds the database, and refuses who may not publish over it, or not create it.
    fn find(node: &Node, db: &str, caller: &Caller) -> Result<Self, ApiError> {
        match node.find(db) {
            Ok(record) if record.database.owner_identity == caller.identity => Ok(Self::Existing(record)),
            Ok(_) => Err(ApiError::not_owner("publish over it")),
            // An identity names an existing database and is never given to a new one.
            Err(missing) if Identity::from_hex(db).is_ok() => Err(missing),
            Err(_) => {
                let name = Name::parse(db)?;
                publish::check_creator(node, caller, Some(&name))?;
                Ok(Self::New(name))
            }
        }
    }
}

pub(super) async fn publish_named(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    Query(query): Query<PublishQuery>,
    caller: Caller,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<PublishResult>, ApiError> {
    Target::find(&node, &db, &caller)?;
    let publication = query.publication(&headers, program_of(request).await?)?;
    // Looked for again, since a program takes its time to arrive.
    let published = match Target::find(&node, &db, &caller)? {
        Target::New(name) => publish::create(node, caller.identity, Some(name), publication).await?,
        Target::Existing(record) if query.clear => publish::reset(node, record, Some(publication)).await?,
        Target::Existing(record) => publish::update(node, record, publication).await?,
    };
    Ok(success(db.parse().ok(), published))
}

pub(super) async fn reset(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    Query(query): Query<PublishQuery>,
    caller: Caller,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<PublishResult>, ApiError> {
    let record = node.find_owned(&db, caller.identity, "reset it")?;
    let publication = query.publication(&headers, program_of(request).await?)?;
    let program = (!publication.program.is_empty()).then_some(publication);
    Ok(success(db.parse().ok(), publish::reset(node, record, program).await?))
}

pub(super) async fn pre_publish(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    Query(query): Query<PublishQuery>,
    caller: Caller,
    request: Request,
) -> Result<Json<PrePublishResult>, ApiError> {
    query.refuse_javascript()?;
    let record = node.find_owned(&db, caller.identity, "plan an update of it")?;
    let program = program_of(request).await?;
    let style = match query.style {
        StyleName::AnsiColor => PrettyPrintStyle::AnsiColor,
        StyleName::NoColor => PrettyPrintStyle::NoColor,
    };
    let database_identity = record.database.database_identity;
    let plan = publish::plan(node, record, program, style).await?;
    Ok(Json(match plan {
        MigratePlanResult::Success { old_module_hash, new_module_hash, plan, breaks_client, major_version_upgrade } => {
            let token = MigrationToken { database_identity, old_module_hash, new_module_hash }.hash();
            PrePublishResult::AutoMigrate(PrePublishAutoMigrateResult {
                migrate_plan: plan,
                break_clients: breaks_client,
                token,
                major_version_upgrade,
            })
        }
        MigratePlanResult::AutoMigrationError { error, major_version_upgrade } => {
            let reason = error.to_string();
            PrePublishResult::ManualMigrate(PrePublishManualMigrateResult { reason, major_version_upgrade })
        }
    }))
}

fn success(domain: Option<DatabaseName>, published: Published) -> Json<PublishResult> {
    let Published { identity: database_identity, op } = published;
    Json(PublishResult::Success { domain, database_identity, op })
}
