//! Batches (rule C-08): assets that arrive together are reviewed in one process, each with its own
//! decision. What their runs remember, and what they say to each other.
//!
//! The run of an asset stays what it is: it protects the asset, follows it, and writes its result.
//! Only where its review would begin it asks to be taken in by the run that gathers. When the window
//! closes that run hands all it has to the run of the review, which asks people, and tells each
//! asset's run what was decided about it, as if the asset had had a process of its own.

use std::collections::BTreeMap;

use forebay_sdk::Timestamp;
use forebay_sdk::blocks::Desk;
use forebay_sdk::workflow::{Decision, Process};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PlannedStage;

/// Outcome of a run that gathered.
pub(crate) const GATHERED: &str = "gathered";
/// Outcome of the review of a batch.
pub(crate) const REVIEWED: &str = "reviewed";
/// Signal to the run of an asset: what its batch has to tell.
pub(crate) const TOLD: &str = "batch";
/// Signal to a run that gathers or reviews: an asset leaves.
pub(crate) const LEAVE: &str = "leave-batch";

// ---- What the runs remember -----------------------------------------------------------------------

/// Assets are gathered until the window closes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gathering {
    /// The batch.
    pub of: Shared,
    /// When the first came.
    pub began: Timestamp,
    /// When the window closes, unless another comes before.
    pub closes_at: Timestamp,
    /// The assets so far.
    pub members: Vec<Member>,
}

/// One process decides about several assets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Batch {
    /// What the assets share.
    pub of: Shared,
    /// The assets. People know them by their place in this list, from 1.
    pub items: Vec<Item>,
    /// What people answered, oldest first.
    pub answers: Vec<Decision>,
    /// Stage and group → how it stands between us, once it was asked.
    pub seats: BTreeMap<String, Seat>,
    /// How often an operator began it anew: each time is a process of its own.
    #[serde(default)]
    pub restarts: u32,
    /// How many items had ended when people were last shown the list.
    pub shown: usize,
    /// Where people are asked.
    pub desk: Desk,
}

/// What the assets of a batch share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Shared {
    /// Last part of the business key: uploader, place and route as a digest.
    pub key: String,
    /// Where they are filed, for people.
    pub place: String,
    /// Who uploaded them, in the DAM's notation.
    pub uploader: String,
    /// Who decides.
    pub stages: Vec<PlannedStage>,
}

/// An asset that wants to be reviewed with others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// Names this wish: an asset that left and came back has another one.
    pub ticket: String,
    /// The asset's run.
    pub run: String,
    /// The asset.
    pub asset: String,
    /// Its name, for people.
    pub name: String,
    /// The version to be reviewed.
    pub version: String,
    /// Links, and what the DAM could not do with it; for people.
    pub about: String,
    /// Users who may not decide about it.
    pub excluded: Vec<String>,
}

/// An asset under review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Item {
    /// The asset.
    pub member: Member,
    /// What was decided about it so far.
    pub given: Vec<Given>,
    /// How it ended.
    pub end: Option<End>,
}

/// A group decided about an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Given {
    /// The stage.
    pub stage: String,
    /// The group.
    pub group: String,
    /// Which of the batch's answers it was.
    pub answer: usize,
}

/// How an item ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// With this word.
    Decided(String),
    /// Its run took it back, for this reason.
    Withdrawn(String),
}

/// How it stands with a group in a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seat {
    /// When it was first asked: its time runs from there, whatever it decides in parts.
    pub since: Timestamp,
    /// How often it answered.
    pub answers: u32,
    /// What was wrong with the last answer, for the next question.
    pub note: String,
}

/// What the run of an asset knows of its batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InBatch {
    /// Names its wish.
    pub ticket: String,
    /// The run that gathers it or reviews it.
    pub run: String,
    /// How far that is.
    pub place: Place,
    /// What was decided, once it was, in the form of a process.
    pub decided: Option<Box<Process>>,
}

/// How far a batch is, as the run of one of its assets knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// It asked to be taken in.
    Asked,
    /// It is gathered.
    Gathered,
    /// The window has closed; the review is about to begin.
    HandedOver,
    /// People decide.
    UnderReview,
}

// ---- What they say to each other ------------------------------------------------------------------

/// An asset wants to be taken in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Join {
    pub(crate) of: Shared,
    pub(crate) member: Member,
}

/// The window has closed: review these.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    pub(crate) of: Shared,
    pub(crate) members: Vec<Member>,
}

/// What the run of an asset is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) ticket: String,
    pub(crate) word: Word,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Word {
    /// It was taken in.
    Gathered,
    /// Nobody else came: it is reviewed on its own.
    Alone,
    /// This run holds the review, in this process.
    UnderReview { run: String, process: String },
    /// This was decided about it.
    Decided(Box<Process>),
    /// This group did not decide in time.
    TimedOut { stage: String, group: String },
}

/// The run of an asset leaves its batch.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Leave {
    pub(crate) ticket: String,
    pub(crate) reason: String,
}
