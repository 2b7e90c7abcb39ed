//! Limits, timeouts and defaults of the API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The `[http]` section of the configuration. Times are in seconds, sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "HttpOptions")]
pub struct Options {
    /// Largest body of a webhook delivery. Deliveries name what happened and carry no files; the
    /// largest ones known are some ten kilobytes, so 1 MiB leaves room for long field lists.
    pub webhook_body_limit: u32,
    /// Largest body of an API request. A run's input is JSON that a handler takes into its memory
    /// as a whole; 1 MiB is far above what people write and far below what guests may hold.
    pub body_limit: u32,
    /// Longest API request. Clients and proxies commonly give up after 30 s.
    pub request_timeout: u32,
    /// Longest request that asks vendors (`:check`, `:poll`): one call may take a minute, and such a
    /// request makes several.
    pub probe_timeout: u32,
    /// Most API requests at once; more are answered 503 at once. Requests wait for the store, so
    /// many fit, and 256 with full bodies stay in the hundreds of megabytes.
    pub max_requests: u32,
    /// Most webhook deliveries at once, counted apart so that API clients cannot crowd them out.
    pub max_webhooks: u32,
    /// Most runs that one request of an operator may be about (`POST /v1/runs:ACTION`); `limit` of such
    /// a request cannot be larger, whatever it is here, than the 500 entries of a page. Each run is a
    /// transaction, and 500 of them end well within `request_timeout`.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_bulk_runs: u32,
    /// `Retry-After` of a 503. Short, because vendors that are told to wait long may give up.
    pub retry_after: u32,
    /// How long open connections may finish after a stop was asked for.
    pub drain_timeout: u32,
    /// Serve `/metrics` without a key. Off, because the names of flows and connections are in it
    /// and webhooks make the port public; scrapers can send a key.
    pub open_metrics: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            webhook_body_limit: 1024 * 1024,
            body_limit: 1024 * 1024,
            request_timeout: 30,
            probe_timeout: 300,
            max_requests: 256,
            max_webhooks: 256,
            max_bulk_runs: 500,
            retry_after: 5,
            drain_timeout: 30,
            open_metrics: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_option_is_refused() {
        assert!(serde_json::from_str::<Options>(r#"{"body_limits": 1}"#).is_err());
        let options: Options = serde_json::from_str(r#"{"body_limit": 1}"#).unwrap();
        assert_eq!(
            options,
            Options {
                body_limit: 1,
                ..Options::default()
            }
        );
    }
}
