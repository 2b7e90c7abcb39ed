//! The course of a run: what happens on each delivery.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::handler::{Fired, Incoming, RunEnded, Signal};
use forebay_sdk::workflow::ProcessState;
use forebay_sdk::{Cx, Delivery, Error, Step};
use serde::Deserialize;

use crate::WORKFLOW;
use crate::batch::TOLD;
use crate::config::{Config, OnConflict, OnNewVersion};
use crate::enter::{LOOK_AGAIN, READY_TIMEOUT};
use crate::state::{PastReview, Phase, Question, Review, Run, State};
use crate::writing::Written;

/// Timer: a deleted asset did not come back.
pub(crate) const GONE: &str = "gone";
/// Timer: no new version came.
pub(crate) const REWORK_DEADLINE: &str = "rework-deadline";
/// Signal: end the run and clean up.
pub(crate) const CANCEL: &str = "cancel";
/// Signal: give up the review under way and hold another.
pub(crate) const RESTART: &str = "restart";

/// What comes next.
pub(crate) type Next = Result<Step<State>, Error>;

/// What comes next in a run that gathers or reviews a batch.
pub(crate) type NextRun = Result<Step<Run>, Error>;

/// One activation of an approval.
pub(crate) struct Course<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

/// Data of the signals `cancel` and `restart`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    reason: String,
}

impl<'a> Course<'a> {
    pub(crate) fn new(cx: &'a Cx, config: &'a Config) -> Self {
        Self { cx, config }
    }

    /// Every activation but the first.
    pub(crate) fn go_on(&self, state: State, delivery: Delivery) -> Next {
        if let Some(ended) = RunEnded::of(&delivery) {
            return self.batch_ended(state, &ended);
        }
        match delivery {
            Delivery::Event(incoming) if incoming.role == WORKFLOW => self.workflow_event(state),
            Delivery::Event(incoming) => self.dam_event(state, &incoming),
            Delivery::Timer(fired) => self.timer(state, &fired),
            Delivery::Signal(signal) => self.signal(state, &signal),
            Delivery::Request(_) => self.look_again(state),
        }
    }

    /// Any other signal than these makes the run look again.
    fn signal(&self, mut state: State, signal: &Signal) -> Next {
        let reason = || signal.data::<Reason>().unwrap_or_default().reason;
        match signal.name.as_str() {
            CANCEL => {
                self.end_processes(&mut state, "cancelled by an operator")?;
                Ok(Step::cancel(state, "cancelled", reason()))
            }
            RESTART => match self.present(&state)? {
                Some(asset) => self.supersede(state, &asset, &format!("restarted: {}", reason())),
                None => self.gone(state),
            },
            TOLD => self.batch_tells(state, signal),
            _ => self.look_again(state),
        }
    }

    // ---- What the DAM tells -------------------------------------------------------------------

    fn dam_event(&self, mut state: State, incoming: &Incoming) -> Next {
        let Some(asset) = self.present(&state)? else {
            return self.gone(state);
        };
        self.note_return(&mut state);
        if incoming.event.kind == "approval.changed" {
            self.panel_changed(&mut state, &asset)?;
        }
        self.asset_changed(state, &asset)
    }

    /// Read everything again and go on from there.
    pub(crate) fn look_again(&self, mut state: State) -> Next {
        let Some(asset) = self.present(&state)? else {
            return self.gone(state);
        };
        self.note_return(&mut state);
        self.asset_changed(state, &asset)
    }

    fn note_return(&self, state: &mut State) {
        if state.gone_since.take().is_some() {
            self.cx
                .decision(&self.record("asset-restored", "system", state));
        }
    }

    /// Go on with the asset as it is now.
    pub(crate) fn asset_changed(&self, mut state: State, asset: &Asset) -> Next {
        let approved = self.config.initial_status && asset.status == AssetStatus::Approved;
        if approved && state.protected.is_some() {
            return self.approved_by_hand(state, asset);
        }
        match &state.phase {
            Phase::New | Phase::Readying { .. } | Phase::Incomplete { .. } => {
                self.enter(state, asset, false)
            }
            Phase::Rework(rework) if rework.version != asset.version => {
                self.cx
                    .workflow()
                    .cancel(&rework.process, "a new version came")?;
                if self.config.changes_requested.resume_at_stage {
                    state.resume_at.clone_from(&rework.stage);
                }
                state.phase = Phase::New;
                self.enter(state, asset, false)
            }
            Phase::Review(review) if review.version != asset.version => {
                self.newer_version(state, asset)
            }
            Phase::Review(_) => self.follow(state),
            Phase::Rework(_) | Phase::Done => self.wait(state),
        }
    }

    /// Rule C-14: a decision is never applied to a version nobody reviewed.
    fn newer_version(&self, mut state: State, asset: &Asset) -> Next {
        match self.config.on_new_version {
            OnNewVersion::Restart => {
                self.supersede(state, asset, &format!("version {} came", asset.version))
            }
            OnNewVersion::Continue => self.follow(state),
            OnNewVersion::Ask => {
                self.ask_about(&mut state, asset)?;
                self.follow(state)
            }
        }
    }

    /// Ask the coordinator about a newer version, once.
    fn ask_about(&self, state: &mut State, asset: &Asset) -> Result<(), Error> {
        if state
            .question
            .as_ref()
            .is_some_and(|question| question.version == asset.version)
        {
            return Ok(());
        }
        self.withdraw_question(state, "a still newer version came")?;
        let message = format!(
            "A newer version of \"{}\" came while an older one is under review. Acknowledge to restart the review with it.",
            asset.name
        );
        let key = self.run_key(&format!("new-version:{}", asset.version));
        let group = &self.config.coordinator_group;
        let process = self.tell(&key, None, group, "New version under review", &message)?;
        state.question = Some(Question {
            process,
            version: asset.version.clone(),
        });
        Ok(())
    }

    /// End the review under way and hold one for the current version.
    fn supersede(&self, mut state: State, asset: &Asset, why: &str) -> Next {
        self.end_processes(&mut state, "superseded")?;
        if let Phase::Review(review) = &state.phase {
            let mut record = self.record("superseded", "system", &state);
            record.version = Some(review.version.clone());
            record.comment = Some(why.to_owned());
            self.cx.decision(&record);
            state.past.push(PastReview {
                process: review.process.clone(),
                version: review.version.clone(),
                result: "superseded".to_owned(),
            });
        }
        state.phase = Phase::New;
        self.enter(state, asset, false)
    }

    /// Somebody approved the asset in the DAM before its review has come to an end.
    fn approved_by_hand(&self, mut state: State, asset: &Asset) -> Next {
        let actor = asset
            .modified_by
            .clone()
            .unwrap_or_else(|| "unknown".to_owned());
        match self.config.on_conflict {
            OnConflict::ProductWins => {
                let update = AssetUpdate::default().status(AssetStatus::Pending);
                if self.write(asset, update)? == Written::Overtaken {
                    return self.look_again(state);
                }
                let mut record = self.record("status-reverted", "system", &state);
                record.comment = Some(format!("{actor} approved the asset during its review"));
                self.cx.decision(&record);
                // As it is now: the vendor may show the old status for a moment longer.
                let asset = Asset {
                    status: AssetStatus::Pending,
                    ..asset.clone()
                };
                self.asset_changed(state, &asset)
            }
            OnConflict::DamWins => {
                self.end_processes(&mut state, "approved in the DAM")?;
                let mut record = self.record("decision", &actor, &state);
                record.decision = Some("approved".to_owned());
                record.comment = Some("by hand in the DAM".to_owned());
                self.cx.decision(&record);
                state.phase = Phase::Done;
                let summary = format!("approved by hand in the DAM by {actor}");
                Ok(Step::complete(state, "approved", summary))
            }
            OnConflict::Park => {
                let reason =
                    format!("{actor} set the asset to approved in the DAM during its review");
                Ok(Step::park(state, reason))
            }
        }
    }

    /// Rule C-13: the asset is deleted or in the trash; it may come back within the grace.
    pub(crate) fn gone(&self, mut state: State) -> Next {
        let since = *state.gone_since.get_or_insert(self.cx.now());
        let gone = self.config.asset_gone;
        let until = gone.given_up_at(self.cx, &self.config.calendar, since)?;
        if self.cx.now() < until {
            return self.wait(state);
        }
        self.end_processes(&mut state, "asset deleted")?;
        Ok(Step::cancel(
            state,
            "asset-gone",
            "the asset was deleted and did not come back",
        ))
    }

    // ---- What the workflow engine tells -------------------------------------------------------

    fn workflow_event(&self, mut state: State) -> Next {
        if let Some(question) = &state.question {
            let answered = self.cx.workflow().get(&question.process)?.state;
            if answered == ProcessState::Completed
                && let Some(asset) = self.present(&state)?
            {
                state.question = None;
                return self.supersede(state, &asset, "the coordinator chose the newer version");
            }
        }
        self.follow(state)
    }

    /// Look at the review and go on from what it says.
    pub(crate) fn follow(&self, mut state: State) -> Next {
        let Phase::Review(review) = &mut state.phase else {
            return self.wait(state);
        };
        if let Some(batch) = review.batch.clone() {
            return self.follow_batch(state, &batch);
        }
        let process = self.cx.workflow().get(&review.process);
        let process =
            process.map_err(|error| error.context("the review process cannot be read"))?;
        match process.state {
            ProcessState::Active => {
                self.watch_tasks(review)?;
                self.wait(state)
            }
            ProcessState::Suspended => {
                let reason = format!(
                    "the review process {} is suspended in the workflow engine; activate it there, then retry the run",
                    process.id
                );
                Ok(Step::park(state, reason))
            }
            ProcessState::Terminated => {
                let why = process
                    .reason
                    .unwrap_or_else(|| "no reason given".to_owned());
                let reason = format!(
                    "the review process {} was ended in the workflow engine: {why}; send the signal `{RESTART}` and retry the run for another review, or cancel it",
                    process.id
                );
                Ok(Step::park(state, reason))
            }
            ProcessState::Completed => match self.present(&state)? {
                None => self.gone(state),
                Some(asset) => self.decided(state, &asset, &process),
            },
        }
    }

    // ---- Time ---------------------------------------------------------------------------------

    fn timer(&self, state: State, fired: &Fired) -> Next {
        match fired.name.as_str() {
            READY_TIMEOUT => self.not_ready_in_time(state),
            REWORK_DEADLINE => self.no_new_version(state),
            GONE | LOOK_AGAIN => self.look_again(state),
            alarm => self.alarm(state, alarm),
        }
    }

    // ---- Ending what is open ------------------------------------------------------------------

    /// End every process of the run that may still be open.
    pub(crate) fn end_processes(&self, state: &mut State, reason: &str) -> Result<(), Error> {
        match &state.phase {
            Phase::Review(Review {
                batch: Some(batch), ..
            }) => self.leave_batch(batch, reason)?,
            Phase::Review(review) => self.cx.workflow().cancel(&review.process, reason)?,
            Phase::Rework(rework) => self.cx.workflow().cancel(&rework.process, reason)?,
            _ => {}
        }
        self.withdraw_question(state, reason)
    }

    /// Take back the question to the coordinator.
    pub(crate) fn withdraw_question(&self, state: &mut State, reason: &str) -> Result<(), Error> {
        match state.question.take() {
            Some(question) => self.cx.workflow().cancel(&question.process, reason),
            None => Ok(()),
        }
    }
}
