//! The journal of one activation: the calls it made, so that after a crash it runs again to the
//! same point without repeating an effect.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::name::{ConnectionName, FunctionName};
use crate::time::Timestamp;

/// One call of an activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Number of the activation, from 1.
    pub activation: u32,
    /// Position in the activation, from 0.
    pub index: u32,
    /// The function called.
    pub function: FunctionName,
    /// The connection it went to; absent for calls the host answers itself.
    pub connection: Option<ConnectionName>,
    /// Arguments, in the JSON form of the broker.
    pub arguments: Value,
    /// Does it change something at the vendor?
    pub mutating: bool,
    /// Stable key of the effect.
    pub key: String,
    /// Attempts made so far.
    pub attempts: u32,
    /// The result, once known; a call without one is an intent.
    pub result: Option<Value>,
    /// Recorded as intended only (observe mode).
    pub observed: bool,
    /// Its audit record is written.
    pub audited: bool,
    /// When it was first made.
    pub started_at: Timestamp,
    /// When the result came.
    pub ended_at: Option<Timestamp>,
}
