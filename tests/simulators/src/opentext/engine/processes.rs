//! Start, end, suspend and message processes.

use std::collections::BTreeMap;

use super::model::{Assignment, Job, Process, Task};
use super::variable::{self, Variable};
use super::{Engine, Error, Result};
use crate::common::effect;
use crate::opentext::definitions::{Flow, Move, TaskPlan, definitions, no_definition};

/// Failures an external job may have before it is set aside: Flowable's default.
const JOB_RETRIES: i64 = 3;

/// Flowable's words for the tasks of a step that has been decided without them.
const CLOSED_WITH_STAGE: &str = "Delete MI execution";

/// Flowable's words where whoever ends a process gives none.
const DELETED: &str = "process instance deleted";

/// What picks a definition; exactly one.
#[derive(Clone, Debug)]
pub(crate) enum DefinitionRef {
    Key(String),
    Id(String),
    Message(String),
}

/// What to start.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) definition: DefinitionRef,
    pub(crate) name: Option<String>,
    pub(crate) business_key: Option<String>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) by: String,
}

impl Engine {
    /// Start a process. Starting twice with one business key makes two processes, as in the product.
    pub(crate) fn start(&mut self, start: Start) -> Result<String> {
        let (definition, definition_id) = self.pick(&start.definition)?;
        let (flow, moves) = Flow::start(&definition, &start.variables)?;
        let process = Process {
            id: self.next_id(),
            definition,
            definition_id,
            name: start.name,
            business_key: start.business_key,
            started_at: self.now(),
            started_by: start.by,
            ended_at: None,
            delete_reason: None,
            suspended: false,
            variables: start.variables,
            flow,
        };
        let id = process.id.clone();
        if let Some(key) = &process.business_key {
            self.by_business_key
                .entry(key.clone())
                .or_default()
                .push(id.clone());
        }
        self.processes.push(process);
        effect("start-process");
        self.make(&id, moves);
        Ok(id)
    }

    fn pick(&self, definition: &DefinitionRef) -> Result<(String, String)> {
        let found = match definition {
            DefinitionRef::Key(key) => self.latest_model(key).ok_or_else(|| no_definition(key))?,
            DefinitionRef::Id(id) => self.models.get(id).ok_or_else(|| {
                Error::Invalid(format!(
                    "no deployed process definition found with id '{id}'"
                ))
            })?,
            DefinitionRef::Message(message) => definitions()
                .find(|definition| definition.start_message == message)
                .and_then(|definition| self.latest_model(definition.key))
                .ok_or_else(|| {
                    Error::Invalid(format!(
                        "no subscription to a message with name '{message}'"
                    ))
                })?,
        };
        Ok((found.key.clone(), found.id.clone()))
    }

    /// All processes of a business key, oldest first, ended ones included.
    pub(crate) fn of_business_key(&self, key: &str) -> Vec<&Process> {
        let ids = self.by_business_key.get(key).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.processes.get(id)).collect()
    }

    /// A process that has not ended.
    pub(crate) fn running(&self, id: &str) -> Result<&Process> {
        self.processes
            .get(id)
            .filter(|process| process.is_running() && self.is_visible(process.started_at))
            .ok_or_else(|| Error::no_process(id))
    }

    fn running_mut(&mut self, id: &str) -> Result<&mut Process> {
        self.running(id)?;
        self.processes
            .get_mut(id)
            .ok_or_else(|| Error::no_process(id))
    }

    /// End a process from outside; its tasks disappear.
    pub(crate) fn terminate(&mut self, id: &str, reason: Option<&str>) -> Result<()> {
        self.running(id)?;
        effect("terminate-process");
        self.close(id, Some(reason.unwrap_or(DELETED)));
        Ok(())
    }

    /// Stop a process for a while, or let it go on.
    pub(crate) fn suspend(&mut self, id: &str, suspended: bool) -> Result<()> {
        let process = self.running_mut(id)?;
        if process.suspended == suspended {
            let state = if suspended { "suspended" } else { "active" };
            return Err(Error::Conflict(format!(
                "Process instance with id '{id}' is already {state}."
            )));
        }
        effect(if suspended {
            "suspend-process"
        } else {
            "activate-process"
        });
        process.suspended = suspended;
        Ok(())
    }

    /// Set variables of a process. `replace`: also those it has.
    pub(crate) fn set_variables(
        &mut self,
        id: &str,
        variables: Vec<Variable>,
        replace: bool,
    ) -> Result<()> {
        let process = self.running_mut(id)?;
        effect("set-variables");
        set_all(&mut process.variables, variables, replace, id)
    }

    /// Deliver a message to a waiting execution.
    pub(crate) fn message(
        &mut self,
        execution: &str,
        name: &str,
        variables: Vec<Variable>,
    ) -> Result<()> {
        let process = self.process_of_execution(execution)?;
        let subscribed = process.flow.awaited_messages().contains(&name);
        if !subscribed || execution != event_execution(&process.id, name) {
            return Err(Error::Invalid(format!(
                "Execution with id '{execution}' does not have a subscription to a message event \
                 with name '{name}'"
            )));
        }
        if process.suspended {
            return Err(Error::Conflict(format!(
                "Execution '{execution}' is suspended."
            )));
        }
        let id = process.id.clone();
        let mut flow = process.flow.clone();
        let moves = flow.received(name, &variables)?;
        effect("message");
        self.set_variables(&id, variables, true)?;
        if let Some(process) = self.processes.get_mut(&id) {
            process.flow = flow;
        }
        self.make(&id, moves);
        Ok(())
    }

    /// The running process an execution belongs to.
    pub(crate) fn process_of_execution(&self, execution: &str) -> Result<&Process> {
        let not_found = || {
            Error::NotFound(format!(
                "Could not find an execution with id '{execution}'."
            ))
        };
        let process = match execution.split_once(EVENT_MARK) {
            Some((process, _)) => process,
            None => self
                .tasks
                .iter()
                .find(|task| task.execution == execution)
                .map_or(execution, |task| task.process.as_str()),
        };
        self.running(process).map_err(|_| not_found())
    }

    /// Do what comes next in a process.
    pub(super) fn make(&mut self, process: &str, moves: Vec<Move>) {
        for next in moves {
            match next {
                Move::Open(plan) => self.open(process, plan),
                Move::CloseStage(stage) => self.close_tasks(process, CLOSED_WITH_STAGE, |task| {
                    variable::text(&task.locals, "stage") == Some(&stage)
                }),
                Move::Enqueue(topic) => self.enqueue(process, topic),
                Move::End(variables) => {
                    if let Some(process) = self.processes.get_mut(process) {
                        for variable in variables {
                            variable::set(&mut process.variables, variable);
                        }
                    }
                    self.close(process, None);
                }
            }
        }
    }

    fn open(&mut self, process: &str, plan: TaskPlan) {
        let task = Task {
            id: self.next_id(),
            process: process.to_owned(),
            execution: self.next_id(),
            key: plan.key.to_owned(),
            name: plan.name,
            description: plan.description,
            assignee: plan.assignee,
            owner: None,
            delegation: None,
            created_at: self.now(),
            claimed_at: None,
            due_at: plan.due_at,
            priority: 50,
            category: None,
            assignments: plan
                .group
                .iter()
                .map(|g| Assignment::candidate_group(g))
                .collect(),
            locals: plan.locals,
            ended_at: None,
            delete_reason: None,
        };
        self.tasks.push(task);
    }

    fn enqueue(&mut self, process: &str, topic: String) {
        let job = Job {
            id: self.next_id(),
            process: process.to_owned(),
            execution: self.next_id(),
            topic,
            retries: JOB_RETRIES,
            created_at: self.now(),
            not_before: None,
            lock: None,
            failure: None,
            closed: false,
        };
        self.jobs.push(job);
    }

    fn close(&mut self, id: &str, reason: Option<&str>) {
        let now = self.now();
        self.close_tasks(id, reason.unwrap_or(CLOSED_WITH_STAGE), |_| true);
        self.jobs
            .iter_mut()
            .filter(|job| job.process == id)
            .for_each(|job| job.closed = true);
        let Some(process) = self.processes.get_mut(id) else {
            return;
        };
        process.ended_at = Some(now);
        process.delete_reason = reason.map(str::to_owned);
        if let Some(process) = self.processes.get(id).filter(|_| reason.is_none()) {
            self.call_back(process, "process-completed");
        }
    }

    fn close_tasks(&mut self, process: &str, reason: &str, which: impl Fn(&Task) -> bool) {
        let now = self.now();
        let open = self
            .tasks
            .iter_mut()
            .filter(|task| task.process == process && task.is_open());
        for task in open.filter(|task| which(task)) {
            task.ended_at = Some(now);
            task.delete_reason = Some(reason.to_owned());
        }
    }

    /// Executions of a process: itself, one per open task and job, one that waits for a message.
    pub(crate) fn executions(&self, process: &Process) -> BTreeMap<String, Option<String>> {
        let mut executions = BTreeMap::from([(process.id.clone(), None)]);
        let tasks = self
            .tasks
            .iter()
            .filter(|task| task.process == process.id && task.is_open());
        executions.extend(tasks.map(|task| (task.execution.clone(), Some(task.key.clone()))));
        let jobs = self
            .jobs
            .iter()
            .filter(|job| job.process == process.id && !job.closed);
        let element = crate::opentext::definitions::simple::WORK_ELEMENT.to_owned();
        executions.extend(jobs.map(|job| (job.execution.clone(), Some(element.clone()))));
        for message in process.flow.awaited_messages() {
            let execution = event_execution(&process.id, message);
            executions.insert(execution, Some((*message).to_owned()));
        }
        executions
    }
}

/// An execution that waits for a message is named after its process and the message.
const EVENT_MARK: &str = "-event-";

fn event_execution(process: &str, message: &str) -> String {
    format!("{process}{EVENT_MARK}{message}")
}

/// Set variables in a list; without `replace` one that exists refuses them all.
pub(super) fn set_all(
    list: &mut Vec<Variable>,
    variables: Vec<Variable>,
    replace: bool,
    owner: &str,
) -> Result<()> {
    let known = |name: &str| variable::get(list, name).is_some();
    if let Some(old) = variables
        .iter()
        .find(|variable| !replace && known(&variable.name))
    {
        let name = &old.name;
        return Err(Error::Conflict(format!(
            "Variable '{name}' is already present on '{owner}'."
        )));
    }
    variables
        .into_iter()
        .for_each(|variable| variable::set(list, variable));
    Ok(())
}
