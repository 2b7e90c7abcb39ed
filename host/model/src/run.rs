//! Runs: durable executions of flows.
//!
//! ```text
//! pending → running ⇄ waiting ⇄ retrying → completed | cancelled | failed
//! parked and paused can be entered from every live state and left again
//! ```

use serde::{Deserialize, Serialize};

use crate::event::Entity;
use crate::name::{Digest, FlowName, RunId};
use crate::step::WaitingOn;
use crate::time::Timestamp;

/// Connection name under which runs tell of themselves. No configured connection can have it.
pub const RUNS: &str = "@runs";

/// Kind of the entity that a run is: a subscription to it gets its end.
pub const RUN_ENTITY: &str = "run";

/// Kind of the event that tells of the end of a run, whichever way it ended. Its data are the texts
/// `flow`, `business-key`, `state` (`completed`, `cancelled` or `failed`), `outcome` and `summary`,
/// and the JSON `labels`.
pub const RUN_COMPLETED: &str = "run.completed";

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Stored, not yet started.
    Pending,
    /// An activation is under way.
    Running,
    /// Waits for events or timers.
    Waiting,
    /// An activation was put off because a vendor could not be reached.
    Retrying,
    /// Waits for an operator.
    Parked,
    /// Held by an operator.
    Paused,
    /// Ended with an outcome.
    Completed,
    /// Ended without its purpose.
    Cancelled,
    /// Ended by an operator as failed.
    Failed,
}

impl RunState {
    /// All states, in the order of a run's life.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Running,
        Self::Waiting,
        Self::Retrying,
        Self::Parked,
        Self::Paused,
        Self::Completed,
        Self::Cancelled,
        Self::Failed,
    ];

    /// The state's name as stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Retrying => "retrying",
            Self::Parked => "parked",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Can anything still happen to it?
    #[must_use]
    pub const fn is_live(self) -> bool {
        !matches!(self, Self::Completed | Self::Cancelled | Self::Failed)
    }
}

/// Why a run is parked: a stable code and words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkReason {
    /// Stable code: `handler`, `invalid`, `conflict`, `possible-duplicate`, `nondeterministic`,
    /// `retry-budget`, `trap`, `denied`, …
    pub code: String,
    /// In words, with the vendor's message where there is one.
    pub message: String,
}

impl ParkReason {
    /// A reason.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

/// A run as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The flow it is an execution of.
    pub flow: FlowName,
    /// Its business key.
    pub business_key: String,
    /// Name for people.
    pub title: String,
    /// What it is about.
    pub subject: Entity,
    /// Labels to search by.
    pub labels: Vec<(String, String)>,
    /// Where it stands.
    pub state: RunState,
    /// Digest of the handler it started with.
    pub handler: Digest,
    /// Hash of the flow's configuration it started with.
    pub config_hash: String,
    /// Version of the stored handler state.
    pub state_version: u32,
    /// The handler's state, JSON text; absent before the first step.
    pub handler_state: Option<String>,
    /// Number of finished activations.
    pub activations: u32,
    /// On whom or what it waits.
    pub waiting_on: Option<WaitingOn>,
    /// Outcome or cancel reason.
    pub outcome: Option<String>,
    /// How it ended, in words.
    pub summary: Option<String>,
    /// Why it is parked.
    pub park_reason: Option<ParkReason>,
    /// Retries of the current activation so far.
    pub attempt: u32,
    /// When the current activation is tried again.
    pub retry_at: Option<Timestamp>,
    /// What the last failed attempt said.
    pub last_error: Option<String>,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A step as history shows it: one finished or put-off activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Number of the activation, from 1.
    pub activation: u32,
    /// What it was about: an event kind, `timer NAME`, `signal NAME`, `request`.
    pub trigger: String,
    /// What came of it: `waiting`, `completed`, `cancelled`, `parked`.
    pub result: String,
    /// In words.
    pub summary: String,
    /// Attempts it took.
    pub attempts: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Digest of the handler that ran.
    pub handler: Digest,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_names_round_trip() {
        for state in RunState::ALL {
            assert_eq!(RunState::parse(state.as_str()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
