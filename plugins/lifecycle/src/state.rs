//! What a run remembers between activations.

use std::collections::{BTreeMap, BTreeSet};

use forebay_sdk::Timestamp;
use forebay_sdk::blocks::{Desk, Items, Scan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One of the things a run can be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It walks through the assets of each policy.
    Scan(Walk),
    /// It reads one asset and starts what the asset needs.
    Look(String),
    /// It reviews a campaign or an asset, and carries out what was decided.
    Review(Box<Review>),
}

/// A scan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Walk {
    /// Place in the results of the policy's search.
    pub scan: Scan,
    /// Place in the list of policies.
    pub policy: usize,
    /// Business keys of the runs it started.
    pub started: BTreeSet<String>,
}

/// What a review is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Unit {
    /// The policy.
    pub policy: String,
    /// The campaign; its assets are searched for, unless some are named.
    pub group: Option<String>,
    /// These assets.
    pub assets: Vec<String>,
    /// The asset that started it; its dates are watched.
    pub first: String,
    /// The date it was extended to, where it was.
    pub until: Option<String>,
    /// How often it was extended.
    pub extensions: u32,
}

/// A review and what follows from it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Review {
    /// What it is about.
    pub unit: Unit,
    /// When the time of its assets is over.
    pub due: Timestamp,
    /// When the review opens.
    pub opens: Timestamp,
    /// Notices that are still to go out.
    pub notices: Vec<Timestamp>,
    /// Where it stands.
    pub phase: Phase,
    /// Place in the list that is being taken.
    pub list: Scan,
    /// Assets found by the list that is being taken.
    pub found: BTreeSet<String>,
    /// Latest end among the assets of the list.
    pub latest: Timestamp,
    /// The assets, and what becomes of each.
    pub items: Items,
    /// How many of them people were shown.
    pub shown: usize,
    /// Assets used by a running campaign, with its name.
    pub also_used: BTreeMap<String, String>,
    /// Campaigns that were looked up: do they run?
    pub running: BTreeMap<String, bool>,
    /// Who decides: a group or a person, as the assets say.
    pub owner: Option<String>,
    /// What was decided.
    pub choice: Option<Choice>,
    /// Where people are asked.
    pub desk: Desk,
    /// How often people were asked.
    pub round: u32,
    /// Who agreed to deletions, and when they take place.
    pub deletion: Deletion,
    /// Files on their way.
    pub jobs: BTreeMap<String, Job>,
    /// Items an operator must look at.
    pub bad: BTreeSet<String>,
    /// The night files are moved in.
    pub night: Night,
    /// Since when items fail.
    pub failing_since: Option<Timestamp>,
    /// When they are tried again.
    pub retry_at: Option<Timestamp>,
    /// Assets marked as in review, with the state that stood there before.
    pub marks: BTreeMap<String, String>,
    /// Since when its only asset is deleted.
    pub gone_since: Option<Timestamp>,
}

/// Where a review stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// It waits for its time.
    #[default]
    Scheduled,
    /// The list of assets is being taken.
    Listing,
    /// Somebody decides.
    Deciding,
    /// What was decided is carried out, item by item.
    Working,
    /// Nothing happens to the assets; marks of the review are taken back.
    Superseded,
}

/// What was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Choice {
    /// For all assets that are not named.
    pub outcome: String,
    /// Who decided: a person, or a policy.
    pub by: String,
    /// Other actions for assets by id.
    pub named: BTreeMap<String, String>,
    /// Assets that leave although a running campaign uses them.
    pub confirmed: BTreeSet<String>,
    /// Until when extended assets stay.
    pub until: Option<String>,
    /// Why they do.
    pub reason: Option<String>,
    /// The rule that routed the question.
    pub rule: Option<String>,
    /// The task.
    pub task: Option<String>,
}

/// Agreement to deletions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Deletion {
    /// Who agreed, each another person.
    pub people: Vec<String>,
    /// When the grace ends.
    pub until: Option<Timestamp>,
    /// The second person was asked.
    pub asked: bool,
    /// Why the assets are spared after all.
    pub spared: Option<String>,
}

/// What was moved in one night.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Night {
    /// The date of its evening.
    pub date: String,
    /// Bytes that were moved.
    pub bytes: u64,
    /// The next file would be too much.
    pub full: bool,
}

/// A file on its way, or an asset that is being purged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Job {
    /// Since when nothing changed.
    pub since: Timestamp,
    /// When it was looked at last.
    pub looked: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// Not to be tried again before then.
    pub not_before: Option<Timestamp>,
    /// The version of the asset.
    pub version: String,
    /// Checksum of the original before it moved.
    pub checksum: Option<String>,
    /// Size of the original before it moved, in bytes.
    pub size: Option<u64>,
    /// Copies before it moved, as `storage checksum`.
    pub before: Vec<String>,
}
