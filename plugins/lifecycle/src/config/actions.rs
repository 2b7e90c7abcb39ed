//! Configuration of what is done to assets, and where their files go.

use forebay_sdk::blocks::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::condition::Period;

/// How each action is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Actions {
    /// Archiving.
    pub archive: Archive,
    /// Extending.
    pub extend: Extend,
    /// Deleting.
    pub delete: Delete,
    /// Ending access.
    pub expire: Expire,
}

/// Archiving.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Archive {
    /// Status of archived assets.
    pub status: Status,
    /// Album they are put into; `{year}`, `{policy}` and `{LOGICAL FIELD}` are filled in. Empty: none.
    pub album: String,
    /// They leave all other albums.
    pub remove_from_other_albums: bool,
}

impl Default for Archive {
    fn default() -> Self {
        Self {
            status: Status::Restricted,
            album: "/Archive/{year}/{campaign}".to_owned(),
            remove_from_other_albums: true,
        }
    }
}

/// The status of what left use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Kept back.
    #[default]
    Restricted,
    /// As it is: the DAM's status says something else.
    Unchanged,
}

/// Extending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Extend {
    /// Longest extension.
    pub max: Period,
    /// How often.
    pub times: u32,
    /// Only with a reason.
    pub needs_reason: bool,
}

impl Default for Extend {
    fn default() -> Self {
        Self {
            max: Period::Months(12),
            times: 3,
            needs_reason: true,
        }
    }
}

/// Deleting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Delete {
    /// How many different people must agree: 1 or 2.
    pub approvals: u32,
    /// How long assets are kept back before they are deleted.
    pub grace: Span,
}

impl Default for Delete {
    fn default() -> Self {
        Self {
            approvals: 2,
            grace: Span::days(30),
        }
    }
}

/// Ending access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expire {
    /// Access template of expired assets. Empty: the status says it.
    pub acl_template: String,
    /// End their shares.
    pub revoke_shares: bool,
}

impl Default for Expire {
    fn default() -> Self {
        Self {
            acl_template: String::new(),
            revoke_shares: true,
        }
    }
}

/// The DAM's delete queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// How long assets wait in it.
    pub queue_grace: Span,
    /// When they are purged.
    pub purge: Purge,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            queue_grace: Span::days(30),
            purge: Purge::AfterSecondApproval,
        }
    }
}

/// When assets of the delete queue are purged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purge {
    /// A second person agrees after the grace.
    #[default]
    AfterSecondApproval,
    /// A second person agrees at once; the grace ends by itself.
    AfterGrace,
}

/// A storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// Its name at the vendor, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    pub class: StorageClass,
    /// Where it stands, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// What a storage is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StorageClass {
    /// Files are kept; reading them takes time.
    Archive,
    /// Files are at hand.
    Online,
}

/// What must be true of an archived copy before the copy at hand goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Verify {
    /// Its checksum is that of the original.
    pub checksum: bool,
    /// Its size is that of the original.
    pub size: bool,
    /// So many archived copies are complete.
    pub copies_min: u32,
}

impl Default for Verify {
    fn default() -> Self {
        Self {
            checksum: true,
            size: true,
            copies_min: 1,
        }
    }
}
