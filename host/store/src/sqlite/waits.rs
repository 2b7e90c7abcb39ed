//! What a run waits for, and what came before it did.

use std::collections::HashSet;

use forebay_model::event::{DeliveryContent, Event, Incoming};
use forebay_model::{Entity, RunId, Timestamp};
use rusqlite::{Connection, params};

use super::inbox::{self, Origin};
use super::routing;
use super::rows::{all, execute, json, parsed};
use crate::Result;
use crate::runs::Wait;

/// Replace what a run waits for. What stays is not touched: a run may watch thousands of assets, and
/// change its mind about one.
pub(super) fn set(connection: &Connection, run: &RunId, waits: &[Wait]) -> Result<()> {
    let wanted: HashSet<&Wait> = waits.iter().collect();
    let mut kept = HashSet::new();
    for (row, wait) in stored(connection, run)? {
        if wanted.contains(&wait) {
            kept.insert(wait);
        } else {
            execute(connection, "DELETE FROM waits WHERE rowid = ?1", [row])?;
        }
    }
    for wait in waits.iter().filter(|wait| !kept.contains(*wait)) {
        execute(
            connection,
            "INSERT INTO waits (run, role, connection, entity_kind, entity_id, kinds) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                run.as_str(),
                wait.role,
                wait.connection.as_str(),
                wait.entity.kind,
                wait.entity.id,
                json(&wait.kinds)?,
            ],
        )?;
    }
    Ok(())
}

/// What a run waits for, by row.
fn stored(connection: &Connection, run: &RunId) -> Result<Vec<(i64, Wait)>> {
    all(
        connection,
        "SELECT rowid, role, connection, entity_kind, entity_id, kinds FROM waits \
         WHERE run = ?1 ORDER BY rowid",
        [run.as_str()],
        |row| {
            let wait = Wait {
                role: row.get(1)?,
                connection: row.get::<_, String>(2)?.into(),
                entity: Entity {
                    kind: row.get(3)?,
                    id: row.get(4)?,
                },
                kinds: parsed(row, 5)?,
            };
            Ok((row.get(0)?, wait))
        },
    )
}

/// An event may have come before the wait for it was stored: deliver what arrived since the
/// activation began, in order of arrival.
pub(super) fn deliver_missed(
    connection: &Connection,
    run: &RunId,
    waits: &[Wait],
    watermark: u64,
    at: Timestamp,
) -> Result<()> {
    let mut missed: Vec<(u64, DeliveryContent)> = Vec::new();
    for wait in waits {
        let found: Vec<(u64, Event)> = all(
            connection,
            "SELECT events.id, unseal('events.body', events.body) FROM event_entities AS entity \
             JOIN events ON events.id = entity.event \
             WHERE entity.connection = ?1 AND entity.entity_kind = ?2 AND entity.entity_id = ?3 \
                 AND entity.event > ?4",
            params![
                wait.connection.as_str(),
                wait.entity.kind,
                wait.entity.id,
                watermark
            ],
            |row| Ok((row.get(0)?, parsed(row, 1)?)),
        )?;
        for (id, event) in found {
            if wait.kinds.is_empty() || wait.kinds.contains(&event.kind) {
                let connection = wait.connection.clone();
                let incoming = Incoming {
                    connection,
                    role: wait.role.clone(),
                    event,
                };
                missed.push((id, DeliveryContent::Event(Box::new(incoming))));
            }
        }
    }
    missed.sort_by_key(|(id, _)| *id);
    for (id, content) in missed {
        if inbox::deliver(connection, run, Origin::Event(id), &content, at)? {
            let line = format!("delivered to {run}, which began to wait for it meanwhile");
            routing::add_line(connection, id, &line)?;
        }
    }
    Ok(())
}
