//! A network of its own for the node, with one cable to everybody else that can be pulled.
//!
//! Only root can make one. Where there is none, the lines of the test process fall silent instead, which differs in
//! that the node's own TCP still sees a neighbour who takes everything.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, ensure};

/// Networks of four addresses below 10.213.0.0/16.
const NETWORKS: u32 = 1 << 14;
/// Of these a process takes so many, one after the other.
const NETWORKS_PER_PROCESS: u32 = 8;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A namespace that goes away when it is dropped.
pub struct Namespace {
    name: String,
    /// The address of programs in it.
    pub address: IpAddr,
    cable: String,
}

impl Namespace {
    /// A namespace with its cable plugged in; nothing where none can be made.
    pub fn open() -> Option<Self> {
        let process = std::process::id();
        let number = NEXT.fetch_add(1, Ordering::Relaxed) % NETWORKS_PER_PROCESS;
        let network = (process.wrapping_mul(NETWORKS_PER_PROCESS) + number) % NETWORKS;
        let network = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 213, 0, 0)) + network * 4);
        let (near, far) = (next(network, 1), next(network, 2));
        let name = format!("worldloom-{process}-{number}");
        let (here, there) = (format!("wl{process}-{number}a"), format!("wl{process}-{number}b"));
        // What a killed run of the same process number has left behind.
        let _ = ip(&["netns", "del", &name]);
        ip(&["netns", "add", &name]).ok()?;
        let namespace = Self { name, address: IpAddr::V4(far), cable: there };
        namespace.lay_cable(&here, near, far).ok()?;
        Some(namespace)
    }

    fn lay_cable(&self, here: &str, near: Ipv4Addr, far: Ipv4Addr) -> anyhow::Result<()> {
        let Self { name, cable, .. } = self;
        ip(&["link", "add", here, "type", "veth", "peer", "name", cable, "netns", name])?;
        ip(&["address", "add", &format!("{near}/30"), "dev", here])?;
        ip(&["link", "set", here, "up"])?;
        ip(&["-n", name, "address", "add", &format!("{far}/30"), "dev", cable])?;
        ip(&["-n", name, "link", "set", "lo", "up"])?;
        self.plug_in()
    }

    /// What starts a program in it.
    pub fn launcher(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.name].map(str::to_owned).into()
    }

    /// Nothing gets in or out any more, and nobody is told.
    pub fn pull_cable(&self) -> anyhow::Result<()> {
        ip(&["-n", &self.name, "link", "set", &self.cable, "down"])
    }

    /// Everything gets through again.
    pub fn plug_in(&self) -> anyhow::Result<()> {
        ip(&["-n", &self.name, "link", "set", &self.cable, "up"])
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The cable goes with it.
        let _ = ip(&["netns", "del", &self.name]);
    }
}

fn next(network: Ipv4Addr, number: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(network) + number)
}

fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    let done = Command::new("ip").args(arguments).output().context("there is no `ip`")?;
    ensure!(done.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}
