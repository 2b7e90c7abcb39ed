//! `/repository/process-definitions`

use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::super::engine::Error;
use super::super::engine::models::Model;
use super::super::http::{BasicCaller, Caller, Sim};
use super::{Answer, linked, page, reply};

const PATH: &str = "repository/process-definitions";

pub(super) async fn list(State(sim): State<Sim>, BasicCaller(caller): BasicCaller) -> Answer {
    let world = sim.lock();
    let params = &caller.params;
    let rows = world.engine.models.iter();
    let found: Vec<_> = rows
        .filter(|model| !params.is("latest") || world.engine.is_latest(model))
        .filter(|model| params.get("key").is_none_or(|key| key == model.key))
        .filter(|model| params.get("name").is_none_or(|name| name == model.name))
        .collect();
    page(&caller, &found, |model| definition(&caller, model))
}

pub(super) async fn read(
    State(sim): State<Sim>,
    BasicCaller(caller): BasicCaller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    let model = world.engine.models.get(&id).ok_or_else(|| {
        Error::NotFound(format!(
            "Could not find a process definition with id '{id}'."
        ))
    })?;
    reply(StatusCode::OK, definition(&caller, model))
}

fn definition(caller: &Caller, model: &Model) -> Value {
    let row = json!({
        "id": model.id,
        "key": model.key,
        "version": model.version,
        "name": model.name,
        "description": null,
        "tenantId": "",
        "category": "forebay",
        "graphicalNotationDefined": false,
        "suspended": false,
        "startFormDefined": false,
    });
    linked(caller, PATH, row)
}
