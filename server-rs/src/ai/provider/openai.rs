//! Any endpoint that speaks the protocol of OpenAI's chat completions, with streaming.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use eventsource_stream::Eventsource;
use futures::stream::{self, Stream, StreamExt};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AnswerStream, Delta, Message, Prompt, Provider, ProviderError, Role, Tokens};
use crate::ai::config::OpenAiConfig;

/// Longest answer, with all that the protocol wraps around it. An endpoint that never ends costs no more.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How much of an error's body is looked at.
const ERROR_BYTES_MAX: usize = 8 * 1024;

/// One endpoint.
pub struct OpenAi {
    config: OpenAiConfig,
    key: Option<SecretString>,
    http: Client,
    url: String,
}

impl OpenAi {
    /// An endpoint and the client to ask it with, which must follow no redirects: they would take the key along.
    pub fn new(config: OpenAiConfig, key: Option<SecretString>, http: Client) -> Self {
        let url = format!("{}/chat/completions", config.base_url.trim_end_matches('/'));
        Self { config, key, http, url }
    }

    fn body(&self, prompt: &Prompt) -> Value {
        let mut messages: Vec<Value> = prompt.messages.iter().map(message).collect();
        let mut body = json!({
            "model": self.config.model,
            "max_tokens": self.config.max_tokens,
            "stream": true,
            "stream_options": { "include_usage": true },
        });
        if let Some(schema) = &prompt.schema {
            if self.config.json_schema {
                let name: String = prompt.template.replace(|other: char| !other.is_ascii_alphanumeric(), "_");
                let held = json!({ "name": name, "schema": schema, "strict": true });
                body["response_format"] = json!({ "type": "json_schema", "json_schema": held });
            } else {
                let ask = format!("Answer with JSON alone, of this schema:\n{schema}");
                messages.push(message(&Message { role: Role::System, text: ask }));
            }
        }
        body["messages"] = Value::Array(messages);
        body
    }
}

impl Provider for OpenAi {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn answer(&self, prompt: &Prompt) -> AnswerStream {
        let mut request = self.http.post(&self.url).header(ACCEPT, "text/event-stream").json(&self.body(prompt));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let answer = async move {
            match begin(request).await {
                Ok(response) => pieces(response.bytes_stream()).boxed(),
                Err(error) => stream::iter([Err(error)]).boxed(),
            }
        };
        stream::once(answer).flatten().boxed()
    }
}

fn message(message: &Message) -> Value {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    json!({ "role": role, "content": message.text })
}

async fn begin(request: reqwest::RequestBuilder) -> Result<Response, ProviderError> {
    // The address in the error's text is the operator's business, not the player's.
    let response = request.send().await.map_err(|error| {
        tracing::debug!(error = %error, "A model cannot be reached");
        ProviderError::Unavailable("it cannot be reached".into())
    })?;
    if !response.status().is_success() {
        return Err(refusal(response).await);
    }
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream")) {
        Ok(response)
    } else {
        Err(ProviderError::Garbage("no stream of events".into()))
    }
}

/// What a status other than success means.
async fn refusal(response: Response) -> ProviderError {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = head_of(response).await;
    tracing::debug!(status = status.as_u16(), body = %String::from_utf8_lossy(&body), "A model refused");
    let retry_after = retry_after(&headers, SystemTime::now());
    match status {
        StatusCode::TOO_MANY_REQUESTS => ProviderError::Busy { retry_after },
        StatusCode::SERVICE_UNAVAILABLE if retry_after.is_some() => ProviderError::Busy { retry_after },
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT => ProviderError::Unavailable(format!("status {status}")),
        status if status.is_server_error() => ProviderError::Unavailable(format!("status {status}")),
        status => ProviderError::Refused(format!("status {status}")),
    }
}

async fn head_of(response: Response) -> Vec<u8> {
    let mut head = Vec::new();
    let mut body = response.bytes_stream();
    while let Some(Ok(bytes)) = body.next().await {
        head.extend_from_slice(&bytes);
        if head.len() >= ERROR_BYTES_MAX {
            head.truncate(ERROR_BYTES_MAX);
            break;
        }
    }
    head
}

/// `Retry-After` in either of its forms.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

/// One event of the stream, as far as it is read.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Content,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Content {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

/// Reads a body as an answer. Whatever is wrong ends it; a body that ends without saying so has broken off.
fn pieces<B, E>(body: B) -> impl Stream<Item = Result<Delta, ProviderError>>
where
    B: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    let events = Box::pin(bounded(body).eventsource());
    let reading = Reading { events, finished: false, unfit: None, over: false };
    stream::unfold(reading, |mut reading| async move {
        let pieces = reading.next().await?;
        Some((stream::iter(pieces), reading))
    })
    .flatten()
}

struct Reading<S> {
    events: S,
    /// The model has said why it stopped.
    finished: bool,
    /// Why its answer is none, once it has said so. What that has cost may come later, so the rest is read as well,
    /// but none of its text counts.
    unfit: Option<ProviderError>,
    over: bool,
}

impl<S, E> Reading<S>
where
    S: Stream<Item = Result<eventsource_stream::Event, E>> + Unpin,
    E: std::fmt::Display,
{
    async fn next(&mut self) -> Option<Vec<Result<Delta, ProviderError>>> {
        if self.over {
            return None;
        }
        match self.events.next().await {
            Some(Ok(event)) if event.data.trim() == "[DONE]" => self.end(),
            Some(Ok(event)) => match self.read(&event.data) {
                Ok(pieces) => Some(pieces.into_iter().map(Ok).collect()),
                Err(error) => self.fail(error),
            },
            Some(Err(error)) => {
                tracing::debug!(%error, "A model's stream broke");
                self.fail(ProviderError::Broken("the connection was lost".to_owned()))
            }
            None => self.end(),
        }
    }

    fn end(&mut self) -> Option<Vec<Result<Delta, ProviderError>>> {
        if self.finished && self.unfit.is_none() {
            self.over = true;
            return None;
        }
        self.fail(ProviderError::Broken("it ended without an end".to_owned()))
    }

    /// Ends with what the model has said before, or else with this.
    fn fail(&mut self, error: ProviderError) -> Option<Vec<Result<Delta, ProviderError>>> {
        self.over = true;
        Some(vec![Err(self.unfit.take().unwrap_or(error))])
    }

    fn read(&mut self, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let event: Event =
            serde_json::from_str(data).map_err(|_| ProviderError::Garbage("an event that cannot be read".into()))?;
        if event.error.is_some() {
            return Err(ProviderError::Broken("the model reported a failure".into()));
        }
        let mut pieces = Vec::new();
        for choice in event.choices.into_iter().take(1) {
            if choice.delta.refusal.is_some_and(|text| !text.is_empty()) {
                self.unfit = Some(ProviderError::Refused("the model declined".into()));
            }
            let fit = self.unfit.is_none();
            pieces.extend(choice.delta.content.filter(|text| fit && !text.is_empty()).map(Delta::Text));
            match choice.finish_reason.as_deref() {
                None | Some("") => {}
                Some("content_filter") => {
                    self.unfit = Some(ProviderError::Refused("its filter stopped the answer".into()));
                }
                Some("length") => {
                    self.unfit = Some(ProviderError::Broken("the answer is longer than it may be".into()));
                }
                Some(_) => self.finished = true,
            }
        }
        pieces.extend(event.usage.map(|Usage { prompt_tokens, completion_tokens }| {
            Delta::Usage(Tokens { input: prompt_tokens, output: completion_tokens })
        }));
        Ok(pieces)
    }
}

/// The body, as long as it is not too long.
fn bounded<B, E>(body: B) -> impl Stream<Item = Result<Bytes, String>>
where
    B: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: std::fmt::Display,
{
    let mut left = ANSWER_BYTES_MAX;
    body.map(move |bytes| {
        let bytes = bytes.map_err(|error| error.to_string())?;
        left = left.checked_sub(bytes.len()).ok_or("it is too long")?;
        Ok(bytes)
    })
}
