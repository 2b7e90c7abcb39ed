//! Deleting: two people, a grace in which anything may still stop it, and the proof that it is gone.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Answer, ItemState};
use forebay_sdk::handler::Signal;
use forebay_sdk::{Error, OrAbsent, Timestamp, Value};
use serde::Deserialize;

use crate::actions::Purge;
use crate::course::{Course, Next};
use crate::state::{Job, Phase, Review};

/// An operator answers for what cannot be proved.
#[derive(Deserialize)]
struct Signed {
    /// The asset.
    asset: String,
    /// Why.
    reason: String,
}

impl Course<'_> {
    fn approvals(&self, review: &Review) -> usize {
        let policy = self.config.policy(&review.unit.policy);
        let own = policy.and_then(|policy| policy.approvals);
        own.unwrap_or(self.config.actions.delete.approvals) as usize
    }

    fn has_agreed(&self, review: &Review) -> bool {
        review.deletion.people.len() >= self.approvals(review)
    }

    /// Is the second person asked at the end of the grace, not before it?
    fn agrees_late(&self) -> bool {
        let queue = self.config.delete.as_ref();
        queue.is_some_and(|queue| queue.purge == Purge::AfterSecondApproval)
    }

    /// May assets be marked for deletion?
    pub(crate) fn may_mark(&self, review: &Review) -> Result<bool, Error> {
        Ok(self.agrees_late() || self.has_agreed(review))
    }

    /// May assets be removed for good?
    pub(crate) fn may_purge(&self, review: &Review) -> Result<bool, Error> {
        let over = review
            .deletion
            .until
            .is_some_and(|until| until <= self.cx.now());
        Ok(over && self.has_agreed(review))
    }

    // ---- The second person ----------------------------------------------------------------------

    /// Ask the second person when it is time to.
    pub(crate) fn ask_second_person(&self, review: &mut Review) -> Result<(), Error> {
        let waiting = if self.agrees_late() {
            "purge"
        } else {
            "delete"
        };
        let items = review.items.next(usize::MAX);
        let ids: Vec<_> = items
            .iter()
            .filter(|item| item.action == waiting)
            .map(|item| format!("{} {}", item.id, item.name))
            .collect();
        let time = !self.agrees_late()
            || review
                .deletion
                .until
                .is_some_and(|until| until <= self.cx.now());
        if ids.is_empty() || !time || review.deletion.asked || self.has_agreed(review) {
            return Ok(());
        }
        review.round += 1;
        review.deletion.asked = true;
        let people = review.deletion.people.clone();
        let text = format!(
            "{} wants to delete these assets. A second person must agree.\n{}",
            people.join(" and "),
            ids.join("\n")
        );
        let question = self
            .addressed_to_group(review, &format!("delete:{}", review.round))?
            .title(format!("Delete {} assets?", ids.len()))
            .text(text)
            .outcomes(&["approve", "reject"])
            .form("comment", "Comment", false)
            .exclude(people);
        self.pose(review, question)
    }

    /// The second person is another one than the owner who decided first.
    fn addressed_to_group(
        &self,
        review: &Review,
        id: &str,
    ) -> Result<forebay_sdk::blocks::Question, Error> {
        let group = review.owner.clone().filter(|owner| !owner.contains('@'));
        let review = Review {
            owner: group,
            ..review.clone()
        };
        self.addressed(&review, id, "Agree to delete")
    }

    pub(crate) fn second_answer(&self, mut review: Review, answer: &Answer) -> Next {
        if answer.outcome != "approve" {
            let why = format!("{} does not agree to the deletion", answer.actor());
            return self.spare(review, &why);
        }
        let first = review.deletion.people.first().cloned().unwrap_or_default();
        review.deletion.asked = false;
        if answer.is_by_another_than(&first) {
            review.deletion.people.push(answer.actor().to_owned());
        } else {
            let why = format!("{first} asked for the deletion and cannot agree to it too");
            self.refuse(&review, answer, &why);
        }
        self.go_on(review)
    }

    /// Nothing is deleted after all.
    pub(crate) fn spare(&self, mut review: Review, why: &str) -> Next {
        for item in &mut review.items.0 {
            let pending = ["delete", "purge"].contains(&item.action.as_str());
            if item.state == ItemState::Open && pending {
                "spare".clone_into(&mut item.action);
            }
        }
        review.deletion.spared = Some(why.to_owned());
        review.deletion.until = None;
        review.phase = Phase::Working;
        self.work(review)
    }

    pub(crate) fn spare_one(&self, review: &Review, asset: &Asset) -> Result<ItemState, Error> {
        if asset.trashed {
            self.cx.lifecycle().recover(&asset.id)?;
        }
        let now = self.cx.assets().get(&asset.id)?;
        if self.text(&now, "lifecycle_state") == "deletion-pending" {
            let again = self.date_value(self.config.review_again.after(self.cx.now()))?;
            self.mark(&now, "active", again, Value::text(&review.unit.policy))?;
        }
        let why = review.deletion.spared.clone().unwrap_or_default();
        let mut record = self.record_of("spared", review, asset);
        record.comment = Some(why.clone());
        self.cx.decision(&record);
        Ok(ItemState::Kept(why))
    }

    // ---- Grace and end --------------------------------------------------------------------------

    /// Out of use until the grace has passed.
    pub(crate) fn mark_for_deletion(
        &self,
        review: &mut Review,
        asset: &Asset,
    ) -> Result<Option<ItemState>, Error> {
        let until = match review.deletion.until {
            Some(until) => until,
            None => self.end_of_grace()?,
        };
        review.deletion.until = Some(until);
        let mut fields = vec![
            ("lifecycle_state", "deletion-pending".into()),
            ("lifecycle_until", self.date_value(until)?),
            ("lifecycle_policy", Value::text(&review.unit.policy)),
        ];
        if self.keeps_media() {
            let certificate = format!("audit of run {}", self.cx.run_id());
            fields.push(("deletion_certificate", Value::Text(certificate)));
        }
        let status = self.out_of_use().filter(|_| self.config.delete.is_none());
        self.write(asset, &fields, status)?;
        if self.config.delete.is_some() {
            self.cx.lifecycle().trash(&asset.id)?;
        }
        self.cx
            .decision(&self.record_of("deletion-pending", review, asset));
        review.items.plan(&asset.id, "purge");
        Ok(None)
    }

    fn end_of_grace(&self) -> Result<Timestamp, Error> {
        let queue = self.config.delete.as_ref();
        let grace = queue.map_or(self.config.actions.delete.grace, |queue| queue.queue_grace);
        grace.after(self.cx, &self.config.calendar, self.cx.now(), 100)
    }

    /// The grace has passed and everybody agreed.
    pub(crate) fn purge(
        &self,
        review: &mut Review,
        asset: &Asset,
    ) -> Result<Option<ItemState>, Error> {
        if self.is_held_from_deletion(asset) {
            return self.hold(review, asset).map(Some);
        }
        if self.config.delete.is_some() && !asset.trashed {
            let why = "somebody took it out of the delete queue";
            self.mark(
                asset,
                "active",
                Value::None,
                Value::text(&review.unit.policy),
            )?;
            return Ok(Some(ItemState::Kept(why.to_owned())));
        }
        if let Some(why) = self.must_be_retained(&asset.id)? {
            return Ok(Some(ItemState::Kept(why)));
        }
        self.cx.lifecycle().purge(&asset.id)?;
        let job = Job {
            since: self.cx.now(),
            looked: self.cx.now(),
            version: asset.version.clone(),
            checksum: asset.checksum.clone(),
            ..Job::default()
        };
        let done = self.follow_purge(review, &asset.id, &job)?;
        if done.is_none() {
            let reason = "the DAM still knows a copy of \"";
            self.tell(&format!(
                "{reason}{}\"; the deletion stays open",
                asset.name
            ));
            review.jobs.insert(asset.id.clone(), job);
        }
        Ok(done)
    }

    /// It is deleted when the DAM knows neither the asset nor a copy, on any storage.
    pub(crate) fn follow_purge(
        &self,
        review: &Review,
        id: &str,
        job: &Job,
    ) -> Result<Option<ItemState>, Error> {
        if self.cx.lifecycle().state(id).or_absent()?.is_some() {
            return Ok(None);
        }
        self.certify(
            review,
            id,
            job,
            "the DAM knows neither the asset nor a copy",
        );
        Ok(Some(ItemState::Done))
    }

    /// The certificate: who, when, what, with which checksum.
    fn certify(&self, review: &Review, id: &str, job: &Job, proof: &str) {
        let mut record = self.record("deleted", review);
        record.asset = Some(id.to_owned());
        record.version = Some(job.version.clone());
        record.checksum.clone_from(&job.checksum);
        let people = review.deletion.people.join(" and ");
        record.comment = Some(format!("as {people} agreed; {proof}"));
        self.cx.decision(&record);
    }

    /// An operator answers for a deletion that cannot be proved.
    pub(crate) fn sign(&self, mut review: Review, signal: &Signal) -> Next {
        let signed: Signed = signal.data()?;
        if let Some(job) = review.jobs.remove(&signed.asset) {
            let proof = format!("{} signed for the rest: {}", signal.sender, signed.reason);
            self.certify(&review, &signed.asset, &job, &proof);
            review.items.mark(&signed.asset, ItemState::Done);
        }
        self.go_on(review)
    }
}
