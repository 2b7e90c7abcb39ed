//! What a run waits for: timers, and the events that bring it back.

use forebay_sdk::blocks::at_once;
use forebay_sdk::{Error, Step, Timestamp};

use super::{Next, Steps};
use crate::state::{Review, State};
use crate::{DAM, WORKFLOW};

/// Timer: the next time the run has something to do.
const NEXT: &str = "next";
/// Most assets whose events a review follows. Of more, a change is seen when the decision is carried
/// out, and a hold when the grace ends.
const FOLLOWED: usize = 500;

impl Steps<'_> {
    /// Go on in another activation, at once.
    pub(crate) fn at_once(&self, state: impl Into<State>, what: impl Into<String>) -> Next {
        Ok(at_once(self.cx, state.into(), what))
    }

    /// Until the review opens, or a notice before it is due.
    pub(crate) fn until_it_opens(&self, review: Review) -> Step<State> {
        let opens = review.opens;
        let next = review.notices.first().copied().unwrap_or(opens).min(opens);
        let first = review.unit.first.clone();
        let words = format!("the time to review {}", review.unit.name());
        let mut wait = Step::wait(State::from(review)).timer(NEXT, next).due(opens);
        if !first.is_empty() {
            wait = wait.subscribe(DAM, "asset", first);
        }
        wait.waiting_on(words)
    }

    /// Until people decide, or something happens to the assets.
    pub(crate) fn until_people_answer(&self, review: Review) -> Next {
        let ids = review.items.0.iter().take(FOLLOWED);
        let ids: Vec<_> = ids.map(|item| item.id.clone()).collect();
        let desk = review.desk.clone();
        let words = format!("a decision about {}", review.title());
        let gone = review.gone_since;
        let mut wait = desk.watch(Step::wait(State::from(review)), WORKFLOW);
        for id in ids {
            wait = wait.subscribe(DAM, "asset", id);
        }
        if let Some(due) = desk.due() {
            wait = wait.due(due);
        }
        if let Some(since) = gone {
            wait = wait.timer(NEXT, self.given_up_at(since)?);
        }
        Ok(wait.waiting_on(words))
    }

    /// Until a file has moved, a grace or a pause is over, or the second person answers.
    pub(crate) fn until_work_goes_on(&self, review: Review) -> Next {
        let next = self.next_time(&review)?;
        let pending = review.items.next(usize::MAX);
        let words = self.words(&review, pending.len());
        // Files that move into the archive are many and tell much; they are looked at now and then.
        let followed = pending.into_iter().filter(|item| item.action != "archive");
        let followed: Vec<_> = followed.map(|item| item.id).take(FOLLOWED).collect();
        let desk = review.desk.clone();
        let mut wait = Step::wait(State::from(review));
        for id in followed {
            wait = wait.subscribe(DAM, "asset", id);
        }
        if let Some(at) = next {
            wait = wait.timer(NEXT, at);
        }
        if !desk.asked.is_empty() {
            wait = desk.watch(wait, WORKFLOW);
        }
        Ok(wait.waiting_on(words))
    }

    fn next_time(&self, review: &Review) -> Result<Option<Timestamp>, Error> {
        let mut times: Vec<Timestamp> = review.retry_at.into_iter().collect();
        times.extend(self.next_look(review));
        times.extend(self.next_move(review)?);
        times.extend(self.grace_left(review));
        if let Some(since) = review.gone_since {
            times.push(self.given_up_at(since)?);
        }
        Ok(times.into_iter().min())
    }

    /// When the grace before a deletion ends, while it lasts.
    fn grace_left(&self, review: &Review) -> Option<Timestamp> {
        review.deletion.until.filter(|until| *until > self.cx.now())
    }

    fn words(&self, review: &Review, pending: usize) -> String {
        if !review.desk.asked.is_empty() {
            return format!("a second person to agree to the deletion of {pending} assets");
        }
        if self.grace_left(review).is_some() {
            return format!("the end of the grace before {pending} assets are deleted");
        }
        if review.jobs.is_empty() {
            return format!("the time to go on with {pending} assets");
        }
        format!("{} files on their way", review.jobs.len())
    }
}
