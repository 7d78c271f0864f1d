//! The few HTTP calls to a local server that come before the official client can be used.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use ureq::Agent;

/// Local calls answer at once or not at all.
const CALL_LIMIT: Duration = Duration::from_secs(10);

/// An HTTP client of one local server.
pub struct NodeClient {
    agent: Agent,
    base_url: String,
}

/// What the node answers when it makes an identity. The token is a secret.
#[derive(Deserialize)]
pub struct NewIdentity {
    /// 64 hexadecimal digits.
    pub identity: String,
    /// Bearer token that proves the identity.
    pub token: String,
}

impl NodeClient {
    /// A client of the server at `base_url`, without a trailing slash.
    pub fn new(base_url: &str) -> Self {
        // The server is on this machine; a proxy from the environment would only get in the way.
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(CALL_LIMIT)).proxy(None);
        Self { agent: config.build().into(), base_url: base_url.to_owned() }
    }

    /// Whether the node serves requests.
    pub fn is_healthy(&self) -> bool {
        self.answers("/v1/health")
    }

    /// Whether `path` is answered with success.
    pub fn answers(&self, path: &str) -> bool {
        let response = self.agent.get(format!("{}{path}", self.base_url)).call();
        response.is_ok_and(|response| response.status().is_success())
    }

    /// Has the node make an identity.
    pub fn create_identity(&self) -> Result<NewIdentity> {
        let mut response = self.agent.post(format!("{}/v1/identity", self.base_url)).send_empty()?;
        if !response.status().is_success() {
            bail!("the node made no identity ({})", response.status());
        }
        response.body_mut().read_json().context("the node's answer holds no identity")
    }

    /// Whether the node still accepts `token` for `identity`.
    pub fn accepts(&self, identity: &str, token: &str) -> Result<bool> {
        let url = format!("{}/v1/identity/{identity}/verify", self.base_url);
        let response = self.agent.get(url).header("Authorization", format!("Bearer {token}")).call()?;
        Ok(response.status().is_success())
    }
}

/// A server that gives prepared answers, one connection each.
#[cfg(test)]
pub mod prepared {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread::{self, JoinHandle};

    use anyhow::Result;

    use super::NodeClient;

    /// Starts the server; the handle gives the request lines and headers that it got.
    pub fn server(answers: Vec<(&'static str, String)>) -> Result<(NodeClient, JoinHandle<Result<Vec<String>>>)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let client = NodeClient::new(&format!("http://{}", listener.local_addr()?));
        let requests = thread::spawn(move || {
            let answer = |(status, body)| respond(listener.accept()?.0, status, body);
            answers.into_iter().map(answer).collect()
        });
        Ok((client, requests))
    }

    fn respond(mut connection: TcpStream, status: &str, body: String) -> Result<String> {
        let lines = BufReader::new(connection.try_clone()?).lines().map_while(Result::ok);
        let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        let length = body.len();
        write!(connection, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")?;
        Ok(head.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use anyhow::Result;

    use super::{NodeClient, prepared};

    #[test]
    fn an_identity_is_made_and_checked() -> Result<()> {
        let made = r#"{"identity": "c200ab", "token": "secret"}"#.to_owned();
        let answers = vec![("200 OK", made), ("401 Unauthorized", String::new())];
        let (client, requests) = prepared::server(answers)?;
        let new = client.create_identity()?;
        assert_eq!((new.identity.as_str(), new.token.as_str()), ("c200ab", "secret"));
        assert!(!client.accepts("c200ab", "secret")?);
        let requests = requests.join().unwrap()?;
        assert!(requests[0].starts_with("POST /v1/identity HTTP/1.1"), "{requests:?}");
        assert!(requests[1].starts_with("GET /v1/identity/c200ab/verify HTTP/1.1"), "{requests:?}");
        assert!(requests[1].to_lowercase().contains("authorization: bearer secret"), "{requests:?}");
        Ok(())
    }

    #[test]
    fn a_server_is_healthy_only_when_it_says_so() -> Result<()> {
        let answers = vec![("503 Service Unavailable", String::new()), ("200 OK", "{}".to_owned())];
        let (client, _requests) = prepared::server(answers)?;
        assert!(!client.is_healthy());
        assert!(client.is_healthy());
        let free_address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        assert!(!NodeClient::new(&format!("http://{free_address}")).is_healthy());
        Ok(())
    }
}
