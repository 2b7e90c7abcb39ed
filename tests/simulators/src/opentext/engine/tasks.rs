//! Claim, complete, delegate, resolve and change tasks.

use super::model::{Delegation, Task};
use super::variable::{self, Variable};
use super::{Actor, Engine, Error, Result};
use crate::common::effect;
use crate::opentext::definitions::{Decision, Flow, belongs_to_decision};

/// How a task is completed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Completion {
    /// The outcome; where absent, a variable `outcome` says it.
    pub(crate) outcome: Option<String>,
    /// Kept with the task; but for those of the decision itself they also become the process's.
    pub(crate) variables: Vec<Variable>,
    /// Kept with the task only.
    pub(crate) locals: Vec<Variable>,
}

impl Engine {
    /// A task somebody can still work on.
    pub(crate) fn open_task(&self, id: &str) -> Result<&Task> {
        let task = self
            .tasks
            .get(id)
            .filter(|task| self.is_visible(task.created_at));
        let task = task.ok_or_else(|| Error::no_task(id))?;
        if task.is_completed() {
            return Err(Error::AlreadyDone(format!(
                "Task '{id}' has already been completed."
            )));
        }
        if !task.is_open() {
            return Err(Error::no_task(id));
        }
        Ok(task)
    }

    pub(crate) fn open_task_mut(&mut self, id: &str) -> Result<&mut Task> {
        self.open_task(id)?;
        self.tasks.get_mut(id).ok_or_else(|| Error::no_task(id))
    }

    /// Take a task, or give it back (`None`).
    pub(crate) fn claim(&mut self, id: &str, assignee: Option<&str>) -> Result<()> {
        self.check_active(id)?;
        let now = self.now();
        let Some(assignee) = assignee else {
            let task = self.open_task_mut(id)?;
            (task.assignee, task.claimed_at) = (None, None);
            return Ok(());
        };
        self.check_person(assignee)?;
        let task = self.open_task_mut(id)?;
        if task
            .assignee
            .as_deref()
            .is_some_and(|other| other != assignee)
        {
            return Err(Error::Conflict(format!(
                "Task '{id}' is already claimed by someone else."
            )));
        }
        task.assignee = Some(assignee.to_owned());
        task.claimed_at = Some(now);
        effect("claim-task");
        Ok(())
    }

    /// Give a task to somebody who gives it back when done.
    pub(crate) fn delegate(&mut self, id: &str, actor: &Actor, to: &str) -> Result<()> {
        self.check_active(id)?;
        self.check_person(to)?;
        let task = self.open_task_mut(id)?;
        let owner = task
            .assignee
            .take()
            .unwrap_or_else(|| actor.name().to_owned());
        task.owner.get_or_insert(owner);
        effect("delegate-task");
        task.assignee = Some(to.to_owned());
        task.delegation = Some(Delegation::Pending);
        Ok(())
    }

    /// Give a delegated task back to its owner.
    pub(crate) fn resolve(&mut self, id: &str, variables: Vec<Variable>) -> Result<()> {
        self.check_active(id)?;
        let task = self.open_task_mut(id)?;
        task.assignee = task.owner.clone().or(task.assignee.take());
        task.delegation = Some(Delegation::Resolved);
        let process = task.process.clone();
        effect("resolve-task");
        if variables.is_empty() {
            return Ok(());
        }
        self.set_variables(&process, variables, true)
    }

    /// Complete a task; the process goes on.
    pub(crate) fn complete(&mut self, id: &str, actor: &Actor, done: Completion) -> Result<()> {
        self.check_active(id)?;
        let task = self.open_task(id)?;
        if task.delegation == Some(Delegation::Pending) {
            return Err(Error::Conflict(
                "A delegated task cannot be completed, but should be resolved instead.".to_owned(),
            ));
        }
        let person = decider(task, actor)?;
        let process = self.running(&task.process)?;
        if let Some(person) = &person {
            self.check_person(person)?;
            let apart = [&process.variables, &task.locals];
            if apart
                .iter()
                .any(|list| Flow::excluded(list).contains(person))
            {
                return Err(Error::Conflict(format!(
                    "User '{person}' is excluded from deciding this task."
                )));
            }
        }
        let said = |list| variable::text(list, "outcome").map(str::to_owned);
        let outcome = done
            .outcome
            .or_else(|| said(&done.variables))
            .or_else(|| said(&done.locals));
        let mut flow = process.flow.clone();
        let moves = flow.completed(Decision {
            stage: variable::text(&task.locals, "stage"),
            outcome: outcome.as_deref(),
            variables: &[done.variables.as_slice(), done.locals.as_slice()].concat(),
        })?;

        let process = process.id.clone();
        let now = self.now();
        let task = self.open_task_mut(id)?;
        effect("complete-task");
        task.ended_at = Some(now);
        task.assignee = person;
        let outcome = outcome.map(|outcome| Variable::new("outcome", outcome));
        let kept = done
            .variables
            .iter()
            .chain(&done.locals)
            .cloned()
            .chain(outcome);
        kept.for_each(|variable| variable::set(&mut task.locals, variable));
        let row = self
            .processes
            .get_mut(&process)
            .ok_or_else(|| Error::no_process(&process))?;
        row.flow = flow;
        let apart = row.flow.keeps_answers_apart();
        let shared = done
            .variables
            .into_iter()
            .filter(|new| !apart && !belongs_to_decision(&new.name));
        shared.for_each(|new| variable::set(&mut row.variables, new));
        if let Some(row) = self.processes.get(&process) {
            self.call_back(row, "task-completed");
        }
        self.make(&process, moves);
        Ok(())
    }

    /// Set variables of a task.
    pub(crate) fn set_locals(
        &mut self,
        id: &str,
        variables: Vec<Variable>,
        replace: bool,
    ) -> Result<()> {
        let task = self.open_task_mut(id)?;
        super::processes::set_all(&mut task.locals, variables, replace, id)
    }

    fn check_active(&self, id: &str) -> Result<()> {
        let task = self.open_task(id)?;
        let suspended = self
            .processes
            .get(&task.process)
            .is_some_and(|process| process.suspended);
        if suspended {
            return Err(Error::Conflict(
                "Cannot change a suspended task.".to_owned(),
            ));
        }
        Ok(())
    }
}

/// On whose account a completion goes: a person's own, or for a service account that of whoever has
/// the task.
fn decider(task: &Task, actor: &Actor) -> Result<Option<String>> {
    match (actor, &task.assignee) {
        (Actor::Person(person), Some(other)) if person != other => {
            let id = &task.id;
            Err(Error::Conflict(format!(
                "Task '{id}' is already claimed by someone else."
            )))
        }
        (Actor::Person(person), _) => Ok(Some(person.clone())),
        (Actor::Service(_), assignee) => Ok(assignee.clone()),
    }
}
