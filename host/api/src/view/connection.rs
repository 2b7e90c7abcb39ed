//! Connections.

use forebay_engine::health::ConnectionHealth;
use forebay_engine::intake::Polled;
use forebay_model::flow::ConnectionSpec;
use forebay_store::intake::Cursor;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Finding, Time, times};

/// Whether runs can use a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = ConnectionStatus)]
pub(crate) enum Status {
    /// Nothing speaks against it.
    Healthy,
    /// It works, but the last poll failed or the last check has findings that are errors.
    Degraded,
    /// Its credentials are refused; runs wait until a check passes.
    Refused,
    /// Its connector plugin is not loaded.
    NoPlugin,
}

/// A connection, in lists.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Connection)]
pub(crate) struct ConnectionView {
    /// Its name.
    name: String,
    /// Name of its connector plugin.
    plugin: String,
    /// Can runs use it?
    status: Status,
    /// Why its credentials are refused.
    refused: Option<String>,
    /// When that was first seen.
    refused_since: Option<Time>,
    /// Last check that could be made.
    checked_at: Option<Time>,
    /// Last successful poll.
    polled_at: Option<Time>,
    /// What the last poll failed with.
    poll_error: Option<String>,
}

/// A connection with its settings and what checks found. Secrets are no settings and never shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionDetail {
    /// The connection.
    connection: ConnectionView,
    /// Its settings, with defaults.
    settings: Value,
    /// How changes are polled.
    poll: PollView,
    /// Findings of the last check.
    findings: Vec<Finding>,
    /// What arming the webhooks last said.
    webhooks: Vec<Finding>,
}

/// How changes are polled.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Poll)]
struct PollView {
    /// Pause between polls, in seconds.
    interval_seconds: u64,
    /// How far each poll reads back, in seconds.
    overlap_seconds: u64,
    /// Most events per page.
    page: u32,
}

impl ConnectionView {
    pub(crate) fn new(spec: &ConnectionSpec, health: &ConnectionHealth, loaded: bool) -> Self {
        let found_error = health
            .findings
            .iter()
            .any(|finding| finding.severity == forebay_model::Severity::Error);
        let status = if !loaded {
            Status::NoPlugin
        } else if health.refused.is_some() {
            Status::Refused
        } else if health.poll_error.is_some() || found_error {
            Status::Degraded
        } else {
            Status::Healthy
        };
        Self {
            name: spec.name.to_string(),
            plugin: spec.plugin.clone(),
            status,
            refused: health.refused.clone(),
            refused_since: times(health.refused_since),
            checked_at: times(health.checked_at),
            polled_at: times(health.polled_at),
            poll_error: health.poll_error.clone(),
        }
    }
}

impl ConnectionDetail {
    pub(crate) fn new(spec: &ConnectionSpec, health: ConnectionHealth, loaded: bool) -> Self {
        Self {
            connection: ConnectionView::new(spec, &health, loaded),
            settings: spec.settings.clone(),
            poll: PollView {
                interval_seconds: spec.poll.interval.as_secs(),
                overlap_seconds: spec.poll.overlap.as_secs(),
                page: spec.poll.page,
            },
            findings: health.findings.into_iter().map(Finding::from).collect(),
            webhooks: health.webhooks.into_iter().map(Finding::from).collect(),
        }
    }
}

/// What a poll brought.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Polled)]
pub(crate) struct PolledView {
    /// Events that were new.
    new: u32,
    /// Events known before.
    known: u32,
    /// There is more to read at once.
    more: bool,
}

impl From<Polled> for PolledView {
    fn from(polled: Polled) -> Self {
        Self {
            new: polled.recorded.new,
            known: polled.recorded.known,
            more: polled.more,
        }
    }
}

/// Where the next poll of a connection goes on.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Cursor)]
pub(crate) struct CursorView {
    /// The cursor, in the connector's own form; null before the first poll.
    value: Option<String>,
    /// When it was last moved.
    updated_at: Option<Time>,
}

impl From<Option<Cursor>> for CursorView {
    fn from(cursor: Option<Cursor>) -> Self {
        match cursor {
            Some(cursor) => Self {
                value: Some(cursor.value),
                updated_at: Some(cursor.updated_at.into()),
            },
            None => Self {
                value: None,
                updated_at: None,
            },
        }
    }
}

/// Where the next poll should go on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CursorInput {
    /// A cursor of this connection's, usually an earlier one.
    pub(crate) value: String,
}

/// Where a poll should read again from.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RewindInput {
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub(crate) to: String,
}
