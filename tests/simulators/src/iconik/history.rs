//! What happened to an asset, entry by entry.

use axum::Json;
use axum::extract::{Path, State};
use forebay_model::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::assets::no_asset;
use super::domain::Domain;
use super::http::{Caller, Refusal, paged, required};
use super::types::{Record, date, text};
use super::{Sim, with};
use crate::common::effect;

/// An entry to write.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The vendor's word: `DOWNLOAD`, `ARCHIVE`, …
    pub operation: String,
    /// Who did it; empty for the service itself.
    pub user: String,
    /// In words.
    pub description: Option<String>,
    /// The job that did it.
    pub job: Option<String>,
    /// The share through which it was done.
    pub share: Option<String>,
    /// Whom of that share's people.
    pub share_user: Option<String>,
}

impl Entry {
    /// Something that a user did.
    #[must_use]
    pub fn new(operation: &str, user: &str) -> Self {
        Self {
            operation: operation.to_owned(),
            user: user.to_owned(),
            ..Self::default()
        }
    }
}

impl Domain {
    /// Write an entry into an asset's history; returns it.
    pub fn note(&mut self, asset: &str, entry: Entry, now: Timestamp) -> Record {
        let version = self
            .assets
            .get(asset)
            .map(|asset| asset.current().to_owned());
        let told = json!({
            "id": self.new_id(), "asset_id": asset, "version_id": version,
            "operation_type": entry.operation, "user_id": entry.user,
            "operation_description": entry.description, "job_id": entry.job,
            "share_id": entry.share, "share_user_id": entry.share_user,
            "system_domain_id": self.id, "date_created": date(now), "date_modified": date(now),
        });
        let mut record = told.as_object().cloned().unwrap_or_default();
        record.retain(|_, value| !value.is_null() && *value != "");
        self.history.push(record.clone());
        record
    }
}

/// `GET .../{id}/history/`
pub(super) async fn list(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        if !world.domain.assets.contains_key(&id) {
            return Err(no_asset());
        }
        let history = world.domain.history.iter();
        let entries = history.filter(|entry| text(entry, "asset_id") == id);
        paged(&caller, entries.cloned().map(Value::Object).collect())
    })
}

/// `POST .../{id}/history/`
pub(super) async fn add(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Record>), Refusal> {
    let operation = required(&body, "operation_type")?;
    with(&sim, |world, now| {
        if !world.domain.assets.contains_key(&id) {
            return Err(no_asset());
        }
        let description = body.get("operation_description").and_then(Value::as_str);
        let entry = Entry {
            description: description.map(str::to_owned),
            ..Entry::new(operation, &caller.user)
        };
        let entry = world.domain.note(&id, entry, now);
        effect("add-history");
        Ok((StatusCode::CREATED, Json(entry)))
    })
}
