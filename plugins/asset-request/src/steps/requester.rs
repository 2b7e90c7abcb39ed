//! What the requester is asked and told: an earlier result, changes of scope, acceptance.

use forebay_sdk::blocks::{Answer, Question, Routing, can_be_asked, end_of};
use forebay_sdk::workflow::PrincipalKind;
use forebay_sdk::{Error, Value};

use super::Steps;
use super::fitness::day;
use crate::state::State;

impl Steps<'_> {
    /// A question to the requester; to the manager, then to the fallback group, where the requester
    /// is unknown or switched off.
    fn to_requester(&self, state: &State, id: &str, name: &str) -> Result<Question, Error> {
        let manager = state.request.values(&self.config.manager_field);
        let people = std::iter::once(state.request.requester.clone()).chain(manager);
        for person in people.filter(|person| !person.is_empty()) {
            if can_be_asked(self.cx, PrincipalKind::User, &person)? {
                return Ok(Question::to_person(id, name, &person));
            }
        }
        Ok(Question::to_group(id, name, &self.config.fallback_group))
    }

    /// Will what an equal request got do?
    pub(crate) fn suggest_earlier(&self, state: &mut State) -> Result<(), Error> {
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

    // ---- Changes of scope -----------------------------------------------------------------------

    /// The requester's own task, by which a request is changed or withdrawn.
    pub(super) fn requester_task(&self, state: &mut State, text: &str) -> Result<Question, Error> {
        let number = state.next_question();
        let question = self
            .to_requester(state, &format!("yours:{number}"), "yours")?
            .title(format!("Your request {}", state.request.id))
            .text(text)
            .outcomes(&["change", "withdraw"])
            .form("newDue", "New due date", false)
            .form("comment", "What changes", false);
        Ok(question)
    }

    /// Does the team agree to a change and to a new due date?
    pub(crate) fn ask_agreement(&self, state: &mut State, answer: &Answer) -> Result<(), Error> {
        let number = state.next_question();
        let facts = state.request.facts(self.config);
        let Some((rule, decided)) = self.config.routing.decide(&facts) else {
            return Err(Error::invalid("routing has no default rule"));
        };
        let due = answer.text("newDue").unwrap_or_default();
        let id = format!("agree:{number}");
        let question = Question::routed(&id, "agree", &decided.to, &Routing::rule_name(rule))
            .title(format!("Request {} changes", state.request.id))
            .text(format!(
                "{}\nnew due date wished for: {due}",
                answer.comment
            ))
            .outcomes(&["agree", "refuse"])
            .form("newDue", "Due date agreed", false)
            .form("comment", "Comment", false);
        state.desk.ask(self.cx, &self.rules(), vec![question])
    }

    /// The due date the team agreed to, where it named one.
    pub(crate) fn take_new_due(&self, state: &mut State, answer: &Answer) {
        if let Some(due) = answer.text("newDue")
            && let Ok(at) = end_of(self.cx, &self.config.calendar, &Value::Text(due))
        {
            state.due = Some(at);
            state.late = at < self.cx.now();
        }
    }

    /// What came of the change, in a new task of the requester; not while acceptance is asked for.
    pub(crate) fn tell_of_change(&self, state: &mut State, words: &str) -> Result<(), Error> {
        if !self.config.requester_task || state.closes_at.is_some() {
            return Ok(());
        }
        let due = state.due.map(|due| day(self.cx, self.config, due));
        let text = format!("{words}. Due: {}", due.unwrap_or_else(|| "open".to_owned()));
        let yours = self.requester_task(state, &text)?;
        state.desk.ask(self.cx, &self.rules(), vec![yours])
    }

    // ---- Acceptance -----------------------------------------------------------------------------

    /// Is this what the requester needs? Without an answer the request closes after a while.
    pub(crate) fn ask_acceptance(&self, state: &mut State) -> Result<(), Error> {
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
    pub(crate) fn call_off_acceptance(&self, state: &mut State) -> Result<(), Error> {
        if state.closes_at.take().is_none() {
            return Ok(());
        }
        self.withdraw_questions(state, &["accept"])?;
        if self.config.requester_task {
            let yours = self.requester_task(state, "")?;
            state.desk.ask(self.cx, &self.rules(), vec![yours])?;
        }
        Ok(())
    }

    /// Nobody accepted within the time, and the request closes.
    pub(crate) fn note_unanswered(&self, state: &State) {
        let mut record = self.record("closed-unanswered", state);
        record.comment = Some("the requester did not answer".to_owned());
        self.cx.decision(&record);
    }
}
