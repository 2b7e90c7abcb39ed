//! Why the engine refuses; each dialect turns this into its own status and body.

use thiserror::Error as ThisError;

/// A refusal. The text goes into the reply's `exception`.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub enum Error {
    /// There is no such thing (404).
    #[error("{0}")]
    NotFound(String),
    /// The request makes no sense (400).
    #[error("{0}")]
    Invalid(String),
    /// It makes sense, but not in the state things are in (409).
    #[error("{0}")]
    Conflict(String),
    /// A task that has been completed already: 409 for OpenText, 404 for Flowable, which forgets it.
    #[error("{0}")]
    AlreadyDone(String),
    /// This person may not (403).
    #[error("{0}")]
    Denied(String),
}

/// What the engine's functions return.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn no_task(id: &str) -> Self {
        Self::NotFound(format!("Could not find a task with id '{id}'."))
    }

    pub(crate) fn no_process(id: &str) -> Self {
        Self::NotFound(format!("Could not find a process instance with id '{id}'."))
    }
}
