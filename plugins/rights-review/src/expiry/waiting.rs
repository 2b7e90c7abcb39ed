//! What a review waits for, and an asset that is gone.

use forebay_sdk::Step;

use super::{DELETE, END, LEAD};
use crate::course::{CHANGES, Course, GONE, Next};
use crate::state::{Phase, Review, State};
use crate::{DAM, WORKFLOW};

impl Course<'_> {
    /// The asset is deleted or in the trash.
    pub(super) fn gone(&self, mut review: Review) -> Next {
        if self.cx.now() < self.given_up_at(&mut review.subject)? {
            return self.wait(review);
        }
        review.desk.cancel(self.cx, "asset deleted")?;
        let state = State::Review(Box::new(review));
        Ok(Step::cancel(state, "asset-gone", "the asset was deleted"))
    }

    /// What the review waits for: time, its asset, its process.
    pub(super) fn wait(&self, review: Review) -> Next {
        let mut subject = review.subject.clone();
        let (phase, desk) = (review.phase.clone(), review.desk.clone());
        let (end, lead) = (review.end, review.leads.first().copied());
        let (ended, not_before) = (review.ended, review.not_before);
        let mut wait = Step::wait(State::Review(Box::new(review)))
            .subscribe_to(DAM, "asset", subject.asset.as_str(), &CHANGES)
            .due(end);
        if subject.gone_since.is_some() {
            wait = wait.timer(GONE, self.given_up_at(&mut subject)?);
        }
        if let Phase::Grace { until, .. } = phase {
            wait = wait.timer(DELETE, until.max(not_before));
        } else if !ended {
            wait = wait.timer(END, end);
            wait = lead
                .into_iter()
                .fold(wait, |wait, lead| wait.timer(LEAD, lead.max(not_before)));
        }
        if desk.is_open() {
            wait = wait.subscribe(WORKFLOW, "process", desk.process.as_str());
            for (name, at) in desk.timers() {
                wait = wait.timer(name, at.max(not_before));
            }
        }
        for party in desk.parties() {
            wait = wait.party(party);
        }
        let name = &subject.name;
        Ok(wait.waiting_on(match phase {
            Phase::Armed => format!("the time to review the rights of \"{name}\""),
            Phase::Deciding => format!("a decision about the rights of \"{name}\""),
            Phase::AtEnd(_) => format!("the end of the rights of \"{name}\""),
            Phase::SecondPerson(_) => format!("a second person to agree to delete \"{name}\""),
            Phase::Grace { .. } => format!("the end of the grace before \"{name}\" is deleted"),
        }))
    }
}
