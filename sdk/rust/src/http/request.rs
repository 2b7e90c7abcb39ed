//! Building a request and deciding what its end means.

use std::fmt;

use serde::Serialize;

use super::{Http, Response, TransportError, failure};
use crate::types::Error;

/// A request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        })
    }
}

/// A finished request, as a transport gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Absolute URL with query.
    pub url: String,
    /// Headers, names in lowercase.
    pub headers: Vec<(String, String)>,
    /// Body; empty for none.
    pub body: Vec<u8>,
    /// How long to wait for the first byte of the response, in milliseconds.
    pub first_byte_timeout_ms: u64,
    /// Largest response body to read, in bytes.
    pub response_body_limit: usize,
}

/// What became of an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an unknown fate must be looked into or reported"]
pub enum Outcome {
    /// The vendor accepted it.
    Done(Response),
    /// It may have happened. Look at the vendor; where that is impossible, return this error, an
    /// `uncertain`.
    Unknown(Error),
}

impl Outcome {
    /// The response; for an unknown fate the `uncertain` error, which parks the run.
    ///
    /// # Errors
    /// `uncertain`.
    pub fn or_uncertain(self) -> Result<Response, Error> {
        match self {
            Self::Done(response) => Ok(response),
            Self::Unknown(error) => Err(error),
        }
    }

    /// The response; for an unknown fate an `unavailable`, so that the host calls again with the
    /// same idempotency key. Only for effects that are harmless to repeat as they are (setting a
    /// value, deleting by id) or that look before they repeat.
    ///
    /// # Errors
    /// `unavailable`.
    pub fn or_repeat(self) -> Result<Response, Error> {
        match self {
            Self::Done(response) => Ok(response),
            Self::Unknown(error) => Err(Error::Unavailable(error.detail().clone())),
        }
    }
}

/// A request being built.
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder<'a> {
    http: &'a Http,
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Result<Vec<u8>, String>,
}

impl<'a> RequestBuilder<'a> {
    pub(super) fn new(http: &'a Http, method: Method, url: String) -> Self {
        let headers = vec![("accept".to_owned(), "application/json".to_owned())];
        Self {
            http,
            method,
            url,
            headers,
            body: Ok(Vec::new()),
        }
    }

    /// Add a query parameter; name and value are percent-encoded.
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.url
            .push(if self.url.contains('?') { '&' } else { '?' });
        self.url.push_str(&encode_component(name));
        self.url.push('=');
        self.url.push_str(&encode_component(&value.to_string()));
        self
    }

    /// Add a query parameter where there is a value.
    pub fn query_opt(self, name: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Set a header, in place of one of the same name.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        let name = name.to_ascii_lowercase();
        self.headers.retain(|(present, _)| *present != name);
        self.headers.push((name, value.into()));
        self
    }

    /// Send a JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.body = serde_json::to_vec(body).map_err(|error| error.to_string());
        self.header("content-type", "application/json")
    }

    /// Send a form body.
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encode_component(name), encode_component(value)))
            .collect();
        self.body = Ok(pairs.join("&").into_bytes());
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// Send a body of another type.
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Ok(body.into());
        self.header("content-type", content_type)
    }

    /// Send a request that only reads. Statuses 2xx and 304 are answers; everything else is an
    /// error: 401 and 403 `denied`, 404 and 410 `not-found`, 409 and 412 `conflict`, 429
    /// `rate-limited`, other 4xx `invalid`, 5xx and a missing response `unavailable`.
    ///
    /// # Errors
    /// As said above.
    pub fn send(self) -> Result<Response, Error> {
        let (http, subject) = (self.http, self.subject());
        let response = self
            .exchange()?
            .map_err(|error| failure::of_read(&subject, error))?;
        accept(http, &subject, response)
    }

    /// Send a request that changes something. As [`send`](Self::send), but a lost response and a
    /// status of 500, 502 or 504 are [`Outcome::Unknown`]: it may have happened.
    ///
    /// # Errors
    /// Those after which nothing has happened.
    pub fn send_effect(self) -> Result<Outcome, Error> {
        let (http, subject) = (self.http, self.subject());
        let response = match self.exchange()? {
            Ok(response) => response,
            Err(error) => return failure::of_effect(&subject, error).map(Outcome::Unknown),
        };
        if matches!(response.status, 500 | 502 | 504) {
            let words = (http.vendor_words)(&response);
            let message = format!("{subject} failed at the vendor and may have happened");
            return Ok(Outcome::Unknown(
                Error::uncertain(message).with_vendor(words),
            ));
        }
        accept(http, &subject, response).map(Outcome::Done)
    }

    /// Send and return whatever the vendor answers, errors included; only a missing response is an
    /// error.
    ///
    /// # Errors
    /// `denied` or `unavailable`.
    pub fn send_raw(self) -> Result<Response, Error> {
        let subject = self.subject();
        self.exchange()?
            .map_err(|error| failure::of_read(&subject, error))
    }

    /// Method and path: how errors name the request. The query may hold personal data.
    fn subject(&self) -> String {
        let path = self.url.split(['?', '#']).next().unwrap_or_default();
        format!("{} {path}", self.method)
    }

    fn exchange(self) -> Result<Result<Response, TransportError>, Error> {
        let subject = self.subject();
        let body = self
            .body
            .map_err(|error| Error::invalid(format!("{subject}: body is no JSON: {error}")))?;
        Ok(self.http.transport.exchange(&Request {
            method: self.method,
            url: self.url,
            headers: self.headers,
            body,
            first_byte_timeout_ms: self.http.first_byte_timeout_ms,
            response_body_limit: self.http.response_body_limit,
        }))
    }
}

fn accept(http: &Http, subject: &str, response: Response) -> Result<Response, Error> {
    if response.is_success() || response.status == 304 {
        return Ok(response);
    }
    let words = (http.vendor_words)(&response);
    Err(failure::of_status(subject, &response, http.now).with_vendor(words))
}

/// Percent-encode one path segment, query name or query value: everything but letters, digits and
/// `-._~`.
#[must_use]
pub fn encode_component(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
