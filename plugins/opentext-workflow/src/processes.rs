//! `workflow-sink`: find, read and end processes, list definitions. Starting is in `start`,
//! delivering messages in `message`.

use std::collections::BTreeSet;

use forebay_sdk::workflow::workflow_sink::{Definition, DefinitionPage};
use forebay_sdk::workflow::{Process, StartRequest, Started, WorkflowSink};
use forebay_sdk::{Error, Field, OrAbsent, paging, warn};

use crate::api::TASK_DETAILS;
use crate::settings::Dialect;
use crate::wire::{ProcessRow, TaskRow};
use crate::{Engine, map, variables};

impl WorkflowSink for Engine {
    fn start(&self, request: &StartRequest) -> Result<Started, Error> {
        self.start_or_adopt(request)
    }

    fn find(&self, definition: &str, business_key: &str) -> Result<Option<Process>, Error> {
        match self.find_row(definition, business_key)? {
            Some(row) => self.read_process(&row.id).map(Some),
            None => Ok(None),
        }
    }

    fn get(&self, process: &str) -> Result<Process, Error> {
        self.read_process(process)
    }

    fn cancel(&self, process: &str, reason: &str) -> Result<(), Error> {
        let parameter = self.settings.delete_reason_parameter.as_str();
        let mut request = self.api.http.delete(self.api.process(process));
        if !parameter.is_empty() {
            request = request.query(parameter, reason);
        }
        // Ending a process by its id is harmless to repeat: it is found ended.
        let answer = request
            .send_effect()
            .and_then(|outcome| outcome.or_repeat());
        match answer.or_absent()? {
            Some(_) => Ok(()),
            // Only what has ended is in the history and not at the runtime.
            None => self.api.past_process(process).map(|_| ()),
        }
    }

    fn message(&self, process: &str, name: &str, variables: &[Field]) -> Result<(), Error> {
        self.deliver(process, name, variables)
    }

    fn set_variables(&self, process: &str, wanted: &[Field]) -> Result<(), Error> {
        let documents = self.settings.documents;
        let present = self.running_variables(process)?;
        let differing: Vec<_> = wanted
            .iter()
            .filter(|field| !variables::holds(&present, field, documents))
            .cloned()
            .collect();
        if differing.is_empty() {
            return Ok(());
        }
        let url = format!("{}/variables", self.api.process(process));
        let body = variables::write(&differing, documents);
        let _ = self
            .api
            .http
            .put(url)
            .json(&body)
            .send_effect()?
            .or_repeat()?;
        let now = self.running_variables(process)?;
        let lost = differing
            .iter()
            .find(|field| !variables::holds(&now, field, documents));
        match lost {
            None => Ok(()),
            Some(field) => Err(Error::conflict(format!(
                "the variable {} of process {process} was changed by somebody else meanwhile",
                field.name
            ))),
        }
    }

    fn definitions(&self, page: Option<&str>) -> Result<DefinitionPage, Error> {
        let offset: usize = paging::decode(page)?.unwrap_or_default();
        let found = self.api.definitions(offset)?;
        let (next, last) = (
            offset + found.rows.len(),
            found.is_last(offset, self.api.page_size()),
        );
        let definitions = found.rows.into_iter().map(|row| Definition {
            key: row.key,
            name: row.name,
            version: row.version,
        });
        Ok(DefinitionPage {
            definitions: definitions.collect(),
            next: (!last).then(|| paging::encode(&next)).transpose()?,
        })
    }
}

impl Engine {
    /// A process with its variables and decisions. The runtime knows whether it is suspended, the
    /// history how it ended.
    pub(crate) fn read_process(&self, id: &str) -> Result<Process, Error> {
        let running = self
            .api
            .running_process(id)
            .or_absent()?
            .filter(|row| !row.ended);
        let row = match running {
            Some(row) => row,
            None => self.api.past_process(id)?,
        };
        let decisions = map::decisions(self.past_tasks(id, true)?, &self.settings);
        Ok(map::process(row, decisions, &self.settings))
    }

    /// The tasks of a process from the history, with whom they were offered to.
    pub(crate) fn past_tasks(&self, process: &str, finished: bool) -> Result<Vec<TaskRow>, Error> {
        let mut params = vec![("processInstanceId", process)];
        params.extend(TASK_DETAILS);
        if finished {
            params.push(("finished", "true"));
        }
        let rows: Vec<TaskRow> = self.api.all(&self.api.past_tasks(), &params)?;
        let own = rows
            .into_iter()
            .filter(|row| row.process_instance_id == process);
        own.map(|row| self.with_group(row)).collect()
    }

    /// Ask whom a task was offered to, where neither the list nor a variable says it.
    fn with_group(&self, row: TaskRow) -> Result<TaskRow, Error> {
        match map::group(&row, &self.settings) {
            Some(_) => Ok(row),
            None => self.api.with_assignments(row),
        }
    }

    /// The process of a definition and business key, running or ended. The engine does not insist on
    /// one; where there are several, the first started is the one.
    pub(crate) fn find_row(
        &self,
        definition: &str,
        business_key: &str,
    ) -> Result<Option<ProcessRow>, Error> {
        let params = [
            ("processDefinitionKey", definition),
            ("businessKey", business_key),
        ];
        let mut found: Vec<ProcessRow> = self.api.all(&self.api.processes(), &params)?;
        found.extend(
            self.api
                .all::<ProcessRow>(&self.api.past_processes(), &params)?,
        );
        // An engine may ignore a filter it does not know.
        found.retain(|row| {
            row.business_key.as_deref() == Some(business_key)
                && row.definition().is_none_or(|key| key == definition)
        });
        found.sort_by(|a, b| (a.started_at(), &a.id).cmp(&(b.started_at(), &b.id)));
        let mut seen = BTreeSet::new();
        found.retain(|row| seen.insert(row.id.clone()));
        if found.len() > 1 {
            let count = i64::try_from(found.len()).unwrap_or(i64::MAX);
            warn!(processes = count; "several processes of {definition} have one business key; the first is taken");
        }
        Ok(found.into_iter().next())
    }

    /// The variables of a running process; `conflict` where it has ended.
    pub(crate) fn running_variables(
        &self,
        process: &str,
    ) -> Result<Vec<crate::wire::VariableRow>, Error> {
        match self.api.process_variables(process).or_absent()? {
            Some(variables) => Ok(variables),
            None => {
                self.api.past_process(process)?;
                Err(Error::conflict(format!("process {process} has ended")))
            }
        }
    }

    /// The dialect's own words for a comment on a start.
    pub(crate) fn comments_on_start(&self) -> bool {
        self.settings.dialect == Dialect::OpenText
    }
}
