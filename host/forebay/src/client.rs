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
        let mut response = answer.with_context(|| {
            format!(
                "no host answers at {}; is `forebay serve` running there? (--url)",
                self.url
            )
        })?;
        let status = response.status();
        let text = response
            .body_mut()
            .read_to_string()
            .context("the answer cannot be read")?;
        let value: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        if status.is_success() {
            return Ok(value);
        }
        let title = value["title"].as_str().unwrap_or("refused");
        let detail = value["detail"].as_str().unwrap_or_default();
        if status.as_u16() == 401 {
            bail!("{status}: {title} {detail} (give a key with --key or FOREBAY_API_KEY)");
        }
        bail!("{status}: {title} {detail}");
    }
}
