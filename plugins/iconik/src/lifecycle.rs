//! The life of an asset's files: archive and restore by jobs that take hours, copies on storages, the
//! delete queue and purging.

use forebay_sdk::assets::{ArchiveState, Lifecycle, MediaState, Trashed};
use forebay_sdk::http::{Outcome, encode_component};
use forebay_sdk::{Error, OrAbsent};
use serde_json::{Value as Json, json};

use crate::Iconik;
use crate::copies::{Held, RawFormat, RawJob};
use crate::wire::RawAsset;

/// All that is known of the original.
struct Standing {
    format: Option<RawFormat>,
    held: Vec<Held>,
    state: MediaState,
}

impl Lifecycle for Iconik {
    fn state(&self, asset: &str) -> Result<MediaState, Error> {
        Ok(self.standing_media(asset)?.state)
    }

    /// The copy at hand stays: who asked for the archive compares the copies before it removes one.
    fn archive(&self, asset: &str, target: Option<&str>) -> Result<MediaState, Error> {
        let standing = self.standing_media(asset)?;
        match standing.state.state {
            ArchiveState::Archiving | ArchiveState::Archived => return Ok(standing.state),
            ArchiveState::Restoring => {
                let message = "the original is on its way back from the archive";
                return Err(Error::conflict(message).with_current("restoring"));
            }
            ArchiveState::Online | ArchiveState::Failed => {}
        }
        let mut body = json!({"delete_original": false});
        if let Some(name) = target {
            body["destination_storage_id"] = json!(self.storage_named(name)?);
        }
        // Repeating sees that it is on its way.
        let url = self.format_url(asset, original(&standing)?, "archive/");
        self.ask(&url, &body)?;
        self.state(asset)
    }

    fn restore(&self, asset: &str) -> Result<MediaState, Error> {
        let standing = self.standing_media(asset)?;
        let failed = standing.state.state == ArchiveState::Failed;
        // What failed may have been the way in or the way out; only the latter left it archived.
        let archived = standing.state.state == ArchiveState::Archived
            || failed
                && standing
                    .format
                    .as_ref()
                    .is_some_and(|f| f.archive_status == "ARCHIVED");
        match standing.state.state {
            ArchiveState::Archiving => {
                let message = "the original is on its way into the archive";
                Err(Error::conflict(message).with_current("archiving"))
            }
            _ if archived => {
                let url = self.format_url(asset, original(&standing)?, "restore/");
                self.ask(&url, &json!({}))?;
                self.state(asset)
            }
            _ => Ok(standing.state),
        }
    }

    fn remove_copy(&self, asset: &str, storage: &str) -> Result<MediaState, Error> {
        let standing = self.standing_media(asset)?;
        let (here, elsewhere): (Vec<_>, Vec<_>) = standing
            .held
            .iter()
            .partition(|held| held.copy.storage == storage);
        if here.is_empty() {
            return Ok(standing.state);
        }
        if !elsewhere.iter().any(|held| held.copy.complete) {
            let message = format!("the copy on {storage} is the only complete one");
            return Err(Error::conflict(message).with_current(storage));
        }
        for held in here {
            if !held.copy.reachable {
                let message = format!("the storage {storage} cannot be reached");
                return Err(Error::unavailable(message));
            }
            self.remove_file_set(asset, held)?;
        }
        self.state(asset)
    }

    fn trash(&self, asset: &str) -> Result<(), Error> {
        if self.raw_asset(asset)?.is_trashed() {
            return Ok(());
        }
        done(
            self.http
                .delete(self.asset_url(asset, ""))
                .send_effect()
                .or_absent()?,
        )
    }

    fn recover(&self, asset: &str) -> Result<(), Error> {
        if !self.raw_asset(asset)?.is_trashed() {
            return Ok(());
        }
        let call = self.http.put(self.asset_url(asset, "restore/"));
        call.send_effect()?.or_repeat()?;
        Ok(())
    }

    /// Only out of the delete queue: what somebody took out of it meanwhile must not go. Copies on a
    /// storage that cannot be reached stay for a while; `state` tells them until they are gone.
    fn purge(&self, asset: &str) -> Result<(), Error> {
        let Some(raw) = self.raw_asset(asset).or_absent()? else {
            return Ok(());
        };
        if !raw.is_trashed() {
            let message = "the asset is not in the delete queue";
            return Err(Error::conflict(message).with_current(raw.status));
        }
        let call = self.http.delete(self.asset_url(asset, "purge/"));
        done(call.send_effect().or_absent()?)
    }
}

impl Iconik {
    fn standing_media(&self, asset: &str) -> Result<Standing, Error> {
        let raw = self.raw_asset(asset)?;
        let format = self.original(&raw)?;
        let held = match &format {
            Some(format) => self.copies(asset, format)?,
            None => Vec::new(),
        };
        let moves = self.moves(asset)?;
        let last = moves.last();
        let state = archive_state(format.as_ref(), &moves);
        let failed = last.filter(|_| state == ArchiveState::Failed);
        let media = MediaState {
            asset: asset.to_owned(),
            failure: failed.and_then(|job| job.error_message.clone()),
            state,
            copies: held.iter().map(|held| held.copy.clone()).collect(),
            trashed: raw.is_trashed().then(|| trashed(&raw)),
            job: last.map(|job| job.id.clone()),
        };
        Ok(Standing {
            format,
            held,
            state: media,
        })
    }

    fn storage_named(&self, name: &str) -> Result<String, Error> {
        let storages = self.storages()?;
        let found = storages
            .iter()
            .find(|storage| storage.name == name)
            .or_else(|| storages.iter().find(|storage| storage.id == name));
        let found = found.ok_or_else(|| {
            Error::invalid(format!("there is no storage named {name}")).with_field("target")
        })?;
        if !found.is_reachable() {
            let message = format!("the storage {name} is {}", found.status);
            return Err(Error::unavailable(message));
        }
        Ok(found.id.clone())
    }

    fn format_url(&self, asset: &str, format: &RawFormat, rest: &str) -> String {
        let format = encode_component(&format.id);
        self.files_url(asset, &format!("formats/{format}/{rest}"))
    }

    fn ask(&self, url: &str, body: &Json) -> Result<(), Error> {
        self.http.post(url).json(body).send_effect()?.or_repeat()?;
        Ok(())
    }

    /// Files and all, without a stay in the delete queue of file sets.
    fn remove_file_set(&self, asset: &str, held: &Held) -> Result<(), Error> {
        let call = if held.by_archiving {
            let format = encode_component(&held.format);
            let url = self.files_url(asset, &format!("formats/{format}/archive/"));
            self.http
                .delete(url)
                .json(&json!({"file_set_id": held.file_set}))
        } else {
            let set = encode_component(&held.file_set);
            let url = self.files_url(asset, &format!("file_sets/{set}/"));
            self.http.delete(url).query("immediately", true)
        };
        done(call.send_effect().or_absent()?)
    }
}

fn done(outcome: Option<Outcome>) -> Result<(), Error> {
    outcome.map(Outcome::or_repeat).transpose()?;
    Ok(())
}

fn original(standing: &Standing) -> Result<&RawFormat, Error> {
    standing
        .format
        .as_ref()
        .ok_or_else(|| Error::conflict("the asset has no original to move"))
}

fn trashed(raw: &RawAsset) -> Trashed {
    Trashed {
        at: raw.deleted(),
        by: raw
            .deleted_by_user
            .clone()
            .or_else(|| raw.updated_by_user.clone()),
    }
}

/// iconik has a word for the way into the archive; the way back is told by its job alone.
fn archive_state(format: Option<&RawFormat>, moves: &[RawJob]) -> ArchiveState {
    let word = format.map_or("", |format| format.archive_status.as_str());
    let open = |restores: bool| {
        moves
            .iter()
            .any(|job| job.is_open() && job.restores() == restores)
    };
    let restore_failed = moves
        .last()
        .is_some_and(|job| job.restores() && job.has_failed());
    match word {
        _ if open(true) => ArchiveState::Restoring,
        "ARCHIVING" => ArchiveState::Archiving,
        _ if open(false) => ArchiveState::Archiving,
        "FAILED_TO_ARCHIVE" => ArchiveState::Failed,
        _ if restore_failed => ArchiveState::Failed,
        "ARCHIVED" => ArchiveState::Archived,
        _ => ArchiveState::Online,
    }
}
