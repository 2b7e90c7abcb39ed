//! `/identity/users` and `/identity/groups`. Flowable knows no disabled users: one that cannot be
//! given work is not there.

use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::super::engine::Error;
use super::super::engine::model::{Group, User};
use super::super::http::{BasicCaller, Caller, Sim};
use super::{Answer, linked, page, reply};

pub(super) async fn users(State(sim): State<Sim>, BasicCaller(caller): BasicCaller) -> Answer {
    let world = sim.lock();
    let params = &caller.params;
    let found: Vec<_> = world
        .engine
        .users
        .iter()
        .filter(|user| user.enabled)
        .filter(|user| params.get("id").is_none_or(|id| id == user.id))
        .filter(|user| params.get("email").is_none_or(|email| email == user.id))
        .filter(|user| {
            params
                .get("memberOfGroup")
                .is_none_or(|group| world.engine.groups_of(&user.id).contains(&group))
        })
        .collect();
    page(&caller, &found, |found| user_row(&caller, found))
}

pub(super) async fn user(
    State(sim): State<Sim>,
    BasicCaller(caller): BasicCaller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    let found = world.engine.user(&id).filter(|user| user.enabled);
    let found =
        found.ok_or_else(|| Error::NotFound(format!("Could not find a user with id '{id}'.")))?;
    reply(StatusCode::OK, user_row(&caller, found))
}

pub(super) async fn groups(State(sim): State<Sim>, BasicCaller(caller): BasicCaller) -> Answer {
    let world = sim.lock();
    let params = &caller.params;
    let found: Vec<_> = world
        .engine
        .groups
        .iter()
        .filter(|group| params.get("id").is_none_or(|id| id == group.id))
        .filter(|group| {
            params
                .get("member")
                .is_none_or(|user| group.members.iter().any(|m| m == user))
        })
        .collect();
    page(&caller, &found, |group| group_row(&caller, group))
}

pub(super) async fn group(
    State(sim): State<Sim>,
    BasicCaller(caller): BasicCaller,
    Path(id): Path<String>,
) -> Answer {
    let world = sim.lock();
    let found = world.engine.group(&id);
    let found =
        found.ok_or_else(|| Error::NotFound(format!("Could not find a group with id '{id}'.")))?;
    reply(StatusCode::OK, group_row(&caller, found))
}

fn user_row(caller: &Caller, user: &User) -> Value {
    let row = json!({
        "id": user.id,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "email": user.id,
        "pictureUrl": null,
    });
    linked(caller, "identity/users", row)
}

fn group_row(caller: &Caller, group: &Group) -> Value {
    let row = json!({"id": group.id, "name": group.name, "type": "assignment"});
    linked(caller, "identity/groups", row)
}
