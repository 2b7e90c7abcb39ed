//! What a request waits for.

use forebay_sdk::{Error, Step, Timestamp};

use super::Steps;
use crate::state::{Phase, Review};
use crate::{DAM, WORKFLOW};

/// Timer: all staged assets are there.
pub(crate) const GATHERED: &str = "gathered";
/// Timer: the link is made.
pub(crate) const SHARE: &str = "share";
/// Timer: the link has ended.
pub(crate) const END: &str = "end";
/// Timer: deleted assets did not come back.
const GONE: &str = "gone";

impl Steps<'_> {
    /// When assets that went at this time are given up (rule C-13).
    pub(crate) fn given_up_at(&self, since: Timestamp) -> Result<Timestamp, Error> {
        let gone = self.config.asset_gone;
        gone.given_up_at(self.cx, &self.config.calendar, since)
    }

    /// Wait for time, for changes of the assets, and for people.
    pub(crate) fn wait(&self, review: Review) -> Result<Step<Review>, Error> {
        let mut wait = Step::wait(());
        match review.phase {
            Phase::Gathering(until) => wait = wait.timer(GATHERED, until),
            Phase::Approved(at) if review.gone_since.is_none() => wait = wait.timer(SHARE, at),
            _ => {}
        }
        if review.looks_at_assets() {
            for asset in &review.wish.assets {
                wait = wait.subscribe(DAM, "asset", asset);
            }
        }
        if let Some(link) = review.link.as_ref().filter(|_| review.is_shared()) {
            wait = wait.timer(END, link.until).due(link.until);
            wait = link.address.iter().fold(wait, |wait, link| wait.link(link));
        }
        if let Some(since) = review.gone_since {
            wait = wait.timer(GONE, self.given_up_at(since)?);
        }
        let wait = review.desk.watch(wait, WORKFLOW);
        Ok(wait.waiting_on(review.waits_for()).map(|()| review))
    }
}

impl Review {
    fn looks_at_assets(&self) -> bool {
        !matches!(
            self.phase,
            Phase::Gathering(_) | Phase::Details | Phase::Recalled
        )
    }

    /// What for, in words.
    fn waits_for(&self) -> String {
        let words = match self.phase {
            Phase::Gathering(_) => "further assets to be shared with these",
            Phase::Details => "word for whom and what for assets are to be shared",
            Phase::Reviewing => {
                return format!("a decision about sharing {} assets", self.wish.assets.len());
            }
            Phase::Approved(_) => "the first day of an approved link",
            Phase::Shared => "the end of a link",
            Phase::Extending(_) => "a decision about a longer link",
            Phase::Recalled => "recipients to be told of a recall",
        };
        words.to_owned()
    }
}
