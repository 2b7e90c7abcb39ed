//! Where the files of assets are: file sets on storages, some of which may be out of reach. What is
//! removed from a storage that cannot be reached stays there until it can.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use forebay_model::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::domain::Domain;
use super::history::Entry;
use super::http::{Caller, Refusal, paged};
use super::types::{Record, date, text};
use super::{Sim, World, with};
use crate::common::effect;

impl Domain {
    /// Id of the storage of a name.
    #[must_use]
    pub fn storage_id(&self, name: &str) -> Option<String> {
        let mut storages = self.storages.iter();
        let found = storages.find(|storage| text(storage, "name") == name);
        found.map(|storage| text(storage, "id").to_owned())
    }

    /// Can the storage be worked with?
    #[must_use]
    pub fn is_reachable(&self, storage: &str) -> bool {
        let mut storages = self.storages.iter();
        let found = storages.find(|known| text(known, "id") == storage);
        found.is_some_and(|storage| text(storage, "status") == "ACTIVE")
    }

    /// The format that holds the original of an asset's current version.
    #[must_use]
    pub fn original_format(&self, asset: &str) -> Option<&Record> {
        let version = self.assets.get(asset)?.current();
        self.formats.iter().find(|format| {
            text(format, "asset_id") == asset
                && text(format, "version_id") == version
                && text(format, "name") == "ORIGINAL"
                && text(format, "status") != "DELETED"
        })
    }

    /// Copy a format's files to another storage; returns the new file set.
    pub fn copy_format(
        &mut self,
        format: &str,
        storage: &str,
        is_archive: bool,
        now: Timestamp,
    ) -> Option<String> {
        let of_format = |record: &&Record| text(record, "format_id") == format;
        let mut set = self.file_sets.iter().find(of_format)?.clone();
        let source = text(&set, "id").to_owned();
        let id = self.new_id();
        let status = if is_archive { "ARCHIVED" } else { "ACTIVE" };
        let own = json!({
            "id": id, "storage_id": storage, "is_archive": is_archive, "status": status,
            "date_created": date(now), "date_modified": date(now),
        });
        set.extend(own.as_object().cloned().unwrap_or_default());
        set.remove("date_deleted");
        let of_source =
            |file: &&super::types::StoredFile| text(&file.record, "file_set_id") == source;
        let mut files: Vec<_> = self.files.iter().filter(of_source).cloned().collect();
        for file in &mut files {
            let status = if is_archive { "ARCHIVED" } else { "CLOSED" };
            let own = json!({
                "id": self.new_id(), "file_set_id": id, "storage_id": storage, "status": status,
                "date_created": date(now), "date_modified": date(now),
            });
            file.record
                .extend(own.as_object().cloned().unwrap_or_default());
        }
        self.files.extend(files);
        self.file_sets.push(set);
        Some(id)
    }

    /// Remove a file set with its files: at once, or when its storage can be reached again.
    pub fn remove_file_set(&mut self, set: &str, by: &str, now: Timestamp) {
        let mut sets = self.file_sets.iter_mut();
        let Some(found) = sets.find(|record| text(record, "id") == set) else {
            return;
        };
        found.insert("status".to_owned(), "DELETED".into());
        found.insert("date_deleted".to_owned(), date(now).into());
        let asset = text(found, "asset_id").to_owned();
        self.note(&asset, Entry::new("DELETE_FILESET", by), now);
        self.doomed.insert(set.to_owned());
    }

    /// Remove what is to be removed from every storage that can be reached, and assets whose purge
    /// waited for it.
    pub(super) fn settle_copies(&mut self) {
        if self.doomed.is_empty() && self.purging.is_empty() {
            return;
        }
        let reachable = |domain: &Self, set: &Record| domain.is_reachable(text(set, "storage_id"));
        let gone: Vec<String> = self
            .file_sets
            .iter()
            .filter(|set| self.doomed.contains(text(set, "id")) && reachable(self, set))
            .map(|set| text(set, "id").to_owned())
            .collect();
        for set in gone {
            self.doomed.remove(&set);
            self.file_sets.retain(|record| text(record, "id") != set);
            self.files
                .retain(|file| text(&file.record, "file_set_id") != set);
        }
        let waiting: Vec<(String, String)> = self.purging.clone().into_iter().collect();
        for (asset, by) in waiting {
            if !self
                .file_sets
                .iter()
                .any(|set| text(set, "asset_id") == asset)
            {
                self.purging.remove(&asset);
                self.forget_asset(&asset, &by);
            }
        }
    }
}

/// `GET /API/files/v1/file_sets/{id}/files/`
pub(super) async fn files_of_set(
    State(sim): State<Sim>,
    caller: Caller,
    Path(set): Path<String>,
) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let files = world.domain.files.iter();
        let inside = files.filter(|file| text(&file.record, "file_set_id") == set);
        let told = inside.map(|file| Value::Object(file.record.clone()));
        paged(&caller, told.collect())
    })
}

fn existing(world: &World, asset: &str, set: &str) -> Result<Record, Refusal> {
    let mut sets = world.domain.file_sets.iter();
    let found = sets.find(|record| text(record, "id") == set && text(record, "asset_id") == asset);
    found.cloned().ok_or_else(|| Refusal::not_found("File set"))
}

/// `DELETE .../assets/{id}/file_sets/{set}/`: marked as deleted (200), or gone at once (204).
pub(super) async fn delete_set(
    State(sim): State<Sim>,
    caller: Caller,
    Path((asset, set)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let immediately = caller.query("immediately") == Some("true");
    with(&sim, |world, now| {
        let record = existing(world, &asset, &set)?;
        effect("delete-file-set");
        if immediately {
            world.domain.remove_file_set(&set, &caller.user, now);
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        let mut sets = world.domain.file_sets.iter_mut();
        if let Some(found) = sets.find(|known| text(known, "id") == set) {
            found.insert("status".to_owned(), "DELETED".into());
            found.insert("date_deleted".to_owned(), date(now).into());
        }
        Ok((StatusCode::OK, Json(record)).into_response())
    })
}

/// `DELETE .../assets/{id}/file_sets/{set}/purge/`: of one that was deleted.
pub(super) async fn purge_set(
    State(sim): State<Sim>,
    caller: Caller,
    Path((asset, set)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    with(&sim, |world, now| {
        let record = existing(world, &asset, &set)?;
        if text(&record, "status") != "DELETED" {
            return Err(Refusal::not_found("File set"));
        }
        world.domain.remove_file_set(&set, &caller.user, now);
        effect("purge-file-set");
        Ok(StatusCode::NO_CONTENT)
    })
}
