//! Opening connections: settings, migrations, what a dead owner left.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};

use super::{SqliteOptions, seal};
use crate::{Error, Result};

/// Prepared statements kept per connection; all statements of the store fit.
const STATEMENTS: usize = 256;

/// The write-ahead log is cut back to this size after a checkpoint, so that one burst does not
/// keep its space for ever.
const LOG_SIZE_LIMIT: u32 = 64 << 20;

/// One file per version of the schema. A published one is never edited.
const MIGRATIONS: &[M<'_>] = &[
    M::up(include_str!("../../migrations/0001_initial.sql")),
    M::up(include_str!("../../migrations/0002_retention.sql")),
    M::up(include_str!("../../migrations/0003_triggers.sql")),
];

/// A write that reaches the disk and says nothing. The value alternates: SQLite writes no page that
/// stays as it is.
pub(super) const PROBE: &str =
    "UPDATE meta SET value = CASE value WHEN '' THEN '-' ELSE '' END WHERE key = 'probe'";

/// The one connection that writes: settings applied, schema current, and every run whose owner died
/// claimable. Call with the lock held, and after the file was inspected.
pub(super) fn open_writer(options: &SqliteOptions) -> Result<Connection> {
    let mut connection = Connection::open(&options.path)?;
    configure(&connection, options)?;
    // Has an effect only before the first table is made.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Error::Unusable(format!(
            "{} cannot have a write-ahead log (journal mode {mode}); is it on a network drive?",
            options.path.display()
        )));
    }
    be_durable(&connection)?;
    migrate(&mut connection)?;
    if options.key.is_some() {
        seal::note(&connection, options.key.as_ref())?;
    }
    orphaned_runs_become_due(&connection)?;
    Ok(connection)
}

/// The one connection that writes, anew, while the host runs: file and schema are there, and the runs
/// that are claimed have their owner.
pub(super) fn reopen_writer(options: &SqliteOptions) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&options.path, flags)?;
    configure(&connection, options)?;
    be_durable(&connection)?;
    Ok(connection)
}

fn be_durable(connection: &Connection) -> Result<()> {
    // FULL syncs the log at every commit: what is answered survives a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", LOG_SIZE_LIMIT)?;
    // What a savepoint would put back needs to outlive nothing: without this SQLite writes it to a
    // file for every write that shares a transaction.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// A connection that only reads.
pub(super) fn open_reader(options: &SqliteOptions) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&options.path, flags)?;
    configure(&connection, options)?;
    Ok(connection)
}

fn configure(connection: &Connection, options: &SqliteOptions) -> Result<()> {
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without it SQLite plans a cached statement anew for each value that might make another plan
    // better. All statements go by their indexes, whatever the values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    seal::teach(connection, options.key.as_ref())
}

fn migrate(connection: &mut Connection) -> Result<()> {
    use rusqlite_migration::{Error as MigrationError, MigrationDefinitionError};
    Migrations::from_slice(MIGRATIONS)
        .to_latest(connection)
        .map_err(|error| match error {
            MigrationError::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
                Error::Unusable(
                    "it was written by a later version of the host; start that version again or \
                 restore the backup made before the upgrade"
                        .to_owned(),
                )
            }
            MigrationError::RusqliteError { err, .. } => err.into(),
            other => Error::Unusable(other.to_string()),
        })
}

/// The version of the schema in a file; 0 if it has none.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// The version this host writes.
pub(super) fn newest() -> usize {
    MIGRATIONS.len()
}

/// The lock proves that whoever ran these is gone.
fn orphaned_runs_become_due(connection: &Connection) -> Result<()> {
    connection.execute(
        "UPDATE runs SET lease_until = 0, runnable_at = 0 WHERE state = 'running'",
        [],
    )?;
    connection.execute(
        "UPDATE runs SET lease_until = 0 WHERE state = 'paused' AND paused_from = 'running'",
        [],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_sound() {
        Migrations::from_slice(MIGRATIONS).validate().unwrap();
    }
}
