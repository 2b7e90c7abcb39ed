//! One host process per store: a lock file beside the database, freed by the system when its
//! holder ends, however it ends. The file names its holder, for those who are turned away.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
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
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).map_err(unwritable)?;
                write!(file, "process {}", std::process::id()).map_err(unwritable)?;
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(Error::InUse {
                path: path.display().to_string(),
                holder: holder(&mut file),
            }),
            Err(TryLockError::Error(error)) => Err(unwritable(error)),
        }
    }
}

/// Who the lock file says holds it. It may have been taken a moment ago and say nothing yet.
fn holder(file: &mut File) -> String {
    let mut holder = String::new();
    match file.read_to_string(&mut holder) {
        Ok(_) if !holder.is_empty() => holder,
        _ => "which has not said who it is".to_owned(),
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
