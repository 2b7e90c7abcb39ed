//! What is reviewed, and when an asset is ready for it.

use forebay_sdk::blocks::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What starts a review. A request over REST always does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Triggers {
    /// An upload.
    pub created: bool,
    /// Another version that becomes the current one.
    pub new_version: bool,
    /// Collections, as path patterns: an asset that is put into one of them is reviewed.
    pub collections: Vec<String>,
    /// A custom action that a person starts in the DAM.
    pub actions: bool,
    /// Only these custom actions, by the DAM's ids. Empty: every one, which is too many where several
    /// flows share a connection.
    pub action_ids: Vec<String>,
}

impl Default for Triggers {
    fn default() -> Self {
        Self {
            created: true,
            new_version: true,
            collections: Vec::new(),
            actions: true,
            action_ids: Vec::new(),
        }
    }
}

/// Which assets are reviewed. Empty lists let everything in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Filters {
    /// Folder, album or collection paths, such as `/Incoming/**`; one of them must match.
    pub include: Vec<String>,
    /// Paths that keep an asset out.
    pub exclude: Vec<String>,
    /// Kinds of media that are reviewed: image, video, audio, document, presentation, other.
    pub kinds: Vec<String>,
    /// Kinds of media that are not.
    pub exclude_kinds: Vec<String>,
    /// File name endings that are not reviewed, such as `xmp`.
    pub exclude_types: Vec<String>,
    /// Uploaders whose assets are not reviewed.
    pub exclude_uploaders: Vec<String>,
    /// Leave placeholders and sidecar-only assets alone until media arrives.
    pub exclude_placeholders: bool,
}

impl Default for Filters {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            kinds: Vec::new(),
            exclude_kinds: Vec::new(),
            exclude_types: Vec::new(),
            exclude_uploaders: Vec::new(),
            exclude_placeholders: true,
        }
    }
}

/// When an asset can be reviewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReadyWhen {
    /// A preview or proxy must be there.
    pub preview: bool,
    /// All files must be complete.
    pub files_closed: bool,
    /// How long to wait for it.
    pub timeout: Span,
    /// What happens then.
    pub on_timeout: NotReady,
}

impl Default for ReadyWhen {
    fn default() -> Self {
        Self {
            preview: true,
            files_closed: true,
            timeout: Span::Minutes(30),
            on_timeout: NotReady::Continue,
        }
    }
}

/// What happens to an asset that does not become ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NotReady {
    /// The review starts without a preview.
    Continue,
    /// Nothing is released; the fallback group is told and the run is parked.
    Park,
}
