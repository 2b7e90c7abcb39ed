//! Configuration of a flow of requests. Every default stands here once.

use std::collections::BTreeMap;

use forebay_sdk::blocks::{FieldMap, OneOrMany, Routing, Rule, Span, Target, WorkCalendar};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Group that is asked where no other is named.
const DEFAULT_GROUP: &str = "dam-admins";
/// Group that leads the others.
const DEFAULT_LEADS: &str = "dam-leads";
/// Requests for assets, and how they are worked off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// First part of business keys: `PREFIX:connection:request`.
    pub key_prefix: String,
    /// Key of the process definition people start with a form; people are asked in it too.
    pub request_definition: String,
    /// What a form calls it → what it is. `due_date`, `channels`, `duration`, `formats`, `items` and
    /// `q` (free text to search for) have a meaning of their own; all else is a logical field.
    pub form_map: BTreeMap<String, String>,
    /// Form value with the requester's mail address; none filled in: who started the process.
    pub requester_field: String,
    /// Form value with the mail address of the requester's manager, who is asked when the requester
    /// is unknown or switched off.
    pub manager_field: String,
    /// Names or ids of custom actions of the DAM that are requests; none: actions start nothing.
    pub actions: Vec<String>,
    /// How assets are found.
    pub search: Search,
    /// Where an asset's rights stand.
    pub rights: Rights,
    /// What a request is divided into.
    pub deliverables: Deliverables,
    /// Make a placeholder for each line, so that awaited work is visible in the DAM.
    pub placeholder: bool,
    /// How assets are delivered.
    pub delivery: DeliveryRules,
    /// How the requester accepts.
    pub accept: Accept,
    /// Requests that were worked off before.
    pub duplicates: Duplicates,
    /// How often the team may try; then the coordinator works on it.
    pub max_rounds: u32,
    /// Group that takes over after `max_rounds`.
    pub coordinator_group: String,
    /// Group that makes what does not exist. None: the one routing leads to.
    pub creation_group: Option<String>,
    /// Flow that approves new assets; its request is `{"asset": …}`. None: the asset's own status is
    /// watched, for where uploads are approved anyway.
    pub approval_flow: Option<String>,
    /// Flow that clears assets for a use; its request is `{"asset": …, "use": …}`. None: reviews of
    /// rights are not offered.
    pub rights_flow: Option<String>,
    /// Give the requester a task by which to change or withdraw the request at any time.
    pub requester_task: bool,
    /// How often new assets, approvals and restores are looked for beside events.
    pub look_every: Span,
    /// Logical field → field of the DAM; one that is not listed has the same name there, one that is
    /// mapped to an empty name is not written.
    pub fields: FieldMap,
    /// Who works on it: rules over what was asked for. A rule without conditions is mandatory.
    pub routing: Routing,
    /// Takes over where a group is unknown or switched off, and where a requester has no manager.
    pub fallback_group: String,
    /// May answer as well once a question is overdue or the request is late.
    pub escalation_group: String,
    /// Working time, and the zone in which dates end.
    pub calendar: WorkCalendar,
    /// When reminders go out, in per cent of a question's time.
    pub reminders: Vec<u32>,
    /// Operators' channels that hear of escalations and lateness.
    pub channels: Vec<String>,
}

/// How assets are found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Search {
    /// Search before people do.
    pub auto: bool,
    /// Status of assets that may be delivered, in the product's words.
    pub status: Vec<String>,
    /// Logical fields a candidate must have as asked for; the others count for its rank.
    pub must_match: Vec<String>,
    /// Most candidates shown.
    pub max_candidates: u32,
    /// Least share of what was asked for that a candidate meets, from 0 to 1.
    pub min_score: f64,
    /// Parts of the request that an asset's rights must cover: `due_date`, `channels`, and logical
    /// fields that hold territories.
    pub rights_must_cover: Vec<String>,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            auto: true,
            status: vec!["approved".to_owned()],
            must_match: vec!["asset_type".to_owned()],
            max_candidates: 20,
            min_score: 0.0,
            rights_must_cover: ["market", "due_date"].map(str::to_owned).to_vec(),
        }
    }
}

/// Where an asset's rights stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rights {
    /// Logical field with the territories. An asset without any may be used in none.
    pub territories: String,
    /// Logical field with the channels.
    pub channels: String,
    /// Logical fields with the end of rights; `expiry` is the date the DAM itself keeps. The earliest
    /// governs; an asset without any may be used for ever.
    pub ends: Vec<String>,
    /// Values that stand for all territories or channels.
    pub everywhere: OneOrMany,
}

impl Default for Rights {
    fn default() -> Self {
        Self {
            territories: "territories".to_owned(),
            channels: "channels".to_owned(),
            ends: ["licence_end", "expiry"].map(str::to_owned).to_vec(),
            everywhere: OneOrMany(["*", "all", "worldwide"].map(str::to_owned).to_vec()),
        }
    }
}

/// What a request is divided into.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Deliverables {
    /// Each of the requested `formats` is a line with its own state. Otherwise each of the `items` is
    /// one, or the request as a whole.
    pub per_format: bool,
}

/// What the requester gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryKind {
    /// A link to the assets; a later delivery replaces it.
    #[default]
    ShareLink,
    /// One link to the request's collection, whatever comes into it.
    Collection,
}

/// How assets are delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeliveryRules {
    /// What the requester gets.
    pub kind: DeliveryKind,
    /// How long the link works; rights that end earlier end it earlier.
    pub expires: Span,
    /// Allow the original file; else a proxy.
    pub allow_original: bool,
    /// Mail the link to the requester as well, for people without an account in the DAM.
    pub mail: bool,
    /// Path of the collection everything is put into; `{request_id}` and what was asked for are
    /// filled in.
    pub album: String,
}

impl Default for DeliveryRules {
    fn default() -> Self {
        Self {
            kind: DeliveryKind::ShareLink,
            expires: Span::days(30),
            allow_original: false,
            mail: false,
            album: "/Requests/{request_id}".to_owned(),
        }
    }
}

/// How the requester accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Accept {
    /// Ask the requester; else the delivery closes the request.
    pub required: bool,
    /// A request nobody answers closes by itself after this time. It approves no asset.
    pub auto_after: Span,
}

impl Default for Accept {
    fn default() -> Self {
        Self {
            required: true,
            auto_after: Span::BusinessDays(5),
        }
    }
}

/// What happens with a request that was worked off before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDuplicate {
    /// Offer what was delivered then.
    #[default]
    Suggest,
    /// Work on it as on any other.
    Ignore,
}

/// Requests that were worked off before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Duplicates {
    /// How long ago.
    pub window: Span,
    /// Form values that make two requests the same.
    pub on: Vec<String>,
    /// What happens.
    pub action: OnDuplicate,
}

impl Default for Duplicates {
    fn default() -> Self {
        Self {
            window: Span::days(14),
            on: ["type", "market", "campaign", "keywords"]
                .map(str::to_owned)
                .to_vec(),
            action: OnDuplicate::Suggest,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        let map = [
            ("type", "asset_type"),
            ("market", "market"),
            ("campaign", "campaign"),
            ("due", "due_date"),
            ("usage", "channels"),
            ("keywords", "q"),
        ];
        Self {
            key_prefix: "request".to_owned(),
            request_definition: "assetRequest".to_owned(),
            form_map: map
                .map(|(form, meaning)| (form.to_owned(), meaning.to_owned()))
                .into(),
            requester_field: "requester".to_owned(),
            manager_field: "manager".to_owned(),
            actions: Vec::new(),
            search: Search::default(),
            rights: Rights::default(),
            deliverables: Deliverables::default(),
            placeholder: false,
            delivery: DeliveryRules::default(),
            accept: Accept::default(),
            duplicates: Duplicates::default(),
            max_rounds: 3,
            coordinator_group: DEFAULT_LEADS.to_owned(),
            creation_group: None,
            approval_flow: None,
            rights_flow: None,
            requester_task: true,
            look_every: Span::Minutes(5),
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
            channels: vec!["log".to_owned()],
        }
    }
}
