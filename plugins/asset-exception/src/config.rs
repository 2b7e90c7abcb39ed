//! Configuration of an exception flow. Every default stands here once.

use std::collections::BTreeMap;

use forebay_sdk::blocks::{AssetGone, FieldMap, OneOrMany, Span, WorkCalendar};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Group that is asked where no other is named.
const DEFAULT_GROUP: &str = "dam-admins";
/// Group that leads the others.
const DEFAULT_LEADS: &str = "dam-leads";

/// Assets that are missing, incorrect or incomplete, followed until they are right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// First part of business keys: `PREFIX:connection:asset`.
    pub key_prefix: String,
    /// The process in which people are asked.
    pub process: ProcessConfig,
    /// What an asset must be like.
    pub rules: Vec<Rule>,
    /// Fields that must be filled and valid.
    pub required: Vec<RequiredField>,
    /// Which of the required fields apply, by asset type; a type that is not listed needs all.
    pub by_type: BTreeMap<String, Vec<String>>,
    /// Logical field with the type of an asset.
    pub type_field: String,
    /// Named lists for `in_list(NAME)`. A list that is not here cannot be checked: no pass, no task.
    pub lists: BTreeMap<String, Vec<String>>,
    /// Time to fill required fields before anybody is asked. Rules do not wait.
    pub grace: Span,
    /// Values to suggest for fields that are missing.
    pub autofill: Autofill,
    /// Who mends it, and how fast.
    pub assign: Assign,
    /// Missing values can be entered in the task.
    pub task_form: bool,
    /// One task for many assets, or one for each.
    pub group_by: GroupBy,
    /// What protects an asset while fields are missing.
    pub block: Block,
    /// What protects an asset while rules fail.
    pub while_open: WhileOpen,
    /// When reminders go out, in per cent of a question's time.
    pub reminders: Vec<u32>,
    /// What a correction leads to.
    pub correction: Correction,
    /// Rounds before the coordinator decides.
    pub max_rounds: u32,
    /// People who may waive an exception or say that it is none. Empty: everybody who is asked, but
    /// not who uploaded the asset.
    pub waived_by: Vec<String>,
    /// Assets that are expected: how early a missing one is an exception.
    pub expected: Expected,
    /// How long changes are gathered before the asset is checked again.
    pub recheck_after: Span,
    /// Logical field → field of the DAM; one that is not listed has the same name there.
    pub fields: FieldMap,
    /// Takes over where a group is unknown or switched off.
    pub fallback_group: String,
    /// May answer as well once a question is overdue.
    pub escalation_group: String,
    /// Decides after too many rounds.
    pub coordinator_group: String,
    /// Working time.
    pub calendar: WorkCalendar,
    /// How long a deleted asset may come back.
    pub asset_gone: AssetGone,
    /// Operators' channels that hear of escalations.
    pub channels: Vec<String>,
    /// User of the DAM → user of the workflow engine. One that is not listed is taken as it is if it
    /// is a mail address.
    pub users: BTreeMap<String, String>,
}

/// The process in which people are asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProcessConfig {
    /// Key of its definition.
    pub definition: String,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            definition: "assetException".to_owned(),
        }
    }
}

/// How serious an issue is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Can wait.
    Low,
    /// Should be mended.
    #[default]
    Medium,
    /// The asset must not be used like this.
    High,
}

/// What an asset must be like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name, for the audit.
    pub id: String,
    /// To which assets it applies: conditions on `scheme` (image, video, …) and logical fields.
    #[serde(default)]
    pub when: BTreeMap<String, OneOrMany>,
    /// What must hold: `width>=3000 and height>=2000`, `market != null`.
    pub require: String,
    /// How serious it is.
    #[serde(default)]
    pub severity: Severity,
    /// What to do about it, for people.
    #[serde(default)]
    pub fix: String,
    /// File formats that are accepted, for people.
    #[serde(default)]
    pub format: Vec<String>,
}

/// A field that must be filled and valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequiredField {
    /// The logical field.
    pub field: String,
    /// What its value must be like: `len>=5 and not filename_like`, `in_list(regions)`, `^[A-Z]+$`.
    #[serde(default)]
    pub rule: Option<String>,
    /// Named list in which the value must be found as well.
    #[serde(default)]
    pub lookup: Option<String>,
}

/// Values to suggest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Autofill {
    /// Where suggestions come from: `collection`, `file_name_pattern`, `storage_path`.
    pub from: Vec<Source>,
    /// A person must confirm them. Otherwise they are written at once.
    pub needs_confirmation: bool,
}

impl Default for Autofill {
    fn default() -> Self {
        Self {
            from: vec![
                Source::Collection,
                Source::FileNamePattern,
                Source::StoragePath,
            ],
            needs_confirmation: true,
        }
    }
}

/// Where a suggestion comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A part of a collection's path that fits the field's rule or list.
    Collection,
    /// A part of the file's name that fits.
    FileNamePattern,
    /// A part of the path on the storage that fits, where the DAM tells it.
    StoragePath,
}

/// Who mends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Assign {
    /// `uploader`, or a group of the workflow engine.
    pub to: String,
    /// Group that is asked where the uploader is unknown or switched off.
    pub fallback: String,
    /// How long it may take.
    pub sla: Sla,
}

impl Default for Assign {
    fn default() -> Self {
        Self {
            to: "uploader".to_owned(),
            fallback: DEFAULT_GROUP.to_owned(),
            sla: Sla::default(),
        }
    }
}

/// How long mending may take, by severity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sla {
    /// High severity.
    pub high: Span,
    /// Medium severity.
    pub medium: Span,
    /// Low severity.
    pub low: Span,
}

impl Default for Sla {
    fn default() -> Self {
        Self {
            high: Span::BusinessDays(1),
            medium: Span::BusinessDays(3),
            low: Span::BusinessDays(10),
        }
    }
}

impl Sla {
    pub(crate) fn of(&self, severity: Severity) -> Span {
        match severity {
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
        }
    }
}

/// One task for many assets, or one for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// A task for each asset.
    #[default]
    Asset,
    /// One task for all assets of a collection.
    Collection,
}

/// What protects an asset while fields are missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Block {
    /// Access template put on it; what stood there comes back. Empty: none.
    pub acl_template: String,
    /// Only while one of these fields is missing.
    pub severity: Vec<String>,
}

impl Default for Block {
    fn default() -> Self {
        Self {
            acl_template: String::new(),
            severity: vec!["rights_owner".to_owned()],
        }
    }
}

/// What protects an asset while rules fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WhileOpen {
    /// Keep it back: its status becomes restricted.
    pub restrict: bool,
    /// Only for issues of these severities.
    pub only_if_severity: Vec<Severity>,
}

impl Default for WhileOpen {
    fn default() -> Self {
        Self {
            restrict: true,
            only_if_severity: vec![Severity::High],
        }
    }
}

/// What a correction leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Correction {
    /// Flow that must approve the corrected asset; its request is `{"asset": …}`. None: passing all
    /// rules is enough, and what was kept back is released.
    pub approval: Option<String>,
}

/// Assets that are expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expected {
    /// How long before its date a missing asset is an exception.
    pub lead: Span,
    /// How often the DAM is asked whether it came.
    pub check: Span,
}

impl Default for Expected {
    fn default() -> Self {
        Self {
            lead: Span::BusinessDays(10),
            check: Span::Minutes(15),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            key_prefix: "exception".to_owned(),
            process: ProcessConfig::default(),
            rules: Vec::new(),
            required: Vec::new(),
            by_type: BTreeMap::new(),
            type_field: "asset_type".to_owned(),
            lists: BTreeMap::new(),
            grace: Span::Minutes(4 * 60),
            autofill: Autofill::default(),
            assign: Assign::default(),
            task_form: true,
            group_by: GroupBy::Asset,
            block: Block::default(),
            while_open: WhileOpen::default(),
            reminders: vec![50, 80],
            correction: Correction::default(),
            max_rounds: 3,
            waived_by: Vec::new(),
            expected: Expected::default(),
            recheck_after: Span::Minutes(1),
            fields: FieldMap::default(),
            fallback_group: DEFAULT_GROUP.to_owned(),
            escalation_group: DEFAULT_LEADS.to_owned(),
            coordinator_group: DEFAULT_LEADS.to_owned(),
            calendar: WorkCalendar::default(),
            asset_gone: AssetGone::default(),
            channels: vec!["log".to_owned()],
            users: BTreeMap::new(),
        }
    }
}
