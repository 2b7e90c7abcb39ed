//! A review under way: how it stands, and the time of its open tasks (rule C-22).

use forebay_sdk::blocks::Span;
use forebay_sdk::workflow::{Process, ProcessState, Task, TaskQuery};
use forebay_sdk::{Error, OrAbsent, Timestamp};

use super::{RESTART, Steps};
use crate::state::{PlannedGroup, Review, State, WatchedTask};

/// Per cent of a task's time at which it is escalated.
const ESCALATION: u32 = 100;
/// Per cent of a task's time at which waiting ends.
const TIMEOUT: u32 = 200;

/// Name of the timer for an alarm of a task.
pub(super) fn alarm_name(task: &str, percent: u32) -> String {
    format!("task:{percent}:{task}")
}

fn parse_alarm(name: &str) -> Option<(&str, u32)> {
    let (percent, task) = name.strip_prefix("task:")?.split_once(':')?;
    Some((task, percent.parse().ok()?))
}

/// How a review stands.
pub(crate) enum Standing {
    /// People decide, or there is no review.
    Open,
    /// It has come to its end.
    Decided(Box<Process>),
    /// Its process does not run any more, for this reason.
    Stopped(String),
}

/// What became of an alarm.
pub(crate) enum Alarm {
    /// Somebody was reminded, or it was of no use any more.
    Dealt,
    /// The task was done meanwhile.
    Answered,
    /// The group let twice its time pass.
    TimedOut { stage: String, group: String },
}

impl Steps<'_> {
    /// Look at the review under way; its open tasks are watched from now on.
    pub(crate) fn standing(&self, state: &mut State) -> Result<Standing, Error> {
        let Some(review) = state.review_mut() else {
            return Ok(Standing::Open);
        };
        if let Some(batch) = &review.batch {
            let decided = batch.decided.clone();
            return Ok(decided.map_or(Standing::Open, Standing::Decided));
        }
        let process = self.cx.workflow().get(&review.process);
        let process =
            process.map_err(|error| error.context("the review process cannot be read"))?;
        Ok(match process.state {
            ProcessState::Active => {
                self.watch_tasks(review)?;
                Standing::Open
            }
            ProcessState::Suspended => Standing::Stopped(format!(
                "the review process {} is suspended in the workflow engine; activate it there, then retry the run",
                process.id
            )),
            ProcessState::Terminated => {
                let why = process.reason.as_deref().unwrap_or("no reason given");
                Standing::Stopped(format!(
                    "the review process {} was ended in the workflow engine: {why}; send the signal `{RESTART}` and retry the run for another review, or cancel it",
                    process.id
                ))
            }
            ProcessState::Completed => Standing::Decided(Box::new(process)),
        })
    }

    /// Note which tasks are open, and when something happens to each.
    fn watch_tasks(&self, review: &mut Review) -> Result<(), Error> {
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
    pub(super) fn open_tasks(&self, process: &str) -> Result<Vec<Task>, Error> {
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

    /// An alarm came: remind whoever has the task, then let their leads decide as well.
    pub(crate) fn alarm(&self, state: &mut State, name: &str) -> Result<Alarm, Error> {
        let Some((task, percent)) = parse_alarm(name) else {
            return Ok(Alarm::Dealt);
        };
        let tasks = state.review_mut().map(|review| &mut review.tasks);
        let Some(watched) = tasks.and_then(|tasks| tasks.get_mut(task)) else {
            return Ok(Alarm::Dealt);
        };
        watched.alarms.retain(|(other, _)| *other > percent);
        let (stage, group) = (watched.stage.clone(), watched.group.clone());
        let open = self.cx.tasks().get(task).or_absent()?;
        if open.is_none_or(|task| task.completed_at.is_some()) {
            return Ok(Alarm::Answered);
        }
        if percent >= TIMEOUT {
            return Ok(Alarm::TimedOut { stage, group });
        }
        if percent >= ESCALATION {
            self.escalate(state, task, &stage, &group)?;
        } else {
            let text = format!("Reminder: {percent} % of the time for this decision has passed.");
            self.cx.tasks().comment(task, &text)?;
        }
        Ok(Alarm::Dealt)
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

    /// Say in the audit who let the time pass; the reason in words.
    pub(crate) fn record_timeout(&self, state: &State, stage: &str, group: &str) -> String {
        let reason = overdue(stage, group);
        let mut record = self.record("timed-out", "system", state);
        record.comment = Some(reason.clone());
        self.cx.decision(&record);
        reason
    }
}

/// Who let twice the time pass, in words.
pub(super) fn overdue(stage: &str, group: &str) -> String {
    format!("{group} did not decide in stage {stage} within twice the time")
}
