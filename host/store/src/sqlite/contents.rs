//! What a store holds, read from its file alone: also from one of an older version, and without the
//! key it is sealed with.

use forebay_model::audit::GENESIS;
use forebay_model::{Digest, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};

use super::{queries, schema, seal};
use crate::copy::Contents;
use crate::{Error, Result};

/// Read what the store behind this connection holds.
///
/// # Errors
/// [`Unusable`](Error::Unusable) if it is no store, or one of a later version.
pub(super) fn contents(connection: &Connection) -> Result<Contents> {
    let no_store = |why: String| Error::Unusable(format!("the file is no store: {why}"));
    let schema = schema::version(connection).map_err(|error| no_store(error.to_string()))?;
    if schema == 0 {
        return Err(no_store("it has no schema of a host".to_owned()));
    }
    if schema > schema::newest() {
        return Err(Error::Unusable(
            "it was written by a later version of the host; restore it with that version"
                .to_owned(),
        ));
    }
    let newest_record = "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1";
    let (audit_records, audit_hash) = connection
        .query_row(newest_record, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .unwrap_or_else(|| (0, GENESIS.to_owned()));
    let handlers: Vec<Digest> = queries::digests_in_use(connection)?;
    let live_runs = connection.query_row(
        "SELECT count(*) FROM runs WHERE ended_at IS NULL",
        [],
        |row| row.get(0),
    )?;
    Ok(Contents {
        schema: u32::try_from(schema).unwrap_or(u32::MAX),
        audit_records,
        audit_hash,
        newest: newest(connection)?,
        live_runs,
        handlers,
        sealed_with: seal::sealed_with(connection)?,
    })
}

/// When the newest thing was written: a record of the audit, an event, or a change of a run. That a
/// backup was made is nothing that is lost with a store.
fn newest(connection: &Connection) -> Result<Option<Timestamp>> {
    let at: Option<i64> = connection.query_row(
        "SELECT max(at) FROM ( \
             SELECT (SELECT json_extract(entry, '$.at') FROM audit \
                 WHERE json_extract(entry, '$.action') <> 'operator.backup' \
                 ORDER BY sequence DESC LIMIT 1) AS at \
             UNION ALL SELECT (SELECT received_at FROM events ORDER BY id DESC LIMIT 1) \
             UNION ALL SELECT max(updated_at) FROM runs)",
        [],
        |row| row.get(0),
    )?;
    Ok(at.map(Timestamp))
}

/// Number of records that came after those of a copy; absent if the copy is one of another history.
pub(super) fn records_since(connection: &Connection, copy: &Contents) -> Result<Option<u64>> {
    if copy.audit_records > 0 {
        let sql = "SELECT hash FROM audit WHERE sequence = ?1";
        let found = connection.query_row(sql, [copy.audit_records], |row| row.get(0));
        let found: Option<String> = found.optional()?;
        if found.as_ref() != Some(&copy.audit_hash) {
            return Ok(None);
        }
    }
    let sql = "SELECT count(*) FROM audit \
               WHERE sequence > ?1 AND json_extract(entry, '$.action') <> 'operator.backup'";
    Ok(Some(connection.query_row(
        sql,
        [copy.audit_records],
        |row| row.get(0),
    )?))
}
