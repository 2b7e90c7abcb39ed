//! Limits and times of a connection, with their defaults and the reasons for them.

use std::time::Duration;

use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a connection may take to come about. Vendors answer within a second; ten leave room
/// for a lost packet or two on the way.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the head of a response may take, counted from the last piece of the request. Searches
/// over large libraries take up to half a minute at the vendors; a minute is twice that.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the next piece of a body may take. A healthy transfer never pauses that long.
const BETWEEN_BYTES_TIMEOUT: Duration = Duration::from_secs(30);

/// Largest response body. Vendors' JSON pages stay below 10 MB; 64 MiB is what a guest's memory
/// limit could hold at all.
const MAX_RESPONSE_BYTES: u64 = 64 << 20;

/// Largest request body, for the same reason.
const MAX_REQUEST_BYTES: u64 = 64 << 20;

/// Request bodies up to this size are kept until the response is there, so that they can be sent
/// again with a fresh token. JSON bodies are far below 1 MiB; larger ones are streamed once.
const REPLAY_BYTES: usize = 1 << 20;

/// Redirects followed. Vendors use one (to their CDN); five is what a chain of two may need.
const MAX_REDIRECTS: u32 = 5;

/// How long an unused connection is kept. Shorter than the 60 s after which usual load balancers
/// close theirs, so that a request seldom meets a connection that is just being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// Unused connections kept per host: as many as may be in use at once, so that a burst does not open
/// a new one for every other request. They are closed when they have been idle for long.
const IDLE_PER_HOST: usize = MAX_CONCURRENCY;

/// Requests under way at once. High enough for iconik's 50 a second at half a second each,
/// low enough that one slow vendor cannot use up the host's sockets.
const MAX_CONCURRENCY: usize = 32;

/// How long before its end a token is replaced: longer than a request under way takes, plus what
/// two clocks may differ.
const TOKEN_MARGIN: Duration = Duration::from_secs(120);

/// Lifetime assumed where a token endpoint names none. Every vendor's tokens live longer; fetching
/// one every five minutes harms nobody.
const TOKEN_LIFETIME: Duration = Duration::from_secs(300);

/// How long a failed token request is remembered, so that waiting requests do not each repeat it
/// and lock the account.
const TOKEN_PAUSE: Duration = Duration::from_secs(10);

/// Failures in a row that open the breaker (rule C-12).
const BREAKER_FAILURES: u32 = 10;

/// How long the breaker stays open before one probe is let through (rule C-12).
const BREAKER_PAUSE: Duration = Duration::from_secs(60);

/// Longest wait for a rate budget. A call is seconds long; what has to wait longer goes back to the
/// engine, which waits without holding an instance.
const MAX_RATE_WAIT: Duration = Duration::from_secs(2);

/// Limits and times of a connection. Every field has a default; see the constants for the reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "EgressOptions")]
pub struct Options {
    /// How long a connection may take to come about. Default 10 s.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub connect_timeout: Duration,
    /// How long the head of a response may take after the request is out. Default 60 s.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub first_byte_timeout: Duration,
    /// How long the next piece of a body may take, either way. Default 30 s.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub between_bytes_timeout: Duration,
    /// Largest response body, bytes. Default 64 MiB.
    pub max_response_bytes: u64,
    /// Largest request body, bytes. Default 64 MiB.
    pub max_request_bytes: u64,
    /// Largest request body that is kept to be sent again with a fresh token or after a redirect,
    /// bytes. Default 1 MiB.
    pub replay_bytes: usize,
    /// Redirects followed. Default 5.
    pub max_redirects: u32,
    /// How long an unused connection is kept. Default 50 s.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub idle_timeout: Duration,
    /// Unused connections kept per host. Default 32.
    pub idle_per_host: usize,
    /// Requests under way at once, counted until their body is read or dropped. Default 32.
    pub max_concurrency: usize,
    /// How long before its end a token is replaced, at most a quarter of its lifetime. Default 2 min.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub token_margin: Duration,
    /// Lifetime of a token whose endpoint names none. Default 5 min.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub token_lifetime: Duration,
    /// How long a failed token request is remembered. Default 10 s.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub token_pause: Duration,
    /// Failures in a row that open the breaker. Default 10.
    pub breaker_failures: u32,
    /// How long the breaker stays open before a probe. Default 60 s.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub breaker_pause: Duration,
    /// Longest wait for a rate budget before a 429 is answered in the vendor's place. Default 2 s.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub max_rate_wait: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: CONNECT_TIMEOUT,
            first_byte_timeout: FIRST_BYTE_TIMEOUT,
            between_bytes_timeout: BETWEEN_BYTES_TIMEOUT,
            max_response_bytes: MAX_RESPONSE_BYTES,
            max_request_bytes: MAX_REQUEST_BYTES,
            replay_bytes: REPLAY_BYTES,
            max_redirects: MAX_REDIRECTS,
            idle_timeout: IDLE_TIMEOUT,
            idle_per_host: IDLE_PER_HOST,
            max_concurrency: MAX_CONCURRENCY,
            token_margin: TOKEN_MARGIN,
            token_lifetime: TOKEN_LIFETIME,
            token_pause: TOKEN_PAUSE,
            breaker_failures: BREAKER_FAILURES,
            breaker_pause: BREAKER_PAUSE,
            max_rate_wait: MAX_RATE_WAIT,
        }
    }
}

/// The time one request may take. What the connection's [`Options`] allow is the most; a request
/// can only ask for less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the connection to come about. Connections are shared between requests, so a shorter time
    /// than the connection's is counted together with `first_byte`.
    pub connect: Duration,
    /// For the head of the response, after the request is out.
    pub first_byte: Duration,
    /// For the next piece of the body.
    pub between_bytes: Duration,
}

impl Timeouts {
    /// As much as the connection's options allow.
    pub const UNLIMITED: Self = Self {
        connect: Duration::MAX,
        first_byte: Duration::MAX,
        between_bytes: Duration::MAX,
    };

    /// Not more than these options allow.
    #[must_use]
    pub fn within(self, options: &Options) -> Self {
        Self {
            connect: self.connect.min(options.connect_timeout),
            first_byte: self.first_byte.min(options.first_byte_timeout),
            between_bytes: self.between_bytes.min(options.between_bytes_timeout),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::UNLIMITED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_from_configuration_text() {
        let options: Options =
            serde_json::from_str(r#"{"connect_timeout": "3s", "breaker_failures": 4}"#).unwrap();
        assert_eq!(options.connect_timeout, Duration::from_secs(3));
        assert_eq!(options.breaker_failures, 4);
        assert_eq!(options.max_redirects, Options::default().max_redirects);
        assert!(serde_json::from_str::<Options>(r#"{"conect_timeout": "3s"}"#).is_err());
    }

    #[test]
    fn a_request_cannot_ask_for_more_time_than_allowed() {
        let asked = Timeouts {
            first_byte: Duration::from_secs(1),
            ..Timeouts::UNLIMITED
        };
        let granted = asked.within(&Options::default());
        assert_eq!(granted.first_byte, Duration::from_secs(1));
        assert_eq!(granted.connect, CONNECT_TIMEOUT);
    }
}
