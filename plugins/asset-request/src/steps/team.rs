//! The team's part: it is asked for a line, and chooses assets or makes them.

use forebay_sdk::blocks::{Question, Routing, present};
use forebay_sdk::{Error, Field};

use super::Steps;
use crate::state::{Line, Stage, State};

/// What the team is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Something that exists; something new where nothing suits.
    Any,
    /// Something new.
    New,
}

impl Wanted {
    /// A line with a placeholder wants media for it.
    pub(crate) fn of_line(line: &Line) -> Self {
        match line.placeholder {
            Some(_) => Self::New,
            None => Self::Any,
        }
    }

    /// What this question was about.
    pub(crate) fn of_question(id: &str) -> Self {
        if id.starts_with("create") {
            Self::New
        } else {
            Self::Any
        }
    }
}

impl Steps<'_> {
    /// Ask the team for every open line that nobody was asked for.
    pub(crate) fn ask_for_open_lines(&self, state: &mut State, why: &str) -> Result<(), Error> {
        for line in state.lines_at(Stage::Open) {
            if state.lines[line].question.is_none() {
                self.ask_team(state, line, Wanted::Any, why)?;
            }
        }
        Ok(())
    }

    /// Ask the team for one line: to select from what was found, or to make it.
    pub(crate) fn ask_team(
        &self,
        state: &mut State,
        index: usize,
        wanted: Wanted,
        why: &str,
    ) -> Result<(), Error> {
        let candidates = self.candidates(state)?;
        let make = wanted == Wanted::New || candidates.is_empty();
        let number = state.next_question();
        let facts = state.request.facts(self.config);
        let (rule, target) = match self.config.routing.decide(&facts) {
            Some((rule, decided)) => (rule, decided.to.clone()),
            None => return Err(Error::invalid("routing has no default rule")),
        };
        let kind = if make { "create" } else { "select" };
        let id = format!("{kind}:{index}:{number}");
        let name = Routing::rule_name(rule);
        let mut question = Question::routed(&id, kind, &target, &name);
        if state.round > self.config.max_rounds {
            question.group = Some(self.config.coordinator_group.clone());
        } else if make && let Some(group) = &self.config.creation_group {
            question.group = Some(group.clone());
        }
        let line = &mut state.lines[index];
        line.creating = make || line.placeholder.is_some();
        line.question = Some(id);
        line.why = why.to_owned();
        let offered: Vec<_> = candidates.iter().map(|found| found.words()).collect();
        let text = Self::what_to_do(state, index, make, &offered);
        let question = question
            .title(format!(
                "Request {}: {}",
                state.request.id, state.lines[index].name
            ))
            .text(text)
            .outcomes(&self.team_outcomes(make))
            .form("assets", "Ids of the assets", false)
            .form("comment", "Comment", false);
        let mut record = self.record("candidates-offered", state);
        record.comment = Some(state.request.words());
        record.details = vec![Field::new("candidates", offered.join("\n"))];
        self.cx.decision(&record);
        state.desk.ask(self.cx, &self.rules(), vec![question])
    }

    /// What the team reads: why it is asked, what is wanted, what was said, and what was found.
    fn what_to_do(state: &State, index: usize, make: bool, offered: &[String]) -> String {
        let line = &state.lines[index];
        let mut text = vec![line.why.clone(), state.request.words()];
        text.extend(state.remarks.clone());
        text.push(match &line.placeholder {
            _ if !make => format!("Found:\n{}", offered.join("\n")),
            Some(placeholder) => format!("Put the new media into {placeholder}."),
            None => {
                let id = &state.request.id;
                format!("Nothing suits. Upload it with request_id = {id}.")
            }
        });
        text.retain(|part| !part.is_empty());
        text.join("\n")
    }

    fn team_outcomes(&self, make: bool) -> Vec<&'static str> {
        let mut outcomes = vec!["select"];
        if !make {
            outcomes.push("create");
        }
        if self.config.rights_flow.is_some() {
            outcomes.push("review_rights");
        }
        outcomes.push("decline");
        outcomes
    }

    /// Assets were chosen for a line.
    pub(crate) fn choose(
        &self,
        state: &mut State,
        index: usize,
        assets: Vec<String>,
        by: &str,
    ) -> Result<(), Error> {
        if let Some(question) = state.lines[index].question.take() {
            state.desk.withdraw(self.cx, &[&question])?;
        }
        let mut record = self.record("chosen", state);
        by.clone_into(&mut record.actor);
        record.details = vec![
            Field::new("line", state.lines[index].name.as_str()),
            Field::new("assets", assets.join(", ")),
        ];
        self.cx.decision(&record);
        let line = &mut state.lines[index];
        line.stage = Stage::Chosen;
        line.assets = assets;
        by.clone_into(&mut line.chosen_by);
        Ok(())
    }

    /// A line is open again; the versions that will not do are not taken by themselves again.
    pub(crate) fn refuse(&self, state: &mut State, index: usize, why: &str) -> Result<(), Error> {
        let mut record = self.record("sent-back", state);
        record.comment = Some(why.to_owned());
        record.details = vec![Field::new("line", state.lines[index].name.as_str())];
        self.cx.decision(&record);
        for id in std::mem::take(&mut state.lines[index].assets) {
            if let Some(asset) = present(self.cx, &id)? {
                state.lines[index].refused.insert(id, asset.version);
            }
        }
        let line = &mut state.lines[index];
        line.stage = Stage::Open;
        line.restored.clear();
        Ok(())
    }
}
