//! Request keys: what was asked for under each, and what it led to.

use forebay_model::{RunId, Timestamp};
use rusqlite::{Connection, params};

use super::rows::{execute, first, json, parsed};
use crate::runs::{RequestKey, StartOutcome};
use crate::{Error, Result};

/// What a request under this key was answered before.
pub(super) fn answered(
    connection: &Connection,
    request: &RequestKey,
) -> Result<Option<StartOutcome>> {
    first(
        connection,
        "SELECT fingerprint, run FROM requests WHERE key = ?1",
        [&request.key],
        |row| {
            Ok(if row.get::<_, String>(0)? == request.fingerprint {
                StartOutcome::Repeated(row.get::<_, String>(1)?.into())
            } else {
                StartOutcome::KeyReused
            })
        },
    )
}

/// Remember a request and what it was about: a run, or several as JSON.
pub(super) fn remember(
    connection: &Connection,
    request: &RequestKey,
    about: &str,
    at: Timestamp,
) -> Result<()> {
    execute(
        connection,
        "INSERT INTO requests (key, fingerprint, run, at) VALUES (?1, ?2, ?3, ?4)",
        params![request.key, request.fingerprint, about, at.0],
    )?;
    Ok(())
}

/// Keep what a request about many runs is about; a repeated one is about the same runs.
pub(super) fn reserve(
    connection: &Connection,
    request: &RequestKey,
    runs: Vec<RunId>,
    at: Timestamp,
) -> Result<Vec<RunId>> {
    match answered(connection, request)? {
        None => {
            remember(connection, request, &json(&runs)?, at)?;
            Ok(runs)
        }
        Some(StartOutcome::KeyReused) => Err(Error::KeyReused),
        Some(_) => {
            let kept = first(
                connection,
                "SELECT run FROM requests WHERE key = ?1",
                [&request.key],
                |row| parsed(row, 0),
            )?;
            Ok(kept.unwrap_or_default())
        }
    }
}
