//! The login provider of a local run, so that one can log in through a browser: an OpenID provider from npm that
//! lets anybody in under any name. It listens on this machine alone.

use std::process::Command;

use anstyle::AnsiColor;
use anyhow::Result;

use super::interrupt::Interrupt;
use super::node_client::NodeClient;
use super::supervised::Supervised;
use super::{READY_LIMIT, port};
use crate::suites::typescript;
use crate::workspace::Workspace;
use crate::{progress, setup};

/// The provider's name at the facade.
const NAME: &str = "local";
/// npm packages that log in, or use what a login gives.
const PACKAGES: [&str; 2] = ["tests/login-provider", "client-bindings/typescript"];

/// Starts the provider; none where its packages cannot be had, which leaves guests' logins.
pub fn start<'a>(
    workspace: &Workspace,
    provider_port: u16,
    facade_url: &str,
    interrupt: &'a Interrupt,
) -> Result<Option<Supervised<'a>>> {
    if let Err(error) = progress::step("login provider's packages", || install(workspace)) {
        progress::warn(&format!("logging in through a browser is not possible, only as a guest: {error:#}"));
        return Ok(None);
    }
    port::ensure_free(provider_port, "--login-port")?;
    progress::step("start the login provider", || {
        let mut command = Command::new("node");
        command.arg(workspace.root().join("tests/login-provider/provider.mjs"));
        command.args(["--port", &provider_port.to_string()]);
        command.args(["--client", &format!("{facade_url}/auth/callback/{NAME}")]);
        let mut provider = Supervised::start("login", AnsiColor::Green, &mut command, interrupt)?;
        let client = NodeClient::new(&issuer(provider_port));
        provider.wait_until(READY_LIMIT, || client.answers("/.well-known/openid-configuration"))?;
        Ok(Some(provider))
    })
}

/// What the facade is told: the provider, and that programs on this machine may log in.
pub fn facade_settings(provider_port: u16) -> [(&'static str, String); 3] {
    [
        ("WORLDLOOM_IDENTITY__OIDC__LOCAL__ISSUER", issuer(provider_port)),
        ("WORLDLOOM_IDENTITY__OIDC__LOCAL__CLIENT_ID", "worldloom".to_owned()),
        ("WORLDLOOM_IDENTITY__REDIRECT_URIS", "[\"http://127.0.0.1/back\"]".to_owned()),
    ]
}

fn install(workspace: &Workspace) -> Result<()> {
    setup::ensure_node_js()?;
    PACKAGES.iter().try_for_each(|package| typescript::install(&workspace.root().join(package)))
}

fn issuer(provider_port: u16) -> String {
    format!("http://127.0.0.1:{provider_port}")
}
