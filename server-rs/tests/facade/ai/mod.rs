//! Asking models: the protocol on the wire, patience, and who is asked next; and how many may read along.

mod answers;
mod endpoint;
mod failures;
mod prompts;
mod streams;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};
use worldloom_facade::ai::config::OpenAiConfig;
use worldloom_facade::ai::provider::{
    AnswerStream, Delta, Message, Models, OpenAi, Patience, Prompt, Provider, ProviderError, Role, Tokens,
};
use worldloom_facade::metrics::Metrics;

use endpoint::Endpoint;

pub const PATIENCE: Patience = Patience {
    first_text: Duration::from_secs(20),
    silence: Duration::from_secs(20),
    attempts: 3,
    delay_min: Duration::from_millis(5),
    delay_max: Duration::from_secs(2),
};

pub fn prompt(schema: Option<Value>) -> Prompt {
    let messages = vec![
        Message { role: Role::System, text: "You write.".into() },
        Message { role: Role::User, text: "Write.".into() },
    ];
    Prompt { template: "text/write.v1".into(), variables: json!({}), messages, schema }
}

pub fn provider(endpoint: &Endpoint) -> Arc<dyn Provider> {
    provider_with(endpoint, |_| {})
}

pub fn provider_with(endpoint: &Endpoint, adjust: impl FnOnce(&mut OpenAiConfig)) -> Arc<dyn Provider> {
    let mut config: OpenAiConfig =
        serde_json::from_value(json!({ "name": "stand-in", "base_url": endpoint.url, "model": "m-1" })).unwrap();
    adjust(&mut config);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    Arc::new(OpenAi::new(config, Some("sk-secret".to_owned().into()), http))
}

pub fn models(providers: Vec<Arc<dyn Provider>>, patience: Patience) -> Models {
    Models::new(providers, patience, Metrics::new().unwrap())
}

/// An answer that was read to its end: its text, its cost, what was spent in vain, and how it failed.
#[derive(Debug, Default, PartialEq)]
pub struct Read {
    pub text: String,
    pub tokens: Option<Tokens>,
    pub spent: Tokens,
    pub error: Option<ProviderError>,
}

pub async fn read(mut answer: AnswerStream) -> Read {
    let mut read = Read::default();
    while let Some(piece) = answer.next().await {
        assert_eq!(read.error, None, "nothing comes after a failure");
        match piece {
            Ok(Delta::Text(text)) => {
                assert!(!text.is_empty());
                read.text.push_str(&text);
            }
            Ok(Delta::Usage(tokens)) => read.tokens = Some(tokens),
            Ok(Delta::Spent(tokens)) => {
                read.spent.input += tokens.input;
                read.spent.output += tokens.output;
            }
            Err(error) => read.error = Some(error),
        }
    }
    read
}
