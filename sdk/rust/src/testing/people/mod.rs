//! A workflow engine in which people answer, for tests of handlers that ask through a
//! [`Desk`](crate::blocks::Desk).
#![expect(
    clippy::panic,
    reason = "a test that asks for what is not there has failed"
)]

mod comments;

use std::cell::{Cell, RefCell};

use serde_json::Value as Json;

use super::START;
use crate::capability::workflow::{
    Decision, Directory, Principal, PrincipalKind, Process, ProcessComment, ProcessState,
    StartRequest, Started, Task, TaskPage, TaskQuery, Tasks, WorkflowSink,
};
use crate::types::{Error, Field, FieldsExt, Timestamp};

/// The double. Every definition is a desk; every group and user exists unless it is `disabled`.
#[derive(Debug, Default)]
pub struct People {
    processes: RefCell<Vec<Process>>,
    tasks: RefCell<Vec<Task>>,
    comments: RefCell<Vec<(String, ProcessComment)>>,
    /// Groups and users that are unknown or switched off.
    pub disabled: RefCell<Vec<String>>,
    /// When tasks are made and answered.
    pub now: Cell<Timestamp>,
    /// Reminders, reassignments and the like, in order: `comment task-1: …`.
    pub done: RefCell<Vec<String>>,
    /// Tasks that were ever made, those taken away with their process included.
    made: Cell<usize>,
}

impl People {
    /// Nobody was asked anything yet; the time is [`START`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: Cell::new(START),
            ..Self::default()
        }
    }

    /// All processes that were ever started.
    #[must_use]
    pub fn processes(&self) -> Vec<Process> {
        self.processes.borrow().clone()
    }

    /// The open questions, oldest first, as `id: group or person`.
    #[must_use]
    pub fn open(&self) -> Vec<String> {
        let tasks = self.tasks.borrow();
        let open = tasks.iter().filter(|task| task.completed_at.is_none());
        open.map(|task| {
            let question = task.variables.text("question").unwrap_or_default();
            let to = task
                .assignee
                .clone()
                .unwrap_or_else(|| task.candidate_groups.join("+"));
            format!("{question}: {to}")
        })
        .collect()
    }

    /// The text of an open question.
    ///
    /// # Panics
    /// Where it is not open.
    #[must_use]
    pub fn text(&self, question: &str) -> String {
        let tasks = self.tasks.borrow();
        let task = tasks.iter().find(|task| is_open(task, question));
        let text = task.and_then(|task| task.variables.text("text"));
        text.unwrap_or_else(|| panic!("{question} is not open"))
            .to_owned()
    }

    /// A person answers an open question.
    ///
    /// # Panics
    /// Where it is not open.
    pub fn answer(&self, question: &str, by: &str, outcome: &str, values: &[(&str, &str)]) {
        let task = self
            .tasks
            .borrow()
            .iter()
            .find(|task| is_open(task, question))
            .map(|task| task.id.clone());
        let task = task.unwrap_or_else(|| panic!("{question} is not among {:?}", self.open()));
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| Field::new(*name, *value))
            .collect();
        self.finish(&task, Some(by), outcome, &values);
    }

    /// A person or a system starts a process with a form.
    pub fn request(&self, definition: &str, key: &str, form: &[(&str, &str)]) -> String {
        let request = form
            .iter()
            .fold(StartRequest::new(definition, key, key), |request, field| {
                request.variable(field.0, field.1)
            });
        self.begin(&request).id
    }

    /// An administrator sets the state of a process.
    pub fn set_state(&self, process: &str, state: ProcessState, reason: Option<&str>) {
        let mut processes = self.processes.borrow_mut();
        if let Some(found) = processes.iter_mut().find(|found| found.id == process) {
            found.state = state;
            found.reason = reason.map(str::to_owned);
        }
    }

    fn begin(&self, request: &StartRequest) -> Process {
        let process = Process {
            id: format!("process-{}", self.processes.borrow().len() + 1),
            definition: request.definition.clone(),
            business_key: request.business_key.clone(),
            state: ProcessState::Active,
            outcome: None,
            reason: None,
            variables: request.variables.clone(),
            decisions: Vec::new(),
            started_at: Some(self.now.get()),
            ended_at: None,
            link: None,
        };
        self.processes.borrow_mut().push(process.clone());
        self.ask(&process.id, &request.variables);
        process
    }

    fn ask(&self, process: &str, variables: &[Field]) {
        let text = variables.text("questions").unwrap_or("[]");
        let questions: Vec<Json> = serde_json::from_str(text).unwrap_or_default();
        for question in questions {
            let text = |name: &str| question[name].as_str().map(str::to_owned);
            let mut tasks = self.tasks.borrow_mut();
            let known = |task: &Task| {
                task.process == process
                    && task.variables.text("question") == question["id"].as_str()
            };
            if tasks.iter().any(known) {
                continue;
            }
            self.made.set(self.made.get() + 1);
            let id = format!("task-{}", self.made.get());
            tasks.push(Task {
                id,
                process: process.to_owned(),
                name: text("name").unwrap_or_default(),
                assignee: text("assignee"),
                candidate_users: Vec::new(),
                candidate_groups: text("group").into_iter().collect(),
                created_at: self.now.get(),
                due_at: question["due"].as_i64(),
                completed_at: None,
                outcome: None,
                variables: ["id", "text", "title"]
                    .iter()
                    .map(|name| {
                        let variable = if *name == "id" { "question" } else { name };
                        Field::new(variable, text(name).unwrap_or_default())
                    })
                    .collect(),
            });
        }
    }

    fn finish(&self, task: &str, by: Option<&str>, outcome: &str, values: &[Field]) {
        let mut tasks = self.tasks.borrow_mut();
        let Some(task) = tasks.iter_mut().find(|found| found.id == task) else {
            return;
        };
        if task.completed_at.is_some() {
            return;
        }
        task.completed_at = Some(self.now.get());
        task.outcome = Some(outcome.to_owned());
        task.variables.extend(values.iter().cloned());
        let mut processes = self.processes.borrow_mut();
        if let Some(process) = processes.iter_mut().find(|found| found.id == task.process) {
            process.decisions.push(Decision {
                task: task.id.clone(),
                name: task.name.clone(),
                group: task.candidate_groups.first().cloned(),
                outcome: outcome.to_owned(),
                by: by.map(str::to_owned),
                on_behalf_of: None,
                at: Some(self.now.get()),
                comment: values.text("comment").unwrap_or_default().to_owned(),
                variables: task.variables.clone(),
            });
        }
    }

    fn end(&self, process: &str, change: impl FnOnce(&mut Process)) {
        let mut processes = self.processes.borrow_mut();
        if let Some(found) = processes
            .iter_mut()
            .find(|found| found.id == process && found.state == ProcessState::Active)
        {
            change(found);
            found.ended_at = Some(self.now.get());
            self.tasks
                .borrow_mut()
                .retain(|task| task.process != process || task.completed_at.is_some());
        }
    }
}

fn is_open(task: &Task, question: &str) -> bool {
    task.completed_at.is_none() && task.variables.text("question") == Some(question)
}

impl WorkflowSink for People {
    fn start(&self, request: &StartRequest) -> Result<Started, Error> {
        let found = self.find(&request.definition, &request.business_key)?;
        let adopted = found.is_some();
        let process = found.unwrap_or_else(|| self.begin(request));
        Ok(Started { process, adopted })
    }

    fn find(&self, definition: &str, business_key: &str) -> Result<Option<Process>, Error> {
        let processes = self.processes.borrow();
        let found = processes
            .iter()
            .rfind(|found| found.definition == definition && found.business_key == business_key);
        Ok(found.cloned())
    }

    fn get(&self, process: &str) -> Result<Process, Error> {
        let processes = self.processes.borrow();
        let found = processes.iter().find(|found| found.id == process);
        found
            .cloned()
            .ok_or_else(|| Error::not_found(format!("no process {process}")))
    }

    fn cancel(&self, process: &str, reason: &str) -> Result<(), Error> {
        self.end(process, |found| {
            found.state = ProcessState::Terminated;
            found.reason = Some(reason.to_owned());
        });
        Ok(())
    }

    fn message(&self, process: &str, name: &str, variables: &[Field]) -> Result<(), Error> {
        if WorkflowSink::get(self, process)?.state != ProcessState::Active {
            return Err(Error::conflict(format!("{process} waits for no message")));
        }
        if name == "close" {
            let outcome = variables.text("outcome").unwrap_or_default().to_owned();
            self.end(process, |found| {
                found.state = ProcessState::Completed;
                found.outcome = Some(outcome);
            });
        } else {
            self.ask(process, variables);
        }
        Ok(())
    }

    fn set_variables(&self, process: &str, variables: &[Field]) -> Result<(), Error> {
        let mut processes = self.processes.borrow_mut();
        if let Some(found) = processes.iter_mut().find(|found| found.id == process) {
            for variable in variables {
                found.variables.retain(|old| old.name != variable.name);
                found.variables.push(variable.clone());
            }
        }
        Ok(())
    }
}

impl Tasks for People {
    fn list(&self, query: &TaskQuery) -> Result<TaskPage, Error> {
        let tasks = self.tasks.borrow();
        let wanted = |task: &&Task| {
            query.process.as_ref().is_none_or(|id| *id == task.process)
                && (query.include_completed || task.completed_at.is_none())
        };
        Ok(TaskPage {
            tasks: tasks.iter().filter(wanted).cloned().collect(),
            next: None,
        })
    }

    fn get(&self, task: &str) -> Result<Task, Error> {
        let tasks = self.tasks.borrow();
        let found = tasks.iter().find(|found| found.id == task);
        found
            .cloned()
            .ok_or_else(|| Error::not_found(format!("no task {task}")))
    }

    fn complete(&self, task: &str, outcome: &str, variables: &[Field]) -> Result<(), Error> {
        self.finish(task, None, outcome, variables);
        Ok(())
    }

    fn reassign(&self, task: &str, group: &str) -> Result<(), Error> {
        self.done
            .borrow_mut()
            .push(format!("reassign {task}: {group}"));
        let mut tasks = self.tasks.borrow_mut();
        if let Some(found) = tasks.iter_mut().find(|found| found.id == task) {
            found.candidate_groups.push(group.to_owned());
        }
        Ok(())
    }

    fn set_due(&self, task: &str, due: Timestamp) -> Result<(), Error> {
        let mut tasks = self.tasks.borrow_mut();
        if let Some(found) = tasks.iter_mut().find(|found| found.id == task) {
            found.due_at = Some(due);
        }
        Ok(())
    }

    fn comment(&self, task: &str, text: &str) -> Result<(), Error> {
        self.done
            .borrow_mut()
            .push(format!("comment {task}: {text}"));
        Ok(())
    }
}

impl Directory for People {
    fn lookup(&self, kind: PrincipalKind, id: &str) -> Result<Option<Principal>, Error> {
        if self.disabled.borrow().iter().any(|name| name == id) {
            return Ok(None);
        }
        Ok(Some(Principal {
            kind,
            id: id.to_owned(),
            display_name: id.to_owned(),
            enabled: true,
        }))
    }
}
