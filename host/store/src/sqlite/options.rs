//! How the embedded store is opened.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use forebay_model::{SharedClock, SystemClock};

use super::seal::StoreKey;

/// Writes that share one commit at most. More would gain little, the sync to disk is shared by
/// then, and would make the first of them wait.
pub const DEFAULT_MAX_BATCH: usize = 256;

/// Writes that may wait for the writer. Enough for every activation and webhook that a host has
/// under way; beyond it callers wait, so that memory stays bounded.
pub const DEFAULT_QUEUE: usize = 4096;

/// Connections that read. Readers do not block each other or the writer; a few keep up with an
/// API and a dashboard.
pub const DEFAULT_READ_CONNECTIONS: usize = 4;

/// How long SQLite waits for a lock. Only another tool looking into the file can hold one.
pub const DEFAULT_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Files up to this size are looked through for damage when they are opened: 4 GiB take some ten
/// seconds, which a start may take. Damage in a larger file is noticed when it is met.
pub const DEFAULT_CHECK_UP_TO: u64 = 4 << 30;

/// How the embedded store is opened.
#[derive(Clone)]
pub struct SqliteOptions {
    /// The database file. Its folder must exist; `.lock`, `-wal` and `-shm` are put beside it.
    pub path: PathBuf,
    /// Measures how long commits take.
    pub clock: SharedClock,
    /// Writes that share one commit at most.
    pub max_batch: usize,
    /// How long the writer waits for a further write before it commits what it has. Zero: it takes
    /// what queued up while the last commit ran, which costs nobody any time.
    pub linger: Duration,
    /// Writes that may wait; beyond it callers wait for room.
    pub queue: usize,
    /// Connections that read.
    pub read_connections: usize,
    /// How long to wait for a lock that another process holds on the database.
    pub busy_timeout: Duration,
    /// Look through the whole file for damage when it is opened, if it is not larger than so many
    /// bytes. Takes seconds per gigabyte.
    pub check_up_to: u64,
    /// Write and read on threads of the store. Without, every method does its work on the caller's
    /// thread, which it blocks: for simulations, in which nothing else may happen meanwhile.
    pub own_threads: bool,
    /// What payloads are sealed with; without it they are stored as they are.
    pub key: Option<StoreKey>,
}

impl SqliteOptions {
    /// The defaults, for this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            clock: Arc::new(SystemClock),
            max_batch: DEFAULT_MAX_BATCH,
            linger: Duration::ZERO,
            queue: DEFAULT_QUEUE,
            read_connections: DEFAULT_READ_CONNECTIONS,
            busy_timeout: DEFAULT_BUSY_TIMEOUT,
            check_up_to: DEFAULT_CHECK_UP_TO,
            own_threads: true,
            key: None,
        }
    }
}

impl std::fmt::Debug for SqliteOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteOptions")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
