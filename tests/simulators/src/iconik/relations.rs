//! Relations between assets, and their types.

use axum::Json;
use axum::extract::{Path, State};
use forebay_model::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::assets::no_asset;
use super::domain::Domain;
use super::http::{Caller, Refusal, overlay, paged, required};
use super::types::{Record, date, text};
use super::{Sim, with};
use crate::common::effect;

impl Domain {
    /// Relate two assets; false where they are related so already.
    pub fn relate(&mut self, kind: &str, origin: &str, target: &str, now: Timestamp) -> bool {
        if self.is_related(kind, origin, target) {
            return false;
        }
        let relation = json!({
            "relation_type": kind, "related_from_asset_id": origin, "related_to_asset_id": target,
            "date_created": date(now), "date_modified": date(now),
        });
        self.relations.extend(relation.as_object().cloned());
        true
    }

    /// Are two assets related so?
    #[must_use]
    pub fn is_related(&self, kind: &str, origin: &str, target: &str) -> bool {
        self.relations
            .iter()
            .any(|relation| is(relation, kind, origin, target))
    }
}

fn is(relation: &Record, kind: &str, origin: &str, target: &str) -> bool {
    text(relation, "relation_type") == kind
        && text(relation, "related_from_asset_id") == origin
        && text(relation, "related_to_asset_id") == target
}

/// `GET /API/assets/v1/assets/relation_types/`
pub(super) async fn types(State(sim): State<Sim>, caller: Caller) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let types = world.domain.relation_types.iter().cloned();
        paged(&caller, types.map(Value::Object).collect())
    })
}

/// `POST /API/assets/v1/assets/relation_types/`: a name is taken once.
pub(super) async fn create_type(
    State(sim): State<Sim>,
    _caller: Caller,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Record>), Refusal> {
    let name = required(&body, "name")?;
    required(&body, "source_label")?;
    required(&body, "destination_label")?;
    with(&sim, |world, now| {
        let types = &mut world.domain.relation_types;
        if types.iter().any(|known| text(known, "name") == name) {
            return Err(Refusal::conflict("Relation type already exists"));
        }
        let mut record = Record::new();
        overlay(
            &mut record,
            &body,
            &["date_created", "date_modified", "is_system"],
        );
        record.insert("is_system".to_owned(), false.into());
        record.insert("date_created".to_owned(), date(now).into());
        record.insert("date_modified".to_owned(), date(now).into());
        types.push(record.clone());
        effect("create-relation-type");
        Ok((StatusCode::CREATED, Json(record)))
    })
}

/// `GET .../assets/{id}/relations/`: the related assets, each with its relations.
pub(super) async fn list(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let deleted = caller.query("include_deleted") == Some("true");
    with(&sim, |world, now| {
        let domain = &world.domain;
        domain.visible(&id, now).ok_or_else(no_asset)?;
        let of = |asset: &str, relation: &Record| {
            text(relation, "related_from_asset_id") == asset
                || text(relation, "related_to_asset_id") == asset
        };
        let related = domain.all_visible(now).filter(|other| {
            let mut relations = domain.relations.iter();
            other.id != id
                && (deleted || other.status == "ACTIVE")
                && relations.any(|relation| of(&id, relation) && of(&other.id, relation))
        });
        let objects = related.map(|other| {
            let mut record = domain.asset_record(other);
            let relations = domain.relations.iter().filter(|r| of(&other.id, r));
            let relations: Vec<Value> = relations.cloned().map(Value::Object).collect();
            record.insert("relations".to_owned(), relations.into());
            Value::Object(record)
        });
        paged(&caller, objects.collect())
    })
}

/// `POST .../assets/{id}/relations/`: 201, or 200 where it stands already.
pub(super) async fn create(
    State(sim): State<Sim>,
    _caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let (kind, target) = (
        required(&body, "relation_type")?,
        required(&body, "related_to_asset_id")?,
    );
    with(&sim, |world, now| {
        let domain = &mut world.domain;
        if !domain.assets.contains_key(&id) || !domain.assets.contains_key(target) {
            return Err(no_asset());
        }
        if !domain
            .relation_types
            .iter()
            .any(|known| text(known, "name") == kind)
        {
            return Err(Refusal::field("relation_type", "Relation type not found"));
        }
        let made = domain.relate(kind, &id, target, now);
        if made {
            effect("create-relation");
        }
        let status = if made {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        let reply = json!({"asset_id": id, "related_to_asset_id": target, "relation_type": kind});
        Ok((status, Json(reply)))
    })
}

/// `DELETE .../assets/{id}/relations/{type}/{other}/`
pub(super) async fn delete(
    State(sim): State<Sim>,
    _caller: Caller,
    Path((id, kind, other)): Path<(String, String, String)>,
) -> Result<StatusCode, Refusal> {
    with(&sim, |world, _| {
        let relations = &mut world.domain.relations;
        let before = relations.len();
        relations.retain(|relation| !is(relation, &kind, &id, &other));
        if relations.len() == before {
            return Err(Refusal::not_found("Relation"));
        }
        effect("delete-relation");
        Ok(StatusCode::NO_CONTENT)
    })
}
