//! What a run remembers between activations.

use std::collections::BTreeMap;

use forebay_sdk::Timestamp;
use forebay_sdk::assets::AccessSnapshot;
use forebay_sdk::blocks::{Desk, Items};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Severity;

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
