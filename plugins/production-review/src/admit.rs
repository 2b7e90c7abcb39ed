//! Which deliveries start a review.

use forebay_sdk::blocks::matches_path;
use forebay_sdk::handler::Connections;
use forebay_sdk::{Admission, Delivery, Entity, Error, Event, FieldsExt, Value};
use serde::Deserialize;

use crate::DAM;
use crate::config::Config;

/// A start over REST or by another flow.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// The asset's id at the DAM.
    asset: String,
}

/// Pure: looks at nothing but the delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    if let Delivery::Event(incoming) = delivery
        && let Some(reason) = no_trigger(config, &incoming.event)
    {
        return Admission::ignore(reason);
    }
    match asset_of(delivery) {
        Ok(asset) => {
            let key = format!("{}:{dam}:{asset}", config.key_prefix);
            let entity = Entity::new("asset", &asset);
            Admission::start(key, entity, asset.clone()).label("asset", asset)
        }
        Err(error) => Admission::refuse(error.message().to_owned()),
    }
}

/// The asset a first delivery is about.
pub(crate) fn asset_of(delivery: &Delivery) -> Result<String, Error> {
    match delivery {
        Delivery::Request(_) => Ok(delivery.request::<Request>()?.asset),
        Delivery::Event(incoming) => {
            let event = &incoming.event;
            if let Some(asset) = event.data.text("asset_id").filter(|_| is_process(event)) {
                return Ok(asset.to_owned());
            }
            let mut entities = std::iter::once(&event.entity).chain(&event.related);
            let asset = entities.find(|entity| entity.kind == "asset");
            asset
                .map(|entity| entity.id.clone())
                .ok_or_else(|| Error::invalid(format!("the event {} names no asset", event.kind)))
        }
        Delivery::Timer(_) | Delivery::Signal(_) => {
            Err(Error::invalid("a run starts with a request or an event"))
        }
    }
}

/// A process that people started by hand, and not one of ours.
fn is_process(event: &Event) -> bool {
    event.kind == "process.started"
}

fn no_trigger(config: &Config, event: &Event) -> Option<String> {
    let triggers = &config.triggers;
    let wanted = match event.kind.as_str() {
        "action.invoked" => {
            let action = event.data.text("action").unwrap_or_default();
            triggers.action_ids.is_empty() || triggers.action_ids.iter().any(|id| id == action)
        }
        "collection.added" => {
            let paths = match event.data.value("paths") {
                Some(Value::Texts(paths)) => paths.clone(),
                _ => Vec::new(),
            };
            let watched = |path: &String| {
                let mut patterns = triggers.collections.iter();
                patterns.any(|pattern| matches_path(pattern, path))
            };
            paths.iter().any(watched)
        }
        "process.started" => {
            let definition = event.data.text("definition").unwrap_or_default();
            definition == config.process.definition
                && event.data.text("run").is_none()
                && event.data.text("asset_id").is_some()
        }
        _ => false,
    };
    (!wanted).then(|| format!("the event {} starts no review here", event.kind))
}
