//! What must be there before anything can be measured: packages, programs and modules. Only what the chosen systems and
//! clients need is installed and built.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::clients::Client;
use super::system::System;
use super::{PeersBenchArgs, Workload};
use crate::bench::node::build_typescript;
use crate::bench::report::version_of;
use crate::binaries::{self, NODE};
use crate::seed::SEED;
use crate::workspace::{Profile, Workspace};
use crate::{process, progress, setup, wasm_modules};

/// The facade with the route that it is measured by.
pub const PEER_FACADE: &str = "peer-facade";

/// Where what is needed lies.
pub struct Tools {
    workspace: Workspace,
    profile: Profile,
    node_js: Option<PathBuf>,
    /// The folder of PostgreSQL's programs.
    pub postgres: Option<PathBuf>,
    /// The Python that has FastAPI.
    pub fastapi: Option<PathBuf>,
}

impl Tools {
    /// Installs and builds.
    pub fn prepare(workspace: &Workspace, args: &PeersBenchArgs) -> Result<Self> {
        let tools = progress::step("tools and packages", || {
            let needs = |wanted: fn(System) -> bool| args.measured().any(wanted);
            let uses_node_js = args.client.contains(&Client::NodeJs) || needs(System::is_on_node_js);
            let node_js = uses_node_js.then(|| setup::ensure_peers_node_js(workspace)).transpose()?;
            let postgres = needs(System::is_before_postgres).then(setup::ensure_postgres).transpose()?;
            let fastapi = needs(|system| system == System::Fastapi);
            let fastapi = fastapi.then(|| setup::ensure_fastapi(workspace)).transpose()?;
            Ok(Self { workspace: workspace.clone(), profile: args.profile(), node_js, postgres, fastapi })
        })?;
        if !args.skip_build {
            build(workspace, args)?;
        }
        if args.client.contains(&Client::NodeJs) {
            progress::step("TypeScript load generators", || build_typescript(workspace, args.profile()))?;
        }
        Ok(tools)
    }

    /// A program of the peers' own workspace.
    pub fn compiled(&self, name: &str) -> PathBuf {
        binaries::peer(&self.workspace, self.profile, name)
    }

    /// The Node.js of peers and clients.
    pub fn node_js(&self) -> Result<&Path> {
        self.node_js.as_deref().context("Node.js was not prepared")
    }

    /// What the tools say about their versions.
    pub fn versions(&self, workspace: &Workspace, workload: Workload) -> Vec<String> {
        let postgres = self.postgres.iter().map(|programs| version_of(programs.join("postgres")));
        let fastapi = self.fastapi.iter().map(|python| fastapi_version(python));
        let node_js = self.node_js.iter().map(|node_js| format!("Node.js {}", version_of(node_js)));
        let packages = |names: &[&str]| pinned(workspace, names).unwrap_or_default();
        match workload {
            Workload::Rooms => node_js.chain(packages(&["@colyseus/core", "ws"])).collect(),
            _ => {
                let packages = packages(&["express", "@trpc/server", "pg"]);
                postgres.chain(fastapi).chain(node_js).chain(packages).collect()
            }
        }
    }
}

/// The releases of npm packages of the peers, which are pinned.
fn pinned(workspace: &Workspace, names: &[&str]) -> Result<Vec<String>> {
    let manifest = std::fs::read(workspace.root().join(setup::PEERS_PACKAGE).join("package.json"))?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest)?;
    let version = |name: &&str| Some(format!("{name} {}", manifest["dependencies"].get(*name)?.as_str()?));
    Ok(names.iter().filter_map(version).collect())
}

fn fastapi_version(python: &Path) -> String {
    let script = "import sys, fastapi, uvicorn, asyncpg; print(f'Python {sys.version.split()[0]}, FastAPI \
                  {fastapi.__version__}, Uvicorn {uvicorn.__version__}, asyncpg {asyncpg.__version__}')";
    process::answer(python, &["-c", script]).unwrap_or_else(|| "FastAPI".to_owned())
}

fn build(workspace: &Workspace, args: &PeersBenchArgs) -> Result<()> {
    progress::step("WebAssembly modules", || wasm_modules::build(workspace))?;
    binaries::build(workspace, args.profile(), &[NODE, PEER_FACADE, SEED])?;
    binaries::build_peers(workspace, args.profile())
}
