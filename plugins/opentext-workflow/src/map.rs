//! From rows to the contract's records.

use forebay_sdk::workflow::{Decision, Process, ProcessState, Task};
use forebay_sdk::{FieldsExt as _, Timestamp, Value};

use crate::settings::Settings;
use crate::variables;
use crate::wire::{AssignmentRow, ProcessRow, TaskRow};

/// Where a process stands.
pub(crate) fn state(row: &ProcessRow) -> ProcessState {
    match (
        row.ended_at().is_some() || row.ended,
        row.reason().is_some(),
    ) {
        (true, true) => ProcessState::Terminated,
        (true, false) => ProcessState::Completed,
        (false, _) if row.suspended => ProcessState::Suspended,
        (false, _) => ProcessState::Active,
    }
}

/// A process. Its outcome is the value of a variable, and only an own end makes it one.
pub(crate) fn process(row: ProcessRow, decisions: Vec<Decision>, settings: &Settings) -> Process {
    let state = state(&row);
    let variables = variables::read(&row.variables);
    let outcome = variables
        .value(&settings.outcome_variable)
        .filter(|value| state == ProcessState::Completed && !value.is_empty())
        .map(Value::to_plain);
    Process {
        definition: row.definition().unwrap_or_default().to_owned(),
        state,
        outcome,
        reason: row
            .reason()
            .filter(|_| state == ProcessState::Terminated)
            .map(str::to_owned),
        variables,
        decisions,
        started_at: row.started_at(),
        ended_at: row.ended_at(),
        link: settings
            .process_link
            .as_ref()
            .map(|link| link.replace("{id}", &row.id)),
        business_key: row.business_key.unwrap_or_default(),
        id: row.id,
    }
}

/// The decisions among the tasks of a process, oldest first. Tasks that were taken away are none.
pub(crate) fn decisions(tasks: Vec<TaskRow>, settings: &Settings) -> Vec<Decision> {
    let mut done: Vec<_> = tasks.into_iter().filter(TaskRow::is_completed).collect();
    done.sort_by(|a, b| (a.ended_at(), &a.id).cmp(&(b.ended_at(), &b.id)));
    done.into_iter()
        .map(|task| decision(task, settings))
        .collect()
}

fn decision(row: TaskRow, settings: &Settings) -> Decision {
    let variables = variables::read_local(&row.variables);
    let plain = |name: &str| {
        variables
            .value(name)
            .map(Value::to_plain)
            .unwrap_or_default()
    };
    let owner = row
        .owner
        .clone()
        .filter(|owner| Some(owner) != row.assignee.as_ref());
    Decision {
        group: group(&row, settings),
        outcome: plain(&settings.task_outcome_variable),
        comment: plain(&settings.comment_variable),
        at: row.ended_at(),
        on_behalf_of: owner,
        by: row.assignee,
        task: row.id,
        name: row.name,
        variables,
    }
}

/// The group a task was made for: who it is offered to, and among several the one its variable names.
pub(crate) fn group(row: &TaskRow, settings: &Settings) -> Option<String> {
    let offered = candidates(&row.assignments, |row| row.group.as_ref());
    let variables = variables::read_local(&row.variables);
    let named = variables.text(&settings.group_variable);
    match (offered.as_slice(), named) {
        ([], named) => named.map(str::to_owned),
        ([only], _) => Some(only.clone()),
        (several, Some(named)) if several.iter().any(|group| group == named) => {
            Some(named.to_owned())
        }
        (several, _) => several.first().cloned(),
    }
}

/// A task. `now` stands in for a creation time that the engine does not tell.
pub(crate) fn task(row: TaskRow, now: Timestamp, settings: &Settings) -> Task {
    let variables = variables::read_local(&row.variables);
    let completed_at = row.ended_at();
    let outcome = variables
        .value(&settings.task_outcome_variable)
        .filter(|value| row.is_completed() && !value.is_empty())
        .map(Value::to_plain);
    Task {
        process: row.process_instance_id.clone(),
        candidate_users: candidates(&row.assignments, |row| row.user.as_ref()),
        candidate_groups: candidates(&row.assignments, |row| row.group.as_ref()),
        created_at: row.created_at().unwrap_or(now),
        due_at: row.due_at(),
        completed_at,
        outcome,
        variables,
        assignee: row.assignee,
        id: row.id,
        name: row.name,
    }
}

fn candidates(
    rows: &[AssignmentRow],
    who: impl Fn(&AssignmentRow) -> Option<&String>,
) -> Vec<String> {
    let candidates = rows
        .iter()
        .filter(|row| row.kind.is_empty() || row.kind == "candidate");
    candidates.filter_map(|row| who(row).cloned()).collect()
}
