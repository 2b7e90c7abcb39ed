//! Starting and ending runs: what both have in common for events, requests, spawns and operators.

use forebay_model::run::{ParkReason, RunState};
use forebay_model::step::Completion;
use forebay_model::{FlowName, RunId, Timestamp};
use rusqlite::{Connection, params};
use serde_json::json as value;

use super::inbox::{self, Origin};
use super::rows::{execute, first, json};
use super::{audit, requests};
use crate::Result;
use crate::runs::{NewRun, StartOutcome};

/// The live run of a key.
pub(super) fn live_run(
    connection: &Connection,
    flow: &FlowName,
    business_key: &str,
) -> Result<Option<RunId>> {
    first(
        connection,
        "SELECT id FROM runs WHERE flow = ?1 AND business_key = ?2 AND ended_at IS NULL",
        params![flow.as_str(), business_key],
        |row| Ok(row.get::<_, String>(0)?.into()),
    )
}

/// Was there ever a run of this id?
pub(super) fn exists(connection: &Connection, run: &RunId) -> Result<bool> {
    Ok(first(
        connection,
        "SELECT 1 FROM runs WHERE id = ?1",
        [run.as_str()],
        |_| Ok(()),
    )?
    .is_some())
}

/// Can anything still happen to this run? False too if there is none.
pub(super) fn is_live(connection: &Connection, run: &RunId) -> Result<bool> {
    let sql = "SELECT 1 FROM runs WHERE id = ?1 AND ended_at IS NULL";
    Ok(first(connection, sql, [run.as_str()], |_| Ok(()))?.is_some())
}

/// Start a run on request.
pub(super) fn start(connection: &Connection, run: &NewRun) -> Result<StartOutcome> {
    if let Some(request) = &run.request
        && let Some(answer) = requests::answered(connection, request)?
    {
        return Ok(answer);
    }
    let outcome = if exists(connection, &run.id)? {
        StartOutcome::Repeated(run.id.clone())
    } else if let Some(live) = live_run(connection, &run.flow, &run.business_key)? {
        inbox::deliver(connection, &live, Origin::Other, &run.delivery, run.at)?;
        StartOutcome::Delivered(live)
    } else {
        insert(connection, run, Origin::Other)?;
        StartOutcome::Started(run.id.clone())
    };
    if let (
        Some(request),
        StartOutcome::Started(id) | StartOutcome::Delivered(id) | StartOutcome::Repeated(id),
    ) = (&run.request, &outcome)
    {
        requests::remember(connection, request, id.as_str(), run.at)?;
    }
    Ok(outcome)
}

/// Store a run whose id and key are free, with what it starts with in its inbox.
pub(super) fn insert(connection: &Connection, run: &NewRun, origin: Origin) -> Result<()> {
    let labels = merged(Vec::new(), &run.labels);
    execute(
        connection,
        "INSERT INTO runs (id, flow, business_key, title, subject_kind, subject_id, labels, state, \
             handler, config_hash, created_at, updated_at, runnable_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?11, ?7, ?8, ?9, ?10, ?10, ?10)",
        params![
            run.id.as_str(),
            run.flow.as_str(),
            run.business_key,
            run.title,
            run.subject.kind,
            run.subject.id,
            RunState::Pending.as_str(),
            run.handler.as_str(),
            run.config_hash,
            run.at.0,
            json(&labels)?,
        ],
    )?;
    index_labels(connection, &run.id, &run.labels)?;
    let details = value!({
        "business-key": run.business_key,
        "title": run.title,
        "subject": {"kind": run.subject.kind, "id": run.subject.id},
        "trigger": run.delivery.label(),
        "handler": run.handler.as_str(),
        "config-hash": run.config_hash,
    });
    audit::note(
        connection,
        &run.id,
        &run.flow,
        &run.actor,
        "run.started",
        details,
        run.at,
    )?;
    inbox::put(connection, &run.id, origin, &run.delivery, run.at)?;
    Ok(())
}

/// Labels with these added or replaced.
pub(super) fn merged(
    mut labels: Vec<(String, String)>,
    new: &[(String, String)],
) -> Vec<(String, String)> {
    for (name, value) in new {
        match labels.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => old.clone_from(value),
            None => labels.push((name.clone(), value.clone())),
        }
    }
    labels
}

/// Have a run found by these labels, which stand in its row.
pub(super) fn index_labels(
    connection: &Connection,
    run: &RunId,
    new: &[(String, String)],
) -> Result<()> {
    for (name, value) in new {
        execute(
            connection,
            "INSERT INTO run_labels (run, name, value) VALUES (?1, ?2, ?3) \
             ON CONFLICT (run, name) DO UPDATE SET value = excluded.value",
            params![run.as_str(), name, value],
        )?;
    }
    Ok(())
}

/// End a run: nothing will happen to it any more. Events it did not look at are routed anew, as if
/// it had never been there: they may start its successor. All else in its inbox is dropped. Those that
/// wait for its end are told by [`super::kin::tell_end`], after what it had to say itself.
pub(super) fn end(
    connection: &Connection,
    run: &RunId,
    flow: &FlowName,
    state: RunState,
    completion: &Completion,
    actor: &str,
    at: Timestamp,
) -> Result<()> {
    execute(
        connection,
        "UPDATE runs SET state = ?2, outcome = ?3, summary = ?4, ended_at = ?5, updated_at = ?5, \
             paused_from = NULL, item = NULL, item_started_at = NULL, watermark = NULL, \
             failing_since = NULL, health_of = NULL, retry_at = NULL, park_reason = NULL, \
             waiting_on = NULL, owner = NULL, lease_until = NULL, runnable_at = NULL \
         WHERE id = ?1",
        params![
            run.as_str(),
            state.as_str(),
            completion.outcome,
            completion.summary,
            at.0
        ],
    )?;
    execute(
        connection,
        "DELETE FROM timers WHERE run = ?1",
        [run.as_str()],
    )?;
    execute(
        connection,
        "DELETE FROM waits WHERE run = ?1",
        [run.as_str()],
    )?;
    let action = format!("run.{}", state.as_str());
    let details = value!({"outcome": completion.outcome, "summary": completion.summary});
    audit::note(connection, run, flow, actor, &action, details, at)?;
    if inbox::holds_any(connection, run)? {
        clear_inbox(connection, run, flow, at)?;
    }
    Ok(())
}

fn clear_inbox(connection: &Connection, run: &RunId, flow: &FlowName, at: Timestamp) -> Result<()> {
    inbox::offer_again(connection, run, at)?;
    let dropped = inbox::drop_all(connection, run, at)?;
    if dropped.is_empty() {
        return Ok(());
    }
    let labels: Vec<String> = dropped.iter().map(|item| item.delivery.label()).collect();
    let details = value!({"items": labels, "reason": "the run has ended"});
    audit::note(
        connection,
        run,
        flow,
        "system",
        "inbox.dropped",
        details,
        at,
    )
}

/// Set where a live run stands. A paused run stays paused and goes on from there when resumed.
pub(super) fn place(connection: &Connection, run: &RunId, state: RunState) -> Result<()> {
    execute(
        connection,
        "UPDATE runs SET paused_from = CASE state WHEN 'paused' THEN ?2 END, \
             state = CASE state WHEN 'paused' THEN 'paused' ELSE ?2 END WHERE id = ?1",
        params![run.as_str(), state.as_str()],
    )?;
    Ok(())
}

/// Park a run whose row is otherwise as it should be.
pub(super) fn park(
    connection: &Connection,
    run: &RunId,
    flow: &FlowName,
    reason: &ParkReason,
    at: Timestamp,
) -> Result<()> {
    place(connection, run, RunState::Parked)?;
    note_parked(connection, run, flow, reason, at)
}

/// Write down why a run stands parked.
pub(super) fn note_parked(
    connection: &Connection,
    run: &RunId,
    flow: &FlowName,
    reason: &ParkReason,
    at: Timestamp,
) -> Result<()> {
    execute(
        connection,
        "UPDATE runs SET park_reason = ?2, updated_at = ?3 WHERE id = ?1",
        params![run.as_str(), json(reason)?, at.0],
    )?;
    let details = value!({"code": reason.code, "message": reason.message});
    audit::note(connection, run, flow, "system", "run.parked", details, at)
}
