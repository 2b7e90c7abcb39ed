//! `/workflow/v1/runtime/models`

use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::Value;

use super::super::engine::Error;
use super::super::http::{Answer, Body, Caller, Sim, reply};
use super::super::render;
use super::{hal, linked};

const PATH: &str = "workflow/v1/runtime/models";

pub(super) async fn list(State(sim): State<Sim>, caller: Caller) -> Answer {
    let world = sim.lock();
    let params = &caller.params;
    let rows = world.engine.models.iter();
    let found: Vec<_> = rows
        .filter(|model| !params.is("latestVersion") || world.engine.is_latest(model))
        .filter(|model| params.get("key").is_none_or(|key| key == model.key))
        .filter(|model| {
            params
                .get("processDefinitionId")
                .is_none_or(|id| id == model.id)
        })
        .collect();
    hal(&caller, "models", &found, |model| {
        linked(&caller, PATH, render::model(model))
    })
}

pub(super) async fn read(State(sim): State<Sim>, caller: Caller, Path(id): Path<String>) -> Answer {
    let world = sim.lock();
    let model = world.engine.models.get(&id);
    let model =
        model.ok_or_else(|| Error::NotFound(format!("Could not find a model with id '{id}'.")))?;
    let mut row = linked(&caller, PATH, render::model(model));
    row["modelContent"] = model.content();
    reply(StatusCode::OK, row)
}

pub(super) async fn deploy(State(sim): State<Sim>, caller: Caller, body: Body) -> Answer {
    let model = body.required("modelId")?;
    let kind = body.required("modelType")?;
    if !matches!(kind, "xml" | "json") {
        return Err(Error::Invalid(format!("Invalid modelType: '{kind}'.")).into());
    }
    let content = body.0.get("modelContent").cloned().unwrap_or(Value::Null);
    let model = sim.lock().engine.redeploy(model, content)?;
    crate::common::effect("deploy-model");
    reply(
        StatusCode::CREATED,
        linked(&caller, PATH, render::model(&model)),
    )
}
