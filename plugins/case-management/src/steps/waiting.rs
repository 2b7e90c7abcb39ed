//! What cases and guards wait for.

use forebay_sdk::handler::Wait;
use forebay_sdk::time::{DAY, MINUTE};
use forebay_sdk::{Error, Step, Timestamp};

use super::{Next, Steps};
use crate::state::{Case, Guard, State};
use crate::{DAM, WORKFLOW};

/// Timer: open the process, once protection is under way.
const OPEN: &str = "open";
/// Timer: protection must be in place by now.
const ALARM: &str = "alarm";
/// Timer: compare both sides.
const SYNC: &str = "sync";
/// Timer: the case can no longer be opened again.
const FORGET: &str = "forget";
/// Timer: try again what failed.
const AGAIN: &str = "again";
/// Timer: look whether all is well.
const LOOK: &str = "look";

impl Steps<'_> {
    /// The process is opened at once, in another activation: the guard is at work by then.
    pub(crate) fn until_process_is_opened(&self, case: Case) -> Next {
        self.wait(case, OPEN, self.cx.now())
    }

    /// Until somebody answers, something changes, or both sides are compared again.
    pub(crate) fn until_something_happens(&self, case: Case) -> Next {
        let (now, calendar) = (self.cx.now(), &self.config.calendar);
        let next = self
            .config
            .sync
            .interval
            .after(self.cx, calendar, now, 100)?;
        self.wait(case, SYNC, next)
    }

    fn wait(&self, case: Case, timer: &str, at: Timestamp) -> Next {
        let alarm = self.alarm_at(&case)?;
        let (desk, alarmed) = (case.desk.clone(), case.alarmed);
        let assets: Vec<_> = case.assets.keys().cloned().collect();
        let late = !case.is_protected();
        let words = match (late, &case.restored_by) {
            (true, _) => "protection",
            (false, None) => "a decision",
            (false, Some(_)) => "deleted assets to come back, which are then put back",
        };
        let mut wait: Wait<State> = Step::wait(case.into()).timer(timer, at);
        if late && !alarmed {
            wait = wait.timer(ALARM, alarm);
        }
        for asset in assets {
            wait = wait.subscribe(DAM, "asset", asset);
        }
        Ok(desk.watch(wait, WORKFLOW).waiting_on(words))
    }

    /// Has a closed case been closed for so long that it cannot be opened again?
    pub(crate) fn may_forget(&self, guard: &Guard) -> Result<bool, Error> {
        let forget = self.forgets_at(guard)?;
        Ok(forget.is_some_and(|forget| forget <= self.cx.now()))
    }

    fn forgets_at(&self, guard: &Guard) -> Result<Option<Timestamp>, Error> {
        let Some(closed) = &guard.closed else {
            return Ok(None);
        };
        let (within, calendar) = (self.config.reopen.within, &self.config.calendar);
        within.after(self.cx, calendar, closed.at, 100).map(Some)
    }

    /// Until what failed is tried again, the case ends, or it cannot be opened again.
    pub(crate) fn until_next_attempt(&self, guard: Guard) -> Next {
        let now = self.cx.now();
        let forget = self.forgets_at(&guard)?;
        let words = match (guard.todo.is_empty(), forget) {
            (false, _) => {
                let failures: Vec<_> = guard.failures.values().cloned().collect();
                format!("another attempt: {}", failures.join("; "))
            }
            (true, None) => "the end of the case".to_owned(),
            (true, Some(_)) => "the case to be opened again, for a while".to_owned(),
        };
        let again = (!guard.todo.is_empty()).then_some((AGAIN, now + MINUTE));
        let next = forget.map_or((LOOK, now + DAY), |forget| (FORGET, forget));
        let watched: Vec<_> = match forget {
            None => guard.before.keys().cloned().collect(),
            // What happens to assets of a closed case is no alarm.
            Some(_) => Vec::new(),
        };
        let mut wait: Wait<State> = Step::wait(guard.into());
        for (timer, at) in again.into_iter().chain([next]) {
            wait = wait.timer(timer, at);
        }
        for asset in watched {
            wait = wait.subscribe_to(DAM, "asset", asset, &["asset.deleted"]);
        }
        Ok(wait.waiting_on(words))
    }
}
