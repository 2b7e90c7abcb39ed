//! What a test does to a domain from inside the process: people's work, and switches for what goes
//! wrong.

use bytes::Bytes;
use forebay_model::Timestamp;
use serde_json::{Value, json};

use super::actions::{self, Choice};
use super::new_asset::NewAsset;
use super::start::Iconik;
use super::types::{Acl, AclTemplate, ArchiveOutcome, Asset, Record, User, text};

impl Iconik {
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

    /// Write a comment on the current version: at milliseconds from the start, or on the whole; as an
    /// answer to another comment, or not. Returns its id.
    pub fn comment(
        &self,
        asset: &str,
        by: &str,
        text: &str,
        at: Option<u64>,
        parent: Option<&str>,
    ) -> String {
        let mut body = json!({"segment_type": "COMMENT", "segment_text": text});
        if let Some(at) = at {
            body["time_start_milliseconds"] = at.into();
            body["time_end_milliseconds"] = at.into();
        }
        if let Some(parent) = parent {
            body["parent_id"] = parent.into();
        }
        let body = body.as_object().cloned().unwrap_or_default();
        self.domain(|domain, now| {
            let version = domain.assets.get(asset).map(|a| a.current().to_owned());
            let segment = domain.add_segment(asset, &version.unwrap_or_default(), &body, by, now);
            super::types::text(&segment, "id").to_owned()
        })
    }

    /// Edit a comment by hand; false where there is none.
    #[must_use]
    pub fn edit_comment(&self, comment: &str, by: &str, text: &str) -> bool {
        self.change_comment(comment, by, Some(("segment_text", text.into())))
    }

    /// Mark a comment as resolved or open; false where there is none.
    #[must_use]
    pub fn resolve_comment(&self, comment: &str, by: &str, resolved: bool) -> bool {
        self.change_comment(comment, by, Some(("segment_checked", resolved.into())))
    }

    /// Delete a comment; false where there is none.
    #[must_use]
    pub fn delete_comment(&self, comment: &str, by: &str) -> bool {
        self.change_comment(comment, by, None)
    }

    fn change_comment(&self, comment: &str, by: &str, change: Option<(&str, Value)>) -> bool {
        let body = change.map(|(key, value)| Record::from_iter([(key.to_owned(), value)]));
        self.domain(|domain, now| domain.change_segment(comment, body.as_ref(), by, now))
    }

    /// Comments of an asset as they stand, oldest first.
    #[must_use]
    pub fn comments(&self, asset: &str) -> Vec<Record> {
        self.domain(|domain, _| {
            let segments = domain.segments.iter();
            let of_asset = segments.filter(|segment| text(segment, "asset_id") == asset);
            of_asset.cloned().collect()
        })
    }

    /// Choose a custom action by its title; false where the menu does not offer it. What it sends
    /// goes out with the webhooks.
    #[must_use]
    pub fn invoke_action(&self, title: &str, by: &str, choice: &Choice) -> bool {
        actions::invoke(&self.sim, title, by, choice)
    }

    /// Put a second copy of an asset's original on a storage; returns whether there was one to copy.
    #[must_use]
    pub fn add_copy(&self, asset: &str, storage: &str) -> bool {
        self.domain(|domain, now| {
            let format = domain
                .original_format(asset)
                .map(|f| text(f, "id").to_owned());
            let storage = domain.storage_id(storage);
            let (Some(format), Some(storage)) = (format, storage) else {
                return false;
            };
            domain.copy_format(&format, &storage, false, now).is_some()
        })
    }

    /// Take a storage out of reach, or bring it back.
    pub fn set_reachable(&self, storage: &str, reachable: bool) {
        let status = if reachable { "ACTIVE" } else { "FAILING" };
        self.domain(|domain, _| {
            for found in &mut domain.storages {
                if text(found, "name") == storage {
                    found.insert("status".to_owned(), status.into());
                }
            }
        });
    }

    /// How archiving and restoring of an asset end from now on.
    pub fn set_archive_outcome(&self, asset: &str, outcome: ArchiveOutcome) {
        self.domain(|domain, _| domain.outcomes.insert(asset.to_owned(), outcome));
    }

    /// Names of the storages that hold a copy of an asset's original, with the checksum of each.
    #[must_use]
    pub fn copies(&self, asset: &str) -> Vec<(String, String)> {
        self.domain(|domain, _| {
            let named = |id: &str| {
                let mut storages = domain.storages.iter();
                let found = storages.find(|storage| text(storage, "id") == id);
                found.map_or_else(String::new, |storage| text(storage, "name").to_owned())
            };
            let files = domain.files.iter().map(|file| &file.record);
            let of_asset = files.filter(|file| text(file, "asset_id") == asset);
            of_asset
                .map(|file| {
                    let storage = named(text(file, "storage_id"));
                    (storage, text(file, "checksum").to_owned())
                })
                .collect()
        })
    }

    /// Jobs about an asset, oldest first.
    #[must_use]
    pub fn jobs(&self, asset: &str) -> Vec<Record> {
        self.domain(|domain, _| {
            let jobs = domain.jobs.iter();
            let about = jobs.filter(|job| text(job, "object_id") == asset);
            about.cloned().collect()
        })
    }

    /// Operations in an asset's history, oldest first.
    #[must_use]
    pub fn history(&self, asset: &str) -> Vec<String> {
        self.domain(|domain, _| {
            let history = domain.history.iter();
            let of_asset = history.filter(|entry| text(entry, "asset_id") == asset);
            of_asset
                .map(|entry| text(entry, "operation_type").to_owned())
                .collect()
        })
    }

    /// Links of an object's shares that have not been deleted.
    #[must_use]
    pub fn share_links(&self, object: &str) -> Vec<String> {
        let base = self.base_url();
        self.domain(|domain, _| {
            let shares = domain.shares.iter();
            let of_object = shares.filter(|share| text(&share.record, "object_id") == object);
            of_object
                .map(|share| format!("{base}/share/{}", share.id()))
                .collect()
        })
    }

    /// Id of the collection at a path of titles, where there is one.
    #[must_use]
    pub fn collection(&self, path: &str) -> Option<String> {
        self.domain(|domain, _| {
            let path = path.trim_matches('/');
            let mut collections = domain.collections.values();
            let found =
                collections.find(|c| c.status == "ACTIVE" && domain.collection_path(&c.id) == path);
            found.map(|collection| collection.id.clone())
        })
    }

    /// Delete a collection by hand; false where there is none.
    #[must_use]
    pub fn delete_collection(&self, id: &str, by: &str) -> bool {
        self.domain(|domain, now| domain.delete_collection(id, by, now))
    }

    /// Put an asset into a collection by its path, made where missing; false where it is in it.
    #[must_use]
    pub fn put_into(&self, path: &str, asset: &str, by: &str) -> bool {
        self.domain(|domain, now| {
            let collection = domain.collection_at(path, by, now);
            collection.is_some_and(|id| domain.put_into(&id, asset, by, now))
        })
    }

    /// Make an older version the current one by hand; false where there is no such version.
    #[must_use]
    pub fn promote(&self, asset: &str, version: &str, by: &str) -> bool {
        self.domain(|domain, now| domain.promote(asset, version, by, now))
    }

    /// Values of a metadata field as they stand.
    #[must_use]
    pub fn field(&self, asset: &str, field: &str) -> Vec<Value> {
        let key = ("assets".to_owned(), asset.to_owned());
        self.domain(|domain, _| {
            let values = domain.metadata.get(&key);
            let values = values.and_then(|values| values.get(field));
            values.cloned().unwrap_or_default()
        })
    }
}
