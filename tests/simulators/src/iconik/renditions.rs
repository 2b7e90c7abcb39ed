//! What is made of files: proxies and keyframes, by jobs that take their time.

use axum::Json;
use axum::extract::{Path, State};
use forebay_model::Timestamp;
use serde_json::{Value, json};

use super::assets::no_asset;
use super::domain::Domain;
use super::files::find_file;
use super::http::{Caller, Refusal, paged};
use super::types::{Proxy, date, text};
use super::{Sim, with};
use crate::common::effect;

/// What stands for the bytes of a proxy or keyframe.
pub(super) const CONTENT: &[u8] = b"simulated rendition";

/// `POST .../files/{file_id}/keyframes/`: starts analysis, and with it the proxy.
pub(super) async fn transcode(
    State(sim): State<Sim>,
    caller: Caller,
    Path((asset, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, now| {
        let file = find_file(&mut world.domain, &id)?;
        if text(&file.record, "status") != "CLOSED" {
            return Err(Refusal::invalid("File is not closed"));
        }
        let version = text(&file.record, "version_id").to_owned();
        effect("transcode");
        let job = world
            .domain
            .start_proxy(&asset, &version, &caller.user, now);
        Ok(Json(json!({"job_id": job})))
    })
}

impl Domain {
    /// Start making a proxy, ready after [`Domain::proxy_delay`]; returns the job.
    pub fn start_proxy(&mut self, asset: &str, version: &str, by: &str, now: Timestamp) -> String {
        let (id, job) = (self.new_id(), self.new_id());
        let title = self
            .assets
            .get(asset)
            .map(|asset| asset.title.clone())
            .unwrap_or_default();
        let record = json!({
            "id": id, "asset_id": asset, "version_id": version, "status": "AWAITED",
            "name": "1080p", "filename": "proxy.mp4", "format": "mp4", "codec": "h264",
            "storage_method": "S3", "date_created": date(now), "date_modified": date(now),
        });
        let record = record.as_object().cloned().unwrap_or_default();
        let fails = self.failing_transcodes.contains(&title);
        let due = now.plus(self.proxy_delay);
        self.proxies.push(Proxy {
            record,
            due,
            job: job.clone(),
            fails,
            is_over: false,
        });
        let started = json!({
            "id": job, "title": format!("Transcode {title}"), "type": "TRANSCODE",
            "status": "STARTED", "object_id": asset, "object_type": "assets", "created_by": by,
            "date_created": date(now), "date_modified": date(now),
        });
        self.jobs.extend(started.as_object().cloned());
        self.emit(("jobs", "entity", "create"), &job, by, started);
        job
    }
}

fn rendition(proxy: &Proxy, base: &str) -> Value {
    let mut record = proxy.record.clone();
    // What is not ready has no address.
    if text(&record, "status") == "CLOSED" {
        let url = format!("{base}/_storage/{}?signature=down", text(&record, "id"));
        record.insert("url".to_owned(), url.into());
    }
    Value::Object(record)
}

/// `GET .../assets/{id}/proxies/`
pub(super) async fn proxies(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let current = world.domain.assets.get(&id).ok_or_else(no_asset)?.current();
        let version = caller.query("version_id").unwrap_or(current);
        let proxies = world.domain.proxies.iter().filter(|proxy| {
            text(&proxy.record, "asset_id") == id && text(&proxy.record, "version_id") == version
        });
        paged(
            &caller,
            proxies
                .map(|proxy| rendition(proxy, &caller.base))
                .collect(),
        )
    })
}

/// `GET .../assets/{id}/proxies/{proxy_id}/`
pub(super) async fn proxy(
    State(sim): State<Sim>,
    caller: Caller,
    Path((_asset, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let proxy = world
            .domain
            .proxies
            .iter()
            .find(|proxy| text(&proxy.record, "id") == id);
        let proxy = proxy.ok_or_else(|| Refusal::not_found("Proxy"))?;
        Ok(Json(rendition(proxy, &caller.base)))
    })
}

/// `GET .../assets/{id}/keyframes/`: there when the proxy is.
pub(super) async fn keyframes(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let current = world.domain.assets.get(&id).ok_or_else(no_asset)?.current();
        let ready = world.domain.proxies.iter().filter(|proxy| {
            text(&proxy.record, "version_id") == current
                && text(&proxy.record, "status") == "CLOSED"
        });
        let keyframes = ready.map(|proxy| {
            let base = &caller.base;
            json!({
                "id": text(&proxy.record, "id"), "asset_id": id, "version_id": current,
                "type": "KEYFRAME", "status": "CLOSED", "name": "keyframe", "format": "jpg",
                "url": format!("{base}/_storage/{}?signature=down", text(&proxy.record, "id")),
            })
        });
        paged(&caller, keyframes.collect())
    })
}
