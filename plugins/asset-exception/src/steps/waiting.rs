//! What a run waits for, and until when.

use forebay_sdk::blocks::{CONTINUE, Span};
use forebay_sdk::{Error, Step, Timestamp};

use super::Steps;
use super::line::LOOK;
use crate::state::{Case, Group, Line, Phase};
use crate::{DAM, WORKFLOW};

/// Timer: the time to fill fields has passed.
pub(crate) const GRACE: &str = "grace";
/// Timer: changes were gathered long enough.
pub(crate) const RECHECK: &str = "recheck";
/// Timer: a waiver ends.
pub(crate) const WAIVER: &str = "waiver";
/// Timer: a deleted asset did not come back.
const GONE: &str = "gone";

impl Steps<'_> {
    // ---- Times ----------------------------------------------------------------------------------

    fn after(&self, span: Span) -> Result<Timestamp, Error> {
        span.after(self.cx, &self.config.calendar, self.cx.now(), 100)
    }

    /// Until when fields may still be filled before anybody is asked; none where there is no grace.
    pub(crate) fn grace(&self) -> Result<Option<Timestamp>, Error> {
        let until = self.after(self.config.grace)?;
        Ok(Some(until).filter(|until| *until > self.cx.now()))
    }

    /// When a change is checked.
    pub(crate) fn recheck_at(&self) -> Result<Timestamp, Error> {
        self.after(self.config.recheck_after)
    }

    /// When what cannot be told now is looked at again.
    pub(crate) fn next_check(&self) -> Result<Timestamp, Error> {
        self.after(self.config.expected.check)
    }

    // ---- Waiting --------------------------------------------------------------------------------

    /// A case waits for its asset, for people, or for what its phase says.
    pub(crate) fn wait_for_case(&self, case: Case) -> Result<Step<Case>, Error> {
        let mut wait = Step::wait(case.clone()).subscribe(DAM, "asset", case.asset.as_str());
        if let Some(since) = case.gone_since {
            wait = wait.timer(GONE, self.given_up_at(since)?);
        }
        wait = case.desk.watch(wait, WORKFLOW);
        let name = &case.name;
        Ok(match case.phase {
            Phase::Grace => wait.waiting_on(format!("\"{name}\"")),
            Phase::GraceUntil(at) => wait
                .timer(GRACE, at)
                .due(at)
                .waiting_on(format!("the fields of \"{name}\" to be filled in")),
            Phase::Open => wait.waiting_on(format!("\"{name}\" to be mended")),
            Phase::Recheck(at) => wait
                .timer(RECHECK, at)
                .waiting_on(format!("the check of \"{name}\" after its change")),
            Phase::Approving(run) => wait
                .until_ended(run)
                .waiting_on(format!("the approval of the corrected \"{name}\"")),
            Phase::Waived(at) => wait
                .timer(WAIVER, at)
                .due(at)
                .waiting_on(format!("the end of the waiver for \"{name}\"")),
        })
    }

    /// A group waits for its assets and for people, or goes on writing.
    pub(crate) fn wait_for_group(&self, group: Group) -> Result<Step<Group>, Error> {
        let mut wait = Step::wait(group.clone());
        for asset in group.members.keys() {
            wait = wait.subscribe(DAM, "asset", asset.as_str());
        }
        if !group.writes.is_finished() {
            wait = wait.timer(CONTINUE, self.cx.now());
        }
        wait = group.desk.watch(wait, WORKFLOW);
        let summary = format!(
            "{} assets of {} to be completed",
            group.members.len(),
            group.collection
        );
        Ok(wait.waiting_on(summary))
    }

    /// A line waits for its asset, and looks for it now and then once it is missing.
    pub(crate) fn wait_for_line(&self, line: Line) -> Result<Step<Line>, Error> {
        let next = if line.open {
            self.next_check()?
        } else {
            self.alarm_at(&line)?
        };
        let due = self.due(&line)?;
        let name = line.line.clone();
        let desk = line.desk.clone();
        let mut wait = Step::wait(line).timer(LOOK, next).due(due);
        wait = desk.watch(wait, WORKFLOW);
        Ok(wait.waiting_on(format!("an approved asset for {name}")))
    }
}
