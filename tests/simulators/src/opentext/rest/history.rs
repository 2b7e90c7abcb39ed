//! `/workflow-history/v1`

use axum::extract::{Path, State};
use http::StatusCode;

use super::super::engine::Error;
use super::super::http::{Answer, Caller, Sim, reply};
use super::super::query;
use super::super::render::Include;
use super::{hal, linked};

const PROCESSES: &str = "workflow-history/v1/historic-process-instances";
const TASKS: &str = "workflow-history/v1/historic-task-instances";

pub(super) async fn processes(State(sim): State<Sim>, caller: Caller) -> Answer {
    let world = sim.lock();
    let writer = world.writer(Include::read(&caller.params));
    let found = query::process_history(&world.engine, &caller.params)?;
    hal(&caller, "historic-process-instances", &found, |process| {
        linked(&caller, PROCESSES, writer.past_process(process))
    })
}

pub(super) async fn process(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    let writer = world.writer(Include::read(&caller.params));
    let found = world
        .engine
        .processes
        .get(&id)
        .filter(|p| world.engine.is_visible(p.started_at));
    let found = found.ok_or_else(|| Error::no_process(&id))?;
    reply(
        StatusCode::OK,
        linked(&caller, PROCESSES, writer.past_process(found)),
    )
}

pub(super) async fn tasks(State(sim): State<Sim>, caller: Caller) -> Answer {
    let world = sim.lock();
    let writer = world.writer(Include::read(&caller.params));
    let found = query::task_history(&world.engine, &caller.params)?;
    hal(&caller, "historic-task-instances", &found, |task| {
        linked(&caller, TASKS, writer.past_task(task))
    })
}

pub(super) async fn task(State(sim): State<Sim>, caller: Caller, Path(id): Path<String>) -> Answer {
    let world = sim.lock();
    let writer = world.writer(Include::read(&caller.params));
    let found = world
        .engine
        .tasks
        .get(&id)
        .filter(|t| world.engine.is_visible(t.created_at));
    let found = found.ok_or_else(|| Error::no_task(&id))?;
    reply(
        StatusCode::OK,
        linked(&caller, TASKS, writer.past_task(found)),
    )
}
