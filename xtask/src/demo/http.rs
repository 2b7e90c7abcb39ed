//! A small HTTP client: one site with its headers; every answer that is no success is an error that
//! tells what the site said.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Request, Response};

/// Longest call. Everything runs on this machine, so a longer silence is a defect.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Boundary of multipart forms. No file of the demonstration holds it.
const BOUNDARY: &str = "forebay-demonstration-boundary";

/// A site with the headers that go with every call.
pub(super) struct Site {
    agent: Agent,
    base: String,
    headers: Vec<(&'static str, String)>,
}

impl Site {
    /// A site whose address ends without a slash.
    pub(super) fn new(base: &str) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self {
            agent: config.into(),
            base: base.to_owned(),
            headers: Vec::new(),
        }
    }

    /// The same site with one more header.
    pub(super) fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }

    /// Read JSON. `path` may hold a query.
    pub(super) fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send("GET", path, None, Vec::new())
    }

    /// Send JSON.
    pub(super) fn send_json(
        &self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        self.send(
            method,
            path,
            Some("application/json"),
            body.to_string().into_bytes(),
        )
    }

    /// Send a form as a browser does.
    pub(super) fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Value> {
        let pairs = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)));
        let body = pairs.collect::<Vec<_>>().join("&").into_bytes();
        self.send(
            "POST",
            path,
            Some("application/x-www-form-urlencoded"),
            body,
        )
    }

    /// Send a form with a file, which comes last.
    pub(super) fn post_file(
        &self,
        path: &str,
        fields: &[(String, String)],
        name: &str,
        file: &[u8],
    ) -> anyhow::Result<Value> {
        let mut body = Vec::new();
        let part =
            |name: &str| format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"");
        for (name, value) in fields {
            body.extend(format!("{}\r\n\r\n{value}\r\n", part(name)).into_bytes());
        }
        body.extend(format!("{}; filename=\"{name}\"\r\n\r\n", part("file")).into_bytes());
        body.extend_from_slice(file);
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send("POST", path, Some(&kind), body)
    }

    /// Send bytes.
    pub(super) fn put_bytes(&self, path: &str, bytes: &[u8]) -> anyhow::Result<Value> {
        self.send(
            "PUT",
            path,
            Some("application/octet-stream"),
            bytes.to_vec(),
        )
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        kind: Option<&str>,
        body: Vec<u8>,
    ) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.base);
        let mut request = Request::builder().method(method).uri(&url);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(kind) = kind {
            request = request.header("Content-Type", kind);
        }
        let told = || format!("{method} {url}");
        let request = request.body(body).with_context(told)?;
        let response = self.agent.run(request).with_context(told)?;
        answer(response).with_context(told)
    }
}

/// JSON where the answer is some, else its text.
fn answer(mut response: Response<ureq::Body>) -> anyhow::Result<Value> {
    let status = response.status();
    let text = response
        .body_mut()
        .read_to_string()
        .context("the answer is no text")?;
    if !status.is_success() && !status.is_redirection() {
        bail!("answered {status}: {text}");
    }
    Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// A value as it stands in a query, a form or a path.
pub(super) fn encode(text: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// Text of a member; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

/// Members of a list; none where there is no list.
pub(super) fn list<'a>(value: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    value[member].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_for_addresses_and_forms() {
        assert_eq!(encode("image/a b+c@d.e"), "image%2Fa%20b%2Bc%40d.e");
        assert_eq!(encode("Größe"), "Gr%C3%B6%C3%9Fe");
    }
}
