//! The providers together: asked in their order, each again after a pause, until text begins to arrive.
//!
//! Once there is text, nobody is asked again here: what a reader has seen cannot be taken back, so an answer that
//! breaks off ends the attempt at the stage, and the task's next attempt begins a text of its own.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::time::{sleep, timeout};

use super::{AnswerStream, Delta, Offline, OpenAi, Prompt, Provider, ProviderError};
use crate::ai::config::{AiConfig, ProviderConfig};
use crate::config::ConfigError;
use crate::metrics::Metrics;

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the first text.
    pub first_text: Duration,
    /// Between two pieces.
    pub silence: Duration,
    /// How often a provider is asked.
    pub attempts: u32,
    /// Before a provider is asked for the second time; doubles each time.
    pub delay_min: Duration,
    /// The longest delay, whatever `Retry-After` says.
    pub delay_max: Duration,
}

/// All providers. Clones share them.
#[derive(Clone)]
pub struct Models {
    providers: Arc<[Arc<dyn Provider>]>,
    patience: Patience,
    metrics: Metrics,
}

impl Models {
    /// The providers that the operator has named.
    pub fn configured(config: &AiConfig, metrics: Metrics) -> Result<Self, ConfigError> {
        // Redirects would take the key to another host.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(config.first_text_timeout())
            .build()
            .map_err(|error| ConfigError::Invalid { key: "ai.providers", problem: error.to_string() })?;
        let mut providers: Vec<Arc<dyn Provider>> = Vec::new();
        for provider in &config.providers {
            providers.push(match provider {
                ProviderConfig::Offline(offline) => Arc::new(Offline::new(offline)),
                ProviderConfig::Openai(endpoint) => {
                    Arc::new(OpenAi::new(endpoint.clone(), endpoint.read_api_key()?, http.clone()))
                }
            });
        }
        let patience = Patience {
            first_text: config.first_text_timeout(),
            silence: config.silence_timeout(),
            attempts: config.attempts_per_provider,
            delay_min: Duration::from_millis(config.retry_delay_min_ms),
            delay_max: Duration::from_millis(config.retry_delay_max_ms),
        };
        Ok(Self::new(providers, patience, metrics))
    }

    /// These providers.
    pub fn new(providers: Vec<Arc<dyn Provider>>, patience: Patience, metrics: Metrics) -> Self {
        Self { providers: providers.into(), patience, metrics }
    }

    /// Asks until somebody begins to answer, and hands the answer on. It fails with the last one's failure.
    pub fn answer(&self, prompt: Prompt) -> AnswerStream {
        let models = self.clone();
        let answer = async move {
            match models.begin(&prompt).await {
                Ok((begun, rest)) => stream::iter(begun.into_iter().map(Ok)).chain(models.in_time(rest)).boxed(),
                Err(error) => stream::iter([Err(error)]).boxed(),
            }
        };
        stream::once(answer).flatten().boxed()
    }

    async fn begin(&self, prompt: &Prompt) -> Result<(Vec<Delta>, AnswerStream), ProviderError> {
        let mut last = ProviderError::Unavailable("none is configured".into());
        for provider in &*self.providers {
            match self.begin_with(&**provider, prompt).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    tracing::warn!(provider = provider.name(), %error, "A provider gave no answer");
                    last = error;
                }
            }
        }
        Err(last)
    }

    async fn begin_with(
        &self,
        provider: &dyn Provider,
        prompt: &Prompt,
    ) -> Result<(Vec<Delta>, AnswerStream), ProviderError> {
        let mut attempt = 1;
        loop {
            let error = match self.first_of(provider.answer(prompt)).await {
                Ok(begun) => {
                    self.metrics.model_asked(provider.name(), "answered");
                    return Ok(begun);
                }
                Err(error) => error,
            };
            self.metrics.model_asked(provider.name(), error.label());
            if attempt == self.patience.attempts || !error.is_passing() {
                return Err(error);
            }
            match self.delay(attempt, &error) {
                Some(delay) => sleep(delay).await,
                // Somebody else may answer sooner than this one wants to be asked again.
                None => return Err(error),
            }
            attempt += 1;
        }
    }

    /// The first text, with what came beside it, and what follows.
    async fn first_of(&self, mut answer: AnswerStream) -> Result<(Vec<Delta>, AnswerStream), ProviderError> {
        match timeout(self.patience.first_text, until_text(&mut answer)).await {
            Ok(begun) => Ok((begun?, answer)),
            Err(_) => Err(ProviderError::Unavailable("it did not begin to answer in time".into())),
        }
    }

    /// How long to wait before the next attempt; `None` if that is longer than anybody waits.
    fn delay(&self, attempt: u32, error: &ProviderError) -> Option<Duration> {
        let doubled = self.patience.delay_min.saturating_mul(1 << (attempt - 1).min(16));
        let delay = doubled.min(self.patience.delay_max);
        match error {
            ProviderError::Busy { retry_after: Some(wanted) } if *wanted > self.patience.delay_max => None,
            ProviderError::Busy { retry_after: Some(wanted) } => Some((*wanted).max(jittered(delay / 4))),
            _ => Some(jittered(delay)),
        }
    }

    /// Ends an answer that falls silent.
    fn in_time(&self, rest: AnswerStream) -> AnswerStream {
        let silence = self.patience.silence;
        let pieces = stream::unfold(Some(rest), move |rest| async move {
            let mut rest = rest?;
            match timeout(silence, rest.next()).await {
                Ok(Some(Ok(piece))) => Some((Ok(piece), Some(rest))),
                Ok(Some(Err(error))) => Some((Err(error), None)),
                Ok(None) => None,
                Err(_) => Some((Err(ProviderError::Broken("it fell silent".into())), None)),
            }
        });
        pieces.boxed()
    }
}

/// The first text and, behind it, the cost if that was told before. A cost alone is no answer, whatever was paid for.
async fn until_text(answer: &mut AnswerStream) -> Result<Vec<Delta>, ProviderError> {
    let mut beside = Vec::new();
    while let Some(piece) = answer.next().await {
        match piece? {
            text @ Delta::Text(_) => {
                beside.insert(0, text);
                return Ok(beside);
            }
            usage @ Delta::Usage(_) => beside.push(usage),
        }
    }
    Err(ProviderError::Garbage("an empty answer".into()))
}

/// Between a half and the whole of a delay, so that facades which failed together do not ask together.
fn jittered(delay: Duration) -> Duration {
    let share = uuid::Uuid::new_v4().as_u128() as u32;
    delay.mul_f64(0.5 + f64::from(share) / f64::from(u32::MAX) / 2.0)
}
