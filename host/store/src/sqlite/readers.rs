//! Reading: a few read-only connections, used on the runtime's blocking threads or the caller's.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::SqliteOptions;
use super::rows::execute;
use super::schema::open_reader;
use crate::{Error, Result};

/// A pool of read-only connections.
#[derive(Debug)]
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    room: Arc<Semaphore>,
    options: SqliteOptions,
}

impl Readers {
    /// Open the first connection, to see that it works; the others follow when they are needed.
    pub(super) fn open(options: &SqliteOptions) -> Result<Self> {
        Ok(Self {
            idle: Arc::new(Mutex::new(vec![open_reader(options)?])),
            room: Arc::new(Semaphore::new(options.read_connections.max(1))),
            options: options.clone(),
        })
    }

    /// Read in one transaction, so that all statements see the same.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let failed = |why: String| Error::Unusable(format!("a read failed: {why}"));
        let room = self
            .room
            .clone()
            .acquire_owned()
            .await
            .map_err(|e| failed(e.to_string()))?;
        let idle = self.idle.clone();
        let options = self.options.clone();
        let read = move || {
            let pooled = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match pooled {
                Some(connection) => connection,
                None => open_reader(&options)?,
            };
            // What fails or panics in between takes the connection with it, and its transaction.
            execute(&connection, "BEGIN", [])?;
            let result = work(&connection);
            if !connection.is_autocommit() {
                execute(&connection, "ROLLBACK", [])?;
            }
            idle.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            drop(room);
            result
        };
        if !self.options.own_threads {
            return read();
        }
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| failed(error.to_string()))?
    }
}
