//! The assets of a review as items of work: which can be worked on now, which are looked at, and what
//! happens to those that fail.

use forebay_sdk::blocks::{ITEMS_PER_ACTIVATION, Item, ItemState};
use forebay_sdk::{Error, Timestamp};

use super::selection::length;
use super::{Outcome, Steps};
use crate::state::{Job, Review};

impl Steps<'_> {
    /// Failed items are tried again when it is time.
    pub(crate) fn reopen_failed_if_due(&self, review: &mut Review) {
        if review.retry_at.is_none_or(|at| at > self.cx.now()) {
            return;
        }
        review.retry_at = None;
        for item in &mut review.items.0 {
            if matches!(item.state, ItemState::Failed(_)) && !review.bad.contains(&item.id) {
                item.state = ItemState::Open;
            }
        }
    }

    /// The next items that can be worked on now.
    pub(crate) fn ready_items(&self, review: &mut Review) -> Result<Vec<Item>, Error> {
        if review.gone_since.is_some() {
            return Ok(Vec::new());
        }
        let mut places = self.free_places(review)?;
        let now = self.cx.now();
        let mut ready = Vec::new();
        for item in review.items.next(usize::MAX) {
            if ready.len() >= ITEMS_PER_ACTIVATION {
                break;
            }
            let waits = match review.jobs.get(&item.id) {
                Some(job) => job.not_before.is_none_or(|at| at > now),
                None => false,
            };
            let can = !waits
                && match item.action.as_str() {
                    "delete" => self.may_mark(review),
                    "purge" => self.may_purge(review),
                    "archive" if self.moves_files(review) => {
                        let free = places > 0;
                        places = places.saturating_sub(1);
                        free
                    }
                    _ => true,
                };
            if can {
                ready.push(item);
            }
        }
        Ok(ready)
    }

    /// Can more be done at once?
    pub(crate) fn can_go_on(&self, review: &mut Review) -> Result<bool, Error> {
        Ok(!self.ready_items(review)?.is_empty() || self.has_unseen_jobs(review))
    }

    // ---- On their way ---------------------------------------------------------------------------

    /// What is on its way and was not looked at for a while, the longest unseen first.
    pub(crate) fn unseen_jobs(&self, review: &Review) -> Vec<String> {
        let unseen = review.jobs.iter().filter(|(_, job)| self.is_unseen(job));
        let mut unseen: Vec<_> = unseen.map(|(id, job)| (job.looked, id.clone())).collect();
        unseen.sort();
        let next = unseen.into_iter().take(ITEMS_PER_ACTIVATION);
        next.map(|(_, id)| id).collect()
    }

    fn has_unseen_jobs(&self, review: &Review) -> bool {
        review.jobs.values().any(|job| self.is_unseen(job))
    }

    fn is_unseen(&self, job: &Job) -> bool {
        job.not_before.is_none() && job.looked + length(self.config.poll) <= self.cx.now()
    }

    /// When to look next.
    pub(super) fn next_look(&self, review: &Review) -> Option<Timestamp> {
        let poll = length(self.config.poll);
        let jobs = review.jobs.values();
        jobs.map(|job| job.not_before.unwrap_or(job.looked + poll))
            .min()
    }

    // ---- What came of them ----------------------------------------------------------------------

    /// What an error means for the one item; an outage is one of the whole run.
    pub(crate) fn outcome_of_failure(error: Error) -> Outcome {
        match error {
            error if error.is_not_found() => Ok(Some(ItemState::Kept("it was deleted".to_owned()))),
            Error::Invalid(_) | Error::Conflict(_) | Error::Unsupported(_) => {
                Ok(Some(ItemState::Failed(error.message().to_owned())))
            }
            error => Err(error),
        }
    }

    /// Note what came of an item, unless it goes on.
    pub(crate) fn note_outcome(&self, review: &mut Review, id: &str, outcome: Option<ItemState>) {
        let Some(outcome) = outcome else {
            return;
        };
        if let ItemState::Failed(why) = &outcome {
            let now = self.cx.now();
            let since = *review.failing_since.get_or_insert(now);
            if self.within_budget(since) && review.retry_at.is_none() {
                review.retry_at = Some(now + length(self.config.retry.every));
            }
            let mut record = self.record("failed", review);
            record.asset = Some(id.to_owned());
            self.note(record, why);
        }
        review.items.mark(id, outcome);
    }

    fn within_budget(&self, since: Timestamp) -> bool {
        self.cx.now() < since + length(self.config.retry.budget)
    }
}
