//! The journal of activations.

use forebay_model::RunId;
use forebay_model::journal::JournalEntry;
use rusqlite::{Connection, params};

use super::rows::{all, execute, first, json, parsed};
use crate::Result;

/// Append entries, or complete those that stand at their place.
pub(super) fn write(connection: &Connection, run: &RunId, entries: &[JournalEntry]) -> Result<()> {
    for entry in entries {
        execute(
            connection,
            "INSERT INTO journal (run, activation, position, entry) VALUES (?1, ?2, ?3, seal('journal.entry', ?4)) \
             ON CONFLICT (run, activation, position) DO UPDATE SET entry = excluded.entry",
            params![run.as_str(), entry.activation, entry.index, json(entry)?],
        )?;
    }
    Ok(())
}

/// Entries of one activation, or of all, in the order they were made.
pub(super) fn entries(
    connection: &Connection,
    run: &RunId,
    activation: Option<u32>,
) -> Result<Vec<JournalEntry>> {
    match activation {
        Some(activation) => all(
            connection,
            "SELECT unseal('journal.entry', entry) FROM journal WHERE run = ?1 AND activation = ?2 ORDER BY position",
            params![run.as_str(), activation],
            |row| parsed(row, 0),
        ),
        None => all(
            connection,
            "SELECT unseal('journal.entry', entry) FROM journal WHERE run = ?1 ORDER BY activation, position",
            [run.as_str()],
            |row| parsed(row, 0),
        ),
    }
}

/// Prepare an activation to be tried again: a failed last call is made again. An effect keeps its
/// place and its count of attempts, so that its connector knows to look before it repeats.
pub(super) fn reset_failed_end(
    connection: &Connection,
    run: &RunId,
    activation: u32,
) -> Result<()> {
    let last: Option<JournalEntry> = first(
        connection,
        "SELECT unseal('journal.entry', entry) FROM journal WHERE run = ?1 AND activation = ?2 \
         ORDER BY position DESC LIMIT 1",
        params![run.as_str(), activation],
        |row| parsed(row, 0),
    )?;
    let Some(mut last) = last else { return Ok(()) };
    let failed = last
        .result
        .as_ref()
        .is_some_and(|result| result.get("err").is_some());
    if !failed {
        return Ok(());
    }
    if last.mutating {
        last.result = None;
        // What comes of it this time is a fact of its own.
        last.audited = false;
        last.ended_at = None;
        write(connection, run, &[last])
    } else {
        execute(
            connection,
            "DELETE FROM journal WHERE run = ?1 AND activation = ?2 AND position = ?3",
            params![run.as_str(), activation, last.index],
        )?;
        Ok(())
    }
}
