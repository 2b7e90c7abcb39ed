//! The run of one asset: it is protected, reviewed, and released or kept back.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::Written;
use forebay_sdk::handler::{EffectMode, Fired, RunEnded, Signal};
use forebay_sdk::workflow::Process;
use forebay_sdk::{Delivery, Step};

use super::{CANCEL, Next};
use crate::WORKFLOW;
use crate::config::{NotReady, OnConflict, OnNewVersion, OnTimeout, Verdict};
use crate::state::{GATHERED, Phase, Place, State, TOLD, Told, Word};
use crate::steps::{
    Alarm, GONE, LOOK_AGAIN, READY_TIMEOUT, RESTART, REWORK_DEADLINE, Reason, Ruling, Scope,
    Standing, Steps, VOTED, Votes, is_asked_for,
};

// ---- The way to a review ------------------------------------------------------------------------

/// An asset has come, or somebody asks for its review. A version that was reviewed already is reviewed
/// again only on request: an event about it came late.
pub(super) fn begin(steps: &Steps<'_>, id: String, delivery: &Delivery) -> Next {
    let state = State::about(id);
    let Some(asset) = steps.present(&state)? else {
        let why = "the asset was deleted before its review";
        return Ok(Step::cancel(state, "asset-gone", why));
    };
    if !is_asked_for(delivery) && steps.is_reviewed(&asset) {
        let why = format!("version {} was reviewed before", asset.version);
        return Ok(Step::cancel(state, "already-reviewed", why));
    }
    if let Some(why) = steps.not_watched(&asset, delivery) {
        return Ok(Step::cancel(state, "out-of-scope", why));
    }
    enter(steps, state, &asset, false)
}

/// The asset's current version comes under review. `waited` goes on although the media is not ready.
/// An asset that is none of our business is not touched.
fn enter(steps: &Steps<'_>, mut state: State, asset: &Asset, waited: bool) -> Next {
    state.note_version(asset);
    let ready = waited || steps.is_ready(asset);
    match steps.scope(asset, ready) {
        Scope::Inside => {}
        Scope::Outside(why) => return Ok(Step::cancel(state, "out-of-scope", why)),
        Scope::NotFiledYet => return steps.wait_until_ready(state),
        Scope::NoMedia => return Ok(steps.wait_for_media(state)),
    }
    if steps.protect(&mut state, asset)? == Written::Overtaken {
        return look_again(steps, state);
    }
    if !ready {
        return steps.wait_until_ready(state);
    }
    let missing = steps.missing(asset);
    if !missing.is_empty() {
        steps.tell_what_is_missing(&state, &missing)?;
        return Ok(steps.wait_for_fields(state, missing));
    }
    if let Some(rule) = steps.auto_rule(asset) {
        steps.record_auto_approval(&state, rule);
        return settle(steps, state, asset, Ruling::approved_by_rule());
    }
    review(steps, state, asset)
}

/// People are asked: in a process of the asset's own, or in one with others that arrive together.
fn review(steps: &Steps<'_>, mut state: State, asset: &Asset) -> Next {
    let stages = steps.plan(&mut state, asset)?;
    steps.record_routing(&state, &stages);
    steps.ask_in_panel(&state, &stages)?;
    let (review, labels) = match steps.config.batch.enabled {
        true => steps.join_batch(asset, stages)?,
        false => (steps.start_process(&state, asset, stages)?, Vec::new()),
    };
    state.phase = Phase::Review(review);
    if steps.cx.mode() == EffectMode::Observe {
        // Nobody was asked, so nobody will ever answer: what was intended is recorded.
        let summary = steps.would_have_been_reviewed(&state);
        return Ok(Step::complete(state, "observed", summary));
    }
    let next = follow(steps, state)?;
    Ok(Step { labels, ..next })
}

// ---- Every delivery but the first ---------------------------------------------------------------

pub(super) fn go_on(steps: &Steps<'_>, state: State, delivery: &Delivery) -> Next {
    if let Some(ended) = RunEnded::of(delivery) {
        return batch_ended(steps, state, &ended);
    }
    match delivery {
        Delivery::Event(incoming) if incoming.role == WORKFLOW => workflow_event(steps, state),
        Delivery::Event(incoming) if incoming.event.kind == VOTED => voted_in_dam(steps, state),
        Delivery::Event(_) | Delivery::Request(_) => look_again(steps, state),
        Delivery::Timer(fired) => timer(steps, state, fired),
        Delivery::Signal(signal) => signalled(steps, state, signal),
    }
}

/// Everything is read again, and the run goes on from there.
fn look_again(steps: &Steps<'_>, mut state: State) -> Next {
    let Some(asset) = steps.present(&state)? else {
        return gone(steps, state);
    };
    steps.note_return(&mut state);
    asset_changed(steps, state, &asset)
}

/// Goes on with the asset as it is now.
fn asset_changed(steps: &Steps<'_>, mut state: State, asset: &Asset) -> Next {
    if steps.is_approved_by_hand(&state, asset) {
        return approved_by_hand(steps, state, asset);
    }
    match &state.phase {
        Phase::New | Phase::Readying { .. } | Phase::Incomplete { .. } => {
            enter(steps, state, asset, false)
        }
        Phase::Rework(old) if old.version != asset.version => {
            steps.end_rework(&mut state)?;
            enter(steps, state, asset, false)
        }
        Phase::Review(old) if old.version != asset.version => newer_version(steps, state, asset),
        Phase::Review(_) => follow(steps, state),
        Phase::Rework(_) | Phase::Done => steps.wait(state),
    }
}

/// Rule C-14: a decision is never applied to a version nobody reviewed.
fn newer_version(steps: &Steps<'_>, mut state: State, asset: &Asset) -> Next {
    match steps.config.on_new_version {
        OnNewVersion::Restart => {
            let why = format!("version {} came", asset.version);
            return review_anew(steps, state, asset, &why);
        }
        OnNewVersion::Ask => steps.ask_about_newer_version(&mut state, asset)?,
        OnNewVersion::Continue => {}
    }
    follow(steps, state)
}

/// The review under way is given up, and one of the current version begins.
fn review_anew(steps: &Steps<'_>, mut state: State, asset: &Asset, why: &str) -> Next {
    steps.supersede(&mut state, why)?;
    enter(steps, state, asset, false)
}

/// Somebody approved the asset in the DAM before its review has come to an end.
fn approved_by_hand(steps: &Steps<'_>, mut state: State, asset: &Asset) -> Next {
    let who = asset.modified_by.as_deref().unwrap_or("unknown");
    match steps.config.on_conflict {
        OnConflict::ProductWins => match steps.set_back(&state, asset, who)? {
            Some(pending) => asset_changed(steps, state, &pending),
            None => look_again(steps, state),
        },
        OnConflict::DamWins => {
            steps.end_processes(&mut state, "approved in the DAM")?;
            steps.record_decision_by_hand(&state, who);
            let summary = format!("approved by hand in the DAM by {who}");
            state.phase = Phase::Done;
            Ok(Step::complete(state, "approved", summary))
        }
        OnConflict::Park => {
            let why = format!("{who} set the asset to approved in the DAM during its review");
            Ok(Step::park(state, why))
        }
    }
}

/// People vote in the DAM's panel. What they say there is about this asset alone.
fn voted_in_dam(steps: &Steps<'_>, mut state: State) -> Next {
    let Some(asset) = steps.present(&state)? else {
        return gone(steps, state);
    };
    steps.note_return(&mut state);
    if let Some(votes) = steps.votes(&state)? {
        steps.leave_batch(&mut state, &asset)?;
        match votes {
            Votes::Disagree => steps.ask_coordinator(&mut state)?,
            Votes::Count(votes) => steps.decide_by_votes(&mut state, &votes)?,
        }
    }
    asset_changed(steps, state, &asset)
}

fn workflow_event(steps: &Steps<'_>, mut state: State) -> Next {
    if steps.newer_version_is_chosen(&state)?
        && let Some(asset) = steps.present(&state)?
    {
        state.question = None;
        let why = "the coordinator chose the newer version";
        return review_anew(steps, state, &asset, why);
    }
    follow(steps, state)
}

/// Looks at the review and goes on from what it says.
fn follow(steps: &Steps<'_>, mut state: State) -> Next {
    match steps.standing(&mut state)? {
        Standing::Open => steps.wait(state),
        Standing::Stopped(why) => Ok(Step::park(state, why)),
        Standing::Decided(process) => match steps.present(&state)? {
            Some(asset) => decided(steps, state, &asset, &process),
            None => gone(steps, state),
        },
    }
}

/// The review has come to its end. What cannot be written in full is not begun.
fn decided(steps: &Steps<'_>, mut state: State, asset: &Asset, process: &Process) -> Next {
    let verdict = match steps.verdict(&state, asset, process) {
        Ok(verdict) => verdict,
        Err(why) => return Ok(Step::park(state, why)),
    };
    let is_current = state.reviewed_version() == asset.version;
    steps.record_decisions(&state, process);
    steps.withdraw_question(&mut state, "the review has ended")?;
    state.note_end_of_review(process);
    match verdict {
        _ if !is_current => overtaken(steps, state),
        Verdict::Approved | Verdict::ApprovedWithConditions => {
            settle(steps, state, asset, steps.approved(process)?)
        }
        Verdict::Rejected => settle(steps, state, asset, Ruling::refused(process)),
        Verdict::ChangesRequested => ask_for_changes(steps, state, asset, process),
    }
}

// ---- The result ---------------------------------------------------------------------------------

/// The asset is released or kept back, as it was ruled.
fn settle(steps: &Steps<'_>, mut state: State, asset: &Asset, ruling: Ruling<'_>) -> Next {
    let result = steps.result(asset, ruling)?;
    if steps.write(asset, &result.update)? == Written::Overtaken {
        return overtaken(steps, state);
    }
    steps.put_template(&state, result.template)?;
    steps.take_out_of(asset, result.leaves)?;
    steps.put_in(&state, &result.enters)?;
    steps.decide_in_panel(&state, result.vote)?;
    steps.announce(&mut state, result.outcome, &result.words)?;
    state.phase = Phase::Done;
    Ok(Step::complete(state, result.outcome, result.words))
}

/// The uploader is asked for a new version.
fn ask_for_changes(steps: &Steps<'_>, mut state: State, asset: &Asset, process: &Process) -> Next {
    let changes = steps.changes(asset, process)?;
    if steps.write(asset, &changes.update)? == Written::Overtaken {
        return overtaken(steps, state);
    }
    state.phase = Phase::Rework(steps.ask_for_rework(&state, asset, changes)?);
    steps.wait(state)
}

/// The result is about an older version: nothing is written, the current one is reviewed on its own.
fn overtaken(steps: &Steps<'_>, mut state: State) -> Next {
    steps.record_superseded_decision(&state);
    state.phase = Phase::New;
    look_again(steps, state)
}

// ---- Time ---------------------------------------------------------------------------------------

fn timer(steps: &Steps<'_>, mut state: State, fired: &Fired) -> Next {
    match fired.name.as_str() {
        READY_TIMEOUT => not_ready_in_time(steps, state),
        REWORK_DEADLINE => no_new_version(steps, state),
        GONE | LOOK_AGAIN => look_again(steps, state),
        alarm => match steps.alarm(&mut state, alarm)? {
            Alarm::Dealt => steps.wait(state),
            Alarm::Answered => follow(steps, state),
            Alarm::TimedOut { stage, group } => timed_out(steps, state, &stage, &group),
        },
    }
}

fn not_ready_in_time(steps: &Steps<'_>, state: State) -> Next {
    let Some(asset) = steps.present(&state)? else {
        return gone(steps, state);
    };
    match steps.config.ready_when.on_timeout {
        _ if !state.is_readying() => asset_changed(steps, state, &asset),
        NotReady::Park if !steps.is_ready(&asset) => {
            steps.tell_not_ready(&state)?;
            let why = "the DAM did not finish processing the asset in time";
            Ok(Step::park(state, why))
        }
        NotReady::Continue | NotReady::Park => enter(steps, state, &asset, true),
    }
}

fn no_new_version(steps: &Steps<'_>, state: State) -> Next {
    let Phase::Rework(rework) = state.phase.clone() else {
        return steps.wait(state);
    };
    match steps.present(&state)? {
        Some(asset) if asset.version == rework.version => {
            steps.cancel_rework(&rework, "no new version came")?;
            let why = format!("no-response: {}", rework.comment);
            settle(steps, state, &asset, Ruling::refused_by_rule(&why))
        }
        Some(asset) => asset_changed(steps, state, &asset),
        None => gone(steps, state),
    }
}

/// Twice the time has passed. Nothing is ever approved by silence.
fn timed_out(steps: &Steps<'_>, mut state: State, stage: &str, group: &str) -> Next {
    let why = steps.record_timeout(&state, stage, group);
    if steps.config.on_timeout == OnTimeout::Park {
        return Ok(Step::park(state, why));
    }
    steps.end_processes(&mut state, "timed out")?;
    match steps.present(&state)? {
        Some(asset) => settle(steps, state, &asset, Ruling::refused_by_rule(&why)),
        None => Ok(Step::cancel(state, "asset-gone", "the asset was deleted")),
    }
}

// ---- Signals and the end ------------------------------------------------------------------------

/// Any other signal than these makes the run look again.
fn signalled(steps: &Steps<'_>, mut state: State, signal: &Signal) -> Next {
    let reason = || signal.data::<Reason>().unwrap_or_default().reason;
    match signal.name.as_str() {
        CANCEL => {
            steps.end_processes(&mut state, "cancelled by an operator")?;
            Ok(Step::cancel(state, "cancelled", reason()))
        }
        RESTART => match steps.present(&state)? {
            Some(asset) => review_anew(steps, state, &asset, &format!("restarted: {}", reason())),
            None => gone(steps, state),
        },
        TOLD => batch_tells(steps, state, signal.data()?),
        _ => look_again(steps, state),
    }
}

/// The run that gathers the asset or reviews it has something to tell.
fn batch_tells(steps: &Steps<'_>, mut state: State, told: Told) -> Next {
    if !state.is_in_batch(&told.ticket) {
        steps.leave_late(&told)?;
        return look_again(steps, state);
    }
    match told.word {
        Word::Alone => return alone_in_window(steps, state),
        Word::TimedOut { stage, group } => return timed_out(steps, state, &stage, &group),
        word => state.note_word(word),
    }
    follow(steps, state)
}

/// Nobody else came within the window.
fn alone_in_window(steps: &Steps<'_>, mut state: State) -> Next {
    match steps.present(&state)? {
        None => gone(steps, state),
        Some(asset) if asset.version == state.reviewed_version() => {
            steps.begin_own_review(&mut state, &asset)?;
            follow(steps, state)
        }
        Some(asset) => {
            state.phase = Phase::New;
            enter(steps, state, &asset, false)
        }
    }
}

/// The run that gathered or reviewed has ended. What it had to tell came before.
fn batch_ended(steps: &Steps<'_>, mut state: State, ended: &RunEnded) -> Next {
    let batch = state.batch_mut().filter(|batch| batch.run == ended.run);
    match batch {
        None => look_again(steps, state),
        Some(batch) if batch.decided.is_some() => follow(steps, state),
        Some(batch) if batch.place == Place::Asked => {
            // The window closed before the wish was read.
            state.phase = Phase::New;
            look_again(steps, state)
        }
        Some(batch) if batch.place == Place::Gathered && ended.outcome == GATHERED => {
            batch.place = Place::HandedOver;
            steps.wait(state)
        }
        Some(_) => Ok(Step::park(state, steps.without_decision(ended))),
    }
}

/// Rule C-13: the asset is deleted or in the trash; it may come back within the grace.
fn gone(steps: &Steps<'_>, mut state: State) -> Next {
    if !steps.is_given_up(&mut state)? {
        return steps.wait(state);
    }
    steps.end_processes(&mut state, "asset deleted")?;
    let why = "the asset was deleted and did not come back";
    Ok(Step::cancel(state, "asset-gone", why))
}
