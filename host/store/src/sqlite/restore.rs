//! Putting a backup in the place of a store that nobody uses: [`Restoring::prepare`] looks at everything
//! and touches nothing, [`Restoring::put`] does it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use forebay_model::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::backup::{Partial, sync_folder, with_suffix};
use super::contents::{self, contents};
use super::inspect::damaged;
use super::lock::Lock;
use super::{SqliteOptions, audit};
use crate::copy::Contents;
use crate::{Error, Result};

/// What would be lost with the store that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing: there is none, or all of it is older than the backup.
    Nothing,
    /// This was written to it after the backup was made, in words.
    Newer(String),
    /// It cannot be read, for this reason.
    Unknown(String),
}

/// A backup that was copied beside the store and checked from end to end. Nothing else was touched;
/// dropped, it leaves nothing. Nobody else can use the store meanwhile.
#[derive(Debug)]
pub struct Restoring {
    partial: Partial,
    target: PathBuf,
    contents: Contents,
    loss: Loss,
    _lock: Lock,
}

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Size of the store in bytes.
    pub bytes: u64,
    /// What it holds.
    pub contents: Contents,
    /// Where the store that was there before is kept.
    pub kept: Option<PathBuf>,
}

/// Make the store at `target` what the backup at `source` holds. The backup stays as it is. A store
/// that is there is replaced only if asked, and kept beside the new one, its name ending in
/// `.replaced-` and the time. Blocks while the file is copied and checked from end to end.
///
/// # Errors
/// As [`Restoring::prepare`]. The store is as before then.
pub fn restore(source: &Path, target: &Path, replace: bool, now: Timestamp) -> Result<Restored> {
    Restoring::prepare(source, target, replace)?.put(now)
}

impl Restoring {
    /// Copy the backup beside the store and check everything.
    ///
    /// # Errors
    /// [`InUse`](Error::InUse) while a host uses the store, [`Refused`](Error::Refused) if one is
    /// there that is not to be replaced or the source is no whole backup,
    /// [`Unusable`](Error::Unusable) if the backup is damaged or of a later version.
    pub fn prepare(source: &Path, target: &Path, replace: bool) -> Result<Self> {
        let lock = Lock::take(target)?;
        if target.exists() && !replace {
            return Err(Error::Refused(format!(
                "{} is there already; replacing it has to be asked for, and keeps it aside",
                target.display()
            )));
        }
        let log = with_suffix(source, "-wal");
        if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            return Err(Error::Refused(format!(
                "{} belongs to a store and not to a backup: a part of it is in {}",
                source.display(),
                log.display()
            )));
        }
        let partial = Partial::beside(target)?;
        fs::copy(source, &partial.path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::NotFound {
                what: "backup",
                id: source.display().to_string(),
            },
            _ => Error::Unwritable(format!("cannot copy {}: {error}", source.display())),
        })?;
        let contents = verify(&partial.path).map_err(|error| error.in_file(source))?;
        let loss = loss(target, &contents);
        Ok(Self {
            partial,
            target: target.to_owned(),
            contents,
            loss,
            _lock: lock,
        })
    }

    /// What the backup holds.
    #[must_use]
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// What is lost with the store that is there.
    #[must_use]
    pub fn loss(&self) -> &Loss {
        &self.loss
    }

    /// Put it in place.
    ///
    /// # Errors
    /// [`Unwritable`](Error::Unwritable) if a file cannot be written. The store is as before then.
    pub fn put(self, now: Timestamp) -> Result<Restored> {
        let kept = match self.target.exists() {
            true => Some(keep(&self.target, now)?),
            false => None,
        };
        let bytes = self.partial.become_file(&self.target)?;
        Ok(Restored {
            bytes,
            contents: self.contents,
            kept,
        })
    }
}

/// Is it a whole store that this host understands? Returns what it holds.
fn verify(copy: &Path) -> Result<Contents> {
    let connection = Connection::open(copy)?;
    let contents = contents(&connection)?;
    let verdict: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(damaged(&verdict));
    }
    audit::verify(&connection)?
        .map_err(|record| Error::Unusable(format!("its audit chain breaks at record {record}")))?;
    Ok(contents)
}

fn loss(target: &Path, backup: &Contents) -> Loss {
    if !target.exists() {
        return Loss::Nothing;
    }
    match newer(target, backup) {
        Ok(None) => Loss::Nothing,
        Ok(Some(found)) => Loss::Newer(found),
        // Not an error: a damaged store is what backups are for.
        Err(error) => Loss::Unknown(error.to_string()),
    }
}

/// What was written to this store since the backup was made, in words.
fn newer(target: &Path, backup: &Contents) -> Result<Option<String>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(target, flags)?;
    connection.busy_timeout(SqliteOptions::new(target).busy_timeout)?;
    let there = contents(&connection)?;
    let since = contents::records_since(&connection, backup)?;
    if there.newest <= backup.newest && since.unwrap_or_default() == 0 {
        return Ok(None);
    }
    let at = |time: Option<Timestamp>| time.map_or("never".to_owned(), |time| time.to_string());
    let history = match since {
        Some(since) => format!("{since} records of its audit came after it"),
        None => "its history is another one than that of the backup".to_owned(),
    };
    Ok(Some(format!(
        "it was last written to at {}, the backup ends at {}; {history}",
        at(there.newest),
        at(backup.newest)
    )))
}

/// Give the store another name besides its own, complete without its log.
fn keep(target: &Path, now: Timestamp) -> Result<PathBuf> {
    let time: String = now
        .to_string()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let kept = with_suffix(target, &format!(".replaced-{time}"));
    let failed = |error: std::io::Error| {
        Error::Unwritable(format!("cannot keep {}: {error}", target.display()))
    };
    // Closing the last connection brings the log into the file and removes it. A damaged store may
    // not let itself be opened: its log is then kept as it is.
    let merged = Connection::open(target)
        .and_then(|store| store.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
    if let Err(error) = merged {
        tracing::warn!(%error, "the store that is replaced cannot be read; it is kept as it is");
    }
    fs::hard_link(target, &kept)
        .or_else(|_| fs::copy(target, &kept).map(drop))
        .map_err(failed)?;
    let log = with_suffix(target, "-wal");
    if log.exists() {
        fs::rename(&log, with_suffix(&kept, "-wal")).map_err(failed)?;
    }
    let _ = fs::remove_file(with_suffix(target, "-shm"));
    sync_folder(&kept).map_err(failed)?;
    Ok(kept)
}
