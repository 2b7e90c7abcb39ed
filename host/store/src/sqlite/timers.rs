//! What comes due with time.

use forebay_model::event::{DeliveryContent, Fired};
use forebay_model::{ConnectionName, RunId, Timestamp};
use rusqlite::{Connection, params};

use super::inbox::{self, Origin};
use super::rows::{all, execute, first};
use crate::Result;

/// Put timers that are due into the inboxes of their runs.
pub(super) fn fire(connection: &Connection, now: Timestamp, limit: u32) -> Result<u32> {
    let due: Vec<(RunId, Fired)> = all(
        connection,
        "SELECT run, name, due_at FROM timers WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2",
        params![now.0, limit],
        |row| {
            let fired = Fired {
                name: row.get(1)?,
                due_at: Timestamp(row.get(2)?),
            };
            Ok((row.get::<_, String>(0)?.into(), fired))
        },
    )?;
    let mut number = 0;
    for (run, fired) in due {
        execute(
            connection,
            "DELETE FROM timers WHERE run = ?1 AND name = ?2",
            params![run.as_str(), fired.name],
        )?;
        inbox::deliver(
            connection,
            &run,
            Origin::Other,
            &DeliveryContent::Timer(fired),
            now,
        )?;
        number += 1;
    }
    Ok(number)
}

/// When something is due next. Runs with something in their inbox are not counted: they can be
/// claimed at once and whoever put it there knows.
pub(super) fn next_due(connection: &Connection) -> Result<Option<Timestamp>> {
    let next: Option<Option<i64>> = first(
        connection,
        "SELECT min(due) FROM ( \
             SELECT min(due_at) AS due FROM timers \
             UNION ALL SELECT min(runnable_at) FROM runs \
                 WHERE state = 'retrying' AND runnable_at IS NOT NULL \
             UNION ALL SELECT min(runnable_at) FROM runs \
                 WHERE state = 'running' AND runnable_at IS NOT NULL \
             UNION ALL SELECT min(due_at) FROM webhooks \
                 WHERE due_at IS NOT NULL AND attempts > 0)",
        [],
        |row| Ok(row.get(0)?),
    )?;
    Ok(next.flatten().map(Timestamp))
}

/// Make runs that wait for this connection's health due at once, paused ones when they resume.
pub(super) fn wake(connection: &Connection, name: &ConnectionName, now: Timestamp) -> Result<u32> {
    let woken = execute(
        connection,
        "UPDATE runs SET retry_at = min(retry_at, ?2), health_of = NULL, \
             runnable_at = CASE state WHEN 'retrying' THEN min(retry_at, ?2) ELSE runnable_at END \
         WHERE health_of = ?1",
        params![name.as_str(), now.0],
    )?;
    Ok(u32::try_from(woken).unwrap_or(u32::MAX))
}
