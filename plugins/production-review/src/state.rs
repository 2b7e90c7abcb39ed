//! What a run remembers between activations.

use forebay_sdk::Timestamp;
use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::Desk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Side;

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

impl State {
    /// Begin the next round, with the version that is current now. Tells which one was under review
    /// until now; empty: none was.
    pub(crate) fn next_round(&mut self, asset: &Asset) -> String {
        self.round += 1;
        self.name.clone_from(&asset.name);
        self.checksum.clone_from(&asset.checksum);
        self.ruling = None;
        std::mem::replace(&mut self.version, asset.version.clone())
    }

    /// How the review ended, in words.
    pub(crate) fn summary(&self, ruling: &Ruling) -> String {
        let plural = if self.round == 1 { "" } else { "s" };
        format!(
            "{}, {} round{plural}, by {}",
            self.version, self.round, ruling.by
        )
    }
}

impl Ruling {
    /// Where it was made.
    pub(crate) fn side(&self) -> Side {
        match self.in_dam {
            true => Side::Dam,
            false => Side::Workflow,
        }
    }
}
