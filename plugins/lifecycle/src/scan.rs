//! Scans and looks: finding the assets whose time is over, and starting their review.

use std::collections::BTreeSet;

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{CONTINUE, Scan, Span};
use forebay_sdk::time::{DAY, HOUR, MINUTE};
use forebay_sdk::{Error, Step, Timestamp};

use crate::DAM;
use crate::admit::Request;
use crate::config::Unit;
use crate::course::{Course, Next};
use crate::policy::{Action, Policy};
use crate::state::{State, Walk};

/// How long after the date it was extended to an asset is left to the run that extended it.
const OVERDUE: Timestamp = 90 * DAY;
/// An evergreen asset names the policy that leaves it alone after this word.
pub(crate) const EVERGREEN: &str = "evergreen: ";

impl Course<'_> {
    /// One page of the assets of one policy.
    pub(crate) fn scan(&self, mut walk: Walk) -> Next {
        let Some(policy) = self.config.policies.get(walk.policy) else {
            let (seen, started) = (walk.scan.seen, walk.started.len());
            let summary = format!("{seen} assets looked at, {started} reviews");
            return Ok(Step::complete(State::Scan(walk), "scanned", summary));
        };
        let query = policy.query(self.config, self.cx.now(), self.horizon())?;
        for asset in walk.scan.next_page(self.cx, &query)? {
            self.consider(walk.policy, policy, &asset, &mut walk.started)?;
        }
        if walk.scan.finished {
            walk.policy += 1;
            walk.scan = Scan {
                seen: walk.scan.seen,
                ..Scan::default()
            };
        }
        walk.scan.started = walk.started.len() as u64;
        let now = self.cx.now();
        Ok(Step::wait(State::Scan(walk))
            .timer(CONTINUE, now)
            .waiting_on("the next page of assets"))
    }

    /// Read one asset and start what it needs.
    pub(crate) fn look(&self, id: String) -> Next {
        let Some(asset) = self.present(&id)? else {
            let state = State::Look(id);
            return Ok(Step::cancel(state, "asset-gone", "the asset was deleted"));
        };
        let mut started = BTreeSet::new();
        for (index, policy) in self.config.policies.iter().enumerate() {
            self.consider(index, policy, &asset, &mut started)?;
        }
        let summary = if started.is_empty() {
            "the asset needs nothing"
        } else {
            "a review was started for the asset"
        };
        Ok(Step::complete(State::Look(id), "looked", summary))
    }

    /// Start the review of an asset's campaign, or of the asset, if its time is over or soon will be.
    fn consider(
        &self,
        index: usize,
        policy: &Policy,
        asset: &Asset,
        started: &mut BTreeSet<String>,
    ) -> Result<(), Error> {
        let Some(due) = policy.due(self.cx, self.config, asset)? else {
            return Ok(());
        };
        if due > self.cx.now() + self.horizon() || self.is_settled(policy, asset, false) {
            return Ok(());
        }
        for earlier in &self.config.policies[..index] {
            let theirs = earlier.due(self.cx, self.config, asset)?;
            let now = self.cx.now();
            if theirs.is_some_and(|due| due <= now) && !self.is_settled(earlier, asset, false) {
                return Ok(());
            }
        }
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

    /// Start a run of this flow; one that lives already is left alone.
    pub(crate) fn start(
        &self,
        request: &Request,
        started: &mut BTreeSet<String>,
    ) -> Result<(), Error> {
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

/// Length of a span by the wall clock; working time is taken as twice as long, which is far enough.
pub(crate) fn length(span: Span) -> Timestamp {
    match span {
        Span::Minutes(minutes) => i64::from(minutes) * MINUTE,
        Span::BusinessDays(days) => i64::from(days) * 2 * DAY,
        Span::BusinessHours(hours) => i64::from(hours) * 6 * HOUR,
    }
}
