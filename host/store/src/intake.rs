//! Webhooks, events, cursors and routing.

use forebay_model::ports::HeaderField;
use forebay_model::{ConnectionName, Event, EventIdentity, FlowName, RunId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::runs::NewRun;

/// A verified webhook delivery, secrets taken out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewWebhook {
    /// The connection it came to.
    pub connection: ConnectionName,
    /// The endpoint.
    pub endpoint: String,
    /// HTTP method.
    pub method: String,
    /// Path with query.
    pub path: String,
    /// Headers without credentials.
    pub headers: Vec<HeaderField>,
    /// Body without secrets.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
}

/// A stored delivery that waits to be normalised.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredWebhook {
    /// Its number.
    pub id: u64,
    /// The delivery.
    pub webhook: NewWebhook,
    /// Attempts so far.
    pub attempts: u32,
}

/// How the normalisation of a delivery went.
#[derive(Clone, Debug, PartialEq)]
pub enum WebhookSettlement {
    /// It gave these events (perhaps none).
    Events {
        /// The events.
        events: Vec<Event>,
        /// When.
        at: Timestamp,
    },
    /// Try again later.
    PutOff {
        /// When.
        retry_at: Timestamp,
        /// Why.
        error: String,
    },
    /// The connector cannot make sense of it; kept with this message.
    Rejected {
        /// Why.
        error: String,
        /// When.
        at: Timestamp,
    },
}

/// Events read from a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct EventBatch {
    /// The connection.
    pub connection: ConnectionName,
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// How they came: `poll`, `webhook`, `rest`.
    pub source: &'static str,
    /// When they came.
    pub received_at: Timestamp,
    /// The cursor to store with them.
    pub cursor: Option<CursorWrite>,
}

/// What recording did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Events that were new.
    pub new: u32,
    /// Events known before.
    pub known: u32,
}

/// A cursor to store. Belongs to the trigger, not to a version of anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorWrite {
    /// Name of the trigger: `poll:CONNECTION`.
    pub trigger: String,
    /// The cursor.
    pub value: String,
    /// When it was read.
    pub at: Timestamp,
}

/// A stored cursor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cursor {
    /// The cursor.
    pub value: String,
    /// When it was last moved.
    pub updated_at: Timestamp,
}

/// A stored event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredEvent {
    /// Its number, in order of arrival.
    pub id: u64,
    /// Its identity.
    pub identity: EventIdentity,
    /// The connection it happened at.
    pub connection: ConnectionName,
    /// The event.
    pub event: Event,
    /// How it came first.
    pub source: String,
    /// When it came first.
    pub received_at: Timestamp,
    /// How often it was reported.
    pub seen: u32,
    /// What became of it: delivered to which runs, ignored by which flows and why. Empty before routing.
    pub routing: Vec<String>,
    /// Has it been routed?
    pub routed: bool,
}

/// A live run that waits for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// The run.
    pub run: RunId,
    /// Its flow.
    pub flow: FlowName,
    /// The role under which it subscribed.
    pub role: String,
}

/// What to do with an event besides delivering it to its subscribers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoutePlan {
    /// Runs to start with it.
    pub starts: Vec<NewRun>,
    /// Flows that ignore it, and why.
    pub ignored: Vec<(FlowName, String)>,
    /// Flows that were not asked because a run of theirs waits for it. If none does any more, having
    /// ended meanwhile, nothing is routed: they have to be asked.
    pub told: Vec<FlowName>,
    /// Flows that cannot take it up now, being switched off or without a working handler, and will
    /// see it later.
    pub deferred: Vec<FlowName>,
}

/// What routing did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routed {
    /// Runs that got it in their inbox, started ones included.
    pub delivered: Vec<RunId>,
    /// Runs that were started.
    pub started: Vec<RunId>,
}
