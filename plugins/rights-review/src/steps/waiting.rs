//! What reviews and clearances wait for: time, their asset, their process.

use forebay_sdk::handler::{Fired, Wait};
use forebay_sdk::time::MINUTE;
use forebay_sdk::{Error, Step};

use super::Steps;
use crate::state::{Clearing, Phase, Review, Subject};
use crate::{DAM, WORKFLOW};

/// Timer: a lead time has come.
const LEAD: &str = "lead";
/// Timer: the rights end.
const END: &str = "end";
/// Timer: the grace of a deletion has passed.
pub(crate) const DELETE: &str = "delete";
/// Timer: a deleted asset did not come back.
const GONE: &str = "gone";
/// Events of an asset that its live runs hear of. All others, an action above all, begin a run of
/// their own.
const CHANGES: [&str; 5] = [
    "asset.updated",
    "asset.version-current",
    "asset.deleted",
    "asset.restored",
    "asset.purged",
];
/// A timer this late was due while the product was down.
const LATE: i64 = 5 * MINUTE;
/// How long late timers wait for the ends of other assets' rights, which come before any other work.
const STEP_BACK: i64 = MINUTE;

impl Steps<'_> {
    /// Does a timer come so late that ends of rights come first? What it brings is done a bit later.
    pub(crate) fn steps_back(&self, review: &mut Review, fired: &Fired) -> bool {
        let now = self.cx.now();
        let late = !review.ends_by(now) && now - fired.due_at > LATE;
        if late {
            review.not_before = now + STEP_BACK;
        }
        late
    }

    /// The asset is heard of; if it is gone, until it is given up.
    fn watch_asset(&self, wait: Wait<()>, subject: &Subject) -> Result<Wait<()>, Error> {
        let wait = wait.subscribe_to(DAM, "asset", subject.asset.as_str(), &CHANGES);
        Ok(match subject.gone_since {
            Some(since) => wait.timer(GONE, self.given_up_at(since)?),
            None => wait,
        })
    }

    pub(crate) fn wait_for_clearance(&self, clearing: Clearing) -> Result<Step<Clearing>, Error> {
        let wait = self.watch_asset(Step::wait(()), &clearing.subject)?;
        let wait = clearing.desk.watch(wait, WORKFLOW);
        let what = format!("clearance of \"{}\"", clearing.subject.name);
        Ok(wait.waiting_on(what).map(|()| clearing))
    }

    pub(crate) fn wait_for_decision(&self, review: Review) -> Result<Step<Review>, Error> {
        let mut wait = self.watch_asset(Step::wait(()).due(review.end), &review.subject)?;
        if let Phase::Grace { until, .. } = review.phase {
            wait = wait.timer(DELETE, until.max(review.not_before));
        } else if !review.ended {
            wait = wait.timer(END, review.end);
            if let Some(lead) = review.leads.first() {
                wait = wait.timer(LEAD, *lead.max(&review.not_before));
            }
        }
        if review.desk.is_open() {
            wait = wait.subscribe(WORKFLOW, "process", review.desk.process.as_str());
            for (name, at) in review.desk.timers() {
                wait = wait.timer(name, at.max(review.not_before));
            }
        }
        for party in review.desk.parties() {
            wait = wait.party(party);
        }
        Ok(wait.waiting_on(review.waits_for()).map(|()| review))
    }
}

impl Review {
    /// What for, in words.
    fn waits_for(&self) -> String {
        let name = &self.subject.name;
        match self.phase {
            Phase::Armed => format!("the time to review the rights of \"{name}\""),
            Phase::Deciding => format!("a decision about the rights of \"{name}\""),
            Phase::AtEnd(_) => format!("the end of the rights of \"{name}\""),
            Phase::SecondPerson(_) => format!("a second person to agree to delete \"{name}\""),
            Phase::Grace { .. } => format!("the end of the grace before \"{name}\" is deleted"),
        }
    }
}
