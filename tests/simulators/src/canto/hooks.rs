//! Webhooks as an administrator sets them up: a URL and a token per event.

use axum::extract::State;
use axum::response::Response;
use axum::{Json, response::IntoResponse as _};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Sim;
use super::library::LibraryEvent;
use crate::common::Delivery;

/// Events a webhook can be set up for, in the words of [`LibraryEvent::event`].
pub const EVENTS: [&str; 10] = [
    "upload",
    "update-metadata",
    "new-version",
    "delete-asset",
    "assign-album",
    "remove-album",
    "add-album",
    "delete-album",
    "add-folder",
    "delete-folder",
];

/// One webhook. There may be several per event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Hook {
    /// One of [`EVENTS`].
    pub event: String,
    /// Where to send it.
    pub url: String,
    /// Sent along in the body.
    pub secure_token: String,
}

/// What is to be sent for these events. The body does not say which event it is about.
pub(super) fn deliveries(hooks: &[Hook], events: &[LibraryEvent]) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    for event in events {
        for hook in hooks.iter().filter(|hook| hook.event == event.event) {
            let body = json!({
                "secure_token": hook.secure_token,
                "scheme": event.scheme,
                "id": event.id,
                "album": event.album.as_deref().unwrap_or_default(),
                "displayname": event.name,
            });
            deliveries.push(Delivery::new(event.event, &hook.url, body));
        }
    }
    deliveries
}

/// `GET /_sim/webhooks`
pub(super) async fn list(State(sim): State<Sim>) -> Json<Vec<Hook>> {
    Json(sim.lock().hooks.clone())
}

/// `POST /_sim/webhooks`: what a person does in Canto's settings, for tests and demonstrations.
pub(super) async fn add(State(sim): State<Sim>, Json(hook): Json<Hook>) -> Response {
    if !EVENTS.contains(&hook.event.as_str()) {
        return (
            StatusCode::BAD_REQUEST,
            format!("unknown event {:?}\n", hook.event),
        )
            .into_response();
    }
    sim.lock().hooks.push(hook);
    StatusCode::NO_CONTENT.into_response()
}

/// `DELETE /_sim/webhooks`: take all away.
pub(super) async fn clear(State(sim): State<Sim>) -> StatusCode {
    sim.lock().hooks.clear();
    StatusCode::NO_CONTENT
}
