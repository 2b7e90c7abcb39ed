//! What people do in the tenant, and what a test sees of it: sharing, looking, downloading.

use std::time::Duration;

use bytes::Bytes;
use forebay_model::Timestamp;
use serde_json::{Map, Value};

use super::library::{Refusal, Upload};
use super::sharing::{Activity, NewShare, ShareLink};
use super::start::{Canto, file};
use super::values::ContentId;
use super::{share_api, with};

impl Canto {
    /// A share made by a person in Canto itself, past every process; returns it with its id.
    ///
    /// # Errors
    /// When something is missing from the library.
    pub fn share_by(
        &self,
        by: &str,
        contents: &[ContentId],
        title: &str,
        expires: Option<Timestamp>,
    ) -> Result<ShareLink, Refusal> {
        let mut details = Map::new();
        details.insert("title".to_owned(), title.into());
        details.insert("allowDownloadOriginal".to_owned(), true.into());
        let new = NewShare {
            contents: contents.to_vec(),
            expires,
            details,
            ..NewShare::default()
        };
        self.library(|library, now| library.share(new, by, now))
    }

    /// End a share by hand.
    ///
    /// # Errors
    /// When there is none of this id.
    pub fn revoke_by(&self, by: &str, share: &str) -> Result<bool, Refusal> {
        self.library(|library, now| library.revoke(share, by, now))
    }

    /// All shares, oldest first, ended ones included.
    #[must_use]
    pub fn shares(&self) -> Vec<ShareLink> {
        self.library(|library, _| library.sharing.links.clone())
    }

    /// The shares that show an asset now and work.
    #[must_use]
    pub fn live_shares_of(&self, id: &ContentId) -> Vec<ShareLink> {
        self.library(|library, now| {
            let links = library.sharing.links.iter();
            links
                .filter(|link| link.is_live(now) && library.shared_content(link).contains(id))
                .cloned()
                .collect()
        })
    }

    /// The link of a share as people get it.
    #[must_use]
    pub fn link_of(&self, share: &ShareLink) -> String {
        with(self.sim(), |tenant, _| share_api::address(tenant, share))
    }

    /// Somebody looks at an asset.
    pub fn view(&self, id: &ContentId, by: &str) {
        self.library(|library, now| library.note("view", id, by, None, now));
    }

    /// Somebody downloads an asset.
    pub fn download(&self, id: &ContentId, by: &str) {
        self.library(|library, now| library.note("download", id, by, None, now));
    }

    /// Everything that was done with content, oldest first, whatever reports show yet.
    #[must_use]
    pub fn activities(&self) -> Vec<Activity> {
        self.library(|library, _| library.sharing.activities.clone())
    }

    /// How late reports of activities are from now on.
    pub fn set_report_delay(&self, delay: Duration) {
        self.library(|library, _| library.sharing.report_delay = delay);
    }

    /// Paths by names of the albums an asset is in, with a leading slash.
    #[must_use]
    pub fn albums_of(&self, id: &ContentId) -> Vec<String> {
        self.library(|library, _| {
            let holding = library.containers.values();
            let holding = holding.filter(|album| album.content.contains(id));
            holding
                .map(|album| format!("/{}", library.name_path(&album.id)))
                .collect()
        })
    }

    /// A person puts an asset into an album, made where missing.
    ///
    /// # Errors
    /// When there is no such asset, or a name on the way is an album.
    pub fn put_into(&self, id: &ContentId, path: &str, by: &str) -> Result<bool, Refusal> {
        self.library(|library, now| {
            let album = library.album_at(path, by, now)?;
            library.assign(&album, id)
        })
    }

    /// A person takes an asset out of an album.
    ///
    /// # Errors
    /// When a name on the way is an album.
    pub fn take_out_of(&self, id: &ContentId, path: &str, by: &str) -> Result<bool, Refusal> {
        self.library(|library, now| {
            let album = library.album_at(path, by, now)?;
            library.unassign(&album, id)
        })
    }

    /// A custom field's value; null where there is none.
    #[must_use]
    pub fn field(&self, id: &ContentId, name: &str) -> Value {
        let asset = self.asset(id);
        asset
            .and_then(|asset| asset.fields.get(name).cloned())
            .unwrap_or_default()
    }

    /// Status as the API tells it; absent where the asset is in the trash or gone.
    #[must_use]
    pub fn status(&self, id: &ContentId) -> Option<String> {
        self.library(|library, _| {
            let asset = library.assets.get(id)?;
            Some(library.status(asset).to_owned())
        })
    }

    /// Is it in the trash?
    #[must_use]
    pub fn is_trashed(&self, id: &ContentId) -> bool {
        self.library(|library, _| library.trash.contains_key(id))
    }

    /// Upload a new version of an asset from a file; it becomes current after the ingest delay.
    pub fn upload_file_version(&self, id: &ContentId, content: Bytes, by: &str) {
        self.library(|library, now| {
            let asset = library.assets.get(id);
            let name = asset.map(|asset| asset.name.clone()).unwrap_or_default();
            library.accept(Upload {
                version_of: Some(id.clone()),
                ..file(name, content, by, now)
            });
        });
    }
}
