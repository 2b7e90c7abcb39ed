//! `/workflow/v1/identity/users/{id}` and `/groups/{id}`.
//!
//! Uncertain: the public material names no directory call of the workflow service. A real account
//! looks people up in the platform's directory; the connector takes the path from a setting, and
//! the simulator answers at this one.

use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::json;

use super::super::engine::Error;
use super::super::http::{Answer, Caller, Sim, reply};

pub(super) async fn user(State(sim): State<Sim>, _: Caller, Path(id): Path<String>) -> Answer {
    let world = sim.lock();
    let user = world.engine.user(&id);
    let user = user.ok_or_else(|| Error::NotFound(format!("Could not find a user '{id}'.")))?;
    let body = json!({
        "id": user.id,
        "email": user.id,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "displayName": format!("{} {}", user.first_name, user.last_name),
        "enabled": user.enabled,
        "groups": world.engine.groups_of(&id),
    });
    reply(StatusCode::OK, body)
}

pub(super) async fn group(State(sim): State<Sim>, _: Caller, Path(id): Path<String>) -> Answer {
    let world = sim.lock();
    let group = world.engine.group(&id);
    let group = group.ok_or_else(|| Error::NotFound(format!("Could not find a group '{id}'.")))?;
    let body = json!({
        "id": group.id,
        "name": group.name,
        "displayName": group.name,
        "enabled": group.enabled,
        "members": group.members,
    });
    reply(StatusCode::OK, body)
}
