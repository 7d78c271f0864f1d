//! The trail of privileged calls: who did what to what, when, and how it ended. One JSON object a line, only ever
//! appended.
//!
//! A call is written down before it is made and again when it has ended, each time through to the disk. What cannot be
//! written down beforehand is not done. A call with a beginning and no end was cut off with the process.

use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use spacetimedb_sdk::Identity;
use tokio_util::task::TaskTracker;

use crate::config::{ConfigError, ensure};
use crate::problem::{Problem, ProblemCode};
use crate::request_context::RequestId;

/// Section `audit`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// File that records are appended to; the standard output when empty.
    pub file: PathBuf,
}

impl AuditConfig {
    /// Checks what the types cannot say.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        ensure(
            folder.is_none_or(Path::is_dir),
            "audit.file",
            format!(
                "lies in no folder: make one for {}, or leave the key empty for the standard output",
                self.file.display()
            ),
        )
    }

    /// Opens the file, and makes it if it is not there.
    pub fn check_file(&self) -> Result<(), ConfigError> {
        let invalid = |cause| ConfigError::Invalid {
            key: "audit.file",
            problem: format!("cannot append to {}: {cause}. Let the facade write there", self.file.display()),
        };
        if self.file.as_os_str().is_empty() { Ok(()) } else { open(&self.file).map(drop).map_err(invalid) }
    }
}

/// A privileged call.
#[derive(Debug, Clone)]
pub struct PrivilegedCall {
    /// Who makes it.
    pub actor: Identity,
    /// What it is, as `domain.verb`.
    pub action: &'static str,
    /// What it is about, with every choice that the caller made.
    pub target: Value,
    /// The request that it came by.
    pub request_id: RequestId,
}

/// Where the trail is written. Clones write to the same place.
#[derive(Debug, Clone)]
pub struct Audit {
    file: Arc<Path>,
    tasks: TaskTracker,
}

#[derive(Serialize)]
struct Record<'a> {
    at: String,
    event: &'static str,
    request_id: &'a str,
    actor: String,
    action: &'static str,
    target: &'a Value,
    /// `ok` or a problem's code, once the call has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a str>,
}

impl Audit {
    /// A trail in the configured place. Calls run in `tasks`, so that a stop waits for them.
    pub fn new(config: &AuditConfig, tasks: TaskTracker) -> Result<Self, ConfigError> {
        config.check_file()?;
        Ok(Self { file: config.file.as_path().into(), tasks })
    }

    /// Makes a call and writes it down. It runs to its end even if its client goes away.
    pub async fn recorded<T, W>(&self, call: PrivilegedCall, work: W) -> Result<T, Problem>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, Problem>> + Send + 'static,
    {
        let line = call.line("begun", None);
        self.append(line).await.map_err(|error| {
            tracing::error!(%error, action = call.action, "A privileged call cannot be written down and is not made");
            Problem::new(
                ProblemCode::AuditUnavailable,
                "This call cannot be written down, so it was not made. The facade's operator finds the cause in its log.",
            )
        })?;
        let audit = self.clone();
        let made = self.tasks.spawn(async move {
            // In a task of its own, so that a panic has an end in the trail as well.
            let outcome = audit.tasks.spawn(work).await.unwrap_or_else(|_| Err(Problem::internal()));
            let code = outcome.as_ref().map_or_else(|problem| problem.code().name(), |_| "ok");
            let line = call.line("ended", Some(code));
            if let Err(error) = audit.append(line.clone()).await {
                // It was done, and saying otherwise would be a lie; the log keeps what the trail could not.
                tracing::error!(%error, record = line, "The end of a privileged call cannot be written down");
            }
            outcome
        });
        made.await.unwrap_or_else(|_| Err(Problem::internal()))
    }

    /// Writes one line through. The file is opened anew each time, so that it may be moved away when it is full.
    async fn append(&self, line: String) -> io::Result<()> {
        let file = self.file.clone();
        let write = move || match file.as_os_str().is_empty() {
            true => {
                let mut output = io::stdout().lock();
                output.write_all(line.as_bytes())?;
                output.flush()
            }
            false => {
                let mut file = open(&file)?;
                file.write_all(line.as_bytes())?;
                file.sync_data()
            }
        };
        tokio::task::spawn_blocking(write).await.unwrap_or_else(|cause| Err(io::Error::other(cause)))
    }
}

impl PrivilegedCall {
    fn line(&self, event: &'static str, outcome: Option<&str>) -> String {
        let record = Record {
            at: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            event,
            request_id: &self.request_id.0,
            actor: self.actor.to_hex().to_string(),
            action: self.action,
            target: &self.target,
            outcome,
        };
        format!("{}\n", serde_json::json!(record))
    }
}

/// For its owner's eyes only. Each write goes to the end, also when several facades share the file.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call() -> PrivilegedCall {
        let (actor, target) = (Identity::from_claims("localhost", "operator"), json!({ "dry_run": false }));
        PrivilegedCall { actor, action: "objects.sweep", target, request_id: RequestId("r-1".into()) }
    }

    fn trail(folder: &tempfile::TempDir) -> (Audit, PathBuf) {
        let file = folder.path().join("audit.jsonl");
        let audit = Audit::new(&AuditConfig { file: file.clone() }, TaskTracker::new()).unwrap();
        (audit, file)
    }

    fn records(file: &Path) -> Vec<Value> {
        let text = std::fs::read_to_string(file).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[tokio::test]
    async fn a_call_is_written_down_before_and_after_it_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let (audit, file) = trail(&folder);
        let seen = file.clone();
        let answer = audit.recorded(call(), async move { Ok(records(&seen).len()) }).await;
        assert_eq!(answer.ok(), Some(1), "the beginning is there before the call");
        let _: Result<(), _> = audit.recorded(call(), async { Err(Problem::not_found("Nothing.")) }).await;
        let _: Result<(), _> = audit.recorded(call(), async { panic!("on purpose") }).await;
        let records = records(&file);
        let text = |record: &Value, name: &str| record[name].as_str().unwrap_or_default().to_owned();
        let outcomes: Vec<_> =
            records.iter().map(|record| format!("{} {}", text(record, "event"), text(record, "outcome"))).collect();
        assert_eq!(outcomes, ["begun ", "ended ok", "begun ", "ended not_found", "begun ", "ended internal"]);
        assert_eq!(records[0]["actor"], call().actor.to_hex().to_string());
        assert_eq!(records[1]["target"], json!({ "dry_run": false }));
        assert_eq!((&records[1]["request_id"], &records[1]["action"]), (&json!("r-1"), &json!("objects.sweep")));
        assert!(
            records.iter().all(|record| chrono::DateTime::parse_from_rfc3339(record["at"].as_str().unwrap()).is_ok())
        );
    }

    #[tokio::test]
    async fn what_cannot_be_written_down_is_not_done() {
        let folder = tempfile::tempdir().unwrap();
        let (audit, file) = trail(&folder);
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        let made = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (seen, work) = (made.clone(), made.clone());
        let answer = audit
            .recorded(call(), async move {
                work.store(true, std::sync::atomic::Ordering::SeqCst);
                Ok(())
            })
            .await;
        assert_eq!(answer.unwrap_err().code(), ProblemCode::AuditUnavailable);
        assert!(!seen.load(std::sync::atomic::Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_call_goes_on_when_its_client_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (audit, file) = trail(&folder);
        let (tasks, start) = (audit.tasks.clone(), Arc::new(tokio::sync::Notify::new()));
        let started = start.clone();
        let work = async move {
            start.notify_one();
            tokio::task::yield_now().await;
            Ok(())
        };
        let request = tokio::spawn(async move { audit.recorded(call(), work).await.is_ok() });
        started.notified().await;
        request.abort();
        tasks.close();
        tasks.wait().await;
        assert_eq!(records(&file).last().map(|record| record["outcome"].clone()), Some(json!("ok")));
    }
}
