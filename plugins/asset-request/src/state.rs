//! What a run remembers between activations.

use std::collections::BTreeMap;

use forebay_sdk::Timestamp;
use forebay_sdk::blocks::Desk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::request::Request;

/// A request in work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct State {
    /// What was asked for.
    pub request: Request,
    /// Where people are asked.
    pub desk: Desk,
    /// What is delivered, each on its own.
    pub lines: Vec<Line>,
    /// The offer of an earlier result: its assets; empty once it was answered.
    pub earlier: Vec<String>,
    /// The number of the round, from 1.
    pub round: u32,
    /// Number of the last question.
    pub asked: u32,
    /// What the requester said so far, with changes.
    pub remarks: Vec<String>,
    /// The request's collection.
    pub collection: Option<Place>,
    /// The link the requester has.
    pub share: Option<Link>,
    /// How many links were made.
    pub links: u32,
    /// When it is due.
    pub due: Option<Timestamp>,
    /// The due date has passed.
    pub late: bool,
    /// Since when the clock is paused, because media comes back from the archive.
    pub paused_since: Option<Timestamp>,
    /// When the request closes though nobody accepted.
    pub closes_at: Option<Timestamp>,
    /// What the process shows, as it was written last.
    pub shown: String,
}

/// The collection of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Its id.
    pub id: String,
    /// Its path.
    pub path: String,
    /// Somebody deleted it, and it was made again.
    pub remade: bool,
}

/// A link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// The share.
    pub id: String,
    /// The link itself.
    pub link: String,
    /// The assets it was made for; the collection's are not listed.
    pub assets: Vec<String>,
}

/// One thing to deliver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Line {
    /// What was asked for, in words.
    pub name: String,
    /// Where it stands.
    pub stage: Stage,
    /// Its placeholder.
    pub placeholder: Option<String>,
    /// Something new is being made.
    pub creating: bool,
    /// The assets chosen for it.
    pub assets: Vec<String>,
    /// Who chose them.
    pub chosen_by: String,
    /// Versions of the chosen assets, when they were delivered.
    pub versions: BTreeMap<String, String>,
    /// The question about it that is open.
    pub question: Option<String>,
    /// Versions that were refused: they are not taken by themselves again.
    pub refused: BTreeMap<String, String>,
    /// Assets that were asked back from the archive.
    pub restored: Vec<String>,
    /// Approvals that run or have ended, by version.
    pub approvals: BTreeMap<String, Side>,
    /// Reviews of rights that run or have ended, by version.
    pub clearances: BTreeMap<String, Side>,
    /// What it waits for, or why it was declined.
    pub why: String,
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The team looks for it or makes it.
    #[default]
    Open,
    /// Chosen; it is restored, approved or cleared first.
    Chosen,
    /// The requester has it.
    Delivered,
    /// There will be none.
    Declined,
}

impl Stage {
    /// In a word, for people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Chosen => "in preparation",
            Self::Delivered => "delivered",
            Self::Declined => "declined",
        }
    }
}

/// A run of another flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// The run.
    pub run: String,
    /// Its outcome, once it ended.
    pub outcome: Option<String>,
}

impl State {
    /// The number of the next question.
    pub(crate) fn next_question(&mut self) -> u32 {
        self.asked += 1;
        self.asked
    }

    /// Are there lines at this stage?
    pub(crate) fn has(&self, stage: Stage) -> bool {
        self.lines.iter().any(|line| line.stage == stage)
    }

    /// All assets that the requester has.
    pub(crate) fn delivered(&self) -> Vec<String> {
        let lines = self
            .lines
            .iter()
            .filter(|line| line.stage == Stage::Delivered);
        let mut assets: Vec<_> = lines.flat_map(|line| line.assets.clone()).collect();
        assets.sort_unstable();
        assets.dedup();
        assets
    }
}
