//! What a run remembers.

use std::collections::BTreeMap;

use forebay_sdk::Timestamp;
use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::Desk;
use forebay_sdk::handler::{Incoming, RunEnded};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::WORKFLOW;
use crate::config::Release;
use crate::steps::{RegionRequest, Report};

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

impl Entry {
    /// Is there a version, be it of an older master?
    pub(crate) fn is_finished(&self) -> bool {
        let finished = matches!(self.standing, Standing::Approved | Standing::Outdated);
        finished && !self.asset.is_empty()
    }
}

impl Campaign {
    /// A master of which nothing is known.
    pub(crate) fn of(master: &str) -> Self {
        Self {
            master: Subject {
                asset: master.to_owned(),
                ..Subject::default()
            },
            ..Self::default()
        }
    }

    /// This version of the master is in work now.
    pub(crate) fn pin(&mut self, master: &Asset) {
        self.master = Subject::of(master);
        self.next_version = None;
        self.released = false;
    }

    /// Regions that were stopped count as not begun.
    pub(crate) fn forget_stopped(&mut self) {
        let stopped = |entry: &Entry| entry.standing == Standing::Stopped;
        self.regions.retain(|_, entry| !stopped(entry));
    }

    /// Are regions open on another version than this?
    pub(crate) fn has_open_before(&self, version: &str) -> bool {
        let mut regions = self.regions.values();
        regions.any(|entry| entry.standing.is_open() && entry.version != version)
    }

    /// Has any region a run?
    pub(crate) fn is_at_work(&self) -> bool {
        self.regions.values().any(|entry| !entry.run.is_empty())
    }

    pub(crate) fn count(&self, wanted: impl Fn(Standing) -> bool) -> usize {
        let standings = self.regions.values().map(|entry| entry.standing);
        standings.filter(|standing| wanted(*standing)).count()
    }

    /// May its regions be released together? With `per-region` each releases its own version.
    pub(crate) fn may_be_released(&self, rule: Release) -> bool {
        let ready = |standing| matches!(standing, Standing::Ready | Standing::Approved);
        let working = self.count(|standing| standing.is_open() && standing != Standing::Ready);
        match rule {
            Release::PerRegion => false,
            Release::All => self.released || working == 0,
            Release::Quorum(count) => self.released || working == 0 || self.count(ready) >= count,
        }
    }

    /// Is nothing awaited any more, or enough released?
    pub(crate) fn is_done(&self, rule: Release) -> bool {
        let approved = self.count(|standing| standing == Standing::Approved);
        let enough = matches!(rule, Release::Quorum(count) if approved >= count)
            && self.next_version.is_none();
        let settled = enough || self.count(Standing::is_open) == 0;
        settled && self.desk.asked.is_empty()
    }

    /// How it ended, for people.
    pub(crate) fn summary(&self) -> String {
        let count = |standing: Standing| self.count(|other| other == standing);
        let (approved, waived) = (count(Standing::Approved), count(Standing::NotNeeded));
        let open = self.count(Standing::is_open);
        format!("{approved} regional versions released, {waived} not needed, {open} still in work")
    }

    /// What a region tells of itself. One that works on another version tells nothing any more.
    pub(crate) fn note_report(&mut self, report: Report) {
        let entry = self.regions.get_mut(&report.region);
        if let Some(entry) = entry.filter(|entry| entry.version == report.version) {
            entry.standing = report.standing;
            if !report.asset.is_empty() {
                entry.asset = report.asset;
            }
        }
    }

    /// A region's run ended. What it did not report itself is that it ended without a version.
    pub(crate) fn note_end(&mut self, ended: &RunEnded) {
        for entry in self.regions.values_mut() {
            if entry.run == ended.run && entry.standing.is_open() {
                entry.standing = match ended.outcome.as_str() {
                    "approved" => Standing::Approved,
                    "not-needed" => Standing::NotNeeded,
                    _ => Standing::Stopped,
                };
            }
        }
    }
}

impl Region {
    /// A region as its master wants it.
    pub(crate) fn of(master: &str, wanted: RegionRequest) -> Self {
        Self {
            master: Subject {
                asset: master.to_owned(),
                version: wanted.version,
                ..Subject::default()
            },
            region: wanted.code,
            campaign: wanted.campaign,
            previous: wanted.previous,
            ..Self::default()
        }
    }

    /// Know the master's file and name, where it has the version in work.
    pub(crate) fn know(&mut self, master: &Asset) {
        if master.version == self.master.version {
            self.master = Subject::of(master);
        }
    }

    /// What an answer is about: the file, or the master before there is one.
    pub(crate) fn decided_about(&self) -> Subject {
        self.file.clone().unwrap_or_else(|| self.master.clone())
    }

    /// Its master's run has ended, and nothing keeps its release back.
    pub(crate) fn goes_on_alone(&mut self) {
        self.campaign.clear();
        self.released = true;
    }

    /// Has the region a file that people work on?
    pub(crate) fn file_id(&self) -> &str {
        self.file.as_ref().map_or("", |file| file.asset.as_str())
    }

    /// The file, for the audit.
    pub(crate) fn subject(&self) -> Subject {
        self.file.clone().unwrap_or_default()
    }

    /// Is a file awaited rather than decided about?
    pub(crate) fn awaits_file(&self) -> bool {
        self.standing == Standing::Adapting
    }

    /// Is this the question that reviewers have about the file as it is?
    pub(crate) fn is_in_review(&self, question: &str) -> bool {
        let number = question.rsplit(':').next().unwrap_or_default();
        number == self.reviews.to_string()
    }

    /// The file is missing at this time, or was before.
    pub(crate) fn is_gone_since(&mut self, now: Timestamp) {
        self.gone_since.get_or_insert(now);
    }

    /// Is it an event of the process or of the master, rather than of a file?
    pub(crate) fn is_about_people_or_master(&self, incoming: &Incoming) -> bool {
        incoming.role == WORKFLOW || incoming.event.entity.id == self.master.asset
    }
}

impl From<Campaign> for State {
    fn from(campaign: Campaign) -> Self {
        Self::Campaign(Box::new(campaign))
    }
}

impl From<Region> for State {
    fn from(region: Region) -> Self {
        Self::Region(Box::new(region))
    }
}
