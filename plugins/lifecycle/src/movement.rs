//! Files on their way into the archive and back: windows and limits, following a move, and the proof
//! that must stand before the copy at hand goes.

use forebay_sdk::assets::{ArchiveState, Asset, MediaCopy, MediaState};
use forebay_sdk::blocks::{ITEMS_PER_ACTIVATION, ItemState};
use forebay_sdk::{Error, Field, OrAbsent, Timestamp, Value};

use crate::course::Course;
use crate::policy::Keep;
use crate::scan::length;
use crate::state::{Job, Review};
use crate::window::Moment;

/// Bytes of a GiB.
const GIB: u64 = 1 << 30;

impl Course<'_> {
    /// Does archiving move files here?
    pub(crate) fn moves(&self, review: &Review) -> bool {
        let policy = self.config.policy(&review.unit.policy);
        policy.is_some_and(|policy| policy.target.is_some())
    }

    /// Does the flow look after files, not only after their status?
    pub(crate) fn keeps_media(&self) -> bool {
        self.config.delete.is_some() || !self.config.storages.is_empty()
    }

    // ---- Windows and limits ---------------------------------------------------------------------

    /// How many more moves may begin now.
    pub(crate) fn free_places(&self, review: &mut Review) -> Result<usize, Error> {
        let now = self.cx.now();
        let night = match &self.config.window {
            None => self.cx.local_date(&self.config.calendar.zone, now)?,
            Some(window) => match window.look(self.cx, now)? {
                Moment::Open(night) => night,
                Moment::Closed(_) => return Ok(0),
            },
        };
        if review.night.date != night {
            review.night = crate::state::Night {
                date: night,
                ..Default::default()
            };
        }
        if review.night.full {
            return Ok(0);
        }
        let moving = review.jobs.values().filter(|job| job.not_before.is_none());
        Ok((self.config.limits.concurrent_jobs as usize).saturating_sub(moving.count()))
    }

    /// When moves may begin again, where some wait for it.
    pub(crate) fn next_move(&self, review: &Review) -> Result<Option<Timestamp>, Error> {
        let waits = |item: &forebay_sdk::blocks::Item| {
            item.action == "archive" && !review.jobs.contains_key(&item.id)
        };
        let waiting = review.items.next(usize::MAX).iter().any(waits);
        if !waiting || !self.moves(review) {
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

    // ---- Beginning ------------------------------------------------------------------------------

    /// Ask for the move into the archive.
    pub(crate) fn start_move(
        &self,
        review: &mut Review,
        asset: &Asset,
    ) -> Result<Option<ItemState>, Error> {
        let size = asset.size.unwrap_or_default();
        let limit = self.config.limits.gib_per_night.saturating_mul(GIB);
        let begun = review.night.bytes;
        if begun > 0 && begun.saturating_add(size) > limit {
            review.night.full = true;
            return Ok(None);
        }
        let before = self.cx.lifecycle().state(&asset.id)?;
        let online = before
            .copies
            .iter()
            .find(|copy| !copy.archive && copy.complete);
        let tries = review.jobs.get(&asset.id).map_or(0, |job| job.tries);
        let job = Job {
            since: self.cx.now(),
            looked: self.cx.now(),
            tries,
            not_before: None,
            version: asset.version.clone(),
            checksum: online
                .and_then(|copy| copy.checksum.clone())
                .or(asset.checksum.clone()),
            size: online.and_then(|copy| copy.size).or(asset.size),
            before: before.copies.iter().map(describe).collect(),
        };
        let target = self.target(review)?;
        let state = self.cx.lifecycle().archive(&asset.id, Some(&target))?;
        review.night.bytes = review.night.bytes.saturating_add(size);
        let mut record = self.record_of("archiving", review, asset);
        let state_job = state.job.clone().unwrap_or_default();
        record.details.push(Field::new("job", state_job));
        record
            .details
            .push(Field::new("copies", job.before.clone()));
        self.cx.decision(&record);
        if self.observes() {
            return Ok(Some(ItemState::Done));
        }
        review.jobs.insert(asset.id.clone(), job);
        Ok(None)
    }

    fn target(&self, review: &Review) -> Result<String, Error> {
        let target = self.policy(review)?.target.clone().unwrap_or_default();
        Ok(self.config.storage(&target).to_owned())
    }

    // ---- Following ------------------------------------------------------------------------------

    /// Look at what is on its way and was not looked at for a while, the longest unseen first.
    pub(crate) fn follow_jobs(&self, review: &mut Review) -> Result<(), Error> {
        let now = self.cx.now();
        let jobs = review.jobs.iter();
        let mut running: Vec<_> = jobs
            .filter(|(_, job)| self.is_overdue(job))
            .map(|(id, job)| (job.looked, id.clone()))
            .collect();
        running.sort();
        for (_, id) in running.into_iter().take(ITEMS_PER_ACTIVATION) {
            let Some(mut job) = review.jobs.remove(&id) else {
                continue;
            };
            job.looked = now;
            let action = review.items.get(&id).map(|item| item.action.clone());
            let done = match action.as_deref() {
                Some("archive") => self.follow_move(review, &id, &mut job)?,
                Some("restore") => self.follow_restore(review, &id)?,
                _ => self.follow_purge(review, &id, &job)?,
            };
            match done {
                None => drop(review.jobs.insert(id, job)),
                Some(state) => self.note(review, &id, state),
            }
        }
        Ok(())
    }

    /// Has something not been looked at for a while?
    pub(crate) fn overdue_jobs(&self, review: &Review) -> bool {
        review.jobs.values().any(|job| self.is_overdue(job))
    }

    fn is_overdue(&self, job: &Job) -> bool {
        job.not_before.is_none() && job.looked + length(self.config.poll) <= self.cx.now()
    }

    /// When to look next.
    pub(crate) fn next_job(&self, review: &Review) -> Result<Option<Timestamp>, Error> {
        let poll = length(self.config.poll);
        let times = review
            .jobs
            .values()
            .map(|job| job.not_before.unwrap_or(job.looked + poll));
        Ok(times.min())
    }

    fn follow_move(
        &self,
        review: &mut Review,
        id: &str,
        job: &mut Job,
    ) -> Result<Option<ItemState>, Error> {
        let gone = || Ok(Some(ItemState::Kept("somebody deleted it".to_owned())));
        let Some(state) = self.cx.lifecycle().state(id).or_absent()? else {
            return gone();
        };
        let is_over = matches!(state.state, ArchiveState::Archived | ArchiveState::Failed);
        let is_lost = self.cx.now() - job.since >= length(self.config.retry.lost_after);
        if !is_over && !is_lost {
            return Ok(None);
        }
        let Some(asset) = self.cx.assets().get(id).or_absent()? else {
            return gone();
        };
        match state.state {
            ArchiveState::Archived => self.verified(review, &asset, job, &state),
            ArchiveState::Failed => self.move_failed(review, &asset, job, &state),
            _ => {
                // Nothing changed for long. A move that is still under way is left alone.
                job.since = self.cx.now();
                self.cx
                    .lifecycle()
                    .archive(id, Some(&self.target(review)?))?;
                self.tell(&format!("the move of \"{}\" takes very long", asset.name));
                Ok(None)
            }
        }
    }

    /// The vendor gave up: again in another window, a few times. The copy at hand is untouched.
    fn move_failed(
        &self,
        review: &mut Review,
        asset: &Asset,
        job: &mut Job,
        state: &MediaState,
    ) -> Result<Option<ItemState>, Error> {
        job.tries += 1;
        let why = state.failure.clone().unwrap_or_default();
        let mut record = self.record_of("archive-failed", review, asset);
        record.comment = Some(format!("attempt {}: {why}", job.tries));
        self.cx.decision(&record);
        if job.tries >= self.config.retry.moves {
            let why = format!("{} moves into the archive failed: {why}", job.tries);
            return Ok(Some(self.bad(review, asset, &why)));
        }
        job.not_before = Some(self.next_night()?);
        Ok(None)
    }

    /// An operator must look at it; the copy at hand stays.
    fn bad(&self, review: &mut Review, asset: &Asset, why: &str) -> ItemState {
        review.bad.insert(asset.id.clone());
        self.tell(&format!("\"{}\": {why}", asset.name));
        ItemState::Failed(why.to_owned())
    }

    /// The archived copy stands. Only if it is proved to be the original, the copies at hand go.
    fn verified(
        &self,
        review: &mut Review,
        asset: &Asset,
        job: &Job,
        state: &MediaState,
    ) -> Result<Option<ItemState>, Error> {
        let target = self.target(review)?;
        if state.copies.iter().any(|copy| !copy.reachable) {
            // A storage that is out of reach proves nothing; it comes back.
            return Ok(None);
        }
        if let Some(why) = self.difference(job, state, &target) {
            let mut record = self.record_of("bad-copy", review, asset);
            record.comment = Some(why.clone());
            let copies: Vec<_> = state.copies.iter().map(describe).collect();
            record.details.push(Field::new("copies", copies));
            self.cx.decision(&record);
            return Ok(Some(self.bad(review, asset, &why)));
        }
        let hold = &self.config.legal_hold;
        if hold.forbids(&self.config.fields, asset, "archive") {
            return self.hold(review, asset).map(Some);
        }
        let keeps = self.policy(review)?.keep == Some(Keep::Original);
        if !keeps && !self.is_shared(asset)? {
            for copy in state.copies.iter().filter(|copy| !copy.archive) {
                self.cx.lifecycle().remove_copy(&asset.id, &copy.storage)?;
            }
        }
        let archived = state.copies.iter().find(|copy| copy.storage == target);
        let checksum = archived.and_then(|copy| copy.checksum.clone());
        let now = self.cx.assets().get(&asset.id)?;
        let fields = [
            ("lifecycle_state", "archived".into()),
            ("lifecycle_policy", Value::text(&review.unit.policy)),
            ("archive_location", Value::text(&target)),
            (
                "archive_checksum",
                checksum.map_or(Value::None, Value::Text),
            ),
        ];
        self.write(&now, &fields, None)?;
        let mut record = self.record_of("archived", review, asset);
        let after = self.cx.lifecycle().state(&asset.id)?;
        let after: Vec<_> = after.copies.iter().map(describe).collect();
        record
            .details
            .push(Field::new("before", job.before.clone()));
        record.details.push(Field::new("after", after));
        self.cx.decision(&record);
        Ok(Some(ItemState::Done))
    }

    /// Why the archived copies are no proof; what nobody knows is none either.
    fn difference(&self, job: &Job, state: &MediaState, target: &str) -> Option<String> {
        let rule = &self.config.verify;
        let archived: Vec<_> = state
            .copies
            .iter()
            .filter(|copy| copy.archive && copy.complete)
            .collect();
        if archived.len() < rule.copies_min as usize {
            let (there, min) = (archived.len(), rule.copies_min);
            return Some(format!(
                "{there} archived copies are complete, {min} are needed"
            ));
        }
        let Some(copy) = archived.iter().find(|copy| copy.storage == target) else {
            return Some(format!("there is no complete copy on {target}"));
        };
        if rule.size && (copy.size.is_none() || copy.size != job.size) {
            return Some(format!(
                "the archived copy has {} bytes, the original {}",
                number(copy.size),
                number(job.size)
            ));
        }
        if rule.checksum && (copy.checksum.is_none() || copy.checksum != job.checksum) {
            let word = |sum: &Option<String>| sum.clone().unwrap_or_else(|| "none".to_owned());
            return Some(format!(
                "the checksum of the archived copy is {}, that of the original {}",
                word(&copy.checksum),
                word(&job.checksum)
            ));
        }
        None
    }

    /// Does another asset, not archived yet, need the same file at hand?
    fn is_shared(&self, asset: &Asset) -> Result<bool, Error> {
        let kinds = &self.config.other_uses.shared_files;
        if kinds.is_empty() {
            return Ok(false);
        }
        let mut page = None;
        loop {
            let found = match self.cx.relations().list(&asset.id, page.as_deref()) {
                Err(error) if error.is_unsupported() => return Ok(false),
                other => other?,
            };
            for relation in found.relations {
                if kinds.contains(&relation.kind)
                    && let Some(other) = self.present(&relation.other)?
                    && self.text(&other, "lifecycle_state") != "archived"
                {
                    return Ok(true);
                }
            }
            page = found.next;
            if page.is_none() {
                return Ok(false);
            }
        }
    }
}

fn describe(copy: &MediaCopy) -> String {
    let checksum = copy.checksum.as_deref().unwrap_or("-");
    format!("{} {checksum} {}", copy.storage, number(copy.size))
}

fn number(size: Option<u64>) -> String {
    size.map_or_else(|| "-".to_owned(), |size| size.to_string())
}
