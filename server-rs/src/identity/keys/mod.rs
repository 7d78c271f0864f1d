//! The keys that sign players' tokens: made, published ahead of use, used in turn, published until their last token
//! has run out, and removed.

mod folder;
mod schedule;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::sync::watch;

pub use folder::{Key, KeyFolder};
pub use schedule::Timing;

/// How often the folder is looked at. Keys are published for much longer before they sign.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// The keys as they are at present. Clones share them.
#[derive(Clone)]
pub struct KeyRing {
    folder: KeyFolder,
    timing: Timing,
    keys: watch::Sender<Arc<Vec<Key>>>,
}

impl KeyRing {
    /// Opens the folder and makes the first key if there is none.
    pub fn open(path: &Path, timing: Timing, now_s: u64) -> anyhow::Result<Self> {
        let ring = Self { folder: KeyFolder::open(path)?, timing, keys: watch::Sender::new(Arc::default()) };
        ring.tend(now_s)?;
        Ok(ring)
    }

    /// Makes the next key when it is due, removes those that are over, and takes notice of what others did.
    pub fn tend(&self, now_s: u64) -> anyhow::Result<()> {
        let is_due = |keys: &[Key]| self.timing.next_is_due(&made_s(keys), now_s);
        if is_due(&self.folder.read()?) {
            self.folder.make(now_s, is_due)?;
        }
        let mut keys = self.folder.read()?;
        let over = self.timing.over(&made_s(&keys), now_s);
        for key in keys.drain(..over) {
            self.folder.remove(&key)?;
        }
        self.keys.send_replace(Arc::new(keys));
        Ok(())
    }

    /// Tends the keys for ever.
    pub async fn keep_tending(self) {
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let ring = self.clone();
            let tended = tokio::task::spawn_blocking(move || ring.tend(jsonwebtoken::get_current_timestamp())).await;
            if let Ok(Err(error)) = tended {
                // The keys in memory go on signing.
                tracing::error!(error = format!("{error:#}"), "The signing keys cannot be tended");
            }
        }
    }

    /// Lends the key that signs at `now_s`.
    pub fn with_signing<T>(&self, now_s: u64, sign: impl FnOnce(&Key) -> T) -> Option<T> {
        let keys = self.keys.borrow().clone();
        let position = self.timing.signing(&made_s(&keys), now_s)?;
        keys.get(position).map(sign)
    }

    /// Lends the key with this id.
    pub fn with_key<T>(&self, id: &str, check: impl FnOnce(&Key) -> T) -> Option<T> {
        let keys = self.keys.borrow().clone();
        keys.iter().find(|key| key.id == id).map(check)
    }

    /// The public keys as a JSON Web Key Set (RFC 7517).
    pub fn published(&self) -> Value {
        let keys = self.keys.borrow().clone();
        json!({ "keys": keys.iter().map(jwk).collect::<Vec<_>>() })
    }
}

fn made_s(keys: &[Key]) -> Vec<u64> {
    keys.iter().map(|key| key.made_s).collect()
}

fn jwk(key: &Key) -> Value {
    let [x, y] = key.point.map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
    json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key.id, "x": x, "y": y })
}
