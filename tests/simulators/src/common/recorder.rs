//! What was called, and what it did: the material of "exactly once".

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use forebay_model::Timestamp;
use serde::Serialize;

use super::lock;

/// Longest request text kept with a call, in bytes: enough for any JSON body of the three vendors,
/// too short for an uploaded file.
pub const LONGEST_KEPT_BODY: usize = 64 * 1024;

/// One call a simulator answered, or refused to answer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Call {
    /// Position among all calls, from 1.
    pub sequence: u64,
    /// When it came in.
    pub at: Timestamp,
    /// Name of the operation, `start-process`.
    pub operation: String,
    /// HTTP method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query string, empty where there was none.
    pub query: String,
    /// Who called, where the operation found out.
    pub actor: Option<String>,
    /// SHA-256 of the body in hexadecimal.
    pub body_digest: String,
    /// The body, where it is text of at most [`LONGEST_KEPT_BODY`] bytes.
    pub body: Option<String>,
    /// Status of the answer; absent where the connection was dropped instead.
    pub status: Option<u16>,
    /// Effects it had.
    pub effects: Vec<String>,
    /// Faults that were injected into it.
    pub faults: Vec<String>,
}

impl Call {
    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        self.body
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }
}

/// Remembers all calls of one simulator.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Records>>);

#[derive(Debug, Default)]
struct Records {
    calls: Vec<Call>,
    effects: BTreeMap<String, u64>,
}

impl Recorder {
    /// Keep a call; its sequence number is set here.
    pub(crate) fn keep(&self, mut call: Call) {
        let mut records = lock(&self.0);
        call.sequence = records.calls.len() as u64 + 1;
        records.calls.push(call);
    }

    /// Count an effect.
    pub(crate) fn count(&self, effect: &str) {
        *lock(&self.0).effects.entry(effect.to_owned()).or_default() += 1;
    }

    /// All calls, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.0).calls.clone()
    }

    /// The calls of one operation, oldest first.
    #[must_use]
    pub fn calls_of(&self, operation: &str) -> Vec<Call> {
        lock(&self.0)
            .calls
            .iter()
            .filter(|call| call.operation == operation)
            .cloned()
            .collect()
    }

    /// How often an effect happened.
    #[must_use]
    pub fn effects(&self, effect: &str) -> u64 {
        lock(&self.0)
            .effects
            .get(effect)
            .copied()
            .unwrap_or_default()
    }

    /// All effects with their counts.
    #[must_use]
    pub fn all_effects(&self) -> BTreeMap<String, u64> {
        lock(&self.0).effects.clone()
    }

    /// Forget all calls and effects.
    pub fn clear(&self) {
        *lock(&self.0) = Records::default();
    }
}

/// What a handler says about the call it is answering.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) actor: Option<String>,
    pub(crate) effects: Vec<String>,
}

tokio::task_local! {
    /// Notes of the call this task is answering.
    pub(crate) static NOTES: RefCell<Notes>;
}

/// Say that the call being answered had an effect. Outside of a call, as when a test seeds state,
/// nothing is counted.
pub fn effect(name: impl Into<String>) {
    let _ = NOTES.try_with(|notes| notes.borrow_mut().effects.push(name.into()));
}

/// Say who made the call being answered.
pub fn actor(name: impl Into<String>) {
    let _ = NOTES.try_with(|notes| notes.borrow_mut().actor = Some(name.into()));
}
