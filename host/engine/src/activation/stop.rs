//! What an attempt ends with besides the handler's own word: why the host stopped it, and what its
//! step will bring along.

use std::time::Duration;

use forebay_model::event::Signal;
use forebay_model::ports::GuestError;
use forebay_model::{ConnectionName, RunId};
use forebay_store::runs::{NewRun, Notice};
use serde_json::Value;

/// Why the engine ended an activation before its handler returned.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stop {
    /// Try again later: the vendor cannot be reached or asked for a pause.
    Later {
        /// Whom it concerns.
        connection: ConnectionName,
        /// What it said.
        error: String,
        /// How long it asked us to wait.
        asked: Option<Duration>,
    },
    /// Wait until the connection's check passes.
    Refused {
        /// The connection.
        connection: ConnectionName,
        /// What the vendor said.
        error: String,
        /// The call was really made and denied (else the connection was known to be unhealthy).
        denied: bool,
    },
    /// A component failed in a way that repeating may or may not help.
    Failed(Failure),
    /// An operator must look.
    Park {
        /// Stable code.
        code: &'static str,
        /// In words.
        message: String,
    },
    /// Another claim owns the run; where it stands now.
    Superseded(String),
    /// The store could not keep an intent; nothing was called.
    Store(String),
}

/// How a component failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// What the same failure says each time: not where exactly a component trapped, nor how far it was
    /// over a limit.
    pub(super) gist: String,
    /// All it says. Begins with the gist.
    pub(super) said: String,
}

impl Failure {
    /// A failure of a component, where `at` says which one did what.
    pub(super) fn of(at: &str, error: &GuestError) -> Self {
        let kind = match error {
            GuestError::Limit { limit, .. } => format!("stopped by the limit {limit}"),
            GuestError::Trap(_) => "the component failed".to_owned(),
            GuestError::Type(_) => "type mismatch".to_owned(),
            other => other.to_string(),
        };
        Self {
            gist: format!("{at}{kind}"),
            said: format!("{at}{error}"),
        }
    }
}

/// What a step brings along besides its state.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) decisions: Vec<Value>,
    pub(super) spawns: Vec<NewRun>,
    pub(super) signals: Vec<(RunId, Signal)>,
    pub(super) notices: Vec<Notice>,
}
