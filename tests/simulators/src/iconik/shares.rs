//! Shares: links to assets and collections for people outside, bare or sent by mail. A link works
//! until the share is deleted or ends; who opens it is remembered.

use axum::Json;
use axum::extract::{Path, State};
use forebay_model::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::domain::Domain;
use super::http::{Caller, Refusal, overlay, paged, required};
use super::types::{Record, Share, date, text};
use super::{Sim, World, with};
use crate::common::effect;

/// Flags that a share must have.
const FLAGS: [&str; 4] = [
    "allow_download",
    "allow_comments",
    "allow_approving_comments",
    "allow_setting_approve_status",
];

/// Keys the service sets itself, or tells in another way.
const OWN: [&str; 11] = [
    "id",
    "object_id",
    "object_ids",
    "object_type",
    "owner_id",
    "system_domain_id",
    "date_created",
    "has_password",
    "password",
    "emails",
    "share_by_url",
];

fn no_share() -> Refusal {
    Refusal::not_found("Share")
}

impl Domain {
    /// Share an object; returns the share's id.
    pub fn share(
        &mut self,
        (object_type, object_id): (&str, &str),
        body: &Record,
        by: &str,
        now: Timestamp,
    ) -> String {
        let id = self.new_id();
        let mut record = Record::new();
        overlay(&mut record, body, &OWN);
        let password = body.get("password").and_then(Value::as_str);
        let own = json!({
            "id": id, "object_type": object_type, "object_id": object_id, "owner_id": by,
            "system_domain_id": self.id, "date_created": date(now),
            "has_password": password.is_some(),
        });
        record.extend(own.as_object().cloned().unwrap_or_default());
        for flag in FLAGS {
            record.entry(flag).or_insert(false.into());
        }
        let emails = body.get("emails").and_then(Value::as_array);
        let mut users = Vec::new();
        for email in emails.into_iter().flatten().filter_map(Value::as_str) {
            users.push(Record::from_iter([
                ("id".to_owned(), self.new_id().into()),
                ("email".to_owned(), email.into()),
                ("share_id".to_owned(), id.clone().into()),
                ("object_type".to_owned(), object_type.into()),
                ("object_id".to_owned(), object_id.into()),
                ("access_count".to_owned(), 0.into()),
            ]));
        }
        self.emit_share("create", object_type, object_id, by, &record);
        self.shares.push(Share {
            record,
            users,
            password: password.map(str::to_owned),
        });
        id
    }

    /// End a share; false where there is none.
    pub fn revoke_share(&mut self, id: &str, by: &str) -> bool {
        let Some(place) = self.shares.iter().position(|share| share.id() == id) else {
            return false;
        };
        let share = self.shares.remove(place);
        let (kind, object) = (
            text(&share.record, "object_type").to_owned(),
            text(&share.record, "object_id").to_owned(),
        );
        self.emit_share("delete", &kind, &object, by, &share.record);
        true
    }

    fn emit_share(
        &mut self,
        operation: &'static str,
        object_type: &str,
        object_id: &str,
        by: &str,
        record: &Record,
    ) {
        let event_type = if object_type == "collections" {
            "collections"
        } else {
            "assets"
        };
        let data = Value::Object(record.clone());
        self.emit((event_type, "shares", operation), object_id, by, data);
    }
}

impl Share {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        text(&self.record, "id")
    }

    /// Has its time run out?
    #[must_use]
    pub fn has_ended(&self, now: Timestamp) -> bool {
        let end = text(&self.record, "expires").parse::<Timestamp>();
        end.is_ok_and(|end| end <= now)
    }

    fn told(&self, base: &str) -> Value {
        let mut record = self.record.clone();
        record.insert(
            "url".to_owned(),
            format!("{base}/share/{}", self.id()).into(),
        );
        Value::Object(record)
    }

    /// As the lists of the domain tell it: people included.
    fn listed(&self, base: &str) -> Value {
        let mut told = self.told(base);
        told["users"] = self.users.iter().map(seen_by_index).collect();
        told
    }
}

fn seen_by_index(user: &Record) -> Value {
    let keys = ["id", "email", "access_count", "last_access_date"];
    let kept = user.iter().filter(|(key, _)| keys.contains(&key.as_str()));
    Value::Object(
        kept.map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}

fn exists(world: &World, object_type: &str, id: &str) -> Result<(), Refusal> {
    let domain = &world.domain;
    let found = match object_type {
        "assets" => domain.assets.contains_key(id),
        "collections" => domain.collections.contains_key(id),
        _ => false,
    };
    found
        .then_some(())
        .ok_or_else(|| Refusal::not_found("Object"))
}

fn flags(body: &Record) -> Result<(), Refusal> {
    match FLAGS.into_iter().find(|flag| !body.contains_key(*flag)) {
        Some(flag) => Err(Refusal::field(flag, "Missing data for required field.")),
        None => Ok(()),
    }
}

fn find<'a>(world: &'a World, object_id: &str, id: &str) -> Result<&'a Share, Refusal> {
    let shares = &mut world.domain.shares.iter();
    shares
        .find(|share| share.id() == id && text(&share.record, "object_id") == object_id)
        .ok_or_else(no_share)
}

/// `GET /API/assets/v1/{object_type}/{object_id}/shares/`
pub(super) async fn list(
    State(sim): State<Sim>,
    caller: Caller,
    Path((object_type, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        exists(world, &object_type, &id)?;
        let shares = world.domain.shares.iter();
        let of_object = shares.filter(|share| text(&share.record, "object_id") == id);
        // Without people: they are a list of their own.
        let told = of_object.map(|share| share.told(&caller.base)).collect();
        let page = paged(&caller, told)?;
        Ok(Json(json!({"objects": page["objects"]})))
    })
}

/// `POST .../shares/url/`: a bare link.
pub(super) async fn create_link(
    State(sim): State<Sim>,
    caller: Caller,
    Path((object_type, id)): Path<(String, String)>,
    Json(body): Json<Record>,
) -> Result<Json<Value>, Refusal> {
    flags(&body)?;
    create(&sim, &caller, (&object_type, &id), &body).map(Json)
}

/// `POST .../shares/`: a link that is sent by mail; 202.
pub(super) async fn create_mailed(
    State(sim): State<Sim>,
    caller: Caller,
    Path((object_type, id)): Path<(String, String)>,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    flags(&body)?;
    if !body.contains_key("emails") {
        return Err(Refusal::field("emails", "Missing data for required field."));
    }
    let share = create(&sim, &caller, (&object_type, &id), &body)?;
    Ok((StatusCode::ACCEPTED, Json(share)))
}

fn create(
    sim: &Sim,
    caller: &Caller,
    (object_type, id): (&str, &str),
    body: &Record,
) -> Result<Value, Refusal> {
    with(sim, |world, now| {
        exists(world, object_type, id)?;
        let share = world
            .domain
            .share((object_type, id), body, &caller.user, now);
        effect("create-share");
        Ok(find(world, id, &share)?.told(&caller.base))
    })
}

/// `POST /API/assets/v1/share/{object_type}/`: several assets at once. That a hidden collection holds
/// them is inferred.
pub(super) async fn create_of_many(
    State(sim): State<Sim>,
    caller: Caller,
    Path(object_type): Path<String>,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    flags(&body)?;
    let title = required(&body, "title")?;
    let ids = body.get("object_ids").and_then(Value::as_array);
    let ids: Vec<&str> = ids
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if object_type != "assets" || ids.is_empty() {
        return Err(Refusal::field(
            "object_ids",
            "Missing data for required field.",
        ));
    }
    with(&sim, |world, now| {
        ids.iter().try_for_each(|id| exists(world, "assets", id))?;
        let domain = &mut world.domain;
        let collection = domain.create_collection(title, None, &caller.user, now);
        if let Some(collection) = domain.collections.get_mut(&collection) {
            "HIDDEN".clone_into(&mut collection.status);
        }
        for id in &ids {
            domain.put_into(&collection, id, &caller.user, now);
        }
        let share = domain.share(("collections", &collection), &body, &caller.user, now);
        effect("create-share");
        let told = find(world, &collection, &share)?.told(&caller.base);
        Ok((StatusCode::CREATED, Json(told)))
    })
}

/// `GET .../shares/{share_id}/`
pub(super) async fn read(
    State(sim): State<Sim>,
    caller: Caller,
    Path((_type, object, id)): Path<(String, String, String)>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let share = find(world, &object, &id)?;
        let mut told = share.told(&caller.base);
        told["users"] = share.users.iter().cloned().map(Value::Object).collect();
        Ok(Json(told))
    })
}

/// `DELETE .../shares/{share_id}/`: the link is dead.
pub(super) async fn delete(
    State(sim): State<Sim>,
    caller: Caller,
    Path((_type, object, id)): Path<(String, String, String)>,
) -> Result<StatusCode, Refusal> {
    with(&sim, |world, _| {
        find(world, &object, &id)?;
        world.domain.revoke_share(&id, &caller.user);
        effect("delete-share");
        Ok(StatusCode::NO_CONTENT)
    })
}

/// `GET .../shares/{share_id}/users/`
pub(super) async fn users(
    State(sim): State<Sim>,
    caller: Caller,
    Path((_type, object, id)): Path<(String, String, String)>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let users = &find(world, &object, &id)?.users;
        let page = paged(&caller, users.iter().cloned().map(Value::Object).collect())?;
        Ok(Json(json!({"objects": page["objects"]})))
    })
}

/// `GET /API/assets/v1/shares/all/`: every share of the domain, oldest first.
pub(super) async fn all(State(sim): State<Sim>, caller: Caller) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let shares = world.domain.shares.iter();
        paged(
            &caller,
            shares.map(|share| share.listed(&caller.base)).collect(),
        )
    })
}

/// `GET /API/assets/v1/shares/`: those of the caller.
pub(super) async fn own(State(sim): State<Sim>, caller: Caller) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let shares = world.domain.shares.iter();
        let own = shares.filter(|share| text(&share.record, "owner_id") == caller.user);
        paged(
            &caller,
            own.map(|share| share.listed(&caller.base)).collect(),
        )
    })
}
