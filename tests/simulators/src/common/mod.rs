//! The frame every simulator stands on.
//!
//! What lives here: the clock a test can move ([`clock`]), the server that can lose a reply
//! ([`server`]), the recorder of calls and effects ([`recorder`]), faults ([`faults`]), holds
//! ([`holds`]), tokens ([`tokens`]), rate windows ([`rates`]), outgoing webhooks ([`courier`]), the
//! `/_sim/` control interface ([`control`]) and the look of the pages ([`page`]). What must not: anything that one
//! vendor has and another has not.
//!
//! A simulator is an axum router over a [`Shared`] state. Each of its routes is wrapped by
//! [`Frame::op`], which names the operation; the frame then records the call, injects faults and
//! counts rates before the handler sees it:
//!
//! ```ignore
//! let frame = Frame::new("canto", clock, fault_reply);
//! let sim = Shared::new(frame.clone(), State::default());
//! let router = Router::new()
//!     .route("/api/v1/user", frame.op("read-user", get(read_user)))
//!     .with_state(sim)
//!     .merge(control::router(&frame));
//! let running = server::start(router, "127.0.0.1:0").await?;
//! ```
//!
//! A handler that changes something calls [`effect`]`("start-process")`, and [`actor`]`(user)` once
//! it knows who calls. Both attach to the call being recorded.

pub mod clock;
pub mod control;
pub mod courier;
pub mod faults;
pub mod frame;
pub mod holds;
pub mod page;
pub mod rates;
pub mod recorder;
pub mod server;
pub mod tokens;

pub use clock::SimClock;
pub use courier::{Courier, CourierSwitches, Delivery, Sent};
pub use faults::{Fault, Faults, Rule};
pub use frame::{Frame, Shared};
pub use holds::{Holds, Moment};
pub use recorder::{Call, Recorder, actor, effect};
pub use server::{Background, Running};
pub use tokens::{TokenFault, Tokens};

/// What can go wrong while a simulator starts.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("listen on {addr}: {source}")]
    Listen {
        /// The wanted address.
        addr: String,
        /// The reason.
        source: std::io::Error,
    },
    /// The HTTP client for webhooks cannot be made.
    #[error("make the client for webhooks: {0}")]
    Client(#[from] reqwest::Error),
}

/// Lock a mutex whose content stays usable after a panic elsewhere: simulators have no invariant
/// that spans two statements of a panicking test.
pub(crate) fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
