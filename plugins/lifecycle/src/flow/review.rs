//! A review until something is decided: scheduled, listed, asked about, answered; and what signals,
//! time and the DAM tell it meanwhile.

use forebay_sdk::blocks::{Alarm, Answer, Reading};
use forebay_sdk::handler::Signal;
use forebay_sdk::{Delivery, Step};

use super::{asset_gone, work};
use crate::state::{Choice, Phase, Review};
use crate::steps::schedule::EndOfUse;
use crate::steps::{Next, Steps};
use crate::{DAM, WORKFLOW};

/// Signal: end the run and clean up. What was done stays done.
const CANCEL: &str = "cancel";
/// Signal: ask people again, in another process.
const RESTART: &str = "restart";
/// Signal: try failed items again, also those an operator had to look at.
const RETRY: &str = "retry";
/// Signal: an operator answers for what cannot be proved: `{"asset", "by", "reason"}`.
const SIGN: &str = "sign";

/// The first activation: when is the time of its assets over?
pub(super) fn begin(steps: &Steps<'_>, mut review: Review) -> Next {
    match steps.end_of_use(&review)? {
        EndOfUse::At(end) => {
            review.due = end;
            schedule(steps, review)
        }
        EndOfUse::ListTells => take_list(steps, review),
        EndOfUse::NotConcerned => {
            let summary = "the policy is not about the asset";
            Ok(Step::complete(review.into(), "nothing-due", summary))
        }
        EndOfUse::AssetGone => Ok(asset_gone(review.into())),
    }
}

/// A live review hears something.
pub(super) fn heard(steps: &Steps<'_>, mut review: Review, delivery: &Delivery) -> Next {
    match delivery {
        Delivery::Signal(signal) => return signalled(steps, review, signal),
        Delivery::Timer(fired) => {
            let alarm = review.desk.alarm(steps.cx, &steps.rules(), &fired.name)?;
            if let Some(Alarm::TimedOut(question)) = alarm {
                return nobody_answered(steps, review, &question);
            }
        }
        Delivery::Request(_) | Delivery::Event(_) => {}
    }
    let was_gone = review.gone_since.is_some();
    if steps.only_asset_is_gone(&mut review)? {
        return gone(steps, review);
    }
    match delivery {
        // What people answered while the asset was gone counts now.
        _ if was_gone => read_answers(steps, review),
        Delivery::Event(incoming) if incoming.role == WORKFLOW => read_answers(steps, review),
        Delivery::Event(incoming) if incoming.role == DAM => {
            match incoming.event.entities("asset").next() {
                Some(asset) => asset_changed(steps, review, &asset.id),
                None => go_on(steps, review),
            }
        }
        _ => go_on(steps, review),
    }
}

/// Whatever is to be done now.
pub(super) fn go_on(steps: &Steps<'_>, review: Review) -> Next {
    match review.phase {
        Phase::Scheduled => await_time(steps, review),
        Phase::Listing => list(steps, review),
        Phase::Deciding => steps.until_people_answer(review),
        Phase::Working => work::go_on(steps, review),
        Phase::Superseded => take_marks_back(steps, review),
    }
}

// ---- Time ---------------------------------------------------------------------------------------

/// Wait for the time of the assets, with notices before it.
fn schedule(steps: &Steps<'_>, mut review: Review) -> Next {
    review.phase = Phase::Scheduled;
    steps.set_times(&mut review)?;
    await_time(steps, review)
}

fn await_time(steps: &Steps<'_>, mut review: Review) -> Next {
    steps.give_notice_if_due(&mut review)?;
    if steps.is_open(&review) {
        return take_list(steps, review);
    }
    Ok(steps.until_it_opens(review))
}

// ---- The list -----------------------------------------------------------------------------------

/// Take the list, or take it again before a decision is carried out: what was added since belongs to
/// it as well.
fn take_list(steps: &Steps<'_>, mut review: Review) -> Next {
    review.phase = Phase::Listing;
    review.begin_list();
    list(steps, review)
}

fn list(steps: &Steps<'_>, mut review: Review) -> Next {
    steps.list_next_page(&mut review)?;
    if review.list.finished {
        return listed(steps, review);
    }
    steps.at_once(review, "the next page of the list of assets")
}

/// The list is complete.
fn listed(steps: &Steps<'_>, mut review: Review) -> Next {
    let policy = steps.policy(&review)?;
    if steps.opens_later(policy, review.latest)? {
        return moved(steps, review);
    }
    if review.choice.is_some() {
        review.keep_what_left_the_list();
        return carry_out(steps, review);
    }
    if review.items.0.is_empty() {
        let summary = "no asset is due by the policy";
        return Ok(Step::complete(review.into(), "nothing-due", summary));
    }
    if policy.is_reviewed(steps.config) {
        return ask(steps, review);
    }
    review.choice = Some(Choice::of_policy(policy));
    carry_out(steps, review)
}

fn carry_out(steps: &Steps<'_>, mut review: Review) -> Next {
    steps.plan(&mut review)?;
    review.phase = Phase::Working;
    work::go_on(steps, review)
}

/// The end was moved into the future: nothing happens to the assets.
fn moved(steps: &Steps<'_>, mut review: Review) -> Next {
    if review.is_untouched() {
        review.wait_for_the_later_end();
        return schedule(steps, review);
    }
    steps.call_off(&mut review)?;
    review.phase = Phase::Superseded;
    take_marks_back(steps, review)
}

fn take_marks_back(steps: &Steps<'_>, mut review: Review) -> Next {
    if steps.take_marks_back(&mut review)? {
        return steps.at_once(review, "marks of the review that are taken back");
    }
    let summary = "the end was moved into the future; nothing happened to the assets";
    Ok(Step::complete(review.into(), "superseded", summary))
}

// ---- People -------------------------------------------------------------------------------------

/// Ask who decides about the assets.
fn ask(steps: &Steps<'_>, mut review: Review) -> Next {
    steps.ask_what_becomes_of_them(&mut review)?;
    review.phase = Phase::Deciding;
    if steps.observes() {
        let summary = format!("{} would have been reviewed", review.subject());
        return Ok(Step::complete(review.into(), "observed", summary));
    }
    steps.until_people_answer(review)
}

fn read_answers(steps: &Steps<'_>, mut review: Review) -> Next {
    if review.desk.asked.is_empty() {
        return go_on(steps, review);
    }
    match review.desk.read(steps.cx)? {
        Reading::Open(answers) => answered(steps, review, answers),
        stopped => {
            let reason = review.why_people_cannot_answer(&stopped, RESTART);
            Ok(Step::park(review.into(), reason))
        }
    }
}

fn answered(steps: &Steps<'_>, mut review: Review, answers: Vec<Answer>) -> Next {
    for answer in answers {
        steps.note_answer(&review, &answer)?;
        if Steps::is_about_deletion(&answer.question) {
            return second_person_answered(steps, review, &answer);
        }
        if review.choice.is_some() {
            continue;
        }
        match steps.choice(&review, &answer)? {
            Ok(choice) => {
                review.choice = Some(choice);
                return take_list(steps, review);
            }
            Err(why) => steps.ask_again(&mut review, &answer, &why)?,
        }
    }
    go_on(steps, review)
}

fn second_person_answered(steps: &Steps<'_>, mut review: Review, answer: &Answer) -> Next {
    if answer.outcome == "approve" {
        steps.count_agreement(&mut review, answer);
        return go_on(steps, review);
    }
    let why = format!("{} does not agree to the deletion", answer.actor());
    spare(steps, review, &why)
}

/// Twice the time has passed. Silence never deletes.
fn nobody_answered(steps: &Steps<'_>, mut review: Review, question: &str) -> Next {
    if Steps::is_about_deletion(question) {
        review.desk.withdraw(steps.cx, &[question])?;
        return spare(steps, review, "nobody agreed to the deletion in time");
    }
    let Some(choice) = steps.choice_of_silence(&review)? else {
        let reason = "nobody decided, also not after escalation";
        return Ok(Step::park(review.into(), reason));
    };
    review.desk.withdraw(steps.cx, &[question])?;
    review.choice = Some(choice);
    take_list(steps, review)
}

/// Nothing is deleted after all.
fn spare(steps: &Steps<'_>, mut review: Review, why: &str) -> Next {
    review.spare_what_would_be_deleted(why);
    review.phase = Phase::Working;
    work::go_on(steps, review)
}

// ---- What operators and the DAM tell ------------------------------------------------------------

fn signalled(steps: &Steps<'_>, mut review: Review, signal: &Signal) -> Next {
    match signal.name.as_str() {
        CANCEL => {
            review.desk.cancel(steps.cx, "cancelled by an operator")?;
            let summary = "by an operator";
            return Ok(Step::cancel(review.into(), "cancelled", summary));
        }
        RESTART => {
            review.desk.leave(steps.cx, "restarted by an operator")?;
            if review.phase == Phase::Deciding {
                return ask(steps, review);
            }
            review.deletion.asked = false;
        }
        RETRY => review.forget_failures(),
        SIGN => steps.sign_for_deletion(&mut review, signal)?,
        _ => {}
    }
    go_on(steps, review)
}

/// An asset of the review changed: its date may have moved, or it may be on hold.
fn asset_changed(steps: &Steps<'_>, mut review: Review, id: &str) -> Next {
    let phase = review.phase;
    match phase {
        Phase::Scheduled if steps.has_another_end(&mut review, id)? => schedule(steps, review),
        Phase::Deciding if steps.ends_later_now(&mut review, id)? => moved(steps, review),
        Phase::Working => {
            steps.stop_deletion_if_held(&mut review, id)?;
            review.look_at_job_now(id);
            work::go_on(steps, review)
        }
        _ => go_on(steps, review),
    }
}

/// The only asset is gone. It may come back within the grace; answers wait until then.
fn gone(steps: &Steps<'_>, mut review: Review) -> Next {
    if !steps.is_given_up(&review)? {
        return go_on(steps, review);
    }
    review.desk.cancel(steps.cx, "asset deleted")?;
    Ok(asset_gone(review.into()))
}
