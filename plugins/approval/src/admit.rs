//! Which deliveries start a run.

use forebay_sdk::blocks::matches_path;
use forebay_sdk::handler::Connections;
use forebay_sdk::{Admission, Delivery, Entity, Error, Event, Field, FieldsExt, Value};
use serde::{Deserialize, Serialize};

use crate::DAM;
use crate::batch::{Join, Order};
use crate::config::{Config, Filters, Triggers};

/// A start over REST or by another run.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Request {
    /// Review the asset of this id at the DAM.
    Asset(String),
    /// Gather an asset of this flow with others.
    Join(Box<Join>),
    /// Review assets together that were gathered.
    Batch(Box<Order>),
}

/// Pure: looks at nothing but the delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    let asset = match request_of(delivery) {
        Ok(Request::Asset(asset)) => asset,
        Ok(Request::Join(join)) => return admit_batch(config, dam, &join.of.key, &join.of.place),
        Ok(Request::Batch(order)) => {
            return admit_batch(config, dam, &order.of.key, &order.of.place);
        }
        Err(error) => return Admission::refuse(error.message().to_owned()),
    };
    let mut title = asset.clone();
    if let Delivery::Event(incoming) = delivery {
        let event = &incoming.event;
        let reason = no_trigger(&config.triggers, event);
        if let Some(reason) = reason.or_else(|| out_of_scope(&config.filters, &event.data)) {
            return Admission::ignore(reason);
        }
        if let Some(name) = event.data.text("name") {
            title = name.to_owned();
        }
    }
    let key = format!("{}:{dam}:{asset}", config.key_prefix);
    Admission::start(key, Entity::new("asset", &asset), title).label("asset", asset)
}

/// Runs of a batch are started by the flow's own runs, which choose the key.
fn admit_batch(config: &Config, dam: &str, batch: &str, place: &str) -> Admission {
    let key = batch_key(config, Some(dam), batch);
    Admission::start(
        key,
        Entity::new("batch", batch),
        format!("assets of {place}"),
    )
}

/// Business key of the run that gathers a batch.
pub(crate) fn batch_key(config: &Config, dam: Option<&str>, batch: &str) -> String {
    format!("{}:{}:{batch}", config.key_prefix, dam.unwrap_or_default())
}

/// What a first delivery asks for.
pub(crate) fn request_of(delivery: &Delivery) -> Result<Request, Error> {
    match delivery {
        Delivery::Request(_) => delivery.request().map_err(|error| {
            let words = error.message();
            Error::invalid(format!("{words}; give `{{\"asset\": \"ID\"}}`"))
        }),
        Delivery::Event(incoming) => asset_of_event(&incoming.event).map(Request::Asset),
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

/// Did a person ask for this review? Then it does not matter whether there was one before.
pub(crate) fn is_asked_for(delivery: &Delivery) -> bool {
    match delivery {
        Delivery::Request(_) => true,
        Delivery::Event(incoming) => incoming.event.kind == "action.invoked",
        Delivery::Timer(_) | Delivery::Signal(_) => false,
    }
}

/// Did the asset come into a collection?
pub(crate) fn is_assignment(delivery: &Delivery) -> bool {
    matches!(delivery, Delivery::Event(incoming) if incoming.event.kind == "collection.added")
}

/// Why an event of this kind starts no review.
fn no_trigger(triggers: &Triggers, event: &Event) -> Option<String> {
    let wanted = match event.kind.as_str() {
        "asset.created" => triggers.created,
        "asset.version-current" => triggers.new_version,
        "action.invoked" => triggers.actions && is_listed(&triggers.action_ids, &event.data),
        "collection.added" => match paths_of(&event.data) {
            [] => !triggers.collections.is_empty(),
            paths => inside(&triggers.collections, paths),
        },
        _ => false,
    };
    (!wanted).then(|| format!("the event {} starts no review here", event.kind))
}

/// Is the custom action among these, where some are named?
fn is_listed(actions: &[String], known: &[Field]) -> bool {
    let action = known.text("action").unwrap_or_default();
    actions.is_empty() || actions.iter().any(|listed| listed == action)
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
        && filters
            .exclude_uploaders
            .iter()
            .any(|entry| entry == uploader)
    {
        return Some(format!("uploads of {uploader} are not reviewed"));
    }
    if let Some((_, ending)) = known.text("name").and_then(|name| name.rsplit_once('.'))
        && filters
            .exclude_types
            .iter()
            .any(|entry| entry.eq_ignore_ascii_case(ending))
    {
        return Some(format!("files of the type {ending} are not reviewed"));
    }
    let paths = paths_of(known);
    if inside(&filters.exclude, paths) {
        return Some("the asset is in an excluded folder".to_owned());
    }
    if !paths.is_empty() && !filters.include.is_empty() && !inside(&filters.include, paths) {
        return Some(not_in(&filters.include));
    }
    None
}

/// The words for an asset that is in none of these folders.
pub(crate) fn not_in(patterns: &[String]) -> String {
    format!("the asset is not in {}", patterns.join(" or "))
}

/// Is one of these paths inside one of these patterns?
pub(crate) fn inside(patterns: &[String], paths: &[String]) -> bool {
    patterns
        .iter()
        .any(|pattern| paths.iter().any(|path| matches_path(pattern, path)))
}

fn paths_of(known: &[Field]) -> &[String] {
    match known.value("paths") {
        Some(Value::Texts(paths)) => paths,
        _ => &[],
    }
}
