//! Webhook deliveries, events and cursors.

use forebay_model::audit::AuditEntry;
use forebay_model::{ConnectionName, Event, EventIdentity, FlowName, Timestamp};
use rusqlite::{Connection, Row, params};

use super::audit;
use super::rows::{all, execute, first, json, parsed};
use super::triggers::BACKFILL;
use crate::intake::{
    Cursor, CursorWrite, EventBatch, NewWebhook, Recorded, StoredEvent, StoredWebhook,
    WebhookSettlement,
};
use crate::{Error, Result};

/// Columns of an event, in the order [`stored_event`] reads them.
pub(super) const EVENT: &str = "id, identity, connection, \
    unseal('events.body', body), source, received_at, seen, routing, routed";

/// An event from the columns of [`EVENT`].
pub(super) fn stored_event(row: &Row<'_>) -> Result<StoredEvent> {
    Ok(StoredEvent {
        id: row.get(0)?,
        identity: EventIdentity(row.get(1)?),
        connection: row.get::<_, String>(2)?.into(),
        event: parsed(row, 3)?,
        source: row.get(4)?,
        received_at: Timestamp(row.get(5)?),
        seen: row.get(6)?,
        routing: parsed(row, 7)?,
        routed: row.get(8)?,
    })
}

/// An event by its number.
pub(super) fn find_event(connection: &Connection, event: u64) -> Result<Option<StoredEvent>> {
    first(
        connection,
        &format!("SELECT {EVENT} FROM events WHERE id = ?1"),
        [event],
        stored_event,
    )
}

/// An event by its number, which must be there.
pub(super) fn get_event(connection: &Connection, event: u64) -> Result<StoredEvent> {
    find_event(connection, event)?.ok_or_else(|| Error::NotFound {
        what: "event",
        id: event.to_string(),
    })
}

/// Store a delivery.
pub(super) fn accept_webhook(connection: &Connection, mut webhook: NewWebhook) -> Result<u64> {
    let body = std::mem::take(&mut webhook.body);
    execute(
        connection,
        "INSERT INTO webhooks (delivery, body, due_at) \
         VALUES (seal('webhooks.delivery', ?1), seal('webhooks.body', ?2), ?3)",
        params![json(&webhook)?, body, webhook.received_at.0],
    )?;
    Ok(connection.last_insert_rowid().unsigned_abs())
}

/// Columns of a delivery, in the order [`stored_webhook`] reads them.
const WEBHOOK: &str =
    "id, unseal('webhooks.delivery', delivery), unseal('webhooks.body', body), attempts";

fn stored_webhook(row: &Row<'_>) -> Result<StoredWebhook> {
    let mut webhook: NewWebhook = parsed(row, 1)?;
    webhook.body = row.get(2)?;
    Ok(StoredWebhook {
        id: row.get(0)?,
        webhook,
        attempts: row.get(3)?,
    })
}

/// Open deliveries in the order they are due, which is the order they came in unless put off.
pub(super) fn open_webhooks(
    connection: &Connection,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<StoredWebhook>> {
    all(
        connection,
        &format!(
            "SELECT {WEBHOOK} FROM webhooks \
             WHERE due_at <= ?1 ORDER BY due_at, id LIMIT ?2"
        ),
        params![now.0, limit],
        stored_webhook,
    )
}

/// End or put off a delivery. One that is settled stays as it is.
pub(super) fn settle_webhook(
    connection: &Connection,
    webhook: u64,
    settlement: WebhookSettlement,
) -> Result<Recorded> {
    let found: Option<(String, StoredWebhook)> = first(
        connection,
        &format!("SELECT {WEBHOOK}, state FROM webhooks WHERE id = ?1"),
        [webhook],
        |row| Ok((row.get(4)?, stored_webhook(row)?)),
    )?;
    let Some((state, delivery)) = found else {
        return Err(Error::NotFound {
            what: "webhook delivery",
            id: webhook.to_string(),
        });
    };
    if state != "open" {
        return Ok(Recorded::default());
    }
    match settlement {
        WebhookSettlement::Events { events, at } => {
            close_webhook(connection, webhook, "settled", None, at)?;
            let name = &delivery.webhook.connection;
            record(
                connection,
                name,
                &events,
                "webhook",
                delivery.webhook.received_at,
            )
        }
        WebhookSettlement::Rejected { error, at } => {
            close_webhook(connection, webhook, "rejected", Some(&error), at)?;
            Ok(Recorded::default())
        }
        WebhookSettlement::PutOff { retry_at, error } => {
            execute(
                connection,
                "UPDATE webhooks SET due_at = ?2, error = ?3, attempts = attempts + 1 WHERE id = ?1",
                params![webhook, retry_at.0, error],
            )?;
            Ok(Recorded::default())
        }
    }
}

fn close_webhook(
    connection: &Connection,
    webhook: u64,
    state: &str,
    error: Option<&str>,
    at: Timestamp,
) -> Result<()> {
    execute(
        connection,
        "UPDATE webhooks SET state = ?2, error = ?3, settled_at = ?4, due_at = NULL, \
         attempts = attempts + 1 WHERE id = ?1",
        params![webhook, state, error, at.0],
    )?;
    Ok(())
}

/// Store a batch with its cursor.
pub(super) fn record_batch(connection: &Connection, batch: &EventBatch) -> Result<Recorded> {
    let recorded = record(
        connection,
        &batch.connection,
        &batch.events,
        batch.source,
        batch.received_at,
    )?;
    if let Some(cursor) = &batch.cursor {
        write_cursor(connection, cursor)?;
    }
    Ok(recorded)
}

/// Store events, each identity once. One that only a backfill told of so far was kept for its flow
/// alone; told by anything else it is routed to everybody.
pub(super) fn record(
    connection: &Connection,
    name: &ConnectionName,
    events: &[Event],
    source: &str,
    at: Timestamp,
) -> Result<Recorded> {
    let mut recorded = Recorded::default();
    for event in events {
        let identity = event.identity(name);
        let again = execute(
            connection,
            "UPDATE events SET seen = seen + 1 WHERE identity = ?1",
            [&identity.0],
        )?;
        if again > 0 {
            recorded.known += 1;
            if source != BACKFILL {
                execute(
                    connection,
                    "UPDATE events SET source = ?2, routed = 0 WHERE identity = ?1 AND source = ?3",
                    params![identity.0, source, BACKFILL],
                )?;
            }
            continue;
        }
        execute(
            connection,
            "INSERT INTO events (identity, connection, kind, body, source, received_at) \
             VALUES (?1, ?2, ?3, seal('events.body', ?4), ?5, ?6)",
            params![
                identity.0,
                name.as_str(),
                event.kind,
                json(event)?,
                source,
                at.0
            ],
        )?;
        let id = connection.last_insert_rowid();
        for entity in event.entities() {
            execute(
                connection,
                "INSERT INTO event_entities (connection, entity_kind, entity_id, event) \
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                params![name.as_str(), entity.kind, entity.id, id],
            )?;
        }
        recorded.new += 1;
    }
    Ok(recorded)
}

/// The number of a stored event.
pub(super) fn id_of(connection: &Connection, identity: &EventIdentity) -> Result<u64> {
    let sql = "SELECT id FROM events WHERE identity = ?1";
    first(connection, sql, [&identity.0], |row| Ok(row.get(0)?))?.ok_or_else(|| Error::NotFound {
        what: "event",
        id: identity.0.clone(),
    })
}

/// The cursor of a trigger.
pub(super) fn cursor(connection: &Connection, trigger: &str) -> Result<Option<Cursor>> {
    first(
        connection,
        "SELECT value, updated_at FROM cursors WHERE trigger = ?1",
        [trigger],
        |row| {
            Ok(Cursor {
                value: row.get(0)?,
                updated_at: Timestamp(row.get(1)?),
            })
        },
    )
}

/// Move a cursor by hand.
pub(super) fn set_cursor(
    connection: &Connection,
    write: &CursorWrite,
    entry: AuditEntry,
) -> Result<()> {
    write_cursor(connection, write)?;
    audit::append(connection, &[entry])
}

fn write_cursor(connection: &Connection, write: &CursorWrite) -> Result<()> {
    execute(
        connection,
        "INSERT INTO cursors (trigger, value, updated_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT (trigger) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        params![write.trigger, write.value, write.at.0],
    )?;
    Ok(())
}

/// Events not routed yet, in order of arrival.
pub(super) fn unrouted(connection: &Connection, limit: u32) -> Result<Vec<StoredEvent>> {
    all(
        connection,
        &format!("SELECT {EVENT} FROM events WHERE routed = 0 ORDER BY id LIMIT ?1"),
        [limit],
        stored_event,
    )
}

/// Flows that events are kept for. Steps from flow to flow, however many events each has.
pub(super) fn flows_with_deferred(connection: &Connection) -> Result<Vec<FlowName>> {
    all(
        connection,
        "WITH RECURSIVE kept (flow) AS ( \
             SELECT min(flow) FROM deferred \
             UNION ALL SELECT (SELECT min(flow) FROM deferred WHERE flow > kept.flow) \
                 FROM kept WHERE flow IS NOT NULL) \
         SELECT flow FROM kept WHERE flow IS NOT NULL",
        [],
        |row| Ok(row.get::<_, String>(0)?.into()),
    )
}

/// Events kept for a flow, oldest first.
pub(super) fn deferred(
    connection: &Connection,
    flow: &str,
    limit: u32,
) -> Result<Vec<StoredEvent>> {
    all(
        connection,
        &format!(
            "SELECT {EVENT} FROM events JOIN (SELECT event FROM deferred WHERE flow = ?1 \
             ORDER BY event LIMIT ?2) AS kept ON id = kept.event ORDER BY id"
        ),
        params![flow, limit],
        stored_event,
    )
}
