//! Leases: each is renewed while its work goes on, and known by its token to whoever hears that it is over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use spacetimedb_sdk::Uuid;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use worldloom_client::AiTaskStart;

use crate::node_client::{CallError, NodeClient};

/// The leases that this process holds, by their tokens.
#[derive(Clone, Default)]
pub struct Leases(Arc<Mutex<HashMap<String, CancellationToken>>>);

/// One lease, until it is dropped. It is not given back: what ends it is the task's end.
pub struct Lease {
    /// The task.
    pub task_id: Uuid,
    /// Its token.
    pub token: String,
    /// Cancelled when the lease is over, whoever ended it.
    pub gone: CancellationToken,
    leases: Leases,
}

impl Leases {
    /// A lease that has just been taken.
    pub fn hold(&self, task_id: Uuid, token: String) -> Lease {
        let gone = CancellationToken::new();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), gone.clone());
        Lease { task_id, token, gone, leases: self.clone() }
    }

    /// The module says that a lease is over. Leases of others are not known here.
    pub fn is_over(&self, token: &str) {
        if let Some(gone) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(token) {
            gone.cancel();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leases.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.token);
    }
}

impl Lease {
    /// Renews the lease three times as often as it would run out. Ends when it is over.
    pub async fn keep(&self, node: &NodeClient, seconds: u32) {
        let length = Duration::from_secs(u64::from(seconds));
        let mut runs_out = Instant::now() + length;
        loop {
            tokio::time::sleep(length / 3).await;
            let request =
                AiTaskStart { task_id: self.task_id, lease_token: self.token.clone(), lease_seconds: seconds };
            let asked = Instant::now();
            match node.renew_lease(request).await {
                Ok(_) => runs_out = asked + length,
                Err(CallError::Refused(refusal)) => {
                    tracing::info!(task = %self.task_id, reason = refusal.message, "A lease is over");
                    return self.gone.cancel();
                }
                Err(error) if Instant::now() >= runs_out => {
                    tracing::warn!(task = %self.task_id, %error, "A lease has run out");
                    return self.gone.cancel();
                }
                Err(_) => {}
            }
        }
    }
}
