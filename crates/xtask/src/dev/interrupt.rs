//! Ctrl-C and its relatives: SIGINT, SIGTERM and SIGHUP ask for an orderly stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};

/// How often the person has asked for a stop.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    requests: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Takes over the signals of this process.
    pub fn install() -> Result<Self> {
        let interrupt = Self::default();
        let handler = interrupt.clone();
        ctrlc::set_handler(move || handler.request()).context("Ctrl-C cannot be handled")?;
        Ok(interrupt)
    }

    /// Counts one more request.
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a stop was asked for.
    pub fn is_requested(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > 0
    }

    /// Whether it was asked for again, which means: now.
    pub fn is_urgent(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > 1
    }
}
