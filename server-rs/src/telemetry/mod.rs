//! What an operator sees of a running facade beside its figures: the log, and traces where they are switched on.
//!
//! The two do not mix. Traces hold the spans made in `traces` and nothing else, so that no field of a log line, of
//! whichever library, leaves the house by accident.

pub mod collector;
pub mod config;
pub mod traces;

use std::io::IsTerminal;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::config::{Config, LogFormat};

/// Keeps the traces flowing. [`Telemetry::stop`] sends off what is left.
#[derive(Debug)]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Starts the log, and the traces if they have somewhere to go. Once in a process, within the runtime.
    pub fn start(config: &Config) -> anyhow::Result<Self> {
        let filter: EnvFilter = config.log.filter.parse()?;
        let filter = filter
            // Below this level the WebSocket library writes out the request head, which holds the service token.
            .add_directive("tungstenite=info".parse()?)
            .add_directive(format!("{}=off", traces::TARGET).parse()?);
        let lines = fmt::layer().with_writer(std::io::stderr);
        let lines = match config.log.format {
            LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
            LogFormat::Json => lines.json().with_span_list(false).boxed(),
        };
        let provider = collector::provider(&config.traces)?;
        let spans = provider.as_ref().map(|provider| {
            let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("worldloom-facade"));
            // Where in the source and on which thread is the log's business.
            let layer =
                layer.with_location(false).with_threads(false).with_tracked_inactivity(false).with_target(false);
            layer.with_filter(Targets::new().with_target(traces::TARGET, LevelFilter::INFO))
        });
        tracing_subscriber::registry().with(lines.with_filter(filter)).with(spans).try_init()?;
        // A panic is a log line like any other, in the chosen format.
        std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "A task panicked")));
        Ok(Self(provider))
    }

    /// Sends the spans off that are still here, for as long as a collector may take.
    pub async fn stop(self) {
        let Some(provider) = self.0 else { return };
        let stopped = tokio::task::spawn_blocking(move || provider.shutdown()).await;
        if let Ok(Err(error)) = stopped {
            tracing::warn!(%error, "The last traces could not be sent");
        }
    }
}
