//! Waiting for something to become true.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long anything in a test may take. Generous, since it only ends tests that fail anyway.
pub const DEADLINE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(20);

/// Asks again and again until there is an answer; fails with `what` after the deadline.
pub async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask().await {
            return Ok(answer);
        }
        anyhow::ensure!(Instant::now() < deadline, "waited in vain for {what}");
        sleep(PAUSE).await;
    }
}
