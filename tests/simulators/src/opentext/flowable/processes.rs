//! `/runtime/process-instances`, `/runtime/executions` and their queries.

use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::Value;

use super::super::engine::Error;
use super::super::engine::variable::Variable;
use super::super::http::{BasicCaller, Body, Caller, Sim, World};
use super::super::params::Params;
use super::super::query;
use super::super::render::Include;
use super::super::rest::{executions, processes};
use super::{Answer, linked, nothing, page, reply, writer};

const PATH: &str = "runtime/process-instances";

pub(super) async fn list(State(sim): State<Sim>, BasicCaller(caller): BasicCaller) -> Answer {
    listed(&sim.lock(), &caller)
}

pub(super) async fn query(
    State(sim): State<Sim>,
    BasicCaller(mut caller): BasicCaller,
    body: Body,
) -> Answer {
    renamed(&mut caller, &body, "processBusinessKey", "businessKey");
    listed(&sim.lock(), &caller)
}

/// Take the parameters from a body, one of them also under another name.
pub(super) fn renamed(caller: &mut Caller, body: &Body, from: &str, to: &str) {
    let mut params = Params::from_body(&body.0);
    if let Some(value) = params.get(from) {
        let alias = Params::from_body(&serde_json::json!({ to: value }));
        params = params.or(alias);
    }
    caller.params = params.or(std::mem::take(&mut caller.params));
}

fn listed(world: &World, caller: &Caller) -> Answer {
    let writer = writer(world, Include::read(&caller.params));
    let found = query::processes(&world.engine, &caller.params);
    page(caller, &found, |process| {
        linked(caller, PATH, writer.process(process))
    })
}

pub(super) async fn start(
    State(sim): State<Sim>,
    BasicCaller(caller): BasicCaller,
    body: Body,
) -> Answer {
    let mut world = sim.lock();
    let id = world
        .engine
        .start(processes::read_start(&body, caller.actor.name())?)?;
    let include = Include {
        process_variables: body.is("returnVariables"),
        ..Include::default()
    };
    let process = world
        .engine
        .processes
        .get(&id)
        .ok_or_else(|| Error::no_process(&id))?;
    let row = writer(&world, include).process(process);
    reply(StatusCode::CREATED, linked(&caller, PATH, row))
}

pub(super) async fn read(
    State(sim): State<Sim>,
    BasicCaller(caller): BasicCaller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    let row = writer(&world, Include::default()).process(world.engine.running(&id)?);
    reply(StatusCode::OK, linked(&caller, PATH, row))
}

pub(super) async fn act(
    State(sim): State<Sim>,
    BasicCaller(caller): BasicCaller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let mut world = sim.lock();
    match body.required("action")? {
        "suspend" => world.engine.suspend(&id, true)?,
        "activate" => world.engine.suspend(&id, false)?,
        other => return Err(Error::Invalid(format!("Invalid action: '{other}'.")).into()),
    }
    let row = writer(&world, Include::default()).process(world.engine.running(&id)?);
    reply(StatusCode::OK, linked(&caller, PATH, row))
}

pub(super) async fn terminate(
    State(sim): State<Sim>,
    BasicCaller(caller): BasicCaller,
    Path(id): Path<String>,
) -> Answer {
    sim.lock()
        .engine
        .terminate(&id, caller.params.get("deleteReason"))?;
    nothing()
}

pub(super) async fn variables(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    let process = world.engine.running(&id)?;
    reply(StatusCode::OK, rendered(&process.variables))
}

pub(super) async fn variable(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path((id, name)): Path<(String, String)>,
) -> Answer {
    let world = sim.lock();
    let found = processes::known_variable(world.engine.running(&id)?, &name)?;
    reply(StatusCode::OK, found.render("local"))
}

pub(super) async fn create_variables(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    write(&sim, &id, &body, false)
}

pub(super) async fn set_variables(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    write(&sim, &id, &body, true)
}

fn write(sim: &Sim, id: &str, body: &Body, replace: bool) -> Answer {
    let (mut variables, locals) = Variable::parse_list(Some(&body.0))?;
    variables.extend(locals);
    sim.lock()
        .engine
        .set_variables(id, variables.clone(), replace)?;
    reply(StatusCode::CREATED, rendered(&variables))
}

fn rendered(variables: &[Variable]) -> Value {
    variables
        .iter()
        .map(|variable| variable.render("local"))
        .collect()
}

pub(super) async fn executions(State(sim): State<Sim>, BasicCaller(caller): BasicCaller) -> Answer {
    let rows = executions::rows(&sim.lock().engine, &caller.params);
    page(&caller, &rows, |row| {
        linked(&caller, "runtime/executions", row.clone())
    })
}

pub(super) async fn act_on_execution(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    executions::perform(&mut sim.lock().engine, &id, &body)?;
    nothing()
}
