//! What a delivery asks for, and whether it is ours.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{matches_path, paths};
use forebay_sdk::{Admission, Delivery, Entity, Error, Event, Field, FieldsExt, Value};
use serde::{Deserialize, Serialize};

use super::Steps;
use crate::config::{Config, Filters, Triggers};
use crate::state::{Join, Order, Shared};

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

/// A run about an asset, titled with its name where that is known.
pub(crate) fn admit_asset(
    config: &Config,
    dam: &str,
    asset: &str,
    delivery: &Delivery,
) -> Admission {
    let name = match delivery {
        Delivery::Event(incoming) => incoming.event.data.text("name"),
        _ => None,
    };
    let key = format!("{}:{dam}:{asset}", config.key_prefix);
    Admission::start(key, Entity::new("asset", asset), name.unwrap_or(asset)).label("asset", asset)
}

/// A run of a batch. The flow's own runs start it, and choose the key.
pub(crate) fn admit_batch(config: &Config, dam: &str, batch: &Shared) -> Admission {
    let key = batch_key(config, Some(dam), &batch.key);
    let title = format!("assets of {}", batch.place);
    Admission::start(key, Entity::new("batch", &batch.key), title)
}

/// What a first delivery asks for.
pub(crate) fn request_of(delivery: &Delivery) -> Result<Request, Error> {
    match delivery {
        Delivery::Request(_) => delivery.request().map_err(|error| {
            let words = error.message();
            Error::invalid(format!("{words}; give `{{\"asset\": \"ID\"}}`"))
        }),
        Delivery::Event(incoming) => match incoming.event.asset() {
            Ok(asset) => Ok(Request::Asset(asset.to_owned())),
            Err(why) => Err(Error::invalid(why)),
        },
        Delivery::Timer(_) | Delivery::Signal(_) => {
            Err(Error::invalid("a run starts with a request or an event"))
        }
    }
}

/// Did a person ask for this review? Then it does not matter whether there was one before.
pub(crate) fn is_asked_for(delivery: &Delivery) -> bool {
    match delivery {
        Delivery::Request(_) => true,
        Delivery::Event(incoming) => incoming.event.kind == "action.invoked",
        Delivery::Timer(_) | Delivery::Signal(_) => false,
    }
}

/// Why an event starts no review. A request always does.
pub(crate) fn unwanted(config: &Config, delivery: &Delivery) -> Option<String> {
    let Delivery::Event(incoming) = delivery else {
        return None;
    };
    let event = &incoming.event;
    no_trigger(&config.triggers, event).or_else(|| out_of_scope(&config.filters, &event.data))
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
pub(super) fn out_of_scope(filters: &Filters, known: &[Field]) -> Option<String> {
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
pub(super) fn not_in(patterns: &[String]) -> String {
    format!("the asset is not in {}", patterns.join(" or "))
}

/// Is one of these paths inside one of these patterns?
fn inside(patterns: &[String], paths: &[String]) -> bool {
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

/// Business key of the run that gathers a batch.
pub(super) fn batch_key(config: &Config, dam: Option<&str>, batch: &str) -> String {
    format!("{}:{}:{batch}", config.key_prefix, dam.unwrap_or_default())
}

impl Steps<'_> {
    /// Why an asset that came into a collection is not reviewed: the collection is not watched.
    pub(crate) fn not_watched(&self, asset: &Asset, delivery: &Delivery) -> Option<String> {
        let Delivery::Event(incoming) = delivery else {
            return None;
        };
        let watched = &self.config.triggers.collections;
        let assigned = incoming.event.kind == "collection.added";
        (assigned && !inside(watched, &paths(asset))).then(|| not_in(watched))
    }

    /// Was this version reviewed to its end before?
    pub(crate) fn is_reviewed(&self, asset: &Asset) -> bool {
        let texts = |logical: &str| self.config.fields.texts(&asset.fields, logical);
        texts("reviewed_version").contains(&asset.version)
            && texts("review_state")
                .iter()
                .any(|word| word == "approved" || word == "rejected")
    }
}
