//! Files on their way into the archive and back: windows and limits, and looking after a move.

use forebay_sdk::assets::{ArchiveState, Asset, MediaCopy, MediaState};
use forebay_sdk::blocks::{Item, ItemState};
use forebay_sdk::{Error, Field, OrAbsent, Timestamp, Value};

use super::proof::describe;
use super::selection::length;
use super::{Outcome, Steps};
use crate::config::window::Moment;
use crate::state::{Job, Night, Review};

/// Bytes of a GiB.
const GIB: u64 = 1 << 30;

/// Where a move into the archive stands.
pub(crate) enum Move {
    /// It goes on.
    UnderWay,
    /// Nothing has changed for long.
    NoChangeForLong(Asset),
    /// The DAM says that the archived copy stands.
    Archived(Moved),
    /// The vendor gave up.
    Failed(Moved),
    /// Somebody deleted the asset.
    AssetGone,
}

/// A move that has ended.
pub(crate) struct Moved {
    /// The asset, as it is now.
    pub(crate) asset: Asset,
    /// Where its files are.
    pub(crate) state: MediaState,
}

impl Steps<'_> {
    /// Does archiving move files here?
    pub(crate) fn moves_files(&self, review: &Review) -> bool {
        let policy = self.config.policy(&review.unit.policy);
        policy.is_some_and(|policy| policy.target.is_some())
    }

    /// Does the flow look after files, not only after their status?
    pub(super) fn keeps_media(&self) -> bool {
        self.config.delete.is_some() || !self.config.storages.is_empty()
    }

    /// The storage that originals move to, by its name at the vendor.
    pub(super) fn target(&self, review: &Review) -> Result<String, Error> {
        let target = self.policy(review)?.target.clone().unwrap_or_default();
        Ok(self.config.storage(&target).to_owned())
    }

    // ---- Windows and limits ---------------------------------------------------------------------

    /// How many more moves may begin now.
    pub(super) fn free_places(&self, review: &mut Review) -> Result<usize, Error> {
        let now = self.cx.now();
        let night = match &self.config.window {
            None => self.cx.local_date(&self.config.calendar.zone, now)?,
            Some(window) => match window.look(self.cx, now)? {
                Moment::Open(night) => night,
                Moment::Closed(_) => return Ok(0),
            },
        };
        if review.night.date != night {
            review.night = Night {
                date: night,
                ..Night::default()
            };
        }
        if review.night.full {
            return Ok(0);
        }
        let moving = review.jobs.values().filter(|job| job.not_before.is_none());
        Ok((self.config.limits.concurrent_jobs as usize).saturating_sub(moving.count()))
    }

    /// When moves may begin again, where some wait for it.
    pub(super) fn next_move(&self, review: &Review) -> Result<Option<Timestamp>, Error> {
        let waits = |item: &Item| item.action == "archive" && !review.jobs.contains_key(&item.id);
        let waiting = review.items.next(usize::MAX).iter().any(waits);
        if !waiting || !self.moves_files(review) {
            return Ok(None);
        }
        let now = self.cx.now();
        let closed = match &self.config.window {
            Some(window) => matches!(window.look(self.cx, now)?, Moment::Closed(_)),
            None => false,
        };
        if closed || review.night.full {
            return self.next_night().map(Some);
        }
        Ok(None)
    }

    fn next_night(&self) -> Result<Timestamp, Error> {
        let now = self.cx.now();
        match &self.config.window {
            Some(window) => window.next(self.cx, now),
            None => {
                let zone = &self.config.calendar.zone;
                self.cx.end_of_day(zone, &self.cx.local_date(zone, now)?)
            }
        }
    }

    /// Would this file be too much for the night? Then the night is full.
    pub(crate) fn is_too_much_for_this_night(&self, review: &mut Review, asset: &Asset) -> bool {
        let size = asset.size.unwrap_or_default();
        let limit = self.config.limits.gib_per_night.saturating_mul(GIB);
        let begun = review.night.bytes;
        let too_much = begun > 0 && begun.saturating_add(size) > limit;
        if too_much {
            review.night.full = true;
        }
        too_much
    }

    // ---- Into the archive -----------------------------------------------------------------------

    /// What is noted of an asset that a job begins for.
    pub(crate) fn new_job(&self, asset: &Asset) -> Job {
        Job {
            since: self.cx.now(),
            looked: self.cx.now(),
            version: asset.version.clone(),
            checksum: asset.checksum.clone(),
            ..Job::default()
        }
    }

    /// Ask for the move into the archive.
    pub(crate) fn start_move(&self, review: &mut Review, asset: &Asset) -> Result<Job, Error> {
        let before = self.cx.lifecycle().state(&asset.id)?.copies;
        let online = before.iter().find(|copy| !copy.archive && copy.complete);
        let checksum = online.and_then(|copy| copy.checksum.clone());
        let job = Job {
            tries: review.jobs.get(&asset.id).map_or(0, |job| job.tries),
            checksum: checksum.or(asset.checksum.clone()),
            size: online.and_then(|copy| copy.size).or(asset.size),
            before: before.iter().map(describe).collect(),
            ..self.new_job(asset)
        };
        let target = self.target(review)?;
        let state = self.cx.lifecycle().archive(&asset.id, Some(&target))?;
        let size = asset.size.unwrap_or_default();
        review.night.bytes = review.night.bytes.saturating_add(size);
        let mut record = self.record_of("archiving", review, asset);
        let id = state.job.unwrap_or_default();
        record.details.push(Field::new("job", id));
        let copies = job.before.clone();
        record.details.push(Field::new("copies", copies));
        self.cx.decision(&record);
        Ok(job)
    }

    pub(crate) fn look_at_move(&self, id: &str, job: &Job) -> Result<Move, Error> {
        let Some(state) = self.cx.lifecycle().state(id).or_absent()? else {
            return Ok(Move::AssetGone);
        };
        let is_over = matches!(state.state, ArchiveState::Archived | ArchiveState::Failed);
        let is_lost = self.cx.now() - job.since >= length(self.config.retry.lost_after);
        if !is_over && !is_lost {
            return Ok(Move::UnderWay);
        }
        let Some(asset) = self.cx.assets().get(id).or_absent()? else {
            return Ok(Move::AssetGone);
        };
        Ok(match state.state {
            ArchiveState::Archived => Move::Archived(Moved { asset, state }),
            ArchiveState::Failed => Move::Failed(Moved { asset, state }),
            _ => Move::NoChangeForLong(asset),
        })
    }

    /// A move that is still under way is left alone by the vendor; one that was lost begins anew.
    pub(crate) fn ask_for_move_again(
        &self,
        review: &Review,
        job: &mut Job,
        asset: &Asset,
    ) -> Result<(), Error> {
        job.since = self.cx.now();
        let target = self.target(review)?;
        self.cx.lifecycle().archive(&asset.id, Some(&target))?;
        self.tell(&format!("the move of \"{}\" takes very long", asset.name));
        Ok(())
    }

    /// The vendor gave up: again in another window, a few times. The copy at hand is untouched.
    pub(crate) fn try_in_another_window(
        &self,
        review: &mut Review,
        job: &mut Job,
        moved: &Moved,
    ) -> Outcome {
        job.tries += 1;
        let why = moved.state.failure.clone().unwrap_or_default();
        let record = self.record_of("archive-failed", review, &moved.asset);
        self.note(record, format!("attempt {}: {why}", job.tries));
        if job.tries >= self.config.retry.moves {
            let why = format!("{} moves into the archive failed: {why}", job.tries);
            return Ok(Some(self.give_to_operator(review, &moved.asset, &why)));
        }
        job.not_before = Some(self.next_night()?);
        Ok(None)
    }

    /// An operator must look at it; the copy at hand stays.
    pub(super) fn give_to_operator(
        &self,
        review: &mut Review,
        asset: &Asset,
        why: &str,
    ) -> ItemState {
        review.bad.insert(asset.id.clone());
        self.tell(&format!("\"{}\": {why}", asset.name));
        ItemState::Failed(why.to_owned())
    }

    // ---- Back from the archive ------------------------------------------------------------------

    /// It is back when a complete copy is at hand; its time starts anew.
    pub(crate) fn follow_return(&self, review: &Review, id: &str) -> Outcome {
        let state = self.cx.lifecycle().state(id)?;
        match state.state {
            ArchiveState::Online => {}
            ArchiveState::Failed => {
                let why = state.failure.unwrap_or_default();
                let why = format!("it did not come back: {why}");
                return Ok(Some(ItemState::Failed(why)));
            }
            _ => return Ok(None),
        }
        let at_hand = |copy: &MediaCopy| !copy.archive && copy.complete;
        if !state.copies.is_empty() && !state.copies.iter().any(at_hand) {
            return Ok(None);
        }
        let asset = self.cx.assets().get(id)?;
        let again = self.next_review()?;
        self.mark(&asset, "active", again, Value::None)?;
        self.cx
            .decision(&self.record_of("restored", review, &asset));
        Ok(Some(ItemState::Done))
    }
}
