//! Which deliveries open a case.

use forebay_sdk::handler::Connections;
use forebay_sdk::{Admission, Delivery, Entity, Error, Event, FieldsExt, Timestamp, Value};
use serde::{Deserialize, Serialize};

use crate::DAM;
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

/// Pure: looks at nothing but the delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    let request = match request_of(config, delivery) {
        Ok(Ok(request)) => request,
        Ok(Err(reason)) => return Admission::ignore(reason),
        Err(error) => return Admission::refuse(error.message().to_owned()),
    };
    if request.guard.is_some() || request.inherit.is_some() {
        let key = format!("{}:{dam}:{}:guard", config.key_prefix, request.case);
        return Admission::start(key, Entity::new("case", &request.case), "guard");
    }
    let told_later = request.process.is_some();
    if request.case.is_empty() || request.assets.is_empty() && !told_later {
        return Admission::refuse("a case needs a name in `case` and ids in `assets`");
    }
    let key = format!("{}:{dam}:{}", config.key_prefix, request.case);
    let entity = Entity::new("case", &request.case);
    Admission::start(key, entity, request.case.clone()).label("case", request.case)
}

/// What a first delivery asks for; the inner error says why it is none of this flow's business.
pub(crate) fn request_of(
    config: &Config,
    delivery: &Delivery,
) -> Result<Result<Request, String>, Error> {
    match delivery {
        Delivery::Request(_) => delivery.request::<Request>().map(Ok),
        Delivery::Event(incoming) => Ok(of_event(config, &incoming.event)),
        Delivery::Timer(_) | Delivery::Signal(_) => {
            Err(Error::invalid("a case is opened by a request or an event"))
        }
    }
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
pub(crate) fn ids(value: Option<&Value>) -> Vec<String> {
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
    let entities = std::iter::once(&event.entity).chain(&event.related);
    let assets = entities.filter(|entity| entity.kind == "asset");
    let invocation = event.data.text("invocation").unwrap_or(&event.change_token);
    Ok(Request {
        case: invocation.to_owned(),
        case_type: event
            .data
            .text("form.case_type")
            .unwrap_or_default()
            .to_owned(),
        assets: assets.map(|entity| entity.id.clone()).collect(),
        opened_at: Some(event.occurred_at),
        opened_by: event.actor.clone().unwrap_or_default(),
        ..Request::default()
    })
}
