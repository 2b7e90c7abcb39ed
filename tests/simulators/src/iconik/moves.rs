//! Archiving and restoring: jobs that take hours, wait for storages, and may fail. A second call
//! starts a second job, so that a test sees it.

use axum::Json;
use axum::extract::{Path, State};
use forebay_model::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::assets::no_asset;
use super::domain::Domain;
use super::history::Entry;
use super::http::{Caller, Refusal};
use super::types::{ArchiveOutcome, Move, Record, date, text};
use super::{Sim, with};
use crate::common::effect;

impl Domain {
    /// Start moving a format into an archive, or back; returns the job.
    fn start_move(&mut self, begun: Begun<'_>, by: &str, now: Timestamp) -> String {
        let job = self.new_id();
        let (kind, word, delay) = if begun.restores {
            ("RESTORE", "Restore", self.restore_delay)
        } else {
            ("ARCHIVE", "Archive", self.archive_delay)
        };
        let asset = text(begun.format, "asset_id").to_owned();
        let title = self.assets.get(&asset).map(|a| a.title.clone());
        let record = json!({
            "id": job, "title": format!("{word} {}", title.unwrap_or_default()), "type": kind,
            "status": "STARTED", "object_id": asset, "object_type": "assets", "created_by": by,
            "date_created": date(now), "date_modified": date(now),
        });
        self.jobs.extend(record.as_object().cloned());
        self.emit(("jobs", "entity", "create"), &job, by, record);
        let format = text(begun.format, "id").to_owned();
        if !begun.restores {
            self.set_archive_status(&format, "ARCHIVING", by, now);
        }
        self.moves.push(Move {
            job: job.clone(),
            asset,
            format,
            storage: begun.storage,
            restores: begun.restores,
            delete_original: begun.delete_original,
            by: by.to_owned(),
            due: now.plus(delay),
        });
        job
    }

    fn set_archive_status(&mut self, format: &str, status: &str, by: &str, now: Timestamp) {
        let mut formats = self.formats.iter_mut();
        let Some(found) = formats.find(|record| text(record, "id") == format) else {
            return;
        };
        found.insert("archive_status".to_owned(), status.into());
        found.insert("date_modified".to_owned(), date(now).into());
        let (asset, record) = (text(found, "asset_id").to_owned(), found.clone());
        self.emit(
            ("assets", "formats", "update"),
            &asset,
            by,
            Value::Object(record),
        );
    }

    /// When the next move is due that does not wait for a storage.
    pub(super) fn next_move(&self) -> Option<Timestamp> {
        let open = self.moves.iter().filter(|m| self.is_reachable(&m.storage));
        open.map(|m| m.due).min()
    }

    /// Finish what is due, unless its storage is out of reach: then it waits.
    pub(super) fn settle_moves(&mut self, now: Timestamp) {
        let due = |domain: &Self, m: &Move| m.due <= now && domain.is_reachable(&m.storage);
        let (done, open) = std::mem::take(&mut self.moves)
            .into_iter()
            .partition(|m| due(self, m));
        self.moves = open;
        for finished in done {
            self.finish_move(&finished, now);
        }
    }

    fn finish_move(&mut self, m: &Move, now: Timestamp) {
        let outcome = self.outcomes.get(&m.asset).cloned().unwrap_or_default();
        let failure = match (&outcome, m.restores) {
            (ArchiveOutcome::Fails(why), false) | (ArchiveOutcome::RestoreFails(why), true) => {
                Some(why.clone())
            }
            _ => None,
        };
        if failure.is_none() && m.restores {
            self.restored(m, now);
        } else if failure.is_none() {
            self.archived(m, &outcome, now);
        } else if !m.restores {
            self.set_archive_status(&m.format, "FAILED_TO_ARCHIVE", &m.by, now);
        }
        let mut jobs = self.jobs.iter_mut();
        let Some(job) = jobs.find(|job| text(job, "id") == m.job) else {
            return;
        };
        let status = if failure.is_some() {
            "FAILED"
        } else {
            "FINISHED"
        };
        job.insert("status".to_owned(), status.into());
        job.insert("date_modified".to_owned(), date(now).into());
        if let Some(why) = failure {
            job.insert("error_message".to_owned(), why.into());
        }
        let data = Value::Object(job.clone());
        self.emit(("jobs", "entity", "update"), &m.job, &m.by, data);
    }

    fn archived(&mut self, m: &Move, outcome: &ArchiveOutcome, now: Timestamp) {
        let originals: Vec<String> = self
            .file_sets
            .iter()
            .filter(|set| text(set, "format_id") == m.format)
            .map(|set| text(set, "id").to_owned())
            .collect();
        let copy = self.copy_format(&m.format, &m.storage, true, now);
        if *outcome == ArchiveOutcome::ChecksumDiffers {
            let of_copy = |id: &str| copy.as_deref() == Some(id);
            for file in &mut self.files {
                if of_copy(text(&file.record, "file_set_id")) {
                    let wrong = "0".repeat(text(&file.record, "checksum").len());
                    file.record.insert("checksum".to_owned(), wrong.into());
                }
            }
        }
        if m.delete_original {
            for set in originals {
                self.remove_file_set(&set, &m.by, now);
            }
        }
        self.set_archive_status(&m.format, "ARCHIVED", &m.by, now);
        self.note_move(m, "ARCHIVE", now);
    }

    /// A copy at hand, where there is none; the archive keeps its own. That the status says so again
    /// is inferred.
    fn restored(&mut self, m: &Move, now: Timestamp) {
        let at_hand = self.file_sets.iter().any(|set| {
            text(set, "format_id") == m.format
                && text(set, "status") == "ACTIVE"
                && set
                    .get("is_archive")
                    .is_none_or(|archive| *archive == false)
        });
        if !at_hand {
            self.copy_format(&m.format, &m.storage, false, now);
        }
        self.set_archive_status(&m.format, "NOT_ARCHIVED", &m.by, now);
        self.note_move(m, "RESTORE_ARCHIVE", now);
    }

    fn note_move(&mut self, m: &Move, operation: &str, now: Timestamp) {
        let entry = Entry {
            job: Some(m.job.clone()),
            ..Entry::new(operation, &m.by)
        };
        self.note(&m.asset, entry, now);
    }

    /// The first storage of a purpose.
    fn storage_for(&self, purpose: &str) -> Option<String> {
        let mut storages = self.storages.iter();
        let found = storages.find(|storage| text(storage, "purpose") == purpose);
        found.map(|storage| text(storage, "id").to_owned())
    }
}

/// A move to start.
struct Begun<'a> {
    format: &'a Record,
    storage: String,
    restores: bool,
    delete_original: bool,
}

fn format_of(domain: &Domain, asset: &str, id: &str) -> Result<Record, Refusal> {
    if !domain.assets.contains_key(asset) {
        return Err(no_asset());
    }
    let mut formats = domain.formats.iter();
    let found = formats.find(|f| text(f, "id") == id && text(f, "asset_id") == asset);
    found.cloned().ok_or_else(|| Refusal::not_found("Format"))
}

/// `POST .../assets/{id}/formats/{format}/archive/`: 202, a job does it.
pub(super) async fn archive(
    State(sim): State<Sim>,
    caller: Caller,
    Path((asset, format)): Path<(String, String)>,
    Json(body): Json<Record>,
) -> Result<StatusCode, Refusal> {
    start(&sim, &caller, (&asset, &format), &body, false)
}

/// `POST .../assets/{id}/formats/{format}/restore/`: 202, a job does it.
pub(super) async fn restore(
    State(sim): State<Sim>,
    caller: Caller,
    Path((asset, format)): Path<(String, String)>,
    Json(body): Json<Record>,
) -> Result<StatusCode, Refusal> {
    start(&sim, &caller, (&asset, &format), &body, true)
}

fn start(
    sim: &Sim,
    caller: &Caller,
    (asset, format): (&str, &str),
    body: &Record,
    restores: bool,
) -> Result<StatusCode, Refusal> {
    with(sim, |world, now| {
        let domain = &mut world.domain;
        let format = format_of(domain, asset, format)?;
        let purpose = if restores { "FILES" } else { "ARCHIVE" };
        if restores && text(&format, "archive_status") != "ARCHIVED" {
            return Err(Refusal::invalid("Format is not archived"));
        }
        let storage = match text(body, "destination_storage_id") {
            "" => domain.storage_for(purpose),
            named => Some(named.to_owned()),
        };
        let storages = &domain.storages;
        let known = |id: &String| storages.iter().any(|s| text(s, "id") == id);
        let storage = storage
            .filter(known)
            .ok_or_else(|| Refusal::field("destination_storage_id", "Storage not found"))?;
        let begun = Begun {
            format: &format,
            storage,
            restores,
            delete_original: body.get("delete_original").is_some_and(|v| v == true),
        };
        domain.start_move(begun, &caller.user, now);
        effect(if restores {
            "restore-format"
        } else {
            "archive-format"
        });
        Ok(StatusCode::ACCEPTED)
    })
}

/// `DELETE .../assets/{id}/formats/{format}/archive/`: removes the archived copy; 202.
pub(super) async fn delete_archived(
    State(sim): State<Sim>,
    caller: Caller,
    Path((asset, format)): Path<(String, String)>,
    body: Option<Json<Record>>,
) -> Result<StatusCode, Refusal> {
    let named = body
        .as_ref()
        .map(|body| text(body, "file_set_id").to_owned());
    with(&sim, |world, now| {
        let domain = &mut world.domain;
        let format = format_of(domain, &asset, &format)?;
        let format = text(&format, "id").to_owned();
        let archived: Vec<String> = domain
            .file_sets
            .iter()
            .filter(|set| {
                text(set, "format_id") == format
                    && set
                        .get("is_archive")
                        .is_some_and(|archive| *archive == true)
                    && named.as_deref().is_none_or(|id| id == text(set, "id"))
            })
            .map(|set| text(set, "id").to_owned())
            .collect();
        if archived.is_empty() {
            return Err(Refusal::not_found("Archived format"));
        }
        for set in archived {
            domain.remove_file_set(&set, &caller.user, now);
        }
        domain.set_archive_status(&format, "NOT_ARCHIVED", &caller.user, now);
        effect("delete-archive");
        Ok(StatusCode::ACCEPTED)
    })
}
