//! What people answer, and what follows from it.

use forebay_sdk::assets::AssetStatus;
use forebay_sdk::blocks::{Answer, Question, Routing, end_of, present};
use forebay_sdk::{Error, Step, Value};

use crate::course::Course;
use crate::fitness::{day, word};
use crate::state::{Stage, State};

impl Course<'_> {
    /// One answer. A step where it ends the run.
    pub(crate) fn answered(
        &self,
        state: &mut State,
        answer: &Answer,
    ) -> Result<Option<Step<State>>, Error> {
        let mut parts = answer.question.split(':');
        let name = parts.next().unwrap_or_default();
        match (name, answer.outcome.as_str()) {
            ("accept" | "yours", "withdraw") => return self.withdrawn(state.clone()).map(Some),
            ("accept", "accept") => return self.close(state.clone()).map(Some),
            ("accept", _) => self.rejected(state, answer)?,
            ("yours", _) => self.change_asked(state, answer)?,
            ("agree", outcome) => self.change_agreed(state, answer, outcome == "agree")?,
            ("duplicate", outcome) => self.duplicate(state, answer, outcome == "use_earlier")?,
            ("select" | "create", outcome) => {
                let index = parts.next().and_then(|index| index.parse().ok());
                let index = index.filter(|index| *index < state.lines.len());
                // A line that went on meanwhile was not asked about any more.
                let current = index.filter(|index: &usize| {
                    state.lines[*index].question.as_ref() == Some(&answer.question)
                });
                if let Some(index) = current {
                    state.lines[index].question = None;
                    self.team_answered(state, index, answer, outcome)?;
                }
            }
            _ => {}
        }
        Ok(None)
    }

    fn team_answered(
        &self,
        state: &mut State,
        index: usize,
        answer: &Answer,
        outcome: &str,
    ) -> Result<(), Error> {
        let assets = answer.texts("assets");
        match outcome {
            "decline" => {
                let line = &mut state.lines[index];
                line.stage = Stage::Declined;
                line.why.clone_from(&answer.comment);
                Ok(())
            }
            "create" => self.ask_for(state, index, &answer.comment, true),
            "select" | "review_rights" if assets.is_empty() => {
                let create = answer.question.starts_with("create");
                self.ask_for(state, index, "Name the ids of the assets.", create)
            }
            "review_rights" => {
                self.choose(state, index, assets, answer.actor())?;
                self.review_rights(state, index)
            }
            "select" => self.choose(state, index, assets, answer.actor()),
            other => {
                let why = format!("`{other}` is no answer to this.");
                self.ask_for(state, index, &why, false)
            }
        }
    }

    /// Back to the team with all that was said, for the lines that are named or all.
    fn rejected(&self, state: &mut State, answer: &Answer) -> Result<(), Error> {
        self.remark(
            state,
            answer,
            &format!("Round {} was rejected", state.round),
        );
        state.round += 1;
        self.reopen(state)?;
        let named = answer.texts("wrongLines");
        let why = format!("Rejected: {}", answer.comment);
        for index in 0..state.lines.len() {
            let line = &state.lines[index];
            let meant = named.is_empty() || named.contains(&line.name);
            if line.stage == Stage::Delivered && meant {
                self.send_back(state, index, &why)?;
            }
        }
        Ok(())
    }

    fn duplicate(&self, state: &mut State, answer: &Answer, take: bool) -> Result<(), Error> {
        let earlier = std::mem::take(&mut state.earlier);
        if !take {
            return self.start_work(state);
        }
        self.choose(state, 0, earlier, answer.actor())?;
        for line in state.lines.iter_mut().skip(1) {
            line.stage = Stage::Declined;
            "the earlier result was taken".clone_into(&mut line.why);
        }
        Ok(())
    }

    // ---- Changes of scope -----------------------------------------------------------------------

    /// The team agrees to a change and to a new due date, or does not.
    fn change_asked(&self, state: &mut State, answer: &Answer) -> Result<(), Error> {
        self.remark(state, answer, "Change asked for");
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

    fn change_agreed(&self, state: &mut State, answer: &Answer, agreed: bool) -> Result<(), Error> {
        let words = if agreed {
            "Change agreed"
        } else {
            "Change refused"
        };
        self.remark(state, answer, words);
        if agreed {
            if let Some(due) = answer.text("newDue")
                && let Ok(at) = end_of(self.cx, &self.config.calendar, &Value::Text(due))
            {
                state.due = Some(at);
                state.late = at < self.cx.now();
            }
            self.withdraw_questions(state, &["select", "create"])?;
            for line in &mut state.lines {
                line.question = None;
            }
            self.ask_open(state, "The request has changed.")?;
        }
        if self.config.requester_task && state.closes_at.is_none() {
            let due = state.due.map(|due| day(self.cx, self.config, due));
            let text = format!("{words}. Due: {}", due.unwrap_or_else(|| "open".to_owned()));
            let yours = self.yours(state, &text)?;
            state.desk.ask(self.cx, &self.rules(), yours)?;
        }
        Ok(())
    }

    fn remark(&self, state: &mut State, answer: &Answer, what: &str) {
        let by = answer.actor();
        state
            .remarks
            .push(format!("{what} by {by}: {}", answer.comment));
    }

    /// Why the requester cannot use an asset any more.
    pub(crate) fn lost(&self, id: &str) -> Result<Option<String>, Error> {
        let Some(asset) = present(self.cx, id)? else {
            return Ok(Some(format!("{id} was deleted")));
        };
        let kept_back = [
            AssetStatus::Restricted,
            AssetStatus::Expired,
            AssetStatus::Rejected,
        ];
        let back = kept_back.contains(&asset.status);
        Ok(back.then(|| format!("{id} is {}", word(asset.status))))
    }
}
