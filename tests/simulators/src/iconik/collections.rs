//! Collections and their contents.

use axum::Json;
use axum::extract::{Path, State};
use forebay_model::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::domain::Domain;
use super::http::{Caller, Refusal, paged, required};
use super::types::{Collection, Record};
use super::{Sim, with};
use crate::common::effect;

fn no_collection() -> Refusal {
    Refusal::not_found("Collection")
}

impl Domain {
    /// Make a collection.
    pub fn create_collection(
        &mut self,
        title: &str,
        parent: Option<&str>,
        by: &str,
        now: Timestamp,
    ) -> String {
        let id = self.new_id();
        let collection = Collection {
            id: id.clone(),
            title: title.to_owned(),
            parent: parent.map(str::to_owned),
            status: "ACTIVE".to_owned(),
            assets: Vec::new(),
            created: now,
            microseconds: u16::try_from(self.collections.len() % 1000).unwrap_or_default(),
            modified: now,
            by: by.to_owned(),
        };
        let data = Value::Object(collection.record());
        self.collections.insert(id.clone(), collection);
        self.emit(("collections", "entity", "create"), &id, by, data);
        id
    }

    /// The collection at a path of titles, made with all above it where missing; absent for an empty path.
    pub fn collection_at(&mut self, path: &str, by: &str, now: Timestamp) -> Option<String> {
        let mut parent: Option<String> = None;
        for title in path.split('/').filter(|title| !title.is_empty()) {
            let found = self
                .collections
                .values()
                .find(|c| c.parent == parent && c.title == title && c.status == "ACTIVE");
            let id = match found.map(|collection| collection.id.clone()) {
                Some(id) => id,
                None => self.create_collection(title, parent.as_deref(), by, now),
            };
            parent = Some(id);
        }
        parent
    }

    /// Titles on the way to a collection, its own last.
    #[must_use]
    pub fn collection_path(&self, id: &str) -> String {
        let mut titles = Vec::new();
        let mut next = self.collections.get(id);
        while let Some(collection) = next {
            titles.push(collection.title.as_str());
            next = collection
                .parent
                .as_deref()
                .and_then(|parent| self.collections.get(parent));
        }
        titles.reverse();
        titles.join("/")
    }

    /// Put an asset into a collection; false where it is in it already, or either is missing.
    pub fn put_into(&mut self, collection: &str, asset: &str, by: &str, now: Timestamp) -> bool {
        if !self.assets.contains_key(asset) {
            return false;
        }
        let Some(found) = self.collections.get_mut(collection) else {
            return false;
        };
        if found.assets.iter().any(|id| id == asset) {
            return false;
        }
        found.assets.push(asset.to_owned());
        found.modified = now;
        let data = json!({"object_id": asset, "object_type": "assets"});
        self.emit(("collections", "contents", "create"), collection, by, data);
        true
    }

    /// Delete a collection; what is in it stays. False where there is none.
    pub fn delete_collection(&mut self, id: &str, by: &str, now: Timestamp) -> bool {
        let Some(collection) = self.collections.get_mut(id) else {
            return false;
        };
        "DELETED".clone_into(&mut collection.status);
        collection.modified = now;
        self.emit(("collections", "entity", "delete"), id, by, Value::Null);
        true
    }

    /// Take an asset out of a collection; false where it is not in it.
    pub fn take_out(&mut self, collection: &str, asset: &str, by: &str, now: Timestamp) -> bool {
        let Some(found) = self.collections.get_mut(collection) else {
            return false;
        };
        let before = found.assets.len();
        found.assets.retain(|id| id != asset);
        if found.assets.len() == before {
            return false;
        }
        found.modified = now;
        let data = json!({"object_id": asset, "object_type": "assets"});
        self.emit(("collections", "contents", "delete"), collection, by, data);
        true
    }
}

/// `GET /API/assets/v1/collections/`
pub(super) async fn list(State(sim): State<Sim>, caller: Caller) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let active = world
            .domain
            .collections
            .values()
            .filter(|c| c.status == "ACTIVE");
        paged(&caller, active.map(|c| Value::Object(c.record())).collect())
    })
}

/// `POST /API/assets/v1/collections/`. Two collections may have the same title and parent.
pub(super) async fn create(
    State(sim): State<Sim>,
    caller: Caller,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Record>), Refusal> {
    let title = required(&body, "title")?;
    with(&sim, |world, now| {
        let parent = body.get("parent_id").and_then(Value::as_str);
        if parent.is_some_and(|id| !world.domain.collections.contains_key(id)) {
            return Err(Refusal::field("parent_id", "Collection not found"));
        }
        let id = world
            .domain
            .create_collection(title, parent, &caller.user, now);
        effect("create-collection");
        let collection = world
            .domain
            .collections
            .get(&id)
            .ok_or_else(no_collection)?;
        Ok((StatusCode::CREATED, Json(collection.record())))
    })
}

/// `GET /API/assets/v1/collections/{id}/`
pub(super) async fn read(
    State(sim): State<Sim>,
    _caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Record>, Refusal> {
    with(&sim, |world, _| {
        let collection = world
            .domain
            .collections
            .get(&id)
            .ok_or_else(no_collection)?;
        Ok(Json(collection.record()))
    })
}

/// `PATCH` and `PUT /API/assets/v1/collections/{id}/`
pub(super) async fn update(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Record>,
) -> Result<Json<Record>, Refusal> {
    with(&sim, |world, now| {
        let collection = world
            .domain
            .collections
            .get_mut(&id)
            .ok_or_else(no_collection)?;
        if let Some(title) = body.get("title").and_then(Value::as_str) {
            title.clone_into(&mut collection.title);
        }
        collection.modified = now;
        let record = collection.record();
        effect("update-collection");
        let data = Value::Object(record.clone());
        world
            .domain
            .emit(("collections", "entity", "update"), &id, &caller.user, data);
        Ok(Json(record))
    })
}

/// `DELETE /API/assets/v1/collections/{id}/`: 202, for a job does it.
pub(super) async fn delete(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    with(&sim, |world, now| {
        if !world.domain.delete_collection(&id, &caller.user, now) {
            return Err(no_collection());
        }
        effect("delete-collection");
        Ok(StatusCode::ACCEPTED)
    })
}

/// `GET .../collections/{id}/contents/`: collections first, then assets.
pub(super) async fn contents(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let kinds = caller.query("object_types").unwrap_or("collections,assets");
    with(&sim, |world, now| {
        let domain = &world.domain;
        let collection = domain.collections.get(&id);
        // What a deleted one held is not shown: inferred.
        let collection = collection
            .filter(|c| c.status != "DELETED")
            .ok_or_else(no_collection)?;
        let mut objects = Vec::new();
        if kinds.contains("collections") {
            let below = domain
                .collections
                .values()
                .filter(|c| c.parent.as_deref() == Some(&id));
            objects.extend(below.map(|c| Value::Object(c.record())));
        }
        if kinds.contains("assets") {
            let inside = collection
                .assets
                .iter()
                .filter_map(|asset| domain.visible(asset, now));
            for asset in inside.filter(|asset| asset.status == "ACTIVE") {
                let mut record = domain.asset_record(asset);
                record.insert("object_type".to_owned(), "assets".into());
                objects.push(Value::Object(record));
            }
        }
        paged(&caller, objects)
    })
}

/// `POST .../collections/{id}/contents/`
pub(super) async fn put_in(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let (object, kind) = (
        required(&body, "object_id")?,
        required(&body, "object_type")?,
    );
    with(&sim, |world, now| {
        let domain = &mut world.domain;
        if domain
            .collections
            .get(&id)
            .is_none_or(|c| c.status == "DELETED")
        {
            return Err(no_collection());
        }
        match kind {
            "assets" if domain.assets.contains_key(object) => {
                if domain.put_into(&id, object, &caller.user, now) {
                    effect("add-to-collection");
                }
            }
            "collections" if domain.collections.contains_key(object) => {
                if let Some(collection) = domain.collections.get_mut(object) {
                    collection.parent = Some(id.clone());
                }
                effect("add-to-collection");
            }
            _ => return Err(Refusal::not_found("Object")),
        }
        let reply = json!({"collection_id": id, "object_id": object, "object_type": kind});
        Ok((StatusCode::CREATED, Json(reply)))
    })
}

/// `DELETE .../collections/{id}/contents/{object_type}/{object_id}/`
pub(super) async fn take_out(
    State(sim): State<Sim>,
    caller: Caller,
    Path((id, _kind, object)): Path<(String, String, String)>,
) -> Result<StatusCode, Refusal> {
    if !with(&sim, |world, now| {
        world.domain.take_out(&id, &object, &caller.user, now)
    }) {
        return Err(Refusal::not_found("Object"));
    }
    effect("remove-from-collection");
    Ok(StatusCode::NO_CONTENT)
}

/// `GET .../collections/{id}/full/path/`: a JSON string.
pub(super) async fn full_path(
    State(sim): State<Sim>,
    _caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<String>, Refusal> {
    with(&sim, |world, _| match world.domain.collection_path(&id) {
        path if path.is_empty() => Err(no_collection()),
        path => Ok(Json(path)),
    })
}
