//! The desk: a process in which a flow asks people, as often and as many at once as it must.
//!
//! Used by every definition of [`DEFINITIONS`]; they differ in name only. Started with the variables
//!
//! | Name | Meaning |
//! |---|---|
//! | `questions` | JSON text: a list of questions to ask at once; none where the flow asks later |
//! | `title`, `links`, … | shown to the people who answer |
//!
//! A question is `{"id", "name", "group", "assignee", "title", "text", "outcomes": [], "form": [{"name",
//! "label", "required"}], "due": epoch-ms or null, "excluded": []}` and becomes one task, offered to
//! `group` or given to `assignee`. All that its task is completed with stays with the task.
//!
//! The process waits for two messages. `ask` brings further questions in its variable `questions`;
//! one whose id was asked before is left out. `close` ends the process with the outcome in its
//! variable `outcome`; open tasks are taken away.

use std::collections::BTreeSet;

use forebay_model::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::super::engine::error::{Error, Result};
use super::super::engine::variable::{self, Variable};
use super::{Definition, Move, TaskPlan, UserTask};

/// Message that brings further questions.
const ASK: &str = "ask";
/// Message that ends the process.
const CLOSE: &str = "close";
/// The messages a desk waits for.
pub(crate) const MESSAGES: &[&str] = &[ASK, CLOSE];

const QUESTION: UserTask = UserTask {
    key: "question",
    name: "Question",
    outcomes: "Done:done",
};

const fn desk(key: &'static str, name: &'static str, start_message: &'static str) -> Definition {
    Definition {
        key,
        name,
        start_message,
        tasks: &[QUESTION],
    }
}

/// The definitions that are desks.
pub(crate) const DEFINITIONS: &[Definition] = &[
    desk(
        "assetApprovalBatch",
        "Asset approval, several assets",
        "assetApprovalBatchRequested",
    ),
    desk("rightsReview", "Rights review", "rightsReviewRequested"),
    desk("assetRequest", "Asset request", "assetRequestRequested"),
    desk("mediaRequest", "Media request", "mediaRequestRequested"),
    desk("localization", "Localization", "localizationRequested"),
    desk("shareReview", "Share review", "shareReviewRequested"),
    desk(
        "lifecycleReview",
        "Lifecycle review",
        "lifecycleReviewRequested",
    ),
    desk(
        "assetException",
        "Asset exception",
        "assetExceptionRequested",
    ),
    desk(
        "productionReview",
        "Production review",
        "productionReviewRequested",
    ),
    desk("mediaCase", "Case", "mediaCaseRequested"),
];

#[derive(Clone, Debug, Deserialize)]
struct Question {
    id: String,
    name: String,
    group: Option<String>,
    assignee: Option<String>,
    title: Option<String>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    outcomes: Vec<String>,
    #[serde(default)]
    form: Vec<Value>,
    due: Option<i64>,
    #[serde(default)]
    excluded: Vec<String>,
}

/// Where a desk stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Desk {
    asked: BTreeSet<String>,
}

impl Desk {
    /// Ask the first questions, if there are any.
    pub(crate) fn start(variables: &[Variable]) -> Result<(Self, Vec<Move>)> {
        let mut desk = Self::default();
        let moves = desk.ask(variables)?;
        Ok((desk, moves))
    }

    /// A message came, with these variables.
    pub(crate) fn received(&mut self, message: &str, variables: &[Variable]) -> Result<Vec<Move>> {
        match message {
            CLOSE => {
                let outcome = variable::text(variables, "outcome").unwrap_or("closed");
                Ok(vec![Move::End(vec![Variable::new("outcome", outcome)])])
            }
            _ => self.ask(variables),
        }
    }

    fn ask(&mut self, variables: &[Variable]) -> Result<Vec<Move>> {
        let mut moves = Vec::new();
        for question in read(variables)? {
            if question.group.is_none() && question.assignee.is_none() {
                let id = &question.id;
                return Err(Error::Invalid(format!(
                    "question '{id}' needs 'group' or 'assignee'"
                )));
            }
            if self.asked.insert(question.id.clone()) {
                moves.push(Move::Open(plan(question)));
            }
        }
        Ok(moves)
    }
}

fn plan(question: Question) -> TaskPlan {
    let mut locals = vec![
        Variable::new("question", question.id),
        Variable::new("text", question.text),
        Variable::new("outcomes", question.outcomes.join(",")),
        Variable::new("form", Value::from(question.form).to_string()),
        Variable::new("excludedUsers", question.excluded.join(",")),
    ];
    locals.extend(
        question
            .group
            .as_deref()
            .map(|group| Variable::new("group", group)),
    );
    TaskPlan {
        key: QUESTION.key,
        name: question.name,
        description: question.title,
        assignee: question.assignee,
        group: question.group,
        due_at: question.due.map(Timestamp),
        locals,
    }
}

fn read(variables: &[Variable]) -> Result<Vec<Question>> {
    let Some(variable) = variable::get(variables, "questions") else {
        return Ok(Vec::new());
    };
    let parsed = match variable.value.as_str() {
        Some(text) => serde_json::from_str(text),
        None => serde_json::from_value(variable.value.clone()),
    };
    parsed.map_err(|error| Error::Invalid(format!("variable 'questions' is wrong: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn questions(list: &Value) -> Vec<Variable> {
        vec![Variable::new("questions", list.to_string())]
    }

    fn opened(moves: &[Move]) -> Vec<&str> {
        let plans = moves.iter().filter_map(|next| match next {
            Move::Open(plan) => variable::text(&plan.locals, "question"),
            _ => None,
        });
        plans.collect()
    }

    #[test]
    fn questions_are_asked_once_each() {
        let first = questions(&json!([{"id": "a", "name": "A", "group": "g"}]));
        let (mut desk, moves) = Desk::start(&first).unwrap();
        assert_eq!(opened(&moves), ["a"]);
        let more = questions(&json!([
            {"id": "a", "name": "A", "group": "g"},
            {"id": "b", "name": "B", "assignee": "ann@example.com"}
        ]));
        assert_eq!(opened(&desk.received("ask", &more).unwrap()), ["b"]);
        assert_eq!(opened(&desk.received("ask", &more).unwrap()), [""; 0]);
    }

    #[test]
    fn closing_ends_the_process_with_the_outcome_given() {
        let (mut desk, moves) = Desk::start(&[]).unwrap();
        assert!(moves.is_empty());
        let moves = desk
            .received("close", &[Variable::new("outcome", "renewed")])
            .unwrap();
        assert_eq!(
            moves,
            [Move::End(vec![Variable::new("outcome", "renewed")])]
        );
    }

    #[test]
    fn questions_for_nobody_are_refused() {
        for wrong in [json!([{"id": "a", "name": "A"}]), json!({"id": "a"})] {
            assert!(Desk::start(&questions(&wrong)).is_err(), "{wrong}");
        }
    }
}
