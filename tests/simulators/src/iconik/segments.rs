//! Segments: comments, markers and other spans of an asset.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use forebay_model::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::assets::no_asset;
use super::domain::Domain;
use super::http::{Caller, Refusal, overlay, paged, required};
use super::types::{Record, date, text};
use super::versions::named_version;
use super::{Sim, with};
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
        if !parent.is_empty() && position(&world.domain, &id, parent).is_err() {
            return Err(Refusal::field("parent_id", "Segment not found"));
        }
        let segment = world
            .domain
            .add_segment(&id, &version, &body, &caller.user, now);
        effect("create-segment");
        Ok((StatusCode::CREATED, Json(segment)))
    })
}

fn position(domain: &Domain, asset: &str, id: &str) -> Result<usize, Refusal> {
    let mut segments = domain.segments.iter();
    segments
        .position(|segment| text(segment, "id") == id && text(segment, "asset_id") == asset)
        .ok_or_else(|| Refusal::not_found("Segment"))
}

impl Domain {
    /// Write a segment; returns it.
    pub fn add_segment(
        &mut self,
        asset: &str,
        version: &str,
        body: &Record,
        by: &str,
        now: Timestamp,
    ) -> Record {
        let mut segment = Record::new();
        overlay(&mut segment, body, &OWN);
        segment.entry("segment_checked").or_insert(false.into());
        let own = json!({
            "id": self.new_id(), "asset_id": asset, "version_id": version, "user_id": by,
            "status": "ACTIVE", "date_created": date(now), "date_modified": date(now),
        });
        segment.extend(own.as_object().cloned().unwrap_or_default());
        self.segments.push(segment.clone());
        self.report_segment("create", by, &segment);
        segment
    }

    /// Change the segment at a place; returns it.
    fn edit_segment(&mut self, place: usize, body: &Record, by: &str, now: Timestamp) -> Record {
        let segment = &mut self.segments[place];
        overlay(segment, body, &OWN);
        // Two changes within a millisecond still have different times.
        let before = text(segment, "date_modified").parse::<Timestamp>();
        let next = before.map_or(now, |before| before.plus(Duration::from_millis(1)));
        segment.insert("date_modified".to_owned(), date(now.max(next)).into());
        let segment = segment.clone();
        self.report_segment("update", by, &segment);
        segment
    }

    fn delete_segment(&mut self, place: usize, by: &str) {
        let gone = self.segments.remove(place);
        // A deletion tells the id alone.
        let told = gone
            .into_iter()
            .filter(|(key, _)| key == "id" || key == "asset_id");
        self.report_segment("delete", by, &told.collect());
    }

    /// Change the segment of an id by hand: `None` deletes it. False where there is none.
    pub fn change_segment(
        &mut self,
        id: &str,
        body: Option<&Record>,
        by: &str,
        now: Timestamp,
    ) -> bool {
        let Some(place) = self.segments.iter().position(|s| text(s, "id") == id) else {
            return false;
        };
        match body {
            Some(body) => {
                self.edit_segment(place, body, by, now);
            }
            None => self.delete_segment(place, by),
        }
        true
    }

    fn report_segment(&mut self, operation: &'static str, by: &str, segment: &Record) {
        let asset = text(segment, "asset_id").to_owned();
        let data = Value::Object(segment.clone());
        self.emit(("assets", "segments", operation), &asset, by, data);
    }
}

/// `GET .../segments/{sid}/`
pub(super) async fn read(
    State(sim): State<Sim>,
    _caller: Caller,
    Path((asset, id)): Path<(String, String)>,
) -> Result<Json<Record>, Refusal> {
    with(&sim, |world, _| {
        let position = position(&world.domain, &asset, &id)?;
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
        let position = position(&world.domain, &asset, &id)?;
        let segment = world
            .domain
            .edit_segment(position, &body, &caller.user, now);
        effect("update-segment");
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
        let position = position(&world.domain, &asset, &id)?;
        world.domain.delete_segment(position, &caller.user);
        effect("delete-segment");
        Ok(StatusCode::NO_CONTENT)
    })
}
