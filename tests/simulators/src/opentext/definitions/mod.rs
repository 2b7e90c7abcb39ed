//! The process definitions the simulated engine can run, as pure functions from what happened to
//! what happens next. The BPMN models in `examples/opentext` behave the same.
//!
//! | Key | What it is | File |
//! |---|---|---|
//! | `assetApproval` | review in stages | [`approval`] |
//! | `forebayNotice` | tell somebody, end when acknowledged | [`simple`] |
//! | `assetRework` | ask somebody to do something, end when done | [`simple`] |
//! | `assetWork` | work for an external worker | [`simple`] |
//! | `assetApprovalBatch`, `rightsReview`, … | ask people, round after round | [`desk`] |
//!
//! What must not live here: ids, time, people, HTTP.

pub(crate) mod approval;
pub(crate) mod desk;
pub(crate) mod simple;

use forebay_model::Timestamp;

use super::engine::error::{Error, Result};
use super::engine::variable::{self, Variable};
use approval::Approval;
use desk::Desk;

/// A user task of a definition, as its model describes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UserTask {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    /// `Label:value`, comma-separated.
    pub(crate) outcomes: &'static str,
}

/// What is known about a definition before it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Definition {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    /// A message that starts it.
    pub(crate) start_message: &'static str,
    pub(crate) tasks: &'static [UserTask],
}

/// The definitions that are not desks.
const OTHERS: &[Definition] = &[
    approval::DEFINITION,
    simple::NOTICE,
    simple::REWORK,
    simple::WORK,
];

/// All definitions.
pub(crate) fn definitions() -> impl Iterator<Item = &'static Definition> {
    OTHERS.iter().chain(desk::DEFINITIONS)
}

/// Where a process stands in its definition.
#[derive(Clone, Debug)]
pub(crate) enum Flow {
    /// `assetApproval`
    Approval(Approval),
    /// `forebayNotice`
    Notice,
    /// `assetRework`
    Rework,
    /// `assetWork`
    Work,
    /// One of [`desk::DEFINITIONS`]
    Desk(Desk),
}

/// A task to make.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TaskPlan {
    pub(crate) key: &'static str,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) assignee: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) locals: Vec<Variable>,
}

/// What happens next in a process.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Move {
    /// Make a task.
    Open(TaskPlan),
    /// Take away the open tasks whose local variable `stage` has this value.
    CloseStage(String),
    /// Offer work to external workers of this topic.
    Enqueue(String),
    /// The process comes to its end with these variables; what is still open is taken away.
    End(Vec<Variable>),
}

/// How a task was completed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decision<'a> {
    /// Task-local variable `stage`, in a review.
    pub(crate) stage: Option<&'a str>,
    pub(crate) outcome: Option<&'a str>,
    /// The variables given with it.
    pub(crate) variables: &'a [Variable],
}

/// Does the model move this variable from the process to the completed task? Otherwise decisions of
/// one task would show through to the next, and an `outcome` would stand before the end.
pub(crate) fn belongs_to_decision(name: &str) -> bool {
    matches!(
        name,
        "outcome" | "comment" | "reasonCode" | "conditions" | "expiry"
    )
}

impl Flow {
    /// Start a definition: the flow and its first moves.
    pub(crate) fn start(key: &str, variables: &[Variable]) -> Result<(Self, Vec<Move>)> {
        match key {
            "assetApproval" => {
                let (approval, moves) = Approval::start(variables)?;
                Ok((Self::Approval(approval), moves))
            }
            "forebayNotice" => Ok((Self::Notice, simple::start_notice(variables)?)),
            "assetRework" => Ok((Self::Rework, simple::start_rework(variables)?)),
            "assetWork" => Ok((Self::Work, simple::start_work(variables)?)),
            _ if desk::DEFINITIONS.iter().any(|desk| desk.key == key) => {
                let (desk, moves) = Desk::start(variables)?;
                Ok((Self::Desk(desk), moves))
            }
            _ => Err(no_definition(key)),
        }
    }

    /// A task was completed.
    pub(crate) fn completed(&mut self, decision: Decision<'_>) -> Result<Vec<Move>> {
        match self {
            Self::Approval(approval) => approval.decided(decision),
            Self::Notice => Ok(simple::end(decision.outcome.unwrap_or("acknowledged"))),
            Self::Rework => Ok(simple::end(decision.outcome.unwrap_or("done"))),
            Self::Desk(_) => Ok(Vec::new()),
            Self::Work => Err(Error::Invalid("this process has no task".to_owned())),
        }
    }

    /// Messages its event subprocesses wait for.
    pub(crate) fn awaited_messages(&self) -> &'static [&'static str] {
        match self {
            Self::Approval(_) => &[approval::CHANGE_MESSAGE],
            Self::Desk(_) => desk::MESSAGES,
            Self::Notice | Self::Rework | Self::Work => &[],
        }
    }

    /// An awaited message came with these variables, which the process has taken already.
    pub(crate) fn received(&mut self, message: &str, variables: &[Variable]) -> Result<Vec<Move>> {
        match self {
            Self::Desk(desk) => desk.received(message, variables),
            _ => Ok(Vec::new()),
        }
    }

    /// Does all that a task is completed with stay with the task?
    pub(crate) fn keeps_answers_apart(&self) -> bool {
        matches!(self, Self::Desk(_))
    }

    /// People who may not complete its tasks.
    pub(crate) fn excluded(variables: &[Variable]) -> Vec<String> {
        variable::texts(variables, "excludedUsers")
    }
}

/// The engine's words for an unknown definition.
pub(crate) fn no_definition(key: &str) -> Error {
    Error::Invalid(format!("No process definition found for key '{key}'"))
}
