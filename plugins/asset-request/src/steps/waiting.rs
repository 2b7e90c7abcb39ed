//! What a run waits for, and why it cannot go on.

use forebay_sdk::{Error, Step};

use super::Steps;
use crate::state::{Stage, State};
use crate::{DAM, WORKFLOW};

/// Timer: the request is due.
pub(crate) const DUE: &str = "due";
/// Timer: nobody accepted for long enough.
pub(crate) const CLOSE: &str = "close";
/// Timer: look for what no event tells of.
const LOOK: &str = "look";
/// Signal: ask people again, in another process.
pub(crate) const RESTART: &str = "restart";

/// Why a run parks while its process is suspended.
pub(crate) fn suspended(process: &str) -> String {
    format!("the process {process} is suspended; activate it, then retry the run")
}

/// Why a run parks when somebody ended its process.
pub(crate) fn ended_outside(process: &str, reason: &str) -> String {
    format!(
        "the process {process} was ended in the workflow engine: {reason}; the signal `{RESTART}` asks again in another one"
    )
}

impl Steps<'_> {
    /// Wait for people, for time, and for what happens to the assets.
    pub(crate) fn wait(&self, state: State) -> Result<Step<State>, Error> {
        let mut wait = state.desk.watch(Step::wait(state.clone()), WORKFLOW);
        if let Some(due) = state.due.filter(|_| !state.late) {
            wait = wait.due(due);
            if state.paused_since.is_none() {
                wait = wait.timer(DUE, due);
            }
        }
        if let Some(at) = state.closes_at {
            wait = wait.timer(CLOSE, at);
        }
        if state.has(Stage::Chosen) || state.line_in_making().is_some() {
            let every = self.config.look_every;
            let at = every.after(self.cx, &self.config.calendar, self.cx.now(), 100)?;
            wait = wait.timer(LOOK, at);
        }
        if let Some(place) = &state.collection {
            wait = wait.subscribe(DAM, "collection", place.id.as_str());
        }
        for line in &state.lines {
            for asset in line.assets.iter().chain(&line.placeholder) {
                wait = wait.subscribe(DAM, "asset", asset.as_str());
            }
            let sides = line.approvals.values().chain(line.clearances.values());
            for side in sides.filter(|side| side.outcome.is_none()) {
                wait = wait.until_ended(side.run.as_str());
            }
        }
        Ok(wait.waiting_on(waited_for(&state)))
    }
}

/// What is awaited, for people.
fn waited_for(state: &State) -> String {
    if !state.earlier.is_empty() {
        return "the requester: will the earlier result do?".to_owned();
    }
    let lines = state.lines.iter();
    let open = lines.filter(|line| line.stage != Stage::Delivered);
    let open = open.map(|line| format!("{} ({})", line.name, line.stage.word()));
    let open: Vec<_> = open.collect();
    if open.is_empty() {
        return "acceptance by the requester".to_owned();
    }
    open.join(", ")
}
