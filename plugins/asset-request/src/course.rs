//! The course of a run: what happens on each delivery, and how a request goes on and ends.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Alarm, Desk, DeskRules, Question, Reading};
use forebay_sdk::handler::{DecisionRecord, EffectMode, Fired, RunEnded};
use forebay_sdk::workflow::{PrincipalKind, StartRequest, TaskQuery};
use forebay_sdk::{Cx, Delivery, Error, Step, paging};

use crate::config::Config;
use crate::fitness::due;
use crate::line::RESTORING;
use crate::request::{Ask, Request, ask_of};
use crate::state::{Line, Stage, State};
use crate::{DAM, WORKFLOW};

/// Signal: end the run and clean up.
const CANCEL: &str = "cancel";
/// Signal: ask people again, in another process.
const RESTART: &str = "restart";
/// Signal: the requester does not want it any more.
const WITHDRAW: &str = "withdraw";
/// Timer: the request is due.
const DUE: &str = "due";
/// Timer: nobody accepted for long enough.
const CLOSE: &str = "close";
/// Timer: look for what no event tells of.
const LOOK: &str = "look";
/// Most tasks of a process that are escalated when it is late.
const TASK_LIMIT: usize = 1_000;

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

    fn timer(&self, mut state: State, fired: &Fired) -> Next {
        match fired.name.as_str() {
            DUE if !state.late => self.is_late(&mut state)?,
            CLOSE if state.closes_at.is_some_and(|at| self.cx.now() >= at) => {
                // An acceptance that came at the last moment counts first.
                let next = self.look(state.clone())?;
                if next.waiting().is_none() || next.state.closes_at.is_none() {
                    return Ok(next);
                }
                let mut record = self.record("closed-unanswered", &state);
                record.comment = Some("the requester did not answer".to_owned());
                self.cx.decision(&record);
                return self.close(next.state);
            }
            name => {
                let alarm = state.desk.alarm(self.cx, &self.rules(), name)?;
                if let Some(Alarm::TimedOut(question)) = alarm {
                    let why = format!("nobody answered `{question}` within twice the time");
                    return Ok(Step::park(state, why));
                }
            }
        }
        self.look(state)
    }

    /// Answers first, then the assets.
    fn look(&self, mut state: State) -> Next {
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

    /// While media comes back from the archive the time until the due date stands still.
    fn run_clock(&self, state: &mut State) -> Result<(), Error> {
        let restores = state
            .lines
            .iter()
            .any(|line| line.stage == Stage::Chosen && line.why.ends_with(RESTORING));
        match (restores, state.paused_since) {
            (true, None) => {
                state.paused_since = Some(self.cx.now());
                self.cx.decision(&self.record("clock-paused", state));
            }
            (false, Some(since)) => {
                state.due = state.due.map(|due| due + (self.cx.now() - since));
                state.paused_since = None;
                self.cx.decision(&self.record("clock-resumed", state));
            }
            _ => {}
        }
        Ok(())
    }

    /// The due date has passed: everybody sees it, more people may help, and work goes on.
    fn is_late(&self, state: &mut State) -> Result<(), Error> {
        state.late = true;
        self.cx.decision(&self.record("late", state));
        let leads = &self.config.escalation_group;
        let (tasks, _) = paging::collect(TASK_LIMIT, |page| {
            let query = TaskQuery {
                process: Some(state.desk.process.clone()),
                page: page.map(str::to_owned),
                ..TaskQuery::default()
            };
            let found = self.cx.tasks().list(&query)?;
            Ok((found.tasks, found.next))
        })?;
        for task in tasks.iter().filter(|task| task.assignee.is_none()) {
            self.cx.tasks().reassign(&task.id, leads)?;
        }
        self.tell(&format!(
            "request {} is late, escalated to {leads}",
            state.request.id
        ));
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

    pub(crate) fn rules(&self) -> DeskRules<'_> {
        DeskRules {
            fallback_group: &self.config.fallback_group,
            escalation_group: &self.config.escalation_group,
            calendar: &self.config.calendar,
            reminders: &self.config.reminders,
            channels: &self.config.channels,
        }
    }

    pub(crate) fn tell(&self, message: &str) {
        for channel in &self.config.channels {
            self.cx.notify(channel, message);
        }
    }

    /// A question to the requester; to the manager, then to the fallback group, where the requester
    /// is unknown or switched off.
    pub(crate) fn to_requester(
        &self,
        state: &State,
        id: &str,
        name: &str,
    ) -> Result<Question, Error> {
        let manager = state.request.values(&self.config.manager_field);
        let people = std::iter::once(state.request.requester.clone()).chain(manager);
        for person in people.filter(|person| !person.is_empty()) {
            let known = match self.cx.directory().lookup(PrincipalKind::User, &person) {
                Err(error) if error.is_unsupported() => true,
                found => found?.is_some_and(|found| found.enabled),
            };
            if known {
                return Ok(Question::to_person(id, name, &person));
            }
        }
        Ok(Question::to_group(id, name, &self.config.fallback_group))
    }

    pub(crate) fn withdraw_questions(
        &self,
        state: &mut State,
        names: &[&str],
    ) -> Result<(), Error> {
        let asked: Vec<_> = state.desk.asked.keys().cloned().collect();
        let ours = asked.iter().map(String::as_str).filter(|id| {
            let name = id.split(':').next().unwrap_or_default();
            names.contains(&name)
        });
        let ours: Vec<_> = ours.collect();
        if ours.is_empty() {
            return Ok(());
        }
        state.desk.withdraw(self.cx, &ours)
    }

    pub(crate) fn record(&self, action: &str, state: &State) -> DecisionRecord {
        let mut record = DecisionRecord::new(action, "system");
        record.process = Some(state.desk.process.clone());
        record
    }

    pub(crate) fn about(&self, action: &str, state: &State, asset: &Asset) -> DecisionRecord {
        let mut record = self.record(action, state);
        record.asset = Some(asset.id.clone());
        record.version = Some(asset.version.clone());
        record.checksum.clone_from(&asset.checksum);
        record
    }
}
