//! Which deliveries start a review.

use forebay_sdk::blocks::matches_path;
use forebay_sdk::handler::Connections;
use forebay_sdk::{Admission, Delivery, Entity, Error, Event, FieldsExt, Value};
use serde::{Deserialize, Serialize};

use crate::DAM;
use crate::config::Config;

/// A start over REST or by another flow.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// The asset's id at the DAM.
    pub(crate) asset: String,
    /// The process in which people opened the review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) process: Option<String>,
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
    if let Some(process) = opened_process(delivery) {
        // Which asset it is about stands in its variables, which are read later.
        let key = format!("{}:{dam}:process:{process}", config.key_prefix);
        return Admission::start(key, Entity::new("process", process), process);
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

/// The process in which people opened a review.
pub(crate) fn opened_process(delivery: &Delivery) -> Option<&str> {
    match delivery {
        Delivery::Event(incoming) if incoming.event.kind == "process.started" => {
            Some(&incoming.event.entity.id)
        }
        _ => None,
    }
}

/// The asset a first delivery is about.
pub(crate) fn asset_of(delivery: &Delivery) -> Result<String, Error> {
    match delivery {
        Delivery::Request(_) => Ok(delivery.request::<Request>()?.asset),
        Delivery::Event(incoming) => {
            let event = &incoming.event;
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
            let key = event.data.text("business-key").unwrap_or_default();
            let ours = key.starts_with(&format!("{}:", config.key_prefix));
            definition == config.process.definition && !ours
        }
        _ => false,
    };
    (!wanted).then(|| format!("the event {} starts no review here", event.kind))
}
