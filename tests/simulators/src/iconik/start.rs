//! Starting a domain, and what a test does to it from inside the process.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_model::Timestamp;
use md5::Digest as _;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::domain::Domain;
use super::http::fault_reply;
use super::routes::{RATE_CLASS, router};
use super::types::{Acl, AclTemplate, Asset, Record, StoredFile, User, date, text};
use super::{INTEGRATION_USER, IconikOptions, Sim, World, with};
use crate::common::{Background, Error, Frame, Running, Shared, server};

/// Calls an app and token may make in a window: what the vendor says.
const RATE_CALLS: u32 = 1000;

/// That window.
const RATE_WINDOW: Duration = Duration::from_secs(20);

/// Fields of the view `Workflow`, with their types; the use cases map to these.
const WORKFLOW_FIELDS: [(&str, &str, bool); 17] = [
    ("asset_type", "string", false),
    ("campaign", "string", false),
    ("region", "string", false),
    ("project_code", "string", false),
    ("title", "string", false),
    ("rights_owner", "string", false),
    ("talent", "string", true),
    ("usage_rights", "string", false),
    ("rights_start", "date", false),
    ("rights_end", "date", false),
    ("territories", "string", true),
    ("review_state", "string", false),
    ("review_comment", "text", false),
    ("reviewed_by", "string", false),
    ("reviewed_at", "datetime", false),
    ("reviewed_version", "string", false),
    ("run", "string", false),
];

/// A domain that answers. Dropping it stops it.
pub struct Iconik {
    running: Running,
    sim: Sim,
    _timekeeper: Background,
}

/// What a test puts into the domain.
#[derive(Clone, Debug)]
pub struct NewAsset {
    /// Title, also the file's name.
    pub title: String,
    /// `ASSET` or `PLACEHOLDER`.
    pub kind: String,
    /// The file; a placeholder has none.
    pub content: Option<Bytes>,
    /// Status of the file: `CLOSED`, or `GROWING` until [`Iconik::close_file`].
    pub file_status: String,
    /// Who uploads it.
    pub by: String,
    /// Path of the collection to put it in, made where missing.
    pub collection: Option<String>,
    /// Metadata.
    pub metadata: Vec<(String, Value)>,
}

impl NewAsset {
    /// A closed file of a user.
    #[must_use]
    pub fn new(title: &str, content: &'static str, by: &str) -> Self {
        Self {
            title: title.to_owned(),
            kind: "ASSET".to_owned(),
            content: Some(Bytes::from_static(content.as_bytes())),
            file_status: "CLOSED".to_owned(),
            by: by.to_owned(),
            collection: None,
            metadata: Vec::new(),
        }
    }

    /// An asset whose media has not come.
    #[must_use]
    pub fn placeholder(title: &str, by: &str) -> Self {
        Self {
            kind: "PLACEHOLDER".to_owned(),
            content: None,
            ..Self::new(title, "", by)
        }
    }

    /// A file that still grows.
    #[must_use]
    pub fn growing(self) -> Self {
        Self {
            file_status: "GROWING".to_owned(),
            ..self
        }
    }

    /// In a collection, by its path of titles.
    #[must_use]
    pub fn in_collection(self, path: &str) -> Self {
        Self {
            collection: Some(path.to_owned()),
            ..self
        }
    }

    /// With a metadata value.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.metadata.push((field.to_owned(), value.into()));
        self
    }
}

impl Iconik {
    /// Start a domain.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(options: IconikOptions) -> Result<Self, Error> {
        let frame = Frame::new("iconik", options.clock.clone(), fault_reply)?;
        frame.rates().limit(RATE_CLASS, RATE_CALLS, RATE_WINDOW);
        frame.rates().announce();
        frame
            .tokens()
            .accept(&options.auth_token, INTEGRATION_USER, Timestamp(i64::MAX));
        let (addr, now) = (options.addr.clone(), frame.now());
        let due_changed = Arc::new(Notify::new());
        let world = World {
            domain: furnished(now),
            options,
            due_changed: due_changed.clone(),
        };
        let sim = Shared::new(frame, world);
        let running = server::start(router(&sim), &addr).await?;
        let timekeeper = Background::spawn(keep_time(sim.clone(), due_changed));
        Ok(Self {
            running,
            sim,
            _timekeeper: timekeeper,
        })
    }

    /// Address of the API and the page.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.running.base_url()
    }

    /// Recorder, faults, tokens, courier.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.sim.frame
    }

    /// Look at or change the domain as it is now; events that result are sent.
    pub fn domain<T>(&self, act: impl FnOnce(&mut Domain, Timestamp) -> T) -> T {
        with(&self.sim, |world, now| act(&mut world.domain, now))
    }

    /// Stop, letting requests in flight finish.
    pub async fn stop(self) {
        self.running.stop().await;
    }

    /// Make a person known, and a token that acts as that person.
    pub fn add_user(&self, id: &str, name: &str, auth_token: &str) {
        let email = format!("{}@example.test", name.to_lowercase().replace(' ', "."));
        let user = User {
            id: id.to_owned(),
            name: name.to_owned(),
            email,
        };
        self.domain(|domain, _| domain.users.insert(id.to_owned(), user));
        self.frame()
            .tokens()
            .accept(auth_token, id, Timestamp(i64::MAX));
    }

    /// Add an access template that lets groups do something; returns its id.
    pub fn add_template(&self, name: &str, grants: &[(&str, &[&str])]) -> String {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let groups = grants
            .iter()
            .map(|(group, may)| ((*group).to_owned(), words(may)))
            .collect();
        self.domain(|domain, now| {
            let id = domain.new_id();
            let acl = Acl {
                groups,
                ..Acl::default()
            };
            let template = AclTemplate {
                id: id.clone(),
                name: name.to_owned(),
                acl,
                created: now,
            };
            domain.templates.push(template);
            id
        })
    }

    /// Put an asset into the domain; its proxy is ready after the proxy delay. Returns its id.
    pub fn add_asset(&self, new: NewAsset) -> String {
        self.domain(|domain, now| {
            let id = domain.create_asset(&new.title, &new.kind, &new.by, now);
            for (field, value) in &new.metadata {
                let values = value
                    .as_array()
                    .cloned()
                    .unwrap_or_else(|| vec![value.clone()]);
                let key = ("assets".to_owned(), id.clone());
                domain
                    .metadata
                    .entry(key)
                    .or_default()
                    .insert(field.clone(), values);
            }
            let collection = new
                .collection
                .and_then(|path| domain.collection_at(&path, &new.by, now));
            if let Some(collection) = collection {
                domain.put_into(&collection, &id, &new.by, now);
            }
            if let Some(content) = new.content {
                domain.add_file(&id, content, &new.file_status, &new.by, now);
            }
            id
        })
    }

    /// The file of an asset has stopped growing: it is closed, and its proxy begins.
    pub fn close_file(&self, asset: &str, by: &str) {
        self.domain(|domain, now| {
            let mut versions = Vec::new();
            for file in &mut domain.files {
                if text(&file.record, "asset_id") == asset {
                    file.record.insert("status".to_owned(), "CLOSED".into());
                    versions.push((
                        text(&file.record, "version_id").to_owned(),
                        file.record.clone(),
                    ));
                }
            }
            for (version, record) in versions {
                domain.emit(
                    ("assets", "files", "update"),
                    asset,
                    by,
                    Value::Object(record),
                );
                domain.start_proxy(asset, &version, by, now);
            }
        });
    }

    /// Upload a new version of an asset; returns its id.
    #[must_use]
    pub fn add_version(&self, asset: &str, content: &'static str, by: &str) -> Option<String> {
        self.domain(|domain, now| {
            let version = domain.create_version(asset, by, now)?;
            let content = Bytes::from_static(content.as_bytes());
            domain.add_file(asset, content, "CLOSED", by, now);
            Some(version)
        })
    }

    /// Cast a vote on the current version: by a user id, or by the mail address of an external.
    pub fn vote(&self, asset: &str, voter: &str, status: &str) {
        self.domain(|domain, now| {
            let version = domain.assets.get(asset).map(|a| a.current().to_owned());
            domain.vote(asset, &version.unwrap_or_default(), voter, status, now);
        });
    }

    /// Set a metadata field by hand.
    pub fn set_field(&self, asset: &str, field: &str, value: impl Into<Value>, by: &str) {
        let values = vec![value.into()];
        self.domain(|domain, now| {
            let key = ("assets".to_owned(), asset.to_owned());
            domain
                .metadata
                .entry(key)
                .or_default()
                .insert(field.to_owned(), values);
            domain.change_asset(asset, by, now, |_| ());
            domain.emit(("assets", "metadata", "update"), asset, by, json!({}));
        });
    }

    /// Move an asset into the delete queue; false where there is no active one.
    #[must_use]
    pub fn delete(&self, asset: &str, by: &str) -> bool {
        self.domain(|domain, now| domain.delete_asset(asset, by, now))
    }

    /// Take an asset out of the delete queue; false where it is not in it.
    #[must_use]
    pub fn restore(&self, asset: &str, by: &str) -> bool {
        self.domain(|domain, now| domain.restore_asset(asset, by, now))
    }

    /// The asset as it really stands, delays of visibility aside.
    #[must_use]
    pub fn asset(&self, id: &str) -> Option<Asset> {
        self.domain(|domain, _| domain.assets.get(id).cloned())
    }

    /// Id of the view that holds the fields of the use cases.
    #[must_use]
    pub fn workflow_view(&self) -> String {
        self.domain(|domain, _| domain.views.first().map(|v| text(v, "id").to_owned()))
            .unwrap_or_default()
    }
}

impl Domain {
    /// Put a file below the current version of an asset, with format and file set; the proxy of a
    /// closed one begins.
    pub fn add_file(
        &mut self,
        asset: &str,
        content: Bytes,
        status: &str,
        by: &str,
        now: Timestamp,
    ) {
        let Some(found) = self.assets.get(asset) else {
            return;
        };
        let (version, title) = (found.current().to_owned(), found.title.clone());
        let ids = [self.new_id(), self.new_id(), self.new_id()];
        let storage = self
            .storages
            .first()
            .map(|s| text(s, "id").to_owned())
            .unwrap_or_default();
        let common = json!({
            "asset_id": asset, "version_id": version, "storage_id": storage,
            "date_created": date(now), "date_modified": date(now),
        });
        let record = |own: Value| -> Record {
            let parts = [common.clone(), own];
            let objects = parts.iter().filter_map(Value::as_object).flatten();
            objects
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        };
        self.formats.push(record(json!({
            "id": ids[0], "name": "ORIGINAL", "status": "ACTIVE", "user_id": by,
            "archive_status": "NOT_ARCHIVED",
        })));
        self.file_sets.push(record(json!({
            "id": ids[1], "format_id": ids[0], "name": title, "base_dir": "", "status": "ACTIVE",
            "component_ids": [],
        })));
        let file = record(json!({
            "id": ids[2], "format_id": ids[0], "file_set_id": ids[1], "name": title,
            "original_name": title, "directory_path": "", "type": "FILE", "status": status,
            "size": content.len(), "storage_method": "S3", "user_id": by,
            "checksum": hex::encode(md5::Md5::digest(&content)),
        }));
        self.emit(
            ("assets", "files", "create"),
            asset,
            by,
            Value::Object(file.clone()),
        );
        self.files.push(StoredFile {
            record: file,
            content,
        });
        if status == "CLOSED" {
            self.start_proxy(asset, &version, by, now);
        }
    }
}

/// An empty domain with the integration's user, the view `Workflow` and a storage.
fn furnished(now: Timestamp) -> Domain {
    let mut domain = Domain::default();
    domain.id = domain.new_id();
    let user = User {
        id: INTEGRATION_USER.to_owned(),
        name: "Forebay Integration".to_owned(),
        email: "forebay@example.test".to_owned(),
    };
    domain.users.insert(user.id.clone(), user);
    let defined = |(name, field_type, multi): (&str, &str, bool)| {
        json!({
            "name": name, "label": name.replace('_', " "), "field_type": field_type, "multi": multi,
            "options": [], "required": false, "read_only": false, "use_as_facet": false,
            "date_created": date(now), "date_modified": date(now),
        })
    };
    let fields: Vec<Value> = WORKFLOW_FIELDS.into_iter().map(defined).collect();
    domain.fields = fields
        .iter()
        .filter_map(|field| field.as_object().cloned())
        .collect();
    let view = json!({
        "id": domain.new_id(), "name": "Workflow", "description": "Fields of reviews",
        "view_fields": fields, "date_created": date(now), "date_modified": date(now),
    });
    domain.views.extend(view.as_object().cloned());
    let storage = json!({
        "id": domain.new_id(), "name": "Main", "method": "S3", "purpose": "FILES",
        "status": "ACTIVE", "settings": {}, "default": true,
    });
    domain.storages.extend(storage.as_object().cloned());
    domain
}

/// Does what time brings (proxies) even when nobody calls.
async fn keep_time(sim: Sim, due_changed: Arc<Notify>) {
    loop {
        let due = sim.lock().domain.next_due();
        let wait = async {
            match due {
                Some(due) => sim.frame.clock().sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wait => with(&sim, |_, _| ()),
            () = due_changed.notified() => {}
        }
    }
}
