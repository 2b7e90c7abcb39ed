//! Files: storages, formats, file sets, uploads. What is made of them is in `renditions`.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use forebay_model::Timestamp;
use http::{HeaderMap, StatusCode, header};
use md5::Digest as _;
use serde_json::{Value, json};

use super::assets::no_asset;
use super::domain::Domain;
use super::http::{Caller, Refusal, overlay, paged, required};
use super::types::{Record, StoredFile, date, text};
use super::versions::named_version;
use super::{Sim, World, with};
use crate::common::effect;

/// Keys the service sets itself.
const OWN: [&str; 8] = [
    "id",
    "asset_id",
    "user_id",
    "date_created",
    "date_modified",
    "upload_url",
    "upload_method",
    "upload_credentials",
];

/// `GET /API/files/v1/storages/`
pub(super) async fn storages(
    State(sim): State<Sim>,
    caller: Caller,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        paged(
            &caller,
            world
                .domain
                .storages
                .iter()
                .cloned()
                .map(Value::Object)
                .collect(),
        )
    })
}

/// The records of an asset, of the version asked for by `version_id`.
fn of_asset<'a>(
    world: &World,
    id: &'a str,
    caller: &'a Caller,
) -> Result<impl Fn(&Record) -> bool + 'a, Refusal> {
    if !world.domain.assets.contains_key(id) {
        return Err(no_asset());
    }
    let version = caller.query("version_id");
    Ok(move |record: &Record| {
        text(record, "asset_id") == id
            && version.is_none_or(|version| text(record, "version_id") == version)
    })
}

/// A page of those records of an asset.
fn page_of_asset(
    world: &World,
    id: &str,
    caller: &Caller,
    all: &[Record],
) -> Result<Json<Value>, Refusal> {
    let wanted = of_asset(world, id, caller)?;
    let found = all.iter().filter(|record| wanted(record));
    paged(caller, found.cloned().map(Value::Object).collect())
}

/// `GET .../assets/{id}/formats/`
pub(super) async fn formats(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        page_of_asset(world, &id, &caller, &world.domain.formats)
    })
}

/// `POST .../assets/{id}/formats/`
pub(super) async fn create_format(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Record>), Refusal> {
    required(&body, "name")?;
    with(&sim, |world, now| {
        let mut record = child(world, &id, &caller, &body, now)?;
        record.entry("status").or_insert("ACTIVE".into());
        record.insert("archive_status".to_owned(), "NOT_ARCHIVED".into());
        world.domain.formats.push(record.clone());
        effect("create-format");
        report(world, ("formats", "create"), &id, &caller.user, &record);
        Ok((StatusCode::CREATED, Json(record)))
    })
}

/// A new record below an asset's version.
fn child(
    world: &mut World,
    asset: &str,
    caller: &Caller,
    body: &Record,
    now: Timestamp,
) -> Result<Record, Refusal> {
    let version = named_version(world, asset, body)?;
    let mut record = Record::new();
    overlay(&mut record, body, &OWN);
    let own = [
        ("id", world.domain.new_id()),
        ("asset_id", asset.to_owned()),
        ("version_id", version),
        ("user_id", caller.user.clone()),
        ("date_created", date(now)),
        ("date_modified", date(now)),
    ];
    record.extend(own.map(|(key, value)| (key.to_owned(), json!(value))));
    Ok(record)
}

fn report(
    world: &mut World,
    (realm, operation): (&'static str, &'static str),
    asset: &str,
    by: &str,
    record: &Record,
) {
    world.domain.emit(
        ("assets", realm, operation),
        asset,
        by,
        Value::Object(record.clone()),
    );
}

/// `GET .../assets/{id}/file_sets/`
pub(super) async fn file_sets(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        page_of_asset(world, &id, &caller, &world.domain.file_sets)
    })
}

/// `POST .../assets/{id}/file_sets/`
pub(super) async fn create_file_set(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Record>), Refusal> {
    required(&body, "name")?;
    let format = required(&body, "format_id")?;
    for key in ["base_dir", "component_ids"] {
        if !body.contains_key(key) {
            return Err(Refusal::field(key, "Missing data for required field."));
        }
    }
    with(&sim, |world, now| {
        if !world
            .domain
            .formats
            .iter()
            .any(|record| text(record, "id") == format)
        {
            return Err(Refusal::field("format_id", "Format not found"));
        }
        let mut record = child(world, &id, &caller, &body, now)?;
        record.entry("status").or_insert("ACTIVE".into());
        record.remove("user_id");
        world.domain.file_sets.push(record.clone());
        effect("create-file-set");
        Ok((StatusCode::CREATED, Json(record)))
    })
}

/// A file with the addresses of its bytes.
fn told(file: &StoredFile, base: &str) -> Value {
    let mut record = file.record.clone();
    let address = format!("{base}/_storage/{}", text(&file.record, "id"));
    record.insert(
        "upload_url".to_owned(),
        format!("{address}?signature=up").into(),
    );
    record.insert("upload_method".to_owned(), "PUT".into());
    record.insert("upload_credentials".to_owned(), json!({}));
    record.insert("url".to_owned(), format!("{address}?signature=down").into());
    Value::Object(record)
}

/// `GET .../assets/{id}/files/`
pub(super) async fn files(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let wanted = of_asset(world, &id, &caller)?;
        let files = world.domain.files.iter();
        let shown = files
            .filter(|file| wanted(&file.record))
            .map(|file| told(file, &caller.base));
        paged(&caller, shown.collect())
    })
}

/// `POST .../assets/{id}/files/`: the reply says where to put the bytes.
pub(super) async fn create_file(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    required(&body, "original_name")?;
    required(&body, "type")?;
    let file_set = required(&body, "file_set_id")?;
    if !body.contains_key("directory_path") {
        return Err(Refusal::field(
            "directory_path",
            "Missing data for required field.",
        ));
    }
    with(&sim, |world, now| {
        if !world
            .domain
            .file_sets
            .iter()
            .any(|record| text(record, "id") == file_set)
        {
            return Err(Refusal::field("file_set_id", "File set not found"));
        }
        let mut record = child(world, &id, &caller, &body, now)?;
        record.entry("status").or_insert("OPEN".into());
        record.insert("storage_method".to_owned(), "S3".into());
        let name = record["original_name"].clone();
        record.entry("name").or_insert(name);
        let file = StoredFile {
            record,
            content: Bytes::new(),
        };
        let reply = told(&file, &caller.base);
        effect("create-file");
        report(world, ("files", "create"), &id, &caller.user, &file.record);
        world.domain.files.push(file);
        Ok((StatusCode::CREATED, Json(reply)))
    })
}

pub(super) fn find_file<'a>(
    domain: &'a mut Domain,
    id: &str,
) -> Result<&'a mut StoredFile, Refusal> {
    let found = domain
        .files
        .iter_mut()
        .find(|file| text(&file.record, "id") == id);
    found.ok_or_else(|| Refusal::not_found("File"))
}

/// `GET .../files/{file_id}/`
pub(super) async fn read_file(
    State(sim): State<Sim>,
    caller: Caller,
    Path((_asset, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        Ok(Json(told(find_file(&mut world.domain, &id)?, &caller.base)))
    })
}

/// `PATCH` and `PUT .../files/{file_id}/`: `CLOSED` says that all bytes are there.
pub(super) async fn update_file(
    State(sim): State<Sim>,
    caller: Caller,
    Path((asset, id)): Path<(String, String)>,
    Json(body): Json<Record>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, now| {
        let file = find_file(&mut world.domain, &id)?;
        let expected = file.record.get("size").and_then(Value::as_u64);
        let closes = text(&body, "status") == "CLOSED";
        if closes && expected.is_some_and(|size| size != file.content.len() as u64) {
            return Err(Refusal::field(
                "status",
                "Size differs from what was uploaded.",
            ));
        }
        overlay(&mut file.record, &body, &OWN);
        file.record
            .insert("date_modified".to_owned(), date(now).into());
        let (reply, record) = (told(file, &caller.base), file.record.clone());
        effect("update-file");
        report(world, ("files", "update"), &asset, &caller.user, &record);
        Ok(Json(reply))
    })
}

/// `GET .../files/{file_id}/download_url/`
pub(super) async fn download_url(
    State(sim): State<Sim>,
    caller: Caller,
    Path((_asset, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        find_file(&mut world.domain, &id)?;
        Ok(Json(
            json!({"url": format!("{}/_storage/{id}?signature=down", caller.base)}),
        ))
    })
}

/// `PUT /_storage/{file_id}?signature=up`: the storage service. The address holds all the rights;
/// headers of the API are refused, as storage services do.
pub(super) async fn store(
    State(sim): State<Sim>,
    headers: HeaderMap,
    Path(id): Path<String>,
    content: Bytes,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) || headers.contains_key("auth-token") {
        return (
            StatusCode::BAD_REQUEST,
            "only one way to authenticate is allowed",
        )
            .into_response();
    }
    with(&sim, |world, _| {
        let Ok(file) = find_file(&mut world.domain, &id) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let checksum = hex::encode(md5::Md5::digest(&content));
        file.record
            .insert("checksum".to_owned(), checksum.clone().into());
        file.record.entry("size").or_insert(content.len().into());
        file.content = content;
        effect("store-file");
        (StatusCode::OK, [(header::ETAG, format!("\"{checksum}\""))]).into_response()
    })
}

/// `GET /_storage/{id}`: bytes of a file or a rendition.
pub(super) async fn fetch(State(sim): State<Sim>, Path(id): Path<String>) -> Response {
    with(&sim, |world, _| {
        let rendered = world
            .domain
            .proxies
            .iter()
            .any(|proxy| text(&proxy.record, "id") == id);
        match find_file(&mut world.domain, &id) {
            Ok(file) => file.content.clone().into_response(),
            Err(_) if rendered => super::renditions::CONTENT.into_response(),
            Err(_) => StatusCode::NOT_FOUND.into_response(),
        }
    })
}
