//! What the connector tells the host about itself.

use forebay_sdk::connector::{AuthScheme, SecretHeader, WebhookAuth};
use forebay_sdk::{ConnectorInfo, reads};

use crate::settings::Settings;

/// Endpoint for webhooks.
pub(crate) const EVENTS_ENDPOINT: &str = "events";
/// Endpoint for custom actions.
pub(crate) const ACTION_ENDPOINT: &str = "actions";
/// Header in which a delivery proves itself. iconik signs nothing, but sends headers we choose.
pub(crate) const SECRET_HEADER: &str = "X-Forebay-Secret";
/// Secret that the header holds.
pub(crate) const WEBHOOK_SECRET: &str = "webhook_secret";

const EVENT_KINDS: [&str; 18] = [
    "asset.created",
    "asset.updated",
    "asset.version-current",
    "asset.deleted",
    "asset.restored",
    "asset.purged",
    "approval.changed",
    "collection.added",
    "collection.removed",
    "comment.added",
    "comment.edited",
    "comment.deleted",
    "comment.resolved",
    "share.created",
    "share.expired",
    "action.invoked",
    "job.finished",
    "iconik.media-changed",
];

pub(crate) fn info() -> ConnectorInfo {
    let header = |header: &str, secret: &str| SecretHeader {
        header: header.to_owned(),
        secret: secret.to_owned(),
    };
    let app_token = vec![
        header("App-ID", "app_id"),
        header("Auth-Token", "auth_token"),
    ];
    let auth = || WebhookAuth::Header(SECRET_HEADER.to_owned());
    let events = "iconik's webhooks; they register themselves with `arm`";
    let action = "custom actions that people start from iconik's menus; those of the settings register themselves";
    ConnectorInfo::new::<Settings>(
        "iconik",
        env!("CARGO_PKG_VERSION"),
        "iconik",
        "Reads, reviews, files, shares and archives assets in iconik, and tells what happens to them.",
    )
    .auth_when(
        &[("auth", "bearer")],
        AuthScheme::Bearer("token".to_owned()),
    )
    .auth(AuthScheme::Headers(app_token))
    .host("{base_url}")
    .reads(reads::ASSET_SOURCE)
    .reads(reads::FIELDS)
    .reads(reads::VERSIONS)
    .reads(reads::APPROVALS)
    .reads(reads::ACCESS)
    .reads(reads::COLLECTIONS)
    .reads(reads::COMMENTS)
    .reads(reads::SHARING)
    .reads(reads::LIFECYCLE)
    .reads(reads::RELATIONS)
    .reads(reads::USAGE)
    .reads(reads::PLACEHOLDERS)
    .rate_class("api", "{requests_per_minute}", &["/API/"])
    .webhook(EVENTS_ENDPOINT, events, auth(), WEBHOOK_SECRET)
    .webhook(ACTION_ENDPOINT, action, auth(), WEBHOOK_SECRET)
    .event_kinds(&EVENT_KINDS)
    .body_secret(WEBHOOK_SECRET)
}
