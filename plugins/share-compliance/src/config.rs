//! Configuration. Every default is that of the schema.

use std::collections::BTreeMap;

use forebay_sdk::blocks::{
    AssetGone, FieldMap, OneOrMany, Routing, Rule, Span, Target, WorkCalendar, workflow_user,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Group that decides where no rule says otherwise, and about recipients nobody knows.
const DEFAULT_LEGAL: &str = "legal";
/// Group that decides about agencies.
const DEFAULT_COMPLIANCE: &str = "partner-compliance";
/// Group that takes over where another is unknown.
const DEFAULT_GROUP: &str = "dam-admins";
/// Group that overdue tasks are escalated to.
const DEFAULT_LEADS: &str = "dam-leads";
/// Class of recipients that no rule knows.
pub(crate) const UNKNOWN: &str = "unknown";

/// Review before assets are shared with outsiders, and detection of shares without one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// First part of business keys: `PREFIX:connection:…`.
    pub key_prefix: String,
    /// The processes in which people ask and decide.
    pub process: ProcessConfig,
    /// What happens before something is shared.
    pub preventive: Preventive,
    /// How shares are found that nobody asked for.
    pub detective: Detective,
    /// Who recipients are: the first rule that matches an address counts.
    pub recipients: Vec<Recipient>,
    /// What an asset must pass. One that fails is not shared, whoever approves.
    pub checks: Vec<Check>,
    /// Values of a territory field that cover every territory.
    pub worldwide: Vec<String>,
    /// Who decides: rules over `recipient_class`, `channel`, `territory`, `checks` (`all_pass` or
    /// `some_fail`) and `kind` (`request` or `violation`). A rule without conditions is mandatory.
    pub routing: Routing,
    /// Requests that need no decision. None: people decide about all.
    pub auto_approve: Option<AutoApprove>,
    /// Decides, besides whoever routing leads to, about recipients under `deny_unless_legal`.
    pub legal_group: String,
    /// Who asked for a share cannot decide about it.
    pub four_eyes: bool,
    /// Write recipients' addresses to the asset, not only their class.
    pub write_addresses: bool,
    /// Logical field → field of the DAM; one that is not listed has the same name there.
    pub fields: FieldMap,
    /// User of the DAM → mail address in the workflow engine. Not listed: a mail address stands for
    /// itself, anybody else is unknown.
    pub users: BTreeMap<String, String>,
    /// Takes over where a group is unknown or switched off.
    pub fallback_group: String,
    /// May decide as well once a question is overdue.
    pub escalation_group: String,
    /// Working time, and the zone in which dates end.
    pub calendar: WorkCalendar,
    /// When reminders go out, in per cent of a question's time.
    pub reminders: Vec<u32>,
    /// What happens when nobody decides about a request in twice its time.
    pub on_timeout: OnTimeout,
    /// How long deleted assets may come back before their request is cancelled.
    pub asset_gone: AssetGone,
    /// Operators' channels that hear of violations, recalls and escalations.
    pub channels: Vec<String>,
}

/// The processes in which people ask and decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProcessConfig {
    /// Key of the definition in which people decide; a person who starts it asks for a share.
    pub definition: String,
    /// Key of the definition that tells somebody something.
    pub notice_definition: String,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            definition: "shareReview".to_owned(),
            notice_definition: "forebayNotice".to_owned(),
        }
    }
}

/// What happens before something is shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Preventive {
    /// Every share needs a request. False: a share made by hand is told to operators, nothing more.
    pub require_request: bool,
    /// Collection that asks for a share when an asset is put into it. Empty: none.
    pub staging_album: String,
    /// Assets that one person puts there within this time are one request.
    pub staging_window: Span,
    /// The link.
    pub link: LinkConfig,
}

impl Default for Preventive {
    fn default() -> Self {
        Self {
            require_request: true,
            staging_album: "/Share-Requests".to_owned(),
            staging_window: Span::Minutes(2),
            link: LinkConfig::default(),
        }
    }
}

/// The link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LinkConfig {
    /// How long it works where the request names no end.
    pub expires: Span,
    /// Protect it with the connection's share password.
    pub password: Want,
    /// Originals may be downloaded, if request and reviewer say so. False: previews at most.
    pub allow_original: bool,
    /// Show a watermark. A reviewer can demand one in any case.
    pub watermark: Want,
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            expires: Span::days(14),
            password: Want::Auto,
            allow_original: false,
            watermark: Want::Auto,
        }
    }
}

/// How much something is wanted that not every DAM can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// Where the connection can; otherwise the audit says that it could not.
    #[default]
    Auto,
    /// Always: no link is made without it.
    Always,
    /// Not at all.
    Never,
}

/// How shares are found that nobody asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Detective {
    /// Look for them.
    pub enabled: bool,
    /// How often the flow's schedule starts a scan. A scan reads so much further back.
    pub interval: Span,
    /// How far back a scan reads besides, because reports come late.
    pub overlap: Span,
    /// Paths of collections that outsiders see; only what was approved may be in them.
    pub watched_albums: Vec<String>,
    /// What happens on a hit.
    pub action: Action,
}

impl Default for Detective {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: Span::Minutes(15),
            overlap: Span::days(2),
            watched_albums: vec!["/External/**".to_owned()],
            action: Action::RestrictAndTask,
        }
    }
}

/// What happens when a share is found that nobody asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Operators are told.
    Alert,
    /// People decide.
    Task,
    /// The assets are taken out of use and the share is ended at once, then people decide.
    #[default]
    RestrictAndTask,
}

/// Who recipients are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// Pattern of mail addresses: `*@agency.example`.
    #[serde(rename = "match")]
    pub matches: String,
    /// What they are to us: a word that routing uses.
    pub class: String,
    /// Last day of the contract with them, `2027-12-31`. None: without end.
    #[serde(default)]
    pub contract_until: Option<String>,
    /// Channels they may use assets in. Empty: all.
    #[serde(default)]
    pub allowed_channels: Vec<String>,
    /// Who may get something at all.
    #[serde(default)]
    pub policy: Policy,
}

/// Who may get something at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Whoever routing leads to decides.
    #[default]
    Allow,
    /// Nothing, unless the legal group agrees as well.
    DenyUnlessLegal,
    /// Nothing.
    Deny,
}

/// What an asset must pass.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Its status is approved.
    StatusApproved,
    /// Its rights have begun, and cover this class of recipients: the logical field
    /// `share_classes`, where it has values, names the class. The contract has not ended.
    RightsCoverRecipient,
    /// Its `territories` cover all that were asked for. No value covers nothing.
    Territory,
    /// Its `channels` and the recipient's contract cover all that were asked for.
    Channel,
    /// Its rights end after the link begins; the link never outlives them.
    ExpiryAfterLink,
    /// `embargo_until` has passed when the link begins.
    Embargo,
    /// `personal_data` says no or nothing.
    PersonalDataFlag,
}

impl Check {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::StatusApproved,
        Self::RightsCoverRecipient,
        Self::Territory,
        Self::Channel,
        Self::ExpiryAfterLink,
        Self::Embargo,
        Self::PersonalDataFlag,
    ];

    /// Its name in configuration and audit.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::StatusApproved => "status_approved",
            Self::RightsCoverRecipient => "rights_cover_recipient",
            Self::Territory => "territory",
            Self::Channel => "channel",
            Self::ExpiryAfterLink => "expiry_after_link",
            Self::Embargo => "embargo",
            Self::PersonalDataFlag => "personal_data_flag",
        }
    }
}

/// Requests that need no decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoApprove {
    /// Conditions as in routing; all must hold. Recipients under `deny_unless_legal` are never
    /// approved this way, nor are assets that fail a check.
    pub when: BTreeMap<String, OneOrMany>,
}

/// What happens when nobody decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// An operator looks.
    #[default]
    Park,
    /// Nothing is shared.
    Refuse,
}

fn condition(subject: &str, value: &str) -> (String, OneOrMany) {
    (subject.to_owned(), OneOrMany(vec![value.to_owned()]))
}

fn rule(when: BTreeMap<String, OneOrMany>, group: &str, days: u32) -> Rule {
    let to = Target {
        group: group.to_owned(),
        sla: Span::BusinessDays(days),
    };
    Rule { when, to }
}

impl Default for Config {
    fn default() -> Self {
        let agency = BTreeMap::from([condition("recipient_class", "agency")]);
        let affiliate = BTreeMap::from([
            condition("recipient_class", "internal-affiliate"),
            condition("checks", "all_pass"),
        ]);
        Self {
            key_prefix: "share".to_owned(),
            process: ProcessConfig::default(),
            preventive: Preventive::default(),
            detective: Detective::default(),
            recipients: vec![Recipient {
                matches: "*".to_owned(),
                class: UNKNOWN.to_owned(),
                contract_until: None,
                allowed_channels: Vec::new(),
                policy: Policy::DenyUnlessLegal,
            }],
            checks: Check::ALL.to_vec(),
            worldwide: vec!["worldwide".to_owned()],
            routing: Routing(vec![
                rule(agency, DEFAULT_COMPLIANCE, 1),
                rule(BTreeMap::new(), DEFAULT_LEGAL, 2),
            ]),
            auto_approve: Some(AutoApprove { when: affiliate }),
            legal_group: DEFAULT_LEGAL.to_owned(),
            four_eyes: true,
            write_addresses: false,
            fields: FieldMap::default(),
            users: BTreeMap::new(),
            fallback_group: DEFAULT_GROUP.to_owned(),
            escalation_group: DEFAULT_LEADS.to_owned(),
            calendar: WorkCalendar::default(),
            reminders: vec![50, 80],
            on_timeout: OnTimeout::Park,
            asset_gone: AssetGone::default(),
            channels: vec!["log".to_owned()],
        }
    }
}

impl Config {
    /// The mail address of a user of the DAM, where it is known.
    pub(crate) fn person(&self, user: &str) -> Option<String> {
        workflow_user(&self.users, Some(user))
    }
}
