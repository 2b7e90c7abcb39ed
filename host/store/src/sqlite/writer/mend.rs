//! Going on after a commit of unknown fate.
//!
//! Nobody sees a transaction whose commit failed: it never got into the index of the log. But its
//! pages may lie at the end of the log, whole, and the next start would find them there. So the writer
//! trusts nothing that its connection holds in memory, opens the file anew, and first of all makes a
//! write of its own, whose pages take the place of those. Once that is synced to disk the file says
//! what has happened, and the store goes on from there; until then nothing is written. Whoever was told
//! that the fate is unknown may repeat the write: identities, keys and epochs tell whether it was made.

use rusqlite::Connection;

use super::super::error::Failure;
use super::super::{SqliteOptions, rows, schema};
use crate::{Error, Result};

/// A new connection to write with, after the disk has shown that it can be written again. `why` is what
/// the failed commit said.
pub(super) fn reopen(
    options: &SqliteOptions,
    why: &str,
) -> std::result::Result<Connection, Failure> {
    match proven(options) {
        Ok(connection) => {
            tracing::warn!(path = %options.path.display(), why,
                "the store can be written again after a commit of unknown fate");
            Ok(connection)
        }
        Err(Error::Damaged { path, what }) => Err(Failure::Damaged { path, what }),
        Err(error) => Err(Failure::Unwritten(format!(
            "an earlier commit failed ({why}), and the file still cannot be written: {error}"
        ))),
    }
}

fn proven(options: &SqliteOptions) -> Result<Connection> {
    let connection = schema::reopen_writer(options)?;
    rows::execute(&connection, schema::PROBE, [])?;
    Ok(connection)
}
