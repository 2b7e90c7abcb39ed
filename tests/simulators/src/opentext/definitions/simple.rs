//! `forebayNotice`, `assetRework` and `assetWork`: one step, then the end.

use super::super::engine::error::{Error, Result};
use super::super::engine::variable::{self, Variable};
use super::{Definition, Move, TaskPlan, UserTask};

/// One task to `assignee` or `group` with `title` and `message`; ends when acknowledged.
pub(crate) const NOTICE: Definition = Definition {
    key: "forebayNotice",
    name: "Forebay notice",
    start_message: "forebayNoticeRequested",
    tasks: &[UserTask {
        key: "acknowledge",
        name: "Acknowledge",
        outcomes: "Acknowledged:acknowledged",
    }],
};

/// One task to `assignee` with `title`, `message` and `due`; ends when done.
pub(crate) const REWORK: Definition = Definition {
    key: "assetRework",
    name: "Asset rework",
    start_message: "assetReworkRequested",
    tasks: &[UserTask {
        key: "rework",
        name: "Rework",
        outcomes: "Done:done",
    }],
};

/// One external worker task of `topic`; ends when a worker completes it, with outcome `done`, or
/// with a BPMN error, with its code as outcome.
pub(crate) const WORK: Definition = Definition {
    key: "assetWork",
    name: "Asset work",
    start_message: "assetWorkRequested",
    tasks: &[],
};

/// Id of the external worker task of [`WORK`].
pub(crate) const WORK_ELEMENT: &str = "work";

pub(crate) fn start_notice(variables: &[Variable]) -> Result<Vec<Move>> {
    let plan = plan("acknowledge", variables);
    if plan.assignee.is_none() && plan.group.is_none() {
        return Err(Error::Invalid(
            "forebayNotice needs 'assignee' or 'group'".to_owned(),
        ));
    }
    Ok(vec![Move::Open(plan)])
}

pub(crate) fn start_rework(variables: &[Variable]) -> Result<Vec<Move>> {
    let plan = plan("rework", variables);
    if plan.assignee.is_none() {
        return Err(Error::Invalid("assetRework needs 'assignee'".to_owned()));
    }
    Ok(vec![Move::Open(TaskPlan {
        group: None,
        ..plan
    })])
}

pub(crate) fn start_work(variables: &[Variable]) -> Result<Vec<Move>> {
    let topic = variable::text(variables, "topic")
        .ok_or_else(|| Error::Invalid("assetWork needs 'topic'".to_owned()))?;
    Ok(vec![Move::Enqueue(topic.to_owned())])
}

pub(crate) fn end(outcome: &str) -> Vec<Move> {
    vec![Move::End(vec![Variable::new("outcome", outcome)])]
}

fn plan(key: &'static str, variables: &[Variable]) -> TaskPlan {
    let text = |name| variable::text(variables, name).map(str::to_owned);
    TaskPlan {
        key,
        name: text("title").unwrap_or_else(|| key.to_owned()),
        description: text("message"),
        assignee: text("assignee"),
        group: text("group"),
        due_at: variable::get(variables, "due").and_then(Variable::time),
        locals: Vec::new(),
    }
}
