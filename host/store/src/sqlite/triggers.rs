//! Schedules and backfills.

use async_trait::async_trait;
use forebay_model::audit::AuditEntry;
use forebay_model::{FlowName, Timestamp};
use rusqlite::{Connection, Row, params};

use super::rows::{all, execute, first, json, parsed, time_option};
use super::{SqliteStore, audit, intake, starting};
use crate::triggers::{Backfill, BackfillPage, Fate, Fired, Firing, ScheduleState, TriggerStore};
use crate::{Error, Result};

/// Where events of a backfill are told to come from.
pub(super) const BACKFILL: &str = "backfill";

#[async_trait]
impl TriggerStore for SqliteStore {
    async fn schedule(&self, flow: &FlowName, name: &str) -> Result<Option<ScheduleState>> {
        let (flow, name) = (flow.clone(), name.to_owned());
        self.read(move |c| schedule(c, &flow, &name)).await
    }

    async fn open_schedule(
        &self,
        flow: &FlowName,
        name: &str,
        rhythm: &str,
        now: Timestamp,
    ) -> Result<ScheduleState> {
        let (flow, name, rhythm) = (flow.clone(), name.to_owned(), rhythm.to_owned());
        self.write(move |c| open_schedule(c, &flow, &name, &rhythm, now))
            .await
    }

    async fn fire(&self, firing: Firing) -> Result<Option<Fate>> {
        self.write(move |c| fire(c, firing)).await
    }

    async fn backfill(&self, flow: &FlowName) -> Result<Option<Backfill>> {
        let flow = flow.clone();
        self.read(move |c| {
            let sql = "SELECT record FROM backfills WHERE flow = ?1";
            first(c, sql, [flow.as_str()], |row| parsed(row, 0))
        })
        .await
    }

    async fn live_backfills(&self) -> Result<Vec<Backfill>> {
        self.read(|c| {
            let sql = "SELECT record FROM backfills WHERE live = 1 ORDER BY flow";
            all(c, sql, [], |row| parsed(row, 0))
        })
        .await
    }

    async fn save_backfill(
        &self,
        backfill: Backfill,
        page: Option<BackfillPage>,
        audit: Vec<AuditEntry>,
    ) -> Result<bool> {
        self.write(move |c| save_backfill(c, &backfill, page, &audit))
            .await
    }
}

fn schedule(connection: &Connection, flow: &FlowName, name: &str) -> Result<Option<ScheduleState>> {
    first(
        connection,
        "SELECT rhythm, settled_to, due_at, fired_at, run, note FROM schedules \
         WHERE flow = ?1 AND name = ?2",
        params![flow.as_str(), name],
        schedule_state,
    )
}

fn schedule_state(row: &Row<'_>) -> Result<ScheduleState> {
    let run: Option<String> = row.get(4)?;
    let note: Option<String> = row.get(5)?;
    let last = match (time_option(row, 2)?, time_option(row, 3)?) {
        (Some(due_at), Some(fired_at)) => Some(Fired {
            due_at,
            fired_at,
            fate: Fate {
                run: run.map(Into::into),
                note: note.unwrap_or_default(),
            },
        }),
        _ => None,
    };
    Ok(ScheduleState {
        rhythm: row.get(0)?,
        settled_to: Timestamp(row.get(1)?),
        last,
    })
}

fn open_schedule(
    connection: &Connection,
    flow: &FlowName,
    name: &str,
    rhythm: &str,
    now: Timestamp,
) -> Result<ScheduleState> {
    execute(
        connection,
        "INSERT INTO schedules (flow, name, rhythm, settled_to) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (flow, name) DO UPDATE SET rhythm = excluded.rhythm, \
             settled_to = max(settled_to, excluded.settled_to) WHERE rhythm <> excluded.rhythm",
        params![flow.as_str(), name, rhythm, now.0],
    )?;
    schedule(connection, flow, name)?.ok_or_else(|| Error::NotFound {
        what: "schedule",
        id: name.to_owned(),
    })
}

fn fire(connection: &Connection, firing: Firing) -> Result<Option<Fate>> {
    let Firing {
        flow,
        name,
        rhythm,
        due_at,
        start,
        audit: entries,
        at,
    } = firing;
    let settled = execute(
        connection,
        "UPDATE schedules SET settled_to = ?4 \
         WHERE flow = ?1 AND name = ?2 AND rhythm = ?3 AND settled_to < ?4",
        params![flow.as_str(), name, rhythm, due_at.0],
    )?;
    if settled == 0 {
        return Ok(None);
    }
    let fate = match start {
        Ok(run) => Fate::from(starting::start(connection, &run)?),
        Err(note) => Fate { run: None, note },
    };
    execute(
        connection,
        "UPDATE schedules SET due_at = ?3, fired_at = ?4, run = ?5, note = ?6 \
         WHERE flow = ?1 AND name = ?2",
        params![
            flow.as_str(),
            name,
            due_at.0,
            at.0,
            fate.run.as_ref().map(forebay_model::RunId::as_str),
            fate.note
        ],
    )?;
    audit::append(connection, &entries)?;
    Ok(Some(fate))
}

fn save_backfill(
    connection: &Connection,
    backfill: &Backfill,
    page: Option<BackfillPage>,
    entries: &[AuditEntry],
) -> Result<bool> {
    let written = execute(
        connection,
        "INSERT INTO backfills (flow, revision, live, record) SELECT ?1, ?2, ?3, ?4 \
         WHERE ?2 = 1 + COALESCE((SELECT revision FROM backfills WHERE flow = ?1), 0) \
         ON CONFLICT (flow) DO UPDATE SET revision = excluded.revision, live = excluded.live, \
             record = excluded.record",
        params![
            backfill.flow.as_str(),
            backfill.revision,
            backfill.state.is_live(),
            json(backfill)?
        ],
    )?;
    if written == 0 {
        return Ok(false);
    }
    for event in page.iter().flat_map(|page| &page.events) {
        let Some(page) = &page else { break };
        keep(connection, &backfill.flow, page, event)?;
    }
    audit::append(connection, entries)?;
    Ok(true)
}

/// Keep an event for one flow. One that is known is routed to everybody else, or was.
fn keep(
    connection: &Connection,
    flow: &FlowName,
    page: &BackfillPage,
    event: &forebay_model::Event,
) -> Result<()> {
    let events = std::slice::from_ref(event);
    let recorded = intake::record(connection, &page.connection, events, BACKFILL, page.at)?;
    let id = intake::id_of(connection, &event.identity(&page.connection))?;
    if recorded.new > 0 {
        execute(
            connection,
            "UPDATE events SET routed = 1 WHERE id = ?1",
            [id],
        )?;
    }
    execute(
        connection,
        "INSERT INTO deferred (flow, event) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![flow.as_str(), id],
    )?;
    Ok(())
}
