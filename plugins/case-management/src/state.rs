//! What a run remembers between activations.

use std::collections::BTreeMap;

use forebay_sdk::Timestamp;
use forebay_sdk::assets::{AccessSnapshot, Share};
use forebay_sdk::blocks::Desk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One of the things a run can be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A case.
    Case(Box<Case>),
    /// What protects the assets of a case.
    Guard(Box<Guard>),
}

/// A case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Case {
    /// Its kind.
    pub kind: String,
    /// When it was opened, by the clock of the side that opened it.
    pub opened_at: Timestamp,
    /// Who opened it.
    pub opened_by: String,
    /// Its assets.
    pub assets: BTreeMap<String, Member>,
    /// Assets that were proposed, and wait for a confirmation.
    pub proposed: Vec<String>,
    /// The guard's run.
    pub guard: String,
    /// The process.
    pub desk: Desk,
    /// Number of the last question.
    pub question: u32,
    /// The duty group was alarmed.
    pub alarmed: bool,
    /// People were asked for a decision.
    pub asked: bool,
    /// Who decided that everything is put back, until that is done.
    pub restored_by: Option<String>,
    /// What both sides may change, as it stood after the last comparison.
    pub shared: BTreeMap<String, String>,
    /// Notes and comments that were copied, each with a digest of its text.
    pub notes: BTreeMap<String, String>,
    /// Versions of the assets when a new one was asked for.
    pub awaits_version: BTreeMap<String, String>,
}

/// An asset of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Member {
    /// When its protection was complete.
    pub protected_at: Option<Timestamp>,
    /// What stood before.
    pub before: Option<Before>,
}

/// What stood on an asset before it was protected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Before {
    /// When it was noted.
    pub at: Timestamp,
    /// Access.
    pub access: Option<AccessSnapshot>,
    /// Working shares.
    pub shares: Vec<Share>,
    /// Collections it was taken out of, by path.
    pub collections: Vec<String>,
    /// The legal hold.
    pub legal_hold: String,
}

impl Before {
    /// What stood before two cases: the earlier note knows access and hold, and each note what its
    /// own case took away.
    pub(crate) fn join(&mut self, other: Self) {
        let mut later = other;
        if later.at <= self.at {
            std::mem::swap(self, &mut later);
        }
        for share in later.shares {
            if !self.shares.iter().any(|known| known.id == share.id) {
                self.shares.push(share);
            }
        }
        for path in later.collections {
            if !self.collections.contains(&path) {
                self.collections.push(path);
            }
        }
    }
}

/// How a case was closed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Closed {
    /// When.
    pub at: Timestamp,
    /// With what outcome.
    pub outcome: String,
}

impl Closed {
    /// Did its assets get back what stood before?
    pub(crate) fn gave_back(&self) -> bool {
        matches!(self.outcome.as_str(), "restored" | "corrected")
    }
}

/// What protects the assets of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Guard {
    /// The kind of the case.
    pub kind: String,
    /// Business key of the case.
    pub case: String,
    /// Run of the case, which hears of each protected asset.
    pub run: String,
    /// Assets, each with what is still to be done.
    pub todo: BTreeMap<String, Vec<String>>,
    /// What stood before, by asset.
    pub before: BTreeMap<String, Before>,
    /// The case is closed, and may be opened again for a while.
    pub closed: Option<Closed>,
    /// What failed last, by asset.
    pub failures: BTreeMap<String, String>,
}
