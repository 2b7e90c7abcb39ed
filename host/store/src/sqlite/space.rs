//! The space the file takes, and giving it back.

use rusqlite::{Connection, OpenFlags};

use super::SqliteOptions;
use crate::retention::Size;
use crate::{Error, Result};

/// Most pages given back in one transaction: each may have to be moved, and 8 MB of moved pages
/// keep other writes waiting for some ten milliseconds.
const PAGES_AT_ONCE: u64 = 2048;

/// Bytes taken and free.
pub(super) fn size(connection: &Connection) -> Result<Size> {
    let page_size = pragma(connection, "page_size")?;
    Ok(Size {
        bytes: pragma(connection, "page_count")? * page_size,
        free: pragma(connection, "freelist_count")? * page_size,
    })
}

fn pragma(connection: &Connection, name: &str) -> Result<u64> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}

/// Take free pages out of the file: how many bytes, and whether there are more. The file itself
/// shrinks with the next checkpoint.
pub(super) fn give_back(connection: &Connection) -> Result<(u64, bool)> {
    let before = size(connection)?;
    if before.free == 0 {
        return Ok((0, false));
    }
    let mut statement =
        connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})"))?;
    // A page goes with each row.
    let mut rows = statement.raw_query();
    while rows.next()?.is_some() {}
    let after = size(connection)?;
    let given = before.bytes.saturating_sub(after.bytes);
    Ok((given, given > 0 && after.free > 0))
}

/// Bring what the write-ahead log holds into the file, which is cut to its length by that. Waits for
/// nobody: what a reader still needs is left for the next time.
pub(super) async fn checkpoint(options: &SqliteOptions) -> Result<()> {
    let options = options.clone();
    let checkpoint = move || -> Result<()> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&options.path, flags)?;
        connection.busy_timeout(options.busy_timeout)?;
        Ok(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
    };
    let ended = tokio::task::spawn_blocking(checkpoint).await;
    ended.map_err(|error| Error::Unwritable(format!("the checkpoint failed: {error}")))?
}
