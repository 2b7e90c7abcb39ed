//! Starting a process exactly once.
//!
//! The engine takes every start it gets, so the business key is looked up before each. A lost answer
//! leaves open whether there is a process, and a new process may be readable only some seconds
//! later. Hence attempts take turns: an odd one looks and starts, an even one only looks, and where
//! it finds nothing it lets `settle_seconds` pass before the next start. That holds as well where the
//! host itself went down in the middle of a start.

use forebay_sdk::http::{Outcome, encode_component};
use forebay_sdk::workflow::{Process, StartRequest, Started};
use forebay_sdk::{Error, warn};
use serde_json::{Value as Json, json};

use crate::wire::ProcessRow;
use crate::{Engine, map, variables};

impl Engine {
    pub(crate) fn start_or_adopt(&self, request: &StartRequest) -> Result<Started, Error> {
        if request.business_key.is_empty() {
            return Err(
                Error::invalid("a process needs a business key, or it could start twice")
                    .with_field("business-key"),
            );
        }
        if let Some(process) = self.present(request)? {
            return Ok(Started {
                process,
                adopted: true,
            });
        }
        let only_look = self.call.previous_unknown() && self.call.attempt().is_multiple_of(2);
        if only_look {
            return Err(self.look_again_later());
        }
        let body = self.start_body(request);
        match self
            .api
            .http
            .post(self.api.processes())
            .json(&body)
            .send_effect()?
        {
            Outcome::Done(response) => self.started(request, response.json()?),
            Outcome::Unknown(error) => match self.present(request)? {
                Some(process) => Ok(Started {
                    process,
                    adopted: true,
                }),
                None => {
                    warn!("{}; looking again", error.message());
                    Err(self.look_again_later())
                }
            },
        }
    }

    fn present(&self, request: &StartRequest) -> Result<Option<Process>, Error> {
        match self.find_row(&request.definition, &request.business_key)? {
            Some(row) => self.read_process(&row.id).map(Some),
            None => Ok(None),
        }
    }

    fn look_again_later(&self) -> Error {
        let message =
            "it is not known whether the process was started; it is looked up again later";
        Error::rate_limited(message, Some(self.settings.settle_seconds))
    }

    fn start_body(&self, request: &StartRequest) -> Json {
        let mut body = json!({
            "processDefinitionKey": request.definition,
            "name": request.title,
            "businessKey": request.business_key,
            "variables": variables::write(&request.variables, self.settings.documents),
            "returnVariables": true,
        });
        if let Some(comment) = request
            .comment
            .as_ref()
            .filter(|_| self.comments_on_start())
        {
            body["comment"] = json!({"message": comment, "type": "info"});
        }
        body
    }

    /// The answer describes the new process; reading it could come too early.
    fn started(&self, request: &StartRequest, row: ProcessRow) -> Result<Started, Error> {
        if row.id.is_empty() {
            return Err(Error::uncertain(
                "the engine accepted the start but named no process",
            ));
        }
        if let Some(comment) = request
            .comment
            .as_ref()
            .filter(|_| !self.comments_on_start())
        {
            self.comment_on_process(&row.id, comment);
        }
        let mut process = map::process(row, Vec::new(), &self.settings);
        if process.definition.is_empty() {
            process.definition.clone_from(&request.definition);
        }
        process.business_key.clone_from(&request.business_key);
        Ok(Started {
            process,
            adopted: false,
        })
    }

    /// A comment is not worth a second start: where it fails, that is logged.
    fn comment_on_process(&self, process: &str, comment: &str) {
        let url = format!(
            "{}/{}/comments",
            self.api.past_processes(),
            encode_component(process)
        );
        let body = json!({"message": comment});
        let sent = self.api.http.post(url).json(&body).send_effect();
        if let Err(error) = sent.and_then(Outcome::or_uncertain) {
            warn!("the start's comment was not written: {error}");
        }
    }
}
