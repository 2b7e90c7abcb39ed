//! Beginning a run anew.

use forebay_model::Timestamp;
use forebay_model::event::DeliveryContent;
use forebay_model::run::{Run, RunState};
use forebay_model::step::Completion;
use rusqlite::{Connection, params};

use super::control::end_by_force;
use super::inbox::Origin;
use super::rows::{execute, first, get_run, json, parsed};
use super::starting;
use crate::control::{REDRIVE_OF, REDRIVEN_AS};
use crate::runs::{NewRun, Redrive};
use crate::{Error, Result};

/// Outcome of a parked run that another one stands for now.
const REDRIVEN: &str = "redriven";

/// Can it be begun anew, and was it not yet?
pub(super) fn would_change(connection: &Connection, run: &Run) -> Result<bool> {
    if starting::exists(connection, &Redrive::successor(run))? {
        return Ok(false);
    }
    if run.state.is_live() && run.state != RunState::Parked {
        return Err(Error::Refused(format!(
            "run {} is {}; cancel it first, or wait for its end",
            run.id,
            run.state.as_str()
        )));
    }
    match starting::live_run(connection, &run.flow, &run.business_key)? {
        Some(live) if live != run.id => Err(Error::Refused(format!(
            "run {live} is live under the same business key"
        ))),
        _ => Ok(true),
    }
}

/// End the old run if it is parked, start the new one, link both.
pub(super) fn apply(
    connection: &Connection,
    run: &Run,
    redrive: Redrive,
    now: Timestamp,
) -> Result<()> {
    let (delivery, origin) = beginning(connection, run)?;
    let id = Redrive::successor(run);
    if run.state.is_live() {
        let summary = format!("begun anew as {id} by {}", redrive.sender);
        let completion = Completion {
            outcome: REDRIVEN.to_owned(),
            summary,
        };
        let sender = &redrive.sender;
        end_by_force(connection, run, RunState::Failed, &completion, sender, now)?;
    }
    let mut labels = run.labels.clone();
    labels.retain(|(name, _)| name != REDRIVE_OF && name != REDRIVEN_AS);
    labels.push((REDRIVE_OF.to_owned(), run.id.to_string()));
    let successor = NewRun {
        id: id.clone(),
        flow: run.flow.clone(),
        business_key: run.business_key.clone(),
        title: run.title.clone(),
        subject: run.subject.clone(),
        labels,
        handler: redrive.handler,
        config_hash: redrive.config_hash,
        delivery,
        request: None,
        actor: redrive.sender,
        at: now,
    };
    starting::insert(connection, &successor, origin)?;
    let link = [(REDRIVEN_AS.to_owned(), id.to_string())];
    let labels = starting::merged(get_run(connection, &run.id)?.labels, &link);
    execute(
        connection,
        "UPDATE runs SET labels = ?2 WHERE id = ?1",
        params![run.id.as_str(), json(&labels)?],
    )?;
    starting::index_labels(connection, &run.id, &link)
}

/// What a run started with: the first that ever came into its inbox. Settled items stay there.
fn beginning(connection: &Connection, run: &Run) -> Result<(DeliveryContent, Origin)> {
    let found = first(
        connection,
        "SELECT unseal('inbox.content', content), event FROM inbox WHERE run = ?1 ORDER BY id LIMIT 1",
        [run.id.as_str()],
        |row| {
            let origin = match row.get::<_, Option<u64>>(1)? {
                Some(event) => Origin::Event(event),
                None => Origin::Other,
            };
            Ok((parsed(row, 0)?, origin))
        },
    )?;
    found.ok_or_else(|| Error::NotFound {
        what: "beginning of run",
        id: run.id.to_string(),
    })
}
