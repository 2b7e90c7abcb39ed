//! Steps: what an activation returns. The serde form is that of `use-case-handler.step`.

use serde::{Deserialize, Serialize};

use crate::event::Entity;
use crate::time::Timestamp;

/// What an activation returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// New state, JSON text.
    pub state: String,
    /// Labels to add or replace.
    pub labels: Vec<(String, String)>,
    /// What comes next.
    pub next: Next,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Next {
    /// Wait.
    Waiting(Waiting),
    /// Done.
    Completed(Completion),
    /// Ended without its purpose.
    Cancelled(Completion),
    /// An operator must look.
    Parked(String),
}

/// All a waiting run waits for; it replaces what stood before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Waiting {
    /// Timers.
    pub timers: Vec<Timer>,
    /// Subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// For people.
    pub waiting_on: WaitingOn,
}

/// A timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Timer {
    /// Its name, unique in the run.
    pub name: String,
    /// When it is due.
    pub due_at: Timestamp,
}

/// Events of an entity that should come to the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Role whose connection the entity is at.
    pub role: String,
    /// The entity.
    pub entity: Entity,
    /// Kinds wanted; empty for all.
    pub kinds: Vec<String>,
}

/// On whom or what a run waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WaitingOn {
    /// In words.
    pub summary: String,
    /// Whose turn it is.
    pub parties: Vec<String>,
    /// When it should have happened.
    pub due_at: Option<Timestamp>,
    /// A link for people.
    pub link: Option<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// The outcome.
    pub outcome: String,
    /// In words.
    pub summary: String,
}

/// The answer of `admit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Admission {
    /// Not for this flow, and why.
    Ignore(String),
    /// Start a run, or signal the live one.
    Start(Start),
    /// The request is wrong.
    Refuse(String),
}

/// A run to start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Start {
    /// Unique among the live runs of the flow.
    pub business_key: String,
    /// What the run is about.
    pub subject: Entity,
    /// Name for people.
    pub title: String,
    /// Labels to search by.
    pub labels: Vec<(String, String)>,
}
