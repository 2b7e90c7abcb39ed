//! Outgoing HTTP: the only room that talks to the outside.

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;

/// A streamed body.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Why a body ended early.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BodyError(pub String);
