//! A PostgreSQL of the benchmark's own: its data in a folder of its own, reached by a Unix socket alone, which is its
//! fastest way and cannot collide with another server on the machine.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::bench::server_process::stop;
use crate::process;
use crate::setup::is_root;
use crate::workspace::Workspace;

/// How long a start may take; after a benchmark that was killed, it is a recovery.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Who owns everything.
pub const USER: &str = "peers";
/// The database of the peers.
pub const DATABASE: &str = "peers";
/// PostgreSQL refuses to run as root; this is who Debian's package lets it run as.
const SYSTEM_USER: &str = "postgres";
/// Paths of Unix sockets are short by the system's law, so the socket's folder is a temporary one.
const SOCKET: &str = ".s.PGSQL.5432";

/// What a careful operator would set for many small transactions, with nothing that gives safety away.
const SETTINGS: [&str; 13] = [
    "listen_addresses=",
    "max_connections=300",
    "shared_buffers=1GB",
    // Nobody replicates: less is written to the log.
    "wal_level=minimal",
    "max_wal_senders=0",
    "wal_buffers=64MB",
    // No checkpoint falls into a measurement for being small, and each spreads its writes.
    "max_wal_size=8GB",
    "checkpoint_timeout=30min",
    "checkpoint_completion_target=0.9",
    "jit=off",
    "autovacuum_naptime=10s",
    "logging_collector=off",
    "log_min_messages=warning",
];

/// An initialised data folder.
pub struct Cluster {
    programs: PathBuf,
    data: PathBuf,
    sockets: tempfile::TempDir,
}

/// A running server. Dropping it stops it.
pub struct Postgres<'a> {
    cluster: &'a Cluster,
    child: Child,
}

impl Cluster {
    /// Makes a data folder below `folder` with the programs of this folder.
    pub fn create(programs: &Path, folder: &Path) -> Result<Self> {
        let data = folder.join("postgres");
        std::fs::create_dir_all(&data)?;
        let cluster = Self { programs: programs.to_owned(), data, sockets: tempfile::tempdir()? };
        hand_over(&cluster.data)?;
        hand_over(cluster.sockets.path())?;
        let reachable = process::run_quietly(as_system_user("test").arg("-w").arg(&cluster.data));
        ensure!(
            reachable.is_ok(),
            "the user {SYSTEM_USER}, which PostgreSQL runs as, cannot reach {}: let it enter the folders above, or run \
             the benchmark as another user than root",
            cluster.data.display()
        );
        let mut initdb = as_system_user(cluster.programs.join("initdb"));
        initdb.args(["--username", USER, "--auth=trust", "--no-locale", "--encoding=UTF8", "--no-instructions"]);
        process::run_quietly(initdb.arg("-D").arg(&cluster.data)).context("PostgreSQL's data cannot be made")?;
        let postgres = cluster.start()?;
        postgres.psql("postgres", |psql| psql.args(["-c", &format!("CREATE DATABASE {DATABASE}")]))?;
        drop(postgres);
        Ok(cluster)
    }

    /// Starts the server.
    pub fn start(&self) -> Result<Postgres<'_>> {
        let mut command = as_system_user(self.programs.join("postgres"));
        command.arg("-D").arg(&self.data).arg("-k").arg(self.sockets.path());
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let log = File::options().create(true).append(true).open(self.data.with_extension("log"))?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let child = child.context("PostgreSQL does not start")?;
        let mut postgres = Postgres { cluster: self, child };
        let deadline = Instant::now() + START_LIMIT;
        while !postgres.is_ready() {
            if let Some(status) = postgres.child.try_wait()? {
                let log = std::fs::read_to_string(self.data.with_extension("log")).unwrap_or_default();
                bail!("PostgreSQL ended at its start ({status}): {log}");
            }
            ensure!(Instant::now() < deadline, "PostgreSQL does not start");
            thread::sleep(process::POLL_INTERVAL);
        }
        Ok(postgres)
    }
}

impl Postgres<'_> {
    /// The folder of its socket.
    pub fn host(&self) -> &Path {
        self.cluster.sockets.path()
    }

    /// Runs a file of statements, in which variables are set.
    pub fn run_file(&self, path: &Path, variables: &[(&str, u32)]) -> Result<()> {
        let set = |(name, value): &(&str, u32)| ["-v".to_owned(), format!("{name}={value}")];
        self.psql(DATABASE, |psql| psql.args(variables.iter().flat_map(set)).arg("-f").arg(path))
    }

    /// Runs statements, each in a transaction of its own.
    pub fn run(&self, statements: &[&str]) -> Result<()> {
        statements.iter().try_for_each(|statement| self.psql(DATABASE, |psql| psql.args(["-c", statement])))
    }

    /// What a query answers in its one row and column.
    pub fn ask(&self, query: &str) -> Result<String> {
        let host = self.host().to_string_lossy();
        let arguments = ["-XAt", "-h", &host, "-U", USER, "-d", DATABASE, "-c", query];
        process::answer(self.cluster.programs.join("psql"), &arguments).with_context(|| format!("`{query}` failed"))
    }

    fn is_ready(&self) -> bool {
        self.host().join(SOCKET).exists() && self.psql("postgres", |psql| psql.args(["-c", "SELECT 1"])).is_ok()
    }

    fn psql(&self, database: &str, what: impl FnOnce(&mut Command) -> &mut Command) -> Result<()> {
        let mut command = Command::new(self.cluster.programs.join("psql"));
        command.args(["-Xq", "-v", "ON_ERROR_STOP=1", "-U", USER, "-d", database, "-h"]).arg(self.host());
        process::run_quietly(what(&mut command))
    }
}

impl Drop for Postgres<'_> {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// Where the peers' statements are.
pub fn statements(workspace: &Workspace, file: &str) -> PathBuf {
    workspace.root().join("tests/peers").join(file)
}

/// The program as a user that PostgreSQL agrees with. The process keeps its number, so that it can be stopped.
fn as_system_user(program: impl AsRef<std::ffi::OsStr>) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", SYSTEM_USER, "--regid", SYSTEM_USER, "--clear-groups", "--"]).arg(program);
    command
}

/// Gives a folder to the user that PostgreSQL runs as.
#[cfg(unix)]
fn hand_over(folder: &Path) -> Result<()> {
    if !is_root() {
        return Ok(());
    }
    let number = |flag: &str| process::answer("id", &[flag, SYSTEM_USER])?.parse().ok();
    let (user, group) = (number("-u"), number("-g"));
    ensure!(user.is_some() && group.is_some(), "PostgreSQL cannot run as root, and there is no user {SYSTEM_USER}");
    Ok(std::os::unix::fs::chown(folder, user, group)?)
}

#[cfg(not(unix))]
fn hand_over(_folder: &Path) -> Result<()> {
    Ok(())
}
