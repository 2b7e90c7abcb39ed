//! Runs that have to do with one another: a run starts others, and is told when they end.
//!
//! A run is an entity like those of vendors. Its end is an event at the connection
//! [`RUNS`], stored when somebody waits for it; whoever begins to wait
//! later gets it at once.

use forebay_model::event::{DeliveryContent, Incoming};
use forebay_model::run::{RUN_COMPLETED, RUN_ENTITY, RUNS, Run};
use forebay_model::{ConnectionName, Entity, Event, Field, FieldValue, RunId, Timestamp};
use rusqlite::{Connection, params};
use serde_json::json as value;

use super::inbox::{self, Origin};
use super::rows::{all, execute, find_run, first, json};
use super::{audit, intake, starting};
use crate::Result;
use crate::runs::{NewRun, Wait};

/// Start a run for another one. If a live run has its key, that one gets what the new one would have
/// begun with, and answers to the new one's name from now on.
pub(super) fn spawn(connection: &Connection, parent: &RunId, run: &NewRun) -> Result<()> {
    if starting::exists(connection, &run.id)? {
        return Ok(());
    }
    let Some(live) = starting::live_run(connection, &run.flow, &run.business_key)? else {
        return starting::insert(connection, run, Origin::Other);
    };
    let named = execute(
        connection,
        "INSERT INTO run_names (name, run) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![run.id.as_str(), live.as_str()],
    )?;
    if named == 0 {
        return Ok(());
    }
    inbox::deliver(connection, &live, Origin::Other, &run.delivery, run.at)?;
    let details = value!({"by": parent, "under": run.id, "trigger": run.delivery.label()});
    audit::note(
        connection,
        &live,
        &run.flow,
        &run.actor,
        "run.joined",
        details,
        run.at,
    )
}

/// The run of this id, or the one that answers to it.
pub(super) fn resolve(connection: &Connection, name: &RunId) -> Result<RunId> {
    let found = first(
        connection,
        "SELECT run FROM run_names WHERE name = ?1",
        [name.as_str()],
        |row| Ok(row.get::<_, String>(0)?.into()),
    )?;
    Ok(found.unwrap_or_else(|| name.clone()))
}

/// A run has ended: tell those that wait for it, under the name each knows.
pub(super) fn tell_end(connection: &Connection, ended: &RunId, at: Timestamp) -> Result<()> {
    let waiting: Vec<(String, RunId, Wait)> = all(
        connection,
        "SELECT waits.entity_id, waits.run, waits.role FROM ( \
             SELECT ?1 AS name UNION ALL SELECT name FROM run_names WHERE run = ?1) AS names \
         JOIN waits ON waits.connection = ?2 AND waits.entity_kind = ?3 \
             AND waits.entity_id = names.name \
         WHERE waits.kinds = '[]' \
             OR EXISTS (SELECT 1 FROM json_each(waits.kinds) WHERE value = ?4) \
         ORDER BY waits.rowid",
        params![ended.as_str(), RUNS, RUN_ENTITY, RUN_COMPLETED],
        |row| {
            let name: String = row.get(0)?;
            let wait = Wait {
                connection: RUNS.into(),
                role: row.get(2)?,
                entity: entity(&name),
                kinds: Vec::new(),
            };
            Ok((name, row.get::<_, String>(1)?.into(), wait))
        },
    )?;
    for (name, run, wait) in waiting {
        tell(connection, &run, &wait, &name.into(), ended, at)?;
    }
    Ok(())
}

/// Tell a run that begins to wait which of those it waits for have ended already.
pub(super) fn tell_ended(
    connection: &Connection,
    run: &RunId,
    waits: &[Wait],
    at: Timestamp,
) -> Result<()> {
    let wanted = |wait: &&Wait| {
        wait.connection.as_str() == RUNS
            && wait.entity.kind == RUN_ENTITY
            && (wait.kinds.is_empty() || wait.kinds.iter().any(|kind| kind == RUN_COMPLETED))
    };
    for wait in waits.iter().filter(wanted) {
        let name = RunId::from(wait.entity.id.as_str());
        let other = resolve(connection, &name)?;
        let ended = find_run(connection, &other)?.is_some_and(|other| !other.state.is_live());
        if ended {
            tell(connection, run, wait, &name, &other, at)?;
        }
    }
    Ok(())
}

fn tell(
    connection: &Connection,
    run: &RunId,
    wait: &Wait,
    name: &RunId,
    ended: &RunId,
    at: Timestamp,
) -> Result<()> {
    let Some(ended) = find_run(connection, ended)? else {
        return Ok(());
    };
    let host = ConnectionName::from(RUNS);
    let event = end_event(name, &ended)?;
    let recorded = intake::record(connection, &host, std::slice::from_ref(&event), "host", at)?;
    let id = intake::id_of(connection, &event.identity(&host))?;
    if recorded.new > 0 {
        // It goes to those that wait, now or later, and to nobody else.
        execute(
            connection,
            "UPDATE events SET routed = 1 WHERE id = ?1",
            [id],
        )?;
    }
    let content = DeliveryContent::Event(Box::new(Incoming {
        connection: host,
        role: wait.role.clone(),
        event,
    }));
    if inbox::deliver(connection, run, Origin::Event(id), &content, at)? {
        let line = format!("delivered to {run}, which waits for it");
        super::routing::add_line(connection, id, &line)?;
    }
    Ok(())
}

fn entity(name: &str) -> Entity {
    Entity {
        kind: RUN_ENTITY.into(),
        id: name.into(),
    }
}

fn end_event(name: &RunId, ended: &Run) -> Result<Event> {
    let field = |name: &str, text: &str| Field {
        name: name.into(),
        value: FieldValue::Text(text.into()),
    };
    let labels: std::collections::BTreeMap<_, _> = ended.labels.iter().cloned().collect();
    Ok(Event {
        kind: RUN_COMPLETED.into(),
        entity: entity(name.as_str()),
        version: None,
        change_token: "end".into(),
        occurred_at: ended.updated_at,
        actor: None,
        origin: None,
        related: Vec::new(),
        data: vec![
            field("flow", ended.flow.as_str()),
            field("business-key", &ended.business_key),
            field("state", ended.state.as_str()),
            field("outcome", ended.outcome.as_deref().unwrap_or_default()),
            field("summary", ended.summary.as_deref().unwrap_or_default()),
            Field {
                name: "labels".into(),
                value: FieldValue::Json(json(&labels)?),
            },
        ],
        raw_digest: None,
    })
}
