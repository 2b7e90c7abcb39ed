//! What a first delivery asks for, and the business key of its run.

use forebay_sdk::Delivery;
use forebay_sdk::handler::Declined;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A start over REST, by a schedule, or of a region by its master.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Request {
    /// The master.
    pub(crate) asset: String,
    /// Added by the host for schedules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schedule: Option<Json>,
    /// The region to work on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<RegionRequest>,
}

/// What a master wants of a region.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RegionRequest {
    /// Its code.
    pub(crate) code: String,
    /// Version of the master.
    pub(crate) version: String,
    /// Run of the master, which hears how it goes.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) campaign: String,
    /// The version made from the master before.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) previous: String,
    /// A file that was uploaded for the region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// End the region's run with this outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop: Option<String>,
}

impl Request {
    pub(crate) fn key(&self, prefix: &str, dam: &str) -> String {
        let master = &self.asset;
        match &self.region {
            None => format!("{prefix}:{dam}:{master}"),
            Some(region) => {
                let (version, code) = (&region.version, &region.code);
                format!("{prefix}:{dam}:{master}:{version}:{code}")
            }
        }
    }
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
