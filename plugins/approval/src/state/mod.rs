//! What a run keeps between activations. Operators read it.

mod batch;

use std::collections::BTreeMap;

use forebay_sdk::Timestamp;
use forebay_sdk::assets::Asset;
use forebay_sdk::workflow::Process;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::batch::{
    Batch, End, GATHERED, Gathering, Given, InBatch, Item, Join, LEAVE, Leave, Member, Order,
    Place, REVIEWED, Seat, Shared, TOLD, Told, Word,
};
use crate::config::Policy;

/// What a run is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Run {
    /// It gathers assets that arrive together.
    Gathering(Gathering),
    /// It holds the review of a batch.
    Batch(Box<Batch>),
    /// It is about one asset. Stored as it was before there were batches.
    #[serde(untagged)]
    Asset(Box<State>),
}

impl From<State> for Run {
    fn from(state: State) -> Self {
        Self::Asset(Box::new(state))
    }
}

impl From<Batch> for Run {
    fn from(batch: Batch) -> Self {
        Self::Batch(Box::new(batch))
    }
}

/// The state of a run about one asset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct State {
    /// The asset's id at the DAM.
    pub asset: String,
    /// Its name, for people.
    pub name: String,
    /// The version this run is about now.
    pub version: String,
    /// Checksum of that version's file.
    pub checksum: Option<String>,
    /// Who uploaded it, in the DAM's notation.
    pub uploader: Option<String>,
    /// What the run is doing.
    pub phase: Phase,
    /// The version for which the asset was protected: held back and set to pending.
    pub protected: Option<String>,
    /// Stage at which the next review begins; none: the first.
    pub resume_at: Option<String>,
    /// Reviews so far that came to an end, oldest first.
    pub past: Vec<PastReview>,
    /// Since when the asset is deleted.
    pub gone_since: Option<Timestamp>,
    /// The question to the coordinator about a newer version.
    pub question: Option<Question>,
    /// Process that tells the uploader about the result, once started.
    pub notice: Option<String>,
}

/// What a run is doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Nothing yet.
    #[default]
    New,
    /// Waits until the media can be worked with.
    Readying {
        /// Since when.
        since: Timestamp,
    },
    /// Waits until mandatory fields are filled.
    Incomplete {
        /// The fields.
        missing: Vec<String>,
    },
    /// People decide.
    Review(Review),
    /// The uploader works on a new version.
    Rework(Rework),
    /// It has ended.
    Done,
}

/// A review under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Review {
    /// The process.
    pub process: String,
    /// Its business key.
    pub business_key: String,
    /// The version under review.
    pub version: String,
    /// The stages as planned.
    pub stages: Vec<PlannedStage>,
    /// When it started.
    pub started_at: Timestamp,
    /// Users of the workflow engine who may not decide.
    pub excluded: Vec<String>,
    /// Votes in the DAM's panel that were mirrored, as `stage: voter`.
    pub mirrored: Vec<String>,
    /// The coordinator was asked because reviewers in the DAM disagree.
    pub coordinated: bool,
    /// Open tasks that are watched for their time.
    pub tasks: BTreeMap<String, WatchedTask>,
    /// The batch in which the asset is reviewed; the process is the batch's then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<InBatch>,
}

/// A stage with the groups that were chosen for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedStage {
    /// Its name.
    pub name: String,
    /// How many must agree.
    pub policy: Policy,
    /// Approvals needed under `quorum`.
    pub quorum: u32,
    /// The groups.
    pub groups: Vec<PlannedGroup>,
}

/// A group that decides in a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedGroup {
    /// The group.
    pub group: String,
    /// Its time, as configured.
    pub sla: String,
    /// When it should have decided, if its task opened at the start.
    pub due: Timestamp,
    /// The rule that chose it.
    pub rule: String,
}

/// An open task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WatchedTask {
    /// The stage.
    pub stage: String,
    /// The group it is offered to.
    pub group: String,
    /// When it should be done; none for a task of no planned stage.
    pub due: Option<Timestamp>,
    /// Times at which something happens, as per cent of its time and point in time, soonest first.
    pub alarms: Vec<(u32, Timestamp)>,
}

/// A review that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PastReview {
    /// The process.
    pub process: String,
    /// The version it was about.
    pub version: String,
    /// What it came to: an outcome, or `superseded`.
    pub result: String,
}

/// The uploader works on a new version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rework {
    /// The process that asks for it.
    pub process: String,
    /// The version that was not good enough.
    pub version: String,
    /// The stage that asked.
    pub stage: Option<String>,
    /// What was asked for.
    pub comment: String,
    /// Until when.
    pub deadline: Timestamp,
}

/// A question to the coordinator about a newer version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// The process that asks.
    pub process: String,
    /// The newer version.
    pub version: String,
}

impl State {
    /// A run about this asset, which was not looked at so far.
    pub(crate) fn about(asset: String) -> Self {
        Self {
            asset,
            ..Self::default()
        }
    }

    /// The run is about the asset as it is now.
    pub(crate) fn note_version(&mut self, asset: &Asset) {
        self.name.clone_from(&asset.name);
        self.version.clone_from(&asset.version);
        self.checksum.clone_from(&asset.checksum);
        self.uploader.clone_from(&asset.created_by);
    }

    /// Does it wait for the media?
    pub(crate) fn is_readying(&self) -> bool {
        matches!(self.phase, Phase::Readying { .. })
    }

    /// The review under way.
    pub fn review(&self) -> Option<&Review> {
        match &self.phase {
            Phase::Review(review) => Some(review),
            _ => None,
        }
    }

    /// The review under way, to be changed.
    pub(crate) fn review_mut(&mut self) -> Option<&mut Review> {
        match &mut self.phase {
            Phase::Review(review) => Some(review),
            _ => None,
        }
    }

    /// The version under review; empty without a review.
    pub(crate) fn reviewed_version(&self) -> String {
        let version = self.review().map(|review| review.version.clone());
        version.unwrap_or_default()
    }

    /// The review under way has ended in this process.
    pub(crate) fn note_end_of_review(&mut self, process: &Process) {
        self.past.push(PastReview {
            process: process.id.clone(),
            version: self.reviewed_version(),
            result: process.outcome.clone().unwrap_or_default(),
        });
    }

    /// The batch the asset is in.
    pub(crate) fn batch_mut(&mut self) -> Option<&mut InBatch> {
        self.review_mut()?.batch.as_mut()
    }

    /// Is it in a batch that knows it by this ticket?
    pub(crate) fn is_in_batch(&self, ticket: &str) -> bool {
        let batch = self.review().and_then(|review| review.batch.as_ref());
        batch.is_some_and(|batch| batch.ticket == ticket)
    }

    /// Note how far its batch is.
    pub(crate) fn note_word(&mut self, word: Word) {
        let Some(review) = self.review_mut() else {
            return;
        };
        let Some(batch) = &mut review.batch else {
            return;
        };
        match word {
            Word::Gathered => batch.place = Place::Gathered,
            Word::UnderReview { run, process } => {
                batch.run = run;
                batch.place = Place::UnderReview;
                review.process = process;
            }
            Word::Decided(process) => batch.decided = Some(process),
            Word::Alone | Word::TimedOut { .. } => {}
        }
    }
}
