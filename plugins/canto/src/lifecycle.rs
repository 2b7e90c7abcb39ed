//! Trash, deletion for good, cold storage. Canto documents the way into the trash; whatever else is
//! a setting, and `unsupported` without it.
//!
//! Every function looks first, so that a repeat after a lost answer finds what was done.

use forebay_sdk::assets::{ArchiveState, Lifecycle, MediaCopy, MediaState, Trashed};
use forebay_sdk::http::{Outcome, Response};
use forebay_sdk::{Error, OrAbsent};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::Canto;
use crate::date;
use crate::settings::Change;
use crate::wire::{self, Content, ContentId, Page};

/// Name of the one place where Canto keeps originals.
const STORAGE: &str = "canto";

/// Canto's word for cold storage, as in the filter of its search.
const FROZEN: &str = "freeze";

/// Where an asset was found.
enum Place {
    Library(Box<Content>),
    Trash(Box<Content>),
    /// Nowhere, as far as can be seen.
    Gone,
}

/// What Canto answers to a batch of deletions.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Batch {
    #[serde(deserialize_with = "forebay_sdk::lenient::list")]
    delete_fail: Vec<Json>,
    #[serde(deserialize_with = "forebay_sdk::lenient::list")]
    permission_fail: Vec<Json>,
}

impl Lifecycle for Canto {
    fn state(&self, asset: &str) -> Result<MediaState, Error> {
        let id = ContentId::parse(asset)?;
        match self.place(&id)? {
            Place::Library(content) => Ok(self.media(&id, &content, None)),
            Place::Trash(content) => {
                let trashed = Trashed {
                    at: date::parse(&content.time),
                    by: self.modified_by(&content),
                };
                Ok(self.media(&id, &content, Some(trashed)))
            }
            Place::Gone => Err(gone(&id)),
        }
    }

    /// Canto has one cold storage: it takes no target.
    fn archive(&self, asset: &str, target: Option<&str>) -> Result<MediaState, Error> {
        if let Some(target) = target.filter(|target| *target != STORAGE) {
            let message = format!("Canto has no storage `{target}` to archive to");
            return Err(Error::invalid(message).with_field("target"));
        }
        let change = self.settings.lifecycle.archive.as_ref();
        let change = named(change, "moving into cold storage", "lifecycle.archive")?;
        self.move_original(
            asset,
            change,
            ArchiveState::Archived,
            ArchiveState::Archiving,
        )
    }

    fn restore(&self, asset: &str) -> Result<MediaState, Error> {
        let change = self.settings.lifecycle.restore.as_ref();
        let change = named(
            change,
            "bringing back from cold storage",
            "lifecycle.restore",
        )?;
        self.move_original(asset, change, ArchiveState::Online, ArchiveState::Restoring)
    }

    fn remove_copy(&self, _asset: &str, _storage: &str) -> Result<MediaState, Error> {
        Err(Error::unsupported(
            "Canto keeps one copy of an original: use trash and purge",
        ))
    }

    fn trash(&self, asset: &str) -> Result<(), Error> {
        let id = ContentId::parse(asset)?;
        if self.content(&id).or_absent()?.is_none() {
            return Ok(());
        }
        let request = self.delete("/api/v1/batch/content").json(&json!([id]));
        let sent = self.confirmed(request.send_effect())?;
        self.finish(&id, sent)
    }

    fn recover(&self, asset: &str) -> Result<(), Error> {
        let id = ContentId::parse(asset)?;
        let change = self.settings.lifecycle.recover.as_ref();
        let change = named(change, "taking out of the trash", "lifecycle.recover")?;
        match self.place(&id)? {
            Place::Library(_) => return Ok(()),
            Place::Gone if self.settings.lifecycle.trash_path.is_some() => return Err(gone(&id)),
            Place::Trash(_) | Place::Gone => {}
        }
        let sent = self.confirmed(self.change(change, &values(&id)))?;
        self.finish(&id, sent)?;
        match self.content(&id).or_absent()? {
            Some(_) => Ok(()),
            None => Err(Error::unavailable(format!(
                "{id} was taken out of the trash and is not visible yet"
            ))),
        }
    }

    /// Canto deletes for good what is in the trash: what is not there yet is put there first.
    fn purge(&self, asset: &str) -> Result<(), Error> {
        let id = ContentId::parse(asset)?;
        let change = self.settings.lifecycle.purge.as_ref();
        let change = named(change, "deleting for good", "lifecycle.purge")?;
        match self.place(&id)? {
            Place::Library(_) => self.trash(asset)?,
            Place::Gone if self.settings.lifecycle.trash_path.is_some() => return Ok(()),
            Place::Trash(_) | Place::Gone => {}
        }
        match self
            .confirmed(self.change(change, &values(&id)))
            .or_absent()?
        {
            Some(sent) => self.finish(&id, sent),
            None => Ok(()),
        }
    }
}

impl Canto {
    fn place(&self, id: &ContentId) -> Result<Place, Error> {
        if let Some(content) = self.content(id).or_absent()? {
            return Ok(Place::Library(Box::new(content)));
        }
        let Some(path) = &self.settings.lifecycle.trash_path else {
            return Ok(Place::Gone);
        };
        let limit = self.settings.page(u32::MAX);
        let mut start = 0;
        loop {
            let request = self.read(path).query("start", start).query("limit", limit);
            let page: Page = self.confirmed(request.send())?.json()?;
            let more = page.more(start, limit);
            start += page.results.len() as u64;
            let is_it = |content: &Content| content.content_id().as_ref() == Some(id);
            if let Some(content) = page.results.into_iter().find(is_it) {
                return Ok(Place::Trash(Box::new(content)));
            }
            if !more {
                return Ok(Place::Gone);
            }
        }
    }

    fn media(&self, id: &ContentId, content: &Content, trashed: Option<Trashed>) -> MediaState {
        let key = self.settings.lifecycle.storage_class_key.as_ref();
        let class = key.and_then(|key| wire::text(&content.rest, key));
        let frozen = class.is_some_and(|class| class.eq_ignore_ascii_case(FROZEN));
        let checksum = content.md5.as_ref().map(|md5| format!("md5:{md5}"));
        MediaState {
            asset: id.to_string(),
            state: match frozen {
                true => ArchiveState::Archived,
                false => ArchiveState::Online,
            },
            failure: None,
            copies: vec![MediaCopy {
                storage: STORAGE.to_owned(),
                archive: frozen,
                reachable: true,
                size: content.size.and_then(|size| u64::try_from(size).ok()),
                checksum,
                complete: true,
            }],
            trashed,
            job: None,
        }
    }

    /// Move an original. Where it does not stand there at once, it is on its way.
    fn move_original(
        &self,
        asset: &str,
        change: &Change,
        wanted: ArchiveState,
        on_its_way: ArchiveState,
    ) -> Result<MediaState, Error> {
        let id = ContentId::parse(asset)?;
        let before = self.media(&id, &self.content(&id)?, None);
        if before.state == wanted {
            return Ok(before);
        }
        self.confirmed(self.change(change, &values(&id)))?
            .or_repeat()?;
        let mut after = self.media(&id, &self.content(&id)?, None);
        if after.state != wanted {
            after.state = on_its_way;
        }
        Ok(after)
    }

    /// Canto answers 200 to a batch that failed, and says so in the body.
    fn finish(&self, id: &ContentId, sent: Outcome) -> Result<(), Error> {
        let response: Response = sent.or_repeat()?;
        // Some calls answer with the plain text `success`.
        let batch: Batch = serde_json::from_slice(&response.body).unwrap_or_default();
        if !batch.permission_fail.is_empty() {
            return Err(Error::denied(format!(
                "the API key may not delete or recover {id}"
            )));
        }
        match batch.delete_fail.is_empty() {
            true => Ok(()),
            false => Err(Error::invalid(format!(
                "Canto could not delete or recover {id}: {}",
                response.text()
            ))),
        }
    }
}

fn named<'a>(change: Option<&'a Change>, what: &str, setting: &str) -> Result<&'a Change, Error> {
    change.ok_or_else(|| {
        Error::unsupported(format!(
            "{what}: Canto does not document the call; see the setting {setting}"
        ))
    })
}

fn values(id: &ContentId) -> [(&'static str, &str); 2] {
    [("scheme", &id.scheme), ("id", &id.id)]
}

fn gone(id: &ContentId) -> Error {
    Error::not_found(format!(
        "{id} is neither in the library nor seen in the trash"
    ))
}
