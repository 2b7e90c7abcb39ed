//! `tasks`: the human work items.

use forebay_sdk::workflow::{Task, TaskPage, TaskQuery, Tasks};
use forebay_sdk::{Error, Field, Timestamp, digest, paging, time};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::{TASK_DETAILS, shrunk};
use crate::settings::Dialect;
use crate::wire::{AssignmentRow, CommentRow, Listing, TaskRow, listing};
use crate::{Engine, map, variables};

/// Characters of the reference at the end of a comment: enough to tell apart the comments of a task.
const REFERENCE_LENGTH: usize = 8;

/// Where the next page of tasks starts.
#[derive(Serialize, Deserialize)]
struct Position {
    offset: usize,
    total: Option<usize>,
}

impl Tasks for Engine {
    /// Open tasks come from the runtime; with completed ones both come from the history. Tasks that
    /// were taken away are left out. A task that somebody has claimed is found by process or business
    /// key; a search by group alone passes it over, as the engine does.
    fn list(&self, query: &TaskQuery) -> Result<TaskPage, Error> {
        let history = query.include_completed;
        let business_key = if history {
            "processBusinessKey"
        } else {
            "processInstanceBusinessKey"
        };
        let by_group = !history && query.process.is_none() && query.business_key.is_none();
        let mut params: Vec<(&'static str, &str)> = TASK_DETAILS.to_vec();
        params.extend(query.process.as_deref().map(|id| ("processInstanceId", id)));
        params.extend(query.business_key.as_deref().map(|key| (business_key, key)));
        if by_group {
            params.extend(
                query
                    .candidate_group
                    .as_deref()
                    .map(|group| ("candidateGroup", group)),
            );
        }
        let url = if history {
            self.api.past_tasks()
        } else {
            self.api.tasks()
        };

        let (page, next) = self.task_page(&url, &params, query.page.as_deref())?;
        let mut tasks = Vec::with_capacity(page.len());
        for row in page {
            let elsewhere = query
                .process
                .as_ref()
                .is_some_and(|id| *id != row.process_instance_id);
            if elsewhere || row.was_taken_away() {
                continue;
            }
            let task = self.task(self.api.with_assignments(row)?);
            let group = query.candidate_group.as_ref();
            if by_group || group.is_none_or(|group| task.candidate_groups.contains(group)) {
                tasks.push(task);
            }
        }
        Ok(TaskPage { tasks, next })
    }

    fn get(&self, task: &str) -> Result<Task, Error> {
        Ok(self.task(self.api.any_task(task)?))
    }

    fn complete(&self, task: &str, outcome: &str, fields: &[Field]) -> Result<(), Error> {
        let row = self.api.any_task(task)?;
        let unclaimed = row.assignee.is_none();
        if row.ended_at().is_some() {
            return self.was_completed_with(row, outcome);
        }
        if let Some(user) = self.settings.complete_as.as_deref().filter(|_| unclaimed) {
            let body = json!({"action": "claim", "assignee": user});
            let claim = self.api.http.post(self.api.task(task)).json(&body);
            let _ = claim.send_effect()?.or_repeat()?;
        }
        let mut variables = variables::write(fields, self.settings.documents);
        if self.settings.dialect == Dialect::Flowable {
            // Flowable heeds `outcome` only for tasks with a form.
            let name = &self.settings.task_outcome_variable;
            variables.push(json!({"name": name, "value": outcome, "type": "string"}));
        }
        let body = json!({"action": "complete", "outcome": outcome, "variables": variables});
        let answer = self
            .api
            .http
            .post(self.api.task(task))
            .json(&body)
            .send_effect();
        match answer {
            // A repeated attempt finds the task completed.
            Ok(effect) => effect.or_repeat().map(|_| ()),
            Err(error @ (Error::NotFound(_) | Error::Conflict(_))) => {
                let now = self.api.any_task(task)?;
                if now.ended_at().is_none() {
                    return Err(error);
                }
                self.was_completed_with(now, outcome)
            }
            Err(error) => Err(error),
        }
    }

    fn reassign(&self, task: &str, group: &str) -> Result<(), Error> {
        let url = self.api.assignments(task);
        if self.is_offered(&url, task, group)? {
            return Ok(());
        }
        let body = match self.settings.dialect {
            Dialect::OpenText => json!({"group": group, "type": "candidate"}),
            Dialect::Flowable => json!({"groupId": group, "type": "candidate"}),
        };
        let _ = self
            .api
            .http
            .post(&url)
            .json(&body)
            .send_effect()?
            .or_repeat()?;
        if self.is_offered(&url, task, group)? {
            return Ok(());
        }
        Err(Error::unavailable(format!(
            "task {task} is not offered to {group} yet"
        )))
    }

    fn set_due(&self, task: &str, due: Timestamp) -> Result<(), Error> {
        let row = self.open_task(task)?;
        if row.due_at() == Some(due) {
            return Ok(());
        }
        let body = json!({"dueDate": time::to_rfc3339(due)});
        let _ = self
            .api
            .http
            .put(self.api.task(task))
            .json(&body)
            .send_effect()?
            .or_repeat()?;
        Ok(())
    }

    fn comment(&self, task: &str, text: &str) -> Result<(), Error> {
        let message = self.referenced(text);
        let url = format!("{}/comments", self.api.task(task));
        if self.call.previous_unknown() {
            let response = self.api.http.get(&url).send();
            let response = response.map_err(|error| self.gone(task, error))?;
            let written: Listing<CommentRow> = listing(&response)?;
            if written
                .rows
                .iter()
                .any(|comment| comment.message == message)
            {
                return Ok(());
            }
        }
        let sent = self
            .api
            .http
            .post(&url)
            .json(&json!({"message": message}))
            .send_effect();
        let _ = sent.map_err(|error| self.gone(task, error))?.or_repeat()?;
        Ok(())
    }
}

impl Engine {
    fn task(&self, row: TaskRow) -> Task {
        map::task(row, self.call.now(), &self.settings)
    }

    /// A page, and the token of the next one. Tasks leave the list while it is read; where its total
    /// has shrunk since the page before, the page starts that much earlier: repeats are harmless,
    /// gaps are not.
    fn task_page(
        &self,
        url: &str,
        params: &[(&'static str, &str)],
        token: Option<&str>,
    ) -> Result<(Vec<TaskRow>, Option<String>), Error> {
        let position: Option<Position> = paging::decode(token)?;
        let Position { mut offset, total } = position.unwrap_or(Position {
            offset: 0,
            total: None,
        });
        let size = self.api.page_size();
        let mut page: Listing<TaskRow> = self.api.page(url, params, offset, size)?;
        let gone = shrunk(total, page.total).min(offset);
        if gone > 0 {
            offset -= gone;
            page = self.api.page(url, params, offset, size)?;
        }
        let last = page.is_last(offset, size);
        let next = Position {
            offset: offset + page.rows.len(),
            total: page.total,
        };
        let next = (!last).then(|| paging::encode(&next)).transpose()?;
        Ok((page.rows, next))
    }

    /// A task that can still be worked on.
    fn open_task(&self, id: &str) -> Result<TaskRow, Error> {
        let row = self.api.any_task(id)?;
        match row.ended_at() {
            None => Ok(row),
            Some(_) => Err(Error::conflict(format!("task {id} is closed"))),
        }
    }

    /// Completed the same way is what was wanted; anything else is not.
    fn was_completed_with(&self, row: TaskRow, wanted: &str) -> Result<(), Error> {
        if row.was_taken_away() {
            let reason = row.delete_reason.unwrap_or_default();
            return Err(Error::conflict(format!(
                "task {} was taken away: {reason}",
                row.id
            )));
        }
        let task = self.task(row);
        let outcome = task.outcome.unwrap_or_default();
        if outcome == wanted {
            return Ok(());
        }
        let by = task.assignee.unwrap_or_else(|| "somebody".to_owned());
        let message = format!(
            "task {} was completed by {by} with outcome `{outcome}`",
            task.id
        );
        Err(Error::conflict(message).with_current(outcome))
    }

    fn is_offered(&self, url: &str, task: &str, group: &str) -> Result<bool, Error> {
        let response = self
            .api
            .http
            .get(url)
            .send()
            .map_err(|error| self.gone(task, error))?;
        let rows: Listing<AssignmentRow> = listing(&response)?;
        Ok(rows
            .rows
            .iter()
            .any(|row| row.group.as_deref() == Some(group)))
    }

    /// A task that is closed is not found at the runtime; the history tells the difference.
    fn gone(&self, task: &str, error: Error) -> Error {
        if !error.is_not_found() {
            return error;
        }
        match self.open_task(task) {
            Ok(_) => error,
            Err(closed) => closed,
        }
    }

    /// The text with a reference made from the call's key, so that a repeat is recognised.
    fn referenced(&self, text: &str) -> String {
        if !self.settings.comment_reference {
            return text.to_owned();
        }
        let mut reference = digest::of_parts(&[self.call.idempotency_key()]);
        reference.truncate(REFERENCE_LENGTH);
        format!("{text} (ref {reference})")
    }
}
