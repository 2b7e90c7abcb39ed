//! Test doubles: plugins are tested natively, without a host and without a network.
//!
//! * [`Recorded`] answers a connector's HTTP requests and keeps them.
//! * [`call`] makes the call a connector serves.
//! * [`Script`] is what a handler sees: capabilities, time, run; it keeps what the handler did.
//! * [`Library`] is a DAM in memory, [`People`] a workflow engine in which people answer.
//! * [`Stage`] is a whole flow in virtual time, with both of them.
//! * [`take_log`] returns the lines logged by this thread.

mod library;
mod people;
mod recorded;
mod script;
pub mod stage;

use std::cell::RefCell;
use std::rc::Rc;

pub use self::library::Library;
pub use self::people::People;
pub use self::recorded::{Recorded, Reply};
pub use self::script::{Script, Sent, Spawned};
pub use self::stage::{Stage, StagedRun};
use crate::connector::{Call, CallContext};
use crate::http::Transport;
use crate::log::Level;
use crate::types::{Field, Timestamp};

/// Where time begins in tests: 2026-01-01T12:00:00Z.
pub const START: Timestamp = 1_767_268_800_000;

/// How long a test's call may take, in milliseconds, as far as `Call::deadline` says.
const CALL_BUDGET: Timestamp = 60_000;

/// A logged line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Level.
    pub level: Level,
    /// Message.
    pub message: String,
    /// Fields.
    pub fields: Vec<Field>,
}

thread_local! {
    static LOG: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn keep_line(level: Level, message: &str, fields: &[Field]) {
    let line = Line {
        level,
        message: message.to_owned(),
        fields: fields.to_vec(),
    };
    LOG.with_borrow_mut(|log| log.push(line));
}

/// Take the lines logged by this thread so far.
#[must_use]
pub fn take_log() -> Vec<Line> {
    LOG.take()
}

/// A call with these settings: first attempt, key `key-1`, connection `test`, time [`START`].
pub fn call(settings: &serde_json::Value) -> CallBuilder {
    CallBuilder {
        context: CallContext {
            connection: "test".to_owned(),
            settings: settings.to_string(),
            idempotency_key: "key-1".to_owned(),
            attempt: 1,
            previous_unknown: false,
            deadline: START + CALL_BUDGET,
            now: START,
            run: None,
        },
        transport: Rc::new(Recorded::new()),
    }
}

/// Builds a [`Call`].
#[must_use]
pub struct CallBuilder {
    /// The context so far; change what a test needs.
    pub context: CallContext,
    transport: Rc<dyn Transport>,
}

impl CallBuilder {
    /// Who answers HTTP requests; by default nobody.
    pub fn transport(mut self, transport: Rc<dyn Transport>) -> Self {
        self.transport = transport;
        self
    }

    /// Another idempotency key.
    pub fn key(mut self, key: &str) -> Self {
        self.context.idempotency_key = key.to_owned();
        self
    }

    /// A later attempt, after one whose fate is unknown.
    pub fn repeated(mut self, attempt: u32) -> Self {
        self.context.attempt = attempt;
        self.context.previous_unknown = true;
        self
    }

    /// Another time.
    pub fn now(mut self, now: Timestamp) -> Self {
        self.context.now = now;
        self.context.deadline = now + CALL_BUDGET;
        self
    }

    /// On behalf of a run.
    pub fn run(mut self, run: &str) -> Self {
        self.context.run = Some(run.to_owned());
        self
    }

    /// The call.
    #[must_use]
    pub fn build(self) -> Call {
        Call::new(self.context, self.transport)
    }
}
