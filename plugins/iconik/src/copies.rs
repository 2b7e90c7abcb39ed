//! The copies of an asset's original: file sets of the original format on storages, and the jobs that
//! move them.

use forebay_sdk::assets::MediaCopy;
use forebay_sdk::http::encode_component;
use forebay_sdk::{Error, lenient};
use serde::Deserialize;

use crate::Iconik;
use crate::api::HasId;
use crate::wire::{RawAsset, RawFile};

/// A storage.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawStorage {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) name: String,
    #[serde(deserialize_with = "lenient::string")]
    purpose: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) status: String,
}

impl RawStorage {
    /// Failing and inactive ones cannot be worked with.
    pub(crate) fn is_reachable(&self) -> bool {
        matches!(self.status.as_str(), "ACTIVE" | "")
    }
}

/// A format: the original, or something made of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawFormat {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    name: String,
    #[serde(deserialize_with = "lenient::string")]
    status: String,
    #[serde(deserialize_with = "lenient::string")]
    version_id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) archive_status: String,
}

/// The files of a format on one storage.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct RawFileSet {
    #[serde(deserialize_with = "lenient::string")]
    id: String,
    #[serde(deserialize_with = "lenient::string")]
    format_id: String,
    #[serde(deserialize_with = "lenient::string")]
    storage_id: String,
    #[serde(deserialize_with = "lenient::string")]
    status: String,
    #[serde(deserialize_with = "lenient::or_default")]
    is_archive: bool,
}

impl HasId for RawFormat {
    fn id(&self) -> &str {
        &self.id
    }
}

impl HasId for RawFileSet {
    fn id(&self) -> &str {
        &self.id
    }
}

/// One copy, with what names it at iconik.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) file_set: String,
    pub(crate) format: String,
    /// Made by archiving: another call removes it.
    pub(crate) by_archiving: bool,
    pub(crate) copy: MediaCopy,
}

/// A job that moved or moves the original.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawJob {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(rename = "type", deserialize_with = "lenient::string")]
    kind: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) status: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) error_message: Option<String>,
    #[serde(deserialize_with = "lenient::string")]
    date_created: String,
}

impl RawJob {
    pub(crate) fn archives(&self) -> bool {
        self.kind == "ARCHIVE"
    }

    pub(crate) fn restores(&self) -> bool {
        matches!(self.kind.as_str(), "RESTORE" | "RESTORE_FROM_GLACIER")
    }

    /// Has it not come to an end?
    pub(crate) fn is_open(&self) -> bool {
        matches!(
            self.status.as_str(),
            "READY" | "STARTED" | "WAITING" | "PAUSED" | "ABORT_PENDING"
        )
    }

    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.status.as_str(), "FAILED" | "ABORTED")
    }
}

impl Iconik {
    pub(crate) fn storages(&self) -> Result<Vec<RawStorage>, Error> {
        self.all(&self.url("files/v1/storages/"), &[])
    }

    /// The original format of the current version. A placeholder has none.
    pub(crate) fn original(&self, asset: &RawAsset) -> Result<Option<RawFormat>, Error> {
        let version = asset.current_id(self.settings.current_version);
        let url = self.files_url(&asset.id, "formats/");
        let formats: Vec<RawFormat> = self.all_by_last_id(&url, &[])?;
        Ok(formats.into_iter().find(|format| {
            format.name == self.settings.original_format
                && format.status != "DELETED"
                && (format.version_id.is_empty() || format.version_id == version)
        }))
    }

    /// Every copy of a format. What waits in the delete queue of file sets still is one: its files
    /// are there.
    pub(crate) fn copies(&self, asset: &str, format: &RawFormat) -> Result<Vec<Held>, Error> {
        let sets: Vec<RawFileSet> =
            self.all_by_last_id(&self.files_url(asset, "file_sets/"), &[])?;
        let storages = self.storages()?;
        let mut copies = Vec::new();
        for set in sets.into_iter().filter(|set| set.format_id == format.id) {
            let storage = storages
                .iter()
                .find(|storage| storage.id == set.storage_id)
                .cloned()
                .unwrap_or_else(|| RawStorage {
                    // One that is gone, or that the credentials may not see.
                    name: set.storage_id.clone(),
                    status: "INACTIVE".to_owned(),
                    ..RawStorage::default()
                });
            let files = self.files_of(&set)?;
            copies.push(Held {
                copy: self.copy(&set, &storage, &files),
                by_archiving: set.is_archive,
                file_set: set.id,
                format: format.id.clone(),
            });
        }
        Ok(copies)
    }

    fn files_of(&self, set: &RawFileSet) -> Result<Vec<RawFile>, Error> {
        let id = encode_component(&set.id);
        let url = self.url(&format!("files/v1/file_sets/{id}/files/"));
        let mut files: Vec<RawFile> =
            self.all_by_last_id(&url, &[("generate_signed_url", "false")])?;
        files.retain(|file| file.kind != "DIRECTORY");
        Ok(files)
    }

    fn copy(&self, set: &RawFileSet, storage: &RawStorage, files: &[RawFile]) -> MediaCopy {
        let size: Option<i64> = files.iter().map(|file| file.size).sum();
        let checksum = match files {
            [file] => file.checksum.as_deref().filter(|sum| !sum.is_empty()),
            // A set of several files has no checksum of its own.
            _ => None,
        };
        MediaCopy {
            storage: storage.name.clone(),
            archive: set.is_archive || storage.purpose == "ARCHIVE",
            reachable: storage.is_reachable(),
            size: size
                .filter(|_| !files.is_empty())
                .and_then(|size| u64::try_from(size).ok()),
            checksum: checksum.map(|sum| format!("{}:{sum}", self.settings.checksum_algorithm)),
            complete: set.status != "DELETED"
                && !files.is_empty()
                && files.iter().all(RawFile::is_complete),
        }
    }

    /// Jobs that moved the original, the latest last.
    pub(crate) fn moves(&self, asset: &str) -> Result<Vec<RawJob>, Error> {
        let query = [("object_id", asset), ("object_type", "assets")];
        let mut jobs: Vec<RawJob> = self.all(&self.url("jobs/v1/jobs/"), &query)?;
        jobs.retain(|job| job.archives() || job.restores());
        jobs.sort_by(|a, b| a.date_created.cmp(&b.date_created));
        Ok(jobs)
    }

    pub(crate) fn files_url(&self, asset: &str, rest: &str) -> String {
        self.url(&format!(
            "files/v1/assets/{}/{rest}",
            encode_component(asset)
        ))
    }
}
