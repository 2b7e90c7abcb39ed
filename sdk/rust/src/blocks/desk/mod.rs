//! The desk: one process in the workflow engine in which a run asks people, round after round.
//!
//! The process has to behave as `docs/processes.md` says of desks. A [`Desk`] is part of a handler's
//! state: it remembers what was asked, whose time runs, and which answers were read already. All its
//! functions may be repeated.

mod time;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::time::Alarm;
use super::question::{Answer, Asked, Question};
use super::{WorkCalendar, usable_group};
use crate::capability::workflow::{ProcessState, StartRequest, Started, Task, TaskQuery};
use crate::handler::Cx;
use crate::types::{Error, Field, FieldsExt};
use crate::workflow::Decision;
use crate::{OrAbsent, paging};

/// Message that brings further questions.
const ASK: &str = "ask";
/// Message that ends the process.
const CLOSE: &str = "close";
/// Outcome of a task that was taken back.
const WITHDRAWN: &str = "withdrawn";
/// Most processes of one business key. People give up long before; it keeps a mistake from asking
/// for ever.
const MOST_RUNS: u32 = 50;
/// Most tasks of one process that are looked at: far more than people can answer.
const TASK_LIMIT: usize = 10_000;

/// How a flow deals with people, from its configuration.
#[derive(Clone, Copy, Debug)]
pub struct DeskRules<'a> {
    /// Who is asked where a group is unknown or switched off.
    pub fallback_group: &'a str,
    /// Who may answer as well once a question is overdue.
    pub escalation_group: &'a str,
    /// Working time.
    pub calendar: &'a WorkCalendar,
    /// Reminders, in per cent of a question's time.
    pub reminders: &'a [u32],
    /// Operators' channels that hear of escalations.
    pub channels: &'a [String],
}

/// What was read from the process.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// The process runs; these answers are new, oldest first.
    Open(Vec<Answer>),
    /// Somebody stopped the process for a while.
    Suspended,
    /// Somebody ended the process from outside, for this reason.
    Ended(String),
}

impl Reading {
    /// Why a run parks where its process does not run.
    #[must_use]
    pub fn stopped(&self, process: &str) -> Option<String> {
        match self {
            Self::Open(_) => None,
            Self::Suspended => Some(format!(
                "the process {process} is suspended in the workflow engine; activate it there, then \
                 retry the run"
            )),
            Self::Ended(reason) => Some(format!(
                "the process {process} was ended in the workflow engine: {reason}"
            )),
        }
    }
}

/// A process in which people are asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Desk {
    /// Id of the process; empty before it is opened.
    pub process: String,
    /// Questions without an answer so far, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub asked: BTreeMap<String, Asked>,
    /// Tasks whose answers were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    read: Vec<String>,
    /// Processes that were left; none of them is adopted again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left: Vec<String>,
}

impl Desk {
    /// The desk of a process that somebody else started.
    #[must_use]
    pub fn of_process(id: &str) -> Self {
        Self {
            process: id.to_owned(),
            ..Self::default()
        }
    }

    /// Is there a process?
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.process.is_empty()
    }

    /// Start the process with its first questions, or adopt the one of this business key (rule C-10).
    /// Where an earlier run's process of this key has ended, a number is added to the key.
    ///
    /// # Errors
    /// Those of `workflow-sink.start`.
    pub fn open(
        &mut self,
        cx: &Cx,
        rules: &DeskRules<'_>,
        request: StartRequest,
        questions: Vec<Question>,
    ) -> Result<(), Error> {
        let questions = self.prepare(cx, rules, questions)?;
        let asked = to_json(&questions)?;
        let request = request
            .variable("run", cx.run_id())
            .variable("questions", asked.as_str());
        let started = start(cx, request, &self.left)?;
        self.process = started.process.id;
        let was_asked = started.process.variables.text("questions") == Some(asked.as_str());
        if started.adopted && !was_asked {
            // The process of an earlier attempt or run was asked something else, or not all of this.
            self.send(cx, &questions)?;
        }
        self.note(cx, rules, questions)
    }

    /// Ask further questions. One whose id was asked before is not asked again.
    ///
    /// # Errors
    /// Those of `workflow-sink.message`.
    pub fn ask(
        &mut self,
        cx: &Cx,
        rules: &DeskRules<'_>,
        questions: Vec<Question>,
    ) -> Result<(), Error> {
        if questions.is_empty() {
            return Ok(());
        }
        let questions = self.prepare(cx, rules, questions)?;
        self.send(cx, &questions)?;
        self.note(cx, rules, questions)
    }

    /// What happened at the process since the last reading.
    ///
    /// # Errors
    /// Those of `workflow-sink.get`.
    pub fn read(&mut self, cx: &Cx) -> Result<Reading, Error> {
        let process = cx
            .workflow()
            .get(&self.process)
            .map_err(|error| error.context("the process cannot be read"))?;
        let mut answers = Vec::new();
        for decision in process.decisions {
            if self.read.contains(&decision.task) {
                continue;
            }
            self.read.push(decision.task.clone());
            if let Some(answer) = self.answer(decision) {
                answers.push(answer);
            }
        }
        Ok(match process.state {
            _ if !answers.is_empty() => Reading::Open(answers),
            ProcessState::Active => Reading::Open(Vec::new()),
            ProcessState::Suspended => Reading::Suspended,
            ProcessState::Completed | ProcessState::Terminated => {
                Reading::Ended(process.reason.unwrap_or_else(|| "ended".to_owned()))
            }
        })
    }

    /// The answers that are new, oldest first; or why the run parks, because its process does not run.
    ///
    /// # Errors
    /// Those of [`Desk::read`].
    pub fn answers(&mut self, cx: &Cx) -> Result<Result<Vec<Answer>, String>, Error> {
        let reading = self.read(cx)?;
        let stopped = reading.stopped(&self.process).unwrap_or_default();
        Ok(match reading {
            Reading::Open(answers) => Ok(answers),
            Reading::Suspended | Reading::Ended(_) => Err(stopped),
        })
    }

    fn answer(&mut self, decision: Decision) -> Option<Answer> {
        let question = decision.variables.text("question")?.to_owned();
        let asked = self.asked.remove(&question);
        if decision.outcome == WITHDRAWN {
            return None;
        }
        Some(Answer::of(question, asked, decision))
    }

    /// Take questions back: their tasks disappear from inboxes.
    ///
    /// # Errors
    /// Those of `tasks.list` and `tasks.complete`.
    pub fn withdraw(&mut self, cx: &Cx, questions: &[&str]) -> Result<(), Error> {
        if questions.is_empty() || !self.is_open() {
            return Ok(());
        }
        for task in self.open_tasks(cx)? {
            let question = task.variables.text("question").unwrap_or_default();
            if questions.contains(&question) {
                cx.tasks().complete(&task.id, WITHDRAWN, &[]).or_absent()?;
            }
        }
        self.asked.retain(|id, _| !questions.contains(&id.as_str()));
        Ok(())
    }

    /// Take back whatever is asked: nobody is asked any more for now.
    ///
    /// # Errors
    /// Those of [`Desk::withdraw`].
    pub fn withdraw_all(&mut self, cx: &Cx) -> Result<(), Error> {
        let asked: Vec<_> = self.asked.keys().cloned().collect();
        let asked: Vec<_> = asked.iter().map(String::as_str).collect();
        self.withdraw(cx, &asked)
    }

    /// Show people facts: variables of the process.
    ///
    /// # Errors
    /// Those of `workflow-sink.set-variables`.
    pub fn show(&self, cx: &Cx, variables: &[Field]) -> Result<(), Error> {
        cx.workflow().set_variables(&self.process, variables)
    }

    /// End the process with an outcome.
    ///
    /// # Errors
    /// Those of `workflow-sink.message`; a process that has ended already is fine.
    pub fn close(&mut self, cx: &Cx, outcome: &str) -> Result<(), Error> {
        self.asked.clear();
        if !self.is_open() || self.has_ended(cx)? {
            return Ok(());
        }
        let variables = [Field::new("outcome", outcome)];
        cx.workflow().message(&self.process, CLOSE, &variables)
    }

    /// End the process from outside, for a reason.
    ///
    /// # Errors
    /// Those of `workflow-sink.cancel`; a process that has ended already is fine.
    pub fn cancel(&mut self, cx: &Cx, reason: &str) -> Result<(), Error> {
        self.asked.clear();
        if !self.is_open() {
            return Ok(());
        }
        cx.workflow()
            .cancel(&self.process, reason)
            .or_absent()
            .map(drop)
    }

    /// Leave the process for good, as after somebody ended it from outside: the next [`Desk::open`]
    /// starts another.
    ///
    /// # Errors
    /// Those of `workflow-sink.cancel`; a process that has ended already is fine.
    pub fn leave(&mut self, cx: &Cx, reason: &str) -> Result<(), Error> {
        self.cancel(cx, reason)?;
        if self.is_open() {
            self.left.push(std::mem::take(&mut self.process));
        }
        Ok(())
    }

    fn has_ended(&self, cx: &Cx) -> Result<bool, Error> {
        let state = cx.workflow().get(&self.process)?.state;
        Ok(matches!(
            state,
            ProcessState::Completed | ProcessState::Terminated
        ))
    }

    fn open_tasks(&self, cx: &Cx) -> Result<Vec<Task>, Error> {
        let (open, _) = paging::collect(TASK_LIMIT, |page| {
            let query = TaskQuery {
                process: Some(self.process.clone()),
                page: page.map(str::to_owned),
                ..TaskQuery::default()
            };
            let found = cx.tasks().list(&query)?;
            Ok((found.tasks, found.next))
        })?;
        Ok(open)
    }

    /// Only questions that are new, to groups that can be asked, each with its due time.
    fn prepare(
        &self,
        cx: &Cx,
        rules: &DeskRules<'_>,
        questions: Vec<Question>,
    ) -> Result<Vec<Question>, Error> {
        let fresh = questions
            .into_iter()
            .filter(|question| !self.asked.contains_key(&question.id));
        fresh
            .map(|mut question| {
                if let Some(group) = &question.group {
                    question.group = Some(usable_group(cx, rules, group)?);
                }
                if let Some(sla) = question.sla {
                    let began = question.since.unwrap_or(cx.now());
                    question.due = Some(sla.after(cx, rules.calendar, began, time::ESCALATION)?);
                }
                Ok(question)
            })
            .collect()
    }

    fn send(&self, cx: &Cx, questions: &[Question]) -> Result<(), Error> {
        if questions.is_empty() {
            return Ok(());
        }
        let variables = [Field::new("questions", to_json(questions)?)];
        cx.workflow().message(&self.process, ASK, &variables)
    }

    fn note(
        &mut self,
        cx: &Cx,
        rules: &DeskRules<'_>,
        questions: Vec<Question>,
    ) -> Result<(), Error> {
        for question in questions {
            let alarms = time::alarms(cx, rules, &question)?;
            let asked = Asked {
                to: question.addressee().to_owned(),
                due: question.due,
                rule: question.rule.clone(),
                alarms,
            };
            self.asked.insert(question.id, asked);
        }
        Ok(())
    }
}

/// Start a process of this run, or adopt the one that is there. One that ended belongs to an earlier
/// run of the same business key, or was left by this one.
fn start(cx: &Cx, mut request: StartRequest, left: &[String]) -> Result<Started, Error> {
    let key = request.business_key.clone();
    for number in 2..=MOST_RUNS {
        let started = cx.workflow().start(&request)?;
        let process = &started.process;
        let ours = process.variables.text("run") == Some(cx.run_id());
        let goes_on = ours || process.state == ProcessState::Active;
        if !started.adopted || goes_on && !left.contains(&process.id) {
            return Ok(started);
        }
        request.business_key = format!("{key}:{number}");
    }
    Err(Error::conflict(format!(
        "{MOST_RUNS} processes of the business key {key} have ended already"
    )))
}

fn to_json(questions: &[Question]) -> Result<String, Error> {
    serde_json::to_string(questions).map_err(|error| Error::invalid(error.to_string()))
}

#[cfg(test)]
mod tests;
