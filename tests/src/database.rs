//! A database on a test's node, over plain HTTP.

use reqwest::{Client, Method, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::Value;

/// Somebody: an identity and the token that proves it.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// 64 hexadecimal digits.
    pub identity: String,
    /// The bearer token.
    pub token: String,
}

/// A published database and its owner.
#[derive(Clone)]
pub struct Database {
    /// Base URL of the node.
    pub url: String,
    /// Name of the database.
    pub name: String,
    /// Who published it.
    pub owner: Account,
    pub(crate) http: Client,
}

impl Database {
    /// Publishes a program under the database's name, as the owner; what is there is migrated.
    pub async fn publish(&self, program: Vec<u8>) -> anyhow::Result<Value> {
        let answer = self.request(Method::PUT, "", &self.owner).body(program).send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        anyhow::ensure!(status.is_success(), "it failed with {status}: {body}");
        Ok(serde_json::from_str(&body)?)
    }

    /// A request below `/v1/database/:name`, as the given account.
    pub fn request(&self, method: Method, path: &str, account: &Account) -> RequestBuilder {
        let url = format!("{}/v1/database/{}{path}", self.url, self.name);
        self.http.request(method, url).bearer_auth(&account.token)
    }

    /// Calls a function with JSON arguments.
    pub async fn call(&self, account: &Account, function: &str, args: Value) -> anyhow::Result<Response> {
        let request = self.request(Method::POST, &format!("/call/{function}"), account);
        let request = request.header("content-type", "application/json").body(args.to_string());
        Ok(request.send().await?)
    }

    /// Calls a function and expects it to succeed; returns the body.
    pub async fn call_ok(&self, account: &Account, function: &str, args: Value) -> anyhow::Result<String> {
        let answer = self.call(account, function, args).await?;
        let status = answer.status();
        let body = answer.text().await?;
        anyhow::ensure!(status.is_success(), "{function} failed with {status}: {body}");
        Ok(body)
    }

    /// A new identity with its token.
    pub async fn account(&self) -> anyhow::Result<Account> {
        let answer = self.http.post(format!("{}/v1/identity", self.url)).send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }

    /// Grants a role, such as `service`, as the owner.
    pub async fn grant(&self, account: &Account, role: &str) -> anyhow::Result<()> {
        let role = serde_json::json!([[format!("0x{}", account.identity)], { role: {} }]);
        self.call_ok(&self.owner, "grant_role", role).await.map(drop)
    }

    /// Runs one SQL statement as the owner and returns the rows.
    pub async fn sql(&self, statement: &str) -> anyhow::Result<Vec<Value>> {
        let answer = self.request(Method::POST, "/sql", &self.owner).body(statement.to_owned()).send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        anyhow::ensure!(status.is_success(), "`{statement}` failed with {status}: {body}");
        let results: Value = serde_json::from_str(&body)?;
        let rows = results.pointer("/0/rows").and_then(Value::as_array);
        rows.cloned().ok_or_else(|| anyhow::anyhow!("no rows in {body}"))
    }
}
