//! What makes flows begin by themselves: schedules, and backfills of what happened before.

use async_trait::async_trait;
use forebay_model::audit::AuditEntry;
use forebay_model::{ConnectionName, Event, FlowName, RunId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::runs::{NewRun, StartOutcome};

/// The part of a store that keeps triggers. Every method is one transaction, as in
/// [`Store`](crate::Store).
#[async_trait]
pub trait TriggerStore: Send + Sync + 'static {
    /// What is known of a schedule.
    async fn schedule(&self, flow: &FlowName, name: &str) -> Result<Option<ScheduleState>>;

    /// Take up a schedule. One that is new, or has another rhythm than before, is settled up to now:
    /// nothing of the past is fired. One that is known stays as it is.
    async fn open_schedule(
        &self,
        flow: &FlowName,
        name: &str,
        rhythm: &str,
        now: Timestamp,
    ) -> Result<ScheduleState>;

    /// Settle a schedule up to an instant, together with the run that is started or gets it. `None`
    /// if it was settled before or has another rhythm by now: whoever was first did it.
    async fn fire(&self, firing: Firing) -> Result<Option<Fate>>;

    /// The latest backfill of a flow.
    async fn backfill(&self, flow: &FlowName) -> Result<Option<Backfill>>;

    /// Backfills that count or run.
    async fn live_backfills(&self) -> Result<Vec<Backfill>>;

    /// Write a backfill, together with events that are kept for its flow and the audit. Its revision
    /// must be one more than what stands there (1 for the first); `false` if it is not, and nothing
    /// was written.
    ///
    /// An event that is new is kept for this flow alone, until something else than a backfill
    /// reports it: then it is routed to everybody.
    async fn save_backfill(
        &self,
        backfill: Backfill,
        page: Option<BackfillPage>,
        audit: Vec<AuditEntry>,
    ) -> Result<bool>;
}

/// What is known of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleState {
    /// Pattern and zone.
    pub rhythm: String,
    /// Nothing at or before this instant is fired any more.
    pub settled_to: Timestamp,
    /// What was fired last.
    pub last: Option<Fired>,
}

/// An instant that was fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// When it was due.
    pub due_at: Timestamp,
    /// When it was fired.
    pub fired_at: Timestamp,
    /// What became of it.
    pub fate: Fate,
}

/// What became of an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// The run that it started or was given to.
    pub run: Option<RunId>,
    /// In words.
    pub note: String,
}

/// An instant of a schedule to settle.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// The flow.
    pub flow: FlowName,
    /// The schedule.
    pub name: String,
    /// Its pattern and zone.
    pub rhythm: String,
    /// The instant.
    pub due_at: Timestamp,
    /// The run to start, or why there is none.
    pub start: std::result::Result<Box<NewRun>, String>,
    /// Audit entries.
    pub audit: Vec<AuditEntry>,
    /// When.
    pub at: Timestamp,
}

/// What a start on schedule is told to have done.
impl From<StartOutcome> for Fate {
    fn from(outcome: StartOutcome) -> Self {
        let (run, note) = match outcome {
            StartOutcome::Started(run) => (run, "started"),
            StartOutcome::Delivered(run) => (run, "given to the live run of its key"),
            StartOutcome::Repeated(run) => (run, "had started this run before"),
            StartOutcome::KeyReused => {
                let note = "the request key is in use".to_owned();
                return Self { run: None, note };
            }
        };
        Self {
            run: Some(run),
            note: note.to_owned(),
        }
    }
}

/// Where a backfill stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackfillState {
    /// What it would do is being counted. Nothing is started.
    Counting,
    /// Counted; somebody must confirm it.
    Counted,
    /// It hands events to its flow.
    Running,
    /// All was handed over.
    Completed,
    /// Somebody ended it.
    Cancelled,
}

impl BackfillState {
    /// Is there something to do without anybody asking for it?
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Counting | Self::Running)
    }
}

/// Bringing a flow what happened before it was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backfill {
    /// The flow.
    pub flow: FlowName,
    /// Raised with every write.
    pub revision: u64,
    /// Where it stands.
    pub state: BackfillState,
    /// From when on.
    pub since: Timestamp,
    /// Connections that are read to their end.
    pub finished: Vec<ConnectionName>,
    /// Where reading the next connection goes on.
    pub cursor: Option<String>,
    /// Events read so far in this state.
    pub seen: u64,
    /// What the count found.
    pub counted: Option<Counted>,
    /// Events handed to the flow so far.
    pub handed_over: u64,
    /// When the next page is read: the rate, or the pause after a failure.
    pub next_at: Timestamp,
    /// What the last page failed with.
    pub error: Option<String>,
    /// Failures in a row.
    pub failures: u32,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a count found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Runs that would be started.
    pub would_start: u64,
    /// Live runs that would get an event more.
    pub would_join: u64,
    /// Events that the flow does not want.
    pub ignored: u64,
}

/// Events that a backfill brings.
#[derive(Clone, Debug, PartialEq)]
pub struct BackfillPage {
    /// The connection.
    pub connection: ConnectionName,
    /// The events.
    pub events: Vec<Event>,
    /// When they came.
    pub at: Timestamp,
}
