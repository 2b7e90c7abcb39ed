//! Starting a tenant, and what a test does to it from inside the process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_model::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;

use super::fields::default_fields;
use super::hooks::Hook;
use super::library::{Asset, CustomField, Library, Refusal, Upload, User};
use super::routes::{fault_reply, router};
use super::values::{ContentId, Scheme};
use super::{CantoOptions, INTEGRATION_USER, Sim, Tenant, edit, picture, with};
use crate::common::{Background, Error, Frame, Running, Shared, server};

/// Calls a minute at rate level 4, the one number the vendor publishes.
const LEVEL_4_CALLS: u32 = 200;

/// Window in which rate levels count.
const RATE_WINDOW: Duration = Duration::from_secs(60);

/// A tenant that answers. Dropping it stops it.
pub struct Canto {
    running: Running,
    sim: Sim,
    _timekeeper: Background,
}

/// What a test puts into the library.
#[derive(Clone, Debug)]
pub struct NewAsset {
    /// Chosen id; one is made where absent.
    pub id: Option<String>,
    /// File name; its extension decides the scheme.
    pub file_name: String,
    /// The file.
    pub content: Bytes,
    /// Who uploads it.
    pub by: String,
    /// Path of the album to put it in, made where missing.
    pub album: Option<String>,
    /// Custom fields.
    pub fields: BTreeMap<String, Value>,
    /// Status; that of every new asset where absent.
    pub status: Option<String>,
    /// Its end of rights; on approved assets only.
    pub expires: Option<Timestamp>,
    /// When it came in, for an asset that has been there for long; now where absent.
    pub created: Option<Timestamp>,
}

impl NewAsset {
    /// A file of a user.
    #[must_use]
    pub fn new(file_name: &str, content: &'static str, by: &str) -> Self {
        Self {
            id: None,
            file_name: file_name.to_owned(),
            content: Bytes::from_static(content.as_bytes()),
            by: by.to_owned(),
            album: None,
            fields: BTreeMap::new(),
            status: None,
            expires: None,
            created: None,
        }
    }

    /// A picture of a size in pixels.
    #[must_use]
    pub fn picture(file_name: &str, width: u32, height: u32, by: &str) -> Self {
        Self {
            content: picture::png(width, height),
            ..Self::new(file_name, "", by)
        }
    }

    /// Under a chosen id.
    #[must_use]
    pub fn with_id(self, id: &str) -> Self {
        Self {
            id: Some(id.to_owned()),
            ..self
        }
    }

    /// Approved, and until when.
    #[must_use]
    pub fn approved(self, expires: Option<Timestamp>) -> Self {
        Self {
            status: Some("Approved".to_owned()),
            expires,
            ..self
        }
    }

    /// In the library since a time.
    #[must_use]
    pub fn since(self, created: Timestamp) -> Self {
        Self {
            created: Some(created),
            ..self
        }
    }

    /// In an album, by its path of names.
    #[must_use]
    pub fn in_album(self, path: &str) -> Self {
        Self {
            album: Some(path.to_owned()),
            ..self
        }
    }

    /// With a custom field.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(field.to_owned(), value.into());
        self
    }
}

impl Canto {
    /// Start a tenant.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(options: CantoOptions) -> Result<Self, Error> {
        let frame = Frame::new("canto", options.clock.clone(), fault_reply)?;
        frame.rates().limit("level-4", LEVEL_4_CALLS, RATE_WINDOW);
        let addr = options.addr.clone();
        let due_changed = Arc::new(Notify::new());
        let mut library = Library::default();
        for field in default_fields() {
            library.fields.push(field);
        }
        library.users.insert(
            INTEGRATION_USER.to_owned(),
            User {
                id: INTEGRATION_USER.to_owned(),
                name: "Forebay Integration".to_owned(),
                email: "forebay@example.test".to_owned(),
            },
        );
        let tenant = Tenant {
            library,
            options,
            hooks: Vec::new(),
            forms: BTreeMap::new(),
            base_url: String::new(),
            due_changed: due_changed.clone(),
        };
        let sim = Shared::new(frame, tenant);
        let running = server::start(router(&sim), &addr).await?;
        sim.lock().base_url = running.base_url();
        let timekeeper = Background::spawn(keep_time(sim.clone(), due_changed));
        Ok(Self {
            running,
            sim,
            _timekeeper: timekeeper,
        })
    }

    /// Address of the API, the OAuth host and the page.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.running.base_url()
    }

    pub(super) fn sim(&self) -> &Sim {
        &self.sim
    }

    /// Recorder, faults, tokens, courier.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.sim.frame
    }

    /// Look at or change the library as it is now; events that result are sent.
    pub fn library<T>(&self, act: impl FnOnce(&mut Library, Timestamp) -> T) -> T {
        with(&self.sim, |tenant, now| act(&mut tenant.library, now))
    }

    /// Stop, letting requests in flight finish.
    pub async fn stop(self) {
        self.running.stop().await;
    }

    /// Make a person known.
    pub fn add_user(&self, id: &str, name: &str) {
        let email = format!("{id}@example.test");
        let user = User {
            id: id.to_owned(),
            name: name.to_owned(),
            email,
        };
        self.library(|library, _| library.users.insert(id.to_owned(), user));
    }

    /// Make a custom field known, beside those of [`default_fields`].
    pub fn add_field(&self, field: CustomField) {
        self.library(|library, _| library.fields.push(field));
    }

    /// Take a custom field away, as an administrator may at any time.
    pub fn remove_field(&self, name: &str) {
        self.library(|library, _| library.fields.retain(|field| field.name != name));
    }

    /// Take all webhooks away.
    pub fn remove_hooks(&self) {
        self.sim.lock().hooks.clear();
    }

    /// Set up a webhook.
    pub fn add_hook(&self, event: &str, url: &str, secure_token: &str) {
        let (event, url) = (event.to_owned(), url.to_owned());
        let hook = Hook {
            event,
            url,
            secure_token: secure_token.to_owned(),
        };
        self.sim.lock().hooks.push(hook);
    }

    /// Put an asset into the library at once, as if ingest took no time; returns its identity.
    ///
    /// # Errors
    /// When the album's path leads through an album.
    pub fn add_asset(&self, new: NewAsset) -> Result<ContentId, Refusal> {
        self.library(|library, now| {
            let album = match &new.album {
                Some(path) => library.album_at(path, &new.by, now)?,
                None => String::new(),
            };
            let id = new.id.clone().unwrap_or_else(|| library.new_id("content"));
            let id = ContentId::new(Scheme::of_file(&new.file_name), id);
            let upload = Upload {
                fields: new.fields,
                ..file(
                    new.file_name,
                    new.content,
                    &new.by,
                    new.created.unwrap_or(now),
                )
            };
            library.create(id.clone(), &Upload { album, ..upload });
            if let Some(asset) = library.assets.get_mut(&id) {
                asset.status = new.status.unwrap_or_else(|| asset.status.clone());
                asset.expires = new.expires;
            }
            Ok(id)
        })
    }

    /// Upload a new version of an asset; it becomes current after the ingest delay.
    pub fn upload_version(&self, id: &ContentId, content: &'static str, by: &str) {
        self.library(|library, now| {
            let name = library
                .assets
                .get(id)
                .map(|asset| asset.name.clone())
                .unwrap_or_default();
            let upload = file(name, Bytes::from_static(content.as_bytes()), by, now);
            library.accept(Upload {
                version_of: Some(id.clone()),
                ..upload
            });
        });
    }

    /// Make an older version current.
    ///
    /// # Errors
    /// When there is no such asset or version.
    pub fn make_current(&self, id: &ContentId, version: &str, by: &str) -> Result<(), Refusal> {
        self.library(|library, now| library.make_current(id, version, by, now))
    }

    /// Set a status by hand.
    ///
    /// # Errors
    /// When there is no such asset.
    pub fn set_status(&self, id: &ContentId, status: &str, by: &str) -> Result<(), Refusal> {
        self.library(|library, now| {
            library.edit(id, by, now, |asset| edit::set_status(asset, status))
        })
    }

    /// Set a custom field by hand.
    ///
    /// # Errors
    /// When there is no such asset.
    pub fn set_field(
        &self,
        id: &ContentId,
        field: &str,
        value: impl Into<Value>,
        by: &str,
    ) -> Result<(), Refusal> {
        let value = value.into();
        self.library(|library, now| {
            library.edit(id, by, now, |asset| {
                asset.fields.insert(field.to_owned(), value);
            })
        })
    }

    /// Move an asset to the trash.
    ///
    /// # Errors
    /// When there is no such asset.
    pub fn delete(&self, id: &ContentId, by: &str) -> Result<(), Refusal> {
        self.library(|library, now| library.delete(id, by, now))
    }

    /// Put an asset back from the trash.
    ///
    /// # Errors
    /// When it is not in the trash.
    pub fn restore(&self, id: &ContentId, by: &str) -> Result<(), Refusal> {
        self.library(|library, now| library.restore(id, by, now))
    }

    /// The asset as it really stands, delays of visibility aside.
    #[must_use]
    pub fn asset(&self, id: &ContentId) -> Option<Asset> {
        self.library(|library, _| library.assets.get(id).cloned())
    }

    /// Switch approval management on or off.
    pub fn set_approvals(&self, on: bool) {
        self.library(|library, _| library.approvals = on);
    }

    /// How long ingest and previews take from now on.
    pub fn set_processing(&self, ingest: Duration, preview: Duration) {
        self.library(|library, _| {
            library.ingest_delay = ingest;
            library.preview_delay = preview;
        });
    }
}

pub(super) fn file(file_name: String, content: Bytes, by: &str, now: Timestamp) -> Upload {
    Upload {
        at: now,
        due: now,
        file_name,
        content,
        by: by.to_owned(),
        tag: String::new(),
        album: String::new(),
        version_of: None,
        refer_id: String::new(),
        fields: BTreeMap::new(),
        became: None,
        failed: false,
    }
}

/// Does what time brings (ingest, expiry) even when nobody calls.
async fn keep_time(sim: Sim, due_changed: Arc<Notify>) {
    loop {
        let due = sim.lock().library.next_due();
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
