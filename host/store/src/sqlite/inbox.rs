//! Inboxes, and when their runs can be claimed.

use forebay_model::event::DeliveryContent;
use forebay_model::{RunId, Timestamp};
use rusqlite::{Connection, params};

use super::rows::{all, execute, first, json, parsed};
use crate::query::InboxItem;
use crate::runs::CANCEL_SIGNAL;
use crate::{Error, Result};

/// Where an inbox item comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A stored event: it goes to the same run once.
    Event(u64),
    /// A request, a timer, a signal.
    Other,
}

/// Urgency of a cancel: before everything else.
const CANCEL_URGENCY: u8 = 2;
/// Urgency of what an operator says to a run that has begun: before what vendors tell, because each
/// such event may park the run again before it comes to what the operator wants.
const OPERATOR_URGENCY: u8 = 1;

fn urgency(content: &DeliveryContent) -> u8 {
    match content {
        DeliveryContent::Signal(signal) if signal.name == CANCEL_SIGNAL => CANCEL_URGENCY,
        DeliveryContent::Signal(signal) if signal.sender.starts_with("operator:") => {
            OPERATOR_URGENCY
        }
        _ => 0,
    }
}

/// Deliver something to a run; false if it had this event before.
pub(super) fn deliver(
    connection: &Connection,
    run: &RunId,
    origin: Origin,
    content: &DeliveryContent,
    at: Timestamp,
) -> Result<bool> {
    let new = put(connection, run, origin, content, at)?;
    if new {
        refresh(connection, run)?;
    }
    Ok(new)
}

/// Put something into a run's inbox, whether or not the run can be claimed for it; false if it had
/// this event before.
pub(super) fn put(
    connection: &Connection,
    run: &RunId,
    origin: Origin,
    content: &DeliveryContent,
    at: Timestamp,
) -> Result<bool> {
    let event = match origin {
        Origin::Event(event) => Some(event),
        Origin::Other => None,
    };
    let timer = matches!(content, DeliveryContent::Timer(_));
    let urgent = urgency(content);
    let delivered = execute(
        connection,
        "INSERT INTO inbox (run, event, timer, urgent, content, arrived_at) \
         VALUES (?1, ?2, ?3, \
             CASE WHEN ?4 = ?7 AND (SELECT activations FROM runs WHERE id = ?1) = 0 THEN 0 ELSE ?4 END, \
             seal('inbox.content', ?5), ?6) ON CONFLICT (run, event) DO NOTHING",
        params![
            run.as_str(),
            event,
            timer,
            urgent,
            json(content)?,
            at.0,
            OPERATOR_URGENCY
        ],
    )?;
    Ok(delivered > 0)
}

/// SQL over a row of `runs`: when that arrived which its next activation is about.
macro_rules! next_arrival {
    () => {
        "(SELECT arrived_at FROM inbox WHERE run = runs.id AND settled_at IS NULL \
          ORDER BY urgent DESC, id LIMIT 1)"
    };
}
pub(super) use next_arrival;

/// Work out anew when a run can be claimed. Call after every change of its state, lease, retry
/// time or inbox: this is the place that says what makes a run claimable. Only what happens to every
/// run writes the result itself, in the statement that makes the change: its start, a claim, the
/// step of an activation.
pub(super) fn refresh(connection: &Connection, run: &RunId) -> Result<()> {
    execute(
        connection,
        concat!(
            "UPDATE runs SET runnable_at = CASE state \
                 WHEN 'running' THEN lease_until \
                 WHEN 'retrying' THEN retry_at \
                 WHEN 'parked' THEN NULL \
                 WHEN 'paused' THEN NULL \
                 ELSE ",
            next_arrival!(),
            " END WHERE id = ?1"
        ),
        [run.as_str()],
    )?;
    Ok(())
}

/// What a run's next activation is about.
pub(super) fn next(connection: &Connection, run: &RunId) -> Result<Option<(u64, DeliveryContent)>> {
    first(
        connection,
        "SELECT id, unseal('inbox.content', content) FROM inbox \
         WHERE run = ?1 AND settled_at IS NULL ORDER BY urgent DESC, id LIMIT 1",
        [run.as_str()],
        |row| Ok((row.get(0)?, parsed(row, 1)?)),
    )
}

/// Is there anything a run has not looked at?
pub(super) fn holds_any(connection: &Connection, run: &RunId) -> Result<bool> {
    let sql = "SELECT 1 FROM inbox WHERE run = ?1 AND settled_at IS NULL LIMIT 1";
    Ok(first(connection, sql, [run.as_str()], |_| Ok(()))?.is_some())
}

/// Does a cancel signal wait?
pub(super) fn holds_cancel(connection: &Connection, run: &RunId) -> Result<bool> {
    let found = first(
        connection,
        "SELECT 1 FROM inbox WHERE run = ?1 AND settled_at IS NULL AND urgent = ?2 LIMIT 1",
        params![run.as_str(), CANCEL_URGENCY],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// The content of an item.
pub(super) fn content(connection: &Connection, item: u64) -> Result<DeliveryContent> {
    first(
        connection,
        "SELECT unseal('inbox.content', content) FROM inbox WHERE id = ?1",
        [item],
        |row| parsed(row, 0),
    )?
    .ok_or_else(|| Error::NotFound {
        what: "inbox item",
        id: item.to_string(),
    })
}

/// Take an item out of the inbox.
pub(super) fn settle(connection: &Connection, item: u64, fate: &str, at: Timestamp) -> Result<()> {
    execute(
        connection,
        "UPDATE inbox SET settled_at = ?2, fate = ?3 WHERE id = ?1 AND settled_at IS NULL",
        params![item, at.0, fate],
    )?;
    Ok(())
}

/// Timers that fired and were not looked at yet count as still set: new timers replace them too.
/// Otherwise a timer that fires while its run sets it again would come twice.
pub(super) fn replace_fired_timers(
    connection: &Connection,
    run: &RunId,
    at: Timestamp,
) -> Result<()> {
    execute(
        connection,
        "UPDATE inbox SET settled_at = ?2, fate = 'replaced' \
         WHERE run = ?1 AND settled_at IS NULL AND timer = 1",
        params![run.as_str(), at.0],
    )?;
    Ok(())
}

/// Events that are left are routed again. Runs that had them keep them: an inbox holds an event
/// once, and a run that one has started already is not started again.
pub(super) fn offer_again(connection: &Connection, run: &RunId, at: Timestamp) -> Result<()> {
    execute(
        connection,
        "UPDATE events SET routed = 0 WHERE id IN \
             (SELECT event FROM inbox WHERE run = ?1 AND settled_at IS NULL AND event IS NOT NULL)",
        [run.as_str()],
    )?;
    execute(
        connection,
        "UPDATE inbox SET settled_at = ?2, fate = 'offered-again' \
         WHERE run = ?1 AND settled_at IS NULL AND event IS NOT NULL",
        params![run.as_str(), at.0],
    )?;
    Ok(())
}

/// Drop everything that is left; returns what it was.
pub(super) fn drop_all(
    connection: &Connection,
    run: &RunId,
    at: Timestamp,
) -> Result<Vec<InboxItem>> {
    let left = open(connection, run)?;
    execute(
        connection,
        "UPDATE inbox SET settled_at = ?2, fate = 'dropped' WHERE run = ?1 AND settled_at IS NULL",
        params![run.as_str(), at.0],
    )?;
    Ok(left)
}

/// What waits, in the order it will be looked at.
pub(super) fn open(connection: &Connection, run: &RunId) -> Result<Vec<InboxItem>> {
    all(
        connection,
        "SELECT id, unseal('inbox.content', content), arrived_at FROM inbox \
         WHERE run = ?1 AND settled_at IS NULL \
         ORDER BY urgent DESC, id",
        [run.as_str()],
        |row| {
            Ok(InboxItem {
                id: row.get(0)?,
                delivery: parsed(row, 1)?,
                arrived_at: Timestamp(row.get(2)?),
            })
        },
    )
}
