//! Taking the list of a review: which assets of the campaign are concerned, who decides about them,
//! and which of them a running campaign uses too.

use forebay_sdk::assets::{Asset, Comparison, Query, SortBy};
use forebay_sdk::blocks::{ITEMS_PER_ACTIVATION, matches_path, paths, text_or_none};
use forebay_sdk::{Error, Field, OrAbsent};

use super::Steps;
use crate::config::policy::Policy;
use crate::state::Review;

impl Steps<'_> {
    /// Take the next page of the list into the review.
    pub(crate) fn list_next_page(&self, review: &mut Review) -> Result<(), Error> {
        let policy = self.policy(review)?;
        let assets = self.page(review)?;
        let mut snapshot = Vec::new();
        for asset in assets.iter().filter(|asset| !asset.trashed) {
            if self.take(review, policy, asset)? {
                let checksum = asset.checksum.as_deref().unwrap_or("-");
                snapshot.push(format!("{} {} {checksum}", asset.id, asset.version));
            }
        }
        if !snapshot.is_empty() {
            let mut record = self.record("snapshot", review);
            let text = serde_json::to_string(policy).unwrap_or_default();
            record.details.push(Field::new("policy", text));
            record.details.push(Field::new("assets", snapshot));
            self.cx.decision(&record);
        }
        Ok(())
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

    /// The end was moved into the future: nobody is asked any more.
    pub(crate) fn call_off(&self, review: &mut Review) -> Result<(), Error> {
        let record = self.record("superseded", review);
        self.note(record, "the end was moved into the future");
        review.desk.cancel(self.cx, "superseded")
    }

    /// Take some marks back; says whether more are left.
    pub(crate) fn take_marks_back(&self, review: &mut Review) -> Result<bool, Error> {
        for _ in 0..ITEMS_PER_ACTIVATION {
            let Some((id, before)) = review.marks.pop_first() else {
                return Ok(false);
            };
            let Some(asset) = self.present(&id)? else {
                continue;
            };
            if self.text(&asset, "lifecycle_state") == "in-review" {
                let before = [("lifecycle_state", text_or_none(before))];
                self.write(&asset, &before, None)?;
            }
        }
        Ok(!review.marks.is_empty())
    }
}
