//! What time does to a request: timers, reminders, being late.

use forebay_sdk::blocks::Alarm;
use forebay_sdk::handler::Fired;
use forebay_sdk::workflow::TaskQuery;
use forebay_sdk::{Error, Step, paging};

use crate::course::{Course, Next};
use crate::line::RESTORING;
use crate::state::{Stage, State};

/// Timer: the request is due.
pub(crate) const DUE: &str = "due";
/// Timer: nobody accepted for long enough.
pub(crate) const CLOSE: &str = "close";
/// Most tasks of a process that are escalated when it is late.
const TASK_LIMIT: usize = 1_000;

impl Course<'_> {
    pub(crate) fn timer(&self, mut state: State, fired: &Fired) -> Next {
        match fired.name.as_str() {
            DUE if !state.late => self.is_late(&mut state)?,
            CLOSE if state.closes_at.is_some_and(|at| self.cx.now() >= at) => {
                // An acceptance that came at the last moment counts first.
                let next = self.look(state.clone())?;
                if next.waiting().is_none() || next.state.closes_at.is_none() {
                    return Ok(next);
                }
                let mut record = self.record("closed-unanswered", &state);
                record.comment = Some("the requester did not answer".to_owned());
                self.cx.decision(&record);
                return self.close(next.state);
            }
            name => {
                let alarm = state.desk.alarm(self.cx, &self.rules(), name)?;
                if let Some(Alarm::TimedOut(question)) = alarm {
                    let why = format!("nobody answered `{question}` within twice the time");
                    return Ok(Step::park(state, why));
                }
            }
        }
        self.look(state)
    }

    /// While media comes back from the archive the time until the due date stands still.
    pub(crate) fn run_clock(&self, state: &mut State) -> Result<(), Error> {
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
        Ok(())
    }

    /// The due date has passed: everybody sees it, more people may help, and work goes on.
    fn is_late(&self, state: &mut State) -> Result<(), Error> {
        state.late = true;
        self.cx.decision(&self.record("late", state));
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
