//! The facade's command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use worldloom_facade::config::Config;
use worldloom_facade::serve::Facade;
use worldloom_facade::telemetry::Telemetry;

// Requests allocate on one thread and free on another, where the system allocator fragments.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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
    let telemetry = Telemetry::start(&config)?;
    if arguments.check_config {
        config.check_files()?;
        println!("The configuration is valid.");
        return Ok(());
    }
    let facade = Facade::start(config).await?;
    stop_signal().await?;
    tracing::info!("Stopping: requests under way are finished first");
    facade.stop().await;
    telemetry.stop().await;
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
