//! Runs: starting, claiming, ending activations. Operators' actions are in `control`.

use std::time::Duration;

use forebay_model::audit::AuditEntry;
use forebay_model::event::{DeliveryContent, Signal};
use forebay_model::journal::JournalEntry;
use forebay_model::run::{ParkReason, Run, StepRecord};
use forebay_model::step::{Completion, Timer, WaitingOn};
use forebay_model::{ConnectionName, Digest, Entity, FlowName, RunId, Timestamp};

pub use crate::control::{Act, Control, Controlled, REDRIVE_OF, REDRIVEN_AS, Redrive, Upgrade};

/// Name of the signal that asks a handler to clean up. It goes before everything else in an inbox.
pub const CANCEL_SIGNAL: &str = "cancel";

/// Name of the signal that a run gets when an operator retries it and nothing else waits for it: its
/// handler parked it, and looks again.
pub const RETRY_SIGNAL: &str = "retry";

/// A run to start.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRun {
    /// Its id, from [`RunId::derive`]: the same start gives the same id.
    pub id: RunId,
    /// The flow.
    pub flow: FlowName,
    /// Unique among the live runs of the flow.
    pub business_key: String,
    /// Name for people.
    pub title: String,
    /// What it is about.
    pub subject: Entity,
    /// Labels to search by.
    pub labels: Vec<(String, String)>,
    /// Digest of the handler it is pinned to.
    pub handler: Digest,
    /// Hash of the configuration it is pinned to.
    pub config_hash: String,
    /// What its first activation is about, or what the live run of its key gets.
    pub delivery: DeliveryContent,
    /// Key and fingerprint of the request, for repeated requests.
    pub request: Option<RequestKey>,
    /// Who started it, for the audit: `system`, `operator:NAME`, `run:ID`.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// A client's idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// The key, as the client gave it, with the API key's name in front.
    pub key: String,
    /// SHA-256 of what was asked for; another request under the same key is refused.
    pub fingerprint: String,
}

/// What became of a start on request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartOutcome {
    /// A run was started.
    Started(RunId),
    /// A live run of this business key stood there and got the delivery.
    Delivered(RunId),
    /// The same request was answered before.
    Repeated(RunId),
    /// The key was used for another request.
    KeyReused,
}

/// Ownership of a run for one activation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// The run.
    pub run: RunId,
    /// Raised with every claim; the store refuses writes of an older one.
    pub epoch: u64,
}

/// Which runs to claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    /// The host that claims.
    pub owner: String,
    /// The time now.
    pub now: Timestamp,
    /// How long the claim holds unless renewed.
    pub lease: Duration,
    /// Timers to fire first, at most, of those that are due: they make their runs claimable.
    pub timers: u32,
    /// Most runs to claim.
    pub limit: u32,
    /// How many runs of a flow may be claimed at most, where that is fewer than `limit`; 0 leaves the
    /// flow out.
    pub room: Vec<(FlowName, u32)>,
}

/// A claimed run with all its activation needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// The claim.
    pub claim: Claim,
    /// The run.
    pub run: Run,
    /// Number of the inbox item the activation is about.
    pub item: u64,
    /// What it is about.
    pub delivery: DeliveryContent,
    /// When the activation first began: the handler's clock.
    pub started_at: Timestamp,
    /// Newest event known when the activation first began.
    pub watermark: u64,
    /// What earlier attempts of this activation recorded.
    pub journal: Vec<JournalEntry>,
    /// Since when this activation fails, where it does and the time counts against the budget.
    pub failing_since: Option<Timestamp>,
}

/// A subscription with its connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wait {
    /// Connection of the entity.
    pub connection: ConnectionName,
    /// Role under which the run knows it.
    pub role: String,
    /// The entity.
    pub entity: Entity,
    /// Kinds wanted; empty for all.
    pub kinds: Vec<String>,
}

/// What comes after a step.
#[derive(Clone, Debug, PartialEq)]
pub enum After {
    /// Wait; timers and waits replace those before. What arrived for a wait since the
    /// activation's watermark is delivered in the same transaction.
    Waiting {
        /// Timers.
        timers: Vec<Timer>,
        /// Waits.
        waits: Vec<Wait>,
        /// For people.
        waiting_on: WaitingOn,
    },
    /// Completed.
    Completed(Completion),
    /// Cancelled.
    Cancelled(Completion),
    /// Parked by the handler; timers and waits stay.
    Parked(ParkReason),
}

/// Something to tell operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The channel.
    pub channel: String,
    /// The message.
    pub message: String,
}

/// The end of an activation: all of it in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct StepCommit {
    /// Inbox item that is consumed.
    pub item: u64,
    /// Watermark of the activation.
    pub watermark: u64,
    /// Journal entries not stored yet.
    pub journal: Vec<JournalEntry>,
    /// New handler state, JSON text.
    pub state: String,
    /// Version of the state.
    pub state_version: u32,
    /// Labels to add or replace.
    pub labels: Vec<(String, String)>,
    /// What comes after.
    pub after: After,
    /// The step, for history.
    pub record: StepRecord,
    /// Audit entries.
    pub audit: Vec<AuditEntry>,
    /// Runs to start. A live run of the same key gets what the new one would have begun with, and
    /// answers to its id: signals and subscriptions of the new id are the live run's.
    pub spawns: Vec<NewRun>,
    /// Signals to other runs; one to a run that has ended is dropped and audited.
    pub signals: Vec<(RunId, Signal)>,
    /// Notices.
    pub notices: Vec<Notice>,
    /// When.
    pub at: Timestamp,
}

/// What came of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The run has more in its inbox.
    pub more: bool,
}

/// An activation that is to be tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct PutOff {
    /// Journal entries not stored yet, intents included.
    pub journal: Vec<JournalEntry>,
    /// When to try again.
    pub retry_at: Timestamp,
    /// Why.
    pub error: String,
    /// Wait for this connection's health; the time does not count against the budget.
    pub connection: Option<ConnectionName>,
    /// Since when it fails, counted against the budget; absent if the time does not count.
    pub failing_since: Option<Timestamp>,
    /// Number of failed attempts so far, this one included.
    pub attempt: u32,
    /// Audit entries.
    pub audit: Vec<AuditEntry>,
    /// When.
    pub at: Timestamp,
}
