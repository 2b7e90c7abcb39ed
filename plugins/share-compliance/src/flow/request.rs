//! A request for a share, until there is a link: gather what is missing, check, have people decide,
//! make the link. Its life from then on is told in [`super::link`].

use forebay_sdk::blocks::Answer;
use forebay_sdk::{Delivery, Step};

use super::{CANCEL, Next, RESTART, link};
use crate::config::OnTimeout;
use crate::state::{Link, Phase, Review};
use crate::steps::{END, GATHERED, Heard, Ruling, SHARE, SUSPENDED, Seen, Steps, ended};

/// All assets are known. For whom, what for?
pub(super) fn gathered(steps: &Steps<'_>, mut review: Review) -> Next {
    let missing = steps.missing(&review.wish);
    if missing.is_empty() {
        return begin_round(steps, review, None);
    }
    review.phase = Phase::Details;
    steps.ask_details(&mut review, &missing)?;
    if steps.observes() {
        let summary = "the missing details would have been asked for";
        return Ok(Step::complete(review, "observed", summary));
    }
    steps.wait(review)
}

/// Check all assets and have people decide about those that pass. Anew, where there is a reason why
/// what was asked or decided no longer holds.
pub(super) fn begin_round(steps: &Steps<'_>, mut review: Review, why: Option<&str>) -> Next {
    steps.withdraw_questions(&mut review)?;
    review.begin_round();
    if steps.refresh(&mut review)? == Seen::Gone {
        return gone(steps, review);
    }
    let standing = steps.standing(&review.wish)?;
    steps.log_checks(&review, &standing);
    if review.nothing_passes() {
        if let Some(why) = why {
            steps.tell_reviewers_why_not(&review, &standing, why)?;
        }
        return refuse(steps, review, "no asset passes the checks");
    }
    // What is asked anew for a reason is for people to decide.
    if why.is_none() && steps.approves_itself(&review, &standing) {
        steps.note_auto_approval(&mut review);
        return approved(steps, review);
    }
    steps.ask_reviewers(&mut review, &standing, why)?;
    if steps.observes() {
        let summary = "the request would have been reviewed";
        return Ok(Step::complete(review, "observed", summary));
    }
    steps.wait(review)
}

// ---- Deliveries ---------------------------------------------------------------------------------

pub(super) fn go_on(steps: &Steps<'_>, mut review: Review, delivery: &Delivery) -> Next {
    if let Some(asset) = steps.one_more(&review, delivery) {
        steps.gather(&mut review, asset)?;
        return steps.wait(review);
    }
    let now = steps.cx.now();
    match delivery {
        Delivery::Signal(signal) => match signal.name.as_str() {
            CANCEL => cancel(steps, review),
            RESTART if !review.has_had_link() => restart(steps, review),
            "recall" => link::recall(steps, review, signal),
            "extend" => link::extend(steps, review, signal),
            "recipient" => link::other_recipient(steps, review, signal),
            _ => look(steps, review, delivery),
        },
        Delivery::Timer(fired) => match (fired.name.as_str(), &review.phase) {
            (GATHERED, Phase::Gathering(until)) if *until <= now => gathered(steps, review),
            (SHARE, Phase::Approved(_)) => make_link(steps, review),
            (END, Phase::Shared | Phase::Extending(_)) => link::end(steps, review),
            _ => look(steps, review, delivery),
        },
        Delivery::Request(_) | Delivery::Event(_) => look(steps, review, delivery),
    }
}

/// Answers first, then time, then the assets.
fn look(steps: &Steps<'_>, mut review: Review, delivery: &Delivery) -> Next {
    let refuses = steps.config.on_timeout == OnTimeout::Refuse;
    match (steps.listen(&mut review.desk, delivery)?, &review.phase) {
        (Heard::Answers(answers), _) => answered(steps, review, answers),
        (Heard::Nothing, _) => look_at_assets(steps, review),
        (Heard::Overdue(why), Phase::Extending(_)) => link::not_extended(steps, review, &why),
        (Heard::Overdue(why), Phase::Reviewing | Phase::Details) if refuses => {
            refuse(steps, review, &why)
        }
        (Heard::Overdue(why), _) => Ok(Step::park(review, why)),
        // The link goes on and has its end, whatever becomes of a longer time.
        (Heard::Suspended, Phase::Extending(_)) => link::look_at_link(steps, review),
        (Heard::Ended(reason), Phase::Extending(_)) => {
            let why = format!("the process was ended: {reason}");
            link::not_extended(steps, review, &why)
        }
        (Heard::Ended(reason), Phase::Recalled) => {
            let summary = format!("recalled; nobody confirmed that recipients know: {reason}");
            Ok(Step::complete(review, "recalled", summary))
        }
        (Heard::Suspended, _) => Ok(Step::park(review, SUSPENDED)),
        (Heard::Ended(reason), _) => Ok(Step::park(review, ended(&reason))),
    }
}

fn look_at_assets(steps: &Steps<'_>, mut review: Review) -> Next {
    match review.phase {
        Phase::Gathering(_) | Phase::Details | Phase::Recalled => steps.wait(review),
        Phase::Approved(at) if at <= steps.cx.now() => make_link(steps, review),
        Phase::Reviewing | Phase::Approved(_) => match steps.refresh(&mut review)? {
            Seen::Gone => gone(steps, review),
            // They were gone before anybody was asked.
            _ if review.phase == Phase::Reviewing && review.awaited.is_empty() => {
                begin_round(steps, review, None)
            }
            Seen::Same => steps.wait(review),
            Seen::Changed(why) => begin_round(steps, review, Some(&why)),
        },
        Phase::Shared | Phase::Extending(_) => link::look_at_link(steps, review),
    }
}

fn answered(steps: &Steps<'_>, mut review: Review, answers: Vec<Answer>) -> Next {
    let extending = matches!(review.phase, Phase::Extending(_));
    for answer in answers {
        let kind = answer.question.split(':').next().unwrap_or_default();
        match (kind, &review.phase) {
            ("details", Phase::Details) => return detailed(steps, review, &answer),
            ("told", Phase::Recalled) => return link::told(steps, review, &answer),
            _ if review.awaits(&answer) => match steps.take_in(&mut review, &answer)? {
                Ruling::Agreed => {}
                Ruling::Refused(why) | Ruling::NotTaken(why) if extending => {
                    return link::not_extended(steps, review, &why);
                }
                Ruling::Refused(why) => return refuse(steps, review, &why),
                Ruling::NotTaken(why) => return begin_round(steps, review, Some(&why)),
            },
            _ => steps.log_late_answer(&review, &answer),
        }
    }
    match review.phase {
        Phase::Reviewing if review.is_agreed() => approved(steps, review),
        Phase::Extending(until) if review.is_agreed() => link::extended(steps, review, until),
        _ => look_at_assets(steps, review),
    }
}

/// Somebody said for whom and what for.
fn detailed(steps: &Steps<'_>, mut review: Review, answer: &Answer) -> Next {
    steps.log_answer(&review, answer);
    if answer.outcome == "withdraw" {
        return withdraw(steps, review, answer.actor());
    }
    review.wish.fill_in(answer);
    gathered(steps, review)
}

/// Everybody who must agree has agreed.
fn approved(steps: &Steps<'_>, mut review: Review) -> Next {
    if steps.observes() {
        let summary = "the assets would have been shared";
        return Ok(Step::complete(review, "observed", summary));
    }
    if review.nothing_passes() {
        return refuse(steps, review, "every asset was left out");
    }
    let begins = steps.begins(&review.wish)?;
    review.phase = Phase::Approved(begins);
    if begins > steps.cx.now() {
        return steps.wait(review);
    }
    make_link(steps, review)
}

/// Look at everything once more, then make the link.
fn make_link(steps: &Steps<'_>, mut review: Review) -> Next {
    match steps.refresh(&mut review)? {
        Seen::Gone => return gone(steps, review),
        Seen::Changed(why) => return begin_round(steps, review, Some(&why)),
        Seen::Same => {}
    }
    let until = steps.end_of_link(&review)?;
    if until <= steps.cx.now() {
        return begin_round(steps, review, Some("the link would end before it begins"));
    }
    // What cannot be noted is not shared.
    steps.note_approved(&review, until)?;
    match steps.create_link(&mut review, until)? {
        Err(why) => begin_round(steps, review, Some(&why)),
        Ok(link) => hand_over(steps, review, &link),
    }
}

/// The link is there: say so on the assets, to the requester, and in the process.
pub(super) fn hand_over(steps: &Steps<'_>, mut review: Review, link: &Link) -> Next {
    steps.note_shared(&review, link)?;
    steps.leave_staging(&review)?;
    steps.send_link(&review, link)?;
    steps.close_desk_with(&mut review, link)?;
    review.phase = Phase::Shared;
    Ok(steps.wait(review)?.label("share", link.share.as_str()))
}

/// Nothing is shared; the assets and the requester are told why.
fn refuse(steps: &Steps<'_>, mut review: Review, why: &str) -> Next {
    review.leave_out_all(why);
    steps.note_refused(&review)?;
    steps.leave_staging(&review)?;
    steps.explain_refusal(&review, why)?;
    review.desk.close(steps.cx, "refused")?;
    Ok(Step::complete(review, "refused", why))
}

// ---- Ends ---------------------------------------------------------------------------------------

/// The request is taken back before there is a link.
pub(super) fn withdraw(steps: &Steps<'_>, mut review: Review, by: &str) -> Next {
    review.desk.cancel(steps.cx, "withdrawn")?;
    let summary = format!("withdrawn by {by} before there was a link");
    Ok(Step::complete(review, "withdrawn", summary))
}

/// All assets are deleted or in the trash (rule C-13); they may come back within the grace.
pub(super) fn gone(steps: &Steps<'_>, mut review: Review) -> Next {
    let since = *review.gone_since.get_or_insert(steps.cx.now());
    if steps.cx.now() < steps.given_up_at(since)? {
        return steps.wait(review);
    }
    if review.is_shared() {
        steps.kill_link(&review, "recalled", "system", "all its assets were deleted")?;
    }
    review.desk.cancel(steps.cx, "asset deleted")?;
    let why = "all assets were deleted";
    Ok(Step::cancel(review, "asset-gone", why))
}

/// People are asked from the beginning, in another process.
fn restart(steps: &Steps<'_>, mut review: Review) -> Next {
    steps.cancel_desk(&mut review.desk, "restarted by an operator")?;
    review.awaited.clear();
    gathered(steps, review)
}

/// An operator ends the run. A link is never left without somebody who sees to its end.
fn cancel(steps: &Steps<'_>, mut review: Review) -> Next {
    if review.is_shared() {
        steps.kill_link(&review, "recalled", "operator", "the run was cancelled")?;
    }
    review.desk.cancel(steps.cx, "cancelled by an operator")?;
    Ok(Step::cancel(review, "cancelled", "by an operator"))
}
