//! REST, webhooks and OpenAPI: the way in.
//!
//! [`Api`] is a thin layer over [`forebay_engine::Core`]: it reads a request, checks who asks, calls
//! the engine or queries the store, and writes the answer. This is the only room that names axum.
//! What must not live here: decisions about runs, SQL, wasm, outgoing requests, secrets.
//!
//! * [`Api::router`] gives the routes for tests and embedding, [`Api::serve`] serves them.
//! * `routes` is the one table of endpoints: path, who may call it, how long it may take. The
//!   OpenAPI document takes security from it, and a test holds both together.
//! * `guard` is what every request goes through, `handle` holds a file per resource, `view` the
//!   JSON that clients see. `problem` is the one form of errors (RFC 9457).
//!
//! A delivery at `/hooks/{connection}/{hook}` is answered 2xx only after it is stored.

mod api;
mod directory;
mod extract;
mod guard;
mod handle;
mod key;
mod openapi;
mod options;
mod problem;
mod routes;
mod verb;
mod view;

pub use api::{Api, Parts};
pub use directory::PluginDirectory;
pub use key::{ApiKey, Scope};
pub use openapi::document;
pub use options::Options;

/// Why the API ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The listener failed.
    #[error("cannot serve the API: {0}")]
    Serve(#[source] std::io::Error),
}
