//! What a run remembers between activations.

use forebay_sdk::Timestamp;
use forebay_sdk::assets::{AccessSnapshot, Asset};
use forebay_sdk::blocks::{Desk, Scan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One of the things a run can be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It walks through the assets whose rights end soon.
    Scan(Scan),
    /// It reads one asset and starts what the asset needs.
    Look(Subject),
    /// It reviews the end of an asset's rights.
    Review(Box<Review>),
    /// It clears an asset for a use.
    Clearing(Box<Clearing>),
}

impl State {
    pub(crate) fn review(review: Review) -> Self {
        Self::Review(Box::new(review))
    }

    pub(crate) fn clearing(clearing: Clearing) -> Self {
        Self::Clearing(Box::new(clearing))
    }
}

/// The asset a run is about, as it was read last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Subject {
    /// Its id.
    pub asset: String,
    /// Its name, for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The checksum of that version.
    pub checksum: Option<String>,
    /// Since when it is deleted or in the trash.
    pub gone_since: Option<Timestamp>,
}

impl Subject {
    /// An asset that was not read yet.
    pub(crate) fn of(asset: String) -> Self {
        Self {
            asset,
            ..Self::default()
        }
    }

    /// An asset as it was just read.
    pub(crate) fn of_asset(asset: &Asset) -> Self {
        let mut subject = Self::of(asset.id.clone());
        subject.note(asset);
        subject
    }

    /// Note the asset as it was just read.
    pub(crate) fn note(&mut self, asset: &Asset) {
        self.name.clone_from(&asset.name);
        self.version.clone_from(&asset.version);
        self.checksum.clone_from(&asset.checksum);
        self.gone_since = None;
    }
}

/// A review of the end of rights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Review {
    /// The asset.
    pub subject: Subject,
    /// When its rights end.
    pub end: Timestamp,
    /// Lead times that are still to come: the first opens the review.
    pub leads: Vec<Timestamp>,
    /// Where it stands.
    pub phase: Phase,
    /// Where people are asked.
    pub desk: Desk,
    /// How often people were asked.
    pub round: u32,
    /// When the asset was kept back because nobody had decided.
    pub restricted_at: Option<Timestamp>,
    /// The end has come and was dealt with.
    pub ended: bool,
    /// Timers but that of the end wait until then: they came late, and ends come first.
    pub not_before: Timestamp,
}

impl Review {
    pub(crate) fn of(subject: Subject) -> Self {
        Self {
            subject,
            ..Self::default()
        }
    }

    /// Has the end come, and was not dealt with yet?
    pub(crate) fn ends_by(&self, now: Timestamp) -> bool {
        now >= self.end && !self.ended
    }

    /// Has a lead time come? It is done with then.
    pub(crate) fn lead_came(&mut self, now: Timestamp) -> bool {
        let leads = self.leads.len();
        let due = self.leads.iter().filter(|lead| **lead <= now).count();
        self.leads.drain(..due);
        self.leads.len() < leads
    }
}

/// Where a review stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// It waits for the first lead time.
    #[default]
    Armed,
    /// Somebody decides.
    Deciding,
    /// It was decided; the end of rights is awaited, then the run completes with this outcome.
    AtEnd(String),
    /// A second person must agree with this one to delete the asset.
    SecondPerson(String),
    /// The asset is kept back until it is deleted.
    Grace {
        /// Who agreed.
        people: Vec<String>,
        /// When it is deleted.
        until: Timestamp,
    },
}

/// A use somebody intends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Use {
    /// Channels.
    pub channels: Vec<String>,
    /// Territories, by code.
    pub territories: Vec<String>,
    /// Until when, as a date.
    pub until: Option<String>,
}

/// A clearance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Clearing {
    /// The asset.
    pub subject: Subject,
    /// The use.
    pub wanted: Use,
    /// What access stood before the block.
    pub before: Option<AccessSnapshot>,
    /// What is missing, as it was shown last.
    pub missing: Vec<String>,
    /// Where people are asked.
    pub desk: Desk,
    /// How often people were asked.
    pub round: u32,
    /// Documents are awaited.
    pub waits_for_documents: bool,
}

impl Clearing {
    pub(crate) fn of(subject: Subject, wanted: Use, before: Option<AccessSnapshot>) -> Self {
        Self {
            subject,
            wanted,
            before,
            ..Self::default()
        }
    }
}
