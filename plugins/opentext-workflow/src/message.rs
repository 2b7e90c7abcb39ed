//! Delivering a message to a waiting process.
//!
//! The engine takes a message at the execution that waits for it. A message has no id of its own, so
//! a variable goes along that tells later whether it arrived.

use forebay_sdk::http::encode_component;
use forebay_sdk::{Error, Field, FieldsExt as _, OrAbsent};
use serde_json::json;

use crate::wire::ExecutionRow;
use crate::{Engine, variables};

impl Engine {
    pub(crate) fn deliver(&self, process: &str, name: &str, fields: &[Field]) -> Result<(), Error> {
        let marker = self.settings.message_marker.as_str();
        if self.call.previous_unknown() && self.has_arrived(process, marker)? {
            return Ok(());
        }
        let mut fields = fields.to_vec();
        if !marker.is_empty() {
            fields.push(Field::new(marker, self.call.idempotency_key()));
        }
        let body = json!({
            "action": "messageEventReceived",
            "messageName": name,
            "variables": variables::write(&fields, self.settings.documents),
        });
        let mut refusal = None;
        for execution in self.waiting(process, name)? {
            let url = format!(
                "{}/{}",
                self.api.executions(),
                encode_component(&execution.id)
            );
            match self.api.http.put(url).json(&body).send_effect() {
                Ok(outcome) if marker.is_empty() => return outcome.or_uncertain().map(|_| ()),
                Ok(outcome) => return outcome.or_repeat().map(|_| ()),
                // This execution waits for something else, or no longer.
                Err(error @ (Error::Invalid(_) | Error::NotFound(_))) => refusal = Some(error),
                Err(error) => return Err(error),
            }
        }
        let error = Error::conflict(format!(
            "process {process} does not wait for message {name}"
        ));
        let vendor = refusal.and_then(|refusal| refusal.detail().vendor.clone());
        Err(match vendor {
            Some(reply) => error.with_vendor(reply),
            None => error,
        })
    }

    fn has_arrived(&self, process: &str, marker: &str) -> Result<bool, Error> {
        if marker.is_empty() {
            return Err(Error::uncertain(
                "an earlier attempt may have delivered the message, and no marker tells",
            ));
        }
        // The message may have led the process to its end.
        let running = self.api.process_variables(process).or_absent()?;
        let present = match running {
            Some(variables) => variables,
            None => self.api.past_process(process)?.variables,
        };
        let present = variables::read(&present);
        Ok(present.text(marker) == Some(self.call.idempotency_key()))
    }

    /// Executions that may wait for the message: Flowable filters by it, elsewhere those whose
    /// activity is named like it come first.
    fn waiting(&self, process: &str, name: &str) -> Result<Vec<ExecutionRow>, Error> {
        let params = [
            ("processInstanceId", process),
            ("messageEventSubscriptionName", name),
        ];
        let mut rows: Vec<ExecutionRow> = self.api.all(&self.api.executions(), &params)?;
        rows.sort_by_key(|row| row.activity_id != name);
        Ok(rows)
    }
}
