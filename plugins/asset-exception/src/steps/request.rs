//! What a first delivery asks for.

use std::collections::BTreeMap;

use forebay_sdk::handler::Declined;
use forebay_sdk::{Delivery, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::state::Line;

/// A start over REST, by a schedule, or by another run.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Request {
    /// The asset to check.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) asset: String,
    /// What another flow misses; the asset is checked in any case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) missing: Vec<String>,
    /// What a person reports about it, or why another flow hands it over.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) reason: String,
    /// The collection whose assets are gathered in one task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) collection: Option<String>,
    /// A line of a manifest: an asset that should be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<Expectation>,
    /// Added by the host for schedules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schedule: Option<Json>,
}

/// A line of a manifest.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expectation {
    /// Its name in the manifest.
    pub(crate) line: String,
    /// Logical fields and values the asset is known by.
    #[serde(rename = "match")]
    pub(crate) matches: BTreeMap<String, String>,
    /// When it is needed, as a date.
    pub(crate) due: String,
}

impl Expectation {
    /// The run of a line.
    ///
    /// # Errors
    /// `invalid` where it says nothing of the asset.
    pub(crate) fn into_line(self) -> Result<Line, Error> {
        if self.matches.is_empty() {
            let mistake = Error::invalid("a line of a manifest names what the asset is known by");
            return Err(mistake.with_field("expected.match"));
        }
        Ok(Line {
            line: self.line,
            matches: self.matches,
            due: self.due,
            ..Line::default()
        })
    }
}

/// The business key of a group.
pub(crate) fn group_key(prefix: &str, dam: &str, collection: &str) -> String {
    format!("{prefix}:{dam}:collection:{collection}")
}

/// What a first delivery asks for, or why it is none of this flow's business.
pub(crate) fn request_of(delivery: &Delivery) -> Result<Request, Declined> {
    delivery.asks(|incoming| {
        Ok(Request {
            asset: incoming.event.asset()?.to_owned(),
            ..Request::default()
        })
    })
}
