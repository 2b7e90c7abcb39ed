//! Changing content: batch edit, tags and keywords, names, version comments, custom fields.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Caller;
use super::content::Named;
use super::library::{Asset, CustomField, Refusal};
use super::render::PROPERTIES;
use super::values::{ContentId, Scheme, parse_date};
use super::{Sim, Tenant, with};
use crate::common::effect;

impl Refusal {
    /// As Canto says it: a status with a short text.
    pub(super) fn reply(&self) -> Response {
        let status = match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
        };
        (status, self.to_string()).into_response()
    }
}

fn invalid(why: impl Into<String>) -> Refusal {
    Refusal::Invalid(why.into())
}

/// Body of `PUT /api/v1/batch/edit`.
#[derive(Deserialize)]
pub(super) struct Edit {
    contents: Vec<Named>,
    properties: Vec<Property>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Property {
    property_id: String,
    #[serde(default)]
    property_value: Value,
    #[serde(default)]
    action: String,
    #[serde(default)]
    custom_field: bool,
}

/// One change, checked against the tenant's settings.
enum Change {
    Status(String),
    Expiry(Option<forebay_model::Timestamp>),
    Name(String),
    Text {
        property: &'static str,
        value: String,
    },
    Field {
        name: String,
        value: Value,
    },
}

/// `PUT /api/v1/batch/edit`: all or nothing, and `success` as plain text.
pub(super) async fn batch_edit(
    State(sim): State<Sim>,
    caller: Caller,
    Json(edit): Json<Edit>,
) -> Result<&'static str, Response> {
    let by = caller.writer()?;
    with(&sim, |tenant, now| {
        let ids = edit
            .contents
            .iter()
            .map(|named| named.content().ok_or(Refusal::NotFound));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        let changes = edit
            .properties
            .into_iter()
            .map(|property| check(tenant, property));
        let mut changes = changes.collect::<Result<Vec<_>, _>>()?;
        // A status and an expiry date in one edit: the date belongs to the new status.
        changes.sort_by_key(|change| !matches!(change, Change::Status(_)));
        for id in &ids {
            let asset = tenant.library.assets.get(id).ok_or(Refusal::NotFound)?;
            try_on(&mut asset.clone(), &changes)?;
        }
        for id in &ids {
            tenant.library.edit(id, by, now, |asset| {
                // It was tried on a copy: it cannot fail.
                let _ = try_on(asset, &changes);
            })?;
            changes.iter().for_each(note);
        }
        Ok("success")
    })
    .map_err(|refusal: Refusal| refusal.reply())
}

/// Count what a change did, by kind.
fn note(change: &Change) {
    match change {
        Change::Status(_) => effect("set-status"),
        Change::Expiry(_) => effect("set-expiry"),
        Change::Name(_) | Change::Text { .. } | Change::Field { .. } => effect("set-field"),
    }
}

fn check(tenant: &Tenant, property: Property) -> Result<Change, Refusal> {
    if !property.action.is_empty() {
        return Err(invalid(format!("unknown action {:?}", property.action)));
    }
    let id = property.property_id.as_str();
    if property.custom_field {
        let field = tenant
            .library
            .fields
            .iter()
            .find(|field| field.id == id || field.name == id);
        let field = field.ok_or_else(|| invalid(format!("unknown custom field {id:?}")))?;
        let value = field_value(field, property.property_value)?;
        return Ok(Change::Field {
            name: field.name.clone(),
            value,
        });
    }
    let text = match &property.property_value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => return Err(invalid(format!("property {id:?} takes text, not {other}"))),
    };
    if Some(id) == tenant.options.approval_property.as_deref() {
        return status(tenant, text);
    }
    if id == tenant.options.expiry_property {
        let time = parse_date(&text);
        return match (text.is_empty(), time) {
            (true, _) => Ok(Change::Expiry(None)),
            (false, Some(time)) => Ok(Change::Expiry(Some(time))),
            (false, None) => Err(invalid(format!("not a date: {text:?}"))),
        };
    }
    if id == "Name" {
        return Ok(Change::Name(text));
    }
    let known = PROPERTIES
        .into_iter()
        .find(|(property, _, _)| *property == id);
    let (property, _, _) = known.ok_or_else(|| invalid(format!("unknown property {id:?}")))?;
    Ok(Change::Text {
        property,
        value: text,
    })
}

fn status(tenant: &Tenant, wanted: String) -> Result<Change, Refusal> {
    if !tenant.library.approvals {
        return Err(invalid("approval management is switched off"));
    }
    if !tenant.library.statuses.contains(&wanted) {
        return Err(invalid(format!("unknown approval status {wanted:?}")));
    }
    Ok(Change::Status(wanted))
}

/// Fields of several values take a list or one text; others take text. Empty clears.
fn field_value(field: &CustomField, value: Value) -> Result<Value, Refusal> {
    let wrong = |what: &Value| invalid(format!("field {:?} does not take {what}", field.name));
    let chosen: Vec<String> = match &value {
        Value::Null => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong(item)))
            .collect::<Result<_, _>>()?,
        other => return Err(wrong(other)),
    };
    if chosen.len() > 1 && !field.multi {
        return Err(wrong(&value));
    }
    if let Some(odd) = chosen
        .iter()
        .find(|text| !field.values.is_empty() && !field.values.contains(text))
    {
        return Err(invalid(format!(
            "{odd:?} is not a choice of field {:?}",
            field.name
        )));
    }
    Ok(match chosen.as_slice() {
        [] => Value::Null,
        [one] if !field.multi => Value::String(one.clone()),
        _ => chosen.into(),
    })
}

fn try_on(asset: &mut Asset, changes: &[Change]) -> Result<(), Refusal> {
    for change in changes {
        match change {
            Change::Status(status) => set_status(asset, status),
            Change::Expiry(Some(_)) if asset.status != "Approved" => {
                return Err(invalid(
                    "an expiration date can be set on approved assets only",
                ));
            }
            Change::Expiry(time) => asset.expires = *time,
            Change::Name(name) => asset.name.clone_from(name),
            Change::Text { property, value } => {
                asset
                    .properties
                    .insert((*property).to_owned(), value.clone());
            }
            Change::Field { name, value } => {
                asset.fields.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(())
}

/// Set a status; what is no longer approved has no expiration date.
pub(super) fn set_status(asset: &mut Asset, status: &str) {
    status.clone_into(&mut asset.status);
    if status != "Approved" {
        asset.expires = None;
    }
}

/// `GET /api/v1/batch/edit`: what may be edited. The call is documented, its path is inferred.
pub(super) async fn editable(State(sim): State<Sim>, _caller: Caller) -> Json<Value> {
    with(&sim, |tenant, _| {
        let mut native: Vec<&str> = PROPERTIES
            .iter()
            .map(|(property, _, _)| *property)
            .collect();
        native.push("Name");
        let approvals = tenant.options.approval_property.as_deref();
        if let Some(property) = approvals.filter(|_| tenant.library.approvals) {
            native.extend([property, &tenant.options.expiry_property]);
        }
        let native = native
            .into_iter()
            .map(|id| json!({"propertyId": id, "customField": false}));
        let custom = tenant.library.fields.iter();
        let custom = custom.map(|field| json!({"propertyId": field.name, "customField": true}));
        Json(json!({"properties": native.chain(custom).collect::<Vec<_>>()}))
    })
}

/// `GET /api/v1/custom/field`
pub(super) async fn custom_fields(State(sim): State<Sim>, _caller: Caller) -> Json<Value> {
    with(&sim, |tenant, _| {
        let fields = tenant.library.fields.iter().map(|field| {
            let kind = match (field.values.is_empty(), field.multi) {
                (false, true) => "multipleChoice",
                (false, false) => "singleChoice",
                (true, true) => "multipleText",
                (true, false) => "text",
            };
            let values: Vec<Value> = field
                .values
                .iter()
                .map(|v| json!({"id": v, "name": v}))
                .collect();
            json!({"id": field.id, "name": field.name, "type": kind, "values": values})
        });
        Json(fields.collect())
    })
}

#[derive(Deserialize)]
pub(super) struct Rename {
    name: String,
}

/// `PUT /api/v1/{scheme}/{id}/rename`
pub(super) async fn rename(
    State(sim): State<Sim>,
    caller: Caller,
    Path((scheme, id)): Path<(String, String)>,
    Json(wanted): Json<Rename>,
) -> Result<&'static str, Response> {
    change(&sim, &caller, &scheme, id, "rename-content", |asset| {
        asset.name = wanted.name
    })
}

/// `PUT` and `DELETE /api/v1/{scheme}/{id}/tag/{tag}` and the same for keywords. Attaching what is
/// attached still answers 200.
pub(super) async fn label(
    State(sim): State<Sim>,
    caller: Caller,
    method: http::Method,
    Path((scheme, id, kind, word)): Path<(String, String, String, String)>,
) -> Result<&'static str, Response> {
    let attach = method == http::Method::PUT;
    let what = match (kind.as_str(), attach) {
        ("tag", true) => "attach-tag",
        ("tag", false) => "detach-tag",
        ("keyword", true) => "attach-keyword",
        ("keyword", false) => "detach-keyword",
        _ => return Err(StatusCode::NOT_FOUND.into_response()),
    };
    change(&sim, &caller, &scheme, id, what, |asset| {
        let labels = if kind == "tag" {
            &mut asset.tags
        } else {
            &mut asset.keywords
        };
        if attach {
            labels.insert(word);
        } else {
            labels.remove(&word);
        }
    })
}

fn change(
    sim: &Sim,
    caller: &Caller,
    scheme: &str,
    id: String,
    what: &str,
    change: impl FnOnce(&mut Asset),
) -> Result<&'static str, Response> {
    let by = caller.writer()?;
    let scheme = Scheme::parse(scheme).ok_or_else(|| Refusal::NotFound.reply())?;
    with(sim, |tenant, now| {
        tenant
            .library
            .edit(&ContentId::new(scheme, id), by, now, change)
    })
    .map_err(|refusal| refusal.reply())?;
    effect(what);
    Ok("success")
}

/// Body of `POST /api/v1/version/comment`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VersionComment {
    scheme: String,
    id: String,
    version_id: String,
    comment: String,
}

/// `POST /api/v1/version/comment`: sets the one comment a version has.
pub(super) async fn version_comment(
    State(sim): State<Sim>,
    caller: Caller,
    Json(wanted): Json<VersionComment>,
) -> Result<&'static str, Response> {
    let by = caller.writer()?;
    let scheme = Scheme::parse(&wanted.scheme).ok_or_else(|| Refusal::NotFound.reply())?;
    let id = ContentId::new(scheme, wanted.id);
    with(&sim, |tenant, now| {
        let asset = tenant.library.assets.get(&id).ok_or(Refusal::NotFound)?;
        let position = asset
            .versions
            .iter()
            .position(|v| v.id == wanted.version_id);
        let position = position.ok_or(Refusal::NotFound)?;
        tenant.library.edit(&id, by, now, |asset| {
            asset.versions[position].comment = wanted.comment
        })
    })
    .map_err(|refusal| refusal.reply())?;
    effect("comment-version");
    Ok("success")
}
