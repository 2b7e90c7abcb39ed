//! What opens a case, or asks its guard.

use forebay_sdk::handler::Declined;
use forebay_sdk::{Delivery, Event, FieldsExt, Timestamp, Value};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::state::Before;

/// A start over REST, by an event, or by another run of this flow.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Request {
    /// Name of the case, unique.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) case: String,
    /// Its kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) case_type: String,
    /// Its assets. For a live case: further ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) assets: Vec<String>,
    /// When it was opened, where that was before now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) opened_at: Option<Timestamp>,
    /// Who opened it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) opened_by: String,
    /// The process it was opened in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) process: Option<String>,
    /// The case to guard, and its run: for the guard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) guard: Option<(String, String)>,
    /// An asset that another case lets go of, with what stood before that: for the guard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inherit: Option<(String, Before)>,
}

impl Request {
    /// Is it another run that asks the guard of a case?
    pub(crate) fn is_for_guard(&self) -> bool {
        self.guard.is_some() || self.inherit.is_some()
    }

    /// Does it say which case, and about what? A process tells of its assets later.
    pub(crate) fn names_a_case(&self) -> bool {
        !self.case.is_empty() && (!self.assets.is_empty() || self.process.is_some())
    }
}

/// What a first delivery asks for, or why it is none of this flow's business.
pub(crate) fn request_of(config: &Config, delivery: &Delivery) -> Result<Request, Declined> {
    delivery.asks(|incoming| of_event(config, &incoming.event))
}

fn of_event(config: &Config, event: &Event) -> Result<Request, String> {
    match event.kind.as_str() {
        "process.started" => of_process(config, event),
        "action.invoked" => of_action(config, event),
        other => Err(format!("the event {other} opens no case")),
    }
}

/// A case that people opened. What it is about stands in its variables, which are read later.
fn of_process(config: &Config, event: &Event) -> Result<Request, String> {
    let text = |name: &str| event.data.text(name).unwrap_or_default();
    let key = text("business-key");
    let ours = key.starts_with(&format!("{}:", config.key_prefix));
    if text("definition") != config.process.definition || ours {
        return Err("the process is no case that people opened".to_owned());
    }
    let case = if key.is_empty() {
        event.entity.id.as_str()
    } else {
        key
    };
    Ok(Request {
        case: case.to_owned(),
        opened_at: Some(event.occurred_at),
        opened_by: event.actor.clone().unwrap_or_default(),
        process: Some(event.entity.id.clone()),
        ..Request::default()
    })
}

/// A list of ids: several texts, or one with commas or line breaks.
pub(super) fn ids(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Texts(ids)) => ids.clone(),
        Some(value) => {
            let text = value.to_plain();
            let parts = text.split([',', '\n']).map(str::trim);
            let parts = parts.filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        }
        None => Vec::new(),
    }
}

fn of_action(config: &Config, event: &Event) -> Result<Request, String> {
    let action = event.data.text("action").unwrap_or_default();
    let listed = &config.action_ids;
    if !listed.is_empty() && !listed.iter().any(|id| id == action) {
        return Err(format!("the action {action} opens no case"));
    }
    let assets = event.entities("asset").map(|asset| asset.id.clone());
    let invocation = event.data.text("invocation").unwrap_or(&event.change_token);
    Ok(Request {
        case: invocation.to_owned(),
        case_type: event
            .data
            .text("form.case_type")
            .unwrap_or_default()
            .to_owned(),
        assets: assets.collect(),
        opened_at: Some(event.occurred_at),
        opened_by: event.actor.clone().unwrap_or_default(),
        ..Request::default()
    })
}
