//! A case: opened, protected, worked on by people, upheld, corrected or restored.

use forebay_sdk::blocks::{Alarm, Answer, Reading};
use forebay_sdk::{Delivery, Error, Step};

use crate::state::Case;
use crate::steps::protection::{INHERITED, PROTECTED};
use crate::steps::request::Request;
use crate::steps::{Next, Steps};

/// Signal: go on in another process.
const RESTART: &str = "restart";

/// The first activation only sets the guard to work: whatever fails later, protection begins now.
pub(super) fn begin(steps: &Steps<'_>, request: Request) -> Next {
    let (mut case, assets) = steps.case_of(request)?;
    steps.protect(&mut case, &assets)?;
    if steps.observes() {
        let summary = format!("{} assets would have been protected", case.assets.len());
        return Ok(Step::complete(case.into(), "observed", summary));
    }
    steps.until_process_is_opened(case)
}

/// A live case hears something.
pub(super) fn heard(steps: &Steps<'_>, mut case: Case, delivery: &Delivery) -> Next {
    match delivery {
        // Further assets are protected at once.
        Delivery::Request(_) => {
            let request: Request = delivery.request()?;
            steps.protect(&mut case, &request.assets)?;
        }
        Delivery::Signal(signal) => match signal.name.as_str() {
            PROTECTED => steps.confirm_protection(&mut case, signal.data()?)?,
            INHERITED => case.inherit(signal.data()?),
            RESTART => {
                case.desk.leave(steps.cx, "restarted by an operator")?;
                case.forget_process();
            }
            _ => {}
        },
        Delivery::Timer(fired) => {
            let alarm = case.desk.alarm(steps.cx, &steps.rules(), &fired.name)?;
            if let Some(Alarm::TimedOut(question)) = alarm {
                // A case is never silent, and never decides by silence.
                steps.tell_overdue(&question);
                case.desk.asked.remove(&question);
            }
        }
        Delivery::Event(_) => {}
    }
    go_on(steps, case)
}

fn go_on(steps: &Steps<'_>, mut case: Case) -> Next {
    if !case.desk.is_open() {
        steps.open_process(&mut case)?;
    }
    if steps.is_protection_late(&case)? {
        steps.alarm_duty_group(&mut case)?;
    }
    // Until the assets are protected a case leaves the DAM to its guard: an outage there must not
    // keep it from alarming.
    if case.is_protected() {
        if !case.asked {
            steps.ask_for_decision(&mut case)?;
        }
        steps.keep_fields_same(&mut case)?;
        steps.keep_notes_same(&mut case)?;
        if steps.has_every_new_version(&mut case)? {
            return corrected(steps, case);
        }
    }
    if let Some(by) = case.restored_by.clone() {
        return restore(steps, case, &by);
    }
    match case.desk.read(steps.cx)? {
        Reading::Open(answers) => answered(steps, case, &answers),
        Reading::Suspended => {
            let reason = "the case is suspended in the workflow engine; activate it there, then \
                          retry the run";
            Ok(Step::park(case.into(), reason))
        }
        // Closed on one side only: what is protected stays so until somebody decides.
        Reading::Ended(reason) => {
            let reason = format!(
                "the case was ended in the workflow engine: {reason}; its assets stay protected; \
                 the signal `{RESTART}` goes on in another process"
            );
            Ok(Step::park(case.into(), reason))
        }
    }
}

fn answered(steps: &Steps<'_>, mut case: Case, answers: &[Answer]) -> Next {
    for answer in answers {
        steps.note_answer(&case, answer);
        let question = answer.question.split(':').next().unwrap_or_default();
        match (question, answer.outcome.as_str()) {
            ("related", "confirm") => {
                let chosen = case.chosen_of_proposed(answer);
                steps.protect(&mut case, &chosen)?;
            }
            ("decide", "stay-down") => {
                let summary = format!("stays down, says {}", answer.actor());
                return close(steps, case, "upheld", &summary);
            }
            ("decide", "restore") => {
                case.restored_by = Some(answer.actor().to_owned());
                return restore(steps, case, answer.actor());
            }
            _ => {}
        }
    }
    steps.until_something_happens(case)
}

/// Every asset has a new version.
fn corrected(steps: &Steps<'_>, case: Case) -> Next {
    put_back(steps, &case)?;
    close(steps, case, "corrected", "every asset has a new version")
}

/// Put everything back and close the case. What is deleted cannot be put back: its case stays open
/// until it returns. Nor can what its guard has not noted and protected yet: the guard is asked for
/// it again, because it lets go of what is deleted, and it may have ended.
fn restore(steps: &Steps<'_>, mut case: Case, by: &str) -> Next {
    if steps.is_any_deleted(&case)? {
        return steps.until_something_happens(case);
    }
    let unknown = case.without_record();
    if !unknown.is_empty() {
        steps.ask_guard(&mut case, unknown)?;
        return steps.until_something_happens(case);
    }
    put_back(steps, &case)?;
    close(steps, case, "restored", &format!("restored by {by}"))
}

/// Put every asset back of which is known what stood on it.
fn put_back(steps: &Steps<'_>, case: &Case) -> Result<(), Error> {
    for (id, member) in &case.assets {
        let Some(asset) = steps.present(id)? else {
            continue;
        };
        let others = steps.leave_case(&asset)?;
        match (others.first(), &member.before) {
            // The strictest state holds until both are closed.
            (Some(other), before) => steps.hand_over(other, id, before.clone())?,
            (None, Some(before)) => steps.restore(&asset, before)?,
            (None, None) => {}
        }
    }
    Ok(())
}

fn close(steps: &Steps<'_>, mut case: Case, outcome: &str, summary: &str) -> Next {
    steps.write_outcome(&case, outcome)?;
    steps.dismiss_guard(&case, outcome)?;
    case.desk.close(steps.cx, outcome)?;
    Ok(Step::complete(case.into(), outcome, summary))
}
