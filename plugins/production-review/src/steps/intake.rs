//! What a delivery asks for, and whether it is ours.

use forebay_sdk::blocks::{Desk, matches_path};
use forebay_sdk::{Admission, Delivery, Entity, Error, Event, FieldsExt, Value};
use serde::{Deserialize, Serialize};

use super::Steps;
use crate::DAM;
use crate::config::Config;
use crate::state::State;

/// A start over REST or by another flow.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// The asset's id at the DAM.
    asset: String,
    /// The process in which people opened the review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process: Option<String>,
}

/// A run of a process that people started. Which asset it is about stands in its variables, which are
/// read later.
pub(crate) fn admit_process(config: &Config, dam: &str, process: &str) -> Admission {
    let key = format!("{}:{dam}:process:{process}", config.key_prefix);
    Admission::start(key, Entity::new("process", process), process)
}

/// The run of an asset.
pub(crate) fn admit_asset(config: &Config, dam: &str, asset: &str) -> Admission {
    let key = asset_key(config, dam, asset);
    Admission::start(key, Entity::new("asset", asset), asset).label("asset", asset)
}

fn asset_key(config: &Config, dam: &str, asset: &str) -> String {
    format!("{}:{dam}:{asset}", config.key_prefix)
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
            let asset = incoming.event.asset().map_err(Error::invalid)?;
            Ok(asset.to_owned())
        }
        Delivery::Timer(_) | Delivery::Signal(_) => {
            Err(Error::invalid("a run starts with a request or an event"))
        }
    }
}

/// Why a delivery starts no review. A request always does.
pub(crate) fn unwanted(config: &Config, delivery: &Delivery) -> Option<String> {
    match delivery {
        Delivery::Event(incoming) => no_trigger(config, &incoming.event),
        _ => None,
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

impl Steps<'_> {
    /// A review as it is asked for: of which asset, and in which process if people opened one.
    pub(crate) fn read_request(&self, delivery: &Delivery) -> Result<State, Error> {
        let mut state = State {
            asset: asset_of(delivery)?,
            ..State::default()
        };
        if let Delivery::Request(_) = delivery
            && let Some(process) = delivery.request::<Request>()?.process
        {
            state.desk = Desk::of_process(&process);
        }
        Ok(state)
    }

    /// The asset that people named when they started the process.
    pub(crate) fn asset_of_process(&self, process: &str) -> Result<Option<String>, Error> {
        let variables = self.cx.workflow().get(process)?.variables;
        Ok(variables.text("assetId").map(str::to_owned))
    }

    /// Start the run of the asset, or tell the one that lives, that people opened a review.
    pub(crate) fn start_review_of(&self, asset: &str, process: &str) -> Result<(), Error> {
        let dam = self.cx.connection(DAM).unwrap_or_default();
        let key = asset_key(self.config, dam, asset);
        let request = Request {
            asset: asset.to_owned(),
            process: Some(process.to_owned()),
        };
        self.cx.spawn(self.cx.flow(), &key, &request).map(drop)
    }
}
