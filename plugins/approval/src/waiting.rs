//! What a run about an asset waits for.

use forebay_sdk::Step;

use crate::batch::Place;
use crate::course::{Course, GONE, Next, REWORK_DEADLINE};
use crate::state::{Phase, Review, State};
use crate::{DAM, WORKFLOW};

impl Course<'_> {
    /// Wait for whatever the phase waits for.
    pub(crate) fn wait(&self, state: State) -> Next {
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
                        wait = wait.timer(crate::watch::alarm_name(task, *percent), *at);
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
