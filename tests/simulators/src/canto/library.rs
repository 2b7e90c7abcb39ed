//! The content of a simulated Canto tenant: assets, containers, fields, users.
//!
//! Methods here are what a tenant does; who asked for it (an API call, a person on a page, a test)
//! is told by the `by` argument. Nothing here knows HTTP. Events that a change causes are gathered
//! in [`Library::take_events`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use forebay_model::Timestamp;

use super::sharing::Sharing;
use super::values::{ContentId, Scheme};

pub use super::types::{
    Asset, Container, CustomField, LibraryEvent, Refusal, Upload, User, Version,
};

/// A simulated tenant.
#[derive(Debug)]
pub struct Library {
    /// Approval management is switched on.
    pub approvals: bool,
    /// Statuses that can be set.
    pub statuses: BTreeSet<String>,
    /// Status of a new asset.
    pub initial_status: String,
    /// Time between upload and asset.
    pub ingest_delay: Duration,
    /// Time between asset and preview.
    pub preview_delay: Duration,
    /// People and integrations by id.
    pub users: BTreeMap<String, User>,
    /// Custom fields.
    pub fields: Vec<CustomField>,
    /// Content.
    pub assets: BTreeMap<ContentId, Asset>,
    /// Deleted content.
    pub trash: BTreeMap<ContentId, Asset>,
    /// Folders and albums by id.
    pub containers: BTreeMap<String, Container>,
    /// Share links and what was done with content.
    pub sharing: Sharing,
    /// Uploads, oldest first.
    pub uploads: Vec<Upload>,
    /// Names that fail in ingest.
    pub failing_uploads: BTreeSet<String>,
    /// How long changes stay invisible to readers.
    pub visibility_delay: Duration,
    events: Vec<LibraryEvent>,
    issued_ids: u64,
}

impl Default for Library {
    /// An empty tenant with approval management on.
    fn default() -> Self {
        Self {
            approvals: true,
            statuses: ["Pending", "Approved", "Restricted", "Expired"]
                .map(str::to_owned)
                .into(),
            initial_status: "Pending".to_owned(),
            ingest_delay: Duration::ZERO,
            preview_delay: Duration::ZERO,
            users: BTreeMap::new(),
            fields: Vec::new(),
            assets: BTreeMap::new(),
            trash: BTreeMap::new(),
            containers: BTreeMap::new(),
            sharing: Sharing::default(),
            uploads: Vec::new(),
            failing_uploads: BTreeSet::new(),
            visibility_delay: Duration::ZERO,
            events: Vec::new(),
            issued_ids: 0,
        }
    }
}

impl Library {
    /// Events since the last call.
    pub fn take_events(&mut self) -> Vec<LibraryEvent> {
        std::mem::take(&mut self.events)
    }

    /// A new id: looks random, is the same in every run.
    pub fn new_id(&mut self, kind: &str) -> String {
        self.issued_ids += 1;
        let seed = format!("canto/{kind}/{}", self.issued_ids);
        uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, seed.as_bytes())
            .simple()
            .to_string()[..16]
            .to_owned()
    }

    /// Name of a user; the id itself where nobody has it.
    #[must_use]
    pub fn user_name(&self, id: &str) -> String {
        self.users
            .get(id)
            .map_or_else(|| id.to_owned(), |user| user.name.clone())
    }

    /// The asset as a reader sees it now.
    #[must_use]
    pub fn visible(&self, id: &ContentId, now: Timestamp) -> Option<&Asset> {
        visible(self.assets.get(id)?, now)
    }

    /// All assets as a reader sees them now.
    pub fn all_visible(&self, now: Timestamp) -> impl Iterator<Item = &Asset> {
        self.assets
            .values()
            .filter_map(move |asset| visible(asset, now))
    }

    /// Status as the API tells it: with approval management off, everything counts as approved.
    #[must_use]
    pub fn status<'a>(&self, asset: &'a Asset) -> &'a str {
        if self.approvals {
            &asset.status
        } else {
            "Approved"
        }
    }

    /// The earliest time at which [`Library::settle`] has something to do.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let ingest = self
            .uploads
            .iter()
            .filter(|u| u.became.is_none() && !u.failed)
            .map(|u| u.due);
        let approved = self
            .assets
            .values()
            .filter(|asset| asset.status == "Approved");
        ingest
            .chain(approved.filter_map(|asset| asset.expires))
            .min()
    }

    /// Do what time has brought: finish ingests, expire what is due.
    pub fn settle(&mut self, now: Timestamp) {
        let ingest: Vec<usize> = (0..self.uploads.len())
            .filter(|&index| {
                let upload = &self.uploads[index];
                upload.became.is_none() && !upload.failed && upload.due <= now
            })
            .collect();
        for index in ingest {
            self.ingest(index);
        }
        for asset in self.assets.values_mut() {
            if let Some(expires) = asset.expires
                && asset.status == "Approved"
                && expires <= now
            {
                asset.status = "Expired".to_owned();
                asset.modified = expires;
            }
        }
    }

    /// Take a file; its ingest ends after [`Library::ingest_delay`].
    pub fn accept(&mut self, mut upload: Upload) {
        upload.due = upload.at.plus(self.ingest_delay);
        self.uploads.push(upload);
    }

    fn ingest(&mut self, index: usize) {
        let upload = self.uploads[index].clone();
        let gone = upload
            .version_of
            .as_ref()
            .is_some_and(|id| !self.assets.contains_key(id));
        if gone || self.failing_uploads.contains(&upload.file_name) {
            self.uploads[index].failed = true;
            return;
        }
        let id = match upload.version_of.clone() {
            Some(id) => {
                self.add_version(&id, &upload);
                id
            }
            None => self.add_asset(&upload),
        };
        self.uploads[index].became = Some(id);
    }

    fn add_asset(&mut self, upload: &Upload) -> ContentId {
        let id = ContentId::new(Scheme::of_file(&upload.file_name), self.new_id("content"));
        self.create(id.clone(), upload);
        id
    }

    /// Make an asset of a file under a chosen id.
    pub fn create(&mut self, id: ContentId, upload: &Upload) {
        let first = self.version(upload, 1);
        let now = upload.due;
        let mask =
            (!self.visibility_delay.is_zero()).then(|| (now.plus(self.visibility_delay), None));
        let asset = Asset {
            id: id.clone(),
            name: upload.file_name.clone(),
            owner: upload.by.clone(),
            created: now,
            modified: now,
            modified_by: upload.by.clone(),
            status: self.initial_status.clone(),
            expires: None,
            properties: BTreeMap::new(),
            fields: upload.fields.clone(),
            tags: Some(upload.tag.clone())
                .filter(|tag| !tag.is_empty())
                .into_iter()
                .collect(),
            keywords: BTreeSet::new(),
            versions: vec![first],
            current: 0,
            preview_at: now.plus(self.preview_delay),
            mask,
        };
        self.assets.insert(id.clone(), asset);
        let album = self
            .containers
            .get_mut(&upload.album)
            .filter(|album| album.is_album);
        let album = album.map(|album| {
            album.content.push(id.clone());
            album.id.clone()
        });
        self.report("upload", &id, album.clone());
        if album.is_some() {
            self.report("assign-album", &id, album);
        }
    }

    fn version(&mut self, upload: &Upload, number: u32) -> Version {
        Version {
            id: self.new_id("version"),
            number,
            by: upload.by.clone(),
            created: upload.due,
            comment: String::new(),
            file_name: upload.file_name.clone(),
            content: upload.content.clone(),
        }
    }

    fn add_version(&mut self, id: &ContentId, upload: &Upload) {
        let number = self
            .assets
            .get(id)
            .map_or(1, |asset| asset.versions.len() as u32 + 1);
        let version = self.version(upload, number);
        let preview_at = upload.due.plus(self.preview_delay);
        // The caller looked: the asset stands there.
        let _ = self.change(id, &upload.by, upload.due, |asset| {
            asset.versions.push(version);
            asset.current = asset.versions.len() - 1;
            asset.preview_at = preview_at;
        });
        self.report("new-version", id, None);
    }

    /// Make an older version the current one, as a person does.
    ///
    /// # Errors
    /// When there is no such asset or version.
    pub fn make_current(
        &mut self,
        id: &ContentId,
        version: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let versions = &self.assets.get(id).ok_or(Refusal::NotFound)?.versions;
        let position = versions
            .iter()
            .position(|v| v.id == version)
            .ok_or(Refusal::NotFound)?;
        self.change(id, by, now, |asset| asset.current = position)?;
        self.report("new-version", id, None);
        Ok(())
    }

    /// Change an asset; readers keep seeing the older state for the visibility delay.
    ///
    /// # Errors
    /// When there is no such asset.
    pub fn change(
        &mut self,
        id: &ContentId,
        by: &str,
        now: Timestamp,
        change: impl FnOnce(&mut Asset),
    ) -> Result<(), Refusal> {
        let delay = self.visibility_delay;
        let asset = self.assets.get_mut(id).ok_or(Refusal::NotFound)?;
        let masked = asset.mask.as_ref().is_some_and(|(until, _)| now < *until);
        if !masked {
            asset.mask = None;
            if !delay.is_zero() {
                asset.mask = Some((now.plus(delay), Some(Box::new(asset.clone()))));
            }
        }
        change(asset);
        // Two changes within a millisecond still have different times, as a change token needs.
        asset.modified = now.max(asset.modified.plus(Duration::from_millis(1)));
        asset.modified_by = by.to_owned();
        Ok(())
    }

    /// Change an asset and report it as a change of metadata.
    ///
    /// # Errors
    /// When there is no such asset.
    pub fn edit(
        &mut self,
        id: &ContentId,
        by: &str,
        now: Timestamp,
        change: impl FnOnce(&mut Asset),
    ) -> Result<(), Refusal> {
        self.change(id, by, now, change)?;
        self.report("update-metadata", id, None);
        Ok(())
    }

    /// Report that something happened to an asset.
    pub(super) fn report(&mut self, event: &'static str, id: &ContentId, album: Option<String>) {
        let Some(asset) = self.assets.get(id) else {
            return;
        };
        let (scheme, name) = (id.scheme.word(), asset.name.clone());
        self.events.push(LibraryEvent {
            event,
            scheme,
            id: id.id.clone(),
            album,
            name,
        });
    }

    /// Report that something happened to a container.
    pub(super) fn report_container(&mut self, event: &'static str, container: &Container) {
        self.events.push(LibraryEvent {
            event,
            scheme: if container.is_album {
                "album"
            } else {
                "folder"
            },
            id: container.id.clone(),
            album: container.is_album.then(|| container.id.clone()),
            name: container.name.clone(),
        });
    }
}

fn visible(asset: &Asset, now: Timestamp) -> Option<&Asset> {
    match &asset.mask {
        Some((until, older)) if now < *until => older.as_deref(),
        _ => Some(asset),
    }
}
