//! Deleting: two people, a grace in which anything may still stop it, and the proof that it is gone.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Answer, ItemState};
use forebay_sdk::handler::Signal;
use forebay_sdk::{Error, OrAbsent, Timestamp, Value};
use serde::Deserialize;

use super::{Outcome, Steps};
use crate::config::actions::Purge;
use crate::state::{Job, Review};

/// An operator answers for what cannot be proved.
#[derive(Deserialize)]
struct Signed {
    /// The asset.
    asset: String,
    /// Why.
    reason: String,
}

impl Steps<'_> {
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
    pub(super) fn may_mark(&self, review: &Review) -> bool {
        self.agrees_late() || self.has_agreed(review)
    }

    /// May assets be removed for good?
    pub(super) fn may_purge(&self, review: &Review) -> bool {
        self.is_grace_over(review) && self.has_agreed(review)
    }

    fn is_grace_over(&self, review: &Review) -> bool {
        let until = review.deletion.until;
        until.is_some_and(|until| until <= self.cx.now())
    }

    // ---- The second person ----------------------------------------------------------------------

    /// Is the question one whether to delete?
    pub(crate) fn is_about_deletion(question: &str) -> bool {
        question.starts_with("delete:")
    }

    /// Ask the second person when it is time to.
    pub(crate) fn ask_second_person_if_due(&self, review: &mut Review) -> Result<(), Error> {
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
        let time = !self.agrees_late() || self.is_grace_over(review);
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
        // The second person is another one than the owner who decided first.
        let group = review.owner.as_deref().filter(|owner| !owner.contains('@'));
        let id = format!("delete:{}", review.round);
        let question = self
            .addressed(review, group, &id, "Agree to delete")?
            .title(format!("Delete {} assets?", ids.len()))
            .text(text)
            .outcomes(&["approve", "reject"])
            .form("comment", "Comment", false)
            .exclude(people);
        self.pose(review, question)
    }

    /// Somebody agreed; only another one than who asked for the deletion counts.
    pub(crate) fn count_agreement(&self, review: &mut Review, answer: &Answer) {
        let first = review.deletion.people.first().cloned().unwrap_or_default();
        review.deletion.asked = false;
        if answer.is_by_another_than(&first) {
            review.deletion.people.push(answer.actor().to_owned());
        } else {
            let why = format!("{first} asked for the deletion and cannot agree to it too");
            self.refuse(review, answer, &why);
        }
    }

    /// It is not deleted after all.
    pub(crate) fn spare(&self, review: &Review, asset: &Asset) -> Result<ItemState, Error> {
        if asset.trashed {
            self.cx.lifecycle().recover(&asset.id)?;
        }
        let now = self.cx.assets().get(&asset.id)?;
        if self.text(&now, "lifecycle_state") == "deletion-pending" {
            let again = self.next_review()?;
            self.mark(&now, "active", again, &*review.unit.policy)?;
        }
        let why = review.deletion.spared.clone().unwrap_or_default();
        self.note(self.record_of("spared", review, asset), &why);
        Ok(ItemState::Kept(why))
    }

    // ---- Grace and end --------------------------------------------------------------------------

    /// Out of use until the grace has passed.
    pub(crate) fn mark_for_deletion(
        &self,
        review: &mut Review,
        asset: &Asset,
    ) -> Result<(), Error> {
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
        Ok(())
    }

    fn end_of_grace(&self) -> Result<Timestamp, Error> {
        let queue = self.config.delete.as_ref();
        let grace = queue.map_or(self.config.actions.delete.grace, |queue| queue.queue_grace);
        grace.after(self.cx, &self.config.calendar, self.cx.now(), 100)
    }

    /// Did somebody take it out of the delete queue?
    pub(crate) fn was_taken_out_of_the_queue(&self, asset: &Asset) -> bool {
        self.config.delete.is_some() && !asset.trashed
    }

    pub(crate) fn mark_active_again(&self, review: &Review, asset: &Asset) -> Result<(), Error> {
        self.mark(asset, "active", Value::None, &*review.unit.policy)
    }

    /// The DAM purges in its own time.
    pub(crate) fn tell_of_remaining_copy(&self, asset: &Asset) {
        let name = &asset.name;
        self.tell(&format!(
            "the DAM still knows a copy of \"{name}\"; the deletion stays open"
        ));
    }

    /// It is deleted when the DAM knows neither the asset nor a copy, on any storage.
    pub(crate) fn follow_purge(&self, review: &Review, id: &str, job: &Job) -> Outcome {
        if self.cx.lifecycle().state(id).or_absent()?.is_some() {
            return Ok(None);
        }
        let proof = "the DAM knows neither the asset nor a copy";
        self.certify(review, id, job, proof);
        Ok(Some(ItemState::Done))
    }

    /// The certificate: who, when, what, with which checksum.
    fn certify(&self, review: &Review, id: &str, job: &Job, proof: &str) {
        let mut record = self.record("deleted", review);
        record.asset = Some(id.to_owned());
        record.version = Some(job.version.clone());
        record.checksum.clone_from(&job.checksum);
        let people = review.deletion.people.join(" and ");
        self.note(record, format!("as {people} agreed; {proof}"));
    }

    /// An operator answers for a deletion that cannot be proved.
    pub(crate) fn sign_for_deletion(
        &self,
        review: &mut Review,
        signal: &Signal,
    ) -> Result<(), Error> {
        let signed: Signed = signal.data()?;
        let item = review.items.get(&signed.asset);
        let is_purged = item.is_some_and(|item| item.action == "purge");
        if let Some(job) = is_purged
            .then(|| review.jobs.remove(&signed.asset))
            .flatten()
        {
            let proof = format!("{} signed for the rest: {}", signal.sender, signed.reason);
            self.certify(review, &signed.asset, &job, &proof);
            review.items.mark(&signed.asset, ItemState::Done);
        }
        Ok(())
    }
}
