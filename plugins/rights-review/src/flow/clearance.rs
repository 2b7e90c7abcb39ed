//! Clearance: do an asset's rights cover what somebody wants to do with it? It is blocked until people
//! say so.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Alarm, Answer, Reading};
use forebay_sdk::{Delivery, Error, Step};

use super::{CANCEL, Next, RESTART};
use crate::state::Clearing;
use crate::steps::Steps;

/// A use that was cleared lately is cleared again, any other is for people to decide.
pub(super) fn begin(steps: &Steps<'_>, mut clearing: Clearing) -> Next<Clearing> {
    steps.clearance()?;
    let Some(asset) = steps.read(&mut clearing.subject)? else {
        return Ok(Step::cancel(
            clearing,
            "asset-gone",
            "the asset was deleted",
        ));
    };
    if let Some(code) = steps.unknown_territory(&clearing.wanted)? {
        let why = format!("`{code}` is not a known territory; nothing is assumed about it");
        steps.tell(&format!("\"{}\": {why}", asset.name));
        return Ok(Step::complete(clearing, "not_cleared", why));
    }
    clearing.missing = steps.missing(&asset, &clearing.wanted)?;
    if let Some(earlier) = steps.reusable(&asset, &clearing)? {
        steps.reuse(&clearing, &asset, &earlier)?;
        return Ok(Step::complete(clearing, "cleared", earlier.reason()));
    }
    steps.block(&mut clearing, &asset)?;
    steps.ask_to_clear(&mut clearing, &asset)?;
    if steps.observes() {
        let summary = format!("the use of \"{}\" would have been reviewed", asset.name);
        return Ok(Step::complete(clearing, "observed", summary));
    }
    steps.wait_for_clearance(clearing)
}

pub(super) fn go_on(
    steps: &Steps<'_>,
    mut clearing: Clearing,
    delivery: &Delivery,
) -> Next<Clearing> {
    if matches!(delivery, Delivery::Signal(signal) if signal.name == CANCEL) {
        clearing.desk.cancel(steps.cx, "cancelled by an operator")?;
        return Ok(Step::cancel(clearing, "cancelled", "by an operator"));
    }
    let Some(asset) = steps.read(&mut clearing.subject)? else {
        return gone(steps, clearing);
    };
    match delivery {
        Delivery::Signal(signal) if signal.name == RESTART => {
            clearing.desk.leave(steps.cx, "restarted by an operator")?;
            ask_anew(steps, &mut clearing, &asset)?;
            steps.wait_for_clearance(clearing)
        }
        Delivery::Timer(fired) => {
            if let Some(Alarm::TimedOut(question)) = steps.alarm(&mut clearing.desk, fired)? {
                steps.tell_overdue(&clearing.subject, &question);
            }
            steps.wait_for_clearance(clearing)
        }
        _ => look(steps, clearing, &asset),
    }
}

/// A talent who withdrew consent blocks the asset at once; then answers count.
fn look(steps: &Steps<'_>, mut clearing: Clearing, asset: &Asset) -> Next<Clearing> {
    if steps.is_withdrawn(asset) {
        let before = steps.block_withdrawn(asset)?;
        clearing.before = clearing.before.or(before);
    }
    match clearing.desk.read(steps.cx)? {
        Reading::Open(answers) => decided(steps, clearing, asset, answers),
        Reading::Suspended => {
            let why = "the process is suspended in the workflow engine";
            Ok(Step::park(clearing, why))
        }
        Reading::Ended(reason) => {
            let why = steps.ended(&clearing.desk, &reason);
            Ok(Step::park(clearing, why))
        }
    }
}

fn decided(
    steps: &Steps<'_>,
    mut clearing: Clearing,
    asset: &Asset,
    answers: Vec<Answer>,
) -> Next<Clearing> {
    for answer in answers {
        steps.log_answer(&clearing.subject, &clearing.desk, &answer);
        match answer.outcome.as_str() {
            "cleared" | "cleared_with_limits" => return cleared(steps, clearing, asset, &answer),
            "not_cleared" => return not_cleared(steps, clearing, asset, &answer),
            "needs_documents" => steps.ask_for_documents(&mut clearing, asset)?,
            // The producer says the documents are there, or somebody chose an unknown word.
            _ => ask_anew(steps, &mut clearing, asset)?,
        }
    }
    if steps.documents_came(&clearing, asset)? {
        clearing.desk.withdraw_all(steps.cx)?;
        ask_anew(steps, &mut clearing, asset)?;
    }
    steps.wait_for_clearance(clearing)
}

/// What was missing may be there now: the question is asked with what is missing still.
fn ask_anew(steps: &Steps<'_>, clearing: &mut Clearing, asset: &Asset) -> Result<(), Error> {
    clearing.waits_for_documents = false;
    clearing.missing = steps.missing(asset, &clearing.wanted)?;
    steps.ask_to_clear(clearing, asset)
}

/// Cleared, maybe with limits: the use is noted, the block lifted, the end watched.
fn cleared(
    steps: &Steps<'_>,
    mut clearing: Clearing,
    asset: &Asset,
    answer: &Answer,
) -> Next<Clearing> {
    let outcome = answer.outcome.as_str();
    let until = steps.cleared_until(asset, answer)?;
    let summary = steps.note_cleared(&clearing, asset, answer, until)?;
    steps.lift_block(&clearing)?;
    if let Some(until) = until {
        steps.start_review(asset, until)?;
    }
    clearing.desk.close(steps.cx, outcome)?;
    Ok(Step::complete(clearing, outcome, summary))
}

/// It stays blocked.
fn not_cleared(
    steps: &Steps<'_>,
    mut clearing: Clearing,
    asset: &Asset,
    answer: &Answer,
) -> Next<Clearing> {
    steps.note_not_cleared(asset)?;
    clearing.desk.close(steps.cx, "not_cleared")?;
    let summary = format!("not cleared by {}: {}", answer.actor(), answer.comment);
    Ok(Step::complete(clearing, "not_cleared", summary))
}

/// The asset is deleted or in the trash (rule C-13); it may come back within the grace.
fn gone(steps: &Steps<'_>, mut clearing: Clearing) -> Next<Clearing> {
    if steps.may_come_back(&mut clearing.subject)? {
        return steps.wait_for_clearance(clearing);
    }
    clearing.desk.cancel(steps.cx, "asset deleted")?;
    Ok(Step::cancel(
        clearing,
        "asset-gone",
        "the asset was deleted",
    ))
}
