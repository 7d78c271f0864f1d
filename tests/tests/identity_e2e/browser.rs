//! As much of a browser as logging in takes: cookies, redirects, and forms that are filled in and sent.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode, Url};
use worldloom_tests::http_builder;

/// One browser with its cookies.
pub struct Browser {
    http: Client,
    /// Cookies by host, port and name.
    cookies: BTreeMap<(String, String), String>,
}

/// A page, or what came instead of one.
pub struct Page {
    pub url: Url,
    pub status: StatusCode,
    pub text: String,
}

impl Browser {
    pub fn new() -> anyhow::Result<Self> {
        let http = http_builder().redirect(Policy::none()).build()?;
        Ok(Self { http, cookies: BTreeMap::new() })
    }

    /// Visits an address and follows redirects, until there is a page or one leads to `client`.
    pub async fn visit(&mut self, url: &str, client: &str) -> anyhow::Result<Page> {
        let answer = self.send(Method::GET, Url::parse(url)?, &[]).await?;
        self.follow(answer, client).await
    }

    /// Sends the form of a page, with these fields filled in.
    pub async fn submit(&mut self, page: &Page, fields: &[(&str, &str)], client: &str) -> anyhow::Result<Page> {
        let action = attribute(&page.text, "<form", "action").with_context(|| format!("no form in {}", page.text))?;
        let mut form: Vec<(String, String)> = inputs(&page.text);
        form.retain(|(name, _)| fields.iter().all(|(filled, _)| filled != name));
        form.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let answer = self.send(Method::POST, page.url.join(&action)?, &form).await?;
        self.follow(answer, client).await
    }

    /// Forgets the cookies of one host and port.
    pub fn forget(&mut self, host: &str) {
        self.cookies.retain(|(of, _), _| of != host);
    }

    async fn follow(&mut self, mut answer: Response, client: &str) -> anyhow::Result<Page> {
        for _ in 0..20 {
            let (url, status) = (answer.url().clone(), answer.status());
            let Some(location) = answer.headers().get(LOCATION).filter(|_| status.is_redirection()) else {
                return Ok(Page { url, status, text: answer.text().await? });
            };
            let next = url.join(location.to_str()?)?;
            if next.as_str().starts_with(client) {
                return Ok(Page { url: next, status, text: String::new() });
            }
            answer = self.send(Method::GET, next, &[]).await?;
        }
        anyhow::bail!("the redirects have no end")
    }

    async fn send(&mut self, method: Method, url: Url, form: &[(String, String)]) -> anyhow::Result<Response> {
        let host = host(&url);
        let mine = self.cookies.iter().filter(|((of, _), _)| *of == host);
        let cookies: Vec<_> = mine.map(|((_, name), value)| format!("{name}={value}")).collect();
        let mut request = self.http.request(method.clone(), url);
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if method == Method::POST {
            request = request.form(form);
        }
        let answer = request.send().await?;
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("a cookie has a name")?;
            self.cookies.insert((host.clone(), name.to_owned()), value.to_owned());
        }
        Ok(answer)
    }
}

impl Page {
    /// A parameter of the address that a redirect led to.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The code for the client, if the browser has come back to it with one.
    pub fn code(&self) -> Option<String> {
        let is_client = self.status.is_redirection();
        self.parameter("code").filter(|_| is_client)
    }

    /// The problem that the page is, with this status and code.
    pub fn is_problem(&self, status: u16, code: &str) -> anyhow::Result<()> {
        let problem: serde_json::Value = serde_json::from_str(&self.text).with_context(|| self.text.clone())?;
        ensure!(self.status.as_u16() == status && problem["code"] == code, "{}: {problem}", self.status);
        Ok(())
    }
}

/// Host and port of an address.
pub fn host(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

/// Names and values of a page's input fields.
fn inputs(html: &str) -> Vec<(String, String)> {
    let tags = html.match_indices("<input").map(|(at, _)| &html[at..]);
    let field = |tag| Some((attribute(tag, "<input", "name")?, attribute(tag, "<input", "value").unwrap_or_default()));
    tags.filter_map(field).collect()
}

/// An attribute of the first such tag.
fn attribute(html: &str, tag: &str, name: &str) -> Option<String> {
    let start = html.find(tag)?;
    let tag = &html[start..start + html[start..].find('>')?];
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    rest.split('"').next().map(str::to_owned)
}
