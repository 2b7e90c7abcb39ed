//! Reviews: requests, votes, and where they stand, per version.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{Caller, Refusal, paged};
use super::types::{Approval, Record, date, text};
use super::versions::named_version;
use super::{Sim, World, with};
use crate::common::effect;

/// Only assets have reviews here; iconik also knows collections and saved searches.
fn only_assets(object_type: &str) -> Result<(), Refusal> {
    if object_type == "assets" {
        Ok(())
    } else {
        Err(Refusal::not_found("Object"))
    }
}

fn approval(world: &World, id: &str, version: &str) -> Approval {
    let key = (id.to_owned(), version.to_owned());
    world
        .domain
        .approvals
        .get(&key)
        .cloned()
        .unwrap_or_default()
}

fn votes(approval: &Approval, id: &str, version: &str) -> Vec<Value> {
    let votes = approval.votes.iter();
    votes
        .map(|(voter, (status, at))| {
            let who = if voter.contains('@') {
                "external"
            } else {
                "user"
            };
            json!({
                who: voter,
                "status": status,
                "change_date": date(*at),
                "object_id": id,
                "object_type": "assets",
                "version_id": version,
            })
        })
        .collect()
}

fn record(world: &World, id: &str, version: &str, caller: &Caller) -> Json<Value> {
    let approval = approval(world, id, version);
    let mut record = json!({
        "object_id": id,
        "object_type": "assets",
        "version_id": version,
        "status": approval.status(),
        "user_status": approval.votes.get(&caller.user).map(|(status, _)| status),
        "users": approval.users,
        "groups": approval.groups,
        "externals": approval.externals,
        "approvals_by": votes(&approval, id, version),
        "share_id": null,
    });
    // The vendor's smallest number is 1; that all are needed is told by leaving it out.
    if approval.min_number > 0 {
        record["min_number"] = approval.min_number.into();
    }
    if let Some((by, at)) = &approval.requested {
        record["requested_by"] = by.clone().into();
        record["request_date"] = date(*at).into();
    }
    Json(record)
}

/// `GET /API/assets/v1/{object_type}/{id}/approvals/`: votes on the current version.
pub(super) async fn list(
    State(sim): State<Sim>,
    caller: Caller,
    Path((object_type, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    only_assets(&object_type)?;
    with(&sim, |world, _| {
        let version = named_version(world, &id, &Record::new())?;
        paged(
            &caller,
            votes(&approval(world, &id, &version), &id, &version),
        )
    })
}

/// `GET .../versions/{vid}/approvals/`
pub(super) async fn list_of_version(
    State(sim): State<Sim>,
    caller: Caller,
    Path((object_type, id, version)): Path<(String, String, String)>,
) -> Result<Json<Value>, Refusal> {
    only_assets(&object_type)?;
    with(&sim, |world, _| {
        let version = existing(world, &id, version)?;
        paged(
            &caller,
            votes(&approval(world, &id, &version), &id, &version),
        )
    })
}

fn existing(world: &World, id: &str, version: String) -> Result<String, Refusal> {
    let body = Record::from_iter([("version_id".to_owned(), Value::String(version))]);
    named_version(world, id, &body)
}

/// `PUT .../approvals/`: the caller's vote on the version the body names, or the current one.
pub(super) async fn vote(
    State(sim): State<Sim>,
    caller: Caller,
    Path((object_type, id)): Path<(String, String)>,
    Json(body): Json<Record>,
) -> Result<Json<Value>, Refusal> {
    only_assets(&object_type)?;
    let status = voted(&body)?;
    with(&sim, |world, now| {
        let version = named_version(world, &id, &body)?;
        world.domain.vote(&id, &version, &caller.user, status, now);
        effect("vote");
        let mine = votes(&approval(world, &id, &version), &id, &version);
        let mine = mine
            .into_iter()
            .find(|vote| vote["user"] == caller.user.as_str());
        Ok(Json(mine.unwrap_or_default()))
    })
}

fn voted(body: &Record) -> Result<&str, Refusal> {
    match text(body, "status") {
        status @ ("APPROVED" | "NOT_APPROVED") => Ok(status),
        _ => Err(Refusal::field(
            "status",
            "Must be one of: APPROVED, NOT_APPROVED.",
        )),
    }
}

/// `DELETE .../approvals/`: take the vote back.
pub(super) async fn unvote(
    State(sim): State<Sim>,
    caller: Caller,
    Path((object_type, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    only_assets(&object_type)?;
    with(&sim, |world, _| {
        let version = named_version(world, &id, &Record::new())?;
        if let Some(approval) = world.domain.approvals.get_mut(&(id, version)) {
            approval.votes.remove(&caller.user);
        }
        effect("unvote");
        Ok(StatusCode::NO_CONTENT)
    })
}

/// `GET .../approvals/request/`: the current version's; `N/A` where nobody asked.
pub(super) async fn read_request(
    State(sim): State<Sim>,
    caller: Caller,
    Path((object_type, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    only_assets(&object_type)?;
    with(&sim, |world, _| {
        let version = named_version(world, &id, &Record::new())?;
        Ok(record(world, &id, &version, &caller))
    })
}

/// `GET .../versions/{vid}/approvals/request/`
pub(super) async fn read_request_of_version(
    State(sim): State<Sim>,
    caller: Caller,
    Path((object_type, id, version)): Path<(String, String, String)>,
) -> Result<Json<Value>, Refusal> {
    only_assets(&object_type)?;
    with(&sim, |world, _| {
        let version = existing(world, &id, version)?;
        Ok(record(world, &id, &version, &caller))
    })
}

/// `POST`, `PUT` and `PATCH .../approvals/request/`: ask for a review.
pub(super) async fn request(
    State(sim): State<Sim>,
    caller: Caller,
    method: http::Method,
    Path((object_type, id)): Path<(String, String)>,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    only_assets(&object_type)?;
    let list = |key: &str| -> Option<Vec<String>> {
        let items = body.get(key)?.as_array()?;
        Some(
            items
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        )
    };
    let number = match body.get("min_number").map(Value::as_u64) {
        None => None,
        Some(Some(number)) if number > 0 => Some(u32::try_from(number).unwrap_or(u32::MAX)),
        Some(_) => return Err(Refusal::field("min_number", "Must be greater than 0.")),
    };
    with(&sim, |world, now| {
        let version = named_version(world, &id, &body)?;
        let key = (id.clone(), version.clone());
        let approval = world.domain.approvals.entry(key).or_default();
        approval.requested = Some((caller.user.clone(), now));
        approval.users = list("users").unwrap_or_else(|| approval.users.clone());
        approval.groups = list("groups").unwrap_or_else(|| approval.groups.clone());
        approval.externals = list("externals").unwrap_or_else(|| approval.externals.clone());
        approval.min_number = number.unwrap_or(approval.min_number);
        let data = json!({"version_id": version, "status": approval.status()});
        world
            .domain
            .emit(("assets", "approvals", "update"), &id, &caller.user, data);
        effect("request-approval");
        let created = method == http::Method::POST;
        let status = if created {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        Ok((status, record(world, &id, &version, &caller)))
    })
}

/// `DELETE .../approvals/request/`
pub(super) async fn withdraw(
    State(sim): State<Sim>,
    caller: Caller,
    Path((object_type, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    only_assets(&object_type)?;
    with(&sim, |world, _| {
        let version = named_version(world, &id, &Record::new())?;
        world
            .domain
            .approvals
            .remove(&(id.clone(), version.clone()));
        effect("withdraw-approval");
        Ok(record(world, &id, &version, &caller))
    })
}

/// Body of the bulk calls.
#[derive(Deserialize)]
pub(super) struct Bulk {
    object_ids: Vec<String>,
    object_type: String,
    #[serde(default)]
    status: String,
}

/// `POST /API/assets/v1/approvals/bulk/`
pub(super) async fn bulk(
    State(sim): State<Sim>,
    caller: Caller,
    Json(body): Json<Bulk>,
) -> Result<StatusCode, Refusal> {
    only_assets(&body.object_type)?;
    let status = Record::from_iter([("status".to_owned(), Value::String(body.status))]);
    let status = voted(&status)?;
    with(&sim, |world, now| {
        for id in &body.object_ids {
            let version = named_version(world, id, &Record::new())?;
            world.domain.vote(id, &version, &caller.user, status, now);
            effect("vote");
        }
        Ok(StatusCode::OK)
    })
}

/// `POST /API/assets/v1/approvals/bulk_remove/`
pub(super) async fn bulk_remove(
    State(sim): State<Sim>,
    caller: Caller,
    Json(body): Json<Bulk>,
) -> Result<StatusCode, Refusal> {
    only_assets(&body.object_type)?;
    with(&sim, |world, _| {
        for id in body.object_ids {
            let version = named_version(world, &id, &Record::new())?;
            if let Some(approval) = world.domain.approvals.get_mut(&(id, version)) {
                approval.votes.remove(&caller.user);
            }
        }
        Ok(StatusCode::OK)
    })
}
