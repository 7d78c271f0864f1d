//! The node's public key: fetched once, kept, and fetched again, rarely, when a token does not fit it.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::DecodingKey;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

/// While there is no key at all, every token fails, so the node is asked more often.
const FIRST_FETCH_INTERVAL: Duration = Duration::from_millis(500);
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);
/// A P-256 key in PEM has under 200 bytes.
const KEY_BYTES_MAX: usize = 8 * 1024;

/// The key, and when the node was last asked for it. Clones share them.
#[derive(Clone)]
pub struct NodeKey {
    http: reqwest::Client,
    url: Arc<str>,
    refetch_interval: Duration,
    current: watch::Sender<Option<Arc<DecodingKey>>>,
    // Apart from the key, so that nobody who has a key waits for a fetch.
    asked_at: Arc<Mutex<Option<Instant>>>,
}

impl NodeKey {
    /// The key of the node at this base URL. Nothing is fetched yet.
    ///
    /// Strangers can send tokens that fit no key as fast as they like; because of them the node is asked at most
    /// once in `refetch_interval`.
    pub fn new(http: reqwest::Client, node_url: &str, refetch_interval: Duration) -> Self {
        let url = format!("{}/v1/identity/public-key", node_url.trim_end_matches('/'));
        Self { http, url: url.into(), refetch_interval, current: watch::Sender::new(None), asked_at: Arc::default() }
    }

    /// The key as it is known, fetched if it is not. `None` when the node could not be asked.
    pub async fn known(&self) -> Option<Arc<DecodingKey>> {
        match self.current() {
            Some(key) => Some(key),
            None => self.fetched(None, FIRST_FETCH_INTERVAL).await,
        }
    }

    /// The key fetched anew because `stale` did not fit, if the node may be asked again and has another one.
    pub async fn newer_than(&self, stale: &Arc<DecodingKey>) -> Option<Arc<DecodingKey>> {
        self.fetched(Some(stale), self.refetch_interval).await
    }

    async fn fetched(&self, stale: Option<&Arc<DecodingKey>>, interval: Duration) -> Option<Arc<DecodingKey>> {
        let is_newer = |key: &Arc<DecodingKey>| stale.is_none_or(|stale| !Arc::ptr_eq(key, stale));
        let mut asked_at = self.asked_at.lock().await;
        // Whoever waited for the lock may find that the key has come meanwhile.
        if let Some(key) = self.current().filter(is_newer) {
            return Some(key);
        }
        if asked_at.is_some_and(|asked_at| asked_at.elapsed() < interval) {
            return None;
        }
        let fetched = self.fetch().await;
        *asked_at = Some(Instant::now());
        match fetched {
            Ok(key) => {
                let key = Arc::new(key);
                self.current.send_replace(Some(key.clone()));
                Some(key)
            }
            Err(error) => {
                tracing::warn!(%error, "The node's public key cannot be fetched");
                None
            }
        }
    }

    fn current(&self) -> Option<Arc<DecodingKey>> {
        self.current.borrow().clone()
    }

    async fn fetch(&self) -> anyhow::Result<DecodingKey> {
        let request = self.http.get(&*self.url).timeout(FETCH_TIMEOUT);
        let mut response = request.send().await?.error_for_status()?;
        let mut pem = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            pem.extend_from_slice(&chunk);
            anyhow::ensure!(pem.len() <= KEY_BYTES_MAX, "the answer is too large for a key");
        }
        Ok(DecodingKey::from_ec_pem(&pem)?)
    }
}
