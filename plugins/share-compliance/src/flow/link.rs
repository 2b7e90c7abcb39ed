//! The life of a link: changes of its assets, a recall, a longer time, other recipients, its end.

use forebay_sdk::blocks::Answer;
use forebay_sdk::handler::Signal;
use forebay_sdk::{Step, Timestamp};

use super::Next;
use super::request::{begin_round, gone, hand_over, withdraw};
use crate::state::{Phase, Review};
use crate::steps::{Seen, Steps, Wanted};

/// An asset of the link may have changed.
pub(super) fn look_at_link(steps: &Steps<'_>, mut review: Review) -> Next {
    let link = review.shared_link()?;
    if steps.cx.now() >= link.until {
        return end(steps, review);
    }
    match steps.refresh_link(&mut review, &link)? {
        Seen::Same => steps.wait(review),
        Seen::Changed(why) => withhold(steps, review, &why),
        Seen::Gone => gone(steps, review),
    }
}

/// What was approved no longer holds: the link goes, and people decide again.
fn withhold(steps: &Steps<'_>, mut review: Review, why: &str) -> Next {
    let ended = steps.kill_link(&review, "withheld", "system", why)?;
    review.link = None;
    steps.close_desk(&mut review.desk, "withheld")?;
    begin_round(steps, review, Some(&format!("{why}; {ended}")))
}

/// The link is called back. A second recall changes nothing.
pub(super) fn recall(steps: &Steps<'_>, mut review: Review, signal: &Signal) -> Next {
    let wanted = Wanted::of(signal);
    match review.phase {
        Phase::Recalled => return steps.wait(review),
        Phase::Shared | Phase::Extending(_) => {}
        _ => return withdraw(steps, review, wanted.by()),
    }
    let ended = steps.kill_link(&review, "recalled", wanted.by(), &wanted.reason)?;
    steps.close_desk(&mut review.desk, "recalled")?;
    review.awaited.clear();
    review.phase = Phase::Recalled;
    steps.have_recipients_told(&mut review, &wanted, ended)?;
    steps.wait(review)
}

/// The recipients were told.
pub(super) fn told(steps: &Steps<'_>, mut review: Review, answer: &Answer) -> Next {
    steps.log_answer(&review, answer);
    review.desk.close(steps.cx, "recalled")?;
    let summary = format!("recalled; {} told the recipients", answer.actor());
    Ok(Step::complete(review, "recalled", summary))
}

/// Somebody wants the link to work longer: people decide again, briefly.
pub(super) fn extend(steps: &Steps<'_>, mut review: Review, signal: &Signal) -> Next {
    if review.phase != Phase::Shared {
        steps.tell_operators("there is no link to extend");
        return steps.wait(review);
    }
    match steps.longer_end(&mut review, &Wanted::of(signal))? {
        Err(why) => return not_extended(steps, review, &why),
        Ok(until) => steps.ask_extension(&mut review, until)?,
    }
    steps.wait(review)
}

/// The longer time was approved: another link takes over.
pub(super) fn extended(steps: &Steps<'_>, mut review: Review, until: Timestamp) -> Next {
    let old = review.shared_link()?;
    review.phase = Phase::Shared;
    if steps.refresh(&mut review)? == Seen::Gone {
        return gone(steps, review);
    }
    if review.has_problems_in(&old) {
        return look_at_link(steps, review);
    }
    let until = steps.earliest(&review, until)?;
    steps.note_approved(&review, until)?;
    match steps.create_link(&mut review, until)? {
        Err(why) => {
            steps.note_still_shared(&old)?;
            not_extended(steps, review, &why)
        }
        Ok(link) => {
            review.wish.until = Some(steps.date_of(until)?);
            // Where it cannot be ended it ends by itself, as was approved.
            steps.revoke(&old.share)?;
            hand_over(steps, review, &link)
        }
    }
}

/// The link stays as it is.
pub(super) fn not_extended(steps: &Steps<'_>, mut review: Review, why: &str) -> Next {
    steps.log_link(&review, "not-extended", "system", why);
    steps.withdraw_questions(&mut review)?;
    steps.close_desk(&mut review.desk, "refused")?;
    review.keep_link_as_it_is();
    steps.explain_no_extension(&review, why)?;
    steps.wait(review)
}

/// The addresses changed: what was approved was approved for others.
pub(super) fn other_recipient(steps: &Steps<'_>, mut review: Review, signal: &Signal) -> Next {
    let recipient = Wanted::of(signal).recipient;
    if recipient.0.is_empty() || recipient == review.wish.recipient {
        return steps.wait(review);
    }
    review.wish.recipient = recipient;
    let why = "the recipients changed";
    match review.phase {
        Phase::Gathering(_) | Phase::Details | Phase::Recalled => steps.wait(review),
        Phase::Reviewing | Phase::Approved(_) => begin_round(steps, review, Some(why)),
        Phase::Shared | Phase::Extending(_) => withhold(steps, review, why),
    }
}

/// The link's time is over: make sure that it is dead.
pub(super) fn end(steps: &Steps<'_>, mut review: Review) -> Next {
    let link = review.shared_link()?;
    if steps.cx.now() < link.until {
        return steps.wait(review);
    }
    review.desk.close(steps.cx, "ended")?;
    let Some(proof) = steps.prove_dead(&link)? else {
        steps.restrict_all(&link, "overdue")?;
        let why = "the link works beyond its end and cannot be revoked; its assets were restricted";
        steps.tell_operators(why);
        return Ok(Step::park(review, why));
    };
    steps.log_link(&review, "link-ended", "system", proof);
    steps.note_end(&link, "ended")?;
    let summary = format!("shared {}; {proof}", link.period());
    Ok(Step::complete(review, "shared", summary))
}
