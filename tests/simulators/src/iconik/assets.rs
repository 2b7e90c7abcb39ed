//! Assets: reading, making, changing; delete queue, purge, restore.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::http::{Caller, Refusal, paged, required};
use super::types::{Asset, Record, text};
use super::{Sim, with};
use crate::common::effect;

pub(super) fn no_asset() -> Refusal {
    Refusal::not_found("Asset")
}

/// `GET /API/assets/v1/assets/`
pub(super) async fn list(State(sim): State<Sim>, caller: Caller) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, now| {
        let domain = &world.domain;
        let active = domain
            .all_visible(now)
            .filter(|asset| asset.status == "ACTIVE");
        paged(
            &caller,
            active
                .map(|asset| Value::Object(domain.asset_record(asset)))
                .collect(),
        )
    })
}

/// `POST /API/assets/v1/assets/`
pub(super) async fn create(
    State(sim): State<Sim>,
    caller: Caller,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Record>), Refusal> {
    let title = required(&body, "title")?;
    let kind = match text(&body, "type") {
        "" => "ASSET",
        kind => kind,
    };
    with(&sim, |world, now| {
        let domain = &mut world.domain;
        let collection = text(&body, "collection_id");
        if !collection.is_empty() && !domain.collections.contains_key(collection) {
            return Err(Refusal::field("collection_id", "Collection not found"));
        }
        let id = domain.create_asset(title, kind, &caller.user, now);
        effect("create-asset");
        if let Some(asset) = domain.assets.get_mut(&id) {
            asset.external_id = body
                .get("external_id")
                .and_then(Value::as_str)
                .map(str::to_owned);
        }
        if !collection.is_empty() {
            domain.put_into(collection, &id, &caller.user, now);
        }
        let asset = domain.assets.get(&id).ok_or_else(no_asset)?;
        Ok((StatusCode::CREATED, Json(domain.asset_record(asset))))
    })
}

/// `GET /API/assets/v1/assets/{id}/`: deleted ones are told with their status.
pub(super) async fn read(
    State(sim): State<Sim>,
    _caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Record>, Refusal> {
    with(&sim, |world, now| {
        let asset = world.domain.visible(&id, now).ok_or_else(no_asset)?;
        Ok(Json(world.domain.asset_record(asset)))
    })
}

/// `PATCH` and `PUT /API/assets/v1/assets/{id}/`
pub(super) async fn update(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Record>,
) -> Result<Json<Record>, Refusal> {
    with(&sim, |world, now| {
        let domain = &mut world.domain;
        let change = |asset: &mut Asset| {
            if let Some(title) = body.get("title").and_then(Value::as_str) {
                title.clone_into(&mut asset.title);
            }
            if let Some(kind) = body.get("type").and_then(Value::as_str) {
                kind.clone_into(&mut asset.kind);
            }
            if let Some(external) = body.get("external_id") {
                asset.external_id = external.as_str().map(str::to_owned);
            }
        };
        if !domain.change_asset(&id, &caller.user, now, change) {
            return Err(no_asset());
        }
        effect("update-asset");
        domain.emit_asset("update", &id, &caller.user);
        let asset = domain.assets.get(&id).ok_or_else(no_asset)?;
        Ok(Json(domain.asset_record(asset)))
    })
}

/// `DELETE /API/assets/v1/assets/{id}/`: into the delete queue.
pub(super) async fn delete(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    done(
        with(&sim, |world, now| {
            world.domain.delete_asset(&id, &caller.user, now)
        }),
        "delete-asset",
    )
}

/// `DELETE .../{id}/purge/`
pub(super) async fn purge(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    done(
        with(&sim, |world, now| {
            world.domain.purge_asset(&id, &caller.user, now)
        }),
        "purge-asset",
    )
}

/// `PUT .../{id}/restore/`
pub(super) async fn restore(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    done(
        with(&sim, |world, now| {
            world.domain.restore_asset(&id, &caller.user, now)
        }),
        "restore-asset",
    )
}

fn done(found: bool, what: &str) -> Result<StatusCode, Refusal> {
    if !found {
        return Err(no_asset());
    }
    effect(what);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(super) struct Ids {
    ids: Vec<String>,
}

/// `GET /API/assets/v1/delete_queue/assets/`
pub(super) async fn queue(State(sim): State<Sim>, caller: Caller) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, now| {
        let domain = &world.domain;
        let deleted = domain
            .all_visible(now)
            .filter(|asset| asset.status == "DELETED");
        paged(
            &caller,
            deleted
                .map(|asset| Value::Object(domain.asset_record(asset)))
                .collect(),
        )
    })
}

/// `POST /API/assets/v1/delete_queue/assets/`
pub(super) async fn enqueue(
    State(sim): State<Sim>,
    caller: Caller,
    Json(wanted): Json<Ids>,
) -> StatusCode {
    with(&sim, |world, now| {
        for id in &wanted.ids {
            if world.domain.delete_asset(id, &caller.user, now) {
                effect("delete-asset");
            }
        }
    });
    StatusCode::NO_CONTENT
}

/// `DELETE /API/assets/v1/delete_queue/assets/`: active again.
pub(super) async fn dequeue(
    State(sim): State<Sim>,
    caller: Caller,
    Json(wanted): Json<Ids>,
) -> StatusCode {
    with(&sim, |world, now| {
        for id in &wanted.ids {
            if world.domain.restore_asset(id, &caller.user, now) {
                effect("restore-asset");
            }
        }
    });
    StatusCode::NO_CONTENT
}

/// `POST /API/assets/v1/delete_queue/assets/purge/`
pub(super) async fn purge_queue(
    State(sim): State<Sim>,
    caller: Caller,
    Json(wanted): Json<Ids>,
) -> StatusCode {
    with(&sim, |world, now| {
        for id in &wanted.ids {
            if world.domain.purge_asset(id, &caller.user, now) {
                effect("purge-asset");
            }
        }
    });
    StatusCode::NO_CONTENT
}
