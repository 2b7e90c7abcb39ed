//! Which functions of the capability interfaces only read, for a connector's `describe`. All others
//! count as mutating: the host journals them, gives them an idempotency key, and answers them itself
//! in observe mode.

/// Reads of `forebay:assets/asset-source`.
pub const ASSET_SOURCE: &[&str] = &[
    "forebay:assets/asset-source.get",
    "forebay:assets/asset-source.search",
];
/// Reads of `forebay:assets/fields`.
pub const FIELDS: &[&str] = &["forebay:assets/fields.list"];
/// Reads of `forebay:assets/versions`.
pub const VERSIONS: &[&str] = &["forebay:assets/versions.list"];
/// Reads of `forebay:assets/approvals`.
pub const APPROVALS: &[&str] = &["forebay:assets/approvals.get"];
/// Reads of `forebay:assets/access`.
pub const ACCESS: &[&str] = &["forebay:assets/access.snapshot"];
/// Reads of `forebay:assets/collections`.
pub const COLLECTIONS: &[&str] = &[
    "forebay:assets/collections.find",
    "forebay:assets/collections.contents",
];
/// Reads of `forebay:assets/comments`.
pub const COMMENTS: &[&str] = &["forebay:assets/comments.list"];
/// Reads of `forebay:workflow/workflow-sink`.
pub const WORKFLOW_SINK: &[&str] = &[
    "forebay:workflow/workflow-sink.find",
    "forebay:workflow/workflow-sink.get",
    "forebay:workflow/workflow-sink.definitions",
];
/// Reads of `forebay:workflow/tasks`.
pub const TASKS: &[&str] = &["forebay:workflow/tasks.list", "forebay:workflow/tasks.get"];
/// Reads of `forebay:workflow/directory`.
pub const DIRECTORY: &[&str] = &["forebay:workflow/directory.lookup"];
/// Reads of `forebay:assets/sharing`.
pub const SHARING: &[&str] = &[
    "forebay:assets/sharing.list",
    "forebay:assets/sharing.activity",
];
/// Reads of `forebay:assets/lifecycle`.
pub const LIFECYCLE: &[&str] = &["forebay:assets/lifecycle.state"];
/// Reads of `forebay:assets/relations`.
pub const RELATIONS: &[&str] = &["forebay:assets/relations.list"];
/// Reads of `forebay:assets/usage`.
pub const USAGE: &[&str] = &["forebay:assets/usage.report"];
/// Reads of `forebay:assets/placeholders`.
pub const PLACEHOLDERS: &[&str] = &[];
/// Reads of `forebay:workflow/process-comments`.
pub const PROCESS_COMMENTS: &[&str] = &["forebay:workflow/process-comments.list"];
