//! Configuration of a case flow. Every default stands here once.

use std::collections::BTreeMap;

use forebay_sdk::blocks::{Direction, FieldMap, Span, WorkCalendar};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Group that is asked where no other is named.
const DEFAULT_GROUP: &str = "dam-admins";
/// Group that leads the others.
const DEFAULT_LEADS: &str = "dam-leads";

/// Cases across teams: takedowns, corrections, complaints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// First part of business keys: `PREFIX:connection:case`.
    pub key_prefix: String,
    /// The process of a case.
    pub process: ProcessConfig,
    /// Kinds of cases.
    pub case_types: BTreeMap<String, CaseType>,
    /// Kind of a case that names none.
    pub default_type: String,
    /// How soon protection must be in place; the duty group is alarmed after.
    pub immediate_within: Span,
    /// Group that is alarmed.
    pub duty_group: String,
    /// Access template of restricted assets.
    pub restrict_template: String,
    /// Which side is master of what both may change: `case_priority`, `case_state`.
    pub ownership: BTreeMap<String, Owner>,
    /// What is kept the same on both sides.
    pub sync: Sync,
    /// Assets that have to do with those of the case.
    pub related: Related,
    /// Cases that are opened again under their name.
    pub reopen: Reopen,
    /// Kinds of cases that set the legal hold.
    pub set_legal_hold: Vec<String>,
    /// Logical field of the legal hold.
    pub legal_hold_field: String,
    /// Ids of custom actions that open a case; none: all.
    pub action_ids: Vec<String>,
    /// Logical field → field of the DAM; one that is not listed has the same name there.
    pub fields: FieldMap,
    /// Takes over where a group is unknown or switched off.
    pub fallback_group: String,
    /// May answer as well once a question is overdue.
    pub escalation_group: String,
    /// Working time.
    pub calendar: WorkCalendar,
    /// When reminders go out, in per cent of a question's time.
    pub reminders: Vec<u32>,
    /// Operators' channels that hear of alarms.
    pub channels: Vec<String>,
}

/// The process of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProcessConfig {
    /// Key of its definition.
    pub definition: String,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            definition: "mediaCase".to_owned(),
        }
    }
}

/// A kind of case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CaseType {
    /// What is done at once.
    pub immediate: Vec<Action>,
    /// Collections that `remove_from` takes assets out of: `Published/**`.
    pub remove_from: Vec<String>,
    /// How soon somebody takes it up.
    pub ack_sla: Span,
    /// How soon it is decided.
    pub resolve_sla: Span,
    /// Group that decides.
    pub route: String,
    /// It closes with a new version.
    pub needs_new_version: bool,
}

impl Default for CaseType {
    fn default() -> Self {
        Self {
            immediate: Vec::new(),
            remove_from: Vec::new(),
            ack_sla: Span::BusinessDays(1),
            resolve_sla: Span::BusinessDays(10),
            route: DEFAULT_GROUP.to_owned(),
            needs_new_version: false,
        }
    }
}

/// What protects an asset.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Put the restricting access template on it.
    RestrictAcl,
    /// End its shares.
    RevokeShares,
    /// Take it out of collections.
    RemoveFrom,
    /// Mark it.
    Flag,
}

impl Action {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::RestrictAcl => "restrict_acl",
            Self::RevokeShares => "revoke_shares",
            Self::RemoveFrom => "remove_from",
            Self::Flag => "flag",
        }
    }
}

/// Which side is master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The workflow engine.
    Workflow,
    /// The DAM.
    Dam,
}

/// What is kept the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sync {
    /// How often both sides are compared.
    pub interval: Span,
    /// Where notes of the case and comments on its assets are copied to: `both`, `workflow`, `dam`,
    /// `none`.
    pub comments: Direction,
    /// A note or comment with this mark is never copied. Empty: all are.
    pub internal_marker: String,
    /// Longest text of one note, in characters; a longer one is split.
    pub max_text: u32,
}

impl Default for Sync {
    fn default() -> Self {
        Self {
            interval: Span::Minutes(1),
            comments: Direction::Both,
            internal_marker: "#int".to_owned(),
            // The most that common engines take.
            max_text: 4_000,
        }
    }
}

/// Assets that have to do with those of the case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Related {
    /// Propose assets related to those of the case.
    pub include: bool,
    /// People confirm them; otherwise they are protected at once.
    pub confirm: bool,
}

impl Default for Related {
    fn default() -> Self {
        Self {
            include: true,
            confirm: true,
        }
    }
}

/// Cases that are opened again under their name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reopen {
    /// How long after its end a case goes on with its record; a later one of its name is a new case.
    pub within: Span,
}

impl Default for Reopen {
    fn default() -> Self {
        Self {
            within: Span::Minutes(30 * 24 * 60),
        }
    }
}

fn case_types() -> BTreeMap<String, CaseType> {
    let takedown = CaseType {
        immediate: vec![
            Action::RestrictAcl,
            Action::RevokeShares,
            Action::RemoveFrom,
        ],
        remove_from: vec!["Published/**".to_owned()],
        ack_sla: Span::Minutes(60),
        resolve_sla: Span::BusinessDays(1),
        route: "legal-ops".to_owned(),
        needs_new_version: false,
    };
    let correction = CaseType {
        immediate: vec![Action::Flag],
        ack_sla: Span::Minutes(4 * 60),
        resolve_sla: Span::BusinessDays(2),
        route: "broadcast-desk".to_owned(),
        needs_new_version: true,
        ..CaseType::default()
    };
    let complaint = CaseType {
        route: "viewer-relations".to_owned(),
        ..CaseType::default()
    };
    BTreeMap::from([
        ("takedown".to_owned(), takedown),
        ("correction".to_owned(), correction),
        ("complaint".to_owned(), complaint),
    ])
}

impl Default for Config {
    fn default() -> Self {
        Self {
            key_prefix: "case".to_owned(),
            process: ProcessConfig::default(),
            case_types: case_types(),
            default_type: "takedown".to_owned(),
            immediate_within: Span::Minutes(5),
            duty_group: DEFAULT_LEADS.to_owned(),
            restrict_template: "restricted".to_owned(),
            ownership: BTreeMap::from([
                ("case_priority".to_owned(), Owner::Workflow),
                ("case_state".to_owned(), Owner::Workflow),
            ]),
            sync: Sync::default(),
            related: Related::default(),
            reopen: Reopen::default(),
            set_legal_hold: vec!["takedown".to_owned()],
            legal_hold_field: "legal_hold".to_owned(),
            action_ids: Vec::new(),
            fields: FieldMap::default(),
            fallback_group: DEFAULT_GROUP.to_owned(),
            escalation_group: DEFAULT_LEADS.to_owned(),
            calendar: WorkCalendar::default(),
            reminders: vec![50, 80],
            channels: vec!["log".to_owned()],
        }
    }
}

impl Config {
    /// The kind of case of this name; an unknown one is treated as the default kind.
    pub(crate) fn case_type(&self, name: &str) -> CaseType {
        let found = self.case_types.get(name);
        let found = found.or_else(|| self.case_types.get(&self.default_type));
        found.cloned().unwrap_or_default()
    }
}
