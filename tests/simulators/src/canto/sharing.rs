//! Share links and activities: what a tenant keeps of them. Nothing here knows HTTP.

use std::time::Duration;

use forebay_model::Timestamp;
use serde_json::{Map, Value};

use super::library::{Library, Refusal};
use super::values::ContentId;

/// Links and the record of what was done.
#[derive(Debug, Default)]
pub struct Sharing {
    /// Links, oldest first, ended ones included.
    pub links: Vec<ShareLink>,
    /// What was done with content, oldest first.
    pub activities: Vec<Activity>,
    /// How late reports of activities are.
    pub report_delay: Duration,
}

/// A link by which people without an account reach content.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareLink {
    /// Id in the list of shares.
    pub id: String,
    /// Last segment of the link.
    pub token: String,
    /// What is in it.
    pub contents: Vec<ContentId>,
    /// Albums that are shared as a whole.
    pub albums: Vec<String>,
    /// Who made it.
    pub by: String,
    /// When.
    pub created: Timestamp,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
    /// When somebody ended it.
    pub revoked: Option<Timestamp>,
    /// Originals may be downloaded.
    pub original: bool,
    /// Other renditions may be downloaded.
    pub presets: bool,
    /// All details as they were asked for; title and others come back in the list.
    pub details: Map<String, Value>,
}

impl ShareLink {
    /// Does it work now?
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|at| now < at)
    }

    /// Its state in the list: `active`, `expired` or `revoked`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> &'static str {
        match (self.revoked, self.is_live(now)) {
            (Some(_), _) => "revoked",
            (None, true) => "active",
            (None, false) => "expired",
        }
    }

    /// Title, where it was given one.
    #[must_use]
    pub fn title(&self) -> &str {
        self.details
            .get("title")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// Something done with a piece of content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// `view`, `download`, `share` or `revoke`.
    pub action: &'static str,
    /// When.
    pub at: Timestamp,
    /// By whom; empty for a recipient of a link.
    pub by: String,
    /// The content.
    pub content: ContentId,
    /// The share it was done with, or that was made.
    pub share: Option<String>,
}

/// A share to make.
#[derive(Clone, Debug, Default)]
pub struct NewShare {
    /// What goes into it.
    pub contents: Vec<ContentId>,
    /// Albums to share as a whole.
    pub albums: Vec<String>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// All details as asked for.
    pub details: Map<String, Value>,
}

impl Library {
    /// Make a link.
    ///
    /// # Errors
    /// When there is nothing to share, or something is missing from the library.
    pub fn share(&mut self, new: NewShare, by: &str, now: Timestamp) -> Result<ShareLink, Refusal> {
        if new.contents.is_empty() && new.albums.is_empty() {
            return Err(Refusal::Invalid("nothing to share".to_owned()));
        }
        let known = new.contents.iter().all(|id| self.assets.contains_key(id));
        let albums = new.albums.iter().all(|id| self.containers.contains_key(id));
        if !known || !albums {
            return Err(Refusal::NotFound);
        }
        let yes = |key: &str| new.details.get(key).and_then(Value::as_bool) == Some(true);
        let link = ShareLink {
            original: yes("allowDownloadOriginal"),
            presets: yes("allowPresets"),
            id: self.new_id("share"),
            token: self.new_id("link"),
            contents: new.contents,
            albums: new.albums,
            by: by.to_owned(),
            created: now,
            expires: new.expires,
            revoked: None,
            details: new.details,
        };
        for content in self.shared_content(&link) {
            self.note("share", &content, by, Some(&link.id), now);
        }
        self.sharing.links.push(link.clone());
        Ok(link)
    }

    /// End a link; says whether it was live.
    ///
    /// # Errors
    /// When there is none of this id.
    pub fn revoke(&mut self, id: &str, by: &str, now: Timestamp) -> Result<bool, Refusal> {
        let mut links = self.sharing.links.iter_mut();
        let link = links.find(|link| link.id == id).ok_or(Refusal::NotFound)?;
        if !link.is_live(now) {
            return Ok(false);
        }
        link.revoked = Some(now);
        let link = link.clone();
        for content in self.shared_content(&link) {
            self.note("revoke", &content, by, Some(id), now);
        }
        Ok(true)
    }

    /// What a link shows now: what was deleted is not in it any more.
    #[must_use]
    pub fn shared_content(&self, link: &ShareLink) -> Vec<ContentId> {
        let albums = link.albums.iter().filter_map(|id| self.containers.get(id));
        let of_albums = albums.flat_map(|album| album.content.iter());
        let all = link.contents.iter().chain(of_albums);
        all.filter(|id| self.assets.contains_key(*id))
            .cloned()
            .collect()
    }

    /// Record an activity; reports show it after [`Sharing::report_delay`].
    pub fn note(
        &mut self,
        action: &'static str,
        content: &ContentId,
        by: &str,
        share: Option<&str>,
        now: Timestamp,
    ) {
        self.sharing.activities.push(Activity {
            action,
            at: now,
            by: by.to_owned(),
            content: content.clone(),
            share: share.map(str::to_owned),
        });
    }

    /// The activities that reports show by now, oldest first.
    pub fn reported(&self, now: Timestamp) -> impl Iterator<Item = &Activity> {
        let delay = self.sharing.report_delay;
        self.sharing
            .activities
            .iter()
            .filter(move |activity| activity.at.plus(delay) <= now)
    }
}
