//! Copies of a store, and what a store held at one moment.

use forebay_model::{Digest, Timestamp};

/// What a store holds, as far as one tells it from another by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Version of its schema.
    pub schema: u32,
    /// Records of its audit.
    pub audit_records: u64,
    /// Hash of the newest of them; that before the first if there is none.
    pub audit_hash: String,
    /// When the newest thing in it was written; absent if nothing has happened yet.
    pub newest: Option<Timestamp>,
    /// Runs that have not ended.
    pub live_runs: u64,
    /// Handlers that those are pinned to.
    pub handlers: Vec<Digest>,
    /// Name of the key that its payloads are sealed with.
    pub sealed_with: Option<String>,
}

/// A copy that is complete, checked and on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its size in bytes.
    pub bytes: u64,
    /// What it holds.
    pub contents: Contents,
}
