//! Ownership of runs: claims, leases, fencing.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use forebay_model::run::RunState;
use forebay_model::{FlowName, RunId, Timestamp};
use rusqlite::{Connection, params};

use super::rows::{self, RUN, all, execute, first, json};
use super::starting::place;
use super::{inbox, journal, timers};
use crate::runs::{Claim, ClaimRequest, Claimed};
use crate::{Error, Result};

/// Fire timers that are due, then claim runs that have something to do, the longest waiting first.
pub(super) fn claim(connection: &Connection, request: &ClaimRequest) -> Result<Vec<Claimed>> {
    if request.timers > 0 {
        timers::fire(connection, request.now, request.timers)?;
    }
    let mut room: BTreeMap<FlowName, u32> = request.room.iter().cloned().collect();
    let limit = request.limit as usize;
    let mut claimed = Vec::new();
    loop {
        let wanted = limit.saturating_sub(claimed.len());
        if wanted == 0 {
            return Ok(claimed);
        }
        let due = due(connection, request.now, &room, wanted)?;
        let all = due.len() < wanted;
        let mut passed_over = false;
        for due in due {
            match room.get_mut(&due.flow) {
                Some(0) => {
                    passed_over = true;
                    continue;
                }
                Some(left) => *left -= 1,
                None => {}
            }
            claimed.extend(take(connection, due, request)?);
        }
        // Those behind the ones that were passed over get their turn in a further round, in which
        // their flow is left out.
        if all || !passed_over {
            return Ok(claimed);
        }
    }
}

/// A run that can be claimed.
struct Due {
    run: RunId,
    flow: FlowName,
    /// The inbox item of an activation that began before.
    open: Option<u64>,
    activations: u32,
}

/// The runs that are longest due, of flows that have room.
fn due(
    connection: &Connection,
    now: Timestamp,
    room: &BTreeMap<FlowName, u32>,
    limit: usize,
) -> Result<Vec<Due>> {
    let full: Vec<&FlowName> = room
        .iter()
        .filter(|(_, left)| **left == 0)
        .map(|(flow, _)| flow)
        .collect();
    all(
        connection,
        "SELECT id, flow, item, activations FROM runs WHERE runnable_at <= ?1 \
         AND flow NOT IN (SELECT value FROM json_each(?2)) ORDER BY runnable_at, seq LIMIT ?3",
        params![now.0, json(&full)?, limit],
        |row| {
            Ok(Due {
                run: row.get::<_, String>(0)?.into(),
                flow: row.get::<_, String>(1)?.into(),
                open: row.get(2)?,
                activations: row.get(3)?,
            })
        },
    )
}

/// Claim one run: `owner`, end of the lease, now, and the inbox item, in this order.
static CLAIM: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE runs SET state = 'running', epoch = epoch + 1, owner = ?2, lease_until = ?3, \
             runnable_at = ?3, retry_at = NULL, health_of = NULL, updated_at = ?4, item = ?5, \
             item_started_at = COALESCE(item_started_at, ?4), \
             watermark = COALESCE(watermark, (SELECT COALESCE(max(id), 0) FROM events)) \
         WHERE id = ?1 RETURNING {RUN}, epoch, item_started_at, watermark, failing_since"
    )
});

fn take(connection: &Connection, due: Due, request: &ClaimRequest) -> Result<Option<Claimed>> {
    let Due {
        run,
        open,
        activations,
        ..
    } = due;
    let item = match open {
        Some(item) => Some((item, inbox::content(connection, item)?)),
        None => inbox::next(connection, &run)?,
    };
    let Some((item, delivery)) = item else {
        tracing::error!(%run, "a run was due with nothing to do");
        place(connection, &run, resting(activations))?;
        inbox::refresh(connection, &run)?;
        return Ok(None);
    };
    // Only an activation that began before can have recorded anything.
    let journal = match open {
        Some(_) => journal::entries(connection, &run, Some(activations + 1))?,
        None => Vec::new(),
    };
    let claimed = first(
        connection,
        &CLAIM,
        params![
            run.as_str(),
            request.owner,
            request.now.plus(request.lease).0,
            request.now.0,
            item,
        ],
        |row| {
            Ok(Claimed {
                claim: Claim {
                    run: run.clone(),
                    epoch: row.get("epoch")?,
                },
                item,
                delivery,
                started_at: Timestamp(row.get("item_started_at")?),
                watermark: row.get("watermark")?,
                journal,
                failing_since: row.get::<_, Option<i64>>("failing_since")?.map(Timestamp),
                run: rows::run(row)?,
            })
        },
    )?;
    Ok(claimed)
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
    held(connection, claim).map(drop)
}

/// What a run whose claim holds is at.
pub(super) struct Held {
    pub(super) flow: FlowName,
    /// The inbox item its open activation is about.
    pub(super) item: Option<u64>,
    pub(super) activations: u32,
    /// JSON, as stored: few steps change it.
    pub(super) labels: String,
}

/// As [`fence`], with what the end of an activation has to know.
pub(super) fn held(connection: &Connection, claim: &Claim) -> Result<Held> {
    let now = first(
        connection,
        "SELECT epoch, owner, flow, item, activations, labels FROM runs WHERE id = ?1",
        [claim.run.as_str()],
        |row| {
            let held = Held {
                flow: row.get::<_, String>(2)?.into(),
                item: row.get(3)?,
                activations: row.get(4)?,
                labels: row.get(5)?,
            };
            Ok((
                row.get::<_, u64>(0)?,
                row.get::<_, Option<String>>(1)?,
                held,
            ))
        },
    )?;
    let now = match now {
        Some((epoch, Some(_), held)) if epoch == claim.epoch => return Ok(held),
        Some((epoch, owner, _)) => {
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
    let held = held(connection, claim)?;
    place(connection, &claim.run, resting(held.activations))?;
    execute(
        connection,
        "UPDATE runs SET owner = NULL, lease_until = NULL, updated_at = ?2 WHERE id = ?1",
        params![claim.run.as_str(), now.0],
    )?;
    inbox::refresh(connection, &claim.run)
}
