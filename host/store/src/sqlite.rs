//! The embedded store: one SQLite file, one writer thread with group commit, a few readers.
//!
//! [`SqliteStore`] only hands work over (`store`): writes go through [`writer`](self) one after the other,
//! reads run beside them. What a write does stands in the modules named after it; `inbox::refresh`
//! is the one place that says when a run can be claimed, `claims::fence` the one that refuses stale
//! owners, `starting` the one that starts and ends runs.

mod activations;
mod audit;
mod backup;
mod claims;
mod contents;
mod control;
mod damage;
mod error;
mod inbox;
mod inspect;
mod intake;
mod journal;
mod kin;
mod lock;
mod log;
mod options;
mod page;
#[cfg(test)]
mod plans;
mod prune;
mod queries;
mod readers;
mod redrive;
mod rekey;
mod requests;
mod restore;
mod routing;
mod rows;
mod schema;
mod seal;
mod space;
mod starting;
mod store;
mod timers;
mod triggers;
mod upgrade;
mod waits;
mod writer;

pub use self::options::{
    DEFAULT_BUSY_TIMEOUT, DEFAULT_CHECK_UP_TO, DEFAULT_MAX_BATCH, DEFAULT_QUEUE,
    DEFAULT_READ_CONNECTIONS, SqliteOptions,
};
pub use self::rekey::rekey;
pub use self::restore::{Loss, Restored, Restoring, restore};
pub use self::seal::{BadKey, StoreKey};

use std::sync::Arc;

use rusqlite::Connection;

use self::damage::Damage;
use self::lock::Lock;
use self::readers::Readers;
use self::writer::Writer;
use crate::Result;

/// The embedded store.
#[derive(Debug)]
pub struct SqliteStore {
    // Fields are dropped in this order: the lock is let go when nobody touches the file any more.
    writer: Writer,
    readers: Readers,
    options: SqliteOptions,
    damage: Damage,
    _lock: Lock,
}

impl SqliteStore {
    /// Open or create a store. Blocks while the file is checked. A file that is refused is left as
    /// it is, byte for byte.
    ///
    /// # Errors
    /// [`InUse`](crate::Error::InUse) if another process has it, [`Damaged`](crate::Error::Damaged),
    /// [`Locked`](crate::Error::Locked) without the key that it is sealed with,
    /// [`Unusable`](crate::Error::Unusable) if it is of a later version,
    /// [`Unwritable`](crate::Error::Unwritable) if it cannot be written.
    pub fn open(options: SqliteOptions) -> Result<Arc<Self>> {
        let lock = Lock::take(&options.path)?;
        inspect::inspect(&options)?;
        let damage = Damage::none_in(&options.path);
        let writer = Writer::start(schema::open_writer(&options)?, &options, damage.clone())?;
        let readers = Readers::open(&options)?;
        Ok(Arc::new(Self {
            writer,
            readers,
            options,
            damage,
            _lock: lock,
        }))
    }

    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.damage.noticed(self.writer.write(work).await)
    }

    async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.damage.noticed(self.readers.read(work).await)
    }
}
