//! Starts the facade, and stops it without cutting off what is under way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ai::feed::Feeds;
use crate::ai::prompts::Prompts;
use crate::ai::provider::Models;
use crate::ai::worker;
use crate::app::{App, Shared, router};
use crate::assets::{reconcile, sweeper};
use crate::audit::Audit;
use crate::auth::{NodeKey, TokenVerifier};
use crate::config::Config;
use crate::edge::connections;
use crate::edge::limits::Limits;
use crate::identity::IdentityService;
use crate::metrics::Metrics;
use crate::node_client::NodeClient;
use crate::objects::ObjectStore;
use crate::pictures::PictureMaker;
use crate::routes::health::Readiness;

/// How long what was cut off may take to give back what it was working on.
const GIVING_BACK_MAX: Duration = Duration::from_secs(5);

/// A running facade.
pub struct Facade {
    address: SocketAddr,
    stop: CancellationToken,
    cut: CancellationToken,
    served: JoinHandle<()>,
    tasks: TaskTracker,
    sweeping: JoinHandle<()>,
    tending: JoinHandle<()>,
    node_stop: CancellationToken,
    deadline: Duration,
}

impl Facade {
    /// Starts with this configuration and listens. The node may be away; readiness tells.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        config.validate()?;
        let token = config.node.read_service_token()?;
        let prompts = Prompts::load(&config.ai.prompts_folder).context("ai.prompts_folder: correct the prompt file")?;
        let listener = TcpListener::bind(config.http.listen).await.with_context(|| {
            format!("http.listen: cannot listen on {}: stop what uses it or choose another port", config.http.listen)
        })?;
        let address = listener.local_addr()?;
        let store = ObjectStore::open_configured(&config.objects, &config.identity.issuer(address)?)?;
        // The folder is this process's alone, so whatever is staged was left behind.
        store.remove_stale_staging(Duration::ZERO).await?;

        let metrics = Metrics::new()?;
        // A redirect of the node would send the facade to another host.
        // The SDK's connection goes by no proxy, so neither does anything else that is said to the node.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
        let node_stop = CancellationToken::new();
        let node = NodeClient::start(&config.node, token, http.clone(), metrics.clone(), node_stop.clone());
        let deleted = Arc::new(Notify::new());
        let schedule = sweeper::Schedule {
            interval: Duration::from_secs(config.objects.sweep_interval_s),
            staging_lifetime: Duration::from_secs(config.objects.staging_lifetime_s),
            deleted: deleted.clone(),
        };
        let sweeping = sweeper::run(node.clone(), store.clone(), metrics.clone(), schedule);
        let reconciling = reconcile::run(node.clone(), store.clone(), config.objects.clone(), metrics.clone());
        let identity = IdentityService::start(&config.identity, address, &node)?;
        let tending = tokio::spawn(identity.tokens.keys().clone().keep_tending());
        let tasks = TaskTracker::new();
        let (stop, cut) = (CancellationToken::new(), CancellationToken::new());
        let feeds = Feeds::default();
        tokio::spawn(feeds.clone().run(node.clone(), node_stop.clone()));
        if config.ai.enabled {
            let models = Models::configured(&config.ai, metrics.clone())?;
            let workshop = worker::Workshop::new(node.clone(), models, prompts, config.ai, &metrics, &tasks, &cut);
            tasks.spawn(worker::run(workshop, stop.clone()));
        }
        let trusted_proxies = config.identity.trusted_proxies;
        let shared = Shared {
            audit: Audit::new(&config.audit, tasks.clone())?,
            limits: Limits::new(&config.http.limits, trusted_proxies, metrics.clone()),
            readiness: Readiness::new(node.clone(), store.clone(), &config.node.database),
            verifier: TokenVerifier::new(
                &config.node.token_issuer,
                NodeKey::new(http, &config.node.url, config.node.key_refetch_interval()),
                identity.tokens.clone(),
            ),
            identity,
            node,
            store,
            pictures: PictureMaker::default(),
            metrics,
            uploads: config.objects,
            tasks: tasks.clone(),
            deleted,
            feeds,
            stopping: stop.clone(),
        };
        let router = router(App::from(shared), &config.http);
        let deadline = Duration::from_secs(config.http.shutdown_deadline_s);
        let sweeping = tokio::spawn(async move {
            tokio::join!(sweeping, reconciling);
        });
        // Behind proxies, every connection comes from one of theirs.
        let per_address = if trusted_proxies == 0 { config.http.limits.connections_per_address } else { 0 };
        let serving = connections::serve(listener, router, config.http, per_address, stop.clone(), cut.clone());
        let served = tokio::spawn(serving);
        tracing::info!(%address, "The facade listens");
        Ok(Self { address, stop, cut, served, tasks, sweeping, tending, node_stop, deadline })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, lets requests under way finish within the deadline, and ends.
    pub async fn stop(mut self) {
        self.stop.cancel();
        self.tasks.close();
        let finished = async {
            // A panic of the accept loop leaves nothing to wait for.
            let _ = (&mut self.served).await;
            self.tasks.wait().await;
        };
        if tokio::time::timeout(self.deadline, finished).await.is_err() {
            tracing::warn!("Requests were still under way at the shutdown deadline and are cut off");
            self.cut.cancel();
            // Generation tasks are given back, so that another facade need not wait for their leases' end.
            let _ = tokio::time::timeout(GIVING_BACK_MAX, self.tasks.wait()).await;
        }
        self.tending.abort();
        self.sweeping.abort();
        // Its end is an abort, as was just asked for.
        let _ = self.sweeping.await;
        self.node_stop.cancel();
    }
}
