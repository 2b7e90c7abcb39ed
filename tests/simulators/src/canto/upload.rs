//! Uploads: a signed form for a storage service, the storage service, and the state of ingest.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::{Multipart, Query, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Caller;
use super::library::Upload;
use super::values::{ContentId, Scheme, date};
use super::{Sim, Tenant, with};
use crate::common::effect;

/// Life of an upload form: what the vendor says.
const FORM_LIFETIME: Duration = Duration::from_secs(5 * 3600);

/// Time a status list looks back where the caller names none.
const DEFAULT_STATUS_HOURS: u64 = 24;

#[derive(Deserialize)]
pub(super) struct SettingQuery {
    #[serde(default)]
    refer: bool,
}

/// `GET /api/v1/upload/setting`: every key but `url` is a form field to be echoed.
pub(super) async fn setting(
    State(sim): State<Sim>,
    caller: Caller,
    Query(query): Query<SettingQuery>,
) -> Result<Json<Value>, Response> {
    let by = caller.writer()?;
    Ok(with(&sim, |tenant, now| {
        let key = tenant.library.new_id("form");
        tenant.forms.insert(key.clone(), now.plus(FORM_LIFETIME));
        let mut form = json!({
            "url": format!("{}/_s3/", tenant.base_url),
            "key": format!("{key}/${{filename}}"),
            "acl": "private",
            "Policy": policy(&key, by),
            "x-amz-meta-file_name": "${filename}",
            "x-amz-meta-tag": "",
            "x-amz-meta-scheme": "",
            "x-amz-meta-id": "",
            "x-amz-meta-album_id": "",
        });
        if tenant.options.sigv4 {
            form["x-amz-date"] = date(now).into();
            form["x-amz-algorithm"] = "AWS4-HMAC-SHA256".into();
            form["x-amz-credential"] = "SIMKEY/region/s3/aws4_request".into();
            form["x-amz-Signature"] = signature(&policy(&key, by)).into();
        } else {
            form["AWSAccessKeyId"] = "SIMKEY".into();
            form["Signature"] = signature(&policy(&key, by)).into();
        }
        if query.refer {
            form["x-amz-meta-refer_id"] = tenant.library.new_id("refer").into();
        }
        Json(form)
    }))
}

/// What the form allows: its key, and who asked for it.
fn policy(key: &str, by: &str) -> String {
    hex::encode(format!("{key} {by}"))
}

/// A signature of the policy that only this simulator makes.
fn signature(policy: &str) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(format!("canto-sim-storage/{policy}")))
}

/// `POST /_s3/`: the storage service. It takes the fields before `file` and nothing after it.
pub(super) async fn store(
    State(sim): State<Sim>,
    headers: HeaderMap,
    mut form: Multipart,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        return refuse(
            StatusCode::BAD_REQUEST,
            "only one way to authenticate is allowed",
        );
    }
    let mut fields = BTreeMap::new();
    loop {
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => return refuse(StatusCode::BAD_REQUEST, "the form has no file"),
            Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
        };
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            let file_name = field.file_name().unwrap_or("unnamed").to_owned();
            return match field.bytes().await {
                Ok(content) => take(&sim, &fields, file_name, content),
                Err(error) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
            };
        }
        match field.text().await {
            Ok(text) => fields.insert(name, text),
            Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
        };
    }
}

/// Storage services answer in XML.
fn refuse(status: StatusCode, why: &str) -> Response {
    let body = format!(
        "<Error><Code>{}</Code><Message>{why}</Message></Error>",
        status.as_u16()
    );
    (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

fn take(sim: &Sim, fields: &BTreeMap<String, String>, file: String, content: Bytes) -> Response {
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let named = field("x-amz-meta-file_name").replace("${filename}", &file);
    let stored = with(sim, |tenant, now| {
        let by = admitted(tenant, fields, now)?;
        let (scheme, id) = (field("x-amz-meta-scheme"), field("x-amz-meta-id"));
        let version_of = Scheme::parse(&scheme).filter(|_| !id.is_empty());
        tenant.library.accept(Upload {
            at: now,
            due: now,
            file_name: if named.is_empty() { file } else { named },
            content,
            by,
            tag: field("x-amz-meta-tag"),
            album: field("x-amz-meta-album_id"),
            version_of: version_of.map(|scheme| ContentId::new(scheme, id)),
            refer_id: field("x-amz-meta-refer_id"),
            fields: BTreeMap::new(),
            became: None,
            failed: false,
        });
        Ok(())
    });
    match stored {
        Ok(()) => {
            effect("upload");
            StatusCode::NO_CONTENT.into_response()
        }
        Err(why) => refuse(StatusCode::FORBIDDEN, why),
    }
}

/// Who uploads, if the form is one that was issued and still lives.
fn admitted(
    tenant: &Tenant,
    fields: &BTreeMap<String, String>,
    now: forebay_model::Timestamp,
) -> Result<String, &'static str> {
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let signed = if tenant.options.sigv4 {
        field("x-amz-Signature")
    } else {
        field("Signature")
    };
    if signed != signature(field("Policy")) {
        return Err("signature does not match");
    }
    let text = hex::decode(field("Policy"))
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or("policy cannot be read")?;
    let (key, by) = text.split_once(' ').ok_or("policy cannot be read")?;
    if !field("key").starts_with(&format!("{key}/")) {
        return Err("key differs from policy");
    }
    match tenant.forms.get(key) {
        Some(until) if now < *until => Ok(by.to_owned()),
        _ => Err("policy expired"),
    }
}

#[derive(Deserialize)]
pub(super) struct StatusQuery {
    hours: Option<u64>,
}

/// `GET /api/v1/upload/status`
pub(super) async fn status(
    State(sim): State<Sim>,
    _caller: Caller,
    Query(query): Query<StatusQuery>,
) -> Json<Value> {
    let back = Duration::from_secs(
        query
            .hours
            .unwrap_or(DEFAULT_STATUS_HOURS)
            .saturating_mul(3600),
    );
    with(&sim, |tenant, now| {
        let uploads = tenant
            .library
            .uploads
            .iter()
            .filter(|upload| upload.at >= now.minus(back));
        let results: Vec<Value> = uploads.map(status_of).collect();
        Json(json!({"found": results.len(), "results": results}))
    })
}

fn status_of(upload: &Upload) -> Value {
    let known = upload.became.as_ref().or(upload.version_of.as_ref());
    let status = match (&upload.became, upload.failed) {
        (Some(_), _) => "Done",
        (None, true) => "Error",
        (None, false) => "Initial",
    };
    let mut reply = json!({
        "scheme": known.map_or("", |id| id.scheme.word()),
        "id": known.map_or("", |id| &id.id),
        "name": upload.file_name,
        "time": date(upload.at),
        "status": status,
    });
    if !upload.refer_id.is_empty() {
        reply["refer_id"] = upload.refer_id.clone().into();
    }
    reply
}
