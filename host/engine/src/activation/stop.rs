//! What an attempt ends with besides the handler's own word: why the host stopped it, and what its
//! step will bring along.

use std::time::Duration;

use forebay_model::event::Signal;
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
    Failed(String),
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

/// What a step brings along besides its state.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) decisions: Vec<Value>,
    pub(super) spawns: Vec<NewRun>,
    pub(super) signals: Vec<(RunId, Signal)>,
    pub(super) notices: Vec<Notice>,
}
