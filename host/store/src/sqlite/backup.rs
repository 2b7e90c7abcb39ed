//! Copying the store to a file while it is used.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::SqliteOptions;
use super::contents::contents;
use super::inspect::quick_check;
use super::schema::open_reader;
use crate::copy::{Contents, Copied};
use crate::{Error, Result};

/// Write a copy to a new file. Reads in one snapshot: writers go on beside it, and what they write
/// meanwhile is not in the copy.
pub(super) async fn write(options: &SqliteOptions, target: &Path) -> Result<Copied> {
    let (options, target) = (options.clone(), target.to_owned());
    let ended = tokio::task::spawn_blocking(move || write_now(&options, &target)).await;
    ended.map_err(|error| Error::Unwritable(format!("the backup failed: {error}")))?
}

fn write_now(options: &SqliteOptions, target: &Path) -> Result<Copied> {
    if target.exists() {
        return Err(Error::Refused(format!(
            "{} is there already",
            target.display()
        )));
    }
    let partial = Partial::beside(target)?;
    let contents = copy(options, &partial.path).map_err(|error| error.in_file(&options.path))?;
    let bytes = partial.become_file(target)?;
    Ok(Copied { bytes, contents })
}

fn copy(options: &SqliteOptions, path: &Path) -> Result<Contents> {
    let source = open_reader(options)?;
    let mut copy = Connection::open(path)?;
    // All pages in one step, under one read lock: a copy in parts would begin anew with every write.
    match Backup::new(&source, &mut copy)?.step(-1)? {
        StepResult::Done => {}
        other => {
            return Err(Error::Unwritable(format!(
                "the store could not be read: {other:?}"
            )));
        }
    }
    // Without a log of its own the copy is one file, whole wherever it is carried.
    let mode: String =
        copy.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))?;
    if mode != "delete" {
        return Err(Error::Unusable(format!(
            "the copy has the journal mode {mode}"
        )));
    }
    quick_check(&copy)?;
    contents(&copy)
}

/// A file under a name that says that it is not finished. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Partial {
    pub(super) path: PathBuf,
}

impl Partial {
    /// A name beside this one. What an earlier attempt left there goes.
    pub(super) fn beside(target: &Path) -> Result<Self> {
        let name = target
            .file_name()
            .ok_or_else(|| Error::Refused(format!("{} does not name a file", target.display())))?;
        let name = format!(".{}.partial", name.to_string_lossy());
        let partial = Self {
            path: target.with_file_name(name),
        };
        partial.remove();
        Ok(partial)
    }

    /// Bring it to the disk and give it its name; returns its size.
    pub(super) fn become_file(self, target: &Path) -> Result<u64> {
        let failed = |error: std::io::Error| {
            Error::Unwritable(format!("cannot write {}: {error}", target.display()))
        };
        let file = File::open(&self.path).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        fs::rename(&self.path, target).map_err(failed)?;
        sync_folder(target).map_err(failed)?;
        Ok(size)
    }

    fn remove(&self) {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            // What is not there need not go.
            let _ = fs::remove_file(with_suffix(&self.path, suffix));
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The name with something added.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A new name is on disk only after its folder is.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
