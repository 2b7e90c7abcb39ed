//! Intake: how events come in, by webhook and by poll, and how connections are kept in order.
//!
//! A webhook is verified by the [`Gate`], stored, and only then acknowledged; its connector turns it
//! into events afterwards, so that an outage of the vendor or of the plugin loses nothing. A poll
//! stores its events and its cursor in one transaction.

mod cursor;
mod poll;
mod upkeep;
mod webhook;

use forebay_model::ConnectionName;
use forebay_model::ports::HeaderField;

pub use poll::Polled;
pub use webhook::Accepted;

/// A delivery that has proved itself, with secrets taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genuine {
    /// Headers without credentials.
    pub headers: Vec<HeaderField>,
    /// Body with secrets replaced by their placeholders.
    pub body: Vec<u8>,
}

/// Why a delivery is turned away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such connection or endpoint.
    #[error("{0}")]
    Unknown(String),
    /// It does not prove itself.
    #[error("{0}")]
    Forged(String),
    /// It cannot be read far enough to be verified.
    #[error("{0}")]
    Malformed(String),
}

/// Knows the webhook secrets of connections and checks deliveries against them.
pub trait Gate: Send + Sync + 'static {
    /// Check a delivery.
    ///
    /// # Errors
    /// Says why it is turned away, in words that reveal nothing about the secret.
    fn verify(
        &self,
        connection: &ConnectionName,
        endpoint: &str,
        headers: &[HeaderField],
        body: &[u8],
    ) -> Result<Genuine, Refusal>;
}

/// Name of the cursor of a connection's poll.
#[must_use]
pub fn poll_trigger(connection: &ConnectionName) -> String {
    format!("poll:{connection}")
}
