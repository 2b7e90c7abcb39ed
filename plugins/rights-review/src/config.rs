//! Configuration of a rights flow. Every default stands here once.

use std::collections::BTreeMap;

use forebay_sdk::blocks::{
    AssetGone, FieldMap, OneOrMany, Routing, Rule, Span, Target, WorkCalendar,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Group that is asked where no other is named.
const DEFAULT_GROUP: &str = "dam-admins";
/// Group that leads the others.
const DEFAULT_LEADS: &str = "dam-leads";

/// The date field that stands for the end of rights the DAM itself keeps.
pub(crate) const DAM_EXPIRY: &str = "expiry";

/// Reviews of rights that end, and clearance for an intended use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// First part of business keys: `PREFIX:connection:asset:date`.
    pub key_prefix: String,
    /// The process in which people decide.
    pub process: ProcessConfig,
    /// Logical fields that hold the end of a right, each maybe several dates (one for each talent);
    /// `expiry` is the date the DAM itself keeps. The earliest governs.
    pub date_fields: Vec<String>,
    /// How long before the end: the first opens the review, the others remind.
    pub lead_times: Vec<Span>,
    /// Other lead times by asset type.
    pub lead_by_type: BTreeMap<String, Vec<Span>>,
    /// Logical field with the type of an asset.
    pub type_field: String,
    /// Asset types that must have a date; one without goes to `exception_flow`.
    pub licensed_types: Vec<String>,
    /// Flow that gets assets without a date, or with one nobody can read, mended; its request is
    /// `{"asset": …, "missing": […], "reason": …}`. None: an operator's channel is told.
    pub exception_flow: Option<String>,
    /// What happens at the end while nobody has decided.
    pub on_expiry_undecided: Undecided,
    /// Why assets are kept beyond the end of their rights, for `on_expiry_undecided = "keep"`.
    pub keep_reason: String,
    /// What reviewers can decide.
    pub decisions: Vec<Decision>,
    /// How an asset is deleted.
    pub delete: Deletion,
    /// What a replacement must be.
    pub replacement: Replacement,
    /// Show reviewers how the asset was used.
    pub usage_check: bool,
    /// Clearance for an intended use. None: this flow reviews ends of rights only.
    pub clearance: Option<Clearance>,
    /// Logical field → field of the DAM; one that is not listed has the same name there.
    pub fields: FieldMap,
    /// Who decides: rules over logical fields and, in a clearance, `territories` and `channels`. A
    /// rule without conditions is mandatory.
    pub routing: Routing,
    /// Takes over where a group is unknown or switched off.
    pub fallback_group: String,
    /// May decide as well once a question is overdue.
    pub escalation_group: String,
    /// Working time, and the zone in which dates end.
    pub calendar: WorkCalendar,
    /// When reminders go out, in per cent of a question's time.
    pub reminders: Vec<u32>,
    /// How long a deleted asset may come back before its review is cancelled.
    pub asset_gone: AssetGone,
    /// Operators' channels that hear of escalations and restrictions.
    pub channels: Vec<String>,
}

/// The process in which people decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProcessConfig {
    /// Key of its definition.
    pub definition: String,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            definition: "rightsReview".to_owned(),
        }
    }
}

/// What happens at the end of rights while nobody has decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Undecided {
    /// Keep the asset back.
    #[default]
    Restrict,
    /// Let the DAM show it as expired.
    Expire,
    /// Leave it in use; `keep_reason` says why.
    Keep,
}

/// What a reviewer can decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The rights go on until a new date.
    Renew,
    /// Another asset takes its place.
    Replace,
    /// It leaves use, now or at the end.
    Remove,
    /// Nothing until the end; then it must be out of use.
    LetExpire,
    /// It is deleted, after a second person agreed and a grace.
    Delete,
}

impl Decision {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::Renew,
        Self::Replace,
        Self::Remove,
        Self::LetExpire,
        Self::Delete,
    ];

    /// The outcome of a task that means it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Renew => "renew",
            Self::Replace => "replace",
            Self::Remove => "remove",
            Self::LetExpire => "let_expire",
            Self::Delete => "delete",
        }
    }
}

/// How an asset is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Deletion {
    /// How many different people must agree: 1 or 2.
    pub approvals: u32,
    /// How long it is kept back before it is deleted.
    pub grace: Span,
    /// The way: kept back first, deleted after the grace.
    pub method: DeletionMethod,
}

impl Default for Deletion {
    fn default() -> Self {
        Self {
            approvals: 2,
            grace: Span::days(30),
            method: DeletionMethod::RestrictThenDelete,
        }
    }
}

/// The way of a deletion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeletionMethod {
    /// Kept back for the grace, then deleted for good.
    #[default]
    RestrictThenDelete,
    /// Kept back for the grace, then into the trash; the DAM removes it when it empties its trash.
    RestrictThenTrash,
}

/// What a replacement must be, and what it takes over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Replacement {
    /// It must be approved.
    pub must_be_approved: bool,
    /// It is put into the collections of the old asset.
    pub copy_albums: bool,
    /// Logical fields it takes over where it has no value of its own.
    pub copy_fields: Vec<String>,
}

impl Default for Replacement {
    fn default() -> Self {
        Self {
            must_be_approved: true,
            copy_albums: true,
            copy_fields: ["campaign", "market"].map(str::to_owned).to_vec(),
        }
    }
}

/// Clearance for an intended use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Clearance {
    /// Where the intended use comes from when nobody named one.
    pub intended_use: IntendedUse,
    /// What a use requires. A value that is missing is never a pass.
    pub matrix: Vec<Requirement>,
    /// What reviewers can decide.
    pub decisions: Vec<String>,
    /// Decisions that are used again.
    pub reuse: Reuse,
    /// What protects an asset until it is cleared.
    pub block_until_cleared: Block,
    /// Collections that ask for clearance when an asset is put into them.
    pub collections: Vec<String>,
    /// Ids or titles of custom actions that ask for clearance; none: all.
    pub actions: Vec<String>,
    /// Territory codes that are known; any other is refused. None: every two-letter code.
    pub territories: Vec<String>,
    /// Logical field that asks for clearance with the value `requested`.
    pub request_field: String,
    /// Logical field that says `withdrawn` when a talent withdraws consent: the asset is blocked at
    /// once, before anybody decides.
    pub consent_field: String,
    /// Group that gets missing documents.
    pub producer_group: String,
}

impl Default for Clearance {
    fn default() -> Self {
        Self {
            intended_use: IntendedUse::default(),
            matrix: Vec::new(),
            decisions: [
                "cleared",
                "cleared_with_limits",
                "not_cleared",
                "needs_documents",
            ]
            .map(str::to_owned)
            .to_vec(),
            reuse: Reuse::default(),
            block_until_cleared: Block::default(),
            collections: vec!["To publish".to_owned()],
            actions: Vec::new(),
            territories: Vec::new(),
            request_field: "clearance".to_owned(),
            consent_field: "talent_consent".to_owned(),
            producer_group: DEFAULT_GROUP.to_owned(),
        }
    }
}

/// What somebody wants to do with an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IntendedUse {
    /// Channels taken where the request names none.
    pub channels: Vec<String>,
    /// Territories taken where the request names none.
    pub territories: Vec<String>,
}

impl Default for IntendedUse {
    fn default() -> Self {
        Self {
            channels: vec!["web".to_owned()],
            territories: Vec::new(),
        }
    }
}

/// What a use requires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Conditions on logical fields, `channels` and `territories`; all must hold.
    #[serde(default)]
    pub when: BTreeMap<String, OneOrMany>,
    /// Logical fields that must have a value.
    pub require: Vec<String>,
    /// Group that decides instead of the one routing leads to.
    #[serde(default)]
    pub route: Option<String>,
}

/// Decisions that are used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reuse {
    /// The same use is cleared without a question if it was cleared within this time and no right
    /// changed since.
    pub same_use_within: Span,
}

impl Default for Reuse {
    fn default() -> Self {
        Self {
            same_use_within: Span::days(180),
        }
    }
}

/// What protects an asset until it is cleared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Block {
    /// Access template put on it; what stood there comes back with the clearance. Empty: none.
    pub acl_template: String,
    /// End its shares.
    pub revoke_shares: bool,
}

impl Default for Block {
    fn default() -> Self {
        Self {
            acl_template: "no-publish".to_owned(),
            revoke_shares: true,
        }
    }
}

fn days(days: [u32; 3]) -> Vec<Span> {
    days.map(Span::days).to_vec()
}

fn default_leads() -> Vec<Span> {
    days([90, 30, 7])
}

impl Default for Config {
    fn default() -> Self {
        Self {
            key_prefix: "rights".to_owned(),
            process: ProcessConfig::default(),
            date_fields: ["licence_end", DAM_EXPIRY].map(str::to_owned).to_vec(),
            lead_times: default_leads(),
            lead_by_type: BTreeMap::from([("talent".to_owned(), days([180, 60, 14]))]),
            type_field: "licence_type".to_owned(),
            licensed_types: ["stock", "talent", "music", "agency"]
                .map(str::to_owned)
                .to_vec(),
            exception_flow: None,
            on_expiry_undecided: Undecided::Restrict,
            keep_reason: String::new(),
            decisions: Decision::ALL.to_vec(),
            delete: Deletion::default(),
            replacement: Replacement::default(),
            usage_check: true,
            clearance: None,
            fields: FieldMap::default(),
            routing: Routing(vec![Rule {
                when: BTreeMap::new(),
                to: Target {
                    group: DEFAULT_GROUP.to_owned(),
                    sla: Span::BusinessDays(3),
                },
            }]),
            fallback_group: DEFAULT_GROUP.to_owned(),
            escalation_group: DEFAULT_LEADS.to_owned(),
            calendar: WorkCalendar::default(),
            reminders: vec![50, 80],
            asset_gone: AssetGone::default(),
            channels: vec!["log".to_owned()],
        }
    }
}

impl Config {
    /// The lead times for an asset of this type, longest first.
    pub(crate) fn leads(&self, asset_type: Option<&str>) -> &[Span] {
        asset_type
            .and_then(|name| self.lead_by_type.get(name))
            .unwrap_or(&self.lead_times)
    }

    /// What a task's outcome means, where reviewers can decide it.
    pub(crate) fn decision(&self, word: &str) -> Option<Decision> {
        let mut offered = self.decisions.iter().copied();
        offered.find(|decision| decision.word() == word)
    }

    /// Logical fields that some rule or condition names.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = &str> {
        let rules = self.routing.0.iter().flat_map(|rule| rule.when.keys());
        let matrix = self.clearance.iter().flat_map(|clearance| {
            let needs = clearance.matrix.iter();
            needs.flat_map(|need| need.when.keys())
        });
        let subjects = rules.chain(matrix).map(String::as_str);
        subjects.filter(|subject| !["territories", "channels"].contains(subject))
    }
}
