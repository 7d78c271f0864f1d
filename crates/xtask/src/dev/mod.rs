//! `cargo xtask dev`: the whole product on this machine, until Ctrl-C.

mod data_dir;
mod identities;
mod interrupt;
mod log_lines;
mod login_provider;
mod node_client;
mod port;
pub mod smoke;
mod supervised;
mod trusted_issuer;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anstyle::AnsiColor;
use anyhow::{Result, bail};

pub use data_dir::DataDir;
pub use identities::{FACADE_TOKEN, OWNER_TOKEN};

use crate::binaries::{FACADE, NODE};
use crate::cli::DevArgs;
use crate::node::start_command;
use crate::process::POLL_INTERVAL;
use crate::publish::{DATABASE, publish_command};
use crate::workspace::Workspace;
use crate::{build, process, progress};
use identities::Identities;
use interrupt::Interrupt;
use node_client::NodeClient;
use supervised::Supervised;

/// Generous, because the node may have a long log to read.
const READY_LIMIT: Duration = Duration::from_secs(120);

/// Builds what is missing and runs node and facade side by side.
pub fn run(workspace: &Workspace, args: DevArgs) -> Result<()> {
    port::ensure_free(args.node.port, "--port")?;
    port::ensure_free(args.facade_port, "--facade-port")?;
    port::ensure_free(args.login_port, "--login-port")?;
    let data_dir = DataDir::choose(workspace, args.node.data_dir.as_deref())?;
    if args.fresh {
        data_dir.delete()?;
    }
    build::everything(workspace, args.node.profile.profile())?;
    let interrupt = Interrupt::install()?;
    let product = start(workspace, &args, &data_dir, &interrupt);
    match product {
        Ok(product) => product.run_until(&interrupt),
        Err(_) if interrupt.is_requested() => Ok(()),
        Err(error) => Err(error),
    }
}

/// The running programs, in the order in which they are stopped: the facade before what it needs.
struct Product<'a>(Vec<Supervised<'a>>);

fn start<'a>(
    workspace: &Workspace,
    args: &DevArgs,
    data_dir: &DataDir,
    interrupt: &'a Interrupt,
) -> Result<Product<'a>> {
    let node_url = format!("http://127.0.0.1:{}", args.node.port);
    let facade_url = format!("http://127.0.0.1:{}", args.facade_port);
    let client = NodeClient::new(&node_url);

    let mut node = progress::step("start the node", || {
        let mut command = start_command(workspace, &args.node);
        command.arg("--config").arg(trusted_issuer::node_config(data_dir, &facade_url)?);
        let mut node = Supervised::start("node", AnsiColor::Blue, &mut command, interrupt)?;
        node.wait_until(READY_LIMIT, || client.is_healthy())?;
        Ok(node)
    })?;
    let identities = progress::step("identities of owner and facade", || Identities::ensure(data_dir, &client))?;
    progress::step(&format!("publish the game module as {DATABASE}"), || {
        let program = workspace.binary(args.node.profile.profile(), NODE);
        publish(workspace, &program, &node_url, &identities)
    })?;
    node.ensure_running()?;
    let login_provider = login_provider::start(workspace, args.login_port, &facade_url, interrupt)?;
    let facade = progress::step("start the facade", || {
        let mut command = Command::new(workspace.binary(args.node.profile.profile(), FACADE));
        process::bypass_proxy_on_loopback(&mut command)
            .current_dir(workspace.root())
            .env("WORLDLOOM_HTTP__LISTEN", format!("127.0.0.1:{}", args.facade_port))
            .env("WORLDLOOM_NODE__URL", &node_url)
            .env("WORLDLOOM_NODE__DATABASE", DATABASE)
            .env("WORLDLOOM_NODE__SERVICE_TOKEN_FILE", &identities.facade_token)
            .env("WORLDLOOM_OBJECTS__ROOT", data_dir.objects())
            .env("WORLDLOOM_IDENTITY__PUBLIC_URL", &facade_url)
            .env("WORLDLOOM_IDENTITY__KEY_FOLDER", data_dir.identity_keys());
        if login_provider.is_some() {
            command.envs(login_provider::facade_settings(args.login_port));
        }
        let mut facade = Supervised::start("facade", AnsiColor::Magenta, &mut command, interrupt)?;
        let client = NodeClient::new(&facade_url);
        facade.wait_until(READY_LIMIT, || client.answers("/health/ready"))?;
        Ok(facade)
    })?;
    announce(workspace, &node_url, &facade_url, data_dir.path());
    Ok(Product([Some(facade), login_provider, Some(node)].into_iter().flatten().collect()))
}

/// Publishes the module as its owner and lets the facade act for players.
fn publish(workspace: &Workspace, node_program: &Path, node_url: &str, identities: &Identities) -> Result<()> {
    let mut publish = publish_command(workspace, node_program, node_url, &identities.owner_token);
    // Nobody is connected yet, so nobody is cut off; data that cannot be kept is still refused.
    process::run(publish.args(["--break-clients", "--yes"]))?;
    let mut grant = Command::new(node_program);
    process::bypass_proxy_on_loopback(&mut grant);
    grant.args(["call", DATABASE, "grant_role", &identities.facade_identity, "service"]);
    grant.args(["--server", node_url, "--token-file"]).arg(&identities.owner_token);
    process::run_quietly(&mut grant)
}

fn announce(workspace: &Workspace, node_url: &str, facade_url: &str, data_dir: &Path) {
    anstream::println!();
    anstream::println!("  node      {node_url}/v1/database/{DATABASE}");
    anstream::println!("  facade    {facade_url}/docs");
    anstream::println!("  data      {}", workspace.display(data_dir));
    anstream::println!("  try       curl {facade_url}/health/ready");
    anstream::println!("            curl {node_url}/v1/database/{DATABASE}/sql -d 'SELECT * FROM my_assets'");
    anstream::println!("  stop      Ctrl-C");
    anstream::println!();
}

impl Product<'_> {
    /// Waits for Ctrl-C, or for a program that ends by itself, which is an error.
    fn run_until(mut self, interrupt: &Interrupt) -> Result<()> {
        while !interrupt.is_requested() {
            self.0.iter_mut().try_for_each(Supervised::ensure_running)?;
            std::thread::sleep(POLL_INTERVAL);
        }
        progress::step("stop", || {
            let in_time: Vec<bool> = self.0.iter_mut().map(Supervised::stop).collect();
            match in_time.iter().all(|in_time| *in_time) {
                true => Ok(()),
                false => bail!("not every program stopped in time, so it was ended by force"),
            }
        })
    }
}
