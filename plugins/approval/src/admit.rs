//! Which deliveries start a run.

use forebay_sdk::blocks::matches_path;
use forebay_sdk::handler::Connections;
use forebay_sdk::{Admission, Delivery, Entity, Error, Event, Field, FieldsExt, Value};
use serde::Deserialize;

use crate::DAM;
use crate::config::{Config, Filters};

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
    let asset = match asset_of(delivery) {
        Ok(asset) => asset,
        Err(error) => return Admission::refuse(error.detail().message.clone()),
    };
    let mut title = asset.clone();
    if let Delivery::Event(incoming) = delivery {
        let event = &incoming.event;
        if let Some(reason) = out_of_scope(&config.filters, &event.data) {
            return Admission::ignore(reason);
        }
        if let Some(name) = event.data.text("name") {
            title = name.to_owned();
        }
    }
    let key = format!("{}:{dam}:{asset}", config.key_prefix);
    Admission::start(key, Entity::new("asset", &asset), title).label("asset", asset)
}

/// The asset a first delivery is about.
pub(crate) fn asset_of(delivery: &Delivery) -> Result<String, Error> {
    match delivery {
        Delivery::Request(_) => Ok(delivery.request::<Request>()?.asset),
        Delivery::Event(incoming) => asset_of_event(&incoming.event),
        Delivery::Timer(_) | Delivery::Signal(_) => {
            Err(Error::invalid("a run starts with a request or an event"))
        }
    }
}

fn asset_of_event(event: &Event) -> Result<String, Error> {
    let mut entities = std::iter::once(&event.entity).chain(&event.related);
    let asset = entities.find(|entity| entity.kind == "asset");
    asset
        .map(|entity| entity.id.clone())
        .ok_or_else(|| Error::invalid(format!("the event {} names no asset", event.kind)))
}

/// Why the filters keep an asset out, from what is known of it: `kind`, `name`, `uploader` and
/// `paths`. What is not known keeps nothing out: the asset itself is looked at later.
pub(crate) fn out_of_scope(filters: &Filters, known: &[Field]) -> Option<String> {
    if let Some(kind) = known.text("kind") {
        let listed = |list: &[String]| list.iter().any(|entry| entry == kind);
        if listed(&filters.exclude_kinds) || !filters.kinds.is_empty() && !listed(&filters.kinds) {
            return Some(format!("assets of the kind {kind} are not reviewed"));
        }
    }
    if let Some(uploader) = known.text("uploader")
        && filters.exclude_uploaders.iter().any(|entry| entry == uploader)
    {
        return Some(format!("uploads of {uploader} are not reviewed"));
    }
    if let Some((_, ending)) = known.text("name").and_then(|name| name.rsplit_once('.'))
        && filters.exclude_types.iter().any(|entry| entry.eq_ignore_ascii_case(ending))
    {
        return Some(format!("files of the type {ending} are not reviewed"));
    }
    if let Some(Value::Texts(paths)) = known.value("paths") {
        let inside =
            |patterns: &[String]| patterns.iter().any(|p| paths.iter().any(|path| matches_path(p, path)));
        if inside(&filters.exclude) {
            return Some("the asset is in an excluded folder".to_owned());
        }
        if !filters.include.is_empty() && !inside(&filters.include) {
            return Some(format!("the asset is not in {}", filters.include.join(" or ")));
        }
    }
    None
}
