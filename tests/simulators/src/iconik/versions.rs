//! Versions of assets.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::assets::no_asset;
use super::http::{Caller, Refusal};
use super::types::{Record, Version, text};
use super::{Sim, World, with};
use crate::common::effect;

/// `POST .../assets/{id}/versions/`: answers 200, not 201.
pub(super) async fn create(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    body: Option<Json<Record>>,
) -> Result<Json<Value>, Refusal> {
    let copy = body
        .as_ref()
        .and_then(|body| body.get("copy_metadata"))
        .is_some_and(|v| v == true);
    with(&sim, |world, now| {
        world
            .domain
            .create_version(&id, &caller.user, now)
            .ok_or_else(no_asset)?;
        effect("create-version");
        if !copy {
            // Unless copied, a new version starts without metadata: inferred from the switch.
            world
                .domain
                .metadata
                .remove(&("assets".to_owned(), id.clone()));
        }
        listed(world, &id)
    })
}

/// The versions of an asset, as the version calls answer.
fn listed(world: &World, id: &str) -> Result<Json<Value>, Refusal> {
    let asset = world.domain.assets.get(id).ok_or_else(no_asset)?;
    let versions: Vec<Value> = asset.versions.iter().map(Version::record).collect();
    Ok(Json(
        json!({"asset_id": id, "system_domain_id": world.domain.id, "versions": versions}),
    ))
}

/// `PUT .../versions/{vid}/promote/`
pub(super) async fn promote(
    State(sim): State<Sim>,
    caller: Caller,
    Path((id, version)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    if !with(&sim, |world, now| {
        world.domain.promote(&id, &version, &caller.user, now)
    }) {
        return Err(Refusal::not_found("Version"));
    }
    effect("promote-version");
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE .../versions/{vid}/`: not the last one.
pub(super) async fn delete(
    State(sim): State<Sim>,
    caller: Caller,
    Path((id, version)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    with(&sim, |world, now| {
        let asset = world.domain.assets.get(&id).ok_or_else(no_asset)?;
        if !asset.versions.iter().any(|v| v.id == version) {
            return Err(Refusal::not_found("Version"));
        }
        if asset.versions.len() == 1 {
            return Err(Refusal::invalid("The last version cannot be deleted"));
        }
        world.domain.change_asset(&id, &caller.user, now, |asset| {
            asset.versions.retain(|v| v.id != version);
        });
        world.domain.emit(
            ("assets", "versions", "delete"),
            &id,
            &caller.user,
            json!({"version_id": version}),
        );
        effect("delete-version");
        Ok(StatusCode::NO_CONTENT)
    })
}

/// The version a body names, or the current one.
pub(super) fn named_version(world: &World, id: &str, body: &Record) -> Result<String, Refusal> {
    let asset = world.domain.assets.get(id).ok_or_else(no_asset)?;
    match text(body, "version_id") {
        "" => Ok(asset.current().to_owned()),
        named if asset.versions.iter().any(|v| v.id == named) => Ok(named.to_owned()),
        _ => Err(Refusal::not_found("Version")),
    }
}
