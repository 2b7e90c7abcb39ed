//! Webhooks: registered over the API, delivered with custom headers, switched off when they fail.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::http::{Caller, Refusal, overlay, required};
use super::types::{DomainEvent, Record, date, text};
use super::{Sim, World, with};
use crate::common::{Delivery, effect};

/// Keys the service sets itself.
const OWN: [&str; 5] = [
    "id",
    "date_created",
    "date_modified",
    "first_failed_at",
    "last_payload",
];

fn no_webhook() -> Refusal {
    Refusal::not_found("Webhook")
}

/// `GET /API/notifications/v1/webhooks/`: a list without paging.
pub(super) async fn list(State(sim): State<Sim>, _caller: Caller) -> Json<Value> {
    with(&sim, |world, _| {
        Json(json!({"objects": world.domain.webhooks}))
    })
}

/// `POST /API/notifications/v1/webhooks/`
pub(super) async fn create(
    State(sim): State<Sim>,
    _caller: Caller,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Record>), Refusal> {
    check(&body)?;
    with(&sim, |world, now| {
        let mut webhook = Record::new();
        overlay(&mut webhook, &body, &OWN);
        let own = [
            ("id", world.domain.new_id()),
            ("date_created", date(now)),
            ("date_modified", date(now)),
        ];
        webhook.extend(own.map(|(key, value)| (key.to_owned(), json!(value))));
        world.domain.webhooks.push(webhook.clone());
        effect("create-webhook");
        Ok((StatusCode::CREATED, Json(webhook)))
    })
}

fn check(body: &Record) -> Result<(), Refusal> {
    required(body, "url")?;
    required(body, "event_type")?;
    match required(body, "status")? {
        "ENABLED" | "DISABLED" | "FAILING" | "DELETED" => Ok(()),
        _ => Err(Refusal::field("status", "Not a valid choice.")),
    }
}

fn find<'a>(world: &'a mut World, id: &str) -> Result<&'a mut Record, Refusal> {
    let found = world
        .domain
        .webhooks
        .iter_mut()
        .find(|webhook| text(webhook, "id") == id);
    found.ok_or_else(no_webhook)
}

/// `GET /API/notifications/v1/webhooks/{id}/`: the vendor's document says 201; so it is.
pub(super) async fn read(
    State(sim): State<Sim>,
    _caller: Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Record>), Refusal> {
    with(&sim, |world, _| {
        Ok((StatusCode::CREATED, Json(find(world, &id)?.clone())))
    })
}

/// `PUT /API/notifications/v1/webhooks/{id}/`: set to `ENABLED`, it is tried again.
pub(super) async fn update(
    State(sim): State<Sim>,
    _caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Record>,
) -> Result<Json<Record>, Refusal> {
    check(&body)?;
    with(&sim, |world, now| {
        let webhook = find(world, &id)?;
        overlay(webhook, &body, &OWN);
        webhook.insert("date_modified".to_owned(), date(now).into());
        if text(webhook, "status") == "ENABLED" {
            webhook.remove("first_failed_at");
            webhook.remove("last_error");
        }
        let webhook = webhook.clone();
        world.domain.webhook_failures.remove(&id);
        effect("update-webhook");
        Ok(Json(webhook))
    })
}

/// `DELETE /API/notifications/v1/webhooks/{id}/`
pub(super) async fn delete(
    State(sim): State<Sim>,
    _caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    with(&sim, |world, _| {
        find(world, &id)?;
        world
            .domain
            .webhooks
            .retain(|webhook| text(webhook, "id") != id);
        effect("delete-webhook");
        Ok(StatusCode::NO_CONTENT)
    })
}

/// What is to be sent for these events.
pub(super) fn deliveries(sim: &Sim, world: &World, events: &[DomainEvent]) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    for event in events {
        let body = json!({
            "system_domain_id": world.domain.id,
            "event_type": event.event_type,
            "realm": event.realm,
            "operation": event.operation,
            "object_id": event.object_id,
            "user_id": event.user,
            "request_id": event.request_id,
            "data": event.data,
        });
        for webhook in world
            .domain
            .webhooks
            .iter()
            .filter(|webhook| wants(webhook, event))
        {
            deliveries.push(delivery(sim, webhook, event, body.clone()));
        }
    }
    deliveries
}

/// An empty realm, operation or object stands for all.
fn wants(webhook: &Record, event: &DomainEvent) -> bool {
    let fits = |key: &str, value: &str| {
        matches!(text(webhook, key), "" | "*") || text(webhook, key) == value
    };
    text(webhook, "status") == "ENABLED"
        && text(webhook, "event_type") == event.event_type
        && fits("realm", event.realm)
        && fits("operation", event.operation)
        && fits("object_id", &event.object_id)
        && query_holds(text(webhook, "query"), &event.data)
}

/// The one form of query that is documented: `data.KEY="VALUE"`.
fn query_holds(query: &str, data: &Value) -> bool {
    let Some((key, value)) = query.strip_prefix("data.").and_then(|q| q.split_once('=')) else {
        return true;
    };
    data[key.trim()] == value.trim().trim_matches('"')
}

fn delivery(sim: &Sim, webhook: &Record, event: &DomainEvent, body: Value) -> Delivery {
    let headers = webhook
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let headers =
        headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let label = format!("{}.{}.{}", event.event_type, event.realm, event.operation);
    let (sim, id, payload) = (
        sim.clone(),
        text(webhook, "id").to_owned(),
        body.to_string(),
    );
    Delivery {
        headers: headers.collect(),
        report: Some(Box::new(move |outcome| note(&sim, &id, &payload, outcome))),
        ..Delivery::new(label, text(webhook, "url"), body)
    }
}

/// A webhook that keeps failing is switched off.
fn note(sim: &Sim, id: &str, payload: &str, outcome: &Result<u16, String>) {
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
    if let Ok(webhook) = find(&mut world, id) {
        webhook
            .entry("first_failed_at")
            .or_insert_with(|| date(now).into());
        webhook.insert("last_error".to_owned(), why.into());
        webhook.insert("last_payload".to_owned(), payload.into());
        if failing {
            webhook.insert("status".to_owned(), "FAILING".into());
        }
    }
}
