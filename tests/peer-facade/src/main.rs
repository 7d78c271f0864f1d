//! The facade with one more route, for `cargo xtask bench peers`: transfers, which the product has no route for,
//! because a client makes them at the node by SDK.
//!
//! All around the route is the facade's own: its accept loop, its edge, its check of tokens, its limits (set to none,
//! since all clients come from one address), its problem documents and figures. The database is the benchmark's, so
//! the call goes over a connection of the official SDK with that module's bindings, as the facade's own calls do.

mod module_bindings;
mod transfers;

use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::http::StatusCode;
use axum::routing::post;
use clap::Parser;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::timeout::TimeoutLayer;
use worldloom_facade::auth::{NodeKey, TokenVerifier};
use worldloom_facade::config::Config;
use worldloom_facade::edge::config::RateConfig;
use worldloom_facade::edge::limits::Limits;
use worldloom_facade::edge::{connections, wrapped};
use worldloom_facade::identity::IdentityService;
use worldloom_facade::metrics::Metrics;
use worldloom_facade::node_client::NodeClient;
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

/// What the route shares.
#[derive(Clone, FromRef)]
struct App {
    transfers: Transfers,
    verifier: TokenVerifier,
    limits: Limits,
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
    let app = app(&config, address, !options.unconfirmed, stop.clone()).await?;
    let router = router(app.0, &config, app.1);
    println!("listening on {address}");
    connections::serve(listener, router, config.http, 0, stop.clone(), stop).await;
    Ok(())
}

async fn app(
    config: &Config,
    address: std::net::SocketAddr,
    is_confirmed: bool,
    stop: CancellationToken,
) -> anyhow::Result<(App, Metrics)> {
    let metrics = Metrics::new()?;
    let token = config.node.read_service_token()?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let node = NodeClient::start(&config.node, token, http.clone(), metrics.clone(), stop);
    let identity = IdentityService::start(&config.identity, address, &node)?;
    let key = NodeKey::new(http, &config.node.url, config.node.key_refetch_interval());
    let app = App {
        transfers: Transfers::connect(&config.node, is_confirmed, metrics.clone()).await?,
        verifier: TokenVerifier::new(&config.node.token_issuer, key, identity.tokens.clone()),
        limits: Limits::new(&config.http.limits, config.identity.trusted_proxies, metrics.clone()),
    };
    Ok((app, metrics))
}

fn router(app: App, config: &Config, metrics: Metrics) -> Router {
    let timeout = Duration::from_secs(config.http.request_timeout_s);
    let limits = app.limits.clone();
    let routes = Router::new()
        .route("/transfers", post(transfers::transfer))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, timeout))
        .layer(DefaultBodyLimit::max(config.http.body_limit_bytes))
        .with_state(app);
    wrapped(routes, &config.http, &[], metrics, limits)
}
