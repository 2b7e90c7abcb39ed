//! What a run remembers.

use std::collections::BTreeMap;

use forebay_sdk::Timestamp;
use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::Desk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// State of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A master with its regions.
    Campaign(Box<Campaign>),
    /// One region of one version of a master.
    Region(Box<Region>),
}

/// An asset as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Subject {
    /// Its id.
    pub asset: String,
    /// Its name.
    pub name: String,
    /// The version in work.
    pub version: String,
    /// Checksum of that version's file.
    pub checksum: Option<String>,
}

impl Subject {
    pub(crate) fn of(asset: &Asset) -> Self {
        Self {
            asset: asset.id.clone(),
            name: asset.name.clone(),
            version: asset.version.clone(),
            checksum: asset.checksum.clone(),
        }
    }
}

/// A master with its regions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Campaign {
    /// The master and its version in work.
    pub master: Subject,
    /// Where each region stands.
    pub regions: BTreeMap<String, Entry>,
    /// Regions the master names that are not configured.
    pub unknown: Vec<String>,
    /// Where the coordinator and the teams of finished regions are asked.
    pub desk: Desk,
    /// A newer version that waits until the open regions are finished.
    pub next_version: Option<String>,
    /// Enough regions are ready: they may be released.
    pub released: bool,
    /// Since when the master is gone.
    pub gone_since: Option<Timestamp>,
}

/// Where a region stands, as its master knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Entry {
    /// Where it stands.
    pub standing: Standing,
    /// The localized asset.
    pub asset: String,
    /// Version of the master it is made from.
    pub version: String,
    /// Its run.
    pub run: String,
    /// It was told that it may be released.
    pub told: bool,
}

/// Where a region stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The team works.
    #[default]
    Adapting,
    /// The reviewers decide.
    InReview,
    /// The rights are reviewed.
    RightsReview,
    /// Approved, and kept back until it may be released.
    Ready,
    /// Released.
    Approved,
    /// Made from an older version of the master; the team checks it again.
    Outdated,
    /// The region needs no version.
    NotNeeded,
    /// Ended without a version.
    Stopped,
}

impl Standing {
    /// All of them, for reading.
    pub(crate) const ALL: [Self; 8] = [
        Self::Adapting,
        Self::InReview,
        Self::RightsReview,
        Self::Ready,
        Self::Approved,
        Self::Outdated,
        Self::NotNeeded,
        Self::Stopped,
    ];

    /// As the master shows it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Adapting => "adapting",
            Self::InReview => "in-review",
            Self::RightsReview => "rights-review",
            Self::Ready => "ready",
            Self::Approved => "approved",
            Self::Outdated => "outdated",
            Self::NotNeeded => "not-needed",
            Self::Stopped => "stopped",
        }
    }

    /// Is its run at work?
    pub(crate) fn is_open(self) -> bool {
        matches!(
            self,
            Self::Adapting | Self::InReview | Self::RightsReview | Self::Ready
        )
    }
}

/// One region of one version of a master.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Region {
    /// The master and the version in work.
    pub master: Subject,
    /// Code of the region.
    pub region: String,
    /// Run of the master; empty once it has ended without this region.
    pub campaign: String,
    /// The version made from the master before.
    pub previous: String,
    /// Where it stands.
    pub standing: Standing,
    /// People were asked at least once.
    pub begun: bool,
    /// Where they are asked.
    pub desk: Desk,
    /// How often the team was asked.
    pub round: u32,
    /// How often reviewers were asked.
    pub reviews: u32,
    /// Files that were not accepted.
    pub refused: u32,
    /// The file that was delivered.
    pub file: Option<Subject>,
    /// Who delivered it.
    pub adapter: String,
    /// The album files arrive in.
    pub album: Option<String>,
    /// The run that reviews the rights.
    pub rights_run: Option<String>,
    /// Approved versions may be released.
    pub released: bool,
    /// Since when the file is gone.
    pub gone_since: Option<Timestamp>,
}
