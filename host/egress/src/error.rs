//! Why a request has no response.

use std::fmt;
use std::time::Duration;

use forebay_model::{ConnectionName, Timestamp};

/// Why a request has no response. No message ever holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection of this name is configured.
    #[error("no connection is named \"{0}\"")]
    UnknownConnection(ConnectionName),
    /// The request leads where the connection may not go. The message names what the connector
    /// asks for, what the operator allows, and the mend.
    #[error("denied: {message}")]
    Denied {
        /// What is denied, by which side, and how to change it.
        message: String,
    },
    /// The request cannot be sent as it is.
    #[error("invalid request: {message}")]
    Invalid {
        /// What is wrong with it.
        message: String,
    },
    /// The host's name does not resolve.
    #[error("no address for {host}: {message}")]
    Dns {
        /// The name.
        host: String,
        /// What the resolver said.
        message: String,
    },
    /// No connection to the host came about.
    #[error("cannot connect to {host}: {message}")]
    Connect {
        /// The host.
        host: String,
        /// What the system said.
        message: String,
    },
    /// The host could not prove who it is.
    #[error("no trusted TLS connection to {host}: {message}")]
    Tls {
        /// The host.
        host: String,
        /// What is wrong with its certificate or protocol.
        message: String,
    },
    /// It took too long.
    #[error("{host}: no {phase} within {} ms", .after.as_millis())]
    Timeout {
        /// The host.
        host: String,
        /// What was waited for.
        phase: Phase,
        /// How long.
        after: Duration,
    },
    /// A body is larger than allowed.
    #[error("{what} is larger than {limit} bytes (option {option})")]
    TooLarge {
        /// Which body.
        what: &'static str,
        /// What is allowed.
        limit: u64,
        /// Key of the limit in the configuration.
        option: &'static str,
    },
    /// The redirects did not come to an end.
    #[error("more than {limit} redirects (option max_redirects)")]
    TooManyRedirects {
        /// How many are followed.
        limit: u32,
    },
    /// The token endpoint refused the credentials. An operator has to look at them.
    #[error("credentials refused: {message}")]
    AuthRefused {
        /// Which endpoint, and what it answered.
        message: String,
    },
    /// The token endpoint gave no usable answer. It may do so later.
    #[error("no access token: {message}")]
    AuthUnavailable {
        /// Which endpoint, and what happened.
        message: String,
    },
    /// Too many requests failed in a row; nothing is sent for a while.
    #[error("the connection's breaker is open until {until} after repeated failures")]
    Breaker {
        /// When the next request is let through as a probe.
        until: Timestamp,
    },
    /// Too many requests of the connection are under way.
    #[error("{limit} requests of the connection are under way (option max_concurrency)")]
    Busy {
        /// How many may be.
        limit: usize,
    },
    /// A text came in a content encoding, so that secrets in it could not be found.
    #[error("{host} answered in the content encoding \"{encoding}\" although none was asked for")]
    Encoding {
        /// The host.
        host: String,
        /// The encoding.
        encoding: String,
    },
    /// A redirect was followed, or was not allowed to be. The place before has seen the request.
    #[error("after a redirect to {origin}: {error}")]
    Redirected {
        /// Where it led.
        origin: String,
        /// What went wrong there.
        error: Box<Error>,
    },
    /// The exchange broke off; the vendor may have acted on it.
    #[error("exchange with {host} broke off: {message}")]
    Io {
        /// The host.
        host: String,
        /// What the system said.
        message: String,
    },
}

/// What was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A connection.
    Connect,
    /// The head of the response.
    FirstByte,
    /// The guest's next piece of the request body.
    RequestBody,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connection",
            Self::FirstByte => "response",
            Self::RequestBody => "further piece of the request body",
        })
    }
}

impl Error {
    /// A stable word for metrics, logs and the translation into a guest's errors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownConnection(_) => "unknown-connection",
            Self::Denied { .. } => "denied",
            Self::Invalid { .. } => "invalid",
            Self::Dns { .. } => "dns",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Timeout { .. } => "timeout",
            Self::TooLarge { .. } => "too-large",
            Self::TooManyRedirects { .. } => "too-many-redirects",
            Self::AuthRefused { .. } => "auth-refused",
            Self::AuthUnavailable { .. } => "auth-unavailable",
            Self::Breaker { .. } => "breaker",
            Self::Busy { .. } => "busy",
            Self::Encoding { .. } => "encoding",
            Self::Redirected { error, .. } => error.code(),
            Self::Io { .. } => "io",
        }
    }

    /// Can the vendor not have seen the request? Then repeating it cannot do anything twice.
    #[must_use]
    pub fn surely_not_sent(&self) -> bool {
        match self {
            Self::UnknownConnection(_)
            | Self::Denied { .. }
            | Self::Invalid { .. }
            | Self::Dns { .. }
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::AuthRefused { .. }
            | Self::AuthUnavailable { .. }
            | Self::Breaker { .. }
            | Self::Busy { .. } => true,
            Self::Timeout { phase, .. } => *phase == Phase::Connect,
            Self::TooLarge { .. }
            | Self::TooManyRedirects { .. }
            | Self::Encoding { .. }
            | Self::Redirected { .. }
            | Self::Io { .. } => false,
        }
    }
}
