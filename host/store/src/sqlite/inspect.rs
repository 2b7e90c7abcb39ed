//! Looking at a store before anything is written to it: is it whole, of a version this host knows,
//! and sealed with the key it was given? What is refused here is left as it is, byte for byte.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::backup::with_suffix;
use super::{SqliteOptions, log, schema, seal};
use crate::{Error, Result};

/// What a database of SQLite begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Findings that are told; one bad page often leads to many.
const FINDINGS: usize = 3;

/// Refuse what this host must not write to.
pub(super) fn inspect(options: &SqliteOptions) -> Result<()> {
    let path = &options.path;
    let size = length(path)?;
    let log_size = length(&with_suffix(path, "-wal"))?;
    if size == 0 && log_size == 0 {
        return Ok(());
    }
    let whole = if size == 0 {
        Err(damaged("it is empty or gone, but its log is there"))
    } else {
        contents(options, size)
    };
    whole.map_err(|error| error.in_file(path))
}

/// Name of the key that the store is sealed with; nothing else is looked at. Reads only.
pub(super) fn sealed_with(options: &SqliteOptions) -> Result<Option<String>> {
    let named = open(options).and_then(|connection| match schema::version(&connection)? {
        0 => Ok(None),
        _ => seal::sealed_with(&connection),
    });
    named.map_err(|error| error.in_file(&options.path))
}

fn contents(options: &SqliteOptions, size: u64) -> Result<()> {
    check_header(&options.path)?;
    log::check(&with_suffix(&options.path, "-wal"))?;
    let connection = open(options)?;
    if schema::version(&connection)? > schema::newest() {
        return Err(Error::Unusable(
            "it was written by a later version of the host; start that version again or restore \
             the backup made before the upgrade"
                .to_owned(),
        ));
    }
    if size <= options.check_up_to {
        quick_check(&connection)?;
    } else {
        tracing::warn!(
            bytes = size,
            limit = options.check_up_to,
            "the store is larger than store.check_up_to; it is not looked through for damage"
        );
    }
    if schema::version(&connection)? > 0 {
        seal::check(&connection, options.key.as_ref())?;
    }
    Ok(())
}

fn length(path: &Path) -> Result<u64> {
    match fs::metadata(path) {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::Unwritable(format!("cannot read {}: {error}", path.display()))
}

fn check_header(path: &Path) -> Result<()> {
    let mut start = [0; MAGIC.len()];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    match read {
        Ok(()) if start == *MAGIC => Ok(()),
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => Err(unreadable(path, &error)),
        _ => Err(damaged("its first page is not that of a database")),
    }
}

/// A connection that writes nothing, but for what a transaction that broke off while the file was in
/// its older journal mode left to be undone.
fn open(options: &SqliteOptions) -> Result<Connection> {
    let interrupted = length(&with_suffix(&options.path, "-journal"))? > 0;
    let access = if interrupted {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    } else {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    };
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&options.path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    Ok(connection)
}

/// Is the database whole, as far as its structure tells?
pub(super) fn quick_check(connection: &Connection) -> Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA quick_check({FINDINGS})"))?;
    let findings = statement
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    if findings == ["ok"] {
        return Ok(());
    }
    let lines = findings.iter().flat_map(|finding| finding.lines());
    let told: Vec<&str> = lines.filter(|line| !line.starts_with("***")).collect();
    Err(damaged(&told.join("; ")))
}

/// Damage of a file that is named later.
pub(super) fn damaged(what: &str) -> Error {
    Error::Damaged {
        path: String::new(),
        what: what.to_owned(),
    }
}
