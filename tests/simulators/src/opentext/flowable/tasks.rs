//! `/runtime/tasks` and its query.

use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::Value;

use super::super::engine::Error;
use super::super::engine::model::Assignment;
use super::super::http::{BasicCaller, Body, Caller, Sim, World};
use super::super::query;
use super::super::render::{self, Include};
use super::super::rest::tasks;
use super::processes::renamed;
use super::{Answer, linked, nothing, page, reply, writer};

const PATH: &str = "runtime/tasks";

pub(super) async fn list(State(sim): State<Sim>, BasicCaller(caller): BasicCaller) -> Answer {
    listed(&sim.lock(), &caller)
}

pub(super) async fn query(
    State(sim): State<Sim>,
    BasicCaller(mut caller): BasicCaller,
    body: Body,
) -> Answer {
    renamed(&mut caller, &body, "candidateGroupIn", "candidateGroups");
    listed(&sim.lock(), &caller)
}

fn listed(world: &World, caller: &Caller) -> Answer {
    let writer = writer(world, Include::read(&caller.params));
    let found = query::tasks(&world.engine, &caller.params)?;
    page(caller, &found, |task| {
        linked(caller, PATH, writer.task(task))
    })
}

pub(super) async fn read(
    State(sim): State<Sim>,
    BasicCaller(caller): BasicCaller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    let row = writer(&world, Include::default()).task(world.engine.open_task(&id)?);
    reply(StatusCode::OK, linked(&caller, PATH, row))
}

pub(super) async fn act(
    State(sim): State<Sim>,
    BasicCaller(caller): BasicCaller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    tasks::perform(&mut sim.lock(), &caller.actor, &id, &body)?;
    Ok(axum::response::IntoResponse::into_response(StatusCode::OK))
}

pub(super) async fn change(
    State(sim): State<Sim>,
    BasicCaller(caller): BasicCaller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let mut world = sim.lock();
    tasks::apply(world.engine.open_task_mut(&id)?, &body)?;
    crate::common::effect("change-task");
    let row = writer(&world, Include::default()).task(world.engine.open_task(&id)?);
    reply(StatusCode::OK, linked(&caller, PATH, row))
}

pub(super) async fn links(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    let task = world.engine.open_task(&id)?;
    reply(
        StatusCode::OK,
        task.assignments.iter().map(render::assignment).collect(),
    )
}

/// Flowable names a user `userId` and a group `groupId` on the way in.
pub(super) async fn add_link(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let mut row = body.0.clone();
    for (from, to) in [("userId", "user"), ("groupId", "group")] {
        if let Some(value) = body.0.get(from).filter(|value| !value.is_null()) {
            row[to] = value.clone();
        }
    }
    let new = tasks::read_assignment(&row)?;
    let mut world = sim.lock();
    let task = world.engine.open_task_mut(&id)?;
    if !task.assignments.contains(&new) {
        task.assignments.push(new.clone());
        crate::common::effect("add-assignment");
    }
    reply(StatusCode::CREATED, render::assignment(&new))
}

pub(super) async fn remove_link(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path((id, family, identity, kind)): Path<(String, String, String, String)>,
) -> Answer {
    let (user, group) = match family.as_str() {
        "users" => (Some(identity), None),
        "groups" => (None, Some(identity)),
        _ => {
            let why = "Identity link family should be 'users' or 'groups'.";
            return Err(Error::Invalid(why.to_owned()).into());
        }
    };
    let unwanted = Assignment { user, group, kind };
    let mut world = sim.lock();
    let task = world.engine.open_task_mut(&id)?;
    if !task.assignments.contains(&unwanted) {
        return Err(
            Error::NotFound("Could not find the requested identity link.".to_owned()).into(),
        );
    }
    task.assignments.retain(|row| *row != unwanted);
    crate::common::effect("remove-assignment");
    nothing()
}

pub(super) async fn comments(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    world.engine.open_task(&id)?;
    let writer = writer(&world, Include::default());
    reply(
        StatusCode::OK,
        writer.comments(|comment| comment.task.as_ref() == Some(&id)),
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
    let process = world.engine.open_task(&id)?.process.clone();
    let comment = world
        .engine
        .comment(&process, Some(&id), caller.actor.name(), message, kind);
    reply(
        StatusCode::CREATED,
        writer(&world, Include::default()).comment(&comment),
    )
}

pub(super) async fn variables(
    State(sim): State<Sim>,
    BasicCaller(caller): BasicCaller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    let task = world.engine.open_task(&id)?;
    let all = render::both(
        &world.engine.running(&task.process)?.variables,
        &task.locals,
    );
    let scope = caller.params.get("scope");
    let wanted = |row: &&Value| scope.is_none_or(|scope| row["scope"] == scope);
    reply(
        StatusCode::OK,
        all.as_array()
            .into_iter()
            .flatten()
            .filter(wanted)
            .cloned()
            .collect(),
    )
}

pub(super) async fn create_variables(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    reply(
        StatusCode::CREATED,
        tasks::write_variables(&mut sim.lock(), &id, &body, false)?,
    )
}
