//! What handlers take from a request, with errors that name the place.

use axum::RequestExt as _;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::{HeaderMap, StatusCode, header, request};
use serde::de::DeserializeOwned;

use crate::problem::{Problem, Result};

/// Header with the client's idempotency key.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Longest idempotency key: a UUID has 36 characters, and keys are stored.
const LONGEST_IDEMPOTENCY_KEY: usize = 255;

/// The query string. Unknown parameters are refused by name.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut request::Parts, _state: &S) -> Result<Self> {
        let query = parts.uri.query().unwrap_or_default();
        let deserializer = serde_html_form::Deserializer::from_bytes(query.as_bytes());
        serde_path_to_error::deserialize(deserializer)
            .map(Self)
            .map_err(|error| Problem::malformed(format!("query {}", placed(&error))))
    }
}

/// A JSON body. An empty one counts as `{}`.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self> {
        let is_json = is_json(request.headers());
        let bytes = bytes(request).await?;
        if bytes.is_empty() {
            return parse(b"{}").map(Self);
        }
        if !is_json {
            return Err(Problem::media_type("send `Content-Type: application/json`"));
        }
        parse(&bytes).map(Self)
    }
}

/// A request without a body to speak of: none, or an empty object.
pub(crate) struct NoBody;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        Body::<Nothing>::from_request(request, state)
            .await
            .map(|Body(Nothing {})| Self)
    }
}

/// The body as it is, within the endpoint's limit.
pub(crate) async fn bytes(request: Request) -> Result<Bytes> {
    let read: std::result::Result<Bytes, BytesRejection> = request.extract().await;
    read.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large("the body is larger than allowed"),
        _ => Problem::malformed("the body broke off"),
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| Problem::malformed(format!("body {}", placed(&error))))?;
    deserializer
        .end()
        .map_err(|error| Problem::malformed(format!("body: {error}")))?;
    Ok(value)
}

fn placed<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> String {
    let path = error.path().to_string();
    match path.as_str() {
        "." => error.inner().to_string(),
        path => format!("`{path}`: {}", error.inner()),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return false;
    };
    let essence = value
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// The client's idempotency key, if it gave one.
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut request::Parts, _state: &S) -> Result<Self> {
        let Some(value) = parts.headers.get(IDEMPOTENCY_KEY) else {
            return Ok(Self(None));
        };
        let key = value.to_str().unwrap_or_default().trim();
        if key.is_empty() || key.len() > LONGEST_IDEMPOTENCY_KEY {
            return Err(Problem::malformed(format!(
                "header `Idempotency-Key`: 1 to {LONGEST_IDEMPOTENCY_KEY} printable characters"
            )));
        }
        Ok(Self(Some(key.to_owned())))
    }
}
