//! A case: a share, or a place outsiders see, that holds what nobody asked for. The assets are taken
//! out of use first, then people decide.

use forebay_sdk::blocks::Answer;
use forebay_sdk::{Delivery, Step};

use super::{CANCEL, Next, RESTART};
use crate::config::Action;
use crate::state::Case;
use crate::steps::ask::Suspect;
use crate::steps::{Heard, SUSPENDED, Steps, ended};

/// Something was found: protect, tell, ask.
pub(super) fn begin(steps: &Steps<'_>, suspect: Suspect) -> Next<Case> {
    let mut case = Case::of(suspect);
    if let Some(innocent) = steps.look_closer(&mut case)? {
        return Ok(Step::complete(case, "looked", innocent));
    }
    steps.log_detection(&case);
    let reaction = steps.reaction();
    if reaction == Action::RestrictAndTask {
        steps.protect(&mut case)?;
    }
    steps.tell(&case.words());
    if reaction == Action::Alert {
        return settle(steps, case, "alerted", "operators", "were told");
    }
    steps.ask_about(&mut case, None)?;
    if steps.observes() {
        let summary = "people would have been asked about a share nobody asked for";
        return Ok(Step::complete(case, "observed", summary));
    }
    Ok(steps.wait_for_decision(case))
}

pub(super) fn go_on(steps: &Steps<'_>, mut case: Case, delivery: &Delivery) -> Next<Case> {
    if let Some((outcome, summary)) = case.settled.clone() {
        // Further reports of the same share are the same case.
        return Ok(match delivery {
            Delivery::Timer(_) => Step::complete(case, outcome, summary),
            _ => steps.wait_for_reports(case),
        });
    }
    match delivery {
        Delivery::Signal(signal) if signal.name == CANCEL => {
            case.desk.cancel(steps.cx, "cancelled by an operator")?;
            let why = "by an operator; restricted assets stay restricted";
            return Ok(Step::cancel(case, "cancelled", why));
        }
        Delivery::Signal(signal) if signal.name == RESTART => {
            steps.cancel_desk(&mut case.desk, "restarted by an operator")?;
            steps.ask_about(&mut case, None)?;
            return Ok(steps.wait_for_decision(case));
        }
        _ => {}
    }
    match steps.listen(&mut case.desk, delivery)? {
        Heard::Answers(answers) => decided(steps, case, answers),
        Heard::Nothing => Ok(steps.wait_for_decision(case)),
        Heard::Overdue(why) => Ok(Step::park(case, why)),
        Heard::Suspended => Ok(Step::park(case, SUSPENDED)),
        Heard::Ended(reason) => Ok(Step::park(case, ended(&reason))),
    }
}

/// The author explains, others decide.
fn decided(steps: &Steps<'_>, mut case: Case, answers: Vec<Answer>) -> Next<Case> {
    for answer in answers {
        steps.log_verdict(&case, &answer);
        if answer.question.starts_with("author:") {
            steps.show_explanation(&case, &answer)?;
            continue;
        }
        let by = answer.actor();
        match answer.outcome.as_str() {
            "release" if steps.still_works(&case)? => {
                let why = "the share still works; end it by hand first, or keep or allow it";
                steps.ask_about(&mut case, Some(why))?;
            }
            "release" => {
                steps.take_out(&case)?;
                steps.restore(&case, "released", by)?;
                let what = "gave the assets free; the share is over";
                return settle(steps, case, "released", by, what);
            }
            "keep" => {
                let what = "keeps the assets restricted";
                return settle(steps, case, "kept_restricted", by, what);
            }
            "allow" => {
                steps.restore(&case, "allowed", by)?;
                return settle(steps, case, "allowed", by, "allows it");
            }
            other => steps.ask_about(&mut case, Some(&format!("`{other}` is no decision here")))?,
        }
    }
    Ok(steps.wait_for_decision(case))
}

/// It was decided. Reports and scans may name the share again for a while: until then the run lives,
/// so that they find it and start no second one.
fn settle(steps: &Steps<'_>, mut case: Case, outcome: &str, by: &str, what: &str) -> Next<Case> {
    let summary = format!("{by} {what}");
    case.desk.close(steps.cx, outcome)?;
    if !steps.is_reported_again(&case, outcome) {
        return Ok(Step::complete(case, outcome, summary));
    }
    case.settled = Some((outcome.to_owned(), summary));
    Ok(steps.wait_for_reports(case))
}
