//! Time (rule C-22): reminders, escalation and time-out of open tasks.

use forebay_sdk::blocks::Span;
use forebay_sdk::workflow::{Task, TaskQuery};
use forebay_sdk::{Error, OrAbsent, Step, Timestamp};

use crate::config::OnTimeout;
use crate::course::{Course, Next};
use crate::result::Ruling;
use crate::state::{Phase, PlannedGroup, Review, State, WatchedTask};

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
        let open = self.open_tasks(&review.process)?;
        review
            .tasks
            .retain(|id, _| open.iter().any(|task| task.id == *id));
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
                group: match group {
                    Some(group) => group.group.clone(),
                    None => task.candidate_groups.join(", "),
                },
                due: group
                    .map(|group| self.share(group, task.created_at, ESCALATION))
                    .transpose()?,
                alarms: match group {
                    Some(group) => self.alarms(group, task.created_at)?,
                    None => Vec::new(),
                },
            };
            review.tasks.insert(task.id, watched);
        }
        Ok(())
    }

    /// All open tasks of a process.
    pub(crate) fn open_tasks(&self, process: &str) -> Result<Vec<Task>, Error> {
        let mut query = TaskQuery {
            process: Some(process.to_owned()),
            ..TaskQuery::default()
        };
        let mut open = Vec::new();
        loop {
            let found = self.cx.tasks().list(&query)?;
            open.extend(found.tasks);
            query.page = found.next;
            if query.page.is_none() {
                return Ok(open);
            }
        }
    }

    fn alarms(
        &self,
        group: &PlannedGroup,
        start: Timestamp,
    ) -> Result<Vec<(u32, Timestamp)>, Error> {
        let percents = self
            .config
            .reminders
            .iter()
            .copied()
            .chain([ESCALATION, TIMEOUT]);
        let mut alarms = percents
            .map(|percent| Ok((percent, self.share(group, start, percent)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        alarms.sort_by_key(|(percent, at)| (*at, *percent));
        Ok(alarms)
    }

    /// The point in time at which this share of a group's time has passed.
    fn share(
        &self,
        group: &PlannedGroup,
        start: Timestamp,
        percent: u32,
    ) -> Result<Timestamp, Error> {
        let sla: Span = group.sla.parse().map_err(Error::invalid)?;
        sla.after(self.cx, &self.config.calendar, start, percent)
    }

    /// An alarm of a task came.
    pub(crate) fn alarm(&self, mut state: State, name: &str) -> Next {
        let Some((task, percent)) = parse_alarm(name) else {
            return self.wait(state);
        };
        let Phase::Review(review) = &mut state.phase else {
            return self.wait(state);
        };
        let Some(watched) = review.tasks.get_mut(task) else {
            return self.wait(state);
        };
        watched.alarms.retain(|(other, _)| *other > percent);
        let (stage, group) = (watched.stage.clone(), watched.group.clone());
        let open = self.cx.tasks().get(task).or_absent()?;
        if open.is_none_or(|task| task.completed_at.is_some()) {
            return self.follow(state);
        }
        if percent >= TIMEOUT {
            return self.timed_out(state, &stage, &group);
        }
        if percent >= ESCALATION {
            self.escalate(&state, task, &stage, &group)?;
        } else {
            let text = format!("Reminder: {percent} % of the time for this decision has passed.");
            self.cx.tasks().comment(task, &text)?;
        }
        self.wait(state)
    }

    fn escalate(&self, state: &State, task: &str, stage: &str, group: &str) -> Result<(), Error> {
        let leads = self.usable_group(state, &self.config.escalation_group)?;
        self.cx.tasks().reassign(task, &leads)?;
        let mut record = self.record("escalated", "system", state);
        record.task = Some(task.to_owned());
        record.comment = Some(format!(
            "{group} did not decide in time; {leads} may decide as well"
        ));
        self.cx.decision(&record);
        let name = &state.name;
        self.tell_channels(&format!(
            "\"{name}\" is overdue in stage {stage}: escalated to {leads}"
        ));
        Ok(())
    }

    pub(crate) fn timed_out(&self, mut state: State, stage: &str, group: &str) -> Next {
        let reason = format!("{group} did not decide in stage {stage} within twice the time");
        let mut record = self.record("timed-out", "system", &state);
        record.comment = Some(reason.clone());
        self.cx.decision(&record);
        if self.config.on_timeout == OnTimeout::Park {
            return Ok(Step::park(state, reason));
        }
        self.end_processes(&mut state, "timed out")?;
        match self.present(&state)? {
            Some(asset) => self.reject(state, &asset, &Ruling::of_rule(&reason)),
            None => Ok(Step::cancel(state, "asset-gone", "the asset was deleted")),
        }
    }
}
