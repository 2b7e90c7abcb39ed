//! What a person may fill in and decide in a task, and what becomes of it.

use std::collections::BTreeMap;

use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::sorry;
use crate::opentext::engine::model::Task;
use crate::opentext::engine::variable::{self, Variable};
use crate::opentext::engine::{Actor, Completion};
use crate::opentext::http::Sim;

/// The field that every form has.
const COMMENT: &str = "comment";

/// Outcomes offered for a review, with their labels.
const REVIEW_OUTCOMES: &[(&str, &str)] = &[
    ("approved", "Approve"),
    ("approved-with-conditions", "Approve with conditions"),
    ("changes-requested", "Request changes"),
    ("rejected", "Reject"),
];

/// Claim and decide.
pub(super) fn forms(task: &Task, user: &str) -> Markup {
    html! {
        @if task.assignee.is_none() {
            form.row method="post" action={ "/inbox/tasks/" (task.id) "/claim" } {
                input type="hidden" name="user" value=(user);
                button { "Claim" }
            }
        }
        form.box method="post" action={ "/inbox/tasks/" (task.id) "/decide" } {
            input type="hidden" name="user" value=(user);
            @let outcomes = outcomes(task);
            @if !outcomes.is_empty() {
                label { "Outcome"
                    select name="outcome" {
                        @for (value, label) in &outcomes { option value=(value) { (label) } }
                    }
                }
            }
            @for field in fields(task) {
                label { (field.label) @if field.required { " (needed)" }
                    @if field.name == COMMENT {
                        textarea name=(COMMENT) rows="3" required[field.required] {}
                    } @else {
                        input name=(field.name) required[field.required];
                    }
                }
            }
            button { @if outcomes.is_empty() { "Done" } @else { "Decide" } }
        }
    }
}

/// A variable of a task that is a text.
pub(super) fn local<'a>(task: &'a Task, name: &str) -> &'a str {
    variable::text(&task.locals, name).unwrap_or_default()
}

/// What a person may answer: value and label. A task of a desk names its own.
fn outcomes(task: &Task) -> Vec<(String, String)> {
    if task.key == "review" {
        let known = REVIEW_OUTCOMES.iter();
        return known
            .map(|(value, label)| ((*value).to_owned(), (*label).to_owned()))
            .collect();
    }
    let named = local(task, "outcomes").split(',');
    let named = named.filter(|value| !value.is_empty());
    named
        .map(|value| (value.to_owned(), value.replace(['-', '_'], " ")))
        .collect()
}

/// A field of a form.
#[derive(Deserialize)]
struct Field {
    name: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    required: bool,
}

impl Field {
    fn new(name: &str, label: &str) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            required: false,
        }
    }
}

/// What a person may fill in. A task of a desk brings its form; a comment is always welcome.
fn fields(task: &Task) -> Vec<Field> {
    let mut fields: Vec<Field> = serde_json::from_str(local(task, "form")).unwrap_or_default();
    if task.key == "review" {
        fields.push(Field::new("reasonCode", "Reason code (RIGHTS, QUALITY, …)"));
        fields.push(Field::new("conditions", "Conditions"));
    }
    if !fields.iter().any(|field| field.name == COMMENT) {
        fields.push(Field::new(COMMENT, "Comment"));
    }
    fields
}

/// A decision: who, the outcome, and whatever else the form of the task has, by name.
#[derive(Deserialize)]
pub(super) struct DecisionForm {
    user: String,
    outcome: Option<String>,
    #[serde(flatten)]
    given: BTreeMap<String, String>,
}

pub(super) async fn decide(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    Form(form): Form<DecisionForm>,
) -> Response {
    let engine = &mut sim.lock().engine;
    let mut variables = Vec::new();
    for (name, text) in &form.given {
        if !text.trim().is_empty() {
            variable::set(&mut variables, Variable::new(name, text.trim()));
        }
    }
    let done = Completion {
        outcome: form.outcome,
        variables,
        locals: Vec::new(),
    };
    let result = engine
        .claim(&id, Some(&form.user))
        .and_then(|()| engine.complete(&id, &Actor::Person(form.user.clone()), done));
    match result {
        Ok(()) => {
            let user: String = url::form_urlencoded::byte_serialize(form.user.as_bytes()).collect();
            Redirect::to(&format!("/?user={user}")).into_response()
        }
        Err(error) => sorry(&error),
    }
}
