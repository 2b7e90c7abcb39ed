//! `/workflow/v1/tasks`

use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::Value;

use super::super::date;
use super::super::engine::model::{Assignment, Task};
use super::super::engine::variable::Variable;
use super::super::engine::{Actor, Completion, Error, Result};
use super::super::http::{Answer, Body, Caller, Sim, World, nothing, reply};
use super::super::query;
use super::super::render::{self, Include};
use super::{array, done, hal, linked};

const PATH: &str = "workflow/v1/tasks";

pub(super) async fn list(State(sim): State<Sim>, caller: Caller) -> Answer {
    let world = sim.lock();
    let writer = world.writer(Include::read(&caller.params));
    let found = query::tasks(&world.engine, &caller.params)?;
    hal(&caller, "tasks", &found, |task| {
        linked(&caller, PATH, writer.task(task))
    })
}

pub(super) async fn read(State(sim): State<Sim>, caller: Caller, Path(id): Path<String>) -> Answer {
    let world = sim.lock();
    let writer = world.writer(Include::read(&caller.params));
    let task = world
        .engine
        .open_task(&id)
        .map_err(|_| Error::no_task(&id))?;
    reply(StatusCode::OK, linked(&caller, PATH, writer.task(task)))
}

pub(super) async fn act(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let mut world = sim.lock();
    check_right(&world, &caller.actor)?;
    perform(&mut world, &caller.actor, &id, &body)?;
    done()
}

/// A client-credentials token is not a person; whether it may act on tasks is a setting.
fn check_right(world: &World, actor: &Actor) -> Result<()> {
    match actor {
        Actor::Service(name) if !world.settings.service_acts_on_tasks => Err(Error::Denied(
            format!("'{name}' is no user and cannot act on a task."),
        )),
        _ => Ok(()),
    }
}

/// Claim, complete, delegate or resolve; both dialects name the actions the same.
pub(crate) fn perform(world: &mut World, actor: &Actor, id: &str, body: &Body) -> Result<()> {
    let engine = &mut world.engine;
    match body.required("action")? {
        "claim" => engine.claim(id, claimant(actor, body)?),
        "complete" => {
            let (variables, locals) = Variable::parse_list(body.0.get("variables"))?;
            let outcome = body.owned("outcome");
            engine.complete(
                id,
                actor,
                Completion {
                    outcome,
                    variables,
                    locals,
                },
            )
        }
        "delegate" => engine.delegate(id, actor, body.required("assignee")?),
        "resolve" => {
            let (variables, _) = Variable::parse_list(body.0.get("variables"))?;
            engine.resolve(id, variables)
        }
        other => Err(Error::Invalid(format!("Invalid action: '{other}'."))),
    }
}

/// Who gets a claimed task: a person claims for himself, a service account for anybody. Nobody
/// named gives it back.
fn claimant<'a>(actor: &'a Actor, body: &'a Body) -> Result<Option<&'a str>> {
    match (actor, body.0.get("assignee"), body.text("assignee")) {
        (Actor::Person(person), None, _) => Ok(Some(person)),
        (Actor::Person(person), _, Some(other)) if person != other => Err(Error::Denied(format!(
            "'{person}' cannot claim for '{other}'."
        ))),
        (_, _, assignee) => Ok(assignee),
    }
}

pub(super) async fn change(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let mut world = sim.lock();
    apply(world.engine.open_task_mut(&id)?, &body)?;
    crate::common::effect("change-task");
    let task = world.engine.open_task(&id)?;
    let writer = world.writer(Include::default());
    reply(StatusCode::OK, linked(&caller, PATH, writer.task(task)))
}

/// Change what the body names; null empties.
pub(crate) fn apply(task: &mut Task, body: &Body) -> Result<()> {
    let members = body.0.as_object().into_iter().flatten();
    for (name, value) in members {
        let text = value.as_str().map(str::to_owned);
        match name.as_str() {
            "name" => task.name = text.unwrap_or_default(),
            "description" => task.description = text,
            "assignee" => task.assignee = text,
            "owner" => task.owner = text,
            "category" => task.category = text,
            "priority" => {
                let wrong = || Error::Invalid("'priority' is no number.".to_owned());
                task.priority = value.as_i64().ok_or_else(wrong)?;
            }
            "dueDate" => {
                let wrong = || Error::Invalid(format!("Failed to parse date {value}."));
                task.due_at = match &text {
                    Some(text) => Some(date::parse(text).ok_or_else(wrong)?),
                    None if value.is_null() => None,
                    None => return Err(wrong()),
                };
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) async fn assignments(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    let task = world.engine.open_task(&id)?;
    hal(
        &caller,
        "assignments",
        &task.assignments,
        render::assignment,
    )
}

pub(super) async fn add_assignment(
    State(sim): State<Sim>,
    _: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let new = read_assignment(&body.0)?;
    let mut world = sim.lock();
    let task = world.engine.open_task_mut(&id)?;
    // Offering a task twice changes nothing.
    if !task.assignments.contains(&new) {
        task.assignments.push(new.clone());
        crate::common::effect("add-assignment");
    }
    reply(StatusCode::CREATED, render::assignment(&new))
}

pub(super) async fn set_assignments(
    State(sim): State<Sim>,
    _: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let rows = body.0.as_array().cloned().unwrap_or_default();
    let wanted = rows
        .iter()
        .map(read_assignment)
        .collect::<Result<Vec<_>>>()?;
    sim.lock()
        .engine
        .open_task_mut(&id)?
        .assignments
        .clone_from(&wanted);
    crate::common::effect("set-assignments");
    array(wanted.iter().map(render::assignment).collect())
}

/// Which one: `user` or `group`, and `type`, in the query.
pub(super) async fn remove_assignment(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer {
    let params = &caller.params;
    let matches = |row: &Assignment| {
        row.user.as_deref() == params.get("user")
            && row.group.as_deref() == params.get("group")
            && row.kind == params.get("type").unwrap_or("candidate")
    };
    let mut world = sim.lock();
    let task = world.engine.open_task_mut(&id)?;
    let before = task.assignments.len();
    task.assignments.retain(|row| !matches(row));
    if task.assignments.len() == before {
        return Err(Error::NotFound(format!("No such assignment on task '{id}'.")).into());
    }
    crate::common::effect("remove-assignment");
    nothing()
}

/// `{"user"|"group": …, "type": …}`
pub(crate) fn read_assignment(row: &Value) -> Result<Assignment> {
    let text = |name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    let (user, group) = (text("user"), text("group"));
    if user.is_some() == group.is_some() {
        let why = "Exactly one of 'user' and 'group' is required to create an identity link.";
        return Err(Error::Invalid(why.to_owned()));
    }
    Ok(Assignment {
        user,
        group,
        kind: text("type").unwrap_or_else(|| "candidate".to_owned()),
    })
}

pub(super) async fn comments(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    let task = world.engine.open_task(&id)?;
    let about = world
        .engine
        .comments
        .iter()
        .filter(|c| c.task.as_ref() == Some(&task.id));
    let writer = world.writer(Include::default());
    hal(&caller, "comments", &about.collect::<Vec<_>>(), |comment| {
        writer.comment(comment)
    })
}

pub(super) async fn add_comment(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let message = body.required("message")?;
    let mut world = sim.lock();
    let process = world.engine.open_task(&id)?.process.clone();
    let kind = body.text("type").unwrap_or("comment");
    let comment = world
        .engine
        .comment(&process, Some(&id), caller.actor.name(), message, kind);
    reply(
        StatusCode::CREATED,
        world.writer(Include::default()).comment(&comment),
    )
}

pub(super) async fn variables(State(sim): State<Sim>, _: Caller, Path(id): Path<String>) -> Answer {
    let world = sim.lock();
    let task = world.engine.open_task(&id)?;
    array(render::both(
        &world.engine.running(&task.process)?.variables,
        &task.locals,
    ))
}

pub(super) async fn create_variables(
    State(sim): State<Sim>,
    _: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    reply(
        StatusCode::CREATED,
        write_variables(&mut sim.lock(), &id, &body, false)?,
    )
}

pub(super) async fn set_variables(
    State(sim): State<Sim>,
    _: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    array(write_variables(&mut sim.lock(), &id, &body, true)?)
}

/// Set local and global variables of a task.
pub(crate) fn write_variables(
    world: &mut World,
    id: &str,
    body: &Body,
    replace: bool,
) -> Result<Value> {
    let (globals, locals) = Variable::parse_list(Some(&body.0))?;
    let process = world.engine.open_task(id)?.process.clone();
    if !globals.is_empty() {
        world
            .engine
            .set_variables(&process, globals.clone(), replace)?;
    }
    world.engine.set_locals(id, locals.clone(), replace)?;
    Ok(render::both(&globals, &locals))
}
