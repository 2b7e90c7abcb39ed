//! Selection: finding the assets whose time is over, and starting their review.

use std::collections::BTreeSet;

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{ItemState, Scan, Span};
use forebay_sdk::time::{DAY, HOUR, MINUTE};
use forebay_sdk::{Error, Timestamp};

use super::Steps;
use super::request::Request;
use crate::DAM;
use crate::config::Unit;
use crate::config::policy::{Action, Policy};
use crate::state::{Review, Walk};

/// How long after the date it was extended to an asset is left to the run that extended it.
const OVERDUE: Timestamp = 90 * DAY;
/// An evergreen asset names the policy that leaves it alone after this word.
pub(crate) const EVERGREEN: &str = "evergreen: ";

impl Steps<'_> {
    /// The next page of the assets that a policy may be about.
    pub(crate) fn next_assets(
        &self,
        walk: &mut Walk,
        policy: &Policy,
    ) -> Result<Vec<Asset>, Error> {
        let query = policy.query(self.config, self.cx.now(), self.horizon())?;
        walk.scan.next_page(self.cx, &query)
    }

    /// Is the time of an asset over by the policy at this place of the list, or soon will be, and does
    /// no earlier policy deal with it?
    pub(crate) fn needs_review(
        &self,
        place: usize,
        policy: &Policy,
        asset: &Asset,
    ) -> Result<bool, Error> {
        let Some(due) = policy.due(self.cx, self.config, asset)? else {
            return Ok(false);
        };
        if due > self.cx.now() + self.horizon() || self.is_settled(policy, asset, false) {
            return Ok(false);
        }
        for earlier in &self.config.policies[..place] {
            let theirs = earlier.due(self.cx, self.config, asset)?;
            let now = self.cx.now();
            if theirs.is_some_and(|due| due <= now) && !self.is_settled(earlier, asset, false) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Start the review of an asset's campaign, or of the asset.
    pub(crate) fn start_review(
        &self,
        policy: &Policy,
        asset: &Asset,
        started: &mut BTreeSet<String>,
    ) -> Result<(), Error> {
        let group = self.text(asset, &self.config.group_field);
        let by_group = self.config.unit == Unit::Campaign && !group.is_empty();
        let request = Request {
            asset: asset.id.clone(),
            policy: Some(policy.name.clone()),
            campaign: by_group.then_some(group),
            ..Request::default()
        };
        self.start(&request, started)
    }

    /// What was extended is reviewed again at its new end, by another run.
    pub(crate) fn start_next_review(&self, review: &Review) -> Result<(), Error> {
        let choice = review.choice.as_ref();
        let until = choice.and_then(|choice| choice.until.clone());
        let (Some(until), true) = (until, review.items.done("extend") > 0) else {
            return Ok(());
        };
        let items = review.items.0.iter();
        let extended: Vec<_> = items
            .filter(|item| item.action == "extend" && item.state == ItemState::Done)
            .map(|item| item.id.clone())
            .collect();
        let request = Request {
            asset: extended[0].clone(),
            policy: Some(review.unit.policy.clone()),
            campaign: review.unit.group.clone(),
            assets: extended,
            until: Some(until),
            extensions: review.unit.extensions + 1,
            ..Request::default()
        };
        self.start(&request, &mut BTreeSet::new())
    }

    /// Start a run of this flow; one that lives already is left alone.
    fn start(&self, request: &Request, started: &mut BTreeSet<String>) -> Result<(), Error> {
        let dam = self.cx.connection(DAM).unwrap_or_default();
        let key = request.key(&self.config.key_prefix, dam);
        if started.insert(key.clone()) {
            self.cx.spawn(self.cx.flow(), &key, request)?;
        }
        Ok(())
    }

    /// Was this asset dealt with before, so that the policy leaves it alone? `again`: the run that
    /// extended it asks.
    pub(crate) fn is_settled(&self, policy: &Policy, asset: &Asset, again: bool) -> bool {
        if self.text(asset, "lifecycle_policy") == format!("{EVERGREEN}{}", policy.name) {
            return true;
        }
        let now = self.cx.now();
        let until = self.date(asset, "lifecycle_until").unwrap_or(now);
        let leads_to = policy.leads_to();
        match self.text(asset, "lifecycle_state").as_str() {
            "deletion-pending" => true,
            "held" => self.config.legal_hold.is_set(&self.config.fields, asset),
            "archived" => !matches!(leads_to, Action::Delete | Action::Expire),
            "expired" => leads_to != Action::Delete,
            "extended" => until > now || (!again && until + OVERDUE > now),
            "active" => until > now,
            _ => false,
        }
    }

    /// How far ahead scans look: the longest notice.
    fn horizon(&self) -> Timestamp {
        let notices = self.config.notify.owners.iter();
        notices.copied().map(length).max().unwrap_or_default()
    }
}

impl Walk {
    /// After the last page of a policy comes the first of the next.
    pub(crate) fn turn_page(&mut self) {
        if self.scan.finished {
            self.policy += 1;
            self.scan = Scan {
                seen: self.scan.seen,
                ..Scan::default()
            };
        }
        self.scan.started = self.started.len() as u64;
    }

    pub(crate) fn summary(&self) -> String {
        let (seen, started) = (self.scan.seen, self.started.len());
        format!("{seen} assets looked at, {started} reviews")
    }
}

/// Length of a span by the wall clock; working time is taken as twice as long, which is far enough.
pub(crate) fn length(span: Span) -> Timestamp {
    match span {
        Span::Minutes(minutes) => i64::from(minutes) * MINUTE,
        Span::BusinessDays(days) => i64::from(days) * 2 * DAY,
        Span::BusinessHours(hours) => i64::from(hours) * 6 * HOUR,
    }
}
