//! The engine's REST interface in both dialects: addresses, paging, and the few reads whose form
//! differs. What the rest of the connector does is the same for both.

use std::collections::BTreeSet;

use forebay_sdk::http::{Http, RequestBuilder, encode_component};
use forebay_sdk::{Error, OrAbsent};
use serde::de::DeserializeOwned;

use crate::settings::{Dialect, Settings};
use crate::wire::{
    AssignmentRow, DefinitionRow, Identified, Listing, ProcessRow, TaskRow, VariableRow, listing,
    vendor_words,
};

/// Rows of one listing that are read at most: far more than a process has tasks or a business key
/// has processes. An engine that ignores a filter and sends everything ends here.
const ROW_LIMIT: usize = 10_000;

/// Query parameters.
pub(crate) type Params<'a> = [(&'static str, &'a str)];

/// Ask for what a task says about itself.
pub(crate) const TASK_DETAILS: [(&str, &str); 2] = [
    ("includeTaskLocalVariables", "true"),
    ("includeTaskAssignments", "true"),
];

/// One engine.
pub(crate) struct Api {
    pub(crate) http: Http,
    pub(crate) dialect: Dialect,
    page_size: usize,
    runtime: String,
    history: String,
}

impl Api {
    pub(crate) fn new(http: Http, settings: &Settings) -> Self {
        let base = settings.base_url.trim_end_matches('/');
        let path = |path: &str| format!("{base}/{}", path.trim_matches('/'));
        let (runtime, history) = match settings.dialect {
            Dialect::OpenText => (path(&settings.workflow_path), path(&settings.history_path)),
            Dialect::Flowable => {
                let service = path(&settings.flowable_path);
                (service.clone(), format!("{service}/history"))
            }
        };
        Self {
            http: http.vendor_words(vendor_words),
            dialect: settings.dialect,
            page_size: usize::try_from(settings.page_size.max(1)).unwrap_or(1),
            runtime,
            history,
        }
    }

    // ---- Addresses ----------------------------------------------------------------------------

    pub(crate) fn processes(&self) -> String {
        match self.dialect {
            Dialect::OpenText => format!("{}/process-instances", self.runtime),
            Dialect::Flowable => format!("{}/runtime/process-instances", self.runtime),
        }
    }

    pub(crate) fn process(&self, id: &str) -> String {
        format!("{}/{}", self.processes(), encode_component(id))
    }

    pub(crate) fn executions(&self) -> String {
        match self.dialect {
            Dialect::OpenText => format!("{}/executions", self.processes()),
            Dialect::Flowable => format!("{}/runtime/executions", self.runtime),
        }
    }

    pub(crate) fn tasks(&self) -> String {
        match self.dialect {
            Dialect::OpenText => format!("{}/tasks", self.runtime),
            Dialect::Flowable => format!("{}/runtime/tasks", self.runtime),
        }
    }

    pub(crate) fn task(&self, id: &str) -> String {
        format!("{}/{}", self.tasks(), encode_component(id))
    }

    pub(crate) fn past_processes(&self) -> String {
        format!("{}/historic-process-instances", self.history)
    }

    pub(crate) fn past_tasks(&self) -> String {
        format!("{}/historic-task-instances", self.history)
    }

    pub(crate) fn assignments(&self, task: &str) -> String {
        format!("{}/{}", self.task(task), self.assignments_name())
    }

    fn assignments_name(&self) -> &'static str {
        match self.dialect {
            Dialect::OpenText => "assignments",
            Dialect::Flowable => "identitylinks",
        }
    }

    // ---- Lists --------------------------------------------------------------------------------

    /// One page of a list.
    pub(crate) fn page<T: DeserializeOwned>(
        &self,
        url: &str,
        params: &Params<'_>,
        offset: usize,
        count: usize,
    ) -> Result<Listing<T>, Error> {
        let (first, size) = match self.dialect {
            Dialect::OpenText => ("offset", "count"),
            Dialect::Flowable => ("start", "size"),
        };
        let request = with(self.http.get(url), params)
            .query(first, offset)
            .query(size, count);
        listing(&request.send()?)
    }

    /// All rows of a list.
    ///
    /// Rows may leave the list while it is read, and then the rest moves forward: where the total has
    /// shrunk, the next page starts that much earlier. What comes twice is dropped.
    pub(crate) fn all<T: DeserializeOwned + Identified>(
        &self,
        url: &str,
        params: &Params<'_>,
    ) -> Result<Vec<T>, Error> {
        let mut rows: Vec<T> = Vec::new();
        let mut seen = BTreeSet::new();
        let (mut offset, mut total) = (0, None);
        loop {
            let page: Listing<T> = self.page(url, params, offset, self.page_size)?;
            let gone = shrunk(total, page.total).min(offset);
            if gone > 0 {
                offset -= gone;
                total = page.total;
                continue;
            }
            total = page.total;
            let (received, last) = (page.rows.len(), page.is_last(offset, self.page_size));
            let new = page
                .rows
                .into_iter()
                .filter(|row| seen.insert(row.id().to_owned()));
            rows.extend(new);
            offset += received;
            if last {
                return Ok(rows);
            }
            if rows.len() >= ROW_LIMIT {
                return Err(Error::invalid(format!(
                    "{url} has more than {ROW_LIMIT} rows"
                )));
            }
        }
    }

    pub(crate) fn page_size(&self) -> usize {
        self.page_size
    }

    // ---- Reads that differ --------------------------------------------------------------------

    /// A process that has not ended, with its variables.
    pub(crate) fn running_process(&self, id: &str) -> Result<ProcessRow, Error> {
        let request = self
            .http
            .get(self.process(id))
            .query("includeProcessVariables", true);
        let mut row: ProcessRow = request.send()?.json()?;
        if self.dialect == Dialect::Flowable && row.variables.is_empty() {
            // Flowable sends them only in lists. The process may end in between.
            row.variables = self.process_variables(id).or_absent()?.unwrap_or_default();
        }
        Ok(row)
    }

    /// The variables of a process that has not ended.
    pub(crate) fn process_variables(&self, id: &str) -> Result<Vec<VariableRow>, Error> {
        let response = self
            .http
            .get(format!("{}/variables", self.process(id)))
            .send()?;
        Ok(listing(&response)?.rows)
    }

    /// A process from the history, running or ended, with its variables.
    pub(crate) fn past_process(&self, id: &str) -> Result<ProcessRow, Error> {
        let variables = [
            ("includeProcessVariables", "true"),
            ("includeProcessComments", "true"),
        ];
        match self.dialect {
            Dialect::OpenText => {
                let url = format!("{}/{}", self.past_processes(), encode_component(id));
                with(self.http.get(url), &variables).send()?.json()
            }
            Dialect::Flowable => {
                let params = [("processInstanceId", id), variables[0]];
                let page = self.page::<ProcessRow>(&self.past_processes(), &params, 0, 1)?;
                let found = page.rows.into_iter().find(|row| row.id == id);
                found.ok_or_else(|| Error::not_found(format!("there is no process {id}")))
            }
        }
    }

    /// A task, open or ended, with its own variables and whom it is offered to.
    pub(crate) fn any_task(&self, id: &str) -> Result<TaskRow, Error> {
        match self.dialect {
            Dialect::OpenText => {
                let open = with(self.http.get(self.task(id)), &TASK_DETAILS)
                    .send()
                    .or_absent()?;
                if let Some(open) = open {
                    return open.json();
                }
                let url = format!("{}/{}", self.past_tasks(), encode_component(id));
                with(self.http.get(url), &TASK_DETAILS).send()?.json()
            }
            Dialect::Flowable => {
                let params = [("taskId", id), TASK_DETAILS[0], TASK_DETAILS[1]];
                let page = self.page::<TaskRow>(&self.past_tasks(), &params, 0, 1)?;
                let found = page.rows.into_iter().find(|row| row.id == id);
                let row =
                    found.ok_or_else(|| Error::not_found(format!("there is no task {id}")))?;
                self.with_assignments(row)
            }
        }
    }

    /// Flowable's lists do not say whom a task is offered to.
    pub(crate) fn with_assignments(&self, mut row: TaskRow) -> Result<TaskRow, Error> {
        if self.dialect == Dialect::Flowable && row.assignments.is_empty() {
            let url = if row.ended_at().is_some() {
                let id = encode_component(&row.id);
                format!("{}/{id}/{}", self.past_tasks(), self.assignments_name())
            } else {
                self.assignments(&row.id)
            };
            let response = self.http.get(url).send().or_absent()?;
            row.assignments = match response {
                Some(response) => listing::<AssignmentRow>(&response)?.rows,
                None => Vec::new(),
            };
        }
        Ok(row)
    }

    /// A page of the latest process definitions.
    pub(crate) fn definitions(&self, offset: usize) -> Result<Listing<DefinitionRow>, Error> {
        let (url, latest) = match self.dialect {
            Dialect::OpenText => (format!("{}/runtime/models", self.runtime), "latestVersion"),
            Dialect::Flowable => (
                format!("{}/repository/process-definitions", self.runtime),
                "latest",
            ),
        };
        self.page(&url, &[(latest, "true")], offset, self.page_size)
    }
}

/// How many rows have left a list between two pages.
pub(crate) fn shrunk(before: Option<usize>, now: Option<usize>) -> usize {
    before
        .zip(now)
        .map_or(0, |(before, now)| before.saturating_sub(now))
}

fn with<'a>(request: RequestBuilder<'a>, params: &Params<'_>) -> RequestBuilder<'a> {
    params
        .iter()
        .fold(request, |request, (name, value)| request.query(name, value))
}
