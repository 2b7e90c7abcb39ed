//! One host process per store: a lock file beside the database, freed by the system when its
//! holder ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Held as long as the store is open.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Take the lock of the database at `path`.
    pub(super) fn take(path: &Path) -> Result<Self> {
        let lock_path = lock_path(path);
        let unwritable = |error: std::io::Error| {
            Error::Unwritable(format!("cannot lock {}: {error}", lock_path.display()))
        };
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse {
                path: path.display().to_string(),
            }),
            Err(TryLockError::Error(error)) => Err(unwritable(error)),
        }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
