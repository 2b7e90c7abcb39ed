//! Backups.

use std::path::Path;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a backup is to go.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackupInput {
    /// A file name below the folder of backups; an absolute path elsewhere only if the configuration
    /// allows it. Nothing is overwritten.
    #[schema(example = "2026-11-22.db")]
    pub(crate) target: String,
}

/// How far a backup is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BackupState {
    /// Complete, checked and on disk.
    Done,
    /// Being written. The file has its name once it is complete.
    Running,
}

/// A backup.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Backup)]
pub(crate) struct BackupView {
    /// The file, on the host's machine.
    path: String,
    /// How far it is.
    state: BackupState,
    /// Its size in bytes, when done.
    bytes: Option<u64>,
}

impl BackupView {
    /// Done if there is a size.
    pub(crate) fn new(path: &Path, bytes: Option<u64>) -> Self {
        let state = if bytes.is_some() {
            BackupState::Done
        } else {
            BackupState::Running
        };
        Self {
            path: path.display().to_string(),
            state,
            bytes,
        }
    }
}
