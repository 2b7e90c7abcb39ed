//! Which deliveries start a run, and under which business key.

use std::collections::BTreeMap;

use forebay_sdk::handler::Connections;
use forebay_sdk::{Admission, Delivery, Entity, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::DAM;
use crate::config::Config;

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

/// Pure: looks at nothing but the delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    let request = match request_of(delivery) {
        Ok(Ok(request)) => request,
        Ok(Err(reason)) => return Admission::ignore(reason),
        Err(error) => return Admission::refuse(error.message().to_owned()),
    };
    let prefix = &config.key_prefix;
    if let Some(line) = request.expected {
        let key = format!("{prefix}:{dam}:expected:{}", line.line);
        return Admission::start(
            key,
            Entity::new("manifest-line", &line.line),
            line.line.clone(),
        );
    }
    if let Some(collection) = request.collection {
        let key = group_key(prefix, dam, &collection);
        return Admission::start(
            key,
            Entity::new("collection", &collection),
            collection.clone(),
        );
    }
    let asset = request.asset;
    if asset.is_empty() {
        return Admission::refuse("`asset` is missing: the id of an asset, or `expected = { … }`");
    }
    let key = format!("{prefix}:{dam}:{asset}");
    Admission::start(key, Entity::new("asset", &asset), asset.clone()).label("asset", asset)
}

pub(crate) fn group_key(prefix: &str, dam: &str, collection: &str) -> String {
    format!("{prefix}:{dam}:collection:{collection}")
}

/// What a first delivery asks for; the inner error says why it is none of this flow's business.
pub(crate) fn request_of(delivery: &Delivery) -> Result<Result<Request, String>, Error> {
    match delivery {
        Delivery::Request(_) => delivery.request::<Request>().map(Ok),
        Delivery::Event(incoming) => {
            let event = &incoming.event;
            let mut entities = std::iter::once(&event.entity).chain(&event.related);
            let asset = entities.find(|entity| entity.kind == "asset");
            Ok(match asset {
                Some(asset) => Ok(Request {
                    asset: asset.id.clone(),
                    ..Request::default()
                }),
                None => Err(format!("the event {} names no asset", event.kind)),
            })
        }
        Delivery::Timer(_) | Delivery::Signal(_) => {
            Err(Error::invalid("a run starts with a request or an event"))
        }
    }
}
