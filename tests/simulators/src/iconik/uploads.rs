//! Files that come with assets, by whatever way.

use bytes::Bytes;
use forebay_model::Timestamp;
use md5::Digest as _;
use serde_json::{Value, json};

use super::domain::Domain;
use super::types::{Record, StoredFile, date, text};

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
