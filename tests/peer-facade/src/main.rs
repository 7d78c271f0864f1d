//! The facade with one route of another kind, for `cargo xtask bench peers`: transfers, which the product has no route
//! for, because a client makes them at the node by SDK.
//!
//! All around the route is the facade's own: its accept loop, its edge, its check of tokens, its limits (set to none,
//! since all clients come from one address), its problem documents and figures. The database is the benchmark's, so
//! calls go over connections of the official SDK with that module's bindings: as many as the facade has, in turn, and
//! calls of a procedure, as all of the facade's own are.

mod module_bindings;
mod transfers;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::post;
use clap::Parser;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::timeout::TimeoutLayer;
use worldloom_facade::ai::feed::Feeds;
use worldloom_facade::app::{App, Shared};
use worldloom_facade::audit::Audit;
use worldloom_facade::auth::{NodeKey, TokenVerifier};
use worldloom_facade::config::{Config, HttpConfig};
use worldloom_facade::edge::config::RateConfig;
use worldloom_facade::edge::limits::Limits;
use worldloom_facade::edge::{connections, wrapped};
use worldloom_facade::identity::IdentityService;
use worldloom_facade::metrics::Metrics;
use worldloom_facade::node_client::NodeClient;
use worldloom_facade::objects::ObjectStore;
use worldloom_facade::pictures::PictureMaker;
use worldloom_facade::routes::health::Readiness;
use worldloom_facade::telemetry::Telemetry;

use transfers::Transfers;

/// No limit.
const UNLIMITED: RateConfig = RateConfig { per_minute: 0, burst: 1 };

#[derive(Parser)]
struct Options {
    /// The node does not wait for the disk before it answers the facade.
    #[arg(long)]
    unconfirmed: bool,
}

/// Everything but the route is configured as in every facade, by the environment.
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let mut config = Config::load(None)?;
    config.http.limits.address = UNLIMITED;
    config.http.limits.player = UNLIMITED;
    let _telemetry = Telemetry::start(&config)?;
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port")?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let app = App::from(shared(&config, address, &stop)?);
    let transfers = Transfers::connect(&config.node, !options.unconfirmed, app.metrics.clone()).await?;
    let router = router(app, transfers, &config.http);
    println!("listening on {address}");
    connections::serve(listener, router, config.http, 0, stop.clone(), stop).await;
    Ok(())
}

/// What handlers share in every facade; nothing works in the background, because nothing is uploaded or generated.
fn shared(config: &Config, address: SocketAddr, stop: &CancellationToken) -> anyhow::Result<Shared> {
    let metrics = Metrics::new()?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let token = config.node.read_service_token()?;
    let node = NodeClient::start(&config.node, token, http.clone(), metrics.clone(), stop.clone());
    let identity = IdentityService::start(&config.identity, address, &node)?;
    let store = ObjectStore::open_configured(&config.objects, &config.identity.issuer(address)?)?;
    let key = NodeKey::new(http, &config.node.url, config.node.key_refetch_interval());
    let tasks = TaskTracker::new();
    Ok(Shared {
        audit: Audit::new(&config.audit, tasks.clone())?,
        limits: Limits::new(&config.http.limits, config.identity.trusted_proxies, metrics.clone()),
        readiness: Readiness::new(node.clone(), store.clone(), &config.node.database),
        verifier: TokenVerifier::new(&config.node.token_issuer, key, identity.tokens.clone()),
        identity,
        node,
        store,
        pictures: PictureMaker::default(),
        metrics,
        uploads: config.objects.clone(),
        tasks,
        deleted: std::sync::Arc::default(),
        feeds: Feeds::default(),
        stopping: stop.clone(),
    })
}

fn router(app: App, transfers: Transfers, http: &HttpConfig) -> Router {
    let timeout = Duration::from_secs(http.request_timeout_s);
    let (metrics, limits) = (app.metrics.clone(), app.limits.clone());
    let routes = Router::new()
        .route("/transfers", post(async move |player, transfer| transfers.answer(player, transfer).await))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, timeout))
        .layer(DefaultBodyLimit::max(http.body_limit_bytes))
        .with_state(app);
    wrapped(routes, http, &[], metrics, limits)
}
