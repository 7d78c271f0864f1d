//! The providers together: asked in their order, each again after a pause, until text begins to arrive.
//!
//! Once there is text, nobody is asked again here: what a reader has seen cannot be taken back, so an answer that
//! breaks off ends the attempt at the stage, and the task's next attempt begins a text of its own.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::time::{sleep, timeout};

use super::{AnswerStream, Delta, Offline, OpenAi, Prompt, Provider, ProviderError, Tokens};
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
        let first = Asking { models: self.clone(), prompt, provider: 0, attempt: 1, pause: None };
        let requests = stream::unfold(Some(first), |asking| async move { Some(asking?.once().await) });
        requests.flatten().boxed()
    }

    /// The first text, and what follows. In `told` is the cost, if that was told before the text or without any.
    async fn first_of(
        &self,
        mut answer: AnswerStream,
        told: &mut Option<Tokens>,
    ) -> Result<(Delta, AnswerStream), ProviderError> {
        match timeout(self.patience.first_text, until_text(&mut answer, told)).await {
            Ok(text) => Ok((text?, answer)),
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

/// One request to a provider, which is still to be made.
struct Asking {
    models: Models,
    prompt: Prompt,
    /// Which provider, by its place in their order.
    provider: usize,
    /// The number of this request among those to it, from 1.
    attempt: u32,
    /// How long to wait before it.
    pause: Option<Duration>,
}

impl Asking {
    /// Makes the request. Returns what came of it, and the next one unless somebody has begun to answer. What was asked
    /// in vain is told before the next is made: whoever does not wait for that has paid for it all the same.
    async fn once(self) -> (AnswerStream, Option<Self>) {
        if let Some(pause) = self.pause {
            sleep(pause).await;
        }
        let Some(provider) = self.models.providers.get(self.provider).cloned() else {
            let nobody = ProviderError::Unavailable("none is configured".into());
            return (stream::iter([Err(nobody)]).boxed(), None);
        };
        let mut told = None;
        let answer = provider.answer(&self.prompt);
        let begun = self.models.first_of(answer, &mut told).await;
        match begun {
            Ok((text, rest)) => {
                self.models.metrics.model_asked(provider.name(), "answered");
                let first = [Some(text), told.map(Delta::Usage)].into_iter().flatten();
                (stream::iter(first.map(Ok)).chain(self.models.in_time(rest)).boxed(), None)
            }
            Err(error) => {
                self.models.metrics.model_asked(provider.name(), error.label());
                let next = self.after(provider.name(), &error);
                let failure = next.is_none().then_some(error);
                let spent = told.map(|cost| Ok(Delta::Spent(cost)));
                (stream::iter(spent.into_iter().chain(failure.map(Err))).boxed(), next)
            }
        }
    }

    /// Who is asked after this failure: the same provider once more, the next one, or nobody.
    fn after(self, name: &str, error: &ProviderError) -> Option<Self> {
        let may_help = self.attempt < self.models.patience.attempts && error.is_passing();
        // Somebody else may answer sooner than this one wants to be asked again; then there is no pause either.
        let pause = if may_help { self.models.delay(self.attempt, error) } else { None };
        if pause.is_some() {
            return Some(Self { attempt: self.attempt + 1, pause, ..self });
        }
        tracing::warn!(provider = name, %error, "A provider gave no answer");
        let next = Self { provider: self.provider + 1, attempt: 1, pause: None, ..self };
        (next.provider < next.models.providers.len()).then_some(next)
    }
}

/// The first text. A cost alone is no answer, whatever was paid for.
async fn until_text(answer: &mut AnswerStream, told: &mut Option<Tokens>) -> Result<Delta, ProviderError> {
    while let Some(piece) = answer.next().await {
        match piece? {
            text @ Delta::Text(_) => return Ok(text),
            Delta::Usage(cost) | Delta::Spent(cost) => *told = Some(cost),
        }
    }
    Err(ProviderError::Garbage("an empty answer".into()))
}

/// Between a half and the whole of a delay, so that facades which failed together do not ask together.
fn jittered(delay: Duration) -> Duration {
    let share = uuid::Uuid::new_v4().as_u128() as u32;
    delay.mul_f64(0.5 + f64::from(share) / f64::from(u32::MAX) / 2.0)
}
