//! What the disk and SQLite allow: one small transaction after the other, as durable as the host's.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;

use crate::time::now;

/// Commit for this long and print how often it was done in a second.
pub(crate) fn commit(database: &Path, length: Duration) -> anyhow::Result<()> {
    let connection = Connection::open(database)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")?;
    let mut insert = connection.prepare("INSERT INTO notes (text) VALUES (?1)")?;
    let begun = now();
    let mut commits = 0_u32;
    while begun.elapsed() < length {
        insert.execute(["one row, as small as they come"])?;
        commits += 1;
    }
    let rate = f64::from(commits) / begun.elapsed().as_secs_f64();
    println!("{}", json!({ "commits_per_second": rate }));
    Ok(())
}
