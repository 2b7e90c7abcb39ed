//! A comment as iconik keeps it, a segment of the type `COMMENT`, and the events it tells.
//!
//! Like those of assets, the identities are taken from the comment as it stands: it was added at the
//! time of its creation, and changed at the time of its modification.

use forebay_sdk::assets::{Comment, Span};
use forebay_sdk::{Entity, Event, Field, Timestamp, lenient, time};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::wire::moment;

/// The type of segment that is a comment.
pub(crate) const COMMENT: &str = "COMMENT";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawSegment {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    segment_type: String,
    /// Only in the search index and in deliveries.
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) asset_id: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    version_id: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    parent_id: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    user_id: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    share_user_email: Option<String>,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) segment_text: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) status: String,
    #[serde(deserialize_with = "lenient::optional_integer")]
    time_start_milliseconds: Option<i64>,
    #[serde(deserialize_with = "lenient::optional_integer")]
    time_end_milliseconds: Option<i64>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub(crate) segment_checked: bool,
    #[serde(deserialize_with = "lenient::optional_string")]
    pub(crate) external_id: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    date_created: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    date_modified: Option<String>,
    /// Only in search results: where this one stands in the order.
    #[serde(rename = "_sort", deserialize_with = "lenient::list")]
    pub(crate) sort: Vec<Json>,
}

impl From<RawSegment> for Comment {
    fn from(raw: RawSegment) -> Self {
        let place = |at: Option<i64>| at.and_then(|at| u64::try_from(at).ok());
        let start = place(raw.time_start_milliseconds);
        let end = place(raw.time_end_milliseconds);
        let created = moment(raw.date_created.as_ref()).unwrap_or_default();
        Self {
            id: raw.id,
            version: raw.version_id,
            parent: raw.parent_id,
            // Who has no account is known by the address a share was sent to.
            author: raw.user_id.or(raw.share_user_email),
            text: raw.segment_text,
            span: start.map(|start| Span {
                start,
                end: end.unwrap_or(start),
            }),
            resolved: raw.segment_checked,
            external_id: raw.external_id.filter(|id| !id.is_empty()),
            created_at: created,
            modified_at: moment(raw.date_modified.as_ref()).unwrap_or(created),
        }
    }
}

impl RawSegment {
    pub(crate) fn created(&self) -> Timestamp {
        moment(self.date_created.as_ref()).unwrap_or_default()
    }

    pub(crate) fn modified(&self) -> Timestamp {
        moment(self.date_modified.as_ref()).unwrap_or_else(|| self.created())
    }

    pub(crate) fn is_comment(&self) -> bool {
        self.segment_type == COMMENT
    }

    /// It came to be.
    pub(crate) fn added(&self, asset: &str) -> Option<Event> {
        self.event("comment.added", asset, self.created())
    }

    /// It was edited, resolved or opened again.
    pub(crate) fn changed(&self, asset: &str) -> Option<Event> {
        let kind = if self.segment_checked {
            "comment.resolved"
        } else {
            "comment.edited"
        };
        self.event(kind, asset, self.modified())
    }

    /// It is gone. A delivery may tell nothing but its id.
    pub(crate) fn deleted(&self, asset: &str, at: Timestamp) -> Option<Event> {
        if !(self.is_comment() || self.segment_type.is_empty()) || self.id.is_empty() {
            return None;
        }
        let event = Event::new("comment.deleted", Entity::new("asset", asset), &self.id, at);
        Some(self.with_data(event))
    }

    fn event(&self, kind: &str, asset: &str, at: Timestamp) -> Option<Event> {
        if !self.is_comment() {
            return None;
        }
        let token = format!("{}:{}", self.id, time::to_rfc3339(at));
        let event = Event::new(kind, Entity::new("asset", asset), token, at);
        Some(self.with_data(event))
    }

    fn with_data(&self, event: Event) -> Event {
        let mut data = vec![Field::new("comment", self.id.as_str())];
        data.extend(
            self.external_id
                .iter()
                .map(|id| Field::new("external-id", id.as_str())),
        );
        data.extend(
            self.parent_id
                .iter()
                .map(|id| Field::new("parent", id.as_str())),
        );
        Event {
            version: self
                .version_id
                .clone()
                .filter(|version| !version.is_empty()),
            actor: self
                .user_id
                .clone()
                .or_else(|| self.share_user_email.clone()),
            related: vec![Entity::new("comment", &self.id)],
            data,
            ..event
        }
    }
}
