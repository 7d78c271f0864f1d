//! One node in this process for all runs of a target, with everything in memory.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use spacetime_node::caller_connections::CallerConnections;
use spacetime_node::config::NodeConfig;
use spacetime_node::data_dir::DataDir;
use spacetime_node::node::Node;
use spacetime_node::routes;
use spacetime_node::start::{StartArgs, assemble};
use spacetimedb_core::host::ModuleHost;
use spacetimedb_core::util::jobs::JobCores;
use tempfile::TempDir;
use tokio::io::DuplexStream;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// The database that targets speak to: of a module with every feature that a schema can have.
pub const DATABASE: &str = "zoo";

/// Bytes that wait in a connection of this process.
const PIPE_BYTES: usize = 64 * 1024;

/// What a program may take to describe itself, so that those that never do cost little.
const TRIAL_LIMIT: Duration = Duration::from_secs(5);

/// A node without listeners.
pub struct Engine {
    /// What everything asynchronous runs on.
    pub runtime: Runtime,
    /// The node.
    pub node: Arc<Node>,
    /// The module of [`DATABASE`].
    pub module: ModuleHost,
    /// The token of the database's owner.
    pub owner: String,
    app: Router,
    _data_dir: DataDir,
    _folder: TempDir,
}

/// The node, started when it is first asked for.
#[expect(clippy::panic, reason = "nothing can be fuzzed without a node")]
pub fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::start().unwrap_or_else(|cause| panic!("the node does not start: {cause:#}")))
}

impl Engine {
    fn start() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let folder = tempfile::tempdir()?;
        let data_dir = DataDir::open(folder.path())?;
        let args = StartArgs {
            listen_addr: String::new(),
            data_dir: None,
            in_memory: true,
            config: None,
            log_level: None,
            jwt_priv_key_path: None,
            jwt_pub_key_path: None,
            page_pool_max_size: None,
        };
        let cores = JobCores::without_pinned_cores();
        let mut config = NodeConfig::default();
        config.publish.trial_limit = TRIAL_LIMIT;
        let node = runtime.block_on(assemble(&args, config, &data_dir, 0, cores))?;
        let app = routes::router(node.clone());
        let (owner, module) = runtime.block_on(publish(&node, &app))?;
        Ok(Self { runtime, node, module, owner, app, _data_dir: data_dir, _folder: folder })
    }

    /// Sends a request as if it came in by a connection of its own, and reads the answer to its end.
    pub async fn ask(&self, request: Request) -> (StatusCode, Bytes) {
        let answer = answer(&self.app, &self.node, request).await;
        let status = answer.status();
        let body = answer.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        (status, body)
    }

    /// A new connection to the node.
    pub fn connect(&'static self) -> DuplexStream {
        let (client, server) = tokio::io::duplex(PIPE_BYTES);
        let callers = CallerConnections::new(self.node.config.http.caller_idle_timeout, &Default::default());
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(callers.clone());
            let answer = self.app.clone().oneshot(request.map(Body::new));
            async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
        });
        let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service);
        self.runtime.spawn(served.with_upgrades());
        client
    }
}

async fn publish(node: &Arc<Node>, app: &Router) -> anyhow::Result<(String, ModuleHost)> {
    let owner = node.tokens.mint()?.token.to_string();
    let program = worldloom_tests::binaries::module("schema_zoo")?;
    let request = Request::put(format!("/v1/database/{DATABASE}")).header("authorization", format!("Bearer {owner}"));
    let answer = answer(app, node, request.body(Body::from(program))?).await;
    anyhow::ensure!(answer.status().is_success(), "the module was refused with {}", answer.status());
    // Only now does it call itself healthy.
    node.launch_all().await;
    let hosted = node.host(DATABASE).await.map_err(|cause| anyhow::anyhow!("{cause:?}")).context("no database")?;
    Ok((owner, hosted.module))
}

async fn answer(app: &Router, node: &Node, mut request: Request) -> Response<Body> {
    let callers = CallerConnections::new(node.config.http.caller_idle_timeout, &Default::default());
    request.extensions_mut().insert(callers);
    app.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
}

/// Waits for the node, which has all the time that a slow machine needs and no more.
#[expect(clippy::panic, reason = "a node that does not answer is what is looked for")]
pub async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(20), work).await {
        Ok(value) => value,
        Err(_) => panic!("the node took too long: {what}"),
    }
}
