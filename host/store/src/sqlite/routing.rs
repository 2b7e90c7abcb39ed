//! Where events go: to the runs that wait for them, to the live run of a key, to a new run.

use forebay_model::audit::AuditEntry;
use forebay_model::event::{DeliveryContent, Incoming};
use forebay_model::{FlowName, RunId, Timestamp};
use rusqlite::{Connection, params};

use super::inbox::{self, Origin};
use super::intake::get_event;
use super::rows::{all, execute, json};
use super::{audit, starting};
use crate::Result;
use crate::intake::{RoutePlan, Routed, StoredEvent, Subscriber};

/// Live runs that wait for an event, in the order they were started.
pub(super) fn subscribers(connection: &Connection, event: u64) -> Result<Vec<Subscriber>> {
    all(
        connection,
        "SELECT DISTINCT waits.run, runs.flow, waits.role FROM events \
         JOIN event_entities AS entity ON entity.event = events.id \
         JOIN waits ON waits.connection = entity.connection \
             AND waits.entity_kind = entity.entity_kind AND waits.entity_id = entity.entity_id \
         JOIN runs ON runs.id = waits.run \
         WHERE events.id = ?1 AND (waits.kinds = '[]' \
             OR EXISTS (SELECT 1 FROM json_each(waits.kinds) WHERE value = events.kind)) \
         ORDER BY runs.seq, waits.rowid",
        [event],
        |row| {
            Ok(Subscriber {
                run: row.get::<_, String>(0)?.into(),
                flow: row.get::<_, String>(1)?.into(),
                role: row.get(2)?,
            })
        },
    )
}

/// Route an event. One that is routed already is left as it is.
pub(super) fn route(
    connection: &Connection,
    event: u64,
    plan: RoutePlan,
    now: Timestamp,
) -> Result<Routed> {
    let stored = get_event(connection, event)?;
    if stored.routed {
        return Ok(Routed::default());
    }
    let subscribers = subscribers(connection, event)?;
    let waits = |flow: &FlowName| {
        subscribers
            .iter()
            .any(|subscriber| subscriber.flow == *flow)
    };
    if !plan.told.iter().all(waits) {
        return Ok(Routed::default());
    }
    let mut routing = Routing::of(connection, stored, now);
    for subscriber in subscribers {
        routing.deliver_to_subscriber(&subscriber)?;
    }
    routing.carry_out(plan)?;
    routing.finish(true)
}

/// Route an event kept for a flow. Its subscribers had it when it was first routed.
pub(super) fn route_deferred(
    connection: &Connection,
    event: u64,
    flow: &FlowName,
    plan: RoutePlan,
    now: Timestamp,
) -> Result<Routed> {
    let kept = execute(
        connection,
        "DELETE FROM deferred WHERE flow = ?1 AND event = ?2",
        params![flow.as_str(), event],
    )?;
    if kept == 0 {
        return Ok(Routed::default());
    }
    let stored = get_event(connection, event)?;
    let stored_routed = stored.routed;
    let mut routing = Routing::of(connection, stored, now);
    routing.carry_out(plan)?;
    routing.finish(stored_routed)
}

/// Have an event routed anew. What it did before is known by run and inbox and does not happen again.
pub(super) fn redeliver(
    connection: &Connection,
    event: u64,
    record: &AuditEntry,
) -> Result<StoredEvent> {
    get_event(connection, event)?;
    execute(
        connection,
        "UPDATE events SET routed = 0 WHERE id = ?1",
        [event],
    )?;
    audit::append(connection, std::slice::from_ref(record))?;
    get_event(connection, event)
}

/// One event on its way.
struct Routing<'a> {
    connection: &'a Connection,
    event: StoredEvent,
    now: Timestamp,
    lines: Vec<String>,
    routed: Routed,
}

impl<'a> Routing<'a> {
    fn of(connection: &'a Connection, mut event: StoredEvent, now: Timestamp) -> Self {
        let lines = std::mem::take(&mut event.routing);
        Self {
            connection,
            event,
            now,
            lines,
            routed: Routed::default(),
        }
    }

    fn deliver_to_subscriber(&mut self, subscriber: &Subscriber) -> Result<()> {
        let content = DeliveryContent::Event(Box::new(Incoming {
            connection: self.event.connection.clone(),
            role: subscriber.role.clone(),
            event: self.event.event.clone(),
        }));
        self.deliver(&subscriber.run, &content, "which waits for it")
    }

    fn deliver(&mut self, run: &RunId, content: &DeliveryContent, why: &str) -> Result<()> {
        let origin = Origin::Event(self.event.id);
        if inbox::deliver(self.connection, run, origin, content, self.now)? {
            self.lines.push(format!("delivered to {run}, {why}"));
            self.routed.delivered.push(run.clone());
        }
        Ok(())
    }

    fn carry_out(&mut self, plan: RoutePlan) -> Result<()> {
        for start in plan.starts {
            if let Some(live) =
                starting::live_run(self.connection, &start.flow, &start.business_key)?
            {
                let why = format!("live under `{}` of {}", start.business_key, start.flow);
                self.deliver(&live, &start.delivery, &why)?;
            } else if starting::exists(self.connection, &start.id)? {
                self.lines.push(format!(
                    "{} was started by it before and has ended",
                    start.id
                ));
            } else {
                starting::insert(self.connection, &start, Origin::Event(self.event.id))?;
                self.lines
                    .push(format!("started {} of {}", start.id, start.flow));
                self.routed.delivered.push(start.id.clone());
                self.routed.started.push(start.id);
            }
        }
        for (flow, reason) in plan.ignored {
            self.lines.push(format!("ignored by {flow}: {reason}"));
        }
        for flow in plan.deferred {
            execute(
                self.connection,
                "INSERT INTO deferred (flow, event) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                params![flow.as_str(), self.event.id],
            )?;
            self.lines
                .push(format!("kept for {flow}, which cannot take it up now"));
        }
        Ok(())
    }

    /// Write down where it went. One that was kept for a flow may still have to go to all others.
    fn finish(self, routed: bool) -> Result<Routed> {
        execute(
            self.connection,
            "UPDATE events SET routing = ?2, routed = ?3 WHERE id = ?1",
            params![self.event.id, json(&self.lines)?, routed],
        )?;
        Ok(self.routed)
    }
}

/// Write down that an event reached a run otherwise than by routing.
pub(super) fn add_line(connection: &Connection, event: u64, line: &str) -> Result<()> {
    execute(
        connection,
        "UPDATE events SET routing = json_insert(routing, '$[#]', ?2) WHERE id = ?1",
        params![event, line],
    )?;
    Ok(())
}
