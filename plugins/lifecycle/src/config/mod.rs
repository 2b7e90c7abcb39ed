//! Configuration of a lifecycle flow. Every default stands here once; [`policy`] says which assets
//! policies are about and when their time is over.

pub(crate) mod actions;
pub(crate) mod condition;
pub(crate) mod policy;
pub(crate) mod window;

use std::collections::BTreeMap;

use forebay_sdk::blocks::{
    AssetGone, FieldMap, LegalHold, OneOrMany, Routing, Rule, Span, Target, WorkCalendar,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use actions::{Actions, Queue, Storage, Verify};
use condition::Period;
use policy::{Action, Policy};
use window::Window;

/// Group that is asked where no other is named.
const DEFAULT_GROUP: &str = "dam-admins";
/// Group that leads the others.
const DEFAULT_LEADS: &str = "dam-leads";

/// Review, archiving, retention and deletion by policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// First part of business keys: `PREFIX:connection:policy:campaign or asset`.
    pub key_prefix: String,
    /// The process in which people decide.
    pub process: ProcessConfig,
    /// What happens to which assets when. An asset that several match is dealt with by the first;
    /// it is never deleted before the longest `retain` of all of them.
    pub policies: Vec<Policy>,
    /// What a review is about: all assets of a campaign, or one asset. An asset without a campaign
    /// is reviewed alone.
    pub unit: Unit,
    /// Logical field that names the campaign (or project) assets belong to.
    pub group_field: String,
    /// Who is told before the time is over.
    pub notify: Notify,
    /// How each action is done.
    pub actions: Actions,
    /// A delete queue in which assets wait for their end. None: they wait where they are, kept back.
    pub delete: Option<Queue>,
    /// The hold that stops what it blocks, at any moment.
    pub legal_hold: LegalHold,
    /// What happens when nobody decides, after escalation. Never a deletion.
    pub no_answer: NoAnswer,
    /// Which other uses keep an asset.
    pub other_uses: OtherUses,
    /// Which actions people decide about.
    pub review: Review,
    /// Storages by the name policies use.
    pub storages: BTreeMap<String, Storage>,
    /// What must be true of an archived copy before the copy at hand goes.
    pub verify: Verify,
    /// When files may be moved. None: always.
    pub window: Option<Window>,
    /// How much one run moves.
    pub limits: Limits,
    /// What happens to items that fail.
    pub retry: Retry,
    /// How often files on their way are looked at.
    pub poll: Span,
    /// When what was kept without a decision is reviewed again.
    pub review_again: Period,
    /// Mark assets as `in-review` while people decide; what stood there comes back.
    pub mark_in_review: bool,
    /// Look at an asset whenever it changes, not only in scans.
    pub look_at_changes: bool,
    /// Ids of custom actions that ask to look at an asset; none: all.
    pub action_ids: Vec<String>,
    /// Logical field → field of the DAM; one that is not listed has the same name there, one mapped
    /// to an empty text is not written.
    pub fields: FieldMap,
    /// Who decides where a policy's owner is not known: rules over logical fields and `policy`. A
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
    /// Operators' channels that hear of notices, escalations and trouble.
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
            definition: "lifecycleReview".to_owned(),
        }
    }
}

/// What a review is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// All assets of a campaign at once.
    #[default]
    Campaign,
    /// One asset.
    Asset,
}

/// What happens when nobody decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoAnswer {
    /// Archive them.
    #[default]
    Archive,
    /// Extend them by the longest extension, once; archive them the next time.
    ExtendOnce,
    /// Leave them as they are until `review_again`.
    Keep,
    /// Let an operator look.
    Park,
}

/// Who is told before the time is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// How long before; the first also says how far ahead scans look.
    pub owners: Vec<Span>,
    /// Logical fields that name others who want to know.
    pub stakeholders_from: Vec<String>,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            owners: [30, 7].map(Span::days).to_vec(),
            stakeholders_from: vec!["campaign_team".to_owned()],
        }
    }
}

/// Which other uses keep an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OtherUses {
    /// Patterns of collections that belong to campaigns: the last folder's name is the campaign.
    /// Another campaign whose end is still to come keeps the asset.
    pub albums: Vec<String>,
    /// Logical field with the end of a campaign.
    pub end_field: String,
    /// Kinds of relations to assets that need the same file. It stays at hand until they are
    /// archived too.
    pub shared_files: Vec<String>,
}

impl Default for OtherUses {
    fn default() -> Self {
        Self {
            albums: vec!["/Campaigns/*".to_owned()],
            end_field: "campaign_end".to_owned(),
            shared_files: vec!["shared-file".to_owned()],
        }
    }
}

/// Which actions people decide about, and who where a policy names no owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Review {
    /// Actions that a policy's `action` or `then` does not do without a review. A deletion never is.
    pub before: Vec<Action>,
    /// Actions that a policy may have reviewed with `review = true`.
    pub optional_before: Vec<Action>,
    /// Logical field that names who decides where the policy names none.
    pub owner: String,
    /// How long an owner may take; the routing says it for others.
    pub sla: Span,
}

impl Default for Review {
    fn default() -> Self {
        Self {
            before: vec![Action::Delete],
            optional_before: vec![Action::Archive],
            owner: "project_owner".to_owned(),
            sla: Span::BusinessDays(5),
        }
    }
}

/// How much one run moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Files on their way at once.
    pub concurrent_jobs: u32,
    /// GiB in one night (one opening of `window`, or one day where there is none). A file that is
    /// larger by itself is moved alone.
    pub gib_per_night: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrent_jobs: 5,
            gib_per_night: 2000,
        }
    }
}

/// What happens to items that fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// How often failed items are tried again.
    pub every: Span,
    /// For how long, before the run completes with errors.
    pub budget: Span,
    /// How often a move into the archive is tried, each in another window, before an operator must
    /// look.
    pub moves: u32,
    /// A move that shows no change for this long is looked up and asked for again.
    pub lost_after: Span,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            every: Span::Minutes(60),
            budget: Span::days(1),
            moves: 3,
            lost_after: Span::days(1),
        }
    }
}

/// The policies of a flow that names none.
fn default_policies() -> Vec<Policy> {
    let policy = |name: &str, when: &[(&str, &str)]| Policy {
        name: name.to_owned(),
        when: when
            .iter()
            .map(|(subject, text)| ((*subject).to_owned(), OneOrMany(vec![(*text).to_owned()])))
            .collect(),
        review_after: None,
        default_action: None,
        action: None,
        retain: None,
        then: None,
        approvals: None,
        target: None,
        keep: None,
        review: false,
        owner: None,
    };
    vec![
        Policy {
            review_after: Some(Span::days(14)),
            default_action: Some(Action::Archive),
            owner: Some("campaign_owner".to_owned()),
            ..policy("campaign-end", &[("campaign_end", "past")])
        },
        Policy {
            default_action: Some(Action::Review),
            owner: Some("brand".to_owned()),
            ..policy("stale", &[("last_used", ">24mo"), ("status", "Approved")])
        },
        Policy {
            retain: Some(Period::Months(120)),
            then: Some(Action::Delete),
            ..policy("contract-records", &[("asset_type", "contract")])
        },
    ]
}

impl Default for Config {
    fn default() -> Self {
        Self {
            key_prefix: "lifecycle".to_owned(),
            process: ProcessConfig::default(),
            policies: default_policies(),
            unit: Unit::Campaign,
            group_field: "campaign".to_owned(),
            notify: Notify::default(),
            actions: Actions::default(),
            delete: None,
            legal_hold: LegalHold::default(),
            no_answer: NoAnswer::Archive,
            other_uses: OtherUses::default(),
            review: Review::default(),
            storages: BTreeMap::new(),
            verify: Verify::default(),
            window: None,
            limits: Limits::default(),
            retry: Retry::default(),
            poll: Span::Minutes(15),
            review_again: Period::Days(90),
            mark_in_review: false,
            look_at_changes: false,
            action_ids: Vec::new(),
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
    /// The policy of this name.
    pub(crate) fn policy(&self, name: &str) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.name == name)
    }

    /// The storage's name at the vendor.
    pub(crate) fn storage<'a>(&'a self, target: &'a str) -> &'a str {
        let known = self.storages.get(target);
        known
            .and_then(|storage| storage.name.as_deref())
            .unwrap_or(target)
    }
}
