//! What a run about an asset waits for.

use forebay_sdk::time::MINUTE;
use forebay_sdk::{Error, Step};

use super::Steps;
use super::entry::to_be_filled_in;
use super::watch::alarm_name;
use crate::state::{Phase, Place, Review, State};
use crate::{DAM, WORKFLOW};

/// Timer: look again whether the media is ready. Not every vendor tells when it is.
pub(crate) const LOOK_AGAIN: &str = "look-again";
/// Pause between two such looks.
const LOOK_AGAIN_PAUSE: i64 = MINUTE;
/// Timer: the media did not become ready in time.
pub(crate) const READY_TIMEOUT: &str = "ready-timeout";
/// Timer: no new version came.
pub(crate) const REWORK_DEADLINE: &str = "rework-deadline";
/// Timer: a deleted asset did not come back.
pub(crate) const GONE: &str = "gone";

impl Steps<'_> {
    /// Wait until the DAM has processed the media, for as long as is allowed.
    pub(crate) fn wait_until_ready(&self, mut state: State) -> Result<Step<State>, Error> {
        let now = self.cx.now();
        let since = match state.phase {
            Phase::Readying { since } => since,
            _ => now,
        };
        let (ready, calendar) = (&self.config.ready_when, &self.config.calendar);
        let deadline = ready.timeout.after(self.cx, calendar, since, 100)?;
        let summary = format!("\"{}\" to be processed by the DAM", state.name);
        let asset = state.asset.clone();
        state.phase = Phase::Readying { since };
        Ok(Step::wait(state)
            .timer(LOOK_AGAIN, now + LOOK_AGAIN_PAUSE)
            .timer(READY_TIMEOUT, deadline)
            .subscribe(DAM, "asset", asset)
            .due(deadline)
            .waiting_on(summary))
    }

    /// Wait until somebody puts media into the placeholder.
    pub(crate) fn wait_for_media(&self, state: State) -> Step<State> {
        self.wait_for_people(state, "media to arrive in the placeholder")
    }

    /// Wait until somebody fills mandatory fields.
    pub(crate) fn wait_for_fields(&self, mut state: State, missing: Vec<String>) -> Step<State> {
        let what = to_be_filled_in(&missing);
        state.phase = Phase::Incomplete { missing };
        self.wait_for_people(state, &what)
    }

    fn wait_for_people(&self, state: State, what: &str) -> Step<State> {
        let summary = format!("\"{}\": {what}", state.name);
        let asset = state.asset.clone();
        let party = self.workflow_user(state.uploader.as_deref());
        let wait = Step::wait(state).subscribe(DAM, "asset", asset);
        match party {
            Some(party) => wait.party(party).waiting_on(summary),
            None => wait.waiting_on(summary),
        }
    }

    /// Has an asset that is deleted or in the trash been so for as long as it may come back?
    pub(crate) fn is_given_up(&self, state: &mut State) -> Result<bool, Error> {
        let since = *state.gone_since.get_or_insert(self.cx.now());
        let gone = self.config.asset_gone;
        let until = gone.given_up_at(self.cx, &self.config.calendar, since)?;
        Ok(self.cx.now() >= until)
    }

    /// Wait for whatever the phase waits for.
    pub(crate) fn wait(&self, state: State) -> Result<Step<State>, Error> {
        let mut wait = Step::wait(state.clone()).subscribe(DAM, "asset", &state.asset);
        if let Some(question) = &state.question {
            wait = wait.subscribe(WORKFLOW, "process", &question.process);
        }
        match &state.phase {
            Phase::Review(Review {
                batch: Some(batch), ..
            }) if batch.place != Place::HandedOver => wait = wait.until_ended(&batch.run),
            Phase::Review(review) if review.batch.is_none() => {
                wait = wait.subscribe(WORKFLOW, "process", &review.process);
            }
            _ => {}
        }
        if let Some(since) = state.gone_since {
            // Nothing else is due until the asset is back or given up.
            let gone = self.config.asset_gone;
            let until = gone.given_up_at(self.cx, &self.config.calendar, since)?;
            let summary = format!("\"{}\" to come back: it was deleted", state.name);
            return Ok(wait.timer(GONE, until).due(until).waiting_on(summary));
        }
        let summary = match &state.phase {
            Phase::Review(review) if review.batch.is_some() => {
                format!("decision on \"{}\" in a batch", state.name)
            }
            Phase::Review(review) => {
                for (task, watched) in &review.tasks {
                    wait = wait.party(&watched.group);
                    if let Some((percent, at)) = watched.alarms.first() {
                        wait = wait.timer(alarm_name(task, *percent), *at);
                    }
                }
                if let Some(due) = review.tasks.values().filter_map(|task| task.due).min() {
                    wait = wait.due(due);
                }
                let mut stages: Vec<_> = review
                    .tasks
                    .values()
                    .map(|task| task.stage.as_str())
                    .collect();
                stages.sort_unstable();
                stages.dedup();
                format!(
                    "decision on \"{}\" in stage {}",
                    state.name,
                    stages.join(", ")
                )
            }
            Phase::Rework(rework) => {
                wait = wait
                    .timer(REWORK_DEADLINE, rework.deadline)
                    .due(rework.deadline);
                if let Some(person) = self.workflow_user(state.uploader.as_deref()) {
                    wait = wait.party(person);
                }
                format!("a new version of \"{}\"", state.name)
            }
            Phase::New | Phase::Readying { .. } | Phase::Incomplete { .. } | Phase::Done => {
                format!("\"{}\" to change", state.name)
            }
        };
        Ok(wait.waiting_on(summary))
    }
}
