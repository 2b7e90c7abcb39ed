//! What the API and the dashboard ask for.

use forebay_model::run::{Run, RunState, StepRecord};
use forebay_model::{Digest, Entity, FlowName, RunId, Timestamp};
use rusqlite::{Connection, Row, params, params_from_iter};

use super::intake::{EVENT, stored_event};
use super::page::{Conditions, limit_of, numbered_page, position};
use super::rows::{RUN, all, execute, first, json, parsed, run, run_state};
use crate::Result;
use crate::intake::StoredEvent;
use crate::query::{EventFilter, NoticeRecord, Page, PageRequest, RunFilter, RunTimer, RunWait};

/// A page of runs, newest first.
pub(super) fn runs(
    connection: &Connection,
    filter: RunFilter,
    page: &PageRequest,
) -> Result<Page<Run>> {
    let mut conditions = Conditions::default();
    if let Some(flow) = &filter.flow {
        conditions.add("flow = ?", flow.as_str().to_owned());
    }
    if let [state] = filter.states[..] {
        conditions.add("state = ?", state.as_str().to_owned());
    } else if !filter.states.is_empty() {
        let names: Vec<String> = filter
            .states
            .iter()
            .map(|state| format!("'{}'", state.as_str()))
            .collect();
        conditions.add_fixed(&format!("state IN ({})", names.join(", ")));
    }
    if let Some(key) = filter.business_key {
        conditions.add("business_key = ?", key);
    }
    if let Some(subject) = filter.subject {
        conditions.add("subject_id = ?", subject);
    }
    if let Some((name, value)) = filter.label {
        conditions.add("id IN (SELECT run FROM run_labels WHERE name = ?", name);
        conditions.add("value = ?)", value);
    }
    if let Some(since) = filter.since {
        conditions.add("created_at >= ?", since.0);
    }
    if let Some(until) = filter.until {
        conditions.add("created_at < ?", until.0);
    }
    if let Some(since) = filter.stalled_since {
        conditions.add(
            "(runnable_at <= ? OR id IN (SELECT run FROM timers WHERE due_at <= ?))",
            since.0,
        );
    }
    if let Some(before) = position(page)? {
        conditions.add("seq < ?", before.cast_signed());
    }
    let limit = limit_of(page);
    let sql = format!(
        "SELECT {RUN}, seq FROM runs {} ORDER BY seq DESC LIMIT {}",
        conditions.clause(),
        limit + 1
    );
    let numbered = all(
        connection,
        &sql,
        params_from_iter(conditions.values),
        |row| Ok((row.get(22)?, run(row)?)),
    )?;
    Ok(numbered_page(numbered, limit))
}

/// Number of runs by flow and state.
pub(super) fn run_counts(connection: &Connection) -> Result<Vec<(FlowName, RunState, u64)>> {
    all(
        connection,
        "SELECT flow, state, number FROM run_counts WHERE number > 0 ORDER BY flow, state",
        [],
        |row| {
            let state = run_state(&row.get::<_, String>(1)?)?;
            Ok((row.get::<_, String>(0)?.into(), state, row.get(2)?))
        },
    )
}

/// Handlers that live runs are pinned to: hops from one digest to the next along the index, because
/// there are few digests and perhaps a million runs.
pub(super) fn digests_in_use(connection: &Connection) -> Result<Vec<Digest>> {
    all(
        connection,
        "WITH RECURSIVE used (handler) AS ( \
             SELECT min(handler) FROM runs WHERE ended_at IS NULL \
             UNION ALL SELECT (SELECT min(handler) FROM runs \
                 WHERE ended_at IS NULL AND handler > used.handler) \
             FROM used WHERE used.handler IS NOT NULL) \
         SELECT handler FROM used WHERE handler IS NOT NULL",
        [],
        |row| Ok(row.get::<_, String>(0)?.into()),
    )
}

/// A kept configuration.
pub(super) fn flow_config(
    connection: &Connection,
    hash: &str,
) -> Result<Option<serde_json::Value>> {
    first(
        connection,
        "SELECT config FROM flow_configs WHERE hash = ?1",
        [hash],
        |row| parsed(row, 0),
    )
}

/// Finished activations, oldest first.
pub(super) fn steps(connection: &Connection, run: &RunId) -> Result<Vec<StepRecord>> {
    all(
        connection,
        "SELECT record FROM steps WHERE run = ?1 ORDER BY activation",
        [run.as_str()],
        |row| parsed(row, 0),
    )
}

/// What a run subscribes to.
pub(super) fn waits(connection: &Connection, run: &RunId) -> Result<Vec<RunWait>> {
    all(
        connection,
        "SELECT connection, entity_kind, entity_id, kinds FROM waits WHERE run = ?1 ORDER BY rowid",
        [run.as_str()],
        |row| {
            Ok(RunWait {
                connection: row.get::<_, String>(0)?.into(),
                entity: Entity {
                    kind: row.get(1)?,
                    id: row.get(2)?,
                },
                kinds: parsed(row, 3)?,
            })
        },
    )
}

/// A run's timers, the next first.
pub(super) fn timers(connection: &Connection, run: &RunId) -> Result<Vec<RunTimer>> {
    all(
        connection,
        "SELECT name, due_at FROM timers WHERE run = ?1 ORDER BY due_at, name",
        [run.as_str()],
        |row| {
            Ok(RunTimer {
                name: row.get(0)?,
                due_at: Timestamp(row.get(1)?),
            })
        },
    )
}

/// A page of notices, newest first.
pub(super) fn notices(
    connection: &Connection,
    run: Option<&RunId>,
    page: &PageRequest,
) -> Result<Page<NoticeRecord>> {
    let mut conditions = Conditions::default();
    if let Some(run) = run {
        conditions.add("run = ?", run.as_str().to_owned());
    }
    if let Some(before) = position(page)? {
        conditions.add("id < ?", before.cast_signed());
    }
    let limit = limit_of(page);
    let sql = format!(
        "SELECT id, run, channel, message, at FROM notices {} ORDER BY id DESC LIMIT {}",
        conditions.clause(),
        limit + 1
    );
    let notice = |row: &Row<'_>| {
        let notice = NoticeRecord {
            run: row.get::<_, String>(1)?.into(),
            channel: row.get(2)?,
            message: row.get(3)?,
            at: Timestamp(row.get(4)?),
        };
        Ok((row.get(0)?, notice))
    };
    Ok(numbered_page(
        all(
            connection,
            &sql,
            params_from_iter(conditions.values),
            notice,
        )?,
        limit,
    ))
}

/// A page of events, newest first.
pub(super) fn events(
    connection: &Connection,
    filter: EventFilter,
    page: &PageRequest,
) -> Result<Page<StoredEvent>> {
    let mut conditions = Conditions::default();
    if let Some(name) = &filter.connection {
        conditions.add("connection = ?", name.as_str().to_owned());
    }
    if let Some(kind) = filter.kind {
        conditions.add("kind = ?", kind);
    }
    if let Some(entity) = filter.entity {
        conditions.add(
            "id IN (SELECT event FROM event_entities WHERE entity_id = ?)",
            entity,
        );
    }
    if filter.unrouted {
        conditions.add_fixed("routed = 0");
    }
    if let Some(before) = position(page)? {
        conditions.add("id < ?", before.cast_signed());
    }
    let limit = limit_of(page);
    let sql = format!(
        "SELECT {EVENT} FROM events {} ORDER BY id DESC LIMIT {}",
        conditions.clause(),
        limit + 1
    );
    let event = |row: &Row<'_>| Ok((row.get(0)?, stored_event(row)?));
    Ok(numbered_page(
        all(connection, &sql, params_from_iter(conditions.values), event)?,
        limit,
    ))
}

/// Keep a flow's configuration.
pub(super) fn put_flow_config(
    connection: &Connection,
    hash: &str,
    config: &serde_json::Value,
) -> Result<()> {
    execute(
        connection,
        "INSERT INTO flow_configs (hash, config) VALUES (?1, ?2) \
         ON CONFLICT (hash) DO UPDATE SET idle_since = NULL",
        params![hash, json(config)?],
    )?;
    Ok(())
}
