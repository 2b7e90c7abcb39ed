//! Carrying out what was decided, a few assets per activation. One that fails does not stop the
//! others.

use forebay_sdk::Step;

use super::asset;
use crate::state::Review;
use crate::steps::{Next, Steps};

/// Look after what is on its way, and do what can be done now.
pub(super) fn go_on(steps: &Steps<'_>, mut review: Review) -> Next {
    steps.reopen_failed_if_due(&mut review);
    for id in steps.unseen_jobs(&review) {
        asset::follow(steps, &mut review, &id)?;
    }
    for item in steps.ready_items(&mut review)? {
        asset::carry_out(steps, &mut review, &item)?;
    }
    review.items.tell_progress(steps.cx);
    after_work(steps, review)
}

fn after_work(steps: &Steps<'_>, mut review: Review) -> Next {
    if steps.can_go_on(&mut review)? {
        return at_once_more(steps, review);
    }
    steps.ask_second_person_if_due(&mut review)?;
    if !review.items.is_finished() || review.retry_at.is_some() {
        return steps.until_work_goes_on(review);
    }
    if !review.bad.is_empty() {
        let reason = review.needs_an_operator();
        return Ok(Step::park(review.into(), reason));
    }
    if steps.take_marks_back(&mut review)? {
        return at_once_more(steps, review);
    }
    finish(steps, review)
}

fn at_once_more(steps: &Steps<'_>, review: Review) -> Next {
    let words = format!("the next assets of {}", review.title());
    steps.at_once(review, words)
}

/// The run has nothing left to do. What was extended is reviewed again at its new end, by another.
fn finish(steps: &Steps<'_>, mut review: Review) -> Next {
    let (outcome, summary) = review.result();
    steps.start_next_review(&review)?;
    review.desk.close(steps.cx, &outcome)?;
    steps.note_completed(&review, &outcome, &summary);
    let outcome = steps.observed_or(&outcome);
    Ok(Step::complete(review.into(), outcome, summary))
}
