//! What a tenant holds, piece by piece.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use forebay_model::Timestamp;
use md5::Digest as _;
use serde_json::Value;

use super::values::ContentId;

/// A person or an integration known to the tenant.
#[derive(Clone, Debug)]
pub struct User {
    /// Id used in `owner`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Mail address.
    pub email: String,
}

/// A custom field of the tenant.
#[derive(Clone, Debug)]
pub struct CustomField {
    /// Id.
    pub id: String,
    /// Display name, the key in `additional`.
    pub name: String,
    /// Several values are allowed.
    pub multi: bool,
    /// Choices; empty for free text.
    pub values: Vec<String>,
}

/// One file of an asset.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its id.
    pub id: String,
    /// Number from 1.
    pub number: u32,
    /// Who uploaded it.
    pub by: String,
    /// When.
    pub created: Timestamp,
    /// Comment on it.
    pub comment: String,
    /// File name at upload.
    pub file_name: String,
    /// The file.
    pub content: Bytes,
}

impl Version {
    /// MD5 of the file in hexadecimal.
    #[must_use]
    pub fn md5(&self) -> String {
        hex::encode(md5::Md5::digest(&self.content))
    }
}

/// A piece of content.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its identity.
    pub id: ContentId,
    /// Name.
    pub name: String,
    /// Who owns it.
    pub owner: String,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
    /// Who changed it last.
    pub modified_by: String,
    /// `Pending`, `Approved`, `Restricted`, `Expired` or a word of the tenant.
    pub status: String,
    /// When it expires; on approved assets only.
    pub expires: Option<Timestamp>,
    /// Values of built-in text properties: `Description`, `Copyright`, `Author`, …
    pub properties: BTreeMap<String, String>,
    /// Values of custom fields by display name.
    pub fields: BTreeMap<String, Value>,
    /// Tags.
    pub tags: BTreeSet<String>,
    /// Keywords.
    pub keywords: BTreeSet<String>,
    /// Files, oldest first; never empty.
    pub versions: Vec<Version>,
    /// Position of the current file in `versions`.
    pub current: usize,
    /// When previews are ready.
    pub preview_at: Timestamp,
    /// What readers see instead until a time: an older state, or nothing.
    pub mask: Option<(Timestamp, Option<Box<Asset>>)>,
}

impl Asset {
    /// The current file.
    #[must_use]
    pub fn current(&self) -> &Version {
        &self.versions[self.current]
    }
}

/// A folder or an album.
#[derive(Clone, Debug)]
pub struct Container {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Folder it is in.
    pub parent: Option<String>,
    /// Holds content; folders hold containers.
    pub is_album: bool,
    /// Description.
    pub description: String,
    /// Who made it.
    pub owner: String,
    /// When.
    pub created: Timestamp,
    /// Content of an album, in the order it was put in.
    pub content: Vec<ContentId>,
}

/// What a webhook reports. Canto's payload does not hold this word; its URL has to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryEvent {
    /// `upload`, `update-metadata`, `new-version`, `delete-asset`, `assign-album`, `remove-album`,
    /// `add-album`, `delete-album`, `add-folder` or `delete-folder`.
    pub event: &'static str,
    /// Scheme of the content or `folder` or `album`.
    pub scheme: &'static str,
    /// Its id.
    pub id: String,
    /// Album it happened in.
    pub album: Option<String>,
    /// Name for people.
    pub name: String,
}

/// A file that was uploaded and is not yet, or was, ingested.
#[derive(Clone, Debug)]
pub struct Upload {
    /// When the file came.
    pub at: Timestamp,
    /// When ingest ends.
    pub due: Timestamp,
    /// File name.
    pub file_name: String,
    /// The file.
    pub content: Bytes,
    /// Who uploaded it.
    pub by: String,
    /// Tag to attach.
    pub tag: String,
    /// Album to put it in.
    pub album: String,
    /// Asset it is a new version of.
    pub version_of: Option<ContentId>,
    /// Correlation value of the uploader.
    pub refer_id: String,
    /// Fields the upload form set.
    pub fields: BTreeMap<String, Value>,
    /// The asset it became.
    pub became: Option<ContentId>,
    /// Ingest failed.
    pub failed: bool,
}

/// Why the tenant refuses a change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such content, container or version.
    #[error("not found")]
    NotFound,
    /// The change is not possible.
    #[error("{0}")]
    Invalid(String),
}
