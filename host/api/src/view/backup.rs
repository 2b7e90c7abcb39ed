//! Backups.

use std::path::Path;

use forebay_engine::backup::{BackedUp, Lacking, PluginEntry};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a backup is to go.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackupInput {
    /// Name of a folder to be made below the folder of backups; an absolute path elsewhere only if the
    /// configuration allows it. Nothing is overwritten.
    #[schema(example = "2026-11-22")]
    pub(crate) target: String,
}

/// How far a backup is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BackupState {
    /// Complete, checked and on disk.
    Done,
    /// Being written. The folder has its name once it is complete.
    Running,
}

/// A backup: a folder with a copy of the store, the plugin files that its live runs are pinned to, and
/// a manifest.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Backup)]
pub(crate) struct BackupView {
    /// The folder, on the host's machine.
    path: String,
    /// How far it is.
    state: BackupState,
    /// Bytes of all its files, when done.
    bytes: Option<u64>,
    /// Handlers that live runs are pinned to, whose files are in it.
    plugins: Vec<SavedPlugin>,
    /// Those whose files could not be saved. Restored elsewhere, their runs would be parked.
    lacking: Vec<LackingPlugin>,
}

/// A plugin whose file is in a backup.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SavedPlugin {
    /// SHA-256 of its file.
    digest: String,
    /// Its name.
    name: String,
    /// Its version.
    version: String,
}

/// A plugin whose file could not be saved.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LackingPlugin {
    /// SHA-256 of its file.
    digest: String,
    /// Why.
    reason: String,
}

impl From<PluginEntry> for SavedPlugin {
    fn from(entry: PluginEntry) -> Self {
        Self {
            digest: entry.digest.to_string(),
            name: entry.name,
            version: entry.version,
        }
    }
}

impl From<Lacking> for LackingPlugin {
    fn from(lacking: Lacking) -> Self {
        Self {
            digest: lacking.digest.to_string(),
            reason: lacking.reason,
        }
    }
}

impl BackupView {
    /// One that is still being written.
    pub(crate) fn running(path: &Path) -> Self {
        Self {
            path: path.display().to_string(),
            state: BackupState::Running,
            bytes: None,
            plugins: Vec::new(),
            lacking: Vec::new(),
        }
    }
}

impl From<BackedUp> for BackupView {
    fn from(backup: BackedUp) -> Self {
        let manifest = backup.manifest;
        Self {
            path: backup.path.display().to_string(),
            state: BackupState::Done,
            bytes: Some(backup.bytes),
            plugins: manifest.plugins.into_iter().map(Into::into).collect(),
            lacking: manifest.lacking.into_iter().map(Into::into).collect(),
        }
    }
}
