//! What a workflow engine can do: one trait per interface of `forebay:workflow`, with its types.
//!
//! A connector implements them; a handler calls them through [`crate::Cx`]. Every function answers
//! `unsupported` until it is implemented.

pub use crate::bindings::imports::forebay::workflow::directory::{Principal, PrincipalKind};
pub use crate::bindings::imports::forebay::workflow::process_comments::{
    ProcessComment, ProcessCommentPage,
};
pub use crate::bindings::imports::forebay::workflow::tasks::{Task, TaskPage, TaskQuery};
pub use crate::bindings::imports::forebay::workflow::workflow_sink::{
    self, Decision, Process, ProcessState, StartRequest, Started,
};
use crate::types::{Error, Field, Timestamp};

/// Start processes, look at them, end them.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait WorkflowSink {
    /// Start a process, or adopt the one of this business key.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn start(&self, request: &StartRequest) -> Result<Started, Error> {
        Err(Error::unsupported("workflow-sink.start"))
    }

    /// Find a process by definition and business key, also among ended ones.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn find(&self, definition: &str, business_key: &str) -> Result<Option<Process>, Error> {
        Err(Error::unsupported("workflow-sink.find"))
    }

    /// Read a process with its variables and decisions.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn get(&self, process: &str) -> Result<Process, Error> {
        Err(Error::unsupported("workflow-sink.get"))
    }

    /// End a process; its tasks disappear. Already ended: nothing changes.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn cancel(&self, process: &str, reason: &str) -> Result<(), Error> {
        Err(Error::unsupported("workflow-sink.cancel"))
    }

    /// Deliver a message to a waiting process.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn message(&self, process: &str, name: &str, variables: &[Field]) -> Result<(), Error> {
        Err(Error::unsupported("workflow-sink.message"))
    }

    /// Set variables of a process.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn set_variables(&self, process: &str, variables: &[Field]) -> Result<(), Error> {
        Err(Error::unsupported("workflow-sink.set-variables"))
    }

    /// List process definitions, latest versions.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn definitions(&self, page: Option<&str>) -> Result<workflow_sink::DefinitionPage, Error> {
        Err(Error::unsupported("workflow-sink.definitions"))
    }
}

/// Human work items.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait Tasks {
    /// List tasks.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn list(&self, query: &TaskQuery) -> Result<TaskPage, Error> {
        Err(Error::unsupported("tasks.list"))
    }

    /// Read a task, also a completed one.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn get(&self, task: &str) -> Result<Task, Error> {
        Err(Error::unsupported("tasks.get"))
    }

    /// Complete a task with an outcome.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn complete(&self, task: &str, outcome: &str, variables: &[Field]) -> Result<(), Error> {
        Err(Error::unsupported("tasks.complete"))
    }

    /// Offer a task to a group, keeping those it is offered to already.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn reassign(&self, task: &str, group: &str) -> Result<(), Error> {
        Err(Error::unsupported("tasks.reassign"))
    }

    /// Set when a task is due.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn set_due(&self, task: &str, due: Timestamp) -> Result<(), Error> {
        Err(Error::unsupported("tasks.set-due"))
    }

    /// Comment on a task. Repeat-safe by the call's idempotency key.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn comment(&self, task: &str, text: &str) -> Result<(), Error> {
        Err(Error::unsupported("tasks.comment"))
    }
}

/// Users and groups of the workflow engine.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait Directory {
    /// Look up a user or group; absent where there is none. `unsupported` where the account offers
    /// no directory.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn lookup(&self, kind: PrincipalKind, id: &str) -> Result<Option<Principal>, Error> {
        Err(Error::unsupported("directory.lookup"))
    }
}

/// What people write on a process.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait ProcessComments {
    /// List the comments of a process, also of an ended one.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn list(&self, process: &str, page: Option<&str>) -> Result<ProcessCommentPage, Error> {
        Err(Error::unsupported("process-comments.list"))
    }

    /// Write a comment. A second one with the same external id changes nothing and returns the first.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn add(&self, process: &str, text: &str, external_id: &str) -> Result<ProcessComment, Error> {
        Err(Error::unsupported("process-comments.add"))
    }

    /// Change a comment's text. Its id may change.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn edit(&self, process: &str, comment: &str, text: &str) -> Result<ProcessComment, Error> {
        Err(Error::unsupported("process-comments.edit"))
    }

    /// Remove a comment. Gone already: nothing changes.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn remove(&self, process: &str, comment: &str) -> Result<(), Error> {
        Err(Error::unsupported("process-comments.remove"))
    }
}
