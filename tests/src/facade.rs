//! A facade of its own for each test, in front of the game database of a test's node.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::Context;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::binaries::program;
use crate::node::signal;
use crate::said::Said;
use crate::waiting::eventually;
use crate::{Account, Database, TestNode, http_builder, http_client};

/// A running facade. Dropping it kills the process and removes its objects.
pub struct TestFacade {
    folder: TempDir,
    environment: Vec<(String, String)>,
    process: Child,
    said: Said,
    /// As whom it calls the game module, with the Service role.
    pub service: Account,
    /// What speaks to it.
    pub client: FacadeClient,
}

/// Speaks to one facade, before and after it is started again.
#[derive(Clone)]
pub struct FacadeClient {
    /// The facade's base URL, without a slash at the end.
    pub url: String,
    http: Client,
}

/// A file to upload.
#[derive(Clone)]
pub struct Upload {
    /// The `Idempotency-Key`.
    pub key: String,
    /// `private`, `signed` or `public`.
    pub access_policy: &'static str,
    /// Declared type of the file.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

impl Upload {
    /// A private JPEG.
    pub fn private(key: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { key: key.into(), access_policy: "private", content_type: "image/jpeg", bytes }
    }
}

impl TestFacade {
    /// Starts a facade on a free port, with an object store and a Service identity of its own.
    pub async fn start(node: &TestNode, database: &Database) -> anyhow::Result<Self> {
        Self::start_with(node, database, &[]).await
    }

    /// The same, with settings such as `("HTTP__BODY_LIMIT_BYTES", "100")`.
    pub async fn start_with(node: &TestNode, database: &Database, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::start_under(node, database, settings, Vec::new(), Said::Aloud).await
    }

    /// The same, with environment variables of the process that are no settings, and somewhere else for its log.
    pub async fn start_under(
        node: &TestNode,
        database: &Database,
        settings: &[(&str, &str)],
        circumstances: Vec<(String, String)>,
        said: Said,
    ) -> anyhow::Result<Self> {
        let service = node.account().await?;
        let role = json!([[format!("0x{}", service.identity)], { "service": {} }]);
        database.call_ok(&database.owner, "grant_role", role).await?;
        let folder = tempfile::tempdir()?;
        let token_file = folder.path().join("service.token");
        std::fs::write(&token_file, &service.token)?;
        let mut environment = BTreeMap::from([
            ("NODE__URL", database.url.clone()),
            ("NODE__DATABASE", database.name.clone()),
            ("NODE__SERVICE_TOKEN_FILE", token_file.display().to_string()),
            ("OBJECTS__ROOT", folder.path().join("objects").display().to_string()),
            ("IDENTITY__KEY_FOLDER", folder.path().join("identity-keys").display().to_string()),
            ("LOG__FORMAT", "json".to_owned()),
            ("LOG__FILTER", "error,worldloom_facade::serve=info".to_owned()),
        ]);
        environment.extend(settings.iter().map(|(key, value)| (*key, (*value).to_owned())));
        let mut environment: Vec<_> =
            environment.into_iter().map(|(key, value)| (format!("WORLDLOOM_{key}"), value)).collect();
        environment.extend(circumstances);
        let (process, url) = spawn(&environment, 0, &said)?;
        let client = FacadeClient { url, http: http_client()? };
        let facade = Self { folder, environment, process, said, service, client };
        facade.wait_until_ready().await?;
        Ok(facade)
    }

    /// The folder of the object store.
    pub fn objects(&self) -> PathBuf {
        self.folder.path().join("objects")
    }

    /// The folder of the keys that sign the facade's tokens.
    pub fn identity_keys(&self) -> PathBuf {
        self.folder.path().join("identity-keys")
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Kills the process without warning, as a power cut would.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Whether the process runs, or is stopped and may go on.
    pub fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Asks the process to stop, as a service manager does. It may go on for a while.
    pub fn ask_to_stop(&self) -> anyhow::Result<()> {
        signal(self.pid(), "TERM")
    }

    /// Waits until the process has ended by itself.
    pub async fn has_stopped(&mut self) -> anyhow::Result<ExitStatus> {
        eventually("the facade to stop", || std::future::ready(self.process.try_wait().ok().flatten())).await
    }

    /// Starts the process again on the same objects and the same port.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.start_again()?;
        self.wait_until_ready().await
    }

    /// The same without waiting until it is ready.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        let port = self.client.url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default();
        (self.process, self.client.url) = spawn(&self.environment, port, &self.said)?;
        Ok(())
    }

    /// Waits until the facade says that it can do its work.
    pub async fn wait_until_ready(&self) -> anyhow::Result<()> {
        eventually("the facade to be ready", || async {
            let answer = self.client.request(Method::GET, "/health/ready", None).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await
    }

    /// Has a node take the tokens that this facade issues, and starts it again with that.
    pub async fn is_trusted_by(&self, node: &mut TestNode) -> anyhow::Result<()> {
        // Only now is the facade's port known, and with it its name as an issuer.
        let issuer = format!("{{ issuer = \"{}\", audiences = [\"worldloom\"] }}", self.client.url);
        node.options_mut().config = Some(format!("[auth]\ntrusted-issuers = [{issuer}]\n"));
        node.stop().await?;
        node.restart().await?;
        self.wait_until_ready().await
    }

    /// Every object in the store: its key after the bucket, and the SHA-256 of its bytes in hexadecimal digits.
    pub fn stored(&self) -> anyhow::Result<BTreeMap<String, String>> {
        stored_below(&self.objects())
    }

    /// Number of files that are being received, or that were left behind.
    pub fn staged(&self) -> anyhow::Result<usize> {
        Ok(std::fs::read_dir(self.objects().join(".staging"))?.count())
    }
}

impl FacadeClient {
    /// Speaks to whatever is at this URL, each time over a connection of its own.
    pub fn at(url: &str) -> anyhow::Result<Self> {
        let http = http_builder().pool_max_idle_per_host(0).build()?;
        Ok(Self { url: url.to_owned(), http })
    }

    /// A request to a path, as somebody or as nobody.
    pub fn request(&self, method: Method, path: &str, account: Option<&Account>) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match account {
            Some(account) => request.bearer_auth(&account.token),
            None => request,
        }
    }

    /// An upload, ready to be sent.
    pub fn upload(&self, account: &Account, upload: &Upload) -> anyhow::Result<RequestBuilder> {
        let file = Part::bytes(upload.bytes.clone()).file_name("picture").mime_str(upload.content_type)?;
        let form = Form::new().text("access_policy", upload.access_policy).part("file", file);
        let request = self.request(Method::POST, "/assets", Some(account));
        Ok(request.header("idempotency-key", &upload.key).multipart(form))
    }
}

impl Drop for TestFacade {
    fn drop(&mut self) {
        // It may have ended by itself, which is fine here.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// SHA-256 as rows and entity tags show it.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The same for the store in this folder.
pub fn stored_below(root: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut objects = BTreeMap::new();
    for bucket in subfolders(root)? {
        collect(&bucket, &bucket, &mut objects)?;
    }
    Ok(objects)
}

/// Folders of buckets: those below the root whose names begin with no dot.
fn subfolders(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries: Result<Vec<_>, _> = std::fs::read_dir(root)?.collect();
    let is_bucket = |name: &std::ffi::OsStr| !name.to_string_lossy().starts_with('.');
    Ok(entries?.iter().filter(|entry| is_bucket(&entry.file_name())).map(|entry| entry.path()).collect())
}

fn collect(bucket: &Path, folder: &Path, objects: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(bucket, &path, objects)?;
        } else {
            let key = path.strip_prefix(bucket)?.to_string_lossy().into_owned();
            objects.insert(key, sha256(&std::fs::read(&path)?));
        }
    }
    Ok(())
}

fn spawn(environment: &[(String, String)], port: u16, said: &Said) -> anyhow::Result<(Child, String)> {
    let mut command = Command::new(program("worldloom-facade")?);
    command.envs(environment.iter().cloned()).env("WORLDLOOM_HTTP__LISTEN", format!("127.0.0.1:{port}"));
    let mut process = command.stderr(Stdio::piped()).spawn().context("cannot start worldloom-facade")?;
    match announced_address(&mut process, said) {
        Ok(address) => Ok((process, format!("http://{address}"))),
        Err(cause) => {
            let _ = process.kill();
            let _ = process.wait();
            Err(cause)
        }
    }
}

/// The part of a log line that tells where the facade listens.
#[derive(Deserialize)]
struct LogLine {
    fields: Value,
}

/// Reads the address that the facade announces, and keeps reading, so that it never blocks.
fn announced_address(process: &mut Child, said: &Said) -> anyhow::Result<SocketAddr> {
    let log = process.stderr.take().context("the facade's log is piped")?;
    let mut log = BufReader::new(log);
    let address = loop {
        let mut line = String::new();
        anyhow::ensure!(log.read_line(&mut line)? > 0, "the facade ended before it listened");
        let entry = serde_json::from_str::<LogLine>(&line).ok();
        if let Some(address) = entry.as_ref().and_then(|entry| entry.fields["address"].as_str()) {
            break address.parse()?;
        }
        said.line(line.trim_end());
    };
    said.repeat(log);
    Ok(address)
}
