//! How a review is held: its process, its stages, its time, what may come in between.

use std::collections::BTreeMap;

use forebay_sdk::blocks::OneOrMany;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Process definitions of the workflow engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProcessConfig {
    /// Key of the review process.
    pub definition: String,
    /// Key of the process that reviews a batch.
    pub batch_definition: String,
    /// Key of the process that tells a person something.
    pub notice_definition: String,
    /// Key of the process that asks the uploader for a new version.
    pub rework_definition: String,
    /// The process's words for outcomes → `approved`, `approved-with-conditions`, `rejected` or
    /// `changes-requested`. Any other outcome parks the run.
    pub outcome_map: BTreeMap<String, Verdict>,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        let verdicts = [
            ("approved", Verdict::Approved),
            ("approved-with-conditions", Verdict::ApprovedWithConditions),
            ("rejected", Verdict::Rejected),
            ("changes-requested", Verdict::ChangesRequested),
        ];
        Self {
            definition: "assetApproval".to_owned(),
            batch_definition: "assetApprovalBatch".to_owned(),
            notice_definition: "forebayNotice".to_owned(),
            rework_definition: "assetRework".to_owned(),
            outcome_map: verdicts
                .map(|(word, verdict)| (word.to_owned(), verdict))
                .into(),
        }
    }
}

/// What a review can come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Released.
    Approved,
    /// Released, with conditions that are written to the asset.
    ApprovedWithConditions,
    /// Refused.
    Rejected,
    /// A new version is wanted.
    ChangesRequested,
}

/// How many must agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The first decision counts.
    #[default]
    Any,
    /// Every group must approve.
    All,
    /// As many groups as `quorum` says must approve.
    Quorum,
}

/// A stage of the review.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Stage {
    /// Its name; rules may use it as `stage`.
    pub name: String,
    /// How many must agree.
    pub policy: Policy,
    /// Approvals needed under the policy `quorum`.
    pub quorum: u32,
    /// Only for assets on which these conditions hold.
    pub when: BTreeMap<String, OneOrMany>,
    /// One group for each value of this logical field.
    pub per: Option<String>,
    /// Leave the stage out if no rule but the default one matches.
    pub skip_if_empty: bool,
}

/// A rule under which nobody is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoApprove {
    /// Its name, for the audit.
    pub name: String,
    /// Conditions; all must hold.
    pub when: BTreeMap<String, OneOrMany>,
}

/// What happens at twice a task's time. Nothing is ever approved by silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnTimeout {
    /// An operator must look.
    Park,
    /// The asset is rejected.
    Reject,
}

/// What happens when a new version comes while one is under review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnNewVersion {
    /// The review is cancelled, and one for the new version starts.
    Restart,
    /// It goes on; its decision applies to the old version only.
    Continue,
    /// The coordinator decides.
    Ask,
}

/// Who wins when somebody sets the status by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// The status is set back and noted.
    ProductWins,
    /// The status by hand counts: the review ends.
    DamWins,
    /// An operator must look.
    Park,
}
