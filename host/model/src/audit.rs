//! Audit records: append-only, chained by hash (rule C-27).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Digest as _;

use crate::time::Timestamp;

/// A fact to be recorded; the store adds place and hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// The run it belongs to.
    pub run: Option<String>,
    /// The flow it belongs to.
    pub flow: Option<String>,
    /// Who: a person, `system`, or `operator:NAME`.
    pub actor: String,
    /// What: `call`, `decision`, `run.started`, `run.completed`, `operator.cancel`, …
    pub action: String,
    /// All else, by name.
    pub details: Value,
}

/// A stored audit record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Place in the chain, from 1.
    pub sequence: u64,
    /// The fact.
    pub entry: AuditEntry,
    /// Hash of the record before; 64 zeros for the first.
    pub previous: String,
    /// Hash of this record.
    pub hash: String,
}

/// `previous` of the first record.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl AuditEntry {
    /// Hash of this entry at this place: SHA-256 over the previous hash, the sequence and the
    /// entry's JSON text.
    ///
    /// # Errors
    /// If the entry cannot be written as JSON.
    pub fn hash(&self, sequence: u64, previous: &str) -> Result<String, serde_json::Error> {
        let mut hash = sha2::Sha256::new();
        hash.update(previous.as_bytes());
        hash.update(sequence.to_be_bytes());
        hash.update(serde_json::to_vec(self)?);
        Ok(hex::encode(hash.finalize()))
    }
}
