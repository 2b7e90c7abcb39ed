//! The course of a run: what happens on each delivery, and how a request goes on and ends.

use forebay_sdk::blocks::{Desk, Question, Reading};
use forebay_sdk::handler::{EffectMode, RunEnded};
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Cx, Delivery, Error, Step};

use crate::config::Config;
use crate::fitness::due;
use crate::request::{Ask, Request, ask_of};
use crate::state::{Line, Stage, State};
use crate::time::{CLOSE, DUE};
use crate::{DAM, WORKFLOW};

/// Signal: end the run and clean up.
const CANCEL: &str = "cancel";
/// Signal: ask people again, in another process.
const RESTART: &str = "restart";
/// Signal: the requester does not want it any more.
const WITHDRAW: &str = "withdraw";
/// Timer: look for what no event tells of.
const LOOK: &str = "look";

/// What comes next.
pub(crate) type Next = Result<Step<State>, Error>;

/// One activation.
pub(crate) struct Course<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

impl Course<'_> {
    pub(crate) fn run(&self, state: Option<State>, delivery: &Delivery) -> Next {
        let Some(mut state) = state else {
            return self.begin(delivery);
        };
        if let Some(ended) = RunEnded::of(delivery) {
            Self::side_ended(&mut state, &ended);
        }
        match delivery {
            Delivery::Signal(signal) if signal.name == CANCEL => self.cancel(state),
            Delivery::Signal(signal) if signal.name == RESTART => self.restart(state),
            Delivery::Signal(signal) if signal.name == WITHDRAW => self.withdrawn(state),
            Delivery::Timer(fired) => self.timer(state, fired),
            _ => self.look(state),
        }
    }

    // ---- Beginning ------------------------------------------------------------------------------

    fn begin(&self, delivery: &Delivery) -> Next {
        let mut state = State {
            round: 1,
            ..State::default()
        };
        let ask = ask_of(self.config, delivery)?.map_err(Error::invalid)?;
        state.request = match ask {
            Ask::Whole(request) => *request,
            Ask::Form(process, actor) => {
                let found = self.cx.workflow().get(&process)?;
                state.desk = Desk::of_process(&process);
                Request::of_variables(self.config, &process, actor, &found.variables)
            }
        };
        state.due = due(self.cx, self.config, &state.request);
        let lines = state.request.lines(self.config);
        state.lines = lines
            .into_iter()
            .map(|name| Line {
                name,
                ..Line::default()
            })
            .collect();
        self.open_desk(&mut state)?;
        state.earlier = self.earlier(&state)?;
        if state.earlier.is_empty() {
            self.start_work(&mut state)?;
        } else {
            self.suggest(&mut state)?;
        }
        if self.cx.mode() == EffectMode::Observe {
            let summary = format!("{} lines would have been asked for", state.lines.len());
            return Ok(Step::complete(state, "observed", summary));
        }
        self.progress(state)
    }

    /// A form is a process already; for any other request one is started.
    fn open_desk(&self, state: &mut State) -> Result<(), Error> {
        let yours = if self.config.requester_task {
            self.yours(state, "")?
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

    /// The team gets to work.
    pub(crate) fn start_work(&self, state: &mut State) -> Result<(), Error> {
        self.placeholders(state)?;
        self.ask_open(state, "")
    }

    /// What people were asked is asked again, in another process. What was delivered stays.
    fn restart(&self, mut state: State) -> Next {
        state.desk.leave(self.cx, "restarted by an operator")?;
        self.open_desk(&mut state)?;
        state.closes_at = None;
        state.shown.clear();
        for line in &mut state.lines {
            line.question = None;
        }
        if state.earlier.is_empty() {
            self.ask_open(&mut state, "")?;
        } else {
            self.suggest(&mut state)?;
        }
        self.progress(state)
    }

    fn suggest(&self, state: &mut State) -> Result<(), Error> {
        let number = state.next_question();
        let question = self
            .to_requester(state, &format!("duplicate:{number}"), "duplicate")?
            .title("This was asked for before")
            .text(format!(
                "Delivered then: {}. Will that do?",
                state.earlier.join(", ")
            ))
            .outcomes(&["use_earlier", "go_on"]);
        state.desk.ask(self.cx, &self.rules(), vec![question])
    }

    /// The requester's own task, by which a request is changed or withdrawn.
    pub(crate) fn yours(&self, state: &mut State, text: &str) -> Result<Vec<Question>, Error> {
        let number = state.next_question();
        let question = self
            .to_requester(state, &format!("yours:{number}"), "yours")?
            .title(format!("Your request {}", state.request.id))
            .text(text)
            .outcomes(&["change", "withdraw"])
            .form("newDue", "New due date", false)
            .form("comment", "What changes", false);
        Ok(vec![question])
    }

    // ---- Going on -------------------------------------------------------------------------------

    /// Answers first, then the assets.
    pub(crate) fn look(&self, mut state: State) -> Next {
        let process = state.desk.process.clone();
        match state.desk.read(self.cx)? {
            Reading::Open(answers) => {
                for answer in answers {
                    self.cx.decision(&answer.record(&process));
                    if let Some(next) = self.answered(&mut state, &answer)? {
                        return Ok(next);
                    }
                }
            }
            Reading::Suspended => {
                let why =
                    format!("the process {process} is suspended; activate it, then retry the run");
                return Ok(Step::park(state, why));
            }
            Reading::Ended(reason) if reason.to_lowercase().contains(WITHDRAW) => {
                return self.withdrawn(state);
            }
            Reading::Ended(reason) => {
                let why = format!(
                    "the process {process} was ended in the workflow engine: {reason}; the signal `{RESTART}` asks again in another one"
                );
                return Ok(Step::park(state, why));
            }
        }
        self.progress(state)
    }

    /// Whatever can be done now is done.
    pub(crate) fn progress(&self, mut state: State) -> Next {
        if !state.earlier.is_empty() {
            return self.wait(state);
        }
        self.look_at_placeholders(&mut state)?;
        self.find_new(&mut state)?;
        self.look_at_delivered(&mut state)?;
        let ready = self.ready(&mut state)?;
        self.run_clock(&mut state)?;
        if !ready.is_empty() {
            self.deliver(&mut state, &ready)?;
        }
        if self.collection_is_lost(&mut state)? {
            let why = "the request's collection was deleted again after it was made anew";
            return Ok(Step::park(state, why));
        }
        self.show(&mut state)?;
        if state.has(Stage::Open) || state.has(Stage::Chosen) {
            return self.wait(state);
        }
        if !state.has(Stage::Delivered) {
            return self.declined(state);
        }
        if !self.config.accept.required {
            return self.close(state);
        }
        self.ask_acceptance(&mut state)?;
        self.wait(state)
    }

    /// What was deleted or restricted after it was delivered goes back to the team.
    fn look_at_delivered(&self, state: &mut State) -> Result<(), Error> {
        for index in 0..state.lines.len() {
            if state.lines[index].stage != Stage::Delivered {
                continue;
            }
            for id in state.lines[index].assets.clone() {
                if let Some(why) = self.lost(&id)? {
                    self.reopen(state)?;
                    self.send_back(state, index, &why)?;
                    break;
                }
            }
        }
        Ok(())
    }

    // ---- Ending ---------------------------------------------------------------------------------

    fn ask_acceptance(&self, state: &mut State) -> Result<(), Error> {
        if state.closes_at.is_some() {
            return Ok(());
        }
        self.withdraw_questions(state, &["yours"])?;
        let number = state.next_question();
        let link = state.share.clone().unwrap_or_default().link;
        let question = self
            .to_requester(state, &format!("accept:{number}"), "accept")?
            .title(format!(
                "Request {}: is this what you need?",
                state.request.id
            ))
            .text(link)
            .outcomes(&["accept", "reject", "withdraw"])
            .form("wrongLines", "Which lines are wrong (none: all)", false)
            .form("comment", "What is wrong", false);
        let after = self.config.accept.auto_after;
        state.closes_at = Some(after.after(self.cx, &self.config.calendar, self.cx.now(), 100)?);
        state.desk.ask(self.cx, &self.rules(), vec![question])
    }

    /// The request goes on after its delivery: nobody is asked to accept for now.
    pub(crate) fn reopen(&self, state: &mut State) -> Result<(), Error> {
        if state.closes_at.take().is_none() {
            return Ok(());
        }
        self.withdraw_questions(state, &["accept"])?;
        if self.config.requester_task {
            let yours = self.yours(state, "")?;
            state.desk.ask(self.cx, &self.rules(), yours)?;
        }
        Ok(())
    }

    pub(crate) fn close(&self, mut state: State) -> Next {
        let declined = state.has(Stage::Declined);
        let outcome = if declined {
            "partly_fulfilled"
        } else {
            "fulfilled"
        };
        state.desk.close(self.cx, outcome)?;
        let summary = format!("{} assets delivered", state.delivered().len());
        Ok(Step::complete(state, outcome, summary))
    }

    fn declined(&self, mut state: State) -> Next {
        state.desk.close(self.cx, "declined")?;
        let why: Vec<_> = state.lines.iter().map(|line| line.why.clone()).collect();
        Ok(Step::complete(state, "declined", why.join("; ")))
    }

    /// The link ends, open tasks disappear; the collection stays.
    pub(crate) fn withdrawn(&self, mut state: State) -> Next {
        self.end_share(&mut state)?;
        state.desk.close(self.cx, "withdrawn")?;
        Ok(Step::complete(
            state,
            "withdrawn",
            "the requester does not want it any more",
        ))
    }

    fn cancel(&self, mut state: State) -> Next {
        self.end_share(&mut state)?;
        state.desk.cancel(self.cx, "cancelled by an operator")?;
        Ok(Step::cancel(state, "cancelled", "by an operator"))
    }

    // ---- Waiting --------------------------------------------------------------------------------

    fn wait(&self, state: State) -> Next {
        let mut wait = Step::wait(state.clone());
        for (name, at) in state.desk.timers() {
            wait = wait.timer(name, at);
        }
        for party in state.desk.parties() {
            wait = wait.party(party);
        }
        if let Some(due) = state.due.filter(|_| !state.late) {
            wait = wait.due(due);
            if state.paused_since.is_none() {
                wait = wait.timer(DUE, due);
            }
        }
        if let Some(at) = state.closes_at {
            wait = wait.timer(CLOSE, at);
        }
        let looks = state
            .lines
            .iter()
            .any(|line| line.stage == Stage::Chosen || line.stage == Stage::Open && line.creating);
        if looks {
            let every = self.config.look_every;
            let at = every.after(self.cx, &self.config.calendar, self.cx.now(), 100)?;
            wait = wait.timer(LOOK, at);
        }
        wait = wait.subscribe(WORKFLOW, "process", state.desk.process.as_str());
        if let Some(place) = &state.collection {
            wait = wait.subscribe(DAM, "collection", place.id.as_str());
        }
        for line in &state.lines {
            for asset in line.assets.iter().chain(&line.placeholder) {
                wait = wait.subscribe(DAM, "asset", asset.as_str());
            }
            let sides = line.approvals.values().chain(line.clearances.values());
            for side in sides.filter(|side| side.outcome.is_none()) {
                wait = wait.until_ended(side.run.as_str());
            }
        }
        let open = state
            .lines
            .iter()
            .filter(|line| line.stage != Stage::Delivered);
        let open: Vec<_> = open
            .map(|line| format!("{} ({})", line.name, line.stage.word()))
            .collect();
        let words = if !state.earlier.is_empty() {
            "the requester: will the earlier result do?".to_owned()
        } else if open.is_empty() {
            "acceptance by the requester".to_owned()
        } else {
            open.join(", ")
        };
        Ok(wait.waiting_on(words))
    }

    // ---- People and records ---------------------------------------------------------------------
}
