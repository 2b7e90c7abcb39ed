//! What a delivery asks for, before anything was looked at.

use forebay_sdk::blocks::{OneOrMany, Span, matches_path};
use forebay_sdk::handler::Declined;
use forebay_sdk::{Delivery, Entity, Error, Event, FieldsExt, Timestamp, Value, digest, time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::config::Config;

/// A share somebody wishes for; the body of a request over REST.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    /// Ids of the assets.
    pub assets: Vec<String>,
    /// Mail addresses of the recipients.
    pub recipient: OneOrMany,
    /// What for.
    pub purpose: String,
    /// Channels they will use them in.
    pub channel: OneOrMany,
    /// Territories they will use them in.
    pub territory: OneOrMany,
    /// First day of the link, `2027-01-31`; none: at once.
    pub from: Option<String>,
    /// Last day of the link; none: as configured.
    pub until: Option<String>,
    /// Originals are needed.
    pub original: bool,
    /// Mail address of whoever asks.
    pub requester: String,
    /// The requester's own name for it. None: the request's content stands for it.
    pub reference: String,
}

impl Wish {
    /// The part of a business key that names this wish.
    fn key(&self) -> String {
        if !self.reference.is_empty() {
            return format!("request:{}", self.reference);
        }
        let sorted = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort_unstable();
            list.join("\n")
        };
        let parts = [
            sorted(&self.assets),
            sorted(&self.recipient.0),
            sorted(&self.channel.0),
            sorted(&self.territory.0),
            self.from.clone().unwrap_or_default(),
            self.until.clone().unwrap_or_default(),
            self.purpose.clone(),
        ];
        let parts: Vec<_> = parts.iter().map(String::as_str).collect();
        format!("request:{}", digest::of_parts(&parts))
    }
}

/// A share, or a place outsiders see, that holds what nobody asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Suspect {
    /// The share; none where it is a place.
    pub share: Option<String>,
    /// The place, by path.
    pub place: Option<String>,
    /// The assets.
    pub assets: Vec<String>,
    /// Who did it, as the DAM names them.
    pub author: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
}

impl Suspect {
    /// What it is about: the share, or else the asset.
    fn entity(&self) -> Option<Entity> {
        match (&self.share, self.assets.first()) {
            (Some(share), _) => Some(Entity::new("share", share)),
            (None, asset) => asset.map(|asset| Entity::new("asset", asset)),
        }
    }

    /// Its business key.
    pub(crate) fn key(&self, config: &Config, dam: &str) -> String {
        let name = match (&self.share, &self.place) {
            (Some(share), _) => share.clone(),
            (None, place) => {
                let place = place.as_deref().unwrap_or_default();
                format!("{}@{place}", self.assets.join("+"))
            }
        };
        format!("{}:{dam}:case:{name}", config.key_prefix)
    }
}

/// What a first delivery asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    /// Look for shares nobody asked for. With the time it was due.
    Scan(String),
    /// Look at this one.
    Case(Suspect),
    /// Share these assets.
    Wish(Box<Wish>),
    /// A person asked in the workflow engine, in this process.
    Form(String),
    /// An asset was put into the staging collection, by whom and when.
    Staged(String, String, Timestamp),
}

impl Ask {
    pub(crate) fn key(&self, config: &Config, dam: &str) -> String {
        let prefix = &config.key_prefix;
        match self {
            Self::Scan(due) => format!("{prefix}:{dam}:scan:{due}"),
            Self::Case(suspect) => suspect.key(config, dam),
            Self::Wish(wish) => format!("{prefix}:{dam}:{}", wish.key()),
            Self::Form(process) => format!("{prefix}:{dam}:process:{process}"),
            Self::Staged(_, by, at) => {
                // What one person puts there at about the same time is one request.
                let window = window(config).max(1);
                format!("{prefix}:{dam}:staged:{by}:{}", at.div_euclid(window))
            }
        }
    }
}

impl Ask {
    /// What the run is about, and its title; nothing where the request does not say.
    pub(crate) fn subject(&self, config: &Config, key: &str) -> Option<(Entity, String)> {
        Some(match self {
            Self::Scan(_) => {
                let entity = Entity::new("scan", &config.key_prefix);
                (entity, "scan for shares nobody asked for".to_owned())
            }
            Self::Case(suspect) => {
                let entity = suspect.entity()?;
                let title = format!("{} {} nobody asked for", entity.kind, entity.id);
                (entity, title)
            }
            Self::Wish(wish) => {
                let title = format!("{} assets to share", wish.assets.len());
                (Entity::new("request", key), title)
            }
            Self::Form(process) => {
                let entity = Entity::new("process", process);
                (entity, "share asked for in a form".to_owned())
            }
            Self::Staged(asset, _, _) => {
                let entity = Entity::new("asset", asset);
                (entity, "assets put up for sharing".to_owned())
            }
        })
    }
}

/// Length of the window in which staged assets are one request.
pub(crate) fn window(config: &Config) -> Timestamp {
    match config.preventive.staging_window {
        Span::Minutes(minutes) => Timestamp::from(minutes) * time::MINUTE,
        // The check refuses working time here.
        _ => time::MINUTE,
    }
}

/// What a first delivery asks for.
pub(crate) fn ask_of(config: &Config, delivery: &Delivery) -> Result<Ask, Declined> {
    match delivery {
        Delivery::Request(_) => of_request(delivery).map_err(Declined::Wrong),
        Delivery::Event(incoming) => of_event(config, &incoming.event).map_err(Declined::NotOurs),
        Delivery::Timer(_) | Delivery::Signal(_) => Err(Declined::Wrong(Error::invalid(
            "a run starts with a request or an event",
        ))),
    }
}

/// A request says `scan`, `case`, or what is wished for.
fn of_request(delivery: &Delivery) -> Result<Ask, Error> {
    let mut json: Json = delivery.request()?;
    let schedule = json
        .as_object_mut()
        .and_then(|object| object.remove("schedule"));
    if json.get("scan").and_then(Json::as_bool) == Some(true) {
        let due = schedule
            .as_ref()
            .and_then(|schedule| schedule["due-at"].as_str());
        return Ok(Ask::Scan(due.unwrap_or("now").to_owned()));
    }
    let wrong = |error: serde_json::Error| Error::invalid(format!("the request: {error}"));
    if let Some(suspect) = json.get("case") {
        let suspect = serde_json::from_value(suspect.clone()).map_err(wrong)?;
        return Ok(Ask::Case(suspect));
    }
    let wish: Wish = serde_json::from_value(json).map_err(wrong)?;
    if wish.assets.is_empty() {
        return Err(Error::invalid(
            "`assets` is missing: the ids of the assets to share",
        ));
    }
    Ok(Ask::Wish(Box::new(wish)))
}

fn of_event(config: &Config, event: &Event) -> Result<Ask, String> {
    match event.kind.as_str() {
        "process.started" => of_process(config, event),
        "share.created" => of_share(config, event),
        "collection.added" => of_collection(config, event),
        other => Err(format!("the event {other} starts nothing here")),
    }
}

/// A person filled in the form: the process is of our definition, and not one of our own.
fn of_process(config: &Config, event: &Event) -> Result<Ask, String> {
    let definition = event.data.text("definition").unwrap_or_default();
    if definition != config.process.definition {
        return Err(format!("processes of `{definition}` ask for no share"));
    }
    let key = event.data.text("business-key").unwrap_or_default();
    if key.starts_with(&format!("{}:", config.key_prefix)) {
        return Err("the flow started this process itself".to_owned());
    }
    Ok(Ask::Form(event.entity.id.clone()))
}

fn of_share(config: &Config, event: &Event) -> Result<Ask, String> {
    if !config.detective.enabled {
        return Err("the flow does not look for shares made by hand".to_owned());
    }
    if event.data.value("own") == Some(&Value::Boolean(true)) {
        return Err("the connection made this share itself".to_owned());
    }
    let assets = event.related.iter().filter(|entity| entity.kind == "asset");
    Ok(Ask::Case(Suspect {
        share: Some(event.entity.id.clone()),
        assets: assets.map(|entity| entity.id.clone()).collect(),
        author: event.actor.clone(),
        at: Some(event.occurred_at),
        ..Suspect::default()
    }))
}

fn of_collection(config: &Config, event: &Event) -> Result<Ask, String> {
    let paths = match event.data.value("paths") {
        Some(Value::Texts(paths)) => paths.clone(),
        Some(value) if !value.is_empty() => vec![value.to_plain()],
        _ => Vec::new(),
    };
    let asset = event.entity.id.clone();
    let staging = &config.preventive.staging_album;
    if !staging.is_empty() && paths.iter().any(|path| matches_path(staging, path)) {
        let by = event.actor.clone().unwrap_or_else(|| "somebody".to_owned());
        return Ok(Ask::Staged(asset, by, event.occurred_at));
    }
    match watched(config, &paths) {
        Some(place) if config.detective.enabled => Ok(Ask::Case(Suspect {
            place: Some(place.to_owned()),
            assets: vec![asset],
            author: event.actor.clone(),
            at: Some(event.occurred_at),
            ..Suspect::default()
        })),
        _ => Err("the collection asks for no share and is not watched".to_owned()),
    }
}

/// The first of these paths that outsiders see.
pub(crate) fn watched<'a>(config: &Config, paths: &'a [String]) -> Option<&'a str> {
    let outside = |path: &&String| {
        let mut patterns = config.detective.watched_albums.iter();
        patterns.any(|pattern| matches_path(pattern, path))
    };
    paths.iter().find(outside).map(String::as_str)
}
