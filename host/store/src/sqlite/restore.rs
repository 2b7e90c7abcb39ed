//! Putting a backup in the place of a store that nobody uses.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use forebay_model::Timestamp;
use rusqlite::Connection;

use super::audit;
use super::backup::{Partial, sync_folder, with_suffix};
use super::inspect::damaged;
use super::lock::Lock;
use super::schema::{self, version};
use crate::{Error, Result};

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Size of the store in bytes.
    pub bytes: u64,
    /// Records in its audit chain, all of which fit.
    pub audit_records: u64,
    /// Where the store that was there before is kept.
    pub kept: Option<PathBuf>,
}

/// Make the store at `target` what the backup at `source` holds. The backup stays as it is. A store
/// that is there is replaced only if asked, and kept beside the new one, its name ending in
/// `.replaced-` and the time. Blocks while the file is copied and checked from end to end.
///
/// # Errors
/// [`InUse`](Error::InUse) while a host uses the store, [`Refused`](Error::Refused) if one is there
/// and is not to be replaced or the source is no whole backup, [`Unusable`](Error::Unusable) if the
/// backup is damaged or of a later version. The store is as before then.
pub fn restore(source: &Path, target: &Path, replace: bool, now: Timestamp) -> Result<Restored> {
    let _lock = Lock::take(target)?;
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
    let audit_records = verify(&partial.path).map_err(|error| error.in_file(source))?;
    let kept = if target.exists() {
        Some(keep(target, now)?)
    } else {
        None
    };
    let bytes = partial.become_file(target)?;
    Ok(Restored {
        bytes,
        audit_records,
        kept,
    })
}

/// Is it a whole store that this host understands? Returns the length of its audit chain.
fn verify(copy: &Path) -> Result<u64> {
    let connection = Connection::open(copy)?;
    let no_store = |why: String| Error::Unusable(format!("the file is no store: {why}"));
    let found = version(&connection).map_err(|error| no_store(error.to_string()))?;
    if found == 0 {
        return Err(no_store("it has no schema of a host".to_owned()));
    }
    if found > schema::newest() {
        return Err(Error::Unusable(
            "it was written by a later version of the host; restore it with that version"
                .to_owned(),
        ));
    }
    let verdict: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(damaged(&verdict));
    }
    audit::verify(&connection)?
        .map_err(|record| Error::Unusable(format!("its audit chain breaks at record {record}")))
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
