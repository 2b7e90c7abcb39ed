//! The handler itself: what happens on each delivery, from the first round to the last decision.
//!
//! A run is about one asset. Both sides, the DAM and the workflow engine, are compared again and
//! again: comments are copied, a new version begins a new round, decisions are taken until one stands.
//! How a step is done stands in [`crate::steps`].

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Alarm, Answer, Direction, present};
use forebay_sdk::handler::{Connections, EffectMode};
use forebay_sdk::{Admission, Delivery, Error, Step};

use crate::DAM;
use crate::config::{Config, Side};
use crate::state::State;
use crate::steps::{
    RESTART, Steps, admit_asset, admit_process, asset_of, opened_process, unwanted,
};

/// Signal: end the run and clean up.
const CANCEL: &str = "cancel";

/// What comes next.
type Next = Result<Step<State>, Error>;

/// A watched collection, a custom action, a request, or a process that people started begins a
/// review. Looks at nothing but the delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    if let Some(reason) = unwanted(config, delivery) {
        return Admission::ignore(reason);
    }
    if let Some(process) = opened_process(delivery) {
        return admit_process(config, dam, process);
    }
    match asset_of(delivery) {
        Ok(asset) => admit_asset(config, dam, &asset),
        Err(error) => Admission::refuse(error.message().to_owned()),
    }
}

/// One delivery to a run.
pub(crate) fn run(steps: &Steps<'_>, state: Option<State>, delivery: &Delivery) -> Next {
    let Some(mut state) = state else {
        return match opened_process(delivery) {
            Some(process) => begin_in_workflow(steps, process),
            None => begin(steps, delivery),
        };
    };
    if matches!(delivery, Delivery::Signal(signal) if signal.name == CANCEL) {
        state.desk.cancel(steps.cx, "cancelled by an operator")?;
        return Ok(Step::cancel(state, "cancelled", "by an operator"));
    }
    let Some(asset) = present(steps.cx, &state.asset)? else {
        return gone(steps, state);
    };
    state.gone_since = None;
    match delivery {
        Delivery::Signal(signal) if signal.name == RESTART => restart(steps, &mut state, &asset)?,
        Delivery::Timer(fired) => match state.desk.alarm(steps.cx, &steps.rules(), &fired.name)? {
            Some(Alarm::TimedOut(question)) => {
                let why = format!("nobody answered `{question}` within twice the time");
                return Ok(Step::park(state, why));
            }
            Some(Alarm::Dealt) => return steps.wait(state),
            None => {}
        },
        Delivery::Request(_) | Delivery::Event(_) | Delivery::Signal(_) => {}
    }
    look(steps, state, &asset)
}

// ---- Beginning ----------------------------------------------------------------------------------

/// People opened a review in the workflow engine: it is held there, in the run of its asset.
fn begin_in_workflow(steps: &Steps<'_>, process: &str) -> Next {
    let Some(asset) = steps.asset_of_process(process)? else {
        let why = format!("the process {process} names no asset in `assetId`");
        return Ok(Step::cancel(State::default(), "no-asset", why));
    };
    steps.start_review_of(&asset, process)?;
    let summary = "the review is held in another run";
    Ok(Step::complete(State::default(), "opened", summary))
}

/// The first round is about the version that is current.
fn begin(steps: &Steps<'_>, delivery: &Delivery) -> Next {
    let mut state = steps.read_request(delivery)?;
    let Some(asset) = present(steps.cx, &state.asset)? else {
        return Ok(Step::cancel(state, "asset-gone", "the asset was deleted"));
    };
    begin_round(steps, &mut state, &asset)?;
    if steps.cx.mode() == EffectMode::Observe {
        let summary = format!("\"{}\" would have been reviewed", state.name);
        return Ok(Step::complete(state, "observed", summary));
    }
    look(steps, state, &asset)
}

/// A round begins with the version that is current now. What was decided about the one before does
/// not count.
fn begin_round(steps: &Steps<'_>, state: &mut State, asset: &Asset) -> Result<(), Error> {
    let before = state.next_round(asset);
    state.desk.withdraw_all(steps.cx)?;
    steps.record_round(state, &before);
    steps.ask_reviewers(state, asset, &before)?;
    steps.show_version(state)?;
    steps.request_approval(state)?;
    steps.write_round(state, asset)
}

// ---- Looking at both sides ----------------------------------------------------------------------

/// Comments come first, so that a new round knows what is unresolved; then versions; then decisions.
fn look(steps: &Steps<'_>, mut state: State, asset: &Asset) -> Next {
    copy_comments(steps, &mut state, asset)?;
    if asset.version != state.version {
        begin_round(steps, &mut state, asset)?;
    }
    let answers = match steps.answers(&mut state)? {
        Ok(answers) => answers,
        Err(why) => return Ok(Step::park(state, why)),
    };
    for answer in &answers {
        answered(steps, &mut state, asset, answer)?;
    }
    read_panel(steps, &mut state)?;
    conclude(steps, state, asset)
}

/// What is new on one side is copied to the other, what was edited there is edited, what was deleted
/// is marked.
fn copy_comments(steps: &Steps<'_>, state: &mut State, asset: &Asset) -> Result<(), Error> {
    let Some(comments) = steps.comments(state)? else {
        return Ok(());
    };
    if steps.config.sync.comments != Direction::Dam {
        steps.copy_to_workflow(state, asset, &comments.in_dam)?;
        steps.mark_deleted_in_workflow(state, &comments.in_dam)?;
    }
    if steps.config.sync.comments != Direction::Workflow {
        steps.copy_to_dam(state, &comments.in_workflow)?;
        steps.mark_deleted_in_dam(state, &comments.in_workflow)?;
    }
    Ok(())
}

// ---- Decisions ----------------------------------------------------------------------------------

/// Somebody answered in the workflow engine. An answer about an earlier version is recorded only.
fn answered(
    steps: &Steps<'_>,
    state: &mut State,
    asset: &Asset,
    answer: &Answer,
) -> Result<(), Error> {
    if !steps.record_answer(state, answer) {
        return Ok(());
    }
    match answer.outcome.as_str() {
        "approve" => steps.rule(state, true, answer.actor(), Side::Workflow),
        "reject" => steps.rule(state, false, answer.actor(), Side::Workflow),
        // The next version begins the next round.
        _ => steps.write_changes_requested(asset)?,
    }
    Ok(())
}

/// Somebody decided in the DAM's approval panel.
fn read_panel(steps: &Steps<'_>, state: &mut State) -> Result<(), Error> {
    if let Some(vote) = steps.new_vote(state)? {
        steps.record_vote(state, &vote);
        steps.rule(state, vote.approved, &vote.by, Side::Dam);
    }
    Ok(())
}

/// A ruling takes effect once nothing stands against it.
fn conclude(steps: &Steps<'_>, mut state: State, asset: &Asset) -> Next {
    let Some(ruling) = state.ruling.clone() else {
        return steps.wait(state);
    };
    if steps.may_be_overruled(&ruling)? {
        return steps.wait(state);
    }
    if ruling.approved && steps.config.close.require_all_resolved && !state.unresolved.is_empty() {
        steps.show_what_is_unresolved(&state)?;
        return steps.wait(state);
    }
    steps.write_result(asset, &ruling)?;
    steps.tell_panel(&state, ruling.approved)?;
    if ruling.approved && steps.config.close.promote_version {
        steps.promote(&state)?;
    }
    let outcome = if ruling.approved {
        "approved"
    } else {
        "rejected"
    };
    state.desk.close(steps.cx, outcome)?;
    let summary = state.summary(&ruling);
    Ok(Step::complete(state, outcome, summary))
}

// ---- Signals and the end ------------------------------------------------------------------------

/// The round again, in another process.
fn restart(steps: &Steps<'_>, state: &mut State, asset: &Asset) -> Result<(), Error> {
    steps.leave_process(state)?;
    steps.ask_reviewers(state, asset, "")?;
    steps.show_version(state)
}

/// Rule C-13: the asset is deleted or in the trash; it may come back within the grace.
fn gone(steps: &Steps<'_>, mut state: State) -> Next {
    if !steps.is_given_up(&mut state)? {
        return steps.wait(state);
    }
    state.desk.cancel(steps.cx, "asset deleted")?;
    Ok(Step::cancel(state, "asset-gone", "the asset was deleted"))
}
