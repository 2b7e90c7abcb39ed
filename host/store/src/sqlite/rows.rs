//! From rows to types and back.

use forebay_model::run::{Run, RunState};
use forebay_model::{Entity, RunId, Timestamp};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Params, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// Columns of a run, in the order [`run`] reads them.
pub(super) const RUN: &str = "id, flow, business_key, title, subject_kind, subject_id, labels, \
    state, handler, config_hash, state_version, unseal('runs.handler_state', handler_state), activations, waiting_on, outcome, \
    summary, park_reason, attempt, retry_at, last_error, created_at, updated_at";

/// A value as JSON text.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    Ok(serde_json::to_string(value)?)
}

/// A column that holds JSON.
pub(super) fn parsed<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    Ok(serde_json::from_str(
        row.get_ref(column)?
            .as_str()
            .map_err(rusqlite::Error::from)?,
    )?)
}

/// A column that holds JSON or nothing.
pub(super) fn parsed_option<T: DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}

/// A column that holds a time or nothing.
pub(super) fn time_option(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

/// A run's state as stored.
pub(super) fn run_state(name: &str) -> Result<RunState> {
    RunState::parse(name).ok_or_else(|| Error::Unusable(format!("unknown run state `{name}`")))
}

/// Every statement goes through here, so that a test can ask for the plans of all of them.
pub(super) fn prepare<'a>(connection: &'a Connection, sql: &str) -> Result<CachedStatement<'a>> {
    #[cfg(test)]
    super::plans::note(sql);
    Ok(connection.prepare_cached(sql)?)
}

/// All rows of a query.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    map: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = prepare(connection, sql)?;
    let mut rows = statement.query(params)?;
    let mut values = Vec::new();
    while let Some(row) = rows.next()? {
        values.push(map(row)?);
    }
    Ok(values)
}

/// The first row of a query.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    map: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = prepare(connection, sql)?;
    statement
        .query_row(params, |row| Ok(map(row)))
        .optional()?
        .transpose()
}

/// Run a statement; returns how many rows it changed.
pub(super) fn execute(connection: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    Ok(prepare(connection, sql)?.execute(params)?)
}

/// A run from the columns of [`RUN`].
pub(super) fn run(row: &Row<'_>) -> Result<Run> {
    Ok(Run {
        id: row.get::<_, String>(0)?.into(),
        flow: row.get::<_, String>(1)?.into(),
        business_key: row.get(2)?,
        title: row.get(3)?,
        subject: Entity {
            kind: row.get(4)?,
            id: row.get(5)?,
        },
        labels: parsed(row, 6)?,
        state: run_state(&row.get::<_, String>(7)?)?,
        handler: row.get::<_, String>(8)?.into(),
        config_hash: row.get(9)?,
        state_version: row.get(10)?,
        handler_state: row.get(11)?,
        activations: row.get(12)?,
        waiting_on: parsed_option(row, 13)?,
        outcome: row.get(14)?,
        summary: row.get(15)?,
        park_reason: parsed_option(row, 16)?,
        attempt: row.get(17)?,
        retry_at: time_option(row, 18)?,
        last_error: row.get(19)?,
        created_at: Timestamp(row.get(20)?),
        updated_at: Timestamp(row.get(21)?),
    })
}

/// A run by its id.
pub(super) fn find_run(connection: &Connection, id: &RunId) -> Result<Option<Run>> {
    first(
        connection,
        &format!("SELECT {RUN} FROM runs WHERE id = ?1"),
        [id.as_str()],
        run,
    )
}

/// A run by its id, which must be there.
pub(super) fn get_run(connection: &Connection, id: &RunId) -> Result<Run> {
    find_run(connection, id)?.ok_or_else(|| Error::NotFound {
        what: "run",
        id: id.as_str().to_owned(),
    })
}
