//! Configuration of a localization flow. Every default stands here once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use forebay_sdk::blocks::{AssetGone, FieldMap, Span, WorkCalendar};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Group that leads the others.
const DEFAULT_LEADS: &str = "dam-leads";

/// Regional versions of masters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// First part of business keys: `PREFIX:connection:master`, and `:version:region` behind it.
    pub key_prefix: String,
    /// The process in which people are asked.
    pub process: ProcessConfig,
    /// Which assets are masters.
    pub masters: Masters,
    /// The regions, by code.
    pub regions: BTreeMap<String, RegionConfig>,
    /// Which regions a master is made for.
    pub select_regions: SelectRegions,
    /// When approved regional versions are released: `per_region`, `all` or `quorum(n)`.
    pub release: Release,
    /// What a localized file is called, without its ending. Known: master_stem, region, language, n.
    pub naming: String,
    /// Tags of a regional version. Known: region, language, master_id, master_version.
    pub tags: Vec<String>,
    /// Where and how a regional version is stored.
    pub store: Store,
    /// Logical fields of the master that the team reads in its task.
    pub brief: Vec<String>,
    /// What becomes of open regions when the master changes.
    pub on_master_update: OnMasterUpdate,
    /// May a team say that its region needs no version?
    pub not_needed_allowed: bool,
    /// Take released versions out of use when the master is rejected, withdrawn or deleted.
    pub withdraw_cascade: bool,
    /// Flow that reviews the rights where the master's licence does not cover a region. Without it
    /// the coordinator is asked.
    pub rights_flow: Option<String>,
    /// Outcomes of that flow which let the version be released.
    pub rights_cleared: Vec<String>,
    /// Logical field → field of the DAM; one that is not listed has the same name there.
    pub fields: FieldMap,
    /// Takes over where a group is unknown or switched off; not for a region's team and reviewers,
    /// whose region parks.
    pub fallback_group: String,
    /// May answer as well once a question is overdue.
    pub escalation_group: String,
    /// Decides about updates of the master, and about rights where there is no flow for them.
    pub coordinator_group: String,
    /// How long the coordinator may take.
    pub coordinator_sla: Span,
    /// When reminders go out, in per cent of a question's time.
    pub reminders: Vec<u32>,
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

impl Default for Config {
    fn default() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            key_prefix: "localization".to_owned(),
            process: ProcessConfig::default(),
            masters: Masters::default(),
            regions: BTreeMap::new(),
            select_regions: SelectRegions::default(),
            release: Release::PerRegion,
            naming: "{master_stem}_{region}_{language}_v{n}".to_owned(),
            tags: texts(&[
                "region:{region}",
                "lang:{language}",
                "master:{master_id}",
                "master_version:{master_version}",
            ]),
            store: Store::default(),
            brief: Vec::new(),
            on_master_update: OnMasterUpdate::Ask,
            not_needed_allowed: true,
            withdraw_cascade: false,
            rights_flow: None,
            rights_cleared: texts(&["cleared", "cleared_with_limits", "renewed"]),
            fields: FieldMap::default(),
            fallback_group: "dam-admins".to_owned(),
            escalation_group: DEFAULT_LEADS.to_owned(),
            coordinator_group: DEFAULT_LEADS.to_owned(),
            coordinator_sla: Span::BusinessDays(2),
            reminders: vec![50, 80],
            calendar: WorkCalendar::default(),
            asset_gone: AssetGone::default(),
            channels: texts(&["log"]),
            users: BTreeMap::new(),
        }
    }
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
            definition: "localization".to_owned(),
        }
    }
}

/// Which assets are masters: those in an album, marked as one, or to be localized. One is enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Masters {
    /// Paths of albums that hold masters.
    pub albums: Vec<String>,
    /// Logical field that says yes on a master.
    pub field: String,
    /// Logical field that says yes on what a campaign wants localized.
    pub localize_field: String,
}

impl Default for Masters {
    fn default() -> Self {
        Self {
            albums: Vec::new(),
            field: "is_master".to_owned(),
            localize_field: "localize".to_owned(),
        }
    }
}

/// A region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegionConfig {
    /// Its language, `de-DE`.
    pub language: String,
    /// Group that makes the version.
    pub team: String,
    /// Group that reviews it.
    pub reviewers: String,
    /// How long both may take.
    #[serde(default)]
    pub sla: Sla,
    /// Logical field of the master with a date before which the version must be there.
    #[serde(default)]
    pub deadline_from: Option<String>,
    /// How long before.
    #[serde(default)]
    pub lead: Option<Span>,
    /// Territories the region stands for; its code where none is given.
    #[serde(default)]
    pub territories: Vec<String>,
}

/// How long adaptation and review may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sla {
    /// Adaptation.
    pub work: Span,
    /// Review.
    pub review: Span,
}

impl Default for Sla {
    fn default() -> Self {
        Self {
            work: Span::BusinessDays(5),
            review: Span::BusinessDays(2),
        }
    }
}

/// Which regions a master is made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SelectRegions {
    /// Logical field of the master that lists them.
    pub from_field: String,
    /// Where that field is empty.
    pub default: DefaultRegions,
}

impl Default for SelectRegions {
    fn default() -> Self {
        Self {
            from_field: "markets".to_owned(),
            default: DefaultRegions::All,
        }
    }
}

/// The regions of a master that names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DefaultRegions {
    /// All that are configured.
    All,
    /// None: nothing happens until the field is filled.
    None,
}

/// Where and how a regional version is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// Filed in the album, or left where it was uploaded.
    pub mode: StoreMode,
    /// The album. Known: region, language, and every logical field of the master.
    pub album: String,
    /// Logical fields whose values the version takes over from the master. `territories` are
    /// narrowed to those of the region.
    pub inherit: Vec<String>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            mode: StoreMode::NewAsset,
            album: "/Localized/{campaign}/{region}".to_owned(),
            inherit: ["brand", "campaign", "licence_end", "territories"]
                .map(str::to_owned)
                .to_vec(),
        }
    }
}

/// What becomes of the file that was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreMode {
    /// It is filed in the album of its region.
    NewAsset,
    /// It stays where it was uploaded.
    InPlace,
}

/// What becomes of open regions when the master changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnMasterUpdate {
    /// The coordinator decides.
    Ask,
    /// They start again with the new version.
    RestartOpen,
    /// They are finished with the old one; after that all are checked again.
    FinishOld,
}

/// When approved regional versions are released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// Each when it is approved.
    PerRegion,
    /// All together when the last is approved.
    All,
    /// When this many are approved; later ones when they are.
    Quorum(usize),
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerRegion => f.write_str("per_region"),
            Self::All => f.write_str("all"),
            Self::Quorum(count) => write!(f, "quorum({count})"),
        }
    }
}

impl FromStr for Release {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let count = |text: &str| {
            text.strip_prefix("quorum(")?
                .strip_suffix(')')?
                .parse()
                .ok()
        };
        match text {
            "per_region" => Ok(Self::PerRegion),
            "all" => Ok(Self::All),
            other => count(other).map(Self::Quorum).ok_or_else(|| {
                format!("`{text}` is no release rule: write per_region, all or quorum(2)")
            }),
        }
    }
}

impl Serialize for Release {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Release {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Release {
    fn schema_name() -> Cow<'static, str> {
        "Release".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "per_region, all, or quorum(n).",
            "type": "string",
            "pattern": "^(per_region|all|quorum\\([0-9]+\\))$"
        })
    }
}
