//! How an activation ends: with a step, put off, or parked.

use forebay_model::audit::AuditEntry;
use forebay_model::event::{DeliveryContent, Signal};
use forebay_model::journal::JournalEntry;
use forebay_model::run::{ParkReason, Run, RunState};
use forebay_model::step::Timer;
use forebay_model::{RunId, Timestamp};
use rusqlite::{Connection, params};
use serde_json::json as value;

use super::claims::fence;
use super::inbox::{self, Origin};
use super::rows::{execute, first, get_run, json};
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
    fence(connection, claim)?;
    let run = get_run(connection, &claim.run)?;
    check_item(connection, &run.id, commit.item)?;
    journal::write(connection, &run.id, &commit.journal)?;
    inbox::settle(connection, commit.item, "consumed", commit.at)?;
    store_result(connection, &run, &commit)?;
    audit::append(connection, &commit.audit)?;
    go_on(connection, &run, &commit)?;
    for spawn in &commit.spawns {
        kin::spawn(connection, &run, spawn)?;
    }
    for (target, signal) in commit.signals {
        send(connection, &run, &target, signal, commit.at)?;
    }
    if matches!(commit.after, After::Completed(_) | After::Cancelled(_)) {
        kin::tell_end(connection, &run.id, commit.at)?;
    }
    for notice in &commit.notices {
        execute(
            connection,
            "INSERT INTO notices (run, channel, message, at) VALUES (?1, ?2, ?3, ?4)",
            params![run.id.as_str(), notice.channel, notice.message, commit.at.0],
        )?;
    }
    let more =
        starting::is_live(connection, &run.id)? && inbox::next_item(connection, &run.id)?.is_some();
    inbox::refresh(connection, &run.id)?;
    Ok(Committed { more })
}

fn check_item(connection: &Connection, run: &RunId, item: u64) -> Result<()> {
    let open: Option<Option<u64>> = first(
        connection,
        "SELECT item FROM runs WHERE id = ?1",
        [run.as_str()],
        |row| Ok(row.get(0)?),
    )?;
    if open.flatten() == Some(item) {
        Ok(())
    } else {
        Err(Error::Refused(format!(
            "the open activation of {run} is not about inbox item {item}"
        )))
    }
}

fn store_result(connection: &Connection, run: &Run, commit: &StepCommit) -> Result<()> {
    execute(
        connection,
        "UPDATE runs SET handler_state = seal('runs.handler_state', ?2), state_version = ?3, activations = activations + 1, \
             attempt = 0, retry_at = NULL, last_error = NULL, item = NULL, item_started_at = NULL, \
             watermark = NULL, failing_since = NULL, health_of = NULL, owner = NULL, \
             lease_until = NULL, updated_at = ?4 \
         WHERE id = ?1",
        params![
            run.id.as_str(),
            commit.state,
            commit.state_version,
            commit.at.0
        ],
    )?;
    starting::add_labels(connection, &run.id, run.labels.clone(), &commit.labels)?;
    execute(
        connection,
        "INSERT INTO steps (run, activation, record) VALUES (?1, ?2, ?3)",
        params![run.id.as_str(), run.activations + 1, json(&commit.record)?],
    )?;
    Ok(())
}

fn go_on(connection: &Connection, run: &Run, commit: &StepCommit) -> Result<()> {
    match &commit.after {
        After::Waiting {
            timers,
            waits: wanted,
            waiting_on,
        } => {
            starting::place(connection, &run.id, RunState::Waiting)?;
            execute(
                connection,
                "UPDATE runs SET waiting_on = ?2 WHERE id = ?1",
                params![run.id.as_str(), json(waiting_on)?],
            )?;
            set_timers(connection, &run.id, timers, commit.at)?;
            waits::set(connection, &run.id, wanted)?;
            waits::deliver_missed(connection, &run.id, wanted, commit.watermark, commit.at)?;
            kin::tell_ended(connection, &run.id, wanted, commit.at)
        }
        After::Completed(completion) => starting::end(
            connection,
            &run.id,
            RunState::Completed,
            completion,
            "system",
            commit.at,
        ),
        After::Cancelled(completion) => starting::end(
            connection,
            &run.id,
            RunState::Cancelled,
            completion,
            "system",
            commit.at,
        ),
        After::Parked(reason) => starting::park(connection, &run.id, &run.flow, reason, commit.at),
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
    from: &Run,
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
        &from.id,
        &from.flow,
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
    fence(connection, claim)?;
    journal::write(connection, &claim.run, entries)?;
    audit::append(connection, records)?;
    let flow = get_run(connection, &claim.run)?.flow;
    execute(
        connection,
        "UPDATE runs SET owner = NULL, lease_until = NULL WHERE id = ?1",
        [claim.run.as_str()],
    )?;
    starting::park(connection, &claim.run, &flow, reason, now)?;
    inbox::refresh(connection, &claim.run)
}
