//! Segments: comments, markers and other spans of an asset.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::assets::no_asset;
use super::http::{Caller, Refusal, overlay, paged, required};
use super::types::{Record, date, text};
use super::versions::named_version;
use super::{Sim, World, with};
use crate::common::effect;

const TYPES: [&str; 8] = [
    "MARKER",
    "QC",
    "GENERIC",
    "COMMENT",
    "TAG",
    "TRANSCRIPTION",
    "SCENE",
    "PERSON",
];

/// Keys the service sets itself.
const OWN: [&str; 6] = [
    "id",
    "asset_id",
    "user_id",
    "date_created",
    "date_modified",
    "status",
];

/// `GET .../assets/{id}/segments/`: of the current version unless the caller asks for more.
pub(super) async fn list(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let current = world.domain.assets.get(&id).ok_or_else(no_asset)?.current();
        let all = caller.query("include_all_versions") == Some("true");
        let version = caller.query("version_id").unwrap_or(current);
        let shown = world.domain.segments.iter().filter(|segment| {
            text(segment, "asset_id") == id
                && (all || text(segment, "version_id") == version)
                && caller
                    .query("segment_type")
                    .is_none_or(|kind| text(segment, "segment_type") == kind)
        });
        paged(&caller, shown.cloned().map(Value::Object).collect())
    })
}

/// `POST .../assets/{id}/segments/`
pub(super) async fn create(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Record>), Refusal> {
    let kind = required(&body, "segment_type")?;
    if !TYPES.contains(&kind) {
        return Err(Refusal::field("segment_type", "Not a valid choice."));
    }
    with(&sim, |world, now| {
        let version = named_version(world, &id, &body)?;
        let parent = text(&body, "parent_id");
        if !parent.is_empty() && position(world, &id, parent).is_err() {
            return Err(Refusal::field("parent_id", "Segment not found"));
        }
        let domain = &mut world.domain;
        let mut segment = Record::new();
        overlay(&mut segment, &body, &OWN);
        segment.entry("segment_checked").or_insert(false.into());
        for (key, value) in [
            ("id", domain.new_id()),
            ("asset_id", id.clone()),
            ("version_id", version),
            ("user_id", caller.user.clone()),
            ("status", "ACTIVE".to_owned()),
            ("date_created", date(now)),
            ("date_modified", date(now)),
        ] {
            segment.insert(key.to_owned(), value.into());
        }
        domain.segments.push(segment.clone());
        effect("create-segment");
        report(world, "create", &id, &caller.user, &segment);
        Ok((StatusCode::CREATED, Json(segment)))
    })
}

fn report(world: &mut World, operation: &'static str, asset: &str, by: &str, segment: &Record) {
    let data = Value::Object(segment.clone());
    world
        .domain
        .emit(("assets", "segments", operation), asset, by, data);
}

fn position(world: &World, asset: &str, id: &str) -> Result<usize, Refusal> {
    let mut segments = world.domain.segments.iter();
    segments
        .position(|segment| text(segment, "id") == id && text(segment, "asset_id") == asset)
        .ok_or_else(|| Refusal::not_found("Segment"))
}

/// `GET .../segments/{sid}/`
pub(super) async fn read(
    State(sim): State<Sim>,
    _caller: Caller,
    Path((asset, id)): Path<(String, String)>,
) -> Result<Json<Record>, Refusal> {
    with(&sim, |world, _| {
        let position = position(world, &asset, &id)?;
        Ok(Json(world.domain.segments[position].clone()))
    })
}

/// `PUT` and `PATCH .../segments/{sid}/`
pub(super) async fn update(
    State(sim): State<Sim>,
    caller: Caller,
    Path((asset, id)): Path<(String, String)>,
    Json(body): Json<Record>,
) -> Result<Json<Record>, Refusal> {
    with(&sim, |world, now| {
        let position = position(world, &asset, &id)?;
        let segment = &mut world.domain.segments[position];
        overlay(segment, &body, &OWN);
        segment.insert("date_modified".to_owned(), date(now).into());
        let segment = segment.clone();
        effect("update-segment");
        report(world, "update", &asset, &caller.user, &segment);
        Ok(Json(segment))
    })
}

/// `DELETE .../segments/{sid}/`
pub(super) async fn delete(
    State(sim): State<Sim>,
    caller: Caller,
    Path((asset, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    with(&sim, |world, _| {
        let position = position(world, &asset, &id)?;
        world.domain.segments.remove(position);
        effect("delete-segment");
        let gone = Record::from_iter([("id".to_owned(), json!(id))]);
        report(world, "delete", &asset, &caller.user, &gone);
        Ok(StatusCode::NO_CONTENT)
    })
}
