//! Audit records.

use forebay_model::audit::AuditRecord;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Time;

/// An audit record with its place in the chain.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditRecord)]
pub(crate) struct AuditView {
    /// Place in the chain, from 1.
    sequence: u64,
    /// When.
    at: Time,
    /// The run it belongs to.
    run: Option<String>,
    /// The flow it belongs to.
    flow: Option<String>,
    /// Who: a person, `system`, or `operator:KEY`.
    actor: String,
    /// What.
    #[schema(example = "operator.cancel")]
    action: String,
    /// All else, by name.
    details: Value,
    /// Hash of the record before.
    previous: String,
    /// Hash of this record.
    hash: String,
}

impl From<AuditRecord> for AuditView {
    fn from(record: AuditRecord) -> Self {
        Self {
            sequence: record.sequence,
            at: record.entry.at.into(),
            run: record.entry.run,
            flow: record.entry.flow,
            actor: record.entry.actor,
            action: record.entry.action,
            details: record.entry.details,
            previous: record.previous,
            hash: record.hash,
        }
    }
}

/// Whether the chain holds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Verification {
    /// Every record fits the one before.
    intact: bool,
    /// Number of records, if intact.
    records: Option<u64>,
    /// The first record that does not fit, if not.
    first_broken: Option<u64>,
}

impl From<Result<u64, u64>> for Verification {
    fn from(verified: Result<u64, u64>) -> Self {
        Self {
            intact: verified.is_ok(),
            records: verified.ok(),
            first_broken: verified.err(),
        }
    }
}
