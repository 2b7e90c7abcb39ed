//! What people are asked, and what they answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Span, Target};
use crate::capability::workflow::Decision;
use crate::handler::DecisionRecord;
use crate::types::{Field, FieldsExt, Timestamp, Value};

/// A field of a question's form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormField {
    /// Name of the variable it fills.
    pub name: String,
    /// Label for people.
    pub label: String,
    /// Must it be filled?
    pub required: bool,
}

/// One task for one group or person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question {
    /// Unique within the process: asked a second time under the same id, nothing happens. A question
    /// that is asked again needs a new id, `decide:2`.
    pub id: String,
    /// Name of the task.
    pub name: String,
    /// Group it is offered to.
    pub group: Option<String>,
    /// Person it is given to, by mail address.
    pub assignee: Option<String>,
    /// One line for the inbox.
    pub title: String,
    /// All that is to be known, for people.
    pub text: String,
    /// Outcomes to choose from.
    pub outcomes: Vec<String>,
    /// Form fields.
    pub form: Vec<FormField>,
    /// When it is due; follows from `sla` where there is one.
    pub due: Option<Timestamp>,
    /// People who may not answer (four-eyes, two-person rule).
    pub excluded: Vec<String>,
    /// How long it may take.
    #[serde(skip)]
    pub sla: Option<Span>,
    /// When its time began, where that was before it is asked: the rest of an earlier question.
    #[serde(skip)]
    pub since: Option<Timestamp>,
    /// The rule that routed it, for the audit.
    #[serde(skip)]
    pub rule: Option<String>,
}

impl Question {
    /// A question to a group.
    #[must_use]
    pub fn to_group(id: &str, name: &str, group: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            group: Some(group.to_owned()),
            assignee: None,
            title: name.to_owned(),
            text: String::new(),
            outcomes: Vec::new(),
            form: Vec::new(),
            due: None,
            excluded: Vec::new(),
            sla: None,
            since: None,
            rule: None,
        }
    }

    /// A question to a person.
    #[must_use]
    pub fn to_person(id: &str, name: &str, person: &str) -> Self {
        Self {
            group: None,
            assignee: Some(person.to_owned()),
            ..Self::to_group(id, name, "")
        }
    }

    /// A question to where a routing rule leads.
    #[must_use]
    pub fn routed(id: &str, name: &str, target: &Target, rule: &str) -> Self {
        let mut question = Self::to_group(id, name, &target.group).sla(target.sla);
        question.rule = Some(rule.to_owned());
        question
    }

    /// One line for the inbox.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// All that is to be known.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Outcomes to choose from.
    #[must_use]
    pub fn outcomes(mut self, outcomes: &[&str]) -> Self {
        self.outcomes = outcomes.iter().map(|text| (*text).to_owned()).collect();
        self
    }

    /// Add a form field.
    #[must_use]
    pub fn form(mut self, name: &str, label: &str, required: bool) -> Self {
        self.form.push(FormField {
            name: name.to_owned(),
            label: label.to_owned(),
            required,
        });
        self
    }

    /// How long it may take.
    #[must_use]
    pub fn sla(mut self, sla: Span) -> Self {
        self.sla = Some(sla);
        self
    }

    /// When its time began, where that was before it is asked.
    #[must_use]
    pub fn since(mut self, began: Timestamp) -> Self {
        self.since = Some(began);
        self
    }

    /// People who may not answer.
    #[must_use]
    pub fn exclude(mut self, people: impl IntoIterator<Item = String>) -> Self {
        self.excluded.extend(people);
        self
    }

    pub(super) fn addressee(&self) -> &str {
        let to = self.assignee.as_deref().or(self.group.as_deref());
        to.unwrap_or_default()
    }
}

/// A question that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// Who was asked.
    pub to: String,
    /// When the answer is due.
    pub due: Option<Timestamp>,
    /// The rule that routed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What happens when, as per cent of its time and point in time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<(u32, Timestamp)>,
}

/// A person's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The question's id.
    pub question: String,
    /// The task.
    pub task: String,
    /// What was chosen.
    pub outcome: String,
    /// Who answered.
    pub by: Option<String>,
    /// On whose behalf, where it was delegated.
    pub on_behalf_of: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
    /// The comment given.
    pub comment: String,
    /// The rule that routed the question.
    pub rule: Option<String>,
    /// All the task was completed with.
    pub values: Vec<Field>,
}

impl Answer {
    pub(super) fn of(question: String, asked: Option<Asked>, decision: Decision) -> Self {
        Self {
            question,
            task: decision.task,
            outcome: decision.outcome,
            by: decision.by,
            on_behalf_of: decision.on_behalf_of,
            at: decision.at,
            comment: decision.comment,
            rule: asked.and_then(|asked| asked.rule),
            values: decision.variables,
        }
    }

    /// A form field's value as text; none where it was left empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        let value = self.values.value(name).filter(|value| !value.is_empty())?;
        Some(value.to_plain().trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A form field's values: a list, or a text with commas or line breaks.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<String> {
        match self.values.value(name) {
            Some(Value::Texts(texts)) => texts.clone(),
            _ => self
                .text(name)
                .unwrap_or_default()
                .split([',', '\n'])
                .map(|part| part.trim().to_owned())
                .filter(|part| !part.is_empty())
                .collect(),
        }
    }

    /// Who answered, for the audit: a name in any case.
    #[must_use]
    pub fn actor(&self) -> &str {
        self.by.as_deref().unwrap_or("unknown")
    }

    /// Is this another person than that one (two-person rule)? An answer without a name is nobody's.
    #[must_use]
    pub fn is_by_another_than(&self, first: &str) -> bool {
        self.by
            .as_deref()
            .is_some_and(|by| !by.eq_ignore_ascii_case(first))
    }

    /// The audit record of this answer.
    #[must_use]
    pub fn record(&self, process: &str) -> DecisionRecord {
        let mut record = DecisionRecord::new("decision", self.actor());
        record.decision = Some(self.outcome.clone());
        record.comment = Some(self.comment.clone()).filter(|comment| !comment.is_empty());
        record.reason_code = self.text("reasonCode");
        record.rule.clone_from(&self.rule);
        record.process = Some(process.to_owned());
        record.task = Some(self.task.clone());
        record.details = vec![Field::new("question", self.question.as_str())];
        if let Some(owner) = &self.on_behalf_of {
            record
                .details
                .push(Field::new("on-behalf-of", owner.as_str()));
        }
        record
    }
}
