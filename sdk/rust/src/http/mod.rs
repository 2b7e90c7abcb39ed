//! HTTP and JSON towards a vendor.
//!
//! The host answers every request: it checks the allowed hosts, adds credentials, keeps rate
//! limits. A connector builds a request, names it an effect where it changes something, and gets a
//! response or one of the contract's errors.
//!
//! ```
//! use forebay_sdk::http::Http;
//! use forebay_sdk::Error;
//!
//! #[derive(serde::Deserialize)]
//! struct Thing { name: String }
//!
//! fn read(http: &Http, base: &str) -> Result<Thing, Error> {
//!     http.get(format!("{base}/api/v1/things/7")).query("expand", "all").send()?.json()
//! }
//! ```

mod failure;
mod request;
mod response;
#[cfg(target_arch = "wasm32")]
mod wasi;

pub use self::request::{Method, Outcome, Request, RequestBuilder, encode_component};
pub use self::response::Response;
#[cfg(target_arch = "wasm32")]
pub(crate) use self::wasi::HostTransport;

use std::rc::Rc;

use crate::types::{Timestamp, VendorReply};

/// How long to wait for the first byte of a response, in milliseconds. Vendors answer within
/// seconds; a search over a large library may take half a minute. The host may end it earlier.
pub const FIRST_BYTE_TIMEOUT_MS: u64 = 30_000;

/// Largest response body that is read, in bytes: a page of a few hundred assets with all fields is
/// below one mebibyte, and file content never comes this way.
pub const RESPONSE_BODY_LIMIT: usize = 8 << 20;

/// Whoever carries a request to the vendor: the host, or a test.
pub trait Transport {
    /// Send a request and read the whole response.
    ///
    /// # Errors
    /// No response came.
    fn exchange(&self, request: &Request) -> Result<Response, TransportError>;
}

/// Why no response came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// The host does not allow this request; its message names what to change.
    Denied(String),
    /// Nothing was sent: no address, no connection, a wrong URL.
    NotSent(String),
    /// It was sent, or may have been, and the response did not come or was cut off.
    Lost(String),
    /// A response came that cannot be used: too large.
    TooLarge(String),
}

/// Reads the vendor's own words out of an error response.
pub type VendorWords = fn(&Response) -> VendorReply;

/// The client of one call. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    transport: Rc<dyn Transport>,
    now: Timestamp,
    vendor_words: VendorWords,
    first_byte_timeout_ms: u64,
    response_body_limit: usize,
}

impl Http {
    /// A client over a transport; `now` is what HTTP dates in `Retry-After` are counted from.
    #[must_use]
    pub fn new(transport: Rc<dyn Transport>, now: Timestamp) -> Self {
        Self {
            transport,
            now,
            vendor_words: failure::default_words,
            first_byte_timeout_ms: FIRST_BYTE_TIMEOUT_MS,
            response_body_limit: RESPONSE_BODY_LIMIT,
        }
    }

    /// How this vendor's error responses are read. The default knows `message`, `error`,
    /// `error_description`, `errorMessage`, `detail`, `title`, `code` and common request id headers.
    #[must_use]
    pub fn vendor_words(mut self, words: VendorWords) -> Self {
        self.vendor_words = words;
        self
    }

    /// Another limit for the first byte than [`FIRST_BYTE_TIMEOUT_MS`], in milliseconds.
    #[must_use]
    pub fn first_byte_timeout_ms(mut self, limit: u64) -> Self {
        self.first_byte_timeout_ms = limit;
        self
    }

    /// Another limit for response bodies than [`RESPONSE_BODY_LIMIT`], in bytes.
    #[must_use]
    pub fn response_body_limit(mut self, limit: usize) -> Self {
        self.response_body_limit = limit;
        self
    }

    /// Start a request.
    pub fn request(&self, method: Method, url: impl Into<String>) -> RequestBuilder<'_> {
        RequestBuilder::new(self, method, url.into())
    }

    /// Start a `GET`.
    pub fn get(&self, url: impl Into<String>) -> RequestBuilder<'_> {
        self.request(Method::Get, url)
    }

    /// Start a `POST`.
    pub fn post(&self, url: impl Into<String>) -> RequestBuilder<'_> {
        self.request(Method::Post, url)
    }

    /// Start a `PUT`.
    pub fn put(&self, url: impl Into<String>) -> RequestBuilder<'_> {
        self.request(Method::Put, url)
    }

    /// Start a `PATCH`.
    pub fn patch(&self, url: impl Into<String>) -> RequestBuilder<'_> {
        self.request(Method::Patch, url)
    }

    /// Start a `DELETE`.
    pub fn delete(&self, url: impl Into<String>) -> RequestBuilder<'_> {
        self.request(Method::Delete, url)
    }
}
