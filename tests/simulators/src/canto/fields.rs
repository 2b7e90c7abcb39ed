//! The custom fields of a tenant that is set up for all use cases.

use super::library::CustomField;

/// Fields of one text.
const TEXTS: [&str; 57] = [
    // What an asset is and whose.
    "asset_type",
    "campaign",
    "brand",
    "language",
    "region",
    "is_master",
    "localize",
    "colour_space",
    // Rights.
    "rights_owner",
    "licence_type",
    "licence_start",
    "licence_end",
    "rights_status",
    "rights_reviewed",
    "renewal_reference",
    "embargo_until",
    "personal_data",
    // Approval.
    "review_state",
    "review_comment",
    "review_run",
    "reviewed_by",
    "reviewed_at",
    "reviewed_version",
    // Replacement and deletion.
    "replacement_asset",
    "replacement_instruction",
    "deletion_request",
    "replaces",
    // Requests.
    "request_id",
    "requested_by",
    "request_key",
    "usage_note",
    "share_expiry",
    // Localization.
    "master_asset",
    "master_version",
    "localization_state",
    "outdated",
    "campaign_start",
    // Sharing.
    "share_state",
    "shared_with",
    "shared_until",
    "share_decision",
    "share_run",
    // The life of an asset.
    "lifecycle_state",
    "lifecycle_until",
    "lifecycle_policy",
    "lifecycle_run",
    "campaign_end",
    "campaign_owner",
    "legal_hold",
    "last_used",
    // Defects.
    "exception_state",
    "exception_issues",
    "exception_due",
    "exception_run",
    "waived_until",
    "rights_run",
    "localization_run",
];

/// Fields of several texts.
const LISTS: [&str; 7] = [
    "market",
    "markets",
    "territories",
    "channels",
    "localized_assets",
    "campaign_team",
    "derived_assets",
];

/// The custom fields the use cases map their logical fields to.
#[must_use]
pub fn default_fields() -> Vec<CustomField> {
    let field = |multi| {
        move |name: &str| CustomField {
            id: format!("cf_{name}"),
            name: name.to_owned(),
            multi,
            values: Vec::new(),
        }
    };
    TEXTS
        .into_iter()
        .map(field(false))
        .chain(LISTS.into_iter().map(field(true)))
        .collect()
}
