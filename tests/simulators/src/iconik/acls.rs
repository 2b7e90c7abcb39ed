//! Access control lists and templates.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{Caller, Refusal, required};
use super::types::{Acl, AclTemplate, Record, date};
use super::{Sim, with};
use crate::common::effect;

fn told(template: &AclTemplate) -> Value {
    let created = date(template.created);
    json!({"id": template.id, "name": template.name, "date_created": created, "date_modified": created})
}

/// `GET /API/acls/v1/acl/templates/`: a list without paging.
pub(super) async fn templates(State(sim): State<Sim>, _caller: Caller) -> Json<Value> {
    with(&sim, |world, _| {
        let templates: Vec<Value> = world.domain.templates.iter().map(told).collect();
        Json(json!({"objects": templates}))
    })
}

/// `POST /API/acls/v1/acl/templates/`
pub(super) async fn create_template(
    State(sim): State<Sim>,
    _caller: Caller,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let name = required(&body, "name")?.to_owned();
    with(&sim, |world, now| {
        let id = world.domain.new_id();
        let template = AclTemplate {
            id,
            name,
            acl: Acl::default(),
            created: now,
        };
        let reply = told(&template);
        world.domain.templates.push(template);
        effect("create-template");
        Ok((StatusCode::CREATED, Json(reply)))
    })
}

/// `POST /API/acls/v1/acl/templates/{template_id}/{object_type}/{object_key}/`: what the template
/// grants takes the place of what stood there. That it replaces is inferred.
pub(super) async fn apply_template(
    State(sim): State<Sim>,
    caller: Caller,
    Path((template, object_type, key)): Path<(String, String, String)>,
) -> Result<StatusCode, Refusal> {
    with(&sim, |world, _| {
        let domain = &mut world.domain;
        let found = domain
            .templates
            .iter()
            .find(|candidate| candidate.id == template);
        let acl = found
            .ok_or_else(|| Refusal::not_found("ACL template"))?
            .acl
            .clone();
        if object_type == "assets" && !domain.assets.contains_key(&key) {
            return Err(super::assets::no_asset());
        }
        domain.acls.insert((object_type, key.clone()), acl);
        domain.emit(
            ("assets", "acls", "update"),
            &key,
            &caller.user,
            Value::Null,
        );
        effect("apply-template");
        Ok(StatusCode::OK)
    })
}

/// `GET /API/acls/v1/acl/{object_type}/{object_key}/`
pub(super) async fn read(
    State(sim): State<Sim>,
    _caller: Caller,
    Path((object_type, key)): Path<(String, String)>,
) -> Json<Value> {
    with(&sim, |world, _| {
        let acl = world
            .domain
            .acls
            .get(&(object_type, key))
            .cloned()
            .unwrap_or_default();
        let users = acl
            .users
            .iter()
            .map(|(id, p)| json!({"user_id": id, "permissions": p}));
        let groups = acl
            .groups
            .iter()
            .map(|(id, p)| json!({"group_id": id, "permissions": p}));
        Json(json!({
            "users_acl": users.collect::<Vec<_>>(),
            "groups_acl": groups.collect::<Vec<_>>(),
            "inherited_users_acl": [],
            "inherited_groups_acl": [],
            "propagating_users_acl": [],
            "propagating_groups_acl": [],
        }))
    })
}

/// Body of `PUT` and `DELETE /API/acls/v1/acl/{object_type}/`.
#[derive(Deserialize)]
pub(super) struct Change {
    object_keys: Vec<String>,
    #[serde(default)]
    permissions: BTreeSet<String>,
    #[serde(default)]
    user_ids: Vec<String>,
    #[serde(default)]
    group_ids: Vec<String>,
    #[serde(default)]
    mode: String,
}

/// `PUT /API/acls/v1/acl/{object_type}/`: `OVERWRITE` puts this in place of all that stood there.
pub(super) async fn write(
    State(sim): State<Sim>,
    caller: Caller,
    Path(object_type): Path<String>,
    Json(change): Json<Change>,
) -> Json<Value> {
    with(&sim, |world, _| {
        for key in &change.object_keys {
            let acl = world
                .domain
                .acls
                .entry((object_type.clone(), key.clone()))
                .or_default();
            if change.mode == "OVERWRITE" {
                *acl = Acl::default();
            }
            for user in &change.user_ids {
                acl.users
                    .entry(user.clone())
                    .or_default()
                    .extend(change.permissions.clone());
            }
            for group in &change.group_ids {
                acl.groups
                    .entry(group.clone())
                    .or_default()
                    .extend(change.permissions.clone());
            }
            world
                .domain
                .emit(("assets", "acls", "update"), key, &caller.user, Value::Null);
        }
        effect("write-acl");
        Json(json!({"updated_object_keys": change.object_keys}))
    })
}

/// `DELETE /API/acls/v1/acl/{object_type}/`
pub(super) async fn remove(
    State(sim): State<Sim>,
    caller: Caller,
    Path(object_type): Path<String>,
    Json(change): Json<Change>,
) -> StatusCode {
    with(&sim, |world, _| {
        for key in &change.object_keys {
            if let Some(acl) = world
                .domain
                .acls
                .get_mut(&(object_type.clone(), key.clone()))
            {
                acl.users.retain(|user, _| !change.user_ids.contains(user));
                acl.groups
                    .retain(|group, _| !change.group_ids.contains(group));
            }
            world
                .domain
                .emit(("assets", "acls", "update"), key, &caller.user, Value::Null);
        }
        effect("remove-acl");
        StatusCode::OK
    })
}

/// `PUT /API/acls/v1/{users|groups}/{id}/acl/{object_type}/{object_key}/`
pub(super) async fn write_one(
    State(sim): State<Sim>,
    caller: Caller,
    Path((kind, holder, object_type, key)): Path<(String, String, String, String)>,
    Json(body): Json<Permissions>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let acl = world
            .domain
            .acls
            .entry((object_type.clone(), key.clone()))
            .or_default();
        let (holders, name) = holders(acl, &kind)?;
        holders.insert(holder.clone(), body.permissions.clone());
        effect("write-acl");
        world.domain.emit(
            ("assets", "acls", "update"),
            &key,
            &caller.user,
            Value::Null,
        );
        Ok(Json(
            json!({name: holder, "object_type": object_type, "object_key": key,
                       "permissions": body.permissions}),
        ))
    })
}

/// `DELETE /API/acls/v1/{users|groups}/{id}/acl/{object_type}/{object_key}/`
pub(super) async fn remove_one(
    State(sim): State<Sim>,
    caller: Caller,
    Path((kind, holder, object_type, key)): Path<(String, String, String, String)>,
) -> Result<StatusCode, Refusal> {
    with(&sim, |world, _| {
        let acl = world
            .domain
            .acls
            .entry((object_type, key.clone()))
            .or_default();
        holders(acl, &kind)?
            .0
            .remove(&holder)
            .ok_or_else(|| Refusal::not_found("ACL"))?;
        effect("remove-acl");
        world.domain.emit(
            ("assets", "acls", "update"),
            &key,
            &caller.user,
            Value::Null,
        );
        Ok(StatusCode::NO_CONTENT)
    })
}

#[derive(Deserialize)]
pub(super) struct Permissions {
    permissions: BTreeSet<String>,
}

type Holders<'a> = &'a mut std::collections::BTreeMap<String, BTreeSet<String>>;

fn holders<'a>(acl: &'a mut Acl, kind: &str) -> Result<(Holders<'a>, &'static str), Refusal> {
    match kind {
        "users" => Ok((&mut acl.users, "user_id")),
        "groups" => Ok((&mut acl.groups, "group_id")),
        _ => Err(Refusal::not_found("ACL")),
    }
}
