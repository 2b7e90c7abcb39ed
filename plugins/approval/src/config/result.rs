//! What a review leads to: what protects the asset, what is written, who is told.

use std::collections::BTreeMap;

use forebay_sdk::blocks::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Logical date field that the end of rights is taken from; empty: none is set.
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
        Self {
            wait_for_new_version: Span::BusinessDays(10),
            resume_at_stage: false,
        }
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
        Self {
            uploader: true,
            version_comment: true,
            channels: vec!["log".to_owned()],
        }
    }
}
