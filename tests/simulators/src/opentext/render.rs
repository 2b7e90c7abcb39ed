//! Rows as JSON: the members both dialects share.

use forebay_model::Timestamp;
use serde_json::{Value, json};

use super::date::{self, DateStyle};
use super::engine::Engine;
use super::engine::model::{Assignment, Comment, Delegation, Job, Process, Task};
use super::engine::models::Model;
use super::engine::variable::Variable;
use super::params::Params;
use super::query::seen_end;

/// What a request wants to see beside the rows themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Include {
    pub(crate) process_variables: bool,
    pub(crate) local_variables: bool,
    pub(crate) comments: bool,
    pub(crate) assignments: bool,
}

impl Include {
    pub(crate) fn read(params: &Params) -> Self {
        Self {
            process_variables: params.is("includeProcessVariables"),
            local_variables: params.is("includeTaskLocalVariables"),
            comments: params.is("includeTaskComments") || params.is("includeProcessComments"),
            assignments: params.is("includeTaskAssignments"),
        }
    }
}

/// Writes rows of one engine.
#[derive(Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) dates: DateStyle,
    pub(crate) include: Include,
    /// How process variables are labelled in replies about processes.
    pub(crate) process_scope: &'static str,
}

impl Writer<'_> {
    pub(crate) fn date(&self, time: Option<Timestamp>) -> Value {
        time.map_or(Value::Null, |time| date::write(time, self.dates).into())
    }

    /// A process as the runtime shows it.
    pub(crate) fn process(&self, process: &Process) -> Value {
        let ended = !process.is_running();
        let mut row = json!({
            "id": process.id,
            "name": process.name,
            "businessKey": process.business_key,
            "processDefinitionId": process.definition_id,
            "processDefinitionKey": process.definition,
            "processDefinitionName": self.definition_name(&process.definition),
            "startTime": self.date(Some(process.started_at)),
            "startUserId": process.started_by,
            "ended": ended,
            "completed": ended && process.delete_reason.is_none(),
            "suspended": process.suspended,
            "dueDate": null,
            "activityId": null,
            "callbackId": null,
            "callbackType": null,
            "superProcessInstanceId": null,
            "tenantId": "",
            "variables": self.process_variables(process),
        });
        if self.include.comments {
            row["comments"] = self.comments(|comment| comment.process == process.id);
        }
        row
    }

    /// A process as the history shows it.
    pub(crate) fn past_process(&self, process: &Process) -> Value {
        let ended_at = seen_end(self.engine, process.ended_at);
        let reason = process
            .delete_reason
            .as_deref()
            .filter(|_| ended_at.is_some());
        let mut row = json!({
            "id": process.id,
            "name": process.name,
            "businessKey": process.business_key,
            "processDefinitionId": process.definition_id,
            "processDefinitionKey": process.definition,
            "processDefinitionName": self.definition_name(&process.definition),
            "startTime": self.date(Some(process.started_at)),
            "endTime": self.date(ended_at),
            "durationInMillis": millis(process.started_at, ended_at),
            "startUserId": process.started_by,
            "startActivityId": "start",
            "endActivityId": ended_at.filter(|_| reason.is_none()).map(|_| "end"),
            "deleteReason": reason,
            "superProcessInstanceId": null,
            "tenantId": "",
            "variables": self.process_variables(process),
        });
        if self.include.comments {
            row["comments"] = self.comments(|comment| comment.process == process.id);
        }
        row
    }

    /// A task as the runtime shows it.
    pub(crate) fn task(&self, task: &Task) -> Value {
        let mut row = self.task_core(task);
        row["createTime"] = self.date(Some(task.created_at));
        row["suspended"] = self
            .engine
            .processes
            .get(&task.process)
            .is_some_and(|p| p.suspended)
            .into();
        row
    }

    /// A task as the history shows it.
    pub(crate) fn past_task(&self, task: &Task) -> Value {
        let ended_at = seen_end(self.engine, task.ended_at);
        let mut row = self.task_core(task);
        row["startTime"] = self.date(Some(task.created_at));
        row["endTime"] = self.date(ended_at);
        row["durationInMillis"] = millis(task.created_at, ended_at);
        row["workTimeInMillis"] = task
            .claimed_at
            .map_or(Value::Null, |time| millis(time, ended_at));
        row["deleteReason"] = task
            .delete_reason
            .as_deref()
            .filter(|_| ended_at.is_some())
            .into();
        row
    }

    fn task_core(&self, task: &Task) -> Value {
        let process = self.engine.processes.get(&task.process);
        let mut row = json!({
            "id": task.id,
            "name": task.name,
            "description": task.description,
            "assignee": task.assignee,
            "owner": task.owner,
            "claimTime": self.date(task.claimed_at),
            "dueDate": self.date(task.due_at),
            "priority": task.priority,
            "category": task.category,
            "formKey": null,
            "delegationState": task.delegation.map(|state| match state {
                Delegation::Pending => "pending",
                Delegation::Resolved => "resolved",
            }),
            "taskDefinitionKey": task.key,
            "parentTaskId": null,
            "executionId": task.execution,
            "processInstanceId": task.process,
            "processDefinitionId": process.map(|process| &process.definition_id),
            "tenantId": "",
            "variables": self.task_variables(task),
        });
        if self.include.assignments {
            row["assignments"] = task.assignments.iter().map(assignment).collect();
        }
        if self.include.comments {
            row["comments"] = self.comments(|comment| comment.task.as_deref() == Some(&task.id));
        }
        row
    }

    fn process_variables(&self, process: &Process) -> Value {
        let shown = process
            .variables
            .iter()
            .filter(|_| self.include.process_variables);
        shown
            .map(|variable| variable.render(self.process_scope))
            .collect()
    }

    /// Variables of a task that the request asked for.
    fn task_variables(&self, task: &Task) -> Value {
        let process = self.engine.processes.get(&task.process);
        let global = process
            .filter(|_| self.include.process_variables)
            .map_or(&[][..], |process| process.variables.as_slice());
        let local = if self.include.local_variables {
            task.locals.as_slice()
        } else {
            &[]
        };
        both(global, local)
    }

    pub(crate) fn comments(&self, which: impl Fn(&Comment) -> bool) -> Value {
        let found = self.engine.comments.iter().filter(|comment| which(comment));
        found.map(|comment| self.comment(comment)).collect()
    }

    pub(crate) fn comment(&self, comment: &Comment) -> Value {
        json!({
            "id": comment.id,
            "author": comment.author,
            "message": comment.message,
            "type": comment.kind,
            "time": self.date(Some(comment.at)),
            "taskId": comment.task,
            "processInstanceId": comment.process,
        })
    }

    /// An external job. `variables` are those of its process.
    pub(crate) fn job(&self, job: &Job) -> Value {
        let process = self.engine.processes.get(&job.process);
        let variables = process.map_or(&[][..], |process| process.variables.as_slice());
        let (owner, until) = job.lock.clone().unzip();
        json!({
            "id": job.id,
            "correlationId": job.id,
            "topic": job.topic,
            "retries": job.retries,
            "processInstanceId": job.process,
            "executionId": job.execution,
            "processDefinitionId": process.map(|process| &process.definition_id),
            "elementId": "work",
            "elementName": "Work",
            "createTime": self.date(Some(job.created_at)),
            "dueDate": self.date(job.not_before),
            "lockOwner": owner,
            "lockExpirationTime": self.date(until),
            "exceptionMessage": job.failure,
            "variables": variables.iter().map(|v| v.render(self.process_scope)).collect::<Value>(),
            "tenantId": "",
        })
    }

    fn definition_name(&self, key: &str) -> Option<&str> {
        self.engine
            .latest_model(key)
            .map(|model| model.name.as_str())
    }
}

/// Variables of a process and of a task, told apart by their scope.
pub(crate) fn both(global: &[Variable], local: &[Variable]) -> Value {
    let global = global.iter().map(|variable| variable.render("global"));
    global
        .chain(local.iter().map(|variable| variable.render("local")))
        .collect()
}

pub(crate) fn assignment(assignment: &Assignment) -> Value {
    json!({"user": assignment.user, "group": assignment.group, "type": assignment.kind})
}

pub(crate) fn model(model: &Model) -> Value {
    json!({"id": model.id, "key": model.key, "name": model.name, "version": model.version})
}

fn millis(from: Timestamp, to: Option<Timestamp>) -> Value {
    to.map_or(Value::Null, |to| to.0.saturating_sub(from.0).into())
}
