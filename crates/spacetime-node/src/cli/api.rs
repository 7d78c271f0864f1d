//! The HTTP API of a node, as seen by the commands: one method per route that they use.

use std::time::Duration;

use headers::HeaderMapExt;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use spacetimedb_client_api_messages::http::SqlStmtResult;
use spacetimedb_client_api_messages::name::{EnvironmentPublishError, PrePublishResult, PublishOp, PublishResult};
use spacetimedb_client_api_messages::publish::{SpacetimeEnvironment, SpacetimeEnvironmentRemove};
use spacetimedb_lib::Identity;
use spacetimedb_lib::db::raw_def::{v9::RawModuleDefV9, v10::RawModuleDefV10};
use spacetimedb_lib::de::serde::DeserializeWrapper;
use spacetimedb_schema::def::ModuleDef;

use super::environment::Environment;
use super::error::CliError;
use super::module_file::ModuleFile;
use super::server::Server;
use super::terminal::notes_show_colour;
use super::token::Token;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Procedures may run for minutes, so an answer may take as long.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// Uploading, compiling and migrating together.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// No answer that is kept in memory may be larger.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Explanations of errors are cut here; a migration report fits easily.
const REFUSAL_BYTES_MAX: usize = 16 * 1024;
/// The status of a reducer that returned an error.
const REDUCER_ERROR: u16 = 530;

/// A client of one server, acting as one identity.
#[derive(Debug)]
pub struct Api {
    http: reqwest::Client,
    server: Server,
    token: Option<Token>,
}

/// What happens to existing data and clients when a module is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takeover {
    /// Migrate, and refuse what would disconnect clients.
    Compatible,
    /// Migrate although clients are disconnected; the token comes from the plan that allowed it.
    BreakClients(String),
    /// Delete all data first.
    Clear,
}

/// A module with everything that goes along with it.
#[derive(Debug)]
pub struct Publication<'a> {
    /// Name or identity of the database; a new nameless one without.
    pub database: Option<&'a str>,
    /// The program.
    pub module: &'a ModuleFile,
    /// What happens to an existing database.
    pub takeover: Takeover,
    /// Changes to the stored environment.
    pub environment: &'a Environment,
    /// How many replicas are wanted, where the server has a choice.
    pub num_replicas: Option<u8>,
}

/// A publication that succeeded.
#[derive(Debug)]
pub struct Published {
    /// The name that was published to, unless that was an identity or nothing.
    pub name: Option<String>,
    /// The database.
    pub identity: Identity,
    /// Whether it is new.
    pub op: PublishOp,
}

#[derive(Deserialize)]
struct IdentityAndToken {
    token: String,
}

#[derive(Deserialize)]
struct OwnedDatabases {
    identities: Vec<Identity>,
}

#[derive(Deserialize)]
struct DatabaseNames {
    names: Vec<String>,
}

impl Api {
    /// A client that sends no token yet.
    pub fn new(server: Server) -> Result<Self, CliError> {
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("spacetime-node/", env!("CARGO_PKG_VERSION")));
        if server.is_loopback() {
            // A proxy for the outside world can neither reach this machine's node nor may it see tokens.
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|cause| CliError::Client(cause.to_string()))?;
        Ok(Self { http, server, token: None })
    }

    /// The same client, acting as the token's holder.
    pub fn with_token(self, token: Token) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Whom this client talks to.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Whom this client acts as, unless the server makes up an identity for each request.
    pub fn identity(&self) -> Option<Identity> {
        self.token.as_ref().map(Token::identity)
    }

    /// Asks for a new identity.
    pub async fn new_identity(&self) -> Result<Token, CliError> {
        let response = self.send(self.request(Method::POST, &["v1", "identity"])).await?;
        let answer: IdentityAndToken = self.json(self.accepted(response, None).await?).await?;
        Token::parse(&answer.token, &self.server.to_string())
    }

    /// The databases that `owner` has.
    pub async fn databases_of(&self, owner: Identity) -> Result<Vec<Identity>, CliError> {
        let path = ["v1", "identity", &owner.to_hex(), "databases"];
        let response = self.send(self.request(Method::GET, &path)).await?;
        let answer: OwnedDatabases = self.json(self.accepted(response, None).await?).await?;
        Ok(answer.identities)
    }

    /// The names of a database.
    pub async fn names_of(&self, database: Identity) -> Result<Vec<String>, CliError> {
        let database = database.to_hex();
        let response = self.send(self.database_request(Method::GET, &database, &["names"])).await?;
        let answer: DatabaseNames = self.json(self.accepted(response, Some(&database)).await?).await?;
        Ok(answer.names)
    }

    /// The identity behind a name, or none when there is no such database.
    pub async fn find_database(&self, database: &str) -> Result<Option<Identity>, CliError> {
        let response = self.send(self.database_request(Method::GET, database, &["identity"])).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let text = self.text(self.accepted(response, Some(database)).await?).await?;
        Identity::from_hex(text.trim()).map(Some).map_err(|cause| self.unexpected(cause.to_string()))
    }

    /// What publishing `module` over a database would do, or none when there is no such database.
    pub async fn pre_publish(&self, database: &str, module: &ModuleFile) -> Result<Option<PrePublishResult>, CliError> {
        let style = if notes_show_colour() { "AnsiColor" } else { "NoColor" };
        let request = self
            .database_request(Method::POST, database, &["pre_publish"])
            .query(&[("style", style), ("host_type", "Wasm")]);
        let response = self.upload(request, module).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        self.json(self.accepted(response, Some(database)).await?).await.map(Some)
    }

    /// Publishes a module.
    pub async fn publish(&self, publication: &Publication<'_>) -> Result<Published, CliError> {
        let mut request = match publication.database {
            Some(database) => self.database_request(Method::PUT, database, &[]),
            None => self.request(Method::POST, &["v1", "database"]),
        };
        request = request.query(&[("host_type", "Wasm")]);
        request = match &publication.takeover {
            Takeover::Compatible => request,
            Takeover::BreakClients(token) => request.query(&[("policy", "BreakClients"), ("token", token)]),
            Takeover::Clear => request.query(&[("clear", "true")]),
        };
        if let Some(count) = publication.num_replicas {
            request = request.query(&[("num_replicas", count)]);
        }
        let mut variables = reqwest::header::HeaderMap::new();
        variables.typed_insert(SpacetimeEnvironment(publication.environment.values.clone()));
        variables.typed_insert(SpacetimeEnvironmentRemove(publication.environment.remove.clone()));
        let response = self.upload(request.headers(variables), publication.module).await?;
        let status = response.status();
        if status.is_success() {
            return published(self.json(response).await?);
        }
        // A refusal says why in JSON of its own, or in plain text like everything else.
        let text = self.refusal_text(response).await;
        match serde_json::from_str(&text).map(published) {
            Ok(Err(refusal)) => Err(refusal),
            Ok(Ok(_)) | Err(_) => Err(self.refusal(status, text, publication.database)),
        }
    }

    /// The definition of a database's module, exactly as the server gives it.
    pub async fn raw_schema(&self, database: &str) -> Result<RawSchema, CliError> {
        let request = |version: &'static str| {
            self.database_request(Method::GET, database, &["schema"]).query(&[("version", version)])
        };
        let newest = self.send(request("10")).await?;
        // Servers before 2.0 know only version 9, and call the other a bad request.
        if newest.status() == StatusCode::BAD_REQUEST {
            let older = self.send(request("9")).await?;
            let DeserializeWrapper(def) = self.json(self.accepted(older, Some(database)).await?).await?;
            return Ok(RawSchema::V9(def));
        }
        let DeserializeWrapper(def) = self.json(self.accepted(newest, Some(database)).await?).await?;
        Ok(RawSchema::V10(def))
    }

    /// The validated definition of a database's module.
    pub async fn schema(&self, database: &str) -> Result<ModuleDef, CliError> {
        self.raw_schema(database).await?.validate().map_err(|reason| self.unexpected(reason))
    }

    /// Calls a function with a JSON array of arguments; a procedure answers with its JSON result.
    pub async fn call(&self, database: &str, function: &str, arguments: String) -> Result<String, CliError> {
        let request = self
            .database_request(Method::POST, database, &["call", function])
            .header(CONTENT_TYPE, "application/json")
            .body(arguments);
        let response = self.send(request).await?;
        if response.status().as_u16() == REDUCER_ERROR {
            let text = self.refusal_text(response).await;
            return Err(CliError::FunctionRefused { function: function.to_owned(), text });
        }
        // The schema was read before, so a 404 here is about the function: a private one looks unknown.
        self.text(self.accepted(response, None).await?).await
    }

    /// Runs an SQL statement; `confirmed` asks for durable rows only, or leaves it to the server.
    pub async fn sql(
        &self,
        database: &str,
        statement: String,
        confirmed: Option<bool>,
    ) -> Result<Vec<SqlStmtResult<Box<RawValue>>>, CliError> {
        let mut request = self.database_request(Method::POST, database, &["sql"]).body(statement);
        if let Some(confirmed) = confirmed {
            request = request.query(&[("confirmed", confirmed)]);
        }
        self.json(self.accepted(self.send(request).await?, Some(database)).await?).await
    }

    /// The log as a stream of JSON lines; with `follow` it ends only with the server.
    pub async fn logs(&self, database: &str, num_lines: Option<u32>, follow: bool) -> Result<Response, CliError> {
        let mut request = self.authorized(self.http.get(self.server.endpoint(&["v1", "database", database, "logs"])));
        request = request.query(&[("follow", follow)]);
        if let Some(count) = num_lines {
            request = request.query(&[("num_lines", count)]);
        }
        let response = self.send(request).await?;
        self.accepted(response, Some(database)).await
    }

    /// Deletes a database with all its data.
    pub async fn delete(&self, database: &str) -> Result<(), CliError> {
        let response = self.send(self.database_request(Method::DELETE, database, &[])).await?;
        self.accepted(response, Some(database)).await.map(drop)
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.authorized(self.http.request(method, self.server.endpoint(path)).timeout(ANSWER_TIMEOUT))
    }

    fn database_request(&self, method: Method, database: &str, rest: &[&str]) -> RequestBuilder {
        self.request(method, &[&["v1", "database", database], rest].concat())
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match self.token.as_ref().and_then(Token::authorization) {
            Some(value) => request.header(AUTHORIZATION, value),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, CliError> {
        request.send().await.map_err(|cause| self.transport(cause))
    }

    async fn upload(&self, request: RequestBuilder, module: &ModuleFile) -> Result<Response, CliError> {
        let request = request
            .timeout(PUBLISH_TIMEOUT)
            .header(CONTENT_TYPE, "application/wasm")
            .header(CONTENT_LENGTH, module.size_bytes())
            .body(module.stream().await?);
        request.send().await.map_err(|cause| match self.transport(cause) {
            CliError::Broken { server, reason } => CliError::UploadBroken { server, reason },
            other => other,
        })
    }

    fn transport(&self, cause: reqwest::Error) -> CliError {
        let server = self.server.to_string();
        let reason = root_cause(&cause);
        if cause.is_connect() {
            CliError::Unreachable { server, reason }
        } else if cause.is_timeout() {
            CliError::TimedOut(server)
        } else {
            CliError::Broken { server, reason }
        }
    }

    fn unexpected(&self, reason: String) -> CliError {
        CliError::UnexpectedAnswer { server: self.server.to_string(), reason }
    }

    /// Lets a successful response through; `database` is what a 404 is about.
    async fn accepted(&self, response: Response, database: Option<&str>) -> Result<Response, CliError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let server = self.server.to_string();
        if status.is_redirection() {
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("nowhere");
            return Err(CliError::Redirected { server, location: location.to_owned() });
        }
        let text = self.refusal_text(response).await;
        Err(self.refusal(status, text, database))
    }

    fn refusal(&self, status: StatusCode, text: String, database: Option<&str>) -> CliError {
        let server = self.server.to_string();
        match (status, database) {
            (StatusCode::UNAUTHORIZED, _) => CliError::Unauthorized { server, text },
            (StatusCode::FORBIDDEN, _) => CliError::Forbidden { text },
            (StatusCode::NOT_FOUND, Some(database)) => {
                CliError::NoSuchDatabase { database: database.to_owned(), server }
            }
            (StatusCode::PAYLOAD_TOO_LARGE, _) => CliError::TooLarge { text },
            _ => CliError::Refused { status, text },
        }
    }

    async fn refusal_text(&self, mut response: Response) -> String {
        let mut bytes = Vec::new();
        // A broken explanation is shown as far as it came: the status alone is an answer.
        while let Ok(Some(chunk)) = response.chunk().await {
            bytes.extend_from_slice(&chunk);
            if bytes.len() >= REFUSAL_BYTES_MAX {
                bytes.truncate(REFUSAL_BYTES_MAX);
                break;
            }
        }
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }

    async fn bytes(&self, mut response: Response) -> Result<Vec<u8>, CliError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|cause| self.transport(cause))? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(self.unexpected(format!("it is longer than {ANSWER_BYTES_MAX} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    async fn text(&self, response: Response) -> Result<String, CliError> {
        String::from_utf8(self.bytes(response).await?).map_err(|cause| self.unexpected(cause.to_string()))
    }

    async fn json<T: DeserializeOwned>(&self, response: Response) -> Result<T, CliError> {
        serde_json::from_slice(&self.bytes(response).await?).map_err(|cause| self.unexpected(cause.to_string()))
    }
}

fn published(result: PublishResult) -> Result<Published, CliError> {
    match result {
        PublishResult::Success { domain, database_identity, op } => {
            Ok(Published { name: domain.map(String::from), identity: database_identity, op })
        }
        PublishResult::PermissionDenied { name } => Err(CliError::NameTaken(name.into())),
        PublishResult::EnvironmentError(EnvironmentPublishError::MissingRequiredEnvironment { keys }) => {
            Err(CliError::MissingEnvironment(keys))
        }
        PublishResult::EnvironmentError(EnvironmentPublishError::VersionConflict(_)) => Err(CliError::VersionConflict),
    }
}

/// A module definition as it travels.
#[derive(Debug)]
pub enum RawSchema {
    /// The form before 2.0.
    V9(RawModuleDefV9),
    /// The present form.
    V10(RawModuleDefV10),
}

impl RawSchema {
    /// Checks the definition and resolves its names.
    pub fn validate(self) -> Result<ModuleDef, String> {
        match self {
            Self::V9(def) => ModuleDef::try_from(def).map_err(|cause| cause.to_string()),
            Self::V10(def) => ModuleDef::try_from(def).map_err(|cause| cause.to_string()),
        }
    }
}

/// The innermost explanation; the outer ones repeat the URL and say little.
pub fn root_cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
