//! Lists of tasks and processes: which ones, in which order. The filters are Flowable's; both
//! dialects name them the same.

use std::cmp::Ordering;

use forebay_model::Timestamp;

use super::engine::model::{Delegation, Process, Task};
use super::engine::{Engine, Result};
use super::params::Params;

/// Open tasks.
pub(crate) fn tasks<'a>(engine: &'a Engine, params: &Params) -> Result<Vec<&'a Task>> {
    let when = Range::read(params, "created", "")?;
    let due = Range::read(params, "due", "")?;
    let lowest = params.number("minimumPriority")?.unwrap_or(i64::MIN);
    let highest = params.number("maximumPriority")?.unwrap_or(i64::MAX);
    let open = engine.tasks.iter().filter(|task| task.is_open());
    let found = open
        .filter(|task| engine.is_visible(task.created_at))
        .filter(|task| same(params, "name", &task.name) && like(params, "nameLike", &task.name))
        .filter(|task| same(params, "taskDefinitionKey", &task.key))
        .filter(|task| same(params, "executionId", &task.execution))
        .filter(|task| {
            same(
                params,
                "category",
                task.category.as_deref().unwrap_or_default(),
            )
        })
        .filter(|task| offered(engine, params, task))
        .filter(|task| delegated(params, task))
        .filter(|task| when.holds(Some(task.created_at)) && due.holds(task.due_at))
        .filter(|task| !params.is("withoutDueDate") || task.due_at.is_none())
        .filter(|task| (lowest..=highest).contains(&task.priority))
        .filter(|task| {
            let process = engine.processes.get(&task.process);
            let active = process.is_some_and(|process| !process.suspended);
            params.flag("active").is_none_or(|wanted| wanted == active)
                && process.is_some_and(|process| of_process(params, process, "processInstance"))
        })
        .collect();
    Ok(sorted(found, params, task_order))
}

/// All tasks, also ended ones.
pub(crate) fn task_history<'a>(engine: &'a Engine, params: &Params) -> Result<Vec<&'a Task>> {
    let created = Range::read(params, "taskCreated", "")?;
    let completed = Range::read(params, "taskCompleted", "")?;
    let due = Range::read(params, "dueDate", "dueDate")?;
    let found = engine
        .tasks
        .iter()
        .filter(|task| engine.is_visible(task.created_at))
        .filter(|task| same(params, "taskId", &task.id))
        .filter(|task| same(params, "taskName", &task.name))
        .filter(|task| like(params, "taskNameLike", &task.name))
        .filter(|task| same(params, "taskDefinitionKey", &task.key))
        .filter(|task| same(params, "executionId", &task.execution))
        .filter(|task| same_option(params, "taskAssignee", task.assignee.as_deref()))
        .filter(|task| same_option(params, "taskOwner", task.owner.as_deref()))
        .filter(|task| same_option(params, "taskDeleteReason", task.delete_reason.as_deref()))
        .filter(|task| {
            params
                .get("taskCandidateGroup")
                .is_none_or(|g| task.candidate_groups().any(|c| c == g))
        })
        .filter(|task| {
            params
                .get("taskInvolvedUser")
                .is_none_or(|person| involves(task, person))
        })
        .filter(|task| created.holds(Some(task.created_at)) && due.holds(task.due_at))
        .filter(|task| completed.holds(seen_end(engine, task.ended_at)))
        .filter(|task| !params.is("withoutDueDate") || task.due_at.is_none())
        .filter(|task| {
            let finished = seen_end(engine, task.ended_at).is_some();
            params
                .flag("finished")
                .is_none_or(|wanted| wanted == finished)
        })
        .filter(|task| {
            let Some(process) = engine.processes.get(&task.process) else {
                return false;
            };
            let finished = seen_end(engine, process.ended_at).is_some();
            params
                .flag("processFinished")
                .is_none_or(|wanted| wanted == finished)
                && of_process(params, process, "process")
        })
        .collect();
    Ok(sorted(found, params, task_order))
}

/// Processes that have not ended.
pub(crate) fn processes<'a>(engine: &'a Engine, params: &Params) -> Vec<&'a Process> {
    let found = candidates(engine, params)
        .into_iter()
        .filter(|process| process.is_running() && engine.is_visible(process.started_at))
        .filter(|process| same(params, "id", &process.id))
        .filter(|process| {
            params
                .flag("suspended")
                .is_none_or(|wanted| wanted == process.suspended)
        })
        .filter(|process| {
            params
                .get("involvedUser")
                .is_none_or(|person| process.started_by == person)
        })
        .filter(|process| {
            same(params, "processDefinitionKey", &process.definition)
                && same(params, "processDefinitionId", &process.definition_id)
        })
        .collect();
    sorted(found, params, process_order)
}

/// All processes, also ended ones.
pub(crate) fn process_history<'a>(engine: &'a Engine, params: &Params) -> Result<Vec<&'a Process>> {
    let started = Range::read(params, "started", "")?;
    let ended = Range::read(params, "finished", "")?;
    let found = candidates(engine, params)
        .into_iter()
        .filter(|process| engine.is_visible(process.started_at))
        .filter(|process| same(params, "processInstanceId", &process.id))
        .filter(|process| same(params, "processDefinitionKey", &process.definition))
        .filter(|process| same(params, "processDefinitionId", &process.definition_id))
        .filter(|process| same(params, "startedBy", &process.started_by))
        .filter(|process| started.holds(Some(process.started_at)))
        .filter(|process| ended.holds(seen_end(engine, process.ended_at)))
        .filter(|process| {
            let finished = seen_end(engine, process.ended_at).is_some();
            params
                .flag("finished")
                .is_none_or(|wanted| wanted == finished)
        })
        .collect();
    Ok(sorted(found, params, process_order))
}

/// An end that can be read already.
pub(crate) fn seen_end(engine: &Engine, ended_at: Option<Timestamp>) -> Option<Timestamp> {
    ended_at.filter(|time| engine.is_visible(*time))
}

/// Processes of the business key asked for, or all.
fn candidates<'a>(engine: &'a Engine, params: &Params) -> Vec<&'a Process> {
    match params.get("businessKey") {
        Some(key) => engine.of_business_key(key),
        None => engine.processes.iter().collect(),
    }
}

fn of_process(params: &Params, process: &Process, prefix: &str) -> bool {
    let business_key = process.business_key.as_deref();
    same(params, "processInstanceId", &process.id)
        && same(params, "processDefinitionKey", &process.definition)
        && same(params, "processDefinitionId", &process.definition_id)
        && same_option(params, &format!("{prefix}BusinessKey"), business_key)
}

/// Who has the task or may take it. As in Flowable, a candidate filter passes no assigned task.
fn offered(engine: &Engine, params: &Params, task: &Task) -> bool {
    let assignee = task.assignee.as_deref();
    let to_groups = |wanted: &[&str]| task.candidate_groups().any(|group| wanted.contains(&group));
    let to_user = |user: &str| {
        assignee.is_none()
            && (task.candidate_users().any(|candidate| candidate == user)
                || to_groups(&engine.groups_of(user)))
    };
    same_option(params, "assignee", assignee)
        && same_option(params, "owner", task.owner.as_deref())
        && (!params.is("unassigned") || assignee.is_none())
        && params.get("candidateUser").is_none_or(to_user)
        && params
            .get("candidateGroup")
            .is_none_or(|group| assignee.is_none() && to_groups(&[group]))
        && params.get("candidateGroups").is_none_or(|groups| {
            assignee.is_none() && to_groups(&groups.split(',').collect::<Vec<_>>())
        })
        && params
            .get("candidateOrAssigned")
            .is_none_or(|user| assignee == Some(user) || to_user(user))
        && params
            .get("involvedUser")
            .is_none_or(|user| involves(task, user))
}

fn involves(task: &Task, person: &str) -> bool {
    task.assignee.as_deref() == Some(person)
        || task.owner.as_deref() == Some(person)
        || task
            .assignments
            .iter()
            .any(|assignment| assignment.user.as_deref() == Some(person))
}

fn delegated(params: &Params, task: &Task) -> bool {
    params
        .get("delegationState")
        .is_none_or(|wanted| match task.delegation {
            Some(Delegation::Pending) => wanted.eq_ignore_ascii_case("pending"),
            Some(Delegation::Resolved) => wanted.eq_ignore_ascii_case("resolved"),
            None => false,
        })
}

fn same(params: &Params, name: &str, value: &str) -> bool {
    params.get(name).is_none_or(|wanted| wanted == value)
}

fn same_option(params: &Params, name: &str, value: Option<&str>) -> bool {
    params.get(name).is_none_or(|wanted| Some(wanted) == value)
}

/// SQL's `LIKE` with `%` at one or both ends, which is what clients send.
fn like(params: &Params, name: &str, value: &str) -> bool {
    params.get(name).is_none_or(|pattern| {
        let words = pattern.trim_matches('%');
        match (pattern.starts_with('%'), pattern.ends_with('%')) {
            (true, true) => value.contains(words),
            (true, false) => value.ends_with(words),
            (false, true) => value.starts_with(words),
            (false, false) => value == words,
        }
    })
}

/// `…On`, `…Before` (exclusive) and `…After` (exclusive).
struct Range {
    on: Option<Timestamp>,
    before: Option<Timestamp>,
    after: Option<Timestamp>,
}

impl Range {
    /// Read the parameters of a prefix; `on` is the name of the first one where it is irregular.
    fn read(params: &Params, prefix: &str, on: &str) -> Result<Self> {
        let regular = format!("{prefix}On");
        Ok(Self {
            on: params.date(if on.is_empty() { &regular } else { on })?,
            before: params.date(&format!("{prefix}Before"))?,
            after: params.date(&format!("{prefix}After"))?,
        })
    }

    fn holds(&self, time: Option<Timestamp>) -> bool {
        self.on.is_none_or(|on| time == Some(on))
            && self
                .before
                .is_none_or(|before| time.is_some_and(|time| time < before))
            && self
                .after
                .is_none_or(|after| time.is_some_and(|time| time > after))
    }
}

fn sorted<'a, T>(
    mut found: Vec<&'a T>,
    params: &Params,
    order: fn(&str, &T, &T) -> Ordering,
) -> Vec<&'a T> {
    if let Some(key) = params.get("sort") {
        found.sort_by(|left, right| order(key, left, right));
    }
    if params.get("order") == Some("desc") {
        found.reverse();
    }
    found
}

fn task_order(key: &str, left: &Task, right: &Task) -> Ordering {
    match key {
        "createTime" | "startTime" => left.created_at.cmp(&right.created_at),
        "endTime" => left.ended_at.cmp(&right.ended_at),
        "name" | "taskName" => left.name.cmp(&right.name),
        "description" => left.description.cmp(&right.description),
        "dueDate" => left.due_at.cmp(&right.due_at),
        "priority" => left.priority.cmp(&right.priority),
        "id" | "taskInstanceId" => left.id.cmp(&right.id),
        _ => Ordering::Equal,
    }
}

fn process_order(key: &str, left: &Process, right: &Process) -> Ordering {
    match key {
        "startTime" => left.started_at.cmp(&right.started_at),
        "endTime" => left.ended_at.cmp(&right.ended_at),
        "businessKey" => left.business_key.cmp(&right.business_key),
        "id" | "processInstanceId" => left.id.cmp(&right.id),
        "processDefinitionKey" => left.definition.cmp(&right.definition),
        _ => Ordering::Equal,
    }
}
