//! What the engine keeps: processes, tasks, comments, jobs, people. Plain data.

use forebay_model::Timestamp;

use super::variable::Variable;
use crate::opentext::definitions::Flow;

/// A process instance, also after its end.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its id, also the id of its root execution.
    pub id: String,
    /// Key of its definition.
    pub definition: String,
    /// Id of the version it was started with.
    pub definition_id: String,
    /// Name for people.
    pub name: Option<String>,
    /// What its starter calls it; the engine does not insist on uniqueness.
    pub business_key: Option<String>,
    /// When it started.
    pub started_at: Timestamp,
    /// Who started it.
    pub started_by: String,
    /// When it came to its end or was ended.
    pub ended_at: Option<Timestamp>,
    /// Why it was ended; absent when it came to its own end.
    pub delete_reason: Option<String>,
    /// Stopped for a while.
    pub suspended: bool,
    /// Variables visible everywhere in the process.
    pub variables: Vec<Variable>,
    /// Where it stands in its definition.
    pub(crate) flow: Flow,
}

impl Process {
    /// Has it neither come to its end nor been ended?
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.ended_at.is_none()
    }

    /// Text of a variable, if there is one of this name that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.variables
            .iter()
            .find(|variable| variable.name == name)?
            .value
            .as_str()
    }
}

/// A delegated task's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delegation {
    /// With the person it was delegated to.
    Pending,
    /// Back with its owner.
    Resolved,
}

/// Who a task is offered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// A user, or
    pub user: Option<String>,
    /// a group.
    pub group: Option<String>,
    /// `candidate`, `participant`, …
    pub kind: String,
}

impl Assignment {
    /// Offered to a group.
    #[must_use]
    pub fn candidate_group(group: &str) -> Self {
        Self {
            user: None,
            group: Some(group.to_owned()),
            kind: "candidate".to_owned(),
        }
    }
}

/// A work item, also after its end.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its id.
    pub id: String,
    /// Its process.
    pub process: String,
    /// Its execution.
    pub execution: String,
    /// Id of the user task in the definition.
    pub key: String,
    /// Name for people; in a review, the stage.
    pub name: String,
    /// What is to be done.
    pub description: Option<String>,
    /// Who has it.
    pub assignee: Option<String>,
    /// Who gave it away.
    pub owner: Option<String>,
    /// Whether it is delegated.
    pub delegation: Option<Delegation>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When somebody took it.
    pub claimed_at: Option<Timestamp>,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// 0 to 100; 50 is normal.
    pub priority: i64,
    /// Free word of the definition.
    pub category: Option<String>,
    /// Who it is offered to.
    pub assignments: Vec<Assignment>,
    /// Variables of this task only.
    pub locals: Vec<Variable>,
    /// When it was completed or taken away.
    pub ended_at: Option<Timestamp>,
    /// Why it was taken away; absent when it was completed.
    pub delete_reason: Option<String>,
}

impl Task {
    /// Can somebody still work on it?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    /// Was it completed, not taken away?
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.ended_at.is_some() && self.delete_reason.is_none()
    }

    /// Groups it is offered to.
    pub fn candidate_groups(&self) -> impl Iterator<Item = &str> {
        self.assignments
            .iter()
            .filter(|assignment| assignment.kind == "candidate")
            .filter_map(|assignment| assignment.group.as_deref())
    }

    /// Users it is offered to.
    pub fn candidate_users(&self) -> impl Iterator<Item = &str> {
        self.assignments
            .iter()
            .filter(|assignment| assignment.kind == "candidate")
            .filter_map(|assignment| assignment.user.as_deref())
    }
}

/// Something said about a task or a process.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Its id.
    pub id: String,
    /// Who said it.
    pub author: String,
    /// What was said.
    pub message: String,
    /// `info`, `comment`, …
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// The task, if it is about one.
    pub task: Option<String>,
    /// The process.
    pub process: String,
}

/// Work for an external worker.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// Its process.
    pub process: String,
    /// Its execution.
    pub execution: String,
    /// Which workers it is for.
    pub topic: String,
    /// Failures left before it is set aside.
    pub retries: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Not to be given out before.
    pub not_before: Option<Timestamp>,
    /// Worker that holds it, and until when.
    pub lock: Option<(String, Timestamp)>,
    /// Last failure.
    pub failure: Option<String>,
    /// Done or gone with its process.
    pub closed: bool,
}

/// Somebody who can be given work. Users are named by mail address.
#[derive(Clone, Debug)]
pub struct User {
    /// Mail address.
    pub id: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// For the password grant and Basic authentication.
    pub password: String,
    /// A disabled user gets no token and takes no task.
    pub enabled: bool,
}

/// Users by a common name.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Mail addresses.
    pub members: Vec<String>,
    /// Can it be given work?
    pub enabled: bool,
}
