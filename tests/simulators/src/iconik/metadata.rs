//! Metadata: fields, views, and the values of objects through a view.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Map, Value, json};

use super::domain::Domain;
use super::http::{Caller, Refusal, paged};
use super::types::{Record, date, text};
use super::{Sim, with};
use crate::common::effect;

/// `GET /API/metadata/v1/views/`: a list without paging.
pub(super) async fn views(State(sim): State<Sim>, _caller: Caller) -> Json<Value> {
    with(&sim, |world, _| {
        Json(json!({"objects": world.domain.views}))
    })
}

/// `GET /API/metadata/v1/views/{view_id}/`
pub(super) async fn view(
    State(sim): State<Sim>,
    _caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Record>, Refusal> {
    with(&sim, |world, _| {
        let view = world
            .domain
            .views
            .iter()
            .find(|view| text(view, "id") == id);
        view.cloned()
            .map(Json)
            .ok_or_else(|| Refusal::not_found("View"))
    })
}

/// `GET /API/metadata/v1/fields/`: pages by the name of the last field.
pub(super) async fn fields(State(sim): State<Sim>, caller: Caller) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let mut fields = world.domain.fields.clone();
        fields.sort_by(|a, b| text(a, "name").cmp(text(b, "name")));
        if let Some(last) = caller.query("last_field_name") {
            fields.retain(|field| text(field, "name") > last);
        }
        paged(&caller, fields.into_iter().map(Value::Object).collect())
    })
}

/// `GET /API/metadata/v1/fields/{name}/`
pub(super) async fn field(
    State(sim): State<Sim>,
    _caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Record>, Refusal> {
    with(&sim, |world, _| {
        definition(&world.domain, &name).cloned().map(Json)
    })
}

fn definition<'a>(domain: &'a Domain, name: &str) -> Result<&'a Record, Refusal> {
    let found = domain
        .fields
        .iter()
        .find(|field| text(field, "name") == name);
    found.ok_or_else(|| Refusal::not_found("Field"))
}

/// Names of a view's fields.
fn in_view(domain: &Domain, view: &str) -> Result<Vec<String>, Refusal> {
    let view = domain
        .views
        .iter()
        .find(|candidate| text(candidate, "id") == view);
    let view = view.ok_or_else(|| Refusal::not_found("View"))?;
    let fields = view
        .get("view_fields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    Ok(fields
        .filter_map(|field| field["name"].as_str().map(str::to_owned))
        .collect())
}

fn exists(domain: &Domain, object_type: &str, id: &str) -> Result<(), Refusal> {
    let found = match object_type {
        "assets" => domain.assets.contains_key(id),
        "collections" => domain.collections.contains_key(id),
        "segments" => domain
            .segments
            .iter()
            .any(|segment| text(segment, "id") == id),
        _ => false,
    };
    if found {
        Ok(())
    } else {
        Err(Refusal::not_found("Object"))
    }
}

/// The values of an object, of some fields or of all.
fn told(domain: &Domain, object_type: &str, id: &str, only: Option<&[String]>) -> Json<Value> {
    let values = domain
        .metadata
        .get(&(object_type.to_owned(), id.to_owned()));
    let shown: Map<String, Value> = values
        .into_iter()
        .flatten()
        .filter(|(name, _)| only.is_none_or(|only| only.contains(name)))
        .map(|(name, values)| {
            let values: Vec<Value> = values.iter().map(|value| json!({"value": value})).collect();
            (name.clone(), json!({"field_values": values}))
        })
        .collect();
    let mut reply = json!({"metadata_values": shown, "object_id": id, "object_type": object_type});
    if let Some(asset) = domain.assets.get(id) {
        reply["version_id"] = asset.current().into();
        reply["date_created"] = date(asset.created).into();
        reply["date_modified"] = date(asset.modified).into();
    }
    Json(reply)
}

/// `GET /API/metadata/v1/{object_type}/{id}/`: without a view, everything.
pub(super) async fn read_all(
    State(sim): State<Sim>,
    _caller: Caller,
    Path((object_type, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        exists(&world.domain, &object_type, &id)?;
        Ok(told(&world.domain, &object_type, &id, None))
    })
}

/// `GET /API/metadata/v1/{object_type}/{id}/views/{view_id}/`
pub(super) async fn read(
    State(sim): State<Sim>,
    _caller: Caller,
    Path((object_type, id, view)): Path<(String, String, String)>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        exists(&world.domain, &object_type, &id)?;
        let shown = in_view(&world.domain, &view)?;
        Ok(told(&world.domain, &object_type, &id, Some(&shown)))
    })
}

/// `PUT /API/metadata/v1/{object_type}/{id}/views/{view_id}/`: fields that the body leaves out stay.
pub(super) async fn write(
    State(sim): State<Sim>,
    caller: Caller,
    Path((object_type, id, view)): Path<(String, String, String)>,
    Json(body): Json<Record>,
) -> Result<Json<Value>, Refusal> {
    let values = body.get("metadata_values").and_then(Value::as_object);
    let values = values
        .ok_or_else(|| Refusal::field("metadata_values", "Missing data for required field."))?;
    with(&sim, |world, now| {
        let domain = &mut world.domain;
        exists(domain, &object_type, &id)?;
        let shown = in_view(domain, &view)?;
        let mut changes = Vec::new();
        for (name, change) in values {
            if !shown.contains(name) {
                return Err(Refusal::field(name, "Field is not in the view."));
            }
            changes.push((
                name.clone(),
                text_of_mode(change),
                checked(domain, name, change)?,
            ));
        }
        let stored = domain
            .metadata
            .entry((object_type.clone(), id.clone()))
            .or_default();
        for (name, mode, wanted) in changes {
            let standing = stored.entry(name).or_default();
            match mode.as_str() {
                "append" => wanted.into_iter().for_each(|value| {
                    if !standing.contains(&value) {
                        standing.push(value);
                    }
                }),
                "delete" => standing.retain(|value| !wanted.contains(value)),
                _ => *standing = wanted,
            }
        }
        domain.change_asset(&id, &caller.user, now, |_| ());
        effect("write-metadata");
        let event_type = if object_type == "collections" {
            "collections"
        } else {
            "assets"
        };
        let data = json!({"view_id": view});
        domain.emit((event_type, "metadata", "update"), &id, &caller.user, data);
        Ok(told(domain, &object_type, &id, Some(&shown)))
    })
}

fn text_of_mode(change: &Value) -> String {
    change["mode"].as_str().unwrap_or("overwrite").to_owned()
}

/// The new values of a field, if its definition allows them.
fn checked(domain: &Domain, name: &str, change: &Value) -> Result<Vec<Value>, Refusal> {
    let field = definition(domain, name)?;
    if field
        .get("read_only")
        .is_some_and(|read_only| read_only == true)
    {
        return Err(Refusal::field(name, "Field is read only."));
    }
    let values = change["field_values"].as_array().into_iter().flatten();
    let values: Vec<Value> = values.map(|entry| entry["value"].clone()).collect();
    let multi = field.get("multi").is_some_and(|multi| multi == true);
    if values.len() > 1 && !multi {
        return Err(Refusal::field(name, "Field takes one value."));
    }
    if let Some(options) = field.get("options").and_then(Value::as_array) {
        let known = |value: &Value| options.iter().any(|option| option["value"] == *value);
        if !options.is_empty() && !values.iter().all(known) {
            return Err(Refusal::field(name, "Not a valid choice."));
        }
    }
    Ok(values)
}
