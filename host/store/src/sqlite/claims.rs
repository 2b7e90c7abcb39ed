//! Ownership of runs: claims, leases, fencing.

use std::collections::BTreeMap;

use forebay_model::run::RunState;
use forebay_model::{FlowName, RunId, Timestamp};
use rusqlite::{Connection, params};

use super::inbox;
use super::journal;
use super::rows::{all, execute, first, get_run, json, time_option};
use super::starting::place;
use crate::runs::{Claim, ClaimRequest, Claimed};
use crate::{Error, Result};

/// Claim runs that have something to do, the longest waiting first.
pub(super) fn claim(connection: &Connection, request: &ClaimRequest) -> Result<Vec<Claimed>> {
    let mut room: BTreeMap<FlowName, u32> = request.room.iter().cloned().collect();
    let limit = request.limit as usize;
    let mut claimed = Vec::new();
    loop {
        let wanted = limit.saturating_sub(claimed.len());
        let due = due(connection, request.now, &room, wanted)?;
        let all = due.len() < wanted;
        let mut passed_over = false;
        for (run, flow) in due {
            match room.get_mut(&flow) {
                Some(0) => {
                    passed_over = true;
                    continue;
                }
                Some(left) => *left -= 1,
                None => {}
            }
            claimed.extend(take(connection, &run, request)?);
        }
        // Those behind the ones that were passed over get their turn in a further round, in which
        // their flow is left out.
        if all || !passed_over {
            return Ok(claimed);
        }
    }
}

/// The runs that are longest due, of flows that have room.
fn due(
    connection: &Connection,
    now: Timestamp,
    room: &BTreeMap<FlowName, u32>,
    limit: usize,
) -> Result<Vec<(RunId, FlowName)>> {
    let full: Vec<&FlowName> = room
        .iter()
        .filter(|(_, left)| **left == 0)
        .map(|(flow, _)| flow)
        .collect();
    all(
        connection,
        "SELECT id, flow FROM runs WHERE runnable_at <= ?1 \
         AND flow NOT IN (SELECT value FROM json_each(?2)) ORDER BY runnable_at, seq LIMIT ?3",
        params![now.0, json(&full)?, limit],
        |row| {
            Ok((
                row.get::<_, String>(0)?.into(),
                row.get::<_, String>(1)?.into(),
            ))
        },
    )
}

fn take(connection: &Connection, run: &RunId, request: &ClaimRequest) -> Result<Option<Claimed>> {
    let Some((open, state)) = first(
        connection,
        "SELECT item, activations FROM runs WHERE id = ?1",
        [run.as_str()],
        |row| Ok((row.get::<_, Option<u64>>(0)?, row.get::<_, u32>(1)?)),
    )?
    else {
        return Ok(None);
    };
    let item = match open {
        Some(item) => Some(item),
        None => inbox::next_item(connection, run)?,
    };
    let Some(item) = item else {
        tracing::error!(%run, "a run was due with nothing to do");
        place(connection, run, resting(state))?;
        inbox::refresh(connection, run)?;
        return Ok(None);
    };
    execute(
        connection,
        "UPDATE runs SET state = 'running', epoch = epoch + 1, owner = ?2, lease_until = ?3, \
             runnable_at = ?3, retry_at = NULL, health_of = NULL, updated_at = ?4, item = ?5, \
             item_started_at = COALESCE(item_started_at, ?4), \
             watermark = COALESCE(watermark, (SELECT COALESCE(max(id), 0) FROM events)) \
         WHERE id = ?1",
        params![
            run.as_str(),
            request.owner,
            request.now.plus(request.lease).0,
            request.now.0,
            item,
        ],
    )?;
    let stored = get_run(connection, run)?;
    let (epoch, started_at, watermark, failing_since) = first(
        connection,
        "SELECT epoch, item_started_at, watermark, failing_since FROM runs WHERE id = ?1",
        [run.as_str()],
        |row| {
            Ok((
                row.get(0)?,
                Timestamp(row.get(1)?),
                row.get(2)?,
                time_option(row, 3)?,
            ))
        },
    )?
    .ok_or_else(|| Error::NotFound {
        what: "run",
        id: run.as_str().to_owned(),
    })?;
    Ok(Some(Claimed {
        claim: Claim {
            run: run.clone(),
            epoch,
        },
        item,
        delivery: inbox::content(connection, item)?,
        started_at,
        watermark,
        journal: journal::entries(connection, run, Some(stored.activations + 1))?,
        failing_since,
        run: stored,
    }))
}

/// The state of a live run between activations.
pub(super) fn resting(activations: u32) -> RunState {
    if activations == 0 {
        RunState::Pending
    } else {
        RunState::Waiting
    }
}

/// Refuse a write whose claim was taken over, used up or given back.
pub(super) fn fence(connection: &Connection, claim: &Claim) -> Result<()> {
    let now = first(
        connection,
        "SELECT epoch, owner FROM runs WHERE id = ?1",
        [claim.run.as_str()],
        |row| Ok((row.get::<_, u64>(0)?, row.get::<_, Option<String>>(1)?)),
    )?;
    let now = match now {
        Some((epoch, Some(_))) if epoch == claim.epoch => return Ok(()),
        Some((epoch, owner)) => {
            let owner = owner.as_deref().unwrap_or("nobody");
            format!("at epoch {epoch}, held by {owner}")
        }
        None => "gone".to_owned(),
    };
    Err(Error::Superseded {
        run: claim.run.clone(),
        epoch: claim.epoch,
        now,
    })
}

/// Extend leases; returns the claims that are lost.
pub(super) fn renew(
    connection: &Connection,
    claims: &[Claim],
    until: Timestamp,
) -> Result<Vec<Claim>> {
    let mut lost = Vec::new();
    for claim in claims {
        let held = execute(
            connection,
            "UPDATE runs SET lease_until = ?3, \
                 runnable_at = CASE state WHEN 'running' THEN ?3 ELSE runnable_at END \
             WHERE id = ?1 AND epoch = ?2 AND owner IS NOT NULL",
            params![claim.run.as_str(), claim.epoch, until.0],
        )?;
        if held == 0 {
            lost.push(claim.clone());
        }
    }
    Ok(lost)
}

/// Give a claim back. The activation stays open, so that what it recorded is found again.
pub(super) fn release(connection: &Connection, claim: &Claim, now: Timestamp) -> Result<()> {
    fence(connection, claim)?;
    let activations = get_run(connection, &claim.run)?.activations;
    place(connection, &claim.run, resting(activations))?;
    execute(
        connection,
        "UPDATE runs SET owner = NULL, lease_until = NULL, updated_at = ?2 WHERE id = ?1",
        params![claim.run.as_str(), now.0],
    )?;
    inbox::refresh(connection, &claim.run)
}
