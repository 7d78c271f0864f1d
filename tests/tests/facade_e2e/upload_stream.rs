//! A player that uploads without pause, and a record of what it was told.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::bail;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::task::JoinHandle;
use worldloom_tests::facade::{FacadeClient, Upload};
use worldloom_tests::pictures::picture;
use worldloom_tests::{Account, eventually};

/// Uploads under way at any time.
const PARALLEL: usize = 8;
/// After a failed attempt, so that a stopped server is not asked without pause.
const PAUSE: Duration = Duration::from_millis(20);

/// What was said about every upload.
#[derive(Default)]
pub struct Told {
    /// The asset of each upload that was answered 201, and the uploaded bytes.
    pub acknowledged: Vec<(Value, Vec<u8>)>,
    /// Uploads that were answered 503, or not at all: nothing is known of them.
    pub unknown: Vec<Upload>,
}

/// Uploads that go on until they are stopped.
pub struct UploadStream {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<anyhow::Result<()>>>,
}

struct Shared {
    facade: FacadeClient,
    player: Account,
    next: AtomicU32,
    is_stopped: AtomicBool,
    told: Mutex<Told>,
}

impl UploadStream {
    /// Begins to upload pictures of this player, each under a key of its own.
    pub fn start(facade: &FacadeClient, player: &Account) -> Self {
        let shared = Arc::new(Shared {
            facade: facade.clone(),
            player: player.clone(),
            next: AtomicU32::new(0),
            is_stopped: AtomicBool::new(false),
            told: Mutex::default(),
        });
        let workers = (0..PARALLEL).map(|_| tokio::spawn(upload_until_stopped(shared.clone()))).collect();
        Self { shared, workers }
    }

    /// Waits until so many more uploads have been answered 201.
    pub async fn wait_for_acknowledged(&self, more: usize) -> anyhow::Result<()> {
        let enough = self.shared.told().acknowledged.len() + more;
        eventually("uploads to succeed", || async { (self.shared.told().acknowledged.len() >= enough).then_some(()) })
            .await
    }

    /// Waits until one more upload has failed.
    pub async fn wait_for_unknown(&self) -> anyhow::Result<()> {
        let before = self.shared.told().unknown.len();
        eventually("an upload to fail", || async { (self.shared.told().unknown.len() > before).then_some(()) }).await
    }

    /// Ends the uploads and says what they were told.
    pub async fn stop(self) -> anyhow::Result<Told> {
        self.shared.is_stopped.store(true, Ordering::Relaxed);
        for worker in self.workers {
            worker.await??;
        }
        Ok(std::mem::take(&mut *self.shared.told()))
    }
}

impl Shared {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn upload_until_stopped(shared: Arc<Shared>) -> anyhow::Result<()> {
    while !shared.is_stopped.load(Ordering::Relaxed) {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let upload = Upload::private(format!("upload-{number}"), picture(number)?);
        let asset = match shared.facade.upload(&shared.player, &upload)?.send().await {
            Ok(answer) if answer.status() == StatusCode::CREATED => answer.json::<Value>().await.ok(),
            Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => None,
            Ok(answer) => bail!("an upload was answered {}: {}", answer.status(), answer.text().await?),
            // The facade was killed before it had answered.
            Err(_) => None,
        };
        match asset {
            Some(asset) => shared.told().acknowledged.push((asset, upload.bytes)),
            None => {
                shared.told().unknown.push(upload);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    Ok(())
}
