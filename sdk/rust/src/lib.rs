//! Write connectors and use-case handlers for Forebay.
//!
//! A **connector** speaks one vendor's API: implement [`Connector`], [`EventSource`] and the
//! capability traits of its vendor ([`assets`], [`workflow`]), then [`export_connector!`]. A
//! **handler** holds one use case: implement [`Handler`], reach capabilities through [`Cx`], then
//! [`export_handler!`]. Both are tested natively with [`testing`], and built with
//! `cargo build --target wasm32-wasip2`.
//!
//! What lives here: the traits, the words of the contract ([`types`], [`Error`]), the HTTP client
//! ([`http`]), test doubles, and conveniences that two plugins would otherwise both write. What must
//! not: anything about one vendor or one use case.

pub mod bindings;
pub mod blocks;
pub mod capability;
pub mod connector;
pub mod digest;
pub mod error;
pub mod exported;
pub mod handler;
pub mod http;
mod imported;
pub mod lenient;
pub mod log;
pub mod paging;
pub mod schema;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod time;
pub mod types;

pub use capability::{assets, reads, workflow};
pub use connector::{Call, Connector, ConnectorInfo, EventSource};
pub use error::{Error, OrAbsent};
pub use exported::{Exported, with_connector};
pub use handler::{Admission, Cx, Delivery, Handler, HandlerDescription, Role, Step};
pub use imported::Imported;
pub use types::{Entity, Event, Field, FieldsExt, Finding, Severity, Timestamp, Value};

/// The author guide's code, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/plugin-author-guide.md")]
struct AuthorGuide;
