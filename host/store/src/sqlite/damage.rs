//! What the store does once it has met damage: it goes on answering what can be read, and writes
//! nothing more, so that whatever is whole stays as it is for a repair.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::error::Failure;
use crate::{Error, Result};

/// Damage that was met since the store was opened; shared by its readers and its writer.
#[derive(Clone, Debug)]
pub(super) struct Damage {
    path: Arc<PathBuf>,
    met: Arc<OnceLock<String>>,
}

impl Damage {
    /// None so far.
    pub(super) fn none_in(path: &Path) -> Self {
        Self {
            path: Arc::new(path.to_owned()),
            met: Arc::default(),
        }
    }

    /// Remember it if this result tells of damage.
    pub(super) fn noticed<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(Error::Damaged { what, .. }) = &result
            && self.met.set(what.clone()).is_ok()
        {
            metrics::gauge!("forebay_store_damaged").set(1.0);
            tracing::error!(path = %self.path.display(), what,
                "the store is damaged; nothing more is written to it. Stop the host and restore a \
                 backup: forebay restore --replace BACKUP");
        }
        result.map_err(|error| error.in_file(&self.path))
    }

    /// What writes are told if damage was met.
    pub(super) fn met(&self) -> Option<Failure> {
        self.met.get().map(|what| Failure::Damaged {
            path: self.path.display().to_string(),
            what: what.clone(),
        })
    }
}
