//! Durable runs: routing, activations, journal, timers, retries, intake.
//!
//! The engine is told everything through ports: a [`Store`](forebay_store::Store), loaded
//! components ([`Guests`](forebay_model::ports::Guests)), a clock, and a [`Gate`](intake::Gate)
//! that knows webhook secrets. What must not live here: SQL, wasm, HTTP.
//!
//! * [`Core`] holds what all parts share and offers each kind of work as one step that does all that
//!   is due and returns: [`Core::route_events`], [`Core::normalise_webhooks`], [`Core::poll`],
//!   [`Core::fire_schedules`], [`Core::tend_backfills`], [`Core::run_activations`]. Tests drive
//!   those by hand on virtual time.
//! * [`Service`] runs them as loops until it is told to drain.
//! * [`activation`] is the heart: one call of a handler, with journal and replay.

pub mod activation;
pub mod backfill;
mod backoff;
pub mod backup;
pub mod calendar;
mod core;
mod dispatch;
pub mod health;
pub mod intake;
mod offers;
pub mod operate;
mod options;
pub mod preflight;
mod retention;
mod router;
pub mod schedule;
mod service;
mod standing;
pub mod topology;
mod watch;

pub use self::core::{Core, Parts};
pub use backup::BackupOptions;
pub use options::Options;
pub use service::Service;
pub use topology::{LiveFlow, Topology};

/// Why the engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] forebay_store::Error),
    /// A component failed.
    #[error(transparent)]
    Guest(#[from] forebay_model::ports::GuestError),
    /// A connector answered with an error.
    #[error(transparent)]
    Capability(Box<forebay_model::CapabilityError>),
    /// There is no such flow, connection or plugin.
    #[error("no {what} `{name}`")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The flow takes up nothing.
    #[error("the flow {0} is switched off (enabled = false)")]
    SwitchedOff(forebay_model::FlowName),
    /// The request cannot be carried out; says why.
    #[error("{0}")]
    Refused(String),
}

impl From<forebay_model::CapabilityError> for Error {
    fn from(error: forebay_model::CapabilityError) -> Self {
        Self::Capability(Box::new(error))
    }
}

/// What engine functions return.
pub type Result<T> = std::result::Result<T, Error>;
