//! Time (rule C-22): reminders, escalation and time-out of open tasks.

use forebay_sdk::workflow::TaskQuery;
use forebay_sdk::{Error, Step, Timestamp};

use crate::config::OnTimeout;
use crate::course::Course;
use crate::state::{PlannedGroup, Review, State, WatchedTask};

/// Per cent of a task's time at which it is escalated.
const ESCALATION: u32 = 100;
/// Per cent of a task's time at which waiting ends.
const TIMEOUT: u32 = 200;

/// Name of the timer for an alarm of a task.
pub(crate) fn alarm_name(task: &str, percent: u32) -> String {
    format!("task:{percent}:{task}")
}

fn parse_alarm(name: &str) -> Option<(&str, u32)> {
    let (percent, task) = name.strip_prefix("task:")?.split_once(':')?;
    Some((task, percent.parse().ok()?))
}

impl Course<'_> {
    /// Note which tasks are open, and when something happens to each.
    pub(crate) fn watch_tasks(&self, review: &mut Review) -> Result<(), Error> {
        let mut open = Vec::new();
        let mut page = None;
        loop {
            let query = TaskQuery {
                process: Some(review.process.clone()),
                page,
                ..TaskQuery::default()
            };
            let found = self.cx.tasks().list(&query)?;
            open.extend(found.tasks);
            page = found.next;
            if page.is_none() {
                break;
            }
        }
        review.tasks.retain(|id, _| open.iter().any(|task| task.id == *id));
        for task in open {
            if review.tasks.contains_key(&task.id) {
                continue;
            }
            let stage = review.stages.iter().find(|stage| stage.name == task.name);
            let group = stage.and_then(|stage| {
                let offered = |group: &&PlannedGroup| task.candidate_groups.contains(&group.group);
                stage.groups.iter().find(offered).or(stage.groups.first())
            });
            let watched = WatchedTask {
                stage: task.name.clone(),
                group: group.map_or_else(String::new, |group| group.group.clone()),
                alarms: match group {
                    Some(group) => self.alarms(group, task.created_at)?,
                    None => Vec::new(),
                },
            };
            review.tasks.insert(task.id, watched);
        }
        Ok(())
    }

    fn alarms(
        &self,
        group: &PlannedGroup,
        start: Timestamp,
    ) -> Result<Vec<(u32, Timestamp)>, Error> {
        let sla: forebay_sdk::blocks::Span = group.sla.parse().map_err(Error::invalid)?;
        let percents = self.config.reminders.iter().copied().chain([ESCALATION, TIMEOUT]);
        let mut alarms = percents
            .map(|percent| Ok((percent, sla.after(self.cx, &self.config.calendar, start, percent)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        alarms.sort_by_key(|(percent, at)| (*at, *percent));
        Ok(alarms)
    }

    /// An alarm of a task came.
    pub(crate) fn alarm(&self, mut state: State, name: &str) -> Result<Step<State>, Error> {
        let Some((task, percent)) = parse_alarm(name) else { return self.wait(state) };
        let crate::state::Phase::Review(review) = &mut state.phase else {
            return self.wait(state);
        };
        let Some(watched) = review.tasks.get_mut(task) else { return self.wait(state) };
        watched.alarms.retain(|(other, _)| *other > percent);
        let (stage, group) = (watched.stage.clone(), watched.group.clone());
        if self.cx.tasks().get(task)?.completed_at.is_some() {
            return self.wait(state);
        }
        if percent >= TIMEOUT {
            return self.timed_out(state, &stage, &group);
        }
        if percent >= ESCALATION {
            let leads = self.usable_group(&state, &self.config.escalation_group)?;
            self.cx.tasks().reassign(task, &leads)?;
            let mut record = self.record("escalated", "system", &state);
            record.task = Some(task.to_owned());
            record.comment = Some(format!("{group} did not decide in time; {leads} may decide as well"));
            self.cx.decision(&record);
            let message = format!("\"{}\" is overdue in stage {stage}: escalated to {leads}", state.name);
            self.tell_channels(&message);
        } else {
            let text = format!("Reminder: {percent} % of the time for this decision has passed.");
            self.cx.tasks().comment(task, &text)?;
        }
        self.wait(state)
    }

    fn timed_out(&self, state: State, stage: &str, group: &str) -> Result<Step<State>, Error> {
        let reason = format!("{group} did not decide in stage {stage} within twice the time");
        let mut record = self.record("timed-out", "system", &state);
        record.comment = Some(reason.clone());
        self.cx.decision(&record);
        match self.config.on_timeout {
            OnTimeout::Park => Ok(Step::park(state, reason)),
            OnTimeout::Reject => {
                if let Some(review) = state.review() {
                    self.cx.workflow().cancel(&review.process, "timed out")?;
                }
                match self.present(&state)? {
                    Some(asset) => self.reject(state, &asset, &[], &reason),
                    None => Ok(Step::cancel(state, "asset-gone", "the asset was deleted")),
                }
            }
        }
    }

    pub(crate) fn tell_channels(&self, message: &str) {
        for channel in &self.config.notify.channels {
            self.cx.notify(channel, message);
        }
    }
}
