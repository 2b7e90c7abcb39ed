//! `/workflow/v1/process-instances`

use axum::extract::{Path, State};
use axum::response::IntoResponse as _;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::super::engine::model::Process;
use super::super::engine::variable::{self, Variable};
use super::super::engine::{DefinitionRef, Error, Result, Start};
use super::super::http::{Answer, Body, Caller, Sim, nothing, reply};
use super::super::query;
use super::super::render::Include;
use super::{array, hal, linked};

const PATH: &str = "workflow/v1/process-instances";

pub(super) async fn list(State(sim): State<Sim>, caller: Caller) -> Answer {
    let world = sim.lock();
    let writer = world.writer(Include::read(&caller.params));
    let found = query::processes(&world.engine, &caller.params);
    hal(&caller, "process-instances", &found, |row| {
        linked(&caller, PATH, writer.process(row))
    })
}

pub(super) async fn start(State(sim): State<Sim>, caller: Caller, body: Body) -> Answer {
    let mut world = sim.lock();
    let id = world
        .engine
        .start(read_start(&body, caller.actor.name())?)?;
    if let Some(comment) = body.0.get("comment").filter(|comment| comment.is_object()) {
        let text = |name| comment.get(name).and_then(Value::as_str);
        if let Some(message) = text("message") {
            let kind = text("type").unwrap_or("info");
            world
                .engine
                .comment(&id, None, caller.actor.name(), message, kind);
        }
    }
    let include = Include {
        process_variables: body.is("returnVariables"),
        comments: true,
        ..Include::default()
    };
    let process = world
        .engine
        .processes
        .get(&id)
        .ok_or_else(|| Error::no_process(&id))?;
    reply(
        StatusCode::CREATED,
        linked(&caller, PATH, world.writer(include).process(process)),
    )
}

/// What to start: exactly one of key, id and message picks the definition.
pub(crate) fn read_start(body: &Body, by: &str) -> Result<Start> {
    let keys = ["processDefinitionKey", "processDefinitionId", "message"];
    let definition = match keys.map(|key| body.owned(key)) {
        [Some(key), None, None] => DefinitionRef::Key(key),
        [None, Some(id), None] => DefinitionRef::Id(id),
        [None, None, Some(message)] => DefinitionRef::Message(message),
        [None, None, None] => {
            let why = "Either processDefinitionId, processDefinitionKey or message is required.";
            return Err(Error::Invalid(why.to_owned()));
        }
        _ => {
            let why =
                "Only one of processDefinitionId, processDefinitionKey or message should be set.";
            return Err(Error::Invalid(why.to_owned()));
        }
    };
    let (mut variables, locals) = Variable::parse_list(body.0.get("variables"))?;
    // A start has no local scope.
    locals
        .into_iter()
        .for_each(|local| variable::set(&mut variables, local));
    let (form, _) = Variable::parse_list(body.0.get("startFormVariables"))?;
    form.into_iter()
        .for_each(|field| variable::set(&mut variables, field));
    Ok(Start {
        definition,
        name: body.owned("name"),
        business_key: body.owned("businessKey"),
        variables,
        by: by.to_owned(),
    })
}

pub(super) async fn read(State(sim): State<Sim>, caller: Caller, Path(id): Path<String>) -> Answer {
    let world = sim.lock();
    let writer = world.writer(Include::read(&caller.params));
    let process = world.engine.running(&id)?;
    reply(
        StatusCode::OK,
        linked(&caller, PATH, writer.process(process)),
    )
}

pub(super) async fn act(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let mut world = sim.lock();
    match body.required("action")? {
        "suspend" => world.engine.suspend(&id, true)?,
        "activate" => world.engine.suspend(&id, false)?,
        other => return Err(Error::Invalid(format!("Invalid action: '{other}'.")).into()),
    }
    let process = world.engine.running(&id)?;
    let writer = world.writer(Include::default());
    reply(
        StatusCode::OK,
        linked(&caller, PATH, writer.process(process)),
    )
}

/// The reason is taken from the query (as in Flowable) or from a comment in the body.
pub(super) async fn terminate(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let said = body.0.pointer("/comment/message").and_then(Value::as_str);
    let reason = caller.params.get("deleteReason").or(said);
    sim.lock().engine.terminate(&id, reason)?;
    nothing()
}

/// An image, small and always the same: nobody reads a diagram from a simulator.
pub(super) async fn diagram(State(sim): State<Sim>, _: Caller, Path(id): Path<String>) -> Answer {
    sim.lock().engine.running(&id)?;
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"60\" height=\"20\">\
               <circle cx=\"10\" cy=\"10\" r=\"8\"/><rect x=\"30\" y=\"2\" width=\"28\" height=\"16\"/></svg>";
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response())
}

pub(super) async fn variables(State(sim): State<Sim>, _: Caller, Path(id): Path<String>) -> Answer {
    let world = sim.lock();
    let process = world.engine.running(&id)?;
    array(
        process
            .variables
            .iter()
            .map(|variable| variable.render("global"))
            .collect(),
    )
}

pub(super) async fn create_variables(
    State(sim): State<Sim>,
    _: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let (variables, _) = Variable::parse_list(Some(&body.0))?;
    sim.lock()
        .engine
        .set_variables(&id, variables.clone(), false)?;
    reply(
        StatusCode::CREATED,
        variables
            .iter()
            .map(|variable| variable.render("global"))
            .collect(),
    )
}

pub(super) async fn set_variables(
    State(sim): State<Sim>,
    _: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let (variables, _) = Variable::parse_list(Some(&body.0))?;
    sim.lock()
        .engine
        .set_variables(&id, variables.clone(), true)?;
    array(
        variables
            .iter()
            .map(|variable| variable.render("global"))
            .collect(),
    )
}

pub(super) async fn variable(
    State(sim): State<Sim>,
    _: Caller,
    Path((id, name)): Path<(String, String)>,
) -> Answer {
    let world = sim.lock();
    let found = known_variable(world.engine.running(&id)?, &name)?;
    reply(StatusCode::OK, found.render("global"))
}

pub(super) async fn set_variable(
    State(sim): State<Sim>,
    _: Caller,
    Path((id, name)): Path<(String, String)>,
    mut body: Body,
) -> Answer {
    let mut world = sim.lock();
    known_variable(world.engine.running(&id)?, &name)?;
    if body.0.is_object() && body.0.get("name").is_none() {
        body.0["name"] = json!(name);
    }
    let variable = Variable::parse(&body.0)?;
    world
        .engine
        .set_variables(&id, vec![variable.clone()], true)?;
    reply(StatusCode::OK, variable.render("global"))
}

pub(crate) fn known_variable<'a>(process: &'a Process, name: &str) -> Result<&'a Variable> {
    variable::get(&process.variables, name).ok_or_else(|| {
        let id = &process.id;
        Error::NotFound(format!(
            "Process instance '{id}' does not have a variable '{name}'."
        ))
    })
}

pub(super) async fn comments(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    world.engine.running(&id)?;
    let writer = world.writer(Include::default());
    let found: Vec<_> = world
        .engine
        .comments
        .iter()
        .filter(|c| c.process == id)
        .collect();
    hal(&caller, "comments", &found, |comment| {
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
    let kind = body.text("type").unwrap_or("info");
    let mut world = sim.lock();
    world.engine.running(&id)?;
    let comment = world
        .engine
        .comment(&id, None, caller.actor.name(), message, kind);
    reply(
        StatusCode::CREATED,
        world.writer(Include::default()).comment(&comment),
    )
}

pub(super) async fn remove_comment(
    State(sim): State<Sim>,
    _: Caller,
    Path((id, comment)): Path<(String, String)>,
) -> Answer {
    let mut world = sim.lock();
    world.engine.running(&id)?;
    let before = world.engine.comments.len();
    world
        .engine
        .comments
        .retain(|known| known.process != id || known.id != comment);
    if world.engine.comments.len() == before {
        return Err(Error::NotFound(format!("No comment '{comment}' on '{id}'.")).into());
    }
    nothing()
}
