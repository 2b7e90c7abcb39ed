//! The audit chain: appended by the writer only, so that there is one order.

use forebay_model::audit::{AuditEntry, AuditRecord, GENESIS};
use forebay_model::{FlowName, RunId, Timestamp};
use rusqlite::{Connection, Row, params};
use serde_json::Value;

use super::page::{limit_of, numbered_page, position};
use super::rows::{all, execute, first, json, parsed, prepare};
use crate::Result;
use crate::query::{Page, PageRequest};

/// Append entries to the chain.
pub(super) fn append(connection: &Connection, entries: &[AuditEntry]) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let newest = "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1";
    let (mut sequence, mut previous): (u64, String) =
        first(connection, newest, [], |row| Ok((row.get(0)?, row.get(1)?)))?
            .unwrap_or_else(|| (0, GENESIS.to_owned()));
    for entry in entries {
        sequence += 1;
        let hash = entry.hash(sequence, &previous)?;
        execute(
            connection,
            "INSERT INTO audit (sequence, entry, previous, hash) VALUES (?1, ?2, ?3, ?4)",
            params![sequence, json(entry)?, previous, hash],
        )?;
        previous = hash;
    }
    Ok(())
}

/// Append what the store itself has to say about a run.
pub(super) fn note(
    connection: &Connection,
    run: &RunId,
    flow: &FlowName,
    actor: &str,
    action: &str,
    details: Value,
    at: Timestamp,
) -> Result<()> {
    let entry = AuditEntry {
        at,
        run: Some(run.as_str().to_owned()),
        flow: Some(flow.as_str().to_owned()),
        actor: actor.to_owned(),
        action: action.to_owned(),
        details,
    };
    append(connection, &[entry])
}

fn record(row: &Row<'_>) -> Result<AuditRecord> {
    Ok(AuditRecord {
        sequence: row.get(0)?,
        entry: parsed(row, 1)?,
        previous: row.get(2)?,
        hash: row.get(3)?,
    })
}

/// A page of records, oldest first.
pub(super) fn records(
    connection: &Connection,
    run: Option<&RunId>,
    page: &PageRequest,
) -> Result<Page<AuditRecord>> {
    let after = position(page)?.unwrap_or(0);
    let limit = limit_of(page);
    let found = match run {
        Some(run) => all(
            connection,
            "SELECT sequence, entry, previous, hash FROM audit \
             WHERE run = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
            params![run.as_str(), after, limit + 1],
            record,
        )?,
        None => all(
            connection,
            "SELECT sequence, entry, previous, hash FROM audit \
             WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
            params![after, limit + 1],
            record,
        )?,
    };
    let numbered = found
        .into_iter()
        .map(|record| (record.sequence, record))
        .collect();
    Ok(numbered_page(numbered, limit))
}

/// Walk the chain: its length, or the first record that does not fit.
pub(super) fn verify(connection: &Connection) -> Result<std::result::Result<u64, u64>> {
    let sql = "SELECT sequence, entry, previous, hash FROM audit ORDER BY sequence";
    let mut statement = prepare(connection, sql)?;
    let mut rows = statement.query([])?;
    let mut length = 0;
    let mut previous = GENESIS.to_owned();
    while let Some(row) = rows.next()? {
        length += 1;
        let Ok(record) = record(row) else {
            return Ok(Err(length));
        };
        let hash = record.entry.hash(length, &previous)?;
        if record.sequence != length || record.previous != previous || record.hash != hash {
            return Ok(Err(length));
        }
        previous = hash;
    }
    Ok(Ok(length))
}
