//! Webhooks: a payload is a hint only. What it names is read, and events are made of what stands
//! there.
//!
//! The API may lag behind a webhook. Until `settle_seconds` have passed since the delivery, a state
//! that does not show what the webhook says is `unavailable`, and the host asks again later.

use forebay_sdk::connector::WebhookRequest;
use forebay_sdk::{Error, Event, Finding, OrAbsent, Timestamp, digest, lenient, time};
use serde::Deserialize;

use crate::Canto;
use crate::describe::{Endpoint, WEBHOOK_SECRET};
use crate::events;
use crate::wire::{Content, ContentId};

/// How long after its creation an upload still counts as the creation of the asset, where newer
/// versions came in between.
const CREATION_SPAN: Timestamp = time::HOUR;

/// What Canto sends. It does not name the event.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    #[serde(deserialize_with = "lenient::string")]
    scheme: String,
    #[serde(deserialize_with = "lenient::string")]
    id: String,
    #[serde(deserialize_with = "lenient::string")]
    album: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    displayname: Option<String>,
}

impl Canto {
    pub(crate) fn deliver(&self, request: &WebhookRequest) -> Result<Vec<Event>, Error> {
        let endpoint = Endpoint::parse(&request.endpoint).ok_or_else(|| {
            Error::invalid(format!("there is no endpoint `{}`", request.endpoint))
        })?;
        let payload: Payload = serde_json::from_slice(&request.body).map_err(|error| {
            Error::invalid(format!("the webhook's body cannot be read: {error}"))
        })?;
        if payload.id.is_empty() || payload.scheme.is_empty() {
            return Err(Error::invalid(
                "the webhook names no content: scheme or id is missing",
            ));
        }
        // Canto may report folders and albums to the same address; they are no assets.
        let Some(id) = ContentId::new(&payload.scheme, &payload.id) else {
            return Ok(Vec::new());
        };
        let content = self.content(&id).or_absent()?;
        let mut events = match endpoint {
            Endpoint::Delete => self.after_deletion(&id, &payload, content, request.received_at)?,
            _ => match content {
                Some(content) => self.after_change(endpoint, &payload, &content, request)?,
                // Deleted in the meantime, or not visible yet.
                None => {
                    self.settled(request.received_at, || format!("{id} is not visible yet"))?;
                    Vec::new()
                }
            },
        };
        let digest = digest::sha256_hex(&request.body);
        for event in &mut events {
            event.raw_digest = Some(digest.clone());
        }
        Ok(events)
    }

    fn after_deletion(
        &self,
        id: &ContentId,
        payload: &Payload,
        content: Option<Content>,
        received_at: Timestamp,
    ) -> Result<Vec<Event>, Error> {
        if content.is_some() {
            // Restored in the meantime, or still visible.
            self.settled(received_at, || {
                format!("{id} is reported as deleted and still visible")
            })?;
            return Ok(Vec::new());
        }
        Ok(vec![events::deleted(
            &id.to_string(),
            payload.displayname.as_deref(),
            received_at,
        )])
    }

    fn after_change(
        &self,
        endpoint: Endpoint,
        payload: &Payload,
        content: &Content,
        request: &WebhookRequest,
    ) -> Result<Vec<Event>, Error> {
        let several = content.version_history.len() > 1;
        Ok(match endpoint {
            Endpoint::Upload => {
                // A further version of an old asset may be reported as an upload too.
                let age = request.received_at.saturating_sub(content.created_at());
                let is_new = !several || age < CREATION_SPAN;
                let created = is_new.then(|| self.created(content));
                let version = several.then(|| self.version_current(content));
                created.into_iter().chain(version).collect()
            }
            Endpoint::NewVersion => {
                // A tenant that keeps no older versions shows one for ever: it is told in the end.
                if content.version_history.len() == 1 {
                    let id = content.asset_id();
                    self.settled(request.received_at, || {
                        format!("the new version of {id} is not visible yet")
                    })?;
                }
                vec![self.version_current(content)]
            }
            Endpoint::UpdateMetadata => vec![self.updated(content)],
            Endpoint::AssignToAlbum => {
                self.after_move("collection.added", true, payload, content, request)?
            }
            Endpoint::RemoveFromAlbum => {
                self.after_move("collection.removed", false, payload, content, request)?
            }
            Endpoint::Delete => Vec::new(),
        })
    }

    /// It was put into an album or taken out of one; `inside` says which of it must be seen.
    fn after_move(
        &self,
        kind: &str,
        inside: bool,
        payload: &Payload,
        content: &Content,
        request: &WebhookRequest,
    ) -> Result<Vec<Event>, Error> {
        let album = payload.album.as_str();
        if album.is_empty() {
            return Err(Error::invalid("the webhook names no album"));
        }
        if content.is_in(album) != inside {
            let state = if inside {
                "in the album yet"
            } else {
                "gone from the album yet"
            };
            self.settled(request.received_at, || {
                format!("{} is not {state}: {album}", content.asset_id())
            })?;
            return Ok(Vec::new());
        }
        Ok(vec![self.moved(kind, content, album, request.received_at)])
    }

    /// Has enough time passed since a delivery for the API to show what it said?
    fn settled(&self, received_at: Timestamp, what: impl FnOnce() -> String) -> Result<(), Error> {
        let settle = Timestamp::from(self.settings.settle_seconds) * time::SECOND;
        match self.call.now() < received_at.saturating_add(settle) {
            true => Err(Error::unavailable(what())),
            false => Ok(()),
        }
    }

    /// Canto has no call that sets up webhooks: say what a person must do.
    pub(crate) fn webhook_instructions(&self, base_url: &str) -> Vec<Finding> {
        let base = base_url.trim_end_matches('/');
        let instruction = |endpoint: Endpoint| {
            Finding::info(
                format!("webhooks.{}", endpoint.name()),
                format!(
                    "In Canto under Settings, Configuration Options, API, Webhooks: for the event \
                     \"{}\" enter {base}/hooks/{}/{} and, as secure token, the value of the secret \
                     {WEBHOOK_SECRET}. Canto does not tell whether this has been done",
                    endpoint.canto_event(),
                    self.call.connection(),
                    endpoint.name()
                ),
            )
        };
        Endpoint::ALL.into_iter().map(instruction).collect()
    }
}
