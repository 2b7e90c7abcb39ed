//! What overtakes a review: newer versions, approvals by hand, an asset that comes back, operators.

use forebay_sdk::Error;
use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::blocks::Written;
use forebay_sdk::workflow::ProcessState;
use serde::Deserialize;

use super::Steps;
use crate::state::{PastReview, Phase, Question, Review, Rework, State};

/// Data of the signals `cancel` and `restart`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reason {
    pub(crate) reason: String,
}

impl Steps<'_> {
    /// Note that a deleted asset has come back, if it was gone.
    pub(crate) fn note_return(&self, state: &mut State) {
        if state.gone_since.take().is_some() {
            self.cx
                .decision(&self.record("asset-restored", "system", state));
        }
    }

    // ---- Newer versions -------------------------------------------------------------------------

    /// Ask the coordinator about a newer version, once.
    pub(crate) fn ask_about_newer_version(
        &self,
        state: &mut State,
        asset: &Asset,
    ) -> Result<(), Error> {
        let asked = state.question.as_ref();
        if asked.is_some_and(|question| question.version == asset.version) {
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

    /// Did the coordinator choose the newer version?
    pub(crate) fn newer_version_is_chosen(&self, state: &State) -> Result<bool, Error> {
        let Some(question) = &state.question else {
            return Ok(false);
        };
        let process = self.cx.workflow().get(&question.process)?;
        Ok(process.state == ProcessState::Completed)
    }

    /// Take back the question to the coordinator.
    pub(crate) fn withdraw_question(&self, state: &mut State, reason: &str) -> Result<(), Error> {
        match state.question.take() {
            Some(question) => self.cx.workflow().cancel(&question.process, reason),
            None => Ok(()),
        }
    }

    /// Give up the review under way.
    pub(crate) fn supersede(&self, state: &mut State, why: &str) -> Result<(), Error> {
        self.end_processes(state, "superseded")?;
        if let Phase::Review(review) = &state.phase {
            let mut record = self.record("superseded", "system", state);
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
        Ok(())
    }

    /// The new version that was asked for has come.
    pub(crate) fn end_rework(&self, state: &mut State) -> Result<(), Error> {
        if let Phase::Rework(rework) = &state.phase {
            self.cancel_rework(rework, "a new version came")?;
            if self.config.changes_requested.resume_at_stage {
                state.resume_at.clone_from(&rework.stage);
            }
        }
        state.phase = Phase::New;
        Ok(())
    }

    /// Nobody needs to work on a new version any more.
    pub(crate) fn cancel_rework(&self, rework: &Rework, reason: &str) -> Result<(), Error> {
        self.cx.workflow().cancel(&rework.process, reason)
    }

    // ---- Approvals by hand ----------------------------------------------------------------------

    /// Did somebody approve the asset in the DAM that the run holds back?
    pub(crate) fn is_approved_by_hand(&self, state: &State, asset: &Asset) -> bool {
        let approved = self.config.initial_status && asset.status == AssetStatus::Approved;
        approved && state.protected.is_some()
    }

    /// Set the status back that somebody set by hand. The asset as it is now, unless another version
    /// has come meanwhile.
    pub(crate) fn set_back(
        &self,
        state: &State,
        asset: &Asset,
        who: &str,
    ) -> Result<Option<Asset>, Error> {
        let update = AssetUpdate::default().status(AssetStatus::Pending);
        if self.write(asset, &update)? == Written::Overtaken {
            return Ok(None);
        }
        let mut record = self.record("status-reverted", "system", state);
        record.comment = Some(format!("{who} approved the asset during its review"));
        self.cx.decision(&record);
        // The vendor may show the old status for a moment longer.
        Ok(Some(Asset {
            status: AssetStatus::Pending,
            ..asset.clone()
        }))
    }

    /// Say in the audit that an approval by hand counts.
    pub(crate) fn record_decision_by_hand(&self, state: &State, who: &str) {
        let mut record = self.record("decision", who, state);
        record.decision = Some("approved".to_owned());
        record.comment = Some("by hand in the DAM".to_owned());
        self.cx.decision(&record);
    }

    // ---- Ending what is open --------------------------------------------------------------------

    /// End every process of the run that may still be open.
    pub(crate) fn end_processes(&self, state: &mut State, reason: &str) -> Result<(), Error> {
        match &state.phase {
            Phase::Review(Review {
                batch: Some(batch), ..
            }) => self.leave(&batch.ticket, &batch.run, reason)?,
            Phase::Review(review) => self.cx.workflow().cancel(&review.process, reason)?,
            Phase::Rework(rework) => self.cancel_rework(rework, reason)?,
            _ => {}
        }
        self.withdraw_question(state, reason)
    }
}
