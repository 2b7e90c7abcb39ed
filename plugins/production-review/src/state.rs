//! What a run remembers between activations.

use forebay_sdk::Timestamp;
use forebay_sdk::blocks::Desk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One review.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct State {
    /// The asset.
    pub asset: String,
    /// Its name, for people.
    pub name: String,
    /// The version under review.
    pub version: String,
    /// The checksum of that version.
    pub checksum: Option<String>,
    /// The round, from 1.
    pub round: u32,
    /// Number of the last question.
    pub question: u32,
    /// Where people are asked.
    pub desk: Desk,
    /// What was decided about this version, waiting to take effect.
    pub ruling: Option<Ruling>,
    /// Comments on both sides.
    pub links: Vec<Link>,
    /// Answers that wait for the comment they answer: id, and since when.
    pub orphans: Vec<(String, Timestamp)>,
    /// Comments nobody resolved, by their id in the DAM.
    pub unresolved: Vec<String>,
    /// There is more to copy than one activation does.
    pub behind: bool,
    /// Since when the asset is deleted or in the trash.
    pub gone_since: Option<Timestamp>,
}

/// A decision about the version under review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ruling {
    /// Approved?
    pub approved: bool,
    /// Who decided.
    pub by: String,
    /// It was made in the DAM.
    pub in_dam: bool,
    /// When it was seen.
    pub seen_at: Timestamp,
}

/// One comment and its copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// Its id in the DAM.
    pub dam: String,
    /// Its id in the workflow engine.
    pub workflow: String,
    /// It was written in the DAM.
    pub from_dam: bool,
    /// Digest of the text that was copied last.
    pub text: String,
    /// It was deleted where it was written.
    #[serde(default)]
    pub deleted: bool,
}
