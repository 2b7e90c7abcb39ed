//! What SQLite says, in the store's words.

use rusqlite::ErrorCode;

use crate::Error;

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull,
            FileLockingProtocolFailed, NotADatabase, OutOfMemory, PermissionDenied, ReadOnly,
            SystemIoFailure, TooBig,
        };
        match error.sqlite_error_code() {
            Some(
                DiskFull
                | ReadOnly
                | DatabaseBusy
                | DatabaseLocked
                | CannotOpen
                | PermissionDenied
                | SystemIoFailure
                | OutOfMemory
                | FileLockingProtocolFailed,
            ) => Self::Unwritable(error.to_string()),
            // Whoever knows the file adds its name.
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged {
                path: String::new(),
                what: error.to_string(),
            },
            Some(TooBig) => Self::Refused(format!("a value is too large to be stored: {error}")),
            _ => Self::Unusable(error.to_string()),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Unusable(format!("a value is not the JSON it should be: {error}"))
    }
}

/// Why a whole group of writes failed.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// Nothing of it is there.
    Unwritten(String),
    /// Nothing of it is there, and nothing will be: the file is damaged.
    Damaged { path: String, what: String },
    /// It may be there after the next start.
    Unknown(String),
}

impl Failure {
    /// What a failed `COMMIT` means. A failed write or sync to the disk leaves it open what a later
    /// recovery finds in the write-ahead log; every other failure comes before anything is written.
    pub(super) fn of_commit(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::SystemIoFailure) => Self::Unknown(error.to_string()),
            _ => Self::Unwritten(error.to_string()),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unwritten(why) => Self::Unwritable(why),
            Failure::Damaged { path, what } => Self::Damaged { path, what },
            Failure::Unknown(why) => Self::Unknown(why),
        }
    }
}
