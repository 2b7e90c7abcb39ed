//! Steps and the calls they made.

use std::collections::BTreeMap;

use forebay_model::journal::JournalEntry;
use forebay_model::run::StepRecord;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Time, times};

/// History of a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Steps {
    /// Finished activations, oldest first.
    items: Vec<StepView>,
    /// The activation that is under way, put off or parked; null if there is none.
    current: Option<OpenActivation>,
}

/// A finished activation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Step)]
struct StepView {
    /// Number of the activation, from 1.
    activation: u32,
    /// What it was about: an event kind, `timer NAME`, `signal NAME`, `request`.
    trigger: String,
    /// `waiting`, `completed`, `cancelled` or `parked`.
    result: String,
    /// In words.
    summary: String,
    /// Attempts it took.
    attempts: u32,
    /// When it began.
    started_at: Time,
    /// When it ended.
    ended_at: Time,
    /// Digest of the handler that ran.
    handler: String,
    /// The calls it made, in order.
    calls: Vec<CallView>,
}

/// An activation that has recorded calls and not ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct OpenActivation {
    /// Its number.
    activation: u32,
    /// The calls it made so far.
    calls: Vec<CallView>,
}

/// One call to a capability.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Call)]
struct CallView {
    /// Position in the activation, from 0.
    index: u32,
    /// The function, `package:name/interface.function`.
    function: String,
    /// The connection it went to; null for calls the host answers itself.
    connection: Option<String>,
    /// Arguments by position.
    arguments: Value,
    /// Does it change something at the vendor?
    mutating: bool,
    /// Recorded as intended only (observe mode).
    observed: bool,
    /// Idempotency key of the effect.
    key: String,
    /// Attempts made so far.
    attempts: u32,
    /// `{"ok": …}` or `{"err": …}`; null while it is an intent only.
    result: Option<Value>,
    /// When it was first made.
    started_at: Time,
    /// When the result came.
    ended_at: Option<Time>,
}

impl Steps {
    /// Put steps and journal together.
    pub(crate) fn new(steps: Vec<StepRecord>, journal: Vec<JournalEntry>) -> Self {
        let mut calls: BTreeMap<u32, Vec<JournalEntry>> = BTreeMap::new();
        for entry in journal {
            calls.entry(entry.activation).or_default().push(entry);
        }
        let mut taken = |activation: u32| views(calls.remove(&activation).unwrap_or_default());
        let items = steps.into_iter().map(|step| StepView {
            activation: step.activation,
            trigger: step.trigger,
            result: step.result,
            summary: step.summary,
            attempts: step.attempts,
            started_at: step.started_at.into(),
            ended_at: step.ended_at.into(),
            handler: step.handler.to_string(),
            calls: taken(step.activation),
        });
        let items = items.collect();
        let current = calls.pop_last();
        Self {
            items,
            current: current.map(|(activation, calls)| OpenActivation {
                activation,
                calls: views(calls),
            }),
        }
    }
}

fn views(mut calls: Vec<JournalEntry>) -> Vec<CallView> {
    calls.sort_by_key(|call| call.index);
    calls.into_iter().map(CallView::from).collect()
}

impl From<JournalEntry> for CallView {
    fn from(call: JournalEntry) -> Self {
        Self {
            index: call.index,
            function: call.function.to_string(),
            connection: call.connection.map(|connection| connection.to_string()),
            arguments: call.arguments,
            mutating: call.mutating,
            observed: call.observed,
            key: call.key,
            attempts: call.attempts,
            result: call.result,
            started_at: call.started_at.into(),
            ended_at: times(call.ended_at),
        }
    }
}
