//! The content of a simulated system domain, and what happens to it. Nothing here knows HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use forebay_model::Timestamp;
use serde_json::{Value, json};

use super::history::Entry;
use super::types::{
    Acl, AclTemplate, Approval, ArchiveOutcome, Asset, Collection, DomainEvent, Move, Proxy,
    Record, Share, StoredFile, User, Version, date, text,
};

/// Values of an object's metadata fields.
pub type Values = BTreeMap<String, Vec<Value>>;

/// A simulated domain.
#[derive(Debug, Default)]
pub struct Domain {
    /// Id of the domain.
    pub id: String,
    /// People by id.
    pub users: BTreeMap<String, User>,
    /// Assets by id, those in the delete queue included.
    pub assets: BTreeMap<String, Asset>,
    /// Approvals by asset and version.
    pub approvals: BTreeMap<(String, String), Approval>,
    /// Segments, oldest first.
    pub segments: Vec<Record>,
    /// Collections by id.
    pub collections: BTreeMap<String, Collection>,
    /// Metadata fields.
    pub fields: Vec<Record>,
    /// Metadata views.
    pub views: Vec<Record>,
    /// Metadata by object type and id.
    pub metadata: BTreeMap<(String, String), Values>,
    /// Access by object type and id.
    pub acls: BTreeMap<(String, String), Acl>,
    /// Access templates.
    pub templates: Vec<AclTemplate>,
    /// Storages.
    pub storages: Vec<Record>,
    /// Formats, oldest first.
    pub formats: Vec<Record>,
    /// File sets, oldest first.
    pub file_sets: Vec<Record>,
    /// Files, oldest first.
    pub files: Vec<StoredFile>,
    /// Proxies, oldest first.
    pub proxies: Vec<Proxy>,
    /// Jobs, oldest first.
    pub jobs: Vec<Record>,
    /// History entries, oldest first.
    pub history: Vec<Record>,
    /// Shares, oldest first; one that was deleted is gone.
    pub shares: Vec<Share>,
    /// Types of relations.
    pub relation_types: Vec<Record>,
    /// Relations between assets, oldest first.
    pub relations: Vec<Record>,
    /// Custom actions, oldest first.
    pub actions: Vec<Record>,
    /// Formats on their way into an archive or back.
    pub moves: Vec<Move>,
    /// How archiving and restoring end, by asset; as they should unless told.
    pub outcomes: BTreeMap<String, ArchiveOutcome>,
    /// How long archiving takes.
    pub archive_delay: Duration,
    /// How long restoring takes.
    pub restore_delay: Duration,
    /// File sets that go when their storage can be reached.
    pub doomed: BTreeSet<String>,
    /// Assets that go when all their file sets have gone, and who purged them.
    pub purging: BTreeMap<String, String>,
    /// Webhooks, oldest first.
    pub webhooks: Vec<Record>,
    /// Deliveries in a row that failed, by webhook or custom action.
    pub webhook_failures: BTreeMap<String, u32>,
    /// How long a proxy takes.
    pub proxy_delay: Duration,
    /// Titles of assets whose transcoding fails.
    pub failing_transcodes: BTreeSet<String>,
    /// How long changes stay invisible to readers.
    pub visibility_delay: Duration,
    events: Vec<DomainEvent>,
    issued_ids: u64,
}

impl Domain {
    /// A new UUID: looks random, is the same in every run.
    pub fn new_id(&mut self) -> String {
        self.issued_ids += 1;
        let seed = format!("iconik/{}", self.issued_ids);
        uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, seed.as_bytes()).to_string()
    }

    /// Events since the last call.
    pub fn take_events(&mut self) -> Vec<DomainEvent> {
        std::mem::take(&mut self.events)
    }

    /// Report that something happened.
    pub fn emit(
        &mut self,
        (event_type, realm, operation): (&'static str, &'static str, &'static str),
        object_id: &str,
        user: &str,
        data: Value,
    ) {
        let request_id = self.new_id();
        let (object_id, user) = (object_id.to_owned(), user.to_owned());
        let event = DomainEvent {
            event_type,
            realm,
            operation,
            object_id,
            user,
            data,
            request_id,
        };
        self.events.push(event);
    }

    /// Name of a user; the id itself where nobody has it.
    #[must_use]
    pub fn user_name(&self, id: &str) -> String {
        self.users
            .get(id)
            .map_or_else(|| id.to_owned(), |user| user.name.clone())
    }

    /// The asset as a reader sees it now, deleted or not.
    #[must_use]
    pub fn visible(&self, id: &str, now: Timestamp) -> Option<&Asset> {
        visible(self.assets.get(id)?, now)
    }

    /// All assets as a reader sees them now, deleted or not.
    pub fn all_visible(&self, now: Timestamp) -> impl Iterator<Item = &Asset> {
        self.assets
            .values()
            .filter_map(move |asset| visible(asset, now))
    }

    /// The asset as the API tells it.
    #[must_use]
    pub fn asset_record(&self, asset: &Asset) -> Record {
        let mut record = asset.record(&self.collections_of(&asset.id));
        if let Some(format) = self.original_format(&asset.id) {
            let status = format.get("archive_status").cloned();
            record.insert("archive_status".to_owned(), status.unwrap_or_default());
        }
        record
    }

    /// Collections an asset is in.
    #[must_use]
    pub fn collections_of(&self, asset: &str) -> Vec<String> {
        let holding = self
            .collections
            .values()
            .filter(|c| c.status != "DELETED" && c.assets.iter().any(|id| id == asset));
        holding.map(|collection| collection.id.clone()).collect()
    }

    /// Make an asset with its first version.
    pub fn create_asset(&mut self, title: &str, kind: &str, by: &str, now: Timestamp) -> String {
        let (id, version) = (self.new_id(), self.new_id());
        let mask =
            (!self.visibility_delay.is_zero()).then(|| (now.plus(self.visibility_delay), None));
        let first = Version {
            id: version,
            number: 1,
            created: now,
            by: by.to_owned(),
        };
        let asset = Asset {
            id: id.clone(),
            title: title.to_owned(),
            kind: kind.to_owned(),
            status: "ACTIVE".to_owned(),
            external_id: None,
            created: now,
            created_by: by.to_owned(),
            modified: now,
            modified_by: by.to_owned(),
            deleted: None,
            versions: vec![first],
            mask,
        };
        self.assets.insert(id.clone(), asset);
        self.emit_asset("create", &id, by);
        id
    }

    /// Report something about an asset as a whole.
    pub fn emit_asset(&mut self, operation: &'static str, id: &str, by: &str) {
        let data = self.assets.get(id).map(|asset| self.asset_record(asset));
        let data = data.map_or(Value::Null, Value::Object);
        self.emit(("assets", "entity", operation), id, by, data);
    }

    /// Change an asset; readers keep seeing the older state for the visibility delay. False where
    /// there is none.
    pub fn change_asset(
        &mut self,
        id: &str,
        by: &str,
        now: Timestamp,
        change: impl FnOnce(&mut Asset),
    ) -> bool {
        let delay = self.visibility_delay;
        let Some(asset) = self.assets.get_mut(id) else {
            return false;
        };
        if asset.mask.as_ref().is_none_or(|(until, _)| now >= *until) {
            asset.mask = None;
            if !delay.is_zero() {
                asset.mask = Some((now.plus(delay), Some(Box::new(asset.clone()))));
            }
        }
        change(asset);
        // Two changes within a millisecond still have different times, as a change token needs.
        asset.modified = now.max(asset.modified.plus(Duration::from_millis(1)));
        asset.modified_by = by.to_owned();
        true
    }

    /// Add a version and make it current; returns its id.
    pub fn create_version(&mut self, asset: &str, by: &str, now: Timestamp) -> Option<String> {
        let id = self.new_id();
        let number = self
            .assets
            .get(asset)?
            .versions
            .iter()
            .map(|v| v.number)
            .max()?
            + 1;
        let version = Version {
            id: id.clone(),
            number,
            created: now,
            by: by.to_owned(),
        };
        self.change_asset(asset, by, now, |asset| asset.versions.push(version));
        self.note(asset, Entry::new("VERSION_CREATE", by), now);
        self.emit(
            ("assets", "versions", "create"),
            asset,
            by,
            json!({"version_id": id}),
        );
        Some(id)
    }

    /// Make an older version the current one. False where there is no such version.
    pub fn promote(&mut self, asset: &str, version: &str, by: &str, now: Timestamp) -> bool {
        let versions = self
            .assets
            .get(asset)
            .map(|asset| asset.versions.as_slice());
        let position = versions
            .unwrap_or_default()
            .iter()
            .position(|v| v.id == version);
        let Some(position) = position else {
            return false;
        };
        self.change_asset(asset, by, now, |asset| {
            let promoted = asset.versions.remove(position);
            asset.versions.push(promoted);
        });
        self.note(asset, Entry::new("VERSION_PROMOTE", by), now);
        self.emit(
            ("assets", "versions", "update"),
            asset,
            by,
            json!({"version_id": version}),
        );
        true
    }

    /// Cast a vote on a version.
    pub fn vote(&mut self, asset: &str, version: &str, voter: &str, status: &str, now: Timestamp) {
        let key = (asset.to_owned(), version.to_owned());
        let approval = self.approvals.entry(key).or_default();
        approval
            .votes
            .insert(voter.to_owned(), (status.to_owned(), now));
        let operation = if status == "APPROVED" {
            "APPROVE"
        } else {
            "REJECT"
        };
        self.note(asset, Entry::new(operation, voter), now);
        let approval = self.approvals.entry((asset.to_owned(), version.to_owned()));
        let approval = approval.or_default();
        let data = json!({"version_id": version, "status": approval.status()});
        self.emit(("assets", "approvals", "update"), asset, voter, data);
    }

    /// The earliest time at which [`Domain::settle`] has something to do.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let open = self.proxies.iter().filter(|proxy| !proxy.is_over);
        let proxy = open.map(|proxy| proxy.due).min();
        proxy.into_iter().chain(self.next_move()).min()
    }

    /// Do what time has brought: finish proxies, archiving and restoring with their jobs, and remove
    /// what waited for a storage.
    pub fn settle(&mut self, now: Timestamp) {
        self.settle_moves(now);
        self.settle_copies();
        let mut finished = Vec::new();
        for proxy in &mut self.proxies {
            if !proxy.is_over && proxy.due <= now {
                proxy.is_over = true;
                let status = if proxy.fails { "FAILED" } else { "CLOSED" };
                proxy.record.insert("status".to_owned(), status.into());
                proxy
                    .record
                    .insert("date_modified".to_owned(), date(proxy.due).into());
                finished.push(proxy.clone());
            }
        }
        for proxy in finished {
            self.finish_transcode(&proxy);
        }
    }

    fn finish_transcode(&mut self, proxy: &Proxy) {
        if let Some(job) = self
            .jobs
            .iter_mut()
            .find(|job| text(job, "id") == proxy.job)
        {
            let status = if proxy.fails { "FAILED" } else { "FINISHED" };
            job.insert("status".to_owned(), status.into());
            job.insert("date_modified".to_owned(), date(proxy.due).into());
            if proxy.fails {
                job.insert("error_message".to_owned(), "transcode failed".into());
            }
            let data = Value::Object(job.clone());
            self.emit(("jobs", "entity", "update"), &proxy.job, "", data);
        }
        let asset = text(&proxy.record, "asset_id").to_owned();
        let data = Value::Object(proxy.record.clone());
        self.emit(("assets", "proxies", "update"), &asset, "", data);
    }
}

fn visible(asset: &Asset, now: Timestamp) -> Option<&Asset> {
    match &asset.mask {
        Some((until, older)) if now < *until => older.as_deref(),
        _ => Some(asset),
    }
}
