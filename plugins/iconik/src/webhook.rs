//! Deliveries of webhooks and custom actions.
//!
//! A delivery only says where to look: what is told about an asset is read from the asset, so that a
//! poll tells the same.

use forebay_sdk::connector::WebhookRequest;
use forebay_sdk::{
    Entity, Error, Event, Field, FieldsExt, OrAbsent, Timestamp, Value, debug, digest, lenient,
    time,
};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::Iconik;
use crate::actions::Invocation;
use crate::approvals::RawVote;
use crate::describe::{ACTION_ENDPOINT, EVENTS_ENDPOINT};
use crate::segments::RawSegment;
use crate::sharing::RawShare;
use crate::values::plain;
use crate::wire::RawAsset;

/// That an asset was put into a collection.
pub(crate) const ADDED: &str = "collection.added";
/// How long an asset that was just reported may stay unreadable before it is taken as gone.
const VISIBLE_AFTER: Timestamp = 10 * time::MINUTE;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delivery {
    #[serde(deserialize_with = "lenient::string")]
    system_domain_id: String,
    #[serde(deserialize_with = "lenient::string")]
    event_type: String,
    #[serde(deserialize_with = "lenient::string")]
    realm: String,
    #[serde(deserialize_with = "lenient::string")]
    operation: String,
    #[serde(deserialize_with = "lenient::string")]
    object_id: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    user_id: Option<String>,
    #[serde(deserialize_with = "lenient::string")]
    request_id: String,
    data: Json,
}

impl Iconik {
    pub(crate) fn delivered(&self, request: &WebhookRequest) -> Result<Vec<Event>, Error> {
        let mut events = match request.endpoint.as_str() {
            EVENTS_ENDPOINT => self.happened(&parse(&request.body)?, request.received_at)?,
            ACTION_ENDPOINT => {
                let invocation: Invocation = parse(&request.body)?;
                self.of_our_domain(&invocation.system_domain_id)?;
                self.invoked(&invocation, request)?
            }
            other => return Err(Error::invalid(format!("there is no endpoint {other}"))),
        };
        let digest = digest::sha256_hex(&request.body);
        for event in &mut events {
            event.raw_digest = Some(digest.clone());
        }
        Ok(events)
    }

    fn happened(&self, delivery: &Delivery, received: Timestamp) -> Result<Vec<Event>, Error> {
        self.of_our_domain(&delivery.system_domain_id)?;
        if delivery.object_id.is_empty() {
            return Err(Error::invalid("the delivery names no object").with_field("object_id"));
        }
        match (delivery.event_type.as_str(), delivery.realm.as_str()) {
            ("assets" | "collections", "shares") => {
                Ok(shared(delivery, received).into_iter().collect())
            }
            ("assets", "entity") if delivery.operation == "purge" => {
                Ok(vec![purged(delivery, received)])
            }
            ("assets", "entity") if delivery.operation == "delete" => {
                self.asset_deleted(delivery, received)
            }
            ("assets", realm) => {
                let Some(raw) = self.reported(delivery, received)? else {
                    return Ok(Vec::new());
                };
                match realm {
                    "approvals" => self.approval_changed(delivery, &raw, received),
                    "segments" => Ok(comment(delivery, &raw, received).into_iter().collect()),
                    "proxies" | "files" | "keyframes" | "formats" => {
                        Ok(vec![self.media_changed(delivery, &raw, received)?])
                    }
                    _ => self.asset_changed(delivery, &raw),
                }
            }
            ("collections", "contents") => {
                let Some(event) = contents(delivery, received) else {
                    return Ok(Vec::new());
                };
                if event.kind == ADDED && self.is_watched(&event.entity.id)? {
                    debug!("who comes into {} is told by polling", event.entity.id);
                    return Ok(Vec::new());
                }
                Ok(vec![self.filed(event)?])
            }
            ("jobs", _) => Ok(job(delivery, received).into_iter().collect()),
            (event_type, realm) => {
                debug!("a delivery about {event_type}/{realm} means nothing here");
                Ok(Vec::new())
            }
        }
    }

    /// With the path of the collection, which flows watch collections by.
    fn filed(&self, mut event: Event) -> Result<Event, Error> {
        let path = self.collection_path(&event.entity.id)?;
        let paths = path.map(|path| Field::new("paths", Value::Texts(vec![path])));
        event.data.extend(paths);
        Ok(event)
    }

    fn of_our_domain(&self, domain: &str) -> Result<(), Error> {
        let ours = &self.settings.system_domain_id;
        if ours.is_empty() || ours == domain {
            return Ok(());
        }
        let message = format!("the delivery comes from the system domain {domain}");
        Err(Error::invalid(message).with_field("system_domain_id"))
    }

    /// The asset that a delivery is about. It may not be readable yet, and then the delivery is tried
    /// again; later it is taken as gone.
    fn reported(
        &self,
        delivery: &Delivery,
        received: Timestamp,
    ) -> Result<Option<RawAsset>, Error> {
        match self.raw_asset(&delivery.object_id).or_absent()? {
            Some(raw) => Ok(Some(raw)),
            None if self.call.now() < received.saturating_add(VISIBLE_AFTER) => {
                Err(Error::unavailable(format!(
                    "the asset {} cannot be read yet",
                    delivery.object_id
                )))
            }
            None => Ok(None),
        }
    }

    fn asset_changed(&self, delivery: &Delivery, raw: &RawAsset) -> Result<Vec<Event>, Error> {
        if raw.is_trashed() {
            return Ok(vec![self.deleted(raw)?]);
        }
        let mut events = Vec::new();
        match (delivery.realm.as_str(), delivery.operation.as_str()) {
            ("entity", "create") => events.push(self.created(raw)?),
            ("entity", "restore") => {
                let token = time::to_rfc3339(raw.modified());
                let restored = self.event("asset.restored", raw, token, raw.modified())?;
                events.push(Event {
                    actor: delivery.user_id.clone(),
                    ..restored
                });
            }
            ("versions", _) => events.extend(self.version_current(raw)?),
            _ => {}
        }
        let run = if self.is_own_change(raw) {
            let fields = self.metadata(&raw.id)?;
            let run = fields
                .value(&self.settings.marker_field)
                .map(Value::to_plain);
            run.filter(|run| !run.is_empty())
        } else {
            None
        };
        events.extend(self.updated(raw, run)?);
        Ok(events)
    }

    /// Deleted, as the asset tells; as the delivery tells where the asset is purged already; not at
    /// all where it has been restored meanwhile.
    fn asset_deleted(&self, delivery: &Delivery, received: Timestamp) -> Result<Vec<Event>, Error> {
        let found = self.raw_asset(&delivery.object_id).or_absent()?;
        let mut raw = match found {
            Some(raw) if raw.is_trashed() => raw,
            Some(raw) => {
                debug!("the asset {} stands again", raw.id);
                return Ok(self.updated(&raw, None)?.into_iter().collect());
            }
            None => serde_json::from_value(delivery.data.clone()).unwrap_or_default(),
        };
        delivery.object_id.clone_into(&mut raw.id);
        let mut event = self.deleted(&raw)?;
        if event.occurred_at == 0 {
            event.occurred_at = received;
        }
        event.actor = event.actor.or_else(|| delivery.user_id.clone());
        Ok(vec![event])
    }

    /// A vote or a request. The identity is the approval as it stands, so that telling one state
    /// twice is one event.
    fn approval_changed(
        &self,
        delivery: &Delivery,
        raw: &RawAsset,
        received: Timestamp,
    ) -> Result<Vec<Event>, Error> {
        let version = match plain(&delivery.data["version_id"]) {
            none if none.is_empty() => raw.current_id(self.settings.current_version).to_owned(),
            named => named,
        };
        let approval = self.raw_approval(&raw.id, &version)?;
        let mut parts = vec![version.clone(), approval.word.clone()];
        parts.extend(approval.requested_at().map(time::to_rfc3339));
        let mut votes: Vec<String> = approval.votes().map(RawVote::identity).collect();
        votes.sort();
        parts.extend(votes);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let mut event = self.event("approval.changed", raw, digest::of_parts(&parts), received)?;
        event.data.push(Field::new("state", approval.word));
        Ok(vec![Event {
            version: Some(version),
            actor: delivery.user_id.clone(),
            ..event
        }])
    }

    /// A file or a proxy has changed. The asset's modification time stays as it is, so this is an
    /// event of its own: it wakes whoever waits for the media.
    fn media_changed(
        &self,
        delivery: &Delivery,
        raw: &RawAsset,
        received: Timestamp,
    ) -> Result<Event, Error> {
        let data = &delivery.data;
        let (id, status) = (plain(&data["id"]), plain(&data["status"]));
        let token = if id.is_empty() {
            delivery.request_id.clone()
        } else {
            format!("{id}:{status}:{}", plain(&data["date_modified"]))
        };
        let mut event = self.event("iconik.media-changed", raw, token, received)?;
        event
            .data
            .push(Field::new("realm", delivery.realm.as_str()));
        event.data.push(Field::new("state", status));
        event.actor.clone_from(&delivery.user_id);
        Ok(event)
    }
}

fn parse<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body)
        .map_err(|error| Error::invalid(format!("the delivery cannot be read: {error}")))
}

/// An id is never given again, so an asset is purged once.
fn purged(delivery: &Delivery, received: Timestamp) -> Event {
    let entity = Entity::new("asset", &delivery.object_id);
    Event {
        actor: delivery.user_id.clone(),
        ..Event::new("asset.purged", entity, "purged", received)
    }
}

/// A comment; other segments are not comments. Deleted ones are told by their id alone.
fn comment(delivery: &Delivery, raw: &RawAsset, received: Timestamp) -> Option<Event> {
    let segment: RawSegment = serde_json::from_value(delivery.data.clone()).ok()?;
    let event = match delivery.operation.as_str() {
        "delete" => segment.deleted(&raw.id, received)?,
        "create" => segment.added(&raw.id)?,
        _ => segment.changed(&raw.id)?,
    };
    let mut event = Event {
        actor: delivery.user_id.clone().or(event.actor),
        ..event
    };
    event.data.push(Field::new("name", raw.title.as_str()));
    Some(event)
}

/// A share was made or has been ended. Whom it is about, its asset or its collection, is related.
fn shared(delivery: &Delivery, received: Timestamp) -> Option<Event> {
    let mut share: RawShare = serde_json::from_value(delivery.data.clone()).ok()?;
    if share.id.is_empty() {
        return None;
    }
    delivery.event_type.clone_into(&mut share.object_type);
    delivery.object_id.clone_into(&mut share.object_id);
    let (kind, token) = match delivery.operation.as_str() {
        "create" => ("share.created", "created"),
        "delete" | "purge" => ("share.expired", "ended"),
        _ => return None,
    };
    let about = if share.is_of_collection() {
        Entity::new("collection", &share.object_id)
    } else {
        Entity::new("asset", &share.object_id)
    };
    let entity = Entity::new("share", share.full_id());
    Some(Event {
        actor: delivery.user_id.clone(),
        data: vec![Field::new(about.kind.as_str(), about.id.as_str())],
        related: vec![about],
        ..Event::new(kind, entity, token, received)
    })
}

/// An asset was put into a collection or taken out. Nothing at the asset tells when, so the vendor's
/// request id makes it distinct from the next time.
fn contents(delivery: &Delivery, received: Timestamp) -> Option<Event> {
    let object = plain(&delivery.data["object_id"]);
    if object.is_empty() || plain(&delivery.data["object_type"]) == "collections" {
        return None;
    }
    let kind = match delivery.operation.as_str() {
        "create" => ADDED,
        "delete" => "collection.removed",
        _ => return None,
    };
    let token = format!("{object}:{}", delivery.request_id);
    Some(Event {
        actor: delivery.user_id.clone(),
        related: vec![Entity::new("asset", &object)],
        data: vec![Field::new("asset", object)],
        ..Event::new(
            kind,
            Entity::new("collection", &delivery.object_id),
            token,
            received,
        )
    })
}

/// A job has come to an end.
fn job(delivery: &Delivery, received: Timestamp) -> Option<Event> {
    let data = &delivery.data;
    let state = plain(&data["status"]);
    let ended = [
        "FINISHED",
        "FINISHED_WITH_WARNING",
        "FAILED",
        "ABORTED",
        "SKIPPED",
    ];
    if !ended.contains(&state.as_str()) {
        return None;
    }
    let about = (plain(&data["object_type"]) == "assets").then(|| plain(&data["object_id"]));
    Some(Event {
        related: about
            .map(|id| Entity::new("asset", id))
            .into_iter()
            .collect(),
        data: vec![
            Field::new("state", state.as_str()),
            Field::new("type", plain(&data["type"])),
            Field::new("message", plain(&data["error_message"])),
        ],
        ..Event::new(
            "job.finished",
            Entity::new("job", &delivery.object_id),
            state,
            received,
        )
    })
}
