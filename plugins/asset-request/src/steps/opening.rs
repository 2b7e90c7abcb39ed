//! The beginning of a run: what was asked for, and the process in which people are asked.

use forebay_sdk::blocks::Desk;
use forebay_sdk::handler::Declined;
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Delivery, Error};

use super::Steps;
use super::fitness::due;
use super::request::{Ask, Request, ask_of};
use crate::state::{Line, State};

impl Steps<'_> {
    /// What is asked for, divided into lines. A form's values stand in its process.
    pub(crate) fn read_request(&self, delivery: &Delivery) -> Result<State, Error> {
        let mut state = State {
            round: 1,
            ..State::default()
        };
        let ask = ask_of(self.config, delivery).map_err(Declined::into_error)?;
        state.request = match ask {
            Ask::Whole(request) => *request,
            Ask::Form(process, actor) => {
                let found = self.cx.workflow().get(&process)?;
                state.desk = Desk::of_process(&process);
                Request::of_variables(self.config, &process, actor, &found.variables)
            }
        };
        state.due = due(self.cx, self.config, &state.request);
        let lines = state.request.lines(self.config).into_iter();
        let lines = lines.map(|name| Line {
            name,
            ..Line::default()
        });
        state.lines = lines.collect();
        Ok(state)
    }

    /// A form is a process already; for any other request one is started.
    pub(crate) fn open_desk(&self, state: &mut State) -> Result<(), Error> {
        let yours = if self.config.requester_task {
            vec![self.requester_task(state, "")?]
        } else {
            Vec::new()
        };
        if state.desk.is_open() {
            return state.desk.ask(self.cx, &self.rules(), yours);
        }
        let request = &state.request;
        let title = format!("Request {}", request.id);
        let definition = &self.config.request_definition;
        let mut start = StartRequest::new(definition, self.cx.business_key(), title);
        for (name, given) in &request.form {
            start = start.variable(name.as_str(), given.0.join(", "));
        }
        let start = start.variable("requester", request.requester.as_str());
        state.desk.open(self.cx, &self.rules(), start, yours)
    }
}
