//! `/history/…` and its queries.

use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::super::engine::Error;
use super::super::engine::model::Process;
use super::super::engine::variable::Variable;
use super::super::http::{BasicCaller, Body, Caller, Sim, World};
use super::super::query;
use super::super::render::{self, Include};
use super::processes::renamed;
use super::{Answer, Result, linked, page, reply, writer};

const PROCESSES: &str = "history/historic-process-instances";
const TASKS: &str = "history/historic-task-instances";

pub(super) async fn processes(State(sim): State<Sim>, BasicCaller(caller): BasicCaller) -> Answer {
    listed_processes(&sim.lock(), &caller)
}

pub(super) async fn query_processes(
    State(sim): State<Sim>,
    BasicCaller(mut caller): BasicCaller,
    body: Body,
) -> Answer {
    renamed(&mut caller, &body, "processBusinessKey", "businessKey");
    listed_processes(&sim.lock(), &caller)
}

fn listed_processes(world: &World, caller: &Caller) -> Answer {
    let writer = writer(world, Include::read(&caller.params));
    let found = query::process_history(&world.engine, &caller.params)?;
    page(caller, &found, |process| {
        linked(caller, PROCESSES, writer.past_process(process))
    })
}

pub(super) async fn process(
    State(sim): State<Sim>,
    BasicCaller(caller): BasicCaller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    let writer = writer(&world, Include::default());
    let row = writer.past_process(known(&world, &id)?);
    reply(StatusCode::OK, linked(&caller, PROCESSES, row))
}

fn known<'a>(world: &'a World, id: &str) -> Result<&'a Process> {
    let found = world
        .engine
        .processes
        .get(id)
        .filter(|p| world.engine.is_visible(p.started_at));
    found.ok_or_else(|| Error::no_process(id))
}

pub(super) async fn comments(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    known(&world, &id)?;
    let writer = writer(&world, Include::default());
    reply(
        StatusCode::OK,
        writer.comments(|comment| comment.process == id),
    )
}

pub(super) async fn add_comment(
    State(sim): State<Sim>,
    BasicCaller(caller): BasicCaller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let message = body.required("message")?;
    let kind = body.text("type").unwrap_or("comment");
    let mut world = sim.lock();
    known(&world, &id)?;
    let comment = world
        .engine
        .comment(&id, None, caller.actor.name(), message, kind);
    reply(
        StatusCode::CREATED,
        writer(&world, Include::default()).comment(&comment),
    )
}

pub(super) async fn tasks(State(sim): State<Sim>, BasicCaller(caller): BasicCaller) -> Answer {
    listed_tasks(&sim.lock(), &caller)
}

pub(super) async fn query_tasks(
    State(sim): State<Sim>,
    BasicCaller(mut caller): BasicCaller,
    body: Body,
) -> Answer {
    renamed(
        &mut caller,
        &body,
        "processInstanceBusinessKey",
        "processBusinessKey",
    );
    listed_tasks(&sim.lock(), &caller)
}

fn listed_tasks(world: &World, caller: &Caller) -> Answer {
    let writer = writer(world, Include::read(&caller.params));
    let found = query::task_history(&world.engine, &caller.params)?;
    page(caller, &found, |task| {
        linked(caller, TASKS, writer.past_task(task))
    })
}

pub(super) async fn task(
    State(sim): State<Sim>,
    BasicCaller(caller): BasicCaller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    let task = world
        .engine
        .tasks
        .get(&id)
        .ok_or_else(|| Error::no_task(&id))?;
    let row = writer(&world, Include::default()).past_task(task);
    reply(StatusCode::OK, linked(&caller, TASKS, row))
}

pub(super) async fn links(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    let task = world
        .engine
        .tasks
        .get(&id)
        .ok_or_else(|| Error::no_task(&id))?;
    reply(
        StatusCode::OK,
        task.assignments.iter().map(render::assignment).collect(),
    )
}

/// Variables of one process and of its tasks, each with the id of what it belongs to.
pub(super) async fn variables(State(sim): State<Sim>, BasicCaller(caller): BasicCaller) -> Answer {
    let world = sim.lock();
    let params = &caller.params;
    let row = |process: &str, task: Option<&str>, variable: &Variable| {
        let owner = task.unwrap_or(process);
        json!({
            "id": format!("{owner}-{}", variable.name),
            "processInstanceId": process,
            "taskId": task,
            "variable": variable.render(if task.is_some() { "local" } else { "global" }),
        })
    };
    let mut rows: Vec<Value> = Vec::new();
    for process in world.engine.processes.iter() {
        if params
            .get("processInstanceId")
            .is_none_or(|id| id == process.id)
        {
            rows.extend(process.variables.iter().map(|v| row(&process.id, None, v)));
        }
    }
    for task in world
        .engine
        .tasks
        .iter()
        .filter(|_| !params.is("excludeTaskVariables"))
    {
        if params
            .get("processInstanceId")
            .is_none_or(|id| id == task.process)
        {
            rows.extend(
                task.locals
                    .iter()
                    .map(|v| row(&task.process, Some(&task.id), v)),
            );
        }
    }
    rows.retain(|row| {
        params.get("taskId").is_none_or(|id| row["taskId"] == id)
            && params
                .get("variableName")
                .is_none_or(|name| row["variable"]["name"] == name)
    });
    page(&caller, &rows, Value::clone)
}
