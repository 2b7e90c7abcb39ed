//! Configuration of an approval flow. Every default stands here once.

use std::collections::BTreeMap;

use forebay_sdk::blocks::{FieldMap, OneOrMany, Routing, Span, WorkCalendar};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Review and approval of new assets and new versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// First part of business keys: `PREFIX:connection:asset:version`.
    pub key_prefix: String,
    /// Process definitions of the workflow engine.
    pub process: ProcessConfig,
    /// Which assets are reviewed.
    pub filters: Filters,
    /// When an asset can be reviewed.
    pub ready_when: ReadyWhen,
    /// Write the status `pending` at once if the asset is not pending or restricted already. Switch
    /// it off where the DAM has no release status of its own.
    pub initial_status: bool,
    /// Logical fields that must be filled before a review starts; the run waits for them.
    pub required_before_review: Vec<String>,
    /// Logical field → field of the DAM; one that is not listed has the same name there.
    pub fields: FieldMap,
    /// Stages of the review, in order.
    pub stages: Vec<Stage>,
    /// Work on all stages at once.
    pub parallel_stages: bool,
    /// Who reviews: rules over logical fields, `stage`, `kind` and `uploader`. A rule without
    /// conditions is mandatory.
    pub routing: Routing,
    /// Assets that need no review: the first rule that holds approves at once, and the audit names it.
    pub auto_approve: Vec<AutoApprove>,
    /// Takes over where a group is unknown or switched off.
    pub fallback_group: String,
    /// Gets tasks that are over their time.
    pub escalation_group: String,
    /// Decides what rules cannot: a new version under `ask`, disagreeing reviewers in the DAM.
    pub coordinator_group: String,
    /// Working time for all spans in business days and hours.
    pub calendar: WorkCalendar,
    /// When reminders go out, in per cent of a task's time.
    pub reminders: Vec<u32>,
    /// What happens at twice a task's time.
    pub on_timeout: OnTimeout,
    /// The uploader cannot decide about the own upload.
    pub four_eyes: bool,
    /// What protects an asset while it is under review.
    pub hold: Hold,
    /// What happens when it is approved.
    pub on_approved: Release,
    /// What happens when it is rejected.
    pub on_rejected: Rejection,
    /// What happens when changes are requested.
    pub changes_requested: ChangesRequested,
    /// What happens when a new version comes while one is under review.
    pub on_new_version: OnNewVersion,
    /// What happens when somebody approves the asset by hand while it is under review.
    pub on_conflict: OnConflict,
    /// How long a deleted asset may come back before its review is cancelled.
    pub asset_gone: AssetGone,
    /// Decisions made in the DAM's own approval panel.
    pub dam_decisions: DamDecisions,
    /// Who is told about the result.
    pub notify: Notify,
    /// User of the DAM → user of the workflow engine. A DAM user that is not listed is taken as it
    /// is if it is a mail address.
    pub users: BTreeMap<String, String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            key_prefix: "approval".to_owned(),
            process: ProcessConfig::default(),
            filters: Filters::default(),
            ready_when: ReadyWhen::default(),
            initial_status: true,
            required_before_review: Vec::new(),
            fields: FieldMap::default(),
            stages: vec![Stage { name: "review".to_owned(), ..Stage::default() }],
            parallel_stages: false,
            routing: Routing::default(),
            auto_approve: Vec::new(),
            fallback_group: "dam-admins".to_owned(),
            escalation_group: "dam-leads".to_owned(),
            coordinator_group: "dam-leads".to_owned(),
            calendar: WorkCalendar::default(),
            reminders: vec![50, 80],
            on_timeout: OnTimeout::Park,
            four_eyes: true,
            hold: Hold::default(),
            on_approved: Release::default(),
            on_rejected: Rejection::default(),
            changes_requested: ChangesRequested::default(),
            on_new_version: OnNewVersion::Restart,
            on_conflict: OnConflict::ProductWins,
            asset_gone: AssetGone::default(),
            dam_decisions: DamDecisions::default(),
            notify: Notify::default(),
            users: BTreeMap::new(),
        }
    }
}

/// Process definitions of the workflow engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProcessConfig {
    /// Key of the review process.
    pub definition: String,
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
            notice_definition: "forebayNotice".to_owned(),
            rework_definition: "assetRework".to_owned(),
            outcome_map: verdicts.map(|(word, verdict)| (word.to_owned(), verdict)).into(),
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

/// Which assets are reviewed. Empty lists let everything in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Filters {
    /// Folder, album or collection paths, such as `/Incoming/**`; one of them must match.
    pub include: Vec<String>,
    /// Paths that keep an asset out.
    pub exclude: Vec<String>,
    /// Kinds of media that are reviewed: image, video, audio, document, presentation, other.
    pub kinds: Vec<String>,
    /// Kinds of media that are not.
    pub exclude_kinds: Vec<String>,
    /// File name endings that are not reviewed, such as `xmp`.
    pub exclude_types: Vec<String>,
    /// Uploaders whose assets are not reviewed.
    pub exclude_uploaders: Vec<String>,
    /// Leave placeholders and sidecar-only assets alone until media arrives.
    pub exclude_placeholders: bool,
}

impl Default for Filters {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            kinds: Vec::new(),
            exclude_kinds: Vec::new(),
            exclude_types: Vec::new(),
            exclude_uploaders: Vec::new(),
            exclude_placeholders: true,
        }
    }
}

/// When an asset can be reviewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReadyWhen {
    /// A preview or proxy must be there.
    pub preview: bool,
    /// All files must be complete.
    pub files_closed: bool,
    /// How long to wait for it.
    pub timeout: Span,
    /// What happens then.
    pub on_timeout: NotReady,
}

impl Default for ReadyWhen {
    fn default() -> Self {
        Self {
            preview: true,
            files_closed: true,
            timeout: Span::Minutes(30),
            on_timeout: NotReady::Continue,
        }
    }
}

/// What happens to an asset that does not become ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NotReady {
    /// The review starts without a preview.
    Continue,
    /// Nothing is released; the fallback group is told and the run is parked.
    Park,
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

/// What protects an asset while it is under review.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Hold {
    /// Access template that is put on it; if that fails no review starts.
    pub access_template: Option<String>,
    /// Collections it is taken out of.
    pub remove_from_collections: Vec<String>,
}

/// What happens when an asset is approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Release {
    /// Set the status `approved`.
    pub status: bool,
    /// Collections it is put into; `{field}` stands for a logical field's value.
    pub add_to_collections: Vec<String>,
    /// Logical date field that the end of rights is taken from.
    pub set_expiry_from: Option<String>,
    /// Access template.
    pub access_template: Option<String>,
}

impl Default for Release {
    fn default() -> Self {
        Self {
            status: true,
            add_to_collections: Vec::new(),
            set_expiry_from: Some("licence_end".to_owned()),
            access_template: None,
        }
    }
}

/// What happens when an asset is rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rejection {
    /// Set the status `restricted`.
    pub status: bool,
    /// Leave it in the collections it is in.
    pub keep_in_place: bool,
    /// Collections it is put into.
    pub add_to_collections: Vec<String>,
    /// Access template.
    pub access_template: Option<String>,
}

impl Default for Rejection {
    fn default() -> Self {
        Self {
            status: true,
            keep_in_place: true,
            add_to_collections: Vec::new(),
            access_template: None,
        }
    }
}

/// What happens when changes are requested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangesRequested {
    /// How long to wait for a new version before the asset is rejected.
    pub wait_for_new_version: Span,
    /// Go on at the stage that asked, instead of at the first.
    pub resume_at_stage: bool,
}

impl Default for ChangesRequested {
    fn default() -> Self {
        Self { wait_for_new_version: Span::BusinessDays(10), resume_at_stage: false }
    }
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

/// How a deleted asset is treated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AssetGone {
    /// How long it may come back. Some systems report deletes before restores.
    pub grace: Span,
}

impl Default for AssetGone {
    fn default() -> Self {
        Self { grace: Span::Minutes(15) }
    }
}

/// The DAM's own approval panel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DamDecisions {
    /// Ask for an approval there and write the result to it.
    pub mirror: bool,
    /// A decision made there counts, if it is unanimous and its voter is listed in `reviewers`.
    pub accept: bool,
    /// Stage → users of the DAM who may decide it there.
    pub reviewers: BTreeMap<String, Vec<String>>,
}

/// Who is told about the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// Tell the uploader by a task in the workflow engine.
    pub uploader: bool,
    /// Write a comment on the version.
    pub version_comment: bool,
    /// Channels of the host that are told, such as `log`.
    pub channels: Vec<String>,
}

impl Default for Notify {
    fn default() -> Self {
        Self { uploader: true, version_comment: true, channels: vec!["log".to_owned()] }
    }
}
