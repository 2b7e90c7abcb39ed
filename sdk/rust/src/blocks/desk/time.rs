//! Time (rule C-22): reminders, escalation and time-out of questions.

use super::{Desk, DeskRules};
use crate::blocks::{Question, usable_group};
use crate::handler::{Cx, DecisionRecord, Wait};
use crate::types::{Error, FieldsExt, Timestamp};

/// Per cent of a question's time at which it is escalated.
pub(super) const ESCALATION: u32 = 100;
/// Per cent of a question's time at which waiting for an answer ends.
const TIMEOUT: u32 = 200;

/// What became of a timer of the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Nothing the handler has to do: a reminder, an escalation, a question answered meanwhile.
    Dealt,
    /// Twice the time has passed without an answer to this question.
    TimedOut(String),
}

/// What happens when to a question. A reminder whose time was before it is asked is left out.
pub(super) fn alarms(
    cx: &Cx,
    rules: &DeskRules<'_>,
    question: &Question,
) -> Result<Vec<(u32, Timestamp)>, Error> {
    let Some(sla) = question.sla else {
        return Ok(Vec::new());
    };
    let began = question.since.unwrap_or(cx.now());
    let percents = rules.reminders.iter().copied().chain([ESCALATION, TIMEOUT]);
    let mut alarms = percents
        .map(|percent| Ok((percent, sla.after(cx, rules.calendar, began, percent)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    alarms.retain(|(percent, at)| *percent >= ESCALATION || *at >= cx.now());
    alarms.sort_by_key(|(percent, at)| (*at, *percent));
    Ok(alarms)
}

impl Desk {
    /// The next timer of each question, as name and time. Set them on every waiting step.
    pub fn timers(&self) -> impl Iterator<Item = (String, Timestamp)> + '_ {
        self.asked.iter().filter_map(|(id, asked)| {
            let (percent, at) = asked.alarms.first()?;
            Some((format!("desk:{percent}:{id}"), *at))
        })
    }

    /// When the next answer is due, for people.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        self.asked.values().filter_map(|asked| asked.due).min()
    }

    /// Whose turn it is.
    pub fn parties(&self) -> impl Iterator<Item = &str> {
        self.asked.values().map(|asked| asked.to.as_str())
    }

    /// Wait for what happens at the process and for the next timer of each question, and say whose
    /// turn it is. `role` is that of the workflow engine.
    pub fn watch<S>(&self, mut wait: Wait<S>, role: &str) -> Wait<S> {
        if self.is_open() {
            wait = wait.subscribe(role, "process", self.process.as_str());
        }
        for (name, at) in self.timers() {
            wait = wait.timer(name, at);
        }
        for party in self.parties() {
            wait = wait.party(party);
        }
        wait
    }

    /// A timer came: remind, escalate, or say that time is up. None where it is not the desk's.
    ///
    /// # Errors
    /// Those of `tasks.comment` and `tasks.reassign`.
    pub fn alarm(
        &mut self,
        cx: &Cx,
        rules: &DeskRules<'_>,
        timer: &str,
    ) -> Result<Option<Alarm>, Error> {
        let Some((percent, id)) = parse_timer(timer) else {
            return Ok(None);
        };
        let Some(asked) = self.asked.get_mut(id) else {
            return Ok(Some(Alarm::Dealt));
        };
        asked.alarms.retain(|(other, _)| *other > percent);
        if percent >= TIMEOUT {
            return Ok(Some(Alarm::TimedOut(id.to_owned())));
        }
        let id = id.to_owned();
        let tasks = self.open_tasks(cx)?;
        let ours = tasks
            .iter()
            .find(|task| task.variables.text("question") == Some(&id));
        if let Some(task) = ours {
            if percent >= ESCALATION {
                self.escalate(cx, rules, &id, &task.id)?;
            } else {
                let text = format!("Reminder: {percent} % of the time for this has passed.");
                cx.tasks().comment(&task.id, &text)?;
            }
        }
        Ok(Some(Alarm::Dealt))
    }

    /// A timer came: remind or escalate, as [`Desk::alarm`] does. Where time is up, why the run parks.
    ///
    /// # Errors
    /// Those of [`Desk::alarm`].
    pub fn time_is_up(
        &mut self,
        cx: &Cx,
        rules: &DeskRules<'_>,
        timer: &str,
    ) -> Result<Option<String>, Error> {
        Ok(match self.alarm(cx, rules, timer)? {
            Some(Alarm::TimedOut(question)) => Some(format!(
                "nobody answered `{question}` within twice the time"
            )),
            Some(Alarm::Dealt) | None => None,
        })
    }

    fn escalate(
        &self,
        cx: &Cx,
        rules: &DeskRules<'_>,
        question: &str,
        task: &str,
    ) -> Result<(), Error> {
        let leads = usable_group(cx, rules, rules.escalation_group)?;
        cx.tasks().reassign(task, &leads)?;
        let late = self.asked.get(question).map_or("", |asked| &asked.to);
        let mut record = DecisionRecord::new("escalated", "system");
        record.process = Some(self.process.clone());
        record.task = Some(task.to_owned());
        record.comment = Some(format!(
            "{late} did not answer in time; {leads} may answer as well"
        ));
        cx.decision(&record);
        let key = cx.business_key();
        let message = format!("{key}: `{question}` is overdue, escalated to {leads}");
        cx.notify_all(rules.channels, &message);
        Ok(())
    }
}

fn parse_timer(name: &str) -> Option<(u32, &str)> {
    let (percent, id) = name.strip_prefix("desk:")?.split_once(':')?;
    Some((percent.parse().ok()?, id))
}
