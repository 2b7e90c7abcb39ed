//! Operators' actions on runs.

use forebay_model::event::{DeliveryContent, Signal};
use forebay_model::run::{Run, RunState, StepRecord};
use forebay_model::step::Completion;
use forebay_model::{RunId, Timestamp};
use rusqlite::{Connection, params};
use serde_json::{Value, json as value};

use super::claims::resting;
use super::inbox::{self, Origin};
use super::rows::{execute, first, get_run, json, time_option};
use super::{audit, journal, kin, redrive, requests, starting, upgrade};
use crate::runs::{Act, CANCEL_SIGNAL, Control, Controlled, RETRY_SIGNAL, Redrive, StartOutcome};
use crate::{Error, Result};

/// What an operator's action would do now.
pub(super) fn preview(connection: &Connection, act: &Act) -> Result<Controlled> {
    let run = get_run(connection, &act.run)?;
    if let Some(repeated) = repeated(connection, &run, act)? {
        return Ok(repeated);
    }
    Ok(Controlled {
        changed: would_change(connection, &run, &act.control)?,
        repeated: false,
        successor: successor(connection, &run)?,
        run,
    })
}

/// Do what an operator asks, and write it down if it changes something.
pub(super) fn act(connection: &Connection, act: Act) -> Result<Controlled> {
    let before = preview(connection, &act)?;
    if before.repeated {
        return Ok(before);
    }
    if before.changed {
        let redriven = matches!(act.control, Control::Redrive(_));
        apply(connection, &before.run, act.control, act.at)?;
        inbox::refresh(connection, &act.run)?;
        let mut record = act.audit;
        if let Value::Object(details) = &mut record.details {
            let after = get_run(connection, &act.run)?;
            details.insert("before".to_owned(), facts(&before.run));
            details.insert("after".to_owned(), facts(&after));
            if redriven {
                let run = Redrive::successor(&before.run);
                details.insert("run".to_owned(), value!(run.as_str()));
            }
        }
        audit::append(connection, &[record])?;
    }
    if let Some(request) = &act.request {
        requests::remember(connection, request, act.run.as_str(), act.at)?;
    }
    let run = get_run(connection, &act.run)?;
    Ok(Controlled {
        changed: before.changed,
        repeated: false,
        successor: successor(connection, &run)?,
        run,
    })
}

/// The answer to a request that was carried out before.
fn repeated(connection: &Connection, run: &Run, act: &Act) -> Result<Option<Controlled>> {
    let Some(request) = &act.request else {
        return Ok(None);
    };
    match requests::answered(connection, request)? {
        None => Ok(None),
        Some(StartOutcome::KeyReused) => Err(Error::KeyReused),
        Some(_) => Ok(Some(Controlled {
            run: run.clone(),
            changed: false,
            repeated: true,
            successor: successor(connection, run)?,
        })),
    }
}

fn successor(connection: &Connection, run: &Run) -> Result<Option<RunId>> {
    let id = Redrive::successor(run);
    Ok(starting::exists(connection, &id)?.then_some(id))
}

/// What of a run an operator's action can change.
fn facts(run: &Run) -> Value {
    let parked = run.park_reason.as_ref().map(|reason| &reason.code);
    value!({
        "state": run.state,
        "activations": run.activations,
        "outcome": run.outcome,
        "parked": parked,
        "handler": run.handler,
        "configuration": run.config_hash,
        "state-version": run.state_version,
    })
}

fn would_change(connection: &Connection, run: &Run, control: &Control) -> Result<bool> {
    match control {
        Control::Redrive(_) => redrive::would_change(connection, run),
        Control::Cancel { .. } if !run.state.is_live() => Ok(false),
        _ if !run.state.is_live() => Err(Error::Refused(format!(
            "run {} has ended ({})",
            run.id,
            run.state.as_str()
        ))),
        Control::Cancel { force: true, .. } | Control::Signal(_) | Control::Complete { .. } => {
            Ok(true)
        }
        Control::Cancel { .. } => Ok(matches!(run.state, RunState::Parked | RunState::Paused)
            || !inbox::holds_cancel(connection, &run.id)?),
        Control::Retry if run.state == RunState::Paused => Err(Error::Refused(format!(
            "run {} is paused; resume it first",
            run.id
        ))),
        Control::Retry => Ok(matches!(run.state, RunState::Parked | RunState::Retrying)),
        Control::Pause => Ok(run.state != RunState::Paused),
        Control::Resume => Ok(run.state == RunState::Paused),
        Control::Upgrade(upgrade) => upgrade::would_change(connection, run, upgrade),
    }
}

fn apply(connection: &Connection, run: &Run, control: Control, now: Timestamp) -> Result<()> {
    match control {
        Control::Cancel {
            reason,
            force: true,
            sender,
        } => {
            let summary = format!("cancelled by {sender} without asking the handler");
            let completion = Completion {
                outcome: reason,
                summary,
            };
            end_by_force(
                connection,
                run,
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
        Control::Complete {
            outcome,
            reason,
            sender,
        } => {
            let summary = format!("decided by {sender}: {reason}");
            let completion = Completion { outcome, summary };
            end_by_force(
                connection,
                run,
                RunState::Completed,
                &completion,
                &sender,
                now,
            )
        }
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
        Control::Redrive(redrive) => redrive::apply(connection, run, redrive, now),
        Control::Upgrade(upgrade) => upgrade::apply(connection, &run.id, &upgrade, now),
    }
}

/// End a live run without asking its handler.
pub(super) fn end_by_force(
    connection: &Connection,
    run: &Run,
    state: RunState,
    completion: &Completion,
    sender: &str,
    now: Timestamp,
) -> Result<()> {
    // A later epoch fences off an activation that is under way.
    execute(
        connection,
        "UPDATE runs SET epoch = epoch + 1 WHERE id = ?1",
        [run.id.as_str()],
    )?;
    starting::end(
        connection, &run.id, &run.flow, state, completion, sender, now,
    )?;
    kin::tell_end(connection, &run.id, now)
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
