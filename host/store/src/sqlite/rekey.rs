//! Sealing a store with another key, for the first time, or no longer.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::SqliteOptions;
use super::lock::Lock;
use super::seal::{self, SEALED, StoreKey};
use super::{inspect, schema};
use crate::{Error, Result};

/// Unseal all payloads with whichever of the known keys the store is sealed with, and seal them with
/// the new one, in one transaction; without a new one they are stored as they are. Then the file is
/// written anew, so that its free pages hold nothing of before. Blocks until it is done, which needs
/// twice the space of the store. Returns how many values were changed.
///
/// What lies in free space of the disk and in older backups stays as it is.
///
/// # Errors
/// As for opening: one of the known keys must be the right one. The store is as before then.
pub fn rekey(path: &Path, known: &[StoreKey], new: Option<&StoreKey>) -> Result<usize> {
    if !path.exists() {
        return Err(Error::NotFound {
            what: "store",
            id: path.display().to_string(),
        });
    }
    let _lock = Lock::take(path)?;
    let mut options = SqliteOptions::new(path);
    if let Some(wanted) = inspect::sealed_with(&options)? {
        let right = known.iter().find(|key| key.id() == wanted);
        options.key = right.or(known.first()).cloned();
    }
    inspect::inspect(&options)?;
    let mut connection = schema::open_writer(&options)?;
    let changed = change(&mut connection, options.key.as_ref(), new)?;
    connection.execute_batch("VACUUM")?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(changed)
}

fn change(
    connection: &mut Connection,
    old: Option<&StoreKey>,
    new: Option<&StoreKey>,
) -> Result<usize> {
    seal::teach_both(connection, old, new)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut changed = 0;
    for (table, column) in SEALED {
        let name = format!("{table}.{column}");
        let sql = format!("UPDATE {table} SET {column} = seal(?1, unseal(?1, {column}))");
        changed += transaction.execute(&sql, [name])?;
    }
    seal::note(&transaction, new)?;
    transaction.commit()?;
    Ok(changed)
}
