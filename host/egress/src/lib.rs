//! Outgoing HTTP: the only room that talks to the outside.
//!
//! What lives here: the check of every request against what the connector asks for and what the
//! operator allows, credentials and tokens, the guard against private addresses, limits on bodies
//! and time, rate budgets, the breaker, and the proof of webhook deliveries. What must not: wasm,
//! anything a vendor's API means, and retries of calls (the engine knows what may be repeated).
//!
//! [`Egress`] holds one [`Connection`] per configured connection and is what the sandbox calls, as
//! [`Outbound`]. A connection is made from a [`ConnectionPolicy`]; what is wrong with it comes back
//! as a list, so that configuration can show all of it at once. The way of a request is told in
//! `exchange`, top to bottom.

use async_trait::async_trait;
use bytes::Bytes;
use forebay_model::ConnectionName;
use http_body_util::combinators::UnsyncBoxBody;

mod address;
mod auth;
mod body;
mod breaker;
mod connection;
mod egress;
mod error;
mod exchange;
mod headers;
mod options;
mod origin;
mod rate;
mod reach;
mod redact;
mod replace;
mod resolve;
mod token;
mod webhook;
mod wire;

pub use breaker::BreakerState;
pub use connection::{Connection, ConnectionPolicy, Failure, Health};
pub use egress::Egress;
pub use error::{Error, Phase};
pub use options::{Options, Timeouts};
pub use resolve::{Resolver, SystemResolver};
pub use webhook::{Verified, WebhookRefusal, verify_webhook};

/// A streamed body.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Why a body ended early.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BodyError(pub String);

/// The way out, as the sandbox sees it.
#[async_trait]
pub trait Outbound: Send + Sync {
    /// Send a request over a connection and return the head of the response; its body streams.
    ///
    /// The request's URI is absolute. Credentials are added here and redirects are followed here.
    /// Any status is an `Ok`.
    ///
    /// # Errors
    /// See [`Error`]: [`Error::surely_not_sent`] tells whether the vendor may have seen it.
    async fn send(
        &self,
        connection: &ConnectionName,
        request: http::Request<Body>,
        timeouts: Timeouts,
    ) -> Result<http::Response<Body>, Error>;
}
