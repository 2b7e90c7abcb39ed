//! Operators' actions on runs.

use forebay_model::audit::AuditEntry;
use forebay_model::event::{DeliveryContent, Signal};
use forebay_model::run::{Run, RunState, StepRecord};
use forebay_model::step::Completion;
use forebay_model::{RunId, Timestamp};
use rusqlite::{Connection, params};
use serde_json::json as value;

use super::claims::resting;
use super::inbox::{self, Origin};
use super::rows::{execute, first, get_run, json, time_option};
use super::{audit, journal, starting};
use crate::runs::{CANCEL_SIGNAL, Control, Controlled, RETRY_SIGNAL};
use crate::{Error, Result};

/// Do what an operator asks, and write it down if it changes something.
pub(super) fn control(
    connection: &Connection,
    id: &RunId,
    control: Control,
    entry: AuditEntry,
    now: Timestamp,
) -> Result<Controlled> {
    let run = get_run(connection, id)?;
    let changed = would_change(connection, &run, &control)?;
    if changed {
        audit::append(connection, &[entry])?;
        apply(connection, &run, control, now)?;
        inbox::refresh(connection, id)?;
    }
    Ok(Controlled {
        run: get_run(connection, id)?,
        changed,
    })
}

fn would_change(connection: &Connection, run: &Run, control: &Control) -> Result<bool> {
    match control {
        Control::Cancel { .. } if !run.state.is_live() => Ok(false),
        _ if !run.state.is_live() => Err(Error::Refused(format!(
            "run {} has ended ({})",
            run.id,
            run.state.as_str()
        ))),
        Control::Cancel { force: true, .. } | Control::Signal(_) => Ok(true),
        Control::Cancel { .. } => Ok(matches!(run.state, RunState::Parked | RunState::Paused)
            || !inbox::holds_cancel(connection, &run.id)?),
        Control::Retry if run.state == RunState::Paused => Err(Error::Refused(format!(
            "run {} is paused; resume it first",
            run.id
        ))),
        Control::Retry => Ok(matches!(run.state, RunState::Parked | RunState::Retrying)),
        Control::Pause => Ok(run.state != RunState::Paused),
        Control::Resume => Ok(run.state == RunState::Paused),
    }
}

fn apply(connection: &Connection, run: &Run, control: Control, now: Timestamp) -> Result<()> {
    match control {
        Control::Cancel {
            reason,
            force: true,
            sender,
        } => {
            // A later epoch fences off an activation that is under way.
            execute(
                connection,
                "UPDATE runs SET epoch = epoch + 1 WHERE id = ?1",
                [run.id.as_str()],
            )?;
            let summary = format!("cancelled by {sender} without asking the handler");
            let completion = Completion {
                outcome: reason,
                summary,
            };
            starting::end(
                connection,
                &run.id,
                RunState::Cancelled,
                &completion,
                &sender,
                now,
            )
        }
        Control::Cancel {
            reason,
            force: false,
            sender,
        } => cancel(connection, run, &reason, sender, now),
        Control::Retry => retry(connection, run, now),
        Control::Pause => {
            execute(
                connection,
                "UPDATE runs SET paused_from = state, state = 'paused', updated_at = ?2 \
                 WHERE id = ?1",
                params![run.id.as_str(), now.0],
            )?;
            Ok(())
        }
        Control::Resume => resume(connection, &run.id, now),
        Control::Signal(signal) => {
            let content = DeliveryContent::Signal(signal);
            inbox::deliver(connection, &run.id, Origin::Other, &content, now)?;
            Ok(())
        }
    }
}

fn resume(connection: &Connection, run: &RunId, now: Timestamp) -> Result<()> {
    execute(
        connection,
        "UPDATE runs SET state = paused_from, paused_from = NULL, updated_at = ?2 WHERE id = ?1",
        params![run.as_str(), now.0],
    )?;
    Ok(())
}

/// Try again: the failed last call is made again, the budget starts anew.
fn retry(connection: &Connection, run: &Run, now: Timestamp) -> Result<()> {
    journal::reset_failed_end(connection, &run.id, run.activations + 1)?;
    if run.state == RunState::Parked {
        starting::place(connection, &run.id, resting(run.activations))?;
        if inbox::open(connection, &run.id)?.is_empty() {
            let signal = Signal {
                name: RETRY_SIGNAL.to_owned(),
                data: "{}".to_owned(),
                sender: "operator".to_owned(),
            };
            let content = DeliveryContent::Signal(signal);
            inbox::deliver(connection, &run.id, Origin::Other, &content, now)?;
        }
    }
    execute(
        connection,
        "UPDATE runs SET attempt = 0, failing_since = NULL, health_of = NULL, park_reason = NULL, \
             retry_at = CASE state WHEN 'retrying' THEN ?2 END, updated_at = ?2 WHERE id = ?1",
        params![run.id.as_str(), now.0],
    )?;
    Ok(())
}

/// Ask the handler to clean up, ahead of everything else. A held run is let go for it.
fn cancel(
    connection: &Connection,
    run: &Run,
    reason: &str,
    sender: String,
    now: Timestamp,
) -> Result<()> {
    let state = if run.state == RunState::Paused {
        resume(connection, &run.id, now)?;
        get_run(connection, &run.id)?.state
    } else {
        run.state
    };
    match state {
        RunState::Parked => give_up_activation(connection, run, reason, now)?,
        RunState::Retrying => retry_now(connection, &run.id, now)?,
        _ => {}
    }
    if !inbox::holds_cancel(connection, &run.id)? {
        let data = json(&value!({"reason": reason}))?;
        let signal = Signal {
            name: CANCEL_SIGNAL.to_owned(),
            data,
            sender,
        };
        let content = DeliveryContent::Signal(signal);
        inbox::deliver(connection, &run.id, Origin::Other, &content, now)?;
    }
    Ok(())
}

/// The activation that was put off has to end before the handler can be asked to clean up: what it
/// did at a vendor may not be known to the handler's state yet.
fn retry_now(connection: &Connection, run: &RunId, now: Timestamp) -> Result<()> {
    execute(
        connection,
        "UPDATE runs SET retry_at = min(retry_at, ?2), updated_at = ?2 WHERE id = ?1",
        params![run.as_str(), now.0],
    )?;
    Ok(())
}

/// End a parked activation without a step. It counts as one, so that its journal is not taken for
/// that of the next.
fn give_up_activation(
    connection: &Connection,
    run: &Run,
    reason: &str,
    now: Timestamp,
) -> Result<()> {
    let open = first(
        connection,
        "SELECT item, item_started_at FROM runs WHERE id = ?1",
        [run.id.as_str()],
        |row| Ok((row.get::<_, Option<u64>>(0)?, time_option(row, 1)?)),
    )?;
    let mut activations = run.activations;
    if let Some((Some(item), started_at)) = open {
        activations += 1;
        let record = StepRecord {
            activation: activations,
            trigger: inbox::content(connection, item)?.label(),
            result: "cancelled".to_owned(),
            summary: format!("given up while parked, the run is being cancelled: {reason}"),
            attempts: run.attempt,
            started_at: started_at.unwrap_or(now),
            ended_at: now,
            handler: run.handler.clone(),
        };
        execute(
            connection,
            "INSERT INTO steps (run, activation, record) VALUES (?1, ?2, ?3)",
            params![run.id.as_str(), activations, json(&record)?],
        )?;
        inbox::settle(connection, item, "dropped", now)?;
        let details = value!({"items": [record.trigger], "reason": record.summary});
        audit::note(
            connection,
            &run.id,
            &run.flow,
            "system",
            "inbox.dropped",
            details,
            now,
        )?;
    }
    execute(
        connection,
        "UPDATE runs SET state = ?2, activations = ?3, item = NULL, item_started_at = NULL, \
             watermark = NULL, failing_since = NULL, attempt = 0, park_reason = NULL, \
             updated_at = ?4 WHERE id = ?1",
        params![
            run.id.as_str(),
            resting(activations).as_str(),
            activations,
            now.0
        ],
    )?;
    Ok(())
}
