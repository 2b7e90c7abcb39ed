//! What a run remembers between activations.

use std::collections::BTreeMap;

use forebay_sdk::Timestamp;
use forebay_sdk::assets::{AccessSnapshot, Asset};
use forebay_sdk::blocks::{Desk, ItemState, Items, paths};
use forebay_sdk::handler::RunEnded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Severity;
use crate::steps::Findings;

/// Rule of what a person reported.
const REPORTED: &str = "reported";

/// One of the things a run can be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// One asset and what is wrong with it.
    Case(Box<Case>),
    /// The assets of a collection whose fields are missing.
    Group(Box<Group>),
    /// An asset that should be there by a date.
    Line(Box<Line>),
}

/// One asset and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Case {
    /// The asset.
    pub asset: String,
    /// Its name, for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The checksum of that version.
    pub checksum: Option<String>,
    /// Who uploaded it.
    pub uploader: Option<String>,
    /// What was checked last: other changes, our own above all, are not checked.
    pub seen: String,
    /// Where the case stands.
    pub phase: Phase,
    /// What is wrong.
    pub issues: Vec<Issue>,
    /// How often people were asked to mend it.
    pub round: u32,
    /// Number of the next question.
    pub question: u32,
    /// Where people are asked.
    pub desk: Desk,
    /// It was kept back by this run.
    pub restricted: bool,
    /// What access stood before the block.
    pub before: Option<AccessSnapshot>,
    /// Since when the asset is deleted or in the trash.
    pub gone_since: Option<Timestamp>,
}

/// Where a case stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Fields may still be filled before anybody is asked.
    #[default]
    Grace,
    /// Until then.
    GraceUntil(Timestamp),
    /// People are asked to mend it.
    Open,
    /// It changed; it is checked again at this time.
    Recheck(Timestamp),
    /// The corrected asset is approved in this run.
    Approving(String),
    /// It is waived until then.
    Waived(Timestamp),
}

/// What is wrong with an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Issue {
    /// The rule, or `required FIELD`.
    pub rule: String,
    /// What is wrong, with the value found, for people.
    pub text: String,
    /// What to do about it.
    pub fix: String,
    /// How serious it is.
    pub severity: Severity,
    /// The logical field that is missing or wrong, where it is one.
    pub field: Option<String>,
}

/// The assets of a collection whose fields are missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Group {
    /// Path of the collection.
    pub collection: String,
    /// Assets by id.
    pub members: BTreeMap<String, Member>,
    /// Values that are being written: `asset|field|value`, one item each.
    pub writes: Items,
    /// Why the last answer was not taken, for the next question.
    pub refused: String,
    /// Number of the next question.
    pub question: u32,
    /// Where people are asked.
    pub desk: Desk,
    /// The list as the process shows it, as a digest.
    pub shown: String,
}

/// An asset of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Member {
    /// Its name, for people.
    pub name: String,
    /// Fields that are missing or invalid.
    pub missing: Vec<String>,
    /// Suggestions by field.
    pub suggestions: BTreeMap<String, String>,
}

/// An asset that should be there by a date.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Line {
    /// Name of the line in its manifest.
    pub line: String,
    /// Logical fields and values it is known by.
    pub matches: BTreeMap<String, String>,
    /// When it is needed, as a date.
    pub due: String,
    /// It is missing, and people were told.
    pub open: bool,
    /// Where people are asked.
    pub desk: Desk,
}

impl State {
    /// Where people are asked.
    pub(crate) fn desk(&mut self) -> &mut Desk {
        match self {
            Self::Case(case) => &mut case.desk,
            Self::Group(group) => &mut group.desk,
            Self::Line(line) => &mut line.desk,
        }
    }
}

impl From<Case> for State {
    fn from(case: Case) -> Self {
        Self::Case(Box::new(case))
    }
}

impl From<Group> for State {
    fn from(group: Group) -> Self {
        Self::Group(Box::new(group))
    }
}

impl From<Line> for State {
    fn from(line: Line) -> Self {
        Self::Line(Box::new(line))
    }
}

/// What is wrong, for people.
pub(crate) fn texts(issues: &[Issue]) -> Vec<String> {
    issues.iter().map(|issue| issue.text.clone()).collect()
}

impl Case {
    /// An asset of which nothing is known.
    pub(crate) fn of(asset: String) -> Self {
        Self {
            asset,
            ..Self::default()
        }
    }

    /// What is wrong, for people.
    pub(crate) fn texts(&self) -> Vec<String> {
        texts(&self.issues)
    }

    /// A person or another flow says what is wrong, if anything.
    pub(crate) fn report(&mut self, reported: &str) {
        if !reported.is_empty() {
            self.issues.push(Issue::told(REPORTED, reported.to_owned()));
        }
    }

    /// Is something wrong that a person or another flow reported?
    pub(crate) fn is_reported(&self) -> bool {
        self.issues.iter().any(|issue| issue.rule == REPORTED)
    }

    pub(crate) fn forget_report(&mut self) {
        self.issues.retain(|issue| issue.rule != REPORTED);
    }

    /// What was found stands beside what was reported, in place of what was found before.
    pub(crate) fn take(&mut self, findings: Findings) {
        self.issues.retain(|issue| issue.rule == REPORTED);
        self.issues.extend(findings.issues());
    }

    /// The correction was not approved: that is what is wrong now.
    pub(crate) fn was_not_approved(&mut self, ended: &RunEnded) {
        let (outcome, summary) = (&ended.outcome, &ended.summary);
        let text = format!("the correction was not approved: {outcome} {summary}");
        self.issues = vec![Issue::told("approval", text)];
    }
}

impl Issue {
    /// What no rule found.
    fn told(rule: &str, text: String) -> Self {
        Self {
            rule: rule.to_owned(),
            text,
            fix: String::new(),
            severity: Severity::Medium,
            field: None,
        }
    }
}

impl Group {
    /// A group without members.
    pub(crate) fn of(collection: String) -> Self {
        Self {
            collection,
            ..Self::default()
        }
    }

    /// Is the asset filed in the collection? The root stands for assets that are filed nowhere.
    pub(crate) fn holds(&self, asset: &Asset) -> bool {
        paths(asset).contains(&self.collection) || self.collection == "/"
    }

    /// Is it a member that misses just these fields?
    pub(crate) fn knows(&self, id: &str, fields: &[Issue]) -> bool {
        let missing = fields.iter().filter_map(|issue| issue.field.as_ref());
        let member = self.members.get(id);
        member.is_some_and(|member| member.missing.iter().eq(missing))
    }

    /// Values that are to be written, in place of those that were.
    pub(crate) fn plan(&mut self, writes: Vec<String>) {
        self.writes.0.retain(|item| item.state == ItemState::Open);
        for write in writes {
            self.writes.add(write.clone(), write);
        }
    }
}
