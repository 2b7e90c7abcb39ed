//! A workflow engine that runs `assetApproval` as the documentation of processes says.

use std::cell::{Cell, RefCell};

use forebay_sdk::testing::START;
use forebay_sdk::workflow::*;
use forebay_sdk::{Error, Field, FieldsExt, Timestamp, Value};
use serde::Deserialize;

#[derive(Clone, Deserialize)]
struct Stage {
    name: String,
    policy: String,
    quorum: usize,
    groups: Vec<Group>,
}

#[derive(Clone, Deserialize)]
struct Group {
    group: String,
}

#[derive(Default)]
pub(super) struct FakeEngine {
    processes: RefCell<Vec<Process>>,
    tasks: RefCell<Vec<Task>>,
    /// Groups and users that are unknown or switched off.
    pub(super) disabled: RefCell<Vec<&'static str>>,
    /// The account has no directory.
    pub(super) no_directory: Cell<bool>,
    /// Definitions that are deployed.
    pub(super) deployed: RefCell<Vec<&'static str>>,
    /// When tasks are made.
    pub(super) now: Cell<Timestamp>,
    /// Reminders, reassignments and the like, in order.
    pub(super) done: RefCell<Vec<String>>,
}

impl FakeEngine {
    /// Processes of a definition that were ever started.
    pub(super) fn started(&self, definition: &str) -> Vec<Process> {
        let processes = self.processes.borrow();
        processes
            .iter()
            .filter(|process| process.definition == definition)
            .cloned()
            .collect()
    }

    /// The last review.
    pub(super) fn review(&self) -> Process {
        self.started("assetApproval").pop().expect("a review")
    }

    /// Open tasks of reviews, as `stage: group`.
    pub(super) fn open(&self) -> Vec<String> {
        let tasks = self.tasks.borrow();
        let open = tasks.iter().filter(|task| task.completed_at.is_none());
        open.map(|task| format!("{}: {}", task.name, task.candidate_groups.join("+")))
            .collect()
    }

    pub(super) fn task_id(&self, stage: &str) -> String {
        let tasks = self.tasks.borrow();
        let mut open = tasks.iter().filter(|task| task.completed_at.is_none());
        open.find(|task| task.name == stage)
            .expect(stage)
            .id
            .clone()
    }

    /// A person completes the first open task of a stage.
    pub(super) fn decide(&self, stage: &str, by: &str, outcome: &str, variables: &[Field]) {
        let id = self.task_id(stage);
        self.complete_as(&id, Some(by), outcome, variables);
    }

    /// Somebody sets the state of the last review by hand.
    pub(super) fn set_state(&self, state: ProcessState, reason: Option<&str>) {
        let id = self.review().id;
        self.change(&id, |process| {
            process.state = state;
            process.reason = reason.map(str::to_owned);
        });
    }

    /// Another run started this process.
    pub(super) fn set_run(&self, id: &str, run: &str) {
        self.change(id, |process| {
            process.variables.retain(|variable| variable.name != "run");
            process.variables.push(Field::new("run", run));
        });
    }

    /// A person acknowledges the last notice.
    pub(super) fn acknowledge(&self) {
        let notice = self.started("forebayNotice").pop().expect("a notice").id;
        self.change(&notice, |process| process.state = ProcessState::Completed);
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Process)) {
        let mut processes = self.processes.borrow_mut();
        change(
            processes
                .iter_mut()
                .find(|process| process.id == id)
                .expect(id),
        );
    }

    fn open_stage(&self, process: &str, stage: &Stage) {
        for group in &stage.groups {
            let id = format!("task-{}", self.tasks.borrow().len() + 1);
            self.tasks.borrow_mut().push(Task {
                id,
                process: process.to_owned(),
                name: stage.name.clone(),
                assignee: None,
                candidate_users: Vec::new(),
                candidate_groups: vec![group.group.clone()],
                created_at: self.now.get(),
                due_at: None,
                completed_at: None,
                outcome: None,
                variables: vec![Field::new("group", group.group.as_str())],
            });
        }
    }

    fn close(&self, process: &str, stage: Option<&str>) {
        let mut tasks = self.tasks.borrow_mut();
        tasks.retain(|task| {
            task.completed_at.is_some()
                || task.process != process
                || stage.is_some_and(|stage| task.name != stage)
        });
    }

    fn complete_as(&self, id: &str, by: Option<&str>, outcome: &str, variables: &[Field]) {
        let task = {
            let mut tasks = self.tasks.borrow_mut();
            let task = tasks.iter_mut().find(|task| task.id == id).expect(id);
            task.completed_at = Some(self.now.get());
            task.outcome = Some(outcome.to_owned());
            task.clone()
        };
        let decision = Decision {
            task: task.id.clone(),
            name: task.name.clone(),
            group: task.variables.text("group").map(str::to_owned),
            outcome: outcome.to_owned(),
            by: by.map(str::to_owned),
            on_behalf_of: None,
            at: Some(self.now.get()),
            comment: variables.text("comment").unwrap_or_default().to_owned(),
            variables: variables.to_vec(),
        };
        self.change(&task.process, |process| process.decisions.push(decision));
        if matches!(outcome, "approved" | "approved-with-conditions") {
            let conditions = variables
                .iter()
                .filter(|field| ["conditions", "expiry"].contains(&field.name.as_str()));
            let conditions: Vec<_> = conditions.cloned().collect();
            self.change(&task.process, |process| {
                process.variables.extend(conditions)
            });
            self.go_on(&task.process, &task.name);
        } else {
            let mut last = variables.to_vec();
            last.push(Field::new("outcomeStage", task.name.as_str()));
            self.change(&task.process, |process| process.variables.extend(last));
            self.end(&task.process, outcome);
        }
    }

    fn go_on(&self, process: &str, stage: &str) {
        let stages = self.stages(process);
        let at = stages
            .iter()
            .position(|known| known.name == stage)
            .expect(stage);
        let approvals = {
            let tasks = self.tasks.borrow();
            let of_stage = tasks
                .iter()
                .filter(|task| task.process == process && task.name == stage);
            of_stage.filter(|task| task.completed_at.is_some()).count()
        };
        let needed = match stages[at].policy.as_str() {
            "all" => stages[at].groups.len(),
            "quorum" => stages[at].quorum,
            _ => 1,
        };
        if approvals < needed {
            return;
        }
        self.close(process, Some(stage));
        match stages.get(at + 1) {
            Some(next) => self.open_stage(process, next),
            None => {
                let process_now = WorkflowSink::get(self, process).unwrap();
                let conditions = process_now.variables.text("conditions").is_some();
                self.end(
                    process,
                    if conditions {
                        "approved-with-conditions"
                    } else {
                        "approved"
                    },
                );
            }
        }
    }

    fn end(&self, process: &str, outcome: &str) {
        self.close(process, None);
        self.change(process, |process| {
            process.state = ProcessState::Completed;
            process.outcome = Some(outcome.to_owned());
        });
    }

    fn stages(&self, process: &str) -> Vec<Stage> {
        let process = WorkflowSink::get(self, process).unwrap();
        serde_json::from_str(process.variables.text("stages").unwrap()).unwrap()
    }
}

impl WorkflowSink for FakeEngine {
    fn start(&self, request: &StartRequest) -> Result<Started, Error> {
        if let Some(process) = self.find(&request.definition, &request.business_key)? {
            return Ok(Started {
                process,
                adopted: true,
            });
        }
        let id = format!("process-{}", self.processes.borrow().len() + 1);
        let process = Process {
            id: id.clone(),
            definition: request.definition.clone(),
            business_key: request.business_key.clone(),
            state: ProcessState::Active,
            outcome: None,
            reason: None,
            variables: request.variables.clone(),
            decisions: Vec::new(),
            started_at: Some(START),
            ended_at: None,
            link: None,
        };
        self.processes.borrow_mut().push(process.clone());
        if request.definition == "assetApproval" {
            self.open_stage(&id, &self.stages(&id)[0]);
        }
        Ok(Started {
            process,
            adopted: false,
        })
    }

    fn find(&self, definition: &str, business_key: &str) -> Result<Option<Process>, Error> {
        let found = self.started(definition);
        Ok(found
            .into_iter()
            .find(|process| process.business_key == business_key))
    }

    fn get(&self, id: &str) -> Result<Process, Error> {
        let processes = self.processes.borrow();
        let found = processes.iter().find(|process| process.id == id).cloned();
        found.ok_or_else(|| Error::not_found(format!("no process {id}")))
    }

    fn cancel(&self, id: &str, reason: &str) -> Result<(), Error> {
        self.change(id, |process| {
            if matches!(
                process.state,
                ProcessState::Active | ProcessState::Suspended
            ) {
                process.state = ProcessState::Terminated;
                process.reason = Some(reason.to_owned());
            }
        });
        self.close(id, None);
        Ok(())
    }

    fn definitions(&self, _: Option<&str>) -> Result<workflow_sink::DefinitionPage, Error> {
        let deployed = self.deployed.borrow();
        let definition = |key: &&str| workflow_sink::Definition {
            key: (*key).to_owned(),
            name: (*key).to_owned(),
            version: "1".into(),
        };
        let definitions = deployed.iter().map(definition).collect();
        Ok(workflow_sink::DefinitionPage {
            definitions,
            next: None,
        })
    }
}

impl Tasks for FakeEngine {
    /// One task a page: whoever forgets pages misses most of them.
    fn list(&self, query: &TaskQuery) -> Result<TaskPage, Error> {
        let at: usize = query.page.as_ref().map_or(0, |page| page.parse().unwrap());
        let tasks = self.tasks.borrow();
        let open = tasks.iter().filter(|task| task.completed_at.is_none());
        let of_process: Vec<_> = open
            .filter(|task| query.process.as_ref().is_none_or(|id| task.process == *id))
            .collect();
        let next = (at + 1 < of_process.len()).then(|| (at + 1).to_string());
        let tasks = of_process
            .get(at)
            .map(|task| (*task).clone())
            .into_iter()
            .collect();
        Ok(TaskPage { tasks, next })
    }

    fn get(&self, id: &str) -> Result<Task, Error> {
        let tasks = self.tasks.borrow();
        let found = tasks.iter().find(|task| task.id == id).cloned();
        found.ok_or_else(|| Error::not_found(format!("no task {id}")))
    }

    fn complete(&self, id: &str, outcome: &str, variables: &[Field]) -> Result<(), Error> {
        self.complete_as(id, Some("forebay@example.test"), outcome, variables);
        Ok(())
    }

    fn reassign(&self, id: &str, group: &str) -> Result<(), Error> {
        let mut tasks = self.tasks.borrow_mut();
        let task = tasks.iter_mut().find(|task| task.id == id).expect(id);
        task.candidate_groups.push(group.to_owned());
        self.done.borrow_mut().push(format!("{id} also to {group}"));
        Ok(())
    }

    fn comment(&self, id: &str, text: &str) -> Result<(), Error> {
        self.done.borrow_mut().push(format!("{id}: {text}"));
        Ok(())
    }
}

impl Directory for FakeEngine {
    fn lookup(&self, kind: PrincipalKind, id: &str) -> Result<Option<Principal>, Error> {
        if self.no_directory.get() {
            return Err(Error::unsupported("no directory"));
        }
        let enabled = !self.disabled.borrow().contains(&id);
        Ok(Some(Principal {
            kind,
            id: id.to_owned(),
            display_name: id.to_owned(),
            enabled,
        }))
    }
}

/// A process variable as text.
pub(super) fn variable(process: &Process, name: &str) -> String {
    process
        .variables
        .value(name)
        .map(Value::to_plain)
        .unwrap_or_default()
}
