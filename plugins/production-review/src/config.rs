//! Configuration of a production review. Every default stands here once.

use std::collections::BTreeMap;

use forebay_sdk::blocks::{
    AssetGone, Direction, FieldMap, Routing, Rule, Span, Target, WorkCalendar,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Group that is asked where no other is named.
const DEFAULT_GROUP: &str = "dam-admins";
/// Group that leads the others.
const DEFAULT_LEADS: &str = "dam-leads";

/// Review, feedback and revisions of one asset, the same on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// First part of business keys: `PREFIX:connection:asset`.
    pub key_prefix: String,
    /// The process in which people decide.
    pub process: ProcessConfig,
    /// What starts a review.
    pub triggers: Triggers,
    /// What is kept the same on both sides.
    pub sync: Sync,
    /// Whose decisions count.
    pub decisions: Decisions,
    /// Rounds of review.
    pub rounds: Rounds,
    /// When a review can close.
    pub close: Close,
    /// What stays on its side.
    pub visibility: Visibility,
    /// Logical field → field of the DAM; one that is not listed has the same name there.
    pub fields: FieldMap,
    /// Who reviews: rules over logical fields. A rule without conditions is mandatory.
    pub routing: Routing,
    /// Takes over where a group is unknown or switched off.
    pub fallback_group: String,
    /// May decide as well once a question is overdue.
    pub escalation_group: String,
    /// Decides after the last round.
    pub coordinator_group: String,
    /// Working time.
    pub calendar: WorkCalendar,
    /// When reminders go out, in per cent of a question's time.
    pub reminders: Vec<u32>,
    /// How long a deleted asset may come back.
    pub asset_gone: AssetGone,
    /// Operators' channels that hear of escalations.
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
            definition: "productionReview".to_owned(),
        }
    }
}

/// What starts a review.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Triggers {
    /// Collections that start a review when an asset is put into them: `Review/**`.
    pub collections: Vec<String>,
    /// Ids of custom actions that start one; none: all.
    pub action_ids: Vec<String>,
}

/// What is kept the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sync {
    /// Where comments are copied to: `both`, `workflow`, `dam`, `none`.
    pub comments: Direction,
    /// Answers to comments are copied as answers. Off: as comments of their own.
    pub replies: bool,
    /// Edited comments are edited on the other side.
    pub edits: bool,
    /// A deleted comment is marked as deleted on the other side, never silently lost.
    pub deletes: bool,
    /// How often both sides are compared.
    pub interval: Span,
    /// How long an answer waits for the comment it answers; then it is put at the top with a note.
    pub orphan_wait: Span,
    /// Longest text of one comment, in characters; a longer one is split.
    pub max_text: u32,
}

impl Default for Sync {
    fn default() -> Self {
        Self {
            comments: Direction::Both,
            replies: true,
            edits: true,
            deletes: true,
            interval: Span::Minutes(1),
            orphan_wait: Span::Minutes(5),
            max_text: 4_000,
        }
    }
}

/// Whose decisions count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Decisions {
    /// Decisions of the DAM's approval panel, of the workflow engine, or of both.
    pub source: Source,
    /// Who has the last word when both decide.
    #[serde(rename = "final")]
    pub last_word: Side,
}

/// Where decisions come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Both sides.
    #[default]
    Both,
    /// The workflow engine.
    Workflow,
    /// The DAM's approval panel.
    Dam,
}

/// One of the sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The workflow engine.
    #[default]
    Workflow,
    /// The DAM.
    Dam,
}

/// Rounds of review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rounds {
    /// Rounds before the coordinator decides.
    pub max: u32,
}

impl Default for Rounds {
    fn default() -> Self {
        Self { max: 5 }
    }
}

/// When a review can close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Close {
    /// An approval takes effect only once every comment is resolved.
    pub require_all_resolved: bool,
    /// The approved version becomes the current one.
    pub promote_version: bool,
}

impl Default for Close {
    fn default() -> Self {
        Self {
            require_all_resolved: true,
            promote_version: true,
        }
    }
}

/// What stays on its side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Visibility {
    /// A comment with this mark is never copied, nor is its text in any record. Empty: none is.
    pub internal_marker: String,
}

impl Default for Visibility {
    fn default() -> Self {
        Self {
            internal_marker: "#int".to_owned(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            key_prefix: "production-review".to_owned(),
            process: ProcessConfig::default(),
            triggers: Triggers::default(),
            sync: Sync::default(),
            decisions: Decisions::default(),
            rounds: Rounds::default(),
            close: Close::default(),
            visibility: Visibility::default(),
            fields: FieldMap::default(),
            routing: Routing(vec![Rule {
                when: BTreeMap::new(),
                to: Target {
                    group: DEFAULT_GROUP.to_owned(),
                    sla: Span::BusinessDays(2),
                },
            }]),
            fallback_group: DEFAULT_GROUP.to_owned(),
            escalation_group: DEFAULT_LEADS.to_owned(),
            coordinator_group: DEFAULT_LEADS.to_owned(),
            calendar: WorkCalendar::default(),
            reminders: vec![50, 80],
            asset_gone: AssetGone::default(),
            channels: vec!["log".to_owned()],
        }
    }
}
