//! The review of an end of rights: renew, replace, remove, let expire, or delete? When it opens, what
//! was decided, and what happens at the end, decided or not.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Alarm, Answer, Reading};
use forebay_sdk::handler::Fired;
use forebay_sdk::{Delivery, Error, Step};

use super::{CANCEL, Next, RESTART, inspect};
use crate::WORKFLOW;
use crate::config::{Decision, Undecided};
use crate::state::{Phase, Review};
use crate::steps::{DELETE, Ruling, Steps};

/// Read the end afresh, and deal with it if it has passed.
pub(super) fn begin(steps: &Steps<'_>, mut review: Review) -> Next<Review> {
    let Some(asset) = steps.read(&mut review.subject)? else {
        return Ok(Step::cancel(review, "asset-gone", "the asset was deleted"));
    };
    let Some(end) = steps.end_of_rights(&asset) else {
        let why = "the asset's rights have no end";
        return Ok(Step::cancel(review, "no-end", why));
    };
    steps.arm(&mut review, &asset, end)?;
    what_is_due(steps, review, &asset)
}

pub(super) fn go_on(steps: &Steps<'_>, mut review: Review, delivery: &Delivery) -> Next<Review> {
    if matches!(delivery, Delivery::Signal(signal) if signal.name == CANCEL) {
        review.desk.cancel(steps.cx, "cancelled by an operator")?;
        return Ok(Step::cancel(review, "cancelled", "by an operator"));
    }
    let Some(asset) = steps.read(&mut review.subject)? else {
        return gone(steps, review);
    };
    match delivery {
        Delivery::Signal(signal) if signal.name == RESTART => restart(steps, review, &asset),
        Delivery::Timer(fired) => timer(steps, review, &asset, fired),
        // The process may have been done with by the time its last events come.
        Delivery::Event(incoming) if incoming.role == WORKFLOW => {
            look_at_desk(steps, review, &asset)
        }
        _ => look_at_rights(steps, review, &asset),
    }
}

// ---- What is due --------------------------------------------------------------------------------

/// The end, then lead times. Nothing else of this flow comes before the end.
fn what_is_due(steps: &Steps<'_>, mut review: Review, asset: &Asset) -> Next<Review> {
    if matches!(review.phase, Phase::Grace { .. }) {
        return steps.wait_for_decision(review);
    }
    if review.ends_by(steps.cx.now()) {
        review.ended = true;
        match review.phase.clone() {
            Phase::AtEnd(outcome) => return end_as_decided(steps, review, asset, &outcome),
            _ => end_undecided(steps, &mut review, asset)?,
        }
    }
    let lead_came = review.lead_came(steps.cx.now());
    match review.phase {
        Phase::Armed if lead_came || review.ended => return open(steps, review, asset),
        Phase::Deciding if lead_came => steps.remind(&review),
        _ => {}
    }
    steps.wait_for_decision(review)
}

/// Ask who decides about the asset.
fn open(steps: &Steps<'_>, mut review: Review, asset: &Asset) -> Next<Review> {
    steps.ask_what_to_do(&mut review, asset)?;
    review.phase = Phase::Deciding;
    if steps.observes() {
        let summary = format!("the rights of \"{}\" would have been reviewed", asset.name);
        return Ok(Step::complete(review, "observed", summary));
    }
    steps.wait_for_decision(review)
}

/// The rights ended and nobody has decided: the rule says what happens, at once. The question stays
/// open.
fn end_undecided(steps: &Steps<'_>, review: &mut Review, asset: &Asset) -> Result<(), Error> {
    match steps.config.on_expiry_undecided {
        Undecided::Restrict => steps.restrict_undecided(review, asset)?,
        Undecided::Expire => steps.make_sure_expired(asset)?,
        Undecided::Keep => {
            steps.log_kept_in_use(review);
            return Ok(());
        }
    }
    steps.note_ended(review, asset)
}

/// The rights ended, and it was decided what follows.
fn end_as_decided(
    steps: &Steps<'_>,
    mut review: Review,
    asset: &Asset,
    outcome: &str,
) -> Next<Review> {
    match outcome {
        "expired" => {
            steps.make_sure_expired(asset)?;
            steps.mark_expired(asset, &review)?;
        }
        "removed" => steps.take_out(asset, "its rights ended, as was decided")?,
        _ => {
            steps.keep_back(asset, "its rights ended and another asset replaces it")?;
            steps.mark_expired(asset, &review)?;
        }
    }
    review.phase = Phase::AtEnd(outcome.to_owned());
    let summary = format!("{outcome} at the end of the rights");
    Ok(Step::complete(review, outcome, summary))
}

// ---- What people decide -------------------------------------------------------------------------

fn decided(
    steps: &Steps<'_>,
    mut review: Review,
    asset: &Asset,
    answers: Vec<Answer>,
) -> Next<Review> {
    for answer in answers {
        steps.log_answer(&review.subject, &review.desk, &answer);
        let ruling = match review.phase.clone() {
            Phase::Deciding => first_person(steps, &mut review, asset, &answer)?,
            Phase::SecondPerson(first) => {
                second_person(steps, &mut review, asset, &first, &answer)?
            }
            _ => continue,
        };
        match ruling {
            Ruling::NotTaken(why) => steps.ask_again(&mut review, asset, &answer, &why)?,
            Ruling::Wait => return steps.wait_for_decision(review),
            Ruling::AtEnd(_) if !review.ended => return steps.wait_for_decision(review),
            Ruling::AtEnd(outcome) => {
                let asset = steps.cx.assets().get(&asset.id)?;
                return end_as_decided(steps, review, &asset, outcome);
            }
            Ruling::Done(outcome, summary) => {
                review.desk.close(steps.cx, outcome)?;
                return Ok(Step::complete(review, outcome, summary));
            }
        }
    }
    what_is_due(steps, review, asset)
}

fn first_person(
    steps: &Steps<'_>,
    review: &mut Review,
    asset: &Asset,
    answer: &Answer,
) -> Result<Ruling, Error> {
    let by = answer.actor();
    let Some(decision) = steps.config.decision(&answer.outcome) else {
        return Ruling::not_taken(format!("`{}` is no decision here", answer.outcome));
    };
    match decision {
        Decision::Renew => steps.renew(review, asset, answer),
        Decision::Replace => steps.replace(review, asset, answer),
        Decision::Remove if answer.text("when").as_deref() == Some("at-end") => {
            steps.plan_end(review, asset, "removed", Vec::new())
        }
        Decision::Remove => {
            steps.take_out(asset, &format!("removed by {by}"))?;
            Ok(Ruling::Done("removed", format!("removed by {by}")))
        }
        Decision::LetExpire => steps.plan_end(review, asset, "expired", Vec::new()),
        Decision::Delete if steps.config.delete.approvals < 2 => {
            steps.begin_grace(review, asset, vec![by.to_owned()])
        }
        Decision::Delete => steps.ask_second_person(review, asset, by),
    }
}

fn second_person(
    steps: &Steps<'_>,
    review: &mut Review,
    asset: &Asset,
    first: &str,
    answer: &Answer,
) -> Result<Ruling, Error> {
    let by = answer.actor();
    match answer.outcome.as_str() {
        "approve" if !answer.is_by_another_than(first) => Ruling::not_taken(format!(
            "{first} asked for the deletion and cannot agree to it too"
        )),
        "approve" => steps.begin_grace(review, asset, vec![first.to_owned(), by.to_owned()]),
        _ => {
            review.phase = Phase::Deciding;
            let why = format!("{by} does not agree to the deletion");
            steps.ask_first_person_again(review, asset, &why)
        }
    }
}

// ---- What time and the DAM tell -----------------------------------------------------------------

fn timer(steps: &Steps<'_>, mut review: Review, asset: &Asset, fired: &Fired) -> Next<Review> {
    if steps.steps_back(&mut review, fired) {
        return steps.wait_for_decision(review);
    }
    if fired.name == DELETE {
        return delete(steps, review);
    }
    match steps.alarm(&mut review.desk, fired)? {
        None => return what_is_due(steps, review, asset),
        Some(Alarm::Dealt) => {}
        // The end of rights decides where people do not; until then it is only told.
        Some(Alarm::TimedOut(question)) => steps.tell_overdue(&review.subject, &question),
    }
    steps.wait_for_decision(review)
}

/// The grace has passed: the asset is deleted, and that it is gone is proved by looking.
fn delete(steps: &Steps<'_>, review: Review) -> Next<Review> {
    let Phase::Grace { people, .. } = &review.phase else {
        return steps.wait_for_decision(review);
    };
    let Some(proof) = steps.delete(&review.subject)? else {
        let why = "the DAM still shows the asset after its deletion";
        return Ok(Step::park(review, why));
    };
    steps.log_deletion(&review.subject, people, proof);
    Ok(Step::complete(review, "deleted", proof))
}

/// Somebody may have changed a date.
fn look_at_rights(steps: &Steps<'_>, mut review: Review, asset: &Asset) -> Next<Review> {
    let end = steps.end_of_rights(asset);
    if end == Some(review.end) {
        return look_at_desk(steps, review, asset);
    }
    if matches!(review.phase, Phase::Grace { .. }) {
        return steps.wait_for_decision(review);
    }
    let why = "the end of the rights was changed in the DAM";
    steps.log(&review.subject, "superseded", why);
    review.desk.cancel(steps.cx, "superseded")?;
    if let Some(end) = end {
        steps.start_review(asset, end)?;
    }
    Ok(Step::complete(review, "superseded", why))
}

fn look_at_desk(steps: &Steps<'_>, mut review: Review, asset: &Asset) -> Next<Review> {
    // A talent may withdraw consent while the end of the rights is still far.
    if steps.is_withdrawn(asset) && inspect(steps, asset)? {
        return steps.wait_for_decision(review);
    }
    if !review.desk.is_open() {
        return what_is_due(steps, review, asset);
    }
    match review.desk.read(steps.cx)? {
        Reading::Open(answers) => decided(steps, review, asset, answers),
        Reading::Suspended => {
            let why = steps.suspended(&review.desk);
            Ok(Step::park(review, why))
        }
        Reading::Ended(reason) => {
            let why = steps.ended(&review.desk, &reason);
            Ok(Step::park(review, why))
        }
    }
}

/// People are asked from the beginning, in another process.
fn restart(steps: &Steps<'_>, mut review: Review, asset: &Asset) -> Next<Review> {
    if !matches!(review.phase, Phase::Deciding | Phase::SecondPerson(_)) {
        return what_is_due(steps, review, asset);
    }
    review.desk.leave(steps.cx, "restarted by an operator")?;
    open(steps, review, asset)
}

/// The asset is deleted or in the trash (rule C-13); it may come back within the grace.
fn gone(steps: &Steps<'_>, mut review: Review) -> Next<Review> {
    if steps.may_come_back(&mut review.subject)? {
        return steps.wait_for_decision(review);
    }
    review.desk.cancel(steps.cx, "asset deleted")?;
    Ok(Step::cancel(review, "asset-gone", "the asset was deleted"))
}
