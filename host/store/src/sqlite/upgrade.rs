//! Moving a run to another handler and configuration.

use forebay_model::run::Run;
use forebay_model::{RunId, Timestamp};
use rusqlite::{Connection, params};

use super::rows::{execute, first};
use crate::runs::Upgrade;
use crate::{Error, Result};

/// Is the run as it was when its move was planned, and between activations?
pub(super) fn would_change(connection: &Connection, run: &Run, upgrade: &Upgrade) -> Result<bool> {
    if (&run.handler, &run.config_hash) == (&upgrade.handler, &upgrade.config_hash) {
        return Ok(false);
    }
    if (&run.handler, &run.config_hash, run.activations)
        != (
            &upgrade.from_handler,
            &upgrade.from_config,
            upgrade.activations,
        )
    {
        return Err(Error::Refused(format!(
            "run {} has gone on meanwhile; try again",
            run.id
        )));
    }
    let (claimed, recorded) = first(
        connection,
        "SELECT owner IS NOT NULL, EXISTS (SELECT 1 FROM journal \
             WHERE journal.run = runs.id AND journal.activation = runs.activations + 1) \
         FROM runs WHERE id = ?1",
        [run.id.as_str()],
        |row| Ok((row.get::<_, bool>(0)?, row.get::<_, bool>(1)?)),
    )?
    .unwrap_or_default();
    if claimed {
        return Err(Error::Refused(format!(
            "an activation of run {} is under way",
            run.id
        )));
    }
    if recorded {
        return Err(Error::Refused(format!(
            "activation {} of run {} is open and has recorded calls, which only the handler that \
             made them can make again; let it end first",
            run.activations + 1,
            run.id
        )));
    }
    Ok(true)
}

/// Move it. A later epoch makes sure that nothing which was begun before is written after.
pub(super) fn apply(
    connection: &Connection,
    run: &RunId,
    upgrade: &Upgrade,
    now: Timestamp,
) -> Result<()> {
    execute(
        connection,
        "UPDATE runs SET handler = ?2, config_hash = ?3, \
             handler_state = seal('runs.handler_state', ?4), state_version = ?5, epoch = epoch + 1, updated_at = ?6 WHERE id = ?1",
        params![
            run.as_str(),
            upgrade.handler.as_str(),
            upgrade.config_hash,
            upgrade.state,
            upgrade.state_version,
            now.0,
        ],
    )?;
    Ok(())
}
