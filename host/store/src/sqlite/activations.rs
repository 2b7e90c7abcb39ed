//! How an activation ends: with a step, put off, or parked.

use forebay_model::audit::AuditEntry;
use forebay_model::event::{DeliveryContent, Signal};
use forebay_model::journal::JournalEntry;
use forebay_model::run::{ParkReason, RunState};
use forebay_model::step::Timer;
use forebay_model::{FlowName, RunId, Timestamp};
use rusqlite::{Connection, params};
use serde_json::json as value;

use super::claims::{self, Held, fence};
use super::inbox::{self, Origin};
use super::rows::{execute, json};
use super::{audit, journal, kin, starting, waits};
use crate::runs::{After, Claim, Committed, PutOff, StepCommit};
use crate::{Error, Result};

/// Write journal entries under a claim.
pub(super) fn write_journal(
    connection: &Connection,
    claim: &Claim,
    entries: &[JournalEntry],
) -> Result<()> {
    fence(connection, claim)?;
    journal::write(connection, &claim.run, entries)
}

/// End an activation with its step.
pub(super) fn commit_step(
    connection: &Connection,
    claim: &Claim,
    commit: StepCommit,
) -> Result<Committed> {
    let held = claims::held(connection, claim)?;
    let run = &claim.run;
    if held.item != Some(commit.item) {
        return Err(Error::Refused(format!(
            "the open activation of {run} is not about inbox item {}",
            commit.item
        )));
    }
    journal::write(connection, run, &commit.journal)?;
    inbox::settle(connection, commit.item, "consumed", commit.at)?;
    if let After::Waiting { timers, .. } = &commit.after {
        set_timers(connection, run, timers, commit.at)?;
    }
    store_result(connection, run, &held, &commit)?;
    audit::append(connection, &commit.audit)?;
    go_on(connection, run, &held.flow, &commit)?;
    for spawn in &commit.spawns {
        kin::spawn(connection, run, spawn)?;
    }
    for (target, signal) in commit.signals {
        send(connection, run, &held.flow, &target, signal, commit.at)?;
    }
    let ended = matches!(commit.after, After::Completed(_) | After::Cancelled(_));
    if ended {
        kin::tell_end(connection, run, commit.at)?;
    }
    for notice in &commit.notices {
        execute(
            connection,
            "INSERT INTO notices (run, channel, message, at) VALUES (?1, ?2, ?3, ?4)",
            params![run.as_str(), notice.channel, notice.message, commit.at.0],
        )?;
    }
    let more = !ended && inbox::holds_any(connection, run)?;
    Ok(Committed { more })
}

/// Write the step into the run's row, with where the run stands from now on and when it can be claimed
/// again. One that ends stands nowhere; [`starting::end`] does the rest. A paused run stays paused
/// and goes on from there when resumed.
fn store_result(
    connection: &Connection,
    run: &RunId,
    held: &Held,
    commit: &StepCommit,
) -> Result<()> {
    let (stands, waiting_on) = match &commit.after {
        After::Waiting { waiting_on, .. } => (Some(RunState::Waiting), Some(json(waiting_on)?)),
        After::Parked(_) => (Some(RunState::Parked), None),
        After::Completed(_) | After::Cancelled(_) => (None, None),
    };
    let labels = if commit.labels.is_empty() {
        None
    } else {
        let known = serde_json::from_str(&held.labels)?;
        Some(json(&starting::merged(known, &commit.labels))?)
    };
    execute(
        connection,
        concat!(
            "UPDATE runs SET handler_state = seal('runs.handler_state', ?2), state_version = ?3, activations = activations + 1, \
             attempt = 0, retry_at = NULL, last_error = NULL, item = NULL, item_started_at = NULL, \
             watermark = NULL, failing_since = NULL, health_of = NULL, owner = NULL, \
             lease_until = NULL, updated_at = ?4, labels = COALESCE(?5, labels), \
             waiting_on = COALESCE(?6, waiting_on), \
             paused_from = CASE WHEN state = 'paused' THEN COALESCE(?7, paused_from) END, \
             state = CASE state WHEN 'paused' THEN state ELSE COALESCE(?7, state) END, \
             runnable_at = CASE WHEN state <> 'paused' AND ?7 = 'waiting' THEN ",
            inbox::next_arrival!(),
            " END WHERE id = ?1"
        ),
        params![
            run.as_str(),
            commit.state,
            commit.state_version,
            commit.at.0,
            labels,
            waiting_on,
            stands.map(RunState::as_str),
        ],
    )?;
    starting::index_labels(connection, run, &commit.labels)?;
    execute(
        connection,
        "INSERT INTO steps (run, activation, record) VALUES (?1, ?2, ?3)",
        params![run.as_str(), held.activations + 1, json(&commit.record)?],
    )?;
    Ok(())
}

fn go_on(connection: &Connection, run: &RunId, flow: &FlowName, commit: &StepCommit) -> Result<()> {
    let end = |state, completion| {
        starting::end(
            connection, run, flow, state, completion, "system", commit.at,
        )
    };
    match &commit.after {
        After::Waiting { waits: wanted, .. } => {
            waits::set(connection, run, wanted)?;
            waits::deliver_missed(connection, run, wanted, commit.watermark, commit.at)?;
            kin::tell_ended(connection, run, wanted, commit.at)
        }
        After::Completed(completion) => end(RunState::Completed, completion),
        After::Cancelled(completion) => end(RunState::Cancelled, completion),
        After::Parked(reason) => starting::note_parked(connection, run, flow, reason, commit.at),
    }
}

fn set_timers(connection: &Connection, run: &RunId, timers: &[Timer], at: Timestamp) -> Result<()> {
    inbox::replace_fired_timers(connection, run, at)?;
    execute(
        connection,
        "DELETE FROM timers WHERE run = ?1",
        [run.as_str()],
    )?;
    for timer in timers {
        execute(
            connection,
            "INSERT INTO timers (run, name, due_at) VALUES (?1, ?2, ?3) \
             ON CONFLICT (run, name) DO UPDATE SET due_at = excluded.due_at",
            params![run.as_str(), timer.name, timer.due_at.0],
        )?;
    }
    Ok(())
}

fn send(
    connection: &Connection,
    from: &RunId,
    flow: &FlowName,
    target: &RunId,
    signal: Signal,
    at: Timestamp,
) -> Result<()> {
    let receiver = kin::resolve(connection, target)?;
    if starting::is_live(connection, &receiver)? {
        let content = DeliveryContent::Signal(signal);
        inbox::deliver(connection, &receiver, Origin::Other, &content, at)?;
        return Ok(());
    }
    let details = value!({
        "target": target.as_str(),
        "name": signal.name,
        "reason": "the run has ended or never was",
    });
    audit::note(
        connection,
        from,
        flow,
        "system",
        "signal.dropped",
        details,
        at,
    )
}

/// Put an activation off.
pub(super) fn put_off(connection: &Connection, claim: &Claim, put_off: &PutOff) -> Result<()> {
    fence(connection, claim)?;
    journal::write(connection, &claim.run, &put_off.journal)?;
    starting::place(connection, &claim.run, RunState::Retrying)?;
    execute(
        connection,
        "UPDATE runs SET retry_at = ?2, last_error = ?3, health_of = ?4, failing_since = ?5, \
             attempt = ?6, updated_at = ?7, owner = NULL, lease_until = NULL WHERE id = ?1",
        params![
            claim.run.as_str(),
            put_off.retry_at.0,
            put_off.error,
            put_off
                .connection
                .as_ref()
                .map(forebay_model::ConnectionName::as_str),
            put_off.failing_since.map(|since| since.0),
            put_off.attempt,
            put_off.at.0,
        ],
    )?;
    audit::append(connection, &put_off.audit)?;
    inbox::refresh(connection, &claim.run)
}

/// Park a run whose activation cannot end; the activation stays open.
pub(super) fn park(
    connection: &Connection,
    claim: &Claim,
    reason: &ParkReason,
    entries: &[JournalEntry],
    records: &[AuditEntry],
    now: Timestamp,
) -> Result<()> {
    let flow = claims::held(connection, claim)?.flow;
    journal::write(connection, &claim.run, entries)?;
    audit::append(connection, records)?;
    execute(
        connection,
        "UPDATE runs SET owner = NULL, lease_until = NULL WHERE id = ?1",
        [claim.run.as_str()],
    )?;
    starting::park(connection, &claim.run, &flow, reason, now)?;
    inbox::refresh(connection, &claim.run)
}
