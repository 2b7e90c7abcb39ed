//! The optional HTTP task of a process, which calls back.
//!
//! A callback only says where to look. What it leads to is read from the history, so a poll reports
//! the same happenings with the same identities.

use forebay_sdk::connector::WebhookRequest;
use forebay_sdk::{Error, Event, Finding, OrAbsent};
use serde_json::Value as Json;

use crate::describe::CALLBACK;
use crate::{Engine, events};

impl Engine {
    pub(crate) fn called_back(&self, request: &WebhookRequest) -> Result<Vec<Event>, Error> {
        if request.endpoint != CALLBACK {
            return Err(Error::invalid(format!(
                "there is no endpoint {}",
                request.endpoint
            )));
        }
        let body: Json = serde_json::from_slice(&request.body)
            .map_err(|error| Error::invalid(format!("the callback's body is no JSON: {error}")))?;
        let text = |name: &str| body.get(name).and_then(Json::as_str);
        let field = self.settings.callback_process_field.as_str();
        let process = text(field).filter(|id| !id.is_empty()).ok_or_else(|| {
            Error::invalid(format!("the callback names no process in `{field}`")).with_field(field)
        })?;

        let row = self.api.past_process(process).or_absent()?;
        let Some(row) = row else {
            return Err(Error::unavailable(format!(
                "process {process} cannot be read yet"
            )));
        };
        if !self.is_wanted(row.definition()) {
            return Ok(Vec::new());
        }
        let end = self.settings.callback_end_word.as_str();
        let tells_end = text(&self.settings.callback_event_field) == Some(end);
        if tells_end && row.ended_at().is_none() {
            // The task that calls back stands before the end and may be faster than it.
            return Err(Error::unavailable(format!(
                "process {process} has not ended yet"
            )));
        }
        let mut found: Vec<Event> = events::process_started(&row).into_iter().collect();
        for task in self.past_tasks(process, false)? {
            found.extend(events::task_created(&task, &self.settings));
            found.extend(events::task_completed(&task, &self.settings));
        }
        found.extend(events::process_ended(&row));
        found.sort_by_key(|event| event.occurred_at);
        Ok(found)
    }

    /// Is this definition one whose events are wanted?
    pub(crate) fn is_wanted(&self, definition: Option<&str>) -> bool {
        let wanted = &self.settings.definitions;
        wanted.is_empty()
            || definition.is_none_or(|definition| wanted.iter().any(|key| key == definition))
    }
}

/// What a person puts into a process model.
pub(crate) fn how_to_call_back(base_url: &str, connection: &str) -> Finding {
    let url = format!(
        "{}/hooks/{connection}/{CALLBACK}",
        base_url.trim_end_matches('/')
    );
    Finding::info(
        "",
        format!(
            "the engine has no webhooks and is polled; to hear of decisions within seconds, let an \
             HTTP task of the process model send POST {url} with the header X-Forebay-Secret"
        ),
    )
}
