//! Taking the list of a review: which assets of the campaign are concerned, who decides about them,
//! and which of them a running campaign uses too.

use forebay_sdk::assets::{Asset, Comparison, Query, SortBy};
use forebay_sdk::blocks::{CONTINUE, ITEMS_PER_ACTIVATION, ItemState, Scan, matches_path, paths};
use forebay_sdk::handler::EffectMode;
use forebay_sdk::{Error, Field, OrAbsent, Step, Timestamp, Value};

use crate::course::{Course, Next};
use crate::policy::Policy;
use crate::state::{Choice, Phase, Review, State};

impl Course<'_> {
    /// Take the list, or take it again before a decision is carried out.
    pub(crate) fn begin_list(&self, mut review: Review) -> Next {
        review.phase = Phase::Listing;
        review.list = Scan::default();
        review.found.clear();
        review.latest = 0;
        self.list(review)
    }

    /// One page of the list.
    pub(crate) fn list(&self, mut review: Review) -> Next {
        let policy = self.policy(&review)?.clone();
        let assets = self.page(&mut review)?;
        let mut snapshot = Vec::new();
        for asset in assets.iter().filter(|asset| !asset.trashed) {
            if self.take(&mut review, &policy, asset)? {
                let checksum = asset.checksum.as_deref().unwrap_or("-");
                snapshot.push(format!("{} {} {checksum}", asset.id, asset.version));
            }
        }
        if !snapshot.is_empty() {
            let mut record = self.record("snapshot", &review);
            let text = serde_json::to_string(&policy).unwrap_or_default();
            record.details.push(Field::new("policy", text));
            record.details.push(Field::new("assets", snapshot));
            self.cx.decision(&record);
        }
        if review.list.finished {
            return self.listed(review, &policy);
        }
        let now = self.cx.now();
        Ok(Step::wait(State::Review(Box::new(review)))
            .timer(CONTINUE, now)
            .waiting_on("the next page of the list of assets"))
    }

    fn page(&self, review: &mut Review) -> Result<Vec<Asset>, Error> {
        let whole = review
            .unit
            .group
            .clone()
            .filter(|_| review.unit.assets.is_empty());
        let Some(group) = whole else {
            let all = &review.unit.assets;
            let from = usize::try_from(review.list.seen).unwrap_or(all.len());
            let to = (from + ITEMS_PER_ACTIVATION).min(all.len());
            let mut assets = Vec::new();
            for id in &all[from.min(to)..to] {
                assets.extend(self.cx.assets().get(id).or_absent()?);
            }
            review.list.seen = to as u64;
            review.list.finished = to == all.len();
            return Ok(assets);
        };
        let mut query = self.of_group(&group);
        query.limit = ITEMS_PER_ACTIVATION as u32 * 5;
        review.list.next_page(self.cx, &query)
    }

    fn of_group(&self, group: &str) -> Query {
        let field = format!(
            "field:{}",
            self.config.fields.name(&self.config.group_field)
        );
        Query {
            sort: SortBy::NameAscending,
            ..Query::default().filter(field, Comparison::OneOf(vec![group.to_owned()]))
        }
    }

    /// Is this asset one of the list?
    fn take(&self, review: &mut Review, policy: &Policy, asset: &Asset) -> Result<bool, Error> {
        let Some(due) = policy.due(self.cx, self.config, asset)? else {
            return Ok(false);
        };
        if policy.is_dated() {
            review.latest = review.latest.max(due);
        }
        let again = review.unit.until.is_some();
        if due > self.cx.now() || self.is_settled(policy, asset, again) {
            return Ok(false);
        }
        if review.owner.is_none() {
            let owner = policy.owner.as_ref().unwrap_or(&self.config.review.owner);
            review.owner = Some(self.text(asset, owner)).filter(|owner| !owner.is_empty());
        }
        if let Some(campaign) = self.other_use(review, asset)? {
            review.also_used.insert(asset.id.clone(), campaign);
        }
        review.found.insert(asset.id.clone());
        review.items.add(&asset.id, &asset.name);
        if self.config.mark_in_review && review.choice.is_none() {
            let before = self.text(asset, "lifecycle_state");
            if before != "in-review" {
                self.write(asset, &[("lifecycle_state", "in-review".into())], None)?;
                review.marks.insert(asset.id.clone(), before);
            }
        }
        Ok(true)
    }

    /// A running campaign, other than this one, that uses the asset.
    fn other_use(&self, review: &mut Review, asset: &Asset) -> Result<Option<String>, Error> {
        let field = &self.config.group_field;
        let mut names = self.config.fields.texts(&asset.fields, field);
        for path in paths(asset) {
            let patterns = &self.config.other_uses.albums;
            if patterns.iter().any(|pattern| matches_path(pattern, &path)) {
                names.extend(path.rsplit('/').next().map(str::to_owned));
            }
        }
        for name in names {
            if Some(&name) == review.unit.group.as_ref() {
                continue;
            }
            let runs = match review.running.get(&name) {
                Some(runs) => *runs,
                None => {
                    let runs = self.is_running(&name)?;
                    review.running.insert(name.clone(), runs);
                    runs
                }
            };
            if runs {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Does any asset of this campaign say that its end is still to come?
    fn is_running(&self, campaign: &str) -> Result<bool, Error> {
        let end = &self.config.other_uses.end_field;
        let end = format!("field:{}", self.config.fields.name(end));
        let mut query = self
            .of_group(campaign)
            .filter(end, Comparison::AtLeast(self.cx.now()));
        query.limit = 1;
        Ok(!self.cx.assets().search(&query)?.assets.is_empty())
    }

    /// The list is complete.
    fn listed(&self, mut review: Review, policy: &Policy) -> Next {
        if self.opening(policy, review.latest)? > self.cx.now() {
            return self.moved(review);
        }
        if review.choice.is_some() {
            for item in &mut review.items.0 {
                if item.state == ItemState::Open && !review.found.contains(&item.id) {
                    item.state = ItemState::Kept("the policy is no longer about it".to_owned());
                }
            }
            return self.plan(review);
        }
        if review.items.0.is_empty() {
            let state = State::Review(Box::new(review));
            let summary = "no asset is due by the policy";
            return Ok(Step::complete(state, "nothing-due", summary));
        }
        if policy.is_reviewed(self.config) {
            return self.open(review);
        }
        review.choice = Some(Choice {
            outcome: policy.leads_to().word().to_owned(),
            by: format!("policy {}", policy.name),
            ..Choice::default()
        });
        self.plan(review)
    }

    /// When the review of assets opens whose time is over then.
    pub(crate) fn opening(&self, policy: &Policy, due: Timestamp) -> Result<Timestamp, Error> {
        match policy.review_after {
            None => Ok(due),
            Some(span) => span.after(self.cx, &self.config.calendar, due, 100),
        }
    }

    /// The end was moved into the future: nothing happens to the assets.
    pub(crate) fn moved(&self, mut review: Review) -> Next {
        if !review.desk.is_open() && review.marks.is_empty() && review.unit.until.is_none() {
            review.due = review.latest;
            review.items = forebay_sdk::blocks::Items::default();
            return self.arm(review);
        }
        let mut record = self.record("superseded", &review);
        record.comment = Some("the end was moved into the future".to_owned());
        self.cx.decision(&record);
        review.desk.cancel(self.cx, "superseded")?;
        review.phase = Phase::Superseded;
        self.take_back(review)
    }

    /// Take the marks of a superseded review back, then end it.
    pub(crate) fn take_back(&self, mut review: Review) -> Next {
        if self.unmark(&mut review)? {
            let now = self.cx.now();
            return Ok(Step::wait(State::Review(Box::new(review)))
                .timer(CONTINUE, now)
                .waiting_on("marks of the review that are taken back"));
        }
        let state = State::Review(Box::new(review));
        let summary = "the end was moved into the future; nothing happened to the assets";
        Ok(Step::complete(state, "superseded", summary))
    }

    /// Take some marks back; says whether more are left.
    pub(crate) fn unmark(&self, review: &mut Review) -> Result<bool, Error> {
        for _ in 0..ITEMS_PER_ACTIVATION {
            let Some((id, before)) = review.marks.pop_first() else {
                return Ok(false);
            };
            let Some(asset) = self.present(&id)? else {
                continue;
            };
            if self.text(&asset, "lifecycle_state") == "in-review" {
                let before = forebay_sdk::blocks::text_or_none(before);
                self.write(&asset, &[("lifecycle_state", before)], None)?;
            }
        }
        Ok(!review.marks.is_empty())
    }

    /// Is the flow only watched?
    pub(crate) fn observes(&self) -> bool {
        self.cx.mode() == EffectMode::Observe
    }

    /// A date, or none, as a field value.
    pub(crate) fn date_value(&self, end: Timestamp) -> Result<Value, Error> {
        Ok(Value::Date(self.date_of(end)?))
    }
}
