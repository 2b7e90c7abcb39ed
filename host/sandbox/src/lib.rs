//! The sandbox: loads components, verifies them, limits them, and brokers the calls between them.
//!
//! What lives here: everything that knows about Wasm. What must not: what a run is, SQL, sockets.
//! This is the only room that names the Wasm engine; a guest's requests leave through
//! [`forebay_egress::Outbound`], its capability calls through [`forebay_model::ports::Broker`].
//!
//! Start at [`Registry`]: it takes files in ([`Registry::open`]), lists them, and implements
//! [`forebay_model::ports::Guests`], through which the engine calls them. Inside:
//!
//! | Module | Subject |
//! |---|---|
//! | `registry` | the drop directory, the kept files, what is current |
//! | `inspect`, `shape`, `describe` | what a file goes through before it is accepted |
//! | `link`, `host`, `http`, `output`, `inert` | what a guest's imports lead to |
//! | `call`, `state` | one call: a fresh instance with every limit set |
//! | `codec` | component values as JSON and back |
//! | `binding` | whether a handler fits the connectors of a flow |
//!
//! *Invariants.* An instance serves one call. A guest holds no secret, opens no socket and no file.
//! A failing guest fails its call, never the host. Native code is never loaded from outside.

mod binding;
mod call;
mod codec;
mod describe;
mod engine;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod guests;
mod host;
mod http;
mod inert;
mod inspect;
mod interface;
pub mod limits;
mod link;
mod loaded;
mod output;
mod registry;
mod shape;
mod state;

pub use error::{Code, Error, Refusal};
pub use limits::Limits;
pub use registry::{Kept, Options, Registry};
