//! What a first delivery asks for, before anything was looked at, and the business key of that.

use forebay_sdk::assets::AccessSnapshot;
use forebay_sdk::blocks::matches_path;
use forebay_sdk::handler::Declined;
use forebay_sdk::{Delivery, Event, FieldsExt, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::config::Config;
use crate::state::Use;

/// A start over REST, by a schedule, or by another run.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Request {
    /// Walk through all assets whose rights end soon.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) scan: bool,
    /// Added by the host for schedules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schedule: Option<Json>,
    /// The asset.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) asset: String,
    /// Review the end of its rights at this date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) date: Option<String>,
    /// Clear it for this use.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub(crate) wanted: Option<Use>,
    /// The access that stood before the asset was blocked; comes back with the clearance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<AccessSnapshot>,
}

impl Request {
    pub(crate) fn key(&self, prefix: &str, dam: &str) -> String {
        let asset = &self.asset;
        match (self.scan, &self.date, &self.wanted) {
            (true, ..) => {
                let due = self.schedule.as_ref().map(|schedule| &schedule["due-at"]);
                let due = due.and_then(Json::as_str).unwrap_or("now");
                format!("{prefix}:{dam}:scan:{due}")
            }
            (false, Some(date), _) => format!("{prefix}:{dam}:{asset}:{date}"),
            (false, None, Some(wanted)) => format!("{prefix}:{dam}:{asset}:{}", wanted.key()),
            (false, None, None) => format!("{prefix}:{dam}:{asset}:look"),
        }
    }
}

impl Use {
    /// The part of a business key that names this use.
    pub(crate) fn key(&self) -> String {
        let sorted = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort_unstable();
            list.join("+")
        };
        format!("{}@{}", sorted(&self.channels), sorted(&self.territories))
    }
}

/// What a first delivery asks for.
pub(crate) fn request_of(config: &Config, delivery: &Delivery) -> Result<Request, Declined> {
    delivery.asks(|incoming| of_event(config, &incoming.event))
}

fn of_event(config: &Config, event: &Event) -> Result<Request, String> {
    let asset = event.asset()?;
    let wanted = match event.kind.as_str() {
        "asset.created" | "asset.updated" | "asset.version-current" => None,
        "action.invoked" => Some(of_action(config, event)?),
        "collection.added" => Some(of_collection(config, event)?),
        other => return Err(format!("the event {other} starts nothing here")),
    };
    Ok(Request {
        asset: asset.to_owned(),
        wanted,
        ..Request::default()
    })
}

fn of_action(config: &Config, event: &Event) -> Result<Use, String> {
    let clearance = config.clearance.as_ref().ok_or("no clearance here")?;
    let action = event.data.text("action").unwrap_or_default();
    let title = event.data.text("action-name").unwrap_or(action);
    let listed = &clearance.actions;
    if !listed.is_empty() && !listed.iter().any(|known| known == action || known == title) {
        return Err(format!("the action {action} asks for no clearance here"));
    }
    let texts = |name: &str| match event.data.value(&format!("form.{name}")) {
        Some(Value::Texts(texts)) => texts.clone(),
        Some(value) if !value.is_empty() => vec![value.to_plain()],
        _ => Vec::new(),
    };
    Ok(Use {
        channels: texts("channels"),
        territories: texts("territories"),
        until: event.data.text("form.until").map(str::to_owned),
    }
    .or_default(config))
}

fn of_collection(config: &Config, event: &Event) -> Result<Use, String> {
    let clearance = config.clearance.as_ref().ok_or("no clearance here")?;
    let paths = match event.data.value("paths") {
        Some(Value::Texts(paths)) => paths.clone(),
        _ => Vec::new(),
    };
    let watched = |path: &String| {
        let mut patterns = clearance.collections.iter();
        patterns.any(|pattern| matches_path(pattern, path))
    };
    if !paths.iter().any(watched) {
        return Err("the collection asks for no clearance".to_owned());
    }
    Ok(Use::default().or_default(config))
}

impl Use {
    /// What was not named, from the configuration.
    pub(crate) fn or_default(mut self, config: &Config) -> Self {
        if let Some(clearance) = &config.clearance {
            if self.channels.is_empty() {
                self.channels.clone_from(&clearance.intended_use.channels);
            }
            if self.territories.is_empty() {
                self.territories
                    .clone_from(&clearance.intended_use.territories);
            }
        }
        self
    }
}
