//! The facade as a program of its own, whose log and memory can be looked at.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;
use worldloom_facade::Config;
use worldloom_facade::config::LogFormat;

use crate::support::{KeyPair, KeyServer, config_in, wait_for};

/// A running facade. Dropping it ends the process.
pub struct Program {
    process: Child,
    pub address: SocketAddr,
    pub key: KeyPair,
    _folder: TempDir,
    lines: Arc<Mutex<Vec<Value>>>,
    _keys: KeyServer,
}

impl Program {
    pub async fn start(adjust: impl FnOnce(&mut Config)) -> Self {
        let key = KeyPair::generate();
        let keys = KeyServer::start(&key).await;
        let folder = TempDir::new().unwrap();
        let mut config = config_in(folder.path());
        config.node.url = format!("http://{}", keys.address);
        config.log.format = LogFormat::Json;
        adjust(&mut config);
        let file = folder.path().join("facade.toml");
        std::fs::write(&file, toml::to_string(&config).unwrap()).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_worldloom-facade"))
            .arg("--config")
            .arg(&file)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (log, written) = (process.stderr.take().unwrap(), lines.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                written.lock().unwrap().push(line);
            }
        });
        let find = || {
            let lines = lines.lock().unwrap();
            lines.iter().find_map(|line| line["fields"]["address"].as_str()?.parse().ok())
        };
        wait_for("the facade to listen", || find().is_some()).await;
        Self { address: find().unwrap(), process, key, _folder: folder, lines, _keys: keys }
    }

    /// The log so far, a JSON value a line.
    pub fn log(&self) -> Vec<Value> {
        self.lines.lock().unwrap().clone()
    }

    /// Lines of the request with this id.
    pub fn lines_of(&self, request_id: &str) -> Vec<Value> {
        self.log().into_iter().filter(|line| line["span"]["request_id"] == request_id).collect()
    }

    /// Asks the program to stop, and waits until it has.
    pub async fn stop(mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let status = tokio::task::spawn_blocking(move || self.process.wait());
        let status = tokio::time::timeout(crate::support::DEADLINE, status).await.expect("it stops").unwrap().unwrap();
        assert!(status.success(), "{status}");
    }

    /// Memory that the process holds, in KiB, where the system tells.
    pub fn resident_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
