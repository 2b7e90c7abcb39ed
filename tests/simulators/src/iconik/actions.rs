//! Custom actions: entries of the menus that call another system with what a person chose and filled
//! in. One that keeps failing is not offered until somebody puts it right.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::http::{Caller, Refusal, overlay, required};
use super::types::{Record, date, text};
use super::{Sim, World, with};
use crate::common::{Delivery, effect};

/// Keys the service sets itself.
const OWN: [&str; 6] = [
    "id",
    "context",
    "date_created",
    "date_modified",
    "last_error",
    "last_error_date",
];

const CONTEXTS: [&str; 8] = [
    "ASSET",
    "ASSET_SUBCLIP",
    "SHARED_ASSET",
    "COLLECTION",
    "SHARED_COLLECTION",
    "BULK",
    "SAVED_SEARCH",
    "NONE",
];

/// What a person has selected and filled in when choosing an action.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Selected assets.
    pub assets: Vec<String>,
    /// Selected collections.
    pub collections: Vec<String>,
    /// The form: field and its value, or a list of values.
    pub form: Vec<(String, Value)>,
}

impl Choice {
    /// One asset.
    #[must_use]
    pub fn asset(id: &str) -> Self {
        Self {
            assets: vec![id.to_owned()],
            ..Self::default()
        }
    }

    /// One collection.
    #[must_use]
    pub fn collection(id: &str) -> Self {
        Self {
            collections: vec![id.to_owned()],
            ..Self::default()
        }
    }

    /// With a value in the form.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.form.push((field.to_owned(), value.into()));
        self
    }
}

fn no_action() -> Refusal {
    Refusal::not_found("Custom action")
}

/// `GET /API/assets/v1/custom_actions/`: a list without paging.
pub(super) async fn list(State(sim): State<Sim>, _caller: Caller) -> Json<Value> {
    with(&sim, |world, _| {
        Json(json!({"objects": world.domain.actions}))
    })
}

/// `GET /API/assets/v1/custom_actions/{context}/`
pub(super) async fn of_context(
    State(sim): State<Sim>,
    _caller: Caller,
    Path(context): Path<String>,
) -> Json<Value> {
    with(&sim, |world, _| {
        let actions = world.domain.actions.iter();
        let fitting = actions.filter(|action| text(action, "context") == context);
        Json(json!({"objects": fitting.collect::<Vec<_>>()}))
    })
}

/// `POST /API/assets/v1/custom_actions/{context}/`
pub(super) async fn create(
    State(sim): State<Sim>,
    _caller: Caller,
    Path(context): Path<String>,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Record>), Refusal> {
    required(&body, "title")?;
    required(&body, "url")?;
    if !CONTEXTS.contains(&context.as_str()) {
        return Err(Refusal::field("context", "Not a valid choice."));
    }
    with(&sim, |world, now| {
        let mut action = Record::new();
        overlay(&mut action, &body, &OWN);
        action.entry("status").or_insert("HEALTHY".into());
        action.entry("type").or_insert("POST".into());
        let own = json!({
            "id": world.domain.new_id(), "context": context,
            "system_domain_id": world.domain.id,
            "date_created": date(now), "date_modified": date(now),
        });
        action.extend(own.as_object().cloned().unwrap_or_default());
        world.domain.actions.push(action.clone());
        effect("create-custom-action");
        Ok((StatusCode::CREATED, Json(action)))
    })
}

fn find<'a>(world: &'a mut World, id: &str) -> Result<&'a mut Record, Refusal> {
    let mut actions = world.domain.actions.iter_mut();
    actions
        .find(|action| text(action, "id") == id)
        .ok_or_else(no_action)
}

/// `PUT` and `PATCH .../custom_actions/{context}/{id}/`
pub(super) async fn update(
    State(sim): State<Sim>,
    _caller: Caller,
    Path((_context, id)): Path<(String, String)>,
    Json(body): Json<Record>,
) -> Result<Json<Record>, Refusal> {
    with(&sim, |world, now| {
        let action = find(world, &id)?;
        overlay(action, &body, &OWN);
        action.insert("date_modified".to_owned(), date(now).into());
        if text(action, "status") == "HEALTHY" {
            action.remove("last_error");
            action.remove("last_error_date");
        }
        let action = action.clone();
        world.domain.webhook_failures.remove(&id);
        effect("update-custom-action");
        Ok(Json(action))
    })
}

/// `DELETE .../custom_actions/{context}/{id}/`
pub(super) async fn delete(
    State(sim): State<Sim>,
    _caller: Caller,
    Path((_context, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    with(&sim, |world, _| {
        find(world, &id)?;
        world
            .domain
            .actions
            .retain(|action| text(action, "id") != id);
        effect("delete-custom-action");
        Ok(StatusCode::NO_CONTENT)
    })
}

/// A person chooses the action of a title; false where the menu does not offer it.
pub(super) fn invoke(sim: &Sim, title: &str, by: &str, choice: &Choice) -> bool {
    let delivery = with(sim, |world, now| {
        let actions = world.domain.actions.iter();
        let mut offered = actions.filter(|action| {
            text(action, "title") == title
                && text(action, "status") != "FAILING"
                && action.get("disabled").is_none_or(|off| *off == false)
        });
        let action = offered.next()?.clone();
        let form: Map<String, Value> = choice.form.iter().map(form_value).collect();
        let body = json!({
            "user_id": by, "system_domain_id": world.domain.id, "action_id": action["id"],
            "context": action["context"], "asset_ids": choice.assets,
            "collection_ids": choice.collections, "saved_search_ids": [],
            "metadata_view_id": action.get("metadata_view"), "metadata_values": form,
            "date_created": date(now), "auth_token": null,
        });
        Some(delivery(sim, &action, body))
    });
    let offered = delivery.is_some();
    delivery
        .into_iter()
        .for_each(|d| sim.frame.courier().send(d));
    offered
}

fn form_value((field, value): &(String, Value)) -> (String, Value) {
    let values = match value {
        Value::Array(values) => values.clone(),
        single => vec![single.clone()],
    };
    let values: Vec<Value> = values.into_iter().map(|v| json!({"value": v})).collect();
    (field.clone(), json!({"field_values": values}))
}

fn delivery(sim: &Sim, action: &Record, body: Value) -> Delivery {
    let headers = action.get("headers").and_then(Value::as_object);
    let headers = headers.into_iter().flatten();
    let headers =
        headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let label = format!("action.{}", text(action, "title"));
    let (sim, id) = (sim.clone(), text(action, "id").to_owned());
    Delivery {
        headers: headers.collect(),
        report: Some(Box::new(move |outcome| note(&sim, &id, outcome))),
        ..Delivery::new(label, text(action, "url"), body)
    }
}

/// One that keeps failing is not offered any more.
fn note(sim: &Sim, id: &str, outcome: &Result<u16, String>) {
    let now = sim.frame.now();
    let mut world = sim.lock();
    let why = match outcome {
        Ok(status) if (200..300).contains(status) => {
            world.domain.webhook_failures.remove(id);
            return;
        }
        Ok(status) => format!("status {status}"),
        Err(error) => error.clone(),
    };
    let limit = world.options.failures_until_failing;
    let failures = world
        .domain
        .webhook_failures
        .entry(id.to_owned())
        .or_default();
    *failures += 1;
    let failing = *failures >= limit;
    if let Ok(action) = find(&mut world, id) {
        action.insert("last_error".to_owned(), why.into());
        action.insert("last_error_date".to_owned(), date(now).into());
        if failing {
            action.insert("status".to_owned(), "FAILING".into());
        }
    }
}
