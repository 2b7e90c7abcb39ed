//! Time: when a review opens, who hears of it before, and what the DAM tells meanwhile.

use forebay_sdk::blocks::{ItemState, end_of};
use forebay_sdk::{Error, Field, Timestamp, Value};

use super::Steps;
use super::selection::length;
use crate::config::policy::Policy;
use crate::state::{Phase, Review};

/// When the time of the assets of a review is over.
pub(crate) enum EndOfUse {
    /// Then.
    At(Timestamp),
    /// The list of assets tells.
    ListTells,
    /// The policy is not about the asset that the review began with.
    NotConcerned,
    /// That asset is deleted.
    AssetGone,
}

impl Steps<'_> {
    pub(crate) fn end_of_use(&self, review: &Review) -> Result<EndOfUse, Error> {
        let policy = self.policy(review)?;
        if let Some(until) = review.unit.until.clone() {
            let end = end_of(self.cx, &self.config.calendar, &Value::Text(until))?;
            return Ok(EndOfUse::At(end));
        }
        if review.unit.first.is_empty() {
            return Ok(EndOfUse::ListTells);
        }
        let Some(asset) = self.present(&review.unit.first)? else {
            return Ok(EndOfUse::AssetGone);
        };
        let due = policy.due(self.cx, self.config, &asset)?;
        Ok(due.map_or(EndOfUse::NotConcerned, EndOfUse::At))
    }

    /// When the review opens, and when notices go out before.
    pub(crate) fn set_times(&self, review: &mut Review) -> Result<(), Error> {
        let policy = self.policy(review)?;
        // An extension ends at its date; nobody waits again.
        review.opens = match review.unit.until {
            Some(_) => review.due,
            None => self.opening(policy, review.due)?,
        };
        let notices = self.config.notify.owners.iter();
        review.notices = notices.map(|span| review.due - length(*span)).collect();
        review.notices.sort_unstable();
        Ok(())
    }

    /// When the review of assets opens whose time is over then.
    fn opening(&self, policy: &Policy, due: Timestamp) -> Result<Timestamp, Error> {
        match policy.review_after {
            None => Ok(due),
            Some(span) => span.after(self.cx, &self.config.calendar, due, 100),
        }
    }

    /// Does the review of assets whose time is over then open only later?
    pub(crate) fn opens_later(&self, policy: &Policy, due: Timestamp) -> Result<bool, Error> {
        Ok(self.opening(policy, due)? > self.cx.now())
    }

    pub(crate) fn is_open(&self, review: &Review) -> bool {
        self.cx.now() >= review.opens
    }

    pub(crate) fn give_notice_if_due(&self, review: &mut Review) -> Result<(), Error> {
        let now = self.cx.now();
        let due = review.notices.iter().filter(|at| **at <= now).count();
        review.notices.drain(..due);
        // A notice about what is over already would come with the review itself.
        if due > 0 && now < review.due {
            self.give_notice(review)?;
        }
        Ok(())
    }

    fn give_notice(&self, review: &Review) -> Result<(), Error> {
        let mut people = Vec::new();
        let policy = self.policy(review)?;
        let owner = policy.owner.as_ref().unwrap_or(&self.config.review.owner);
        if let Some(asset) = self.present(&review.unit.first)? {
            let team = &self.config.notify.stakeholders_from;
            for field in std::iter::once(owner).chain(team) {
                people.extend(self.config.fields.texts(&asset.fields, field));
            }
        }
        let end = self.date_of(review.due)?;
        let (name, policy) = (review.unit.name(), &policy.name);
        let text = format!("the time of {name} is over on {end} (policy {policy})");
        let told = people.join(", ");
        self.tell(&format!("{text}; to be told: {told}"));
        let mut record = self.record("notice", review);
        record.details.push(Field::new("people", people));
        self.note(record, text);
        Ok(())
    }

    // ---- What the DAM tells ---------------------------------------------------------------------

    /// Has the date moved of the asset that the review began with? An extension ends at its own date.
    pub(crate) fn has_another_end(&self, review: &mut Review, id: &str) -> Result<bool, Error> {
        let Some(due) = self.end_now(review, id)? else {
            return Ok(false);
        };
        let moved = review.unit.until.is_none() && due != review.due;
        if moved {
            review.due = due;
        }
        Ok(moved)
    }

    /// Has the date of an asset that people decide about moved into the future?
    pub(crate) fn ends_later_now(&self, review: &mut Review, id: &str) -> Result<bool, Error> {
        let policy = self.policy(review)?;
        let due = self.end_now(review, id)?;
        let Some(due) = due.filter(|_| policy.is_dated()) else {
            return Ok(false);
        };
        let later = self.opens_later(policy, due)?;
        if later {
            review.latest = due;
        }
        Ok(later)
    }

    fn end_now(&self, review: &Review, id: &str) -> Result<Option<Timestamp>, Error> {
        let policy = self.policy(review)?;
        match self.present(id)? {
            Some(asset) => policy.due(self.cx, self.config, &asset),
            None => Ok(None),
        }
    }

    /// Rule C-13: is the only asset of the review deleted or in the trash while people are asked? What
    /// we put into the trash ourselves is not gone.
    pub(crate) fn only_asset_is_gone(&self, review: &mut Review) -> Result<bool, Error> {
        let [only] = review.items.0.as_slice() else {
            return Ok(false);
        };
        let is_asked = match review.phase {
            Phase::Deciding => true,
            Phase::Working => only.state == ItemState::Open && only.action == "delete",
            Phase::Scheduled | Phase::Listing | Phase::Superseded => false,
        };
        if !is_asked || self.present(&only.id)?.is_some() {
            review.gone_since = None;
            return Ok(false);
        }
        review.gone_since.get_or_insert(self.cx.now());
        Ok(true)
    }

    /// Has the grace passed in which a deleted asset may come back?
    pub(crate) fn is_given_up(&self, review: &Review) -> Result<bool, Error> {
        let now = self.cx.now();
        Ok(now >= self.given_up_at(review.gone_since.unwrap_or(now))?)
    }

    pub(super) fn given_up_at(&self, since: Timestamp) -> Result<Timestamp, Error> {
        let config = self.config;
        config
            .asset_gone
            .given_up_at(self.cx, &config.calendar, since)
    }
}
