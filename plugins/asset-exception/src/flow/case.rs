//! The course of a case: found, mended or waived, checked again, approved, closed.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Answer, present};
use forebay_sdk::handler::{EffectMode, Fired, RunEnded};
use forebay_sdk::{Delivery, Error, Step, Timestamp};

use super::Next;
use crate::WORKFLOW;
use crate::config::GroupBy;
use crate::state::{Case, Phase};
use crate::steps::{Entered, Findings, GRACE, RECHECK, RESTART, Steps, WAIVER};

/// How a case goes on, where an answer settles that.
type Settled = Result<Option<Step<Case>>, Error>;

// ---- Beginning ----------------------------------------------------------------------------------

/// The first check. `reported` is what a person or another flow says is wrong.
pub(super) fn begin(steps: &Steps<'_>, asset: String, reported: &str) -> Next<Case> {
    let mut case = Case::of(asset);
    let Some(asset) = present(steps.cx, &case.asset)? else {
        return Ok(Step::cancel(case, "asset-gone", "the asset was deleted"));
    };
    steps.note(&mut case, &asset);
    case.uploader.clone_from(&asset.created_by);
    if asset.readiness.placeholder || !asset.readiness.files_closed {
        // It is checked when its media has arrived.
        return Ok(Step::complete(
            case,
            "passed",
            "there is no media to check yet",
        ));
    }
    case.report(reported);
    let findings = steps.check(&asset);
    if findings.is_pass() && !case.is_reported() {
        steps.mark(&case, "")?;
        return Ok(Step::complete(case, "passed", "nothing is wrong"));
    }
    if findings.rules.is_empty()
        && !case.is_reported()
        && let Some(until) = steps.grace()?
    {
        case.phase = Phase::GraceUntil(until);
        return steps.wait_for_case(case);
    }
    found(steps, case, &asset, findings)
}

/// Something is wrong, or cannot be told. Where only a list is out of reach nobody is asked: that is
/// no fault of the asset.
fn found(steps: &Steps<'_>, mut case: Case, asset: &Asset, findings: Findings) -> Next<Case> {
    let only_fields = findings.rules.is_empty() && !case.is_reported();
    let all_checked = findings.unchecked.is_empty();
    case.take(findings);
    if case.issues.is_empty() {
        if all_checked {
            return mended(steps, case, asset);
        }
        case.phase = Phase::GraceUntil(steps.next_check()?);
        return steps.wait_for_case(case);
    }
    if only_fields && !case.desk.is_open() && steps.fill_in(&case, asset)? {
        let now = steps.cx.assets().get(&asset.id)?;
        return found(steps, case, &now, steps.check(&now));
    }
    steps.protect(&mut case, asset)?;
    if only_fields && steps.config.group_by == GroupBy::Collection {
        let collection = steps.hand_to_group(asset)?;
        steps.mark(&case, "open")?;
        let summary = format!("one task for {collection}");
        return Ok(Step::complete(case, "grouped", summary));
    }
    steps.ask(&mut case, asset)?;
    steps.mark(&case, "open")?;
    case.phase = Phase::Open;
    if steps.cx.mode() == EffectMode::Observe {
        let summary = format!("{} issues would have been followed", case.issues.len());
        return Ok(Step::complete(case, "observed", summary));
    }
    steps.wait_for_case(case)
}

// ---- Going on -----------------------------------------------------------------------------------

/// One delivery to a case.
pub(super) fn run(steps: &Steps<'_>, mut case: Case, delivery: &Delivery) -> Next<Case> {
    let Some(asset) = present(steps.cx, &case.asset)? else {
        return gone(steps, case);
    };
    let was_gone = case.gone_since.take().is_some();
    if let Some(ended) = RunEnded::of(delivery) {
        return approval(steps, case, &asset, &ended);
    }
    if was_gone && case.desk.is_open() {
        // What changed and what people answered meanwhile counts now.
        if case.phase == Phase::Open && steps.has_changed(&case, &asset) {
            case.phase = Phase::Recheck(steps.recheck_at()?);
        }
        return look(steps, case, &asset);
    }
    match delivery {
        Delivery::Timer(fired) => timer(steps, case, &asset, fired),
        Delivery::Event(incoming) if incoming.role == WORKFLOW => look(steps, case, &asset),
        Delivery::Signal(signal) if signal.name == RESTART => restarted(steps, case, &asset),
        _ => changed(steps, case, &asset),
    }
}

/// Changes are gathered for a moment: people see one result, and it is about the last change.
fn changed(steps: &Steps<'_>, mut case: Case, asset: &Asset) -> Next<Case> {
    match case.phase {
        Phase::Open if !steps.has_changed(&case, asset) => {}
        Phase::Open | Phase::Recheck(_) => case.phase = Phase::Recheck(steps.recheck_at()?),
        Phase::GraceUntil(_) => {
            let findings = steps.check(asset);
            if findings.is_pass() {
                return mended(steps, case, asset);
            }
            if !findings.rules.is_empty() {
                return found(steps, case, asset, findings);
            }
        }
        Phase::Grace | Phase::Approving(_) | Phase::Waived(_) => {}
    }
    steps.wait_for_case(case)
}

/// Check again after a change.
fn recheck(steps: &Steps<'_>, mut case: Case, asset: &Asset) -> Next<Case> {
    let findings = steps.check(asset);
    let corrected = asset.version != case.version;
    steps.record_recheck(&case, asset, findings.is_pass());
    steps.note(&mut case, asset);
    if corrected {
        // Whoever reported something else sees the new version when it is approved.
        case.forget_report();
    }
    if findings.is_pass() && !case.is_reported() {
        return mended(steps, case, asset);
    }
    let before = case.texts();
    case.take(findings);
    case.phase = Phase::Open;
    if corrected {
        steps.ask_anew(&mut case, asset, "The new version still has issues.")?;
    } else if before != case.texts() {
        steps.show_issues(&case)?;
    }
    steps.mark(&case, "open")?;
    steps.wait_for_case(case)
}

// ---- Answers ------------------------------------------------------------------------------------

fn look(steps: &Steps<'_>, mut case: Case, asset: &Asset) -> Next<Case> {
    let answers = match steps.answers(&mut case.desk)? {
        Ok(answers) => answers,
        Err(reason) => return Ok(Step::park(case, reason)),
    };
    steps.put_on_record(&answers, &case, asset);
    for answer in answers {
        if let Some(next) = answered(steps, &mut case, asset, &answer)? {
            return Ok(next);
        }
    }
    steps.wait_for_case(case)
}

/// What an answer leads to. One that cannot be taken is asked for again, with the reason.
fn answered(steps: &Steps<'_>, case: &mut Case, asset: &Asset, answer: &Answer) -> Settled {
    let again = match answer.outcome.as_str() {
        "waive" => match steps.waived_until(case, answer) {
            Ok(until) => {
                steps.record_waiver(asset, answer);
                return waived(steps, case.clone(), asset, until).map(Some);
            }
            Err(why) => why,
        },
        "not-an-issue" => match steps.may_not_waive(case, answer) {
            None => return no_issue(steps, case.clone(), asset, answer).map(Some),
            Some(why) => why,
        },
        "replaced" => match steps.replacement(answer)? {
            Ok(successor) => return replaced(steps, case.clone(), asset, &successor).map(Some),
            Err(why) => why,
        },
        "again" => {
            case.round = 0;
            "The coordinator asks for another attempt.".to_owned()
        }
        _ => match steps.entered(case, asset, answer) {
            Ok(values) => return done(steps, case, asset, &values),
            Err(why) => why,
        },
    };
    steps.ask_anew(case, asset, &again)?;
    Ok(None)
}

/// Values that were entered are written; then the asset is checked as a whole.
fn done(steps: &Steps<'_>, case: &mut Case, asset: &Asset, values: &[Entered]) -> Settled {
    steps.write_entered(asset, values)?;
    let now = steps.cx.assets().get(&asset.id)?;
    steps.note(case, &now);
    ask_for_rest(steps, case, &now, "Some issues remain.")
}

/// What is still wrong is asked about again.
fn ask_for_rest(steps: &Steps<'_>, case: &mut Case, asset: &Asset, why: &str) -> Settled {
    let findings = steps.check(asset);
    if findings.is_pass() {
        return mended(steps, case.clone(), asset).map(Some);
    }
    case.issues = findings.issues();
    steps.ask_anew(case, asset, why)?;
    steps.mark(case, "open")?;
    Ok(None)
}

/// Nobody minds until then.
fn waived(steps: &Steps<'_>, mut case: Case, asset: &Asset, until: Timestamp) -> Next<Case> {
    steps.release(&mut case, asset)?;
    steps.mark(&case, "waived")?;
    case.phase = Phase::Waived(until);
    steps.wait_for_case(case)
}

fn no_issue(steps: &Steps<'_>, mut case: Case, asset: &Asset, answer: &Answer) -> Next<Case> {
    steps.release(&mut case, asset)?;
    let reason = answer.text("reason").unwrap_or_default();
    let summary = format!("{}: {reason}", answer.actor());
    close(steps, case, "not-an-issue", &summary)
}

fn replaced(steps: &Steps<'_>, case: Case, asset: &Asset, successor: &str) -> Next<Case> {
    steps.put_in_place(asset, successor)?;
    close(
        steps,
        case,
        "corrected",
        &format!("replaced by {successor}"),
    )
}

// ---- Mended -------------------------------------------------------------------------------------

/// Nothing is wrong any more. What people mended is approved first, where a flow does that.
fn mended(steps: &Steps<'_>, mut case: Case, asset: &Asset) -> Next<Case> {
    case.desk.withdraw_all(steps.cx)?;
    case.issues.clear();
    let by_people = case.desk.is_open();
    if let Some(flow) = &steps.config.correction.approval
        && by_people
    {
        case.phase = Phase::Approving(steps.start_approval(flow, asset)?);
        return steps.wait_for_case(case);
    }
    steps.release(&mut case, asset)?;
    let outcome = if by_people { "corrected" } else { "completed" };
    close(steps, case, outcome, "the asset passes all rules")
}

fn approval(steps: &Steps<'_>, mut case: Case, asset: &Asset, ended: &RunEnded) -> Next<Case> {
    if !matches!(&case.phase, Phase::Approving(run) if *run == ended.run) {
        return steps.wait_for_case(case);
    }
    if ended.outcome == "approved" {
        steps.release_access(&mut case)?;
        return close(steps, case, "corrected", "the corrected asset was approved");
    }
    case.was_not_approved(ended);
    case.phase = Phase::Open;
    steps.ask_anew(&mut case, asset, "The correction was not approved.")?;
    steps.wait_for_case(case)
}

fn close(steps: &Steps<'_>, mut case: Case, outcome: &str, summary: &str) -> Next<Case> {
    steps.mark(&case, "closed")?;
    case.desk.close(steps.cx, outcome)?;
    Ok(Step::complete(case, outcome, summary))
}

// ---- Time, signals, gone ------------------------------------------------------------------------

fn timer(steps: &Steps<'_>, mut case: Case, asset: &Asset, fired: &Fired) -> Next<Case> {
    match (fired.name.as_str(), &case.phase) {
        (GRACE, Phase::GraceUntil(_)) => found(steps, case, asset, steps.check(asset)),
        (RECHECK, Phase::Recheck(_)) => recheck(steps, case, asset),
        (WAIVER, Phase::Waived(_)) => waiver_ended(steps, case, asset),
        (name, _) => match case.desk.time_is_up(steps.cx, &steps.rules(), name)? {
            Some(reason) => Ok(Step::park(case, reason)),
            None => steps.wait_for_case(case),
        },
    }
}

/// What is wrong then is asked about as for the first time.
fn waiver_ended(steps: &Steps<'_>, mut case: Case, asset: &Asset) -> Next<Case> {
    steps.record_end_of_waiver(asset);
    case.phase = Phase::Open;
    case.round = 0;
    let settled = ask_for_rest(steps, &mut case, asset, "The waiver has ended.")?;
    settled.map_or_else(|| steps.wait_for_case(case), Ok)
}

/// The process was left. Where people were asked they are asked again in another one.
fn restarted(steps: &Steps<'_>, case: Case, asset: &Asset) -> Next<Case> {
    if matches!(case.phase, Phase::Open | Phase::Recheck(_)) {
        return found(steps, case, asset, steps.check(asset));
    }
    steps.wait_for_case(case)
}

/// Rule C-13: the asset is deleted or in the trash; it may come back within the grace.
fn gone(steps: &Steps<'_>, mut case: Case) -> Next<Case> {
    let since = *case.gone_since.get_or_insert(steps.cx.now());
    if steps.cx.now() < steps.given_up_at(since)? {
        return steps.wait_for_case(case);
    }
    case.desk.cancel(steps.cx, "asset deleted")?;
    Ok(Step::cancel(case, "asset-gone", "the asset was deleted"))
}
