//! The facade's command line.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;
use worldloom_facade::config::{Config, LogConfig, LogFormat};
use worldloom_facade::serve::Facade;

/// The HTTP facade of the Worldloom game.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Configuration file in TOML; without one, the defaults and the environment count.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Check the configuration and end.
    #[arg(long)]
    check_config: bool,
    /// Print the description of the HTTP API (OpenAPI 3.1) and end.
    #[arg(long)]
    print_openapi: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("worldloom-facade: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if arguments.print_openapi {
        println!("{:#}", worldloom_facade::app::document());
        return Ok(());
    }
    let config = Config::load(arguments.config.as_deref())?;
    if arguments.check_config {
        config.node.read_service_token()?;
        config.ai.check_files()?;
        println!("The configuration is valid.");
        return Ok(());
    }
    start_log(&config.log)?;
    let facade = Facade::start(config).await?;
    stop_signal().await?;
    tracing::info!("Stopping: requests under way are finished first");
    facade.stop().await;
    Ok(())
}

fn start_log(log: &LogConfig) -> anyhow::Result<()> {
    let filter: EnvFilter = log.filter.parse()?;
    // Below this level the WebSocket library writes out the request head, which holds the service token.
    let filter = filter.add_directive("tungstenite=info".parse()?);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().init(),
    }
    // A panic is a log line like any other, in the chosen format.
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "A task panicked")));
    Ok(())
}

#[cfg(unix)]
async fn stop_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn stop_signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
