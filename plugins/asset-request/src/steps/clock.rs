//! What time does to a request: its clock stands still, or it is late.

use forebay_sdk::workflow::TaskQuery;
use forebay_sdk::{Error, paging};

use super::Steps;
use super::readiness::RESTORING;
use crate::state::{Stage, State};

/// Most tasks of a process that are escalated when it is late.
const TASK_LIMIT: usize = 1_000;

impl Steps<'_> {
    /// While media comes back from the archive the time until the due date stands still.
    pub(crate) fn pause_or_resume_clock(&self, state: &mut State) {
        let restores = state
            .lines
            .iter()
            .any(|line| line.stage == Stage::Chosen && line.why.ends_with(RESTORING));
        match (restores, state.paused_since) {
            (true, None) => {
                state.paused_since = Some(self.cx.now());
                self.cx.decision(&self.record("clock-paused", state));
            }
            (false, Some(since)) => {
                state.due = state.due.map(|due| due + (self.cx.now() - since));
                state.paused_since = None;
                self.cx.decision(&self.record("clock-resumed", state));
            }
            _ => {}
        }
    }

    /// The due date has passed.
    pub(crate) fn mark_late(&self, state: &mut State) {
        state.late = true;
        self.cx.decision(&self.record("late", state));
    }

    /// More people may answer what nobody has taken on, and operators hear of it.
    pub(crate) fn let_leads_help(&self, state: &State) -> Result<(), Error> {
        let leads = &self.config.escalation_group;
        let (tasks, _) = paging::collect(TASK_LIMIT, |page| {
            let query = TaskQuery {
                process: Some(state.desk.process.clone()),
                page: page.map(str::to_owned),
                ..TaskQuery::default()
            };
            let found = self.cx.tasks().list(&query)?;
            Ok((found.tasks, found.next))
        })?;
        for task in tasks.iter().filter(|task| task.assignee.is_none()) {
            self.cx.tasks().reassign(&task.id, leads)?;
        }
        self.tell(&format!(
            "request {} is late, escalated to {leads}",
            state.request.id
        ));
        Ok(())
    }
}
