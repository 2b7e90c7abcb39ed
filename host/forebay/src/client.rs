//! A client of a running host's REST API.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use ureq::tls::{RootCerts, TlsConfig};

use crate::arguments::Remote;

/// Longest answer worth waiting for: checks ask vendors.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Where a host listens unless it is told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8484";

/// Talks to a running host.
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
    key: Option<String>,
}

impl Client {
    /// A client for the host named on the command line.
    pub(crate) fn new(remote: &Remote) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .tls_config(
                TlsConfig::builder()
                    .root_certs(RootCerts::PlatformVerifier)
                    .build(),
            )
            .build();
        Self {
            agent: config.into(),
            url: remote
                .url
                .as_deref()
                .unwrap_or(DEFAULT_URL)
                .trim_end_matches('/')
                .to_owned(),
            key: remote.key.clone(),
        }
    }

    /// Read a resource. Query parameters without a value are left out.
    pub(crate) fn get(
        &self,
        path: &str,
        query: &[(&str, Option<String>)],
    ) -> anyhow::Result<Value> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        for (name, value) in query {
            if let Some(value) = value {
                request = request.query(name, value);
            }
        }
        if let Some(key) = &self.key {
            request = request.header("Authorization", format!("Bearer {key}"));
        }
        self.answer(request.call())
    }

    /// Ask for something to be done.
    pub(crate) fn post(
        &self,
        path: &str,
        body: &Value,
        idempotency_key: Option<&str>,
    ) -> anyhow::Result<Value> {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        if let Some(key) = &self.key {
            request = request.header("Authorization", format!("Bearer {key}"));
        }
        if let Some(key) = idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        self.answer(request.send_json(body))
    }

    fn answer(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> anyhow::Result<Value> {
        let mut response = answer.map_err(|error| self.unasked(error))?;
        let status = response.status();
        let text = response
            .body_mut()
            .read_to_string()
            .context("the answer cannot be read")?;
        let value: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        if status.is_success() {
            return Ok(value);
        }
        bail!(refusal(status, &value));
    }

    /// What to say where there is no answer at all.
    fn unasked(&self, error: ureq::Error) -> anyhow::Error {
        let words = match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => format!(
                "this is no address of a resource: {}, with the id or name given; --url wants http://HOST:PORT",
                self.url
            ),
            ureq::Error::Timeout(_) => format!("the host at {} does not answer in time", self.url),
            _ => format!(
                "no host answers at {}; is `forebay serve` running there? (--url)",
                self.url
            ),
        };
        anyhow::Error::new(error).context(words)
    }
}

/// A problem in one line: what kind, what exactly, and what helps.
fn refusal(status: ureq::http::StatusCode, problem: &Value) -> String {
    let title = problem["title"].as_str().unwrap_or("refused");
    let mut words = format!("{status}: {title}");
    if let Some(detail) = problem["detail"].as_str() {
        words = format!("{words}: {detail}");
    }
    if status == ureq::http::StatusCode::UNAUTHORIZED {
        words.push_str(" (give a key with --key or FOREBAY_API_KEY)");
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use ureq::http::StatusCode;

    use super::*;

    #[test]
    fn a_problem_is_told_in_one_line_with_what_helps() {
        let problem = json!({"title": "There is no such thing", "detail": "no run `r-1`"});
        assert_eq!(
            refusal(StatusCode::NOT_FOUND, &problem),
            "404 Not Found: There is no such thing: no run `r-1`"
        );
        let bare = refusal(StatusCode::UNAUTHORIZED, &Value::Null);
        assert_eq!(
            bare,
            "401 Unauthorized: refused (give a key with --key or FOREBAY_API_KEY)"
        );
    }

    #[test]
    fn what_cannot_be_asked_is_not_taken_for_a_host_that_is_down() {
        let told = |url: &str, path: &str| {
            let remote = Remote {
                url: Some(url.to_owned()),
                key: None,
                json: false,
            };
            format!("{:#}", Client::new(&remote).get(path, &[]).unwrap_err())
        };
        let wrong = told("http://127.0.0.1:1", "/v1/runs/two words");
        assert!(wrong.contains("no address of a resource"), "{wrong}");
        let wrong = told("nonsense", "/v1/runs");
        assert!(wrong.contains("--url wants http://HOST:PORT"), "{wrong}");
        let down = told("http://127.0.0.1:1", "/v1/runs");
        assert!(down.contains("is `forebay serve` running there?"), "{down}");
    }
}
