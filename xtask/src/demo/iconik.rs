//! iconik as its people use it: an upload through the vendor's own API, and how an asset stands.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::dam::{Dam, Look, Upload};
use super::http::{Site, list, text};
use super::media;
use super::watch::Watch;

/// Who uploads: the user's id at iconik, and the token the simulator knows that user by.
pub(super) const UPLOADER: &str = "0b8c2a52-0000-11ef-8000-0000000000d1";
const UPLOADER_TOKEN: &str = "iconik-sim-token-uma";

/// Who that is, for people.
const UPLOADER_NAME: &str = "Uma Example";

/// Name of the uploaded file.
const FILE: &str = "launch-teaser.avi";

/// A system domain of iconik.
pub(super) struct Iconik {
    /// The API as the uploader.
    api: Site,
    /// The same address without a token: storage, and the simulator's control.
    plain: Site,
    pub(super) url: String,
}

impl Iconik {
    /// Sign in as the uploader.
    pub(super) fn new(url: &str, app: &str) -> Self {
        let api = Site::new(url)
            .with("App-ID", app)
            .with("Auth-Token", UPLOADER_TOKEN);
        Self {
            api,
            plain: Site::new(url),
            url: url.to_owned(),
        }
    }

    /// Number of webhooks, once there are some.
    pub(super) fn webhooks(&self) -> anyhow::Result<Option<usize>> {
        let hooks = self.api.get("/API/notifications/v1/webhooks/")?;
        Ok(Some(list(&hooks, "objects").count()).filter(|count| *count > 0))
    }

    fn create(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        let made = self.api.send_json("POST", path, body)?;
        let id = made["id"].as_str();
        Ok(id.with_context(|| format!("{path} gave no id"))?.to_owned())
    }

    /// The metadata view that reviews use.
    fn view(&self) -> anyhow::Result<String> {
        let views = self.api.get("/API/metadata/v1/views/")?;
        let view = list(&views, "objects").find(|view| text(view, "name") == "Workflow");
        Ok(text(
            view.context("iconik has no metadata view `Workflow`")?,
            "id",
        )
        .to_owned())
    }
}

impl Dam for Iconik {
    fn connection(&self) -> &'static str {
        "iconik"
    }

    /// Asset, format, file set, file, bytes, closed: the vendor's steps in their order.
    fn upload(&self, _watch: &Watch) -> anyhow::Result<Upload> {
        let collections = "/API/assets/v1/collections/";
        let collection = self.create(collections, &json!({"title": "Ingest"}))?;
        let asset = json!({"title": FILE, "type": "ASSET", "collection_id": collection});
        let id = self.create("/API/assets/v1/assets/", &asset)?;

        let clip = media::clip();
        let files = format!("/API/files/v1/assets/{id}");
        let format = json!({"name": "ORIGINAL", "metadata": [], "storage_methods": ["S3"]});
        let format = self.create(&format!("{files}/formats/"), &format)?;
        let set = json!({"name": FILE, "format_id": format, "base_dir": "/", "component_ids": []});
        let set = self.create(&format!("{files}/file_sets/"), &set)?;
        let file = json!({
            "original_name": FILE, "directory_path": "/", "size": clip.len(), "type": "FILE",
            "format_id": format, "file_set_id": set,
        });
        let file = self
            .api
            .send_json("POST", &format!("{files}/files/"), &file)?;
        let storage = text(&file, "upload_url").strip_prefix(&self.url);
        self.plain
            .put_bytes(storage.context("an upload elsewhere")?, &clip)?;
        let file = format!("{files}/files/{}/", text(&file, "id"));
        self.api
            .send_json("PATCH", &file, &json!({"status": "CLOSED"}))?;
        self.api
            .send_json("POST", &format!("{file}keyframes/"), &json!({}))?;
        Ok(Upload {
            id,
            name: FILE,
            by: UPLOADER_NAME,
            place: "/Ingest",
        })
    }

    fn look(&self, id: &str) -> anyhow::Result<Look> {
        let approval = self
            .api
            .get(&format!("/API/assets/v1/assets/{id}/approvals/request/"))?;
        let view = self.view()?;
        let values = self
            .api
            .get(&format!("/API/metadata/v1/assets/{id}/views/{view}/"))?;
        let values = values["metadata_values"].as_object().into_iter().flatten();
        let plain = |(name, value): (&String, &Value)| {
            let value = list(value, "field_values").next()?["value"].clone();
            Some((name.clone(), value))
        };
        let status = approval["status"].as_str().unwrap_or("none");
        Ok(Look {
            status: status.to_owned(),
            fields: values.filter_map(plain).collect(),
        })
    }

    fn control(&self) -> &Site {
        &self.plain
    }

    fn page(&self, id: &str) -> String {
        format!("{}/library/{id}", self.url)
    }
}
