//! What a domain holds, piece by piece, and how it is written.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use forebay_model::Timestamp;
use serde_json::{Map, Value, json};

/// A date as iconik writes it: ISO 8601 with microseconds and offset.
#[must_use]
pub fn date(time: Timestamp) -> String {
    date_within(time, 0)
}

/// As [`date`], so many microseconds later: what is made one after another has different dates.
fn date_within(time: Timestamp, microseconds: u16) -> String {
    let microseconds = time.0.saturating_mul(1000) + i64::from(microseconds);
    jiff::Timestamp::from_microsecond(microseconds)
        .map(|time| time.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string())
        .unwrap_or_default()
}

/// A JSON object in the vendor's shape.
pub type Record = Map<String, Value>;

/// Text of a record's key; empty where it has none.
#[must_use]
pub fn text<'a>(record: &'a Record, key: &str) -> &'a str {
    record.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A person.
#[derive(Clone, Debug)]
pub struct User {
    /// UUID.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Mail address.
    pub email: String,
}

/// A version of an asset.
#[derive(Clone, Debug)]
pub struct Version {
    /// UUID.
    pub id: String,
    /// Number from 1.
    pub number: u32,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub by: String,
}

/// An asset.
#[derive(Clone, Debug)]
pub struct Asset {
    /// UUID.
    pub id: String,
    /// Title.
    pub title: String,
    /// `ASSET`, `PLACEHOLDER`, …
    pub kind: String,
    /// `ACTIVE` or `DELETED`.
    pub status: String,
    /// Id in another system.
    pub external_id: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it was last changed.
    pub modified: Timestamp,
    /// Who changed it last.
    pub modified_by: String,
    /// When it went to the delete queue.
    pub deleted: Option<Timestamp>,
    /// Versions, the current one last.
    pub versions: Vec<Version>,
    /// What readers see instead until a time: an older state, or nothing.
    pub mask: Option<(Timestamp, Option<Box<Asset>>)>,
}

impl Asset {
    /// The current version's id.
    #[must_use]
    pub fn current(&self) -> &str {
        self.versions
            .last()
            .map(|version| version.id.as_str())
            .unwrap_or_default()
    }

    /// As the asset service tells it.
    #[must_use]
    pub fn record(&self, in_collections: &[String]) -> Record {
        let mut record = Map::new();
        let mut put = |key: &str, value: Value| record.insert(key.to_owned(), value);
        put("id", self.id.clone().into());
        put("title", self.title.clone().into());
        put("type", self.kind.clone().into());
        put("status", self.status.clone().into());
        put("archive_status", "NOT_ARCHIVED".into());
        put("analyze_status", "N/A".into());
        put("face_recognition_status", "N/A".into());
        put("is_online", (self.kind != "PLACEHOLDER").into());
        put("is_blocked", false.into());
        put("external_id", self.external_id.clone().into());
        put("external_link", Value::Null);
        put("category", Value::Null);
        put("warning", Value::Null);
        put("in_collections", in_collections.into());
        put(
            "versions",
            self.versions.iter().map(Version::record).collect(),
        );
        put("created_by_user", self.created_by.clone().into());
        put("updated_by_user", self.modified_by.clone().into());
        put("date_created", date(self.created).into());
        put("date_modified", date(self.modified).into());
        if let Some(deleted) = self.deleted {
            put("date_deleted", date(deleted).into());
            put("deleted_by_user", self.modified_by.clone().into());
        }
        record
    }
}

impl Version {
    /// As the asset service tells it.
    #[must_use]
    pub fn record(&self) -> Value {
        json!({
            "id": self.id,
            "version_number": self.number,
            "status": "ACTIVE",
            "archive_status": "NOT_ARCHIVED",
            "analyze_status": "N/A",
            "is_online": true,
            "created_by_user": self.by,
            "date_created": date(self.created),
        })
    }
}

/// A review of a version.
#[derive(Clone, Debug, Default)]
pub struct Approval {
    /// Who asked, and when; absent where nobody did.
    pub requested: Option<(String, Timestamp)>,
    /// Asked users.
    pub users: Vec<String>,
    /// Asked groups.
    pub groups: Vec<String>,
    /// Asked people without an account, by mail address.
    pub externals: Vec<String>,
    /// Approvals needed; 0 for all asked.
    pub min_number: u32,
    /// Votes by voter: a user id or a mail address.
    pub votes: BTreeMap<String, (String, Timestamp)>,
}

impl Approval {
    /// `N/A`, `REQUESTED`, `APPROVED`, `NOT_APPROVED` or `MIXED`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        let votes: BTreeSet<&str> = self
            .votes
            .values()
            .map(|(status, _)| status.as_str())
            .collect();
        let approved = votes.contains("APPROVED");
        let refused = votes.contains("NOT_APPROVED");
        match (approved, refused, self.requested.is_some()) {
            (true, true, _) => "MIXED",
            (false, true, _) => "NOT_APPROVED",
            (true, false, requested) if !requested || self.votes.len() >= self.needed() => {
                "APPROVED"
            }
            (_, _, true) => "REQUESTED",
            (_, _, false) => "N/A",
        }
    }

    fn needed(&self) -> usize {
        match self.min_number {
            0 => (self.users.len() + self.groups.len() + self.externals.len()).max(1),
            number => number as usize,
        }
    }
}

/// Who may do what with an object: permissions by user and by group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acl {
    /// By user id.
    pub users: BTreeMap<String, BTreeSet<String>>,
    /// By group id.
    pub groups: BTreeMap<String, BTreeSet<String>>,
}

/// A named set of permissions.
#[derive(Clone, Debug)]
pub struct AclTemplate {
    /// UUID.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it grants.
    pub acl: Acl,
    /// When it was made.
    pub created: Timestamp,
}

/// A collection.
#[derive(Clone, Debug)]
pub struct Collection {
    /// UUID.
    pub id: String,
    /// Title.
    pub title: String,
    /// Collection it is in.
    pub parent: Option<String>,
    /// `ACTIVE`, `HIDDEN` or `DELETED`.
    pub status: String,
    /// Assets in it, in the order they were put in.
    pub assets: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Microseconds beside `created`: of two made in one millisecond one is the older.
    pub microseconds: u16,
    /// When it was last changed.
    pub modified: Timestamp,
    /// Who made it.
    pub by: String,
}

impl Collection {
    /// As the asset service tells it.
    #[must_use]
    pub fn record(&self) -> Record {
        let value = json!({
            "id": self.id,
            "title": self.title,
            "status": self.status,
            "is_root": self.parent.is_none(),
            "parent_id": self.parent,
            "in_collections": self.parent.iter().collect::<Vec<_>>(),
            "created_by_user": self.by,
            "date_created": date_within(self.created, self.microseconds),
            "date_modified": date(self.modified),
            "object_type": "collections",
        });
        match value {
            Value::Object(record) => record,
            _ => Map::new(),
        }
    }
}

/// A file: what the API tells about it, and its bytes.
#[derive(Clone, Debug)]
pub struct StoredFile {
    /// As the file service tells it, addresses aside.
    pub record: Record,
    /// What was uploaded so far.
    pub content: Bytes,
}

/// A proxy that is made, or was.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// As the file service tells it, addresses aside.
    pub record: Record,
    /// When it is ready.
    pub due: Timestamp,
    /// The job that makes it.
    pub job: String,
    /// It will fail.
    pub fails: bool,
    /// It is made, or has failed.
    pub is_over: bool,
}

/// A share: what the API tells about it, and its people.
#[derive(Clone, Debug)]
pub struct Share {
    /// As the asset service tells it, its address aside.
    pub record: Record,
    /// Whom it was sent to.
    pub users: Vec<Record>,
    /// What the link asks for.
    pub password: Option<String>,
}

/// How archiving and restoring of an asset end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ArchiveOutcome {
    /// As they should.
    #[default]
    Works,
    /// Archiving fails, for this reason.
    Fails(String),
    /// Restoring fails, for this reason.
    RestoreFails(String),
    /// The archived copy is another one.
    ChecksumDiffers,
}

/// A format on its way into an archive or back.
#[derive(Clone, Debug)]
pub struct Move {
    /// The job that does it.
    pub job: String,
    /// Whose format.
    pub asset: String,
    /// The format.
    pub format: String,
    /// Where to.
    pub storage: String,
    /// Back, not in.
    pub restores: bool,
    /// Remove the copies at hand afterwards.
    pub delete_original: bool,
    /// Who asked for it.
    pub by: String,
    /// When it is done, if the storage can be reached then.
    pub due: Timestamp,
}

/// Something webhooks report.
#[derive(Clone, Debug)]
pub struct DomainEvent {
    /// `assets`, `collections`, `jobs`.
    pub event_type: &'static str,
    /// `entity`, `metadata`, `contents`, …
    pub realm: &'static str,
    /// `create`, `update`, `delete`, `purge`, `restore`.
    pub operation: &'static str,
    /// What it happened to.
    pub object_id: String,
    /// Who did it.
    pub user: String,
    /// Differs by realm.
    pub data: Value,
    /// Its own id.
    pub request_id: String,
}
