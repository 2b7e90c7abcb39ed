//! Configuration of an approval flow. Every default stands here once.
//!
//! [`intake`] says what is reviewed and when it is ready, [`review`] how a review is held, [`result`]
//! what it leads to.

mod intake;
mod result;
mod review;

use std::collections::BTreeMap;

use forebay_sdk::blocks::{
    AssetGone, Batching, FieldMap, Routing, Rule, Span, Target, WorkCalendar,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::intake::{Filters, NotReady, ReadyWhen, Triggers};
pub(crate) use self::result::{ChangesRequested, DamDecisions, Hold, Notify, Rejection, Release};
pub(crate) use self::review::{
    AutoApprove, OnConflict, OnNewVersion, OnTimeout, Policy, ProcessConfig, Stage, Verdict,
};

/// Group that is asked where no other is named.
const DEFAULT_GROUP: &str = "dam-admins";
/// Group that leads the others.
const DEFAULT_LEADS: &str = "dam-leads";

/// Review and approval of new assets and new versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// First part of business keys: `PREFIX:connection:asset:version`.
    pub key_prefix: String,
    /// Process definitions of the workflow engine.
    pub process: ProcessConfig,
    /// What starts a review.
    pub triggers: Triggers,
    /// Which assets are reviewed.
    pub filters: Filters,
    /// When an asset can be reviewed.
    pub ready_when: ReadyWhen,
    /// Write the status `pending` at once if the asset is not pending or restricted already. Switch
    /// it off where the DAM has no release status of its own.
    pub initial_status: bool,
    /// Logical fields that must be filled before a review starts; the run waits for them.
    pub required_before_review: Vec<String>,
    /// Flow that gets assets with missing fields mended; its request is `{"asset": …, "missing": […]}`.
    /// None: the uploader is told.
    pub missing_fields_flow: Option<String>,
    /// Logical field → field of the DAM; one that is not listed has the same name there.
    pub fields: FieldMap,
    /// Stages of the review, in order.
    pub stages: Vec<Stage>,
    /// Work on all stages at once.
    pub parallel_stages: bool,
    /// Assets of one uploader that arrive together in one place, and that the same people decide about,
    /// are reviewed in one process. Each keeps its own decision.
    pub batch: Batching,
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
    /// Who uploaded the asset, or changed it last before its review, cannot decide about it.
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
            triggers: Triggers::default(),
            filters: Filters::default(),
            ready_when: ReadyWhen::default(),
            initial_status: true,
            required_before_review: Vec::new(),
            missing_fields_flow: None,
            fields: FieldMap::default(),
            stages: vec![Stage {
                name: "review".to_owned(),
                ..Stage::default()
            }],
            parallel_stages: false,
            batch: Batching::default(),
            routing: default_routing(),
            auto_approve: Vec::new(),
            fallback_group: DEFAULT_GROUP.to_owned(),
            escalation_group: DEFAULT_LEADS.to_owned(),
            coordinator_group: DEFAULT_LEADS.to_owned(),
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

impl Config {
    /// Logical fields and other subjects that some rule or condition names.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = &str> {
        let rules = self.routing.0.iter().flat_map(|rule| rule.when.keys());
        let stages = self
            .stages
            .iter()
            .flat_map(|stage| stage.when.keys().chain(&stage.per));
        let auto = self.auto_approve.iter().flat_map(|rule| rule.when.keys());
        rules.chain(stages).chain(auto).map(String::as_str)
    }
}

/// The rule without conditions: everything goes to one group, which has three working days.
fn default_routing() -> Routing {
    let to = Target {
        group: DEFAULT_GROUP.to_owned(),
        sla: Span::BusinessDays(3),
    };
    Routing(vec![Rule {
        when: BTreeMap::new(),
        to,
    }])
}
