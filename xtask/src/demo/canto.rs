//! Canto as its people use it: an upload through the vendor's own API, and how an asset stands.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::dam::{Dam, Look, Upload};
use super::http::{Site, encode, list, text};
use super::media;
use super::watch::Watch;

/// Who uploads.
const UPLOADER: &str = "uploader@example.test";

/// Who that is, for people.
const UPLOADER_NAME: &str = "Uma Example";

/// Name of the uploaded file.
const FILE: &str = "summer-hero.png";

/// How long Canto may take to process an upload.
const INGEST: Duration = Duration::from_secs(30);

/// Events at Canto, with the host's endpoint for each: what a person enters in Canto's settings.
const WEBHOOKS: [(&str, &str); 6] = [
    ("upload", "upload"),
    ("update-metadata", "update-metadata"),
    ("delete-asset", "delete"),
    ("new-version", "new-version"),
    ("assign-album", "assign-to-album"),
    ("remove-album", "remove-from-album"),
];

/// A tenant of Canto.
pub(super) struct Canto {
    /// The API as the uploader.
    api: Site,
    /// The same address without a token: storage, and the simulator's control.
    plain: Site,
    pub(super) url: String,
}

impl Canto {
    /// Sign in as the uploader.
    pub(super) fn new(url: &str, app: &str, secret: &str) -> anyhow::Result<Self> {
        let plain = Site::new(url);
        let form = [
            ("grant_type", "client_credentials"),
            ("app_id", app),
            ("app_secret", secret),
            ("user_id", UPLOADER),
        ];
        let answer = plain.post_form("/oauth/api/oauth2/token", &form)?;
        let token = answer["accessToken"]
            .as_str()
            .context("Canto gave no token")?;
        let api = Site::new(url).with("Authorization", format!("Bearer {token}"));
        Ok(Self {
            api,
            plain,
            url: url.to_owned(),
        })
    }

    /// What an administrator enters in Canto's settings.
    pub(super) fn set_up_webhooks(&self, host: &str, token: &str) -> anyhow::Result<()> {
        for (event, endpoint) in WEBHOOKS {
            let url = format!("{host}/{endpoint}");
            let hook = json!({"event": event, "url": url, "secure-token": token});
            self.plain.send_json("POST", "/_sim/webhooks", &hook)?;
        }
        Ok(())
    }

    /// The album `/Incoming/Web`, made now.
    fn album(&self) -> anyhow::Result<String> {
        let folder = self
            .api
            .send_json("POST", "/api/v1/folder/Incoming", &Value::Null)?;
        let folder = encode(text(&folder, "id"));
        let album =
            self.api
                .send_json("POST", &format!("/api/v1/album/{folder}/Web"), &Value::Null)?;
        Ok(text(&album, "id").to_owned())
    }
}

impl Dam for Canto {
    fn connection(&self) -> &'static str {
        "canto"
    }

    fn upload(&self, watch: &Watch) -> anyhow::Result<Upload> {
        let album = self.album()?;
        let form = self.api.get("/api/v1/upload/setting")?;
        let fields = form.as_object().context("Canto gave no upload form")?;
        let mut filled = Vec::new();
        for (name, value) in fields.iter().filter(|(name, _)| *name != "url") {
            let value = if name == "x-amz-meta-album_id" {
                &album
            } else {
                value.as_str().unwrap_or_default()
            };
            filled.push((name.clone(), value.to_owned()));
        }
        let storage = text(&form, "url")
            .strip_prefix(&self.url)
            .context("an upload elsewhere")?;
        self.plain
            .post_file(storage, &filled, FILE, &media::picture())?;
        let id = watch.until("Canto to take in the picture", INGEST, || {
            let uploads = self.api.get("/api/v1/upload/status?hours=1")?;
            let ours = list(&uploads, "results").find(|upload| text(upload, "name") == FILE);
            match ours.map(|upload| (text(upload, "status"), upload)) {
                Some(("Done", upload)) => Ok(Some(format!(
                    "{}/{}",
                    text(upload, "scheme"),
                    text(upload, "id")
                ))),
                Some(("Error", upload)) => bail!("Canto refused the file: {upload}"),
                _ => Ok(None),
            }
        })?;
        Ok(Upload {
            id,
            name: FILE,
            by: UPLOADER_NAME,
            place: "/Incoming/Web",
        })
    }

    fn look(&self, id: &str) -> anyhow::Result<Look> {
        let asset = self.api.get(&format!("/api/v1/{id}"))?;
        let fields = asset["additional"].as_object().into_iter().flatten();
        let fields = fields.filter(|(_, value)| !value.is_null());
        Ok(Look {
            status: text(&asset, "approvalStatus").to_owned(),
            fields: fields
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        })
    }

    fn control(&self) -> &Site {
        &self.plain
    }

    fn page(&self, id: &str) -> String {
        format!("{}/library/{id}", self.url)
    }
}
