//! What is told about an asset, and under which identity.
//!
//! A webhook and a poll of the same happening must give the same identity, so every identity is
//! taken from the asset as it stands, never from how it was learned:
//!
//! * `asset.created`: the time of creation, which never changes (the first version may be removed);
//! * `asset.version-current`: the id of the current version, unless it is the only one there ever was;
//! * `asset.updated`: the modification time, once it is later than the creation;
//! * `asset.deleted`: the time of the deletion, which iconik keeps, so that a second deletion after a
//!   restore is a second event.

use forebay_sdk::{Entity, Error, Event, Field, Value, time};
use serde_json::Value as Json;

use crate::Iconik;
use crate::asset::change_token;
use crate::media::kind_of;
use crate::values::plain;
use crate::wire::RawAsset;

impl Iconik {
    /// The asset came to be.
    pub(crate) fn created(&self, raw: &RawAsset) -> Result<Event, Error> {
        Ok(Event {
            actor: raw.created_by_user.clone(),
            ..self.event(
                "asset.created",
                raw,
                time::to_rfc3339(raw.created()),
                raw.created(),
            )?
        })
    }

    /// The asset was changed; absent where it still is as it was created.
    pub(crate) fn updated(
        &self,
        raw: &RawAsset,
        run: Option<String>,
    ) -> Result<Option<Event>, Error> {
        if raw.modified() <= raw.created() {
            return Ok(None);
        }
        let event = self.event("asset.updated", raw, change_token(raw), raw.modified())?;
        Ok(Some(Event {
            actor: raw.updated_by_user.clone(),
            origin: run.filter(|_| self.is_own_change(raw)),
            ..event
        }))
    }

    /// Another version than the first is current; absent where it is the only one there ever was.
    pub(crate) fn version_current(&self, raw: &RawAsset) -> Result<Option<Event>, Error> {
        let Some(current) = raw.current(self.settings.current_version) else {
            return Ok(None);
        };
        if raw.versions.len() < 2 && current.number < 2 {
            return Ok(None);
        }
        let at = current.created().unwrap_or_else(|| raw.modified());
        let event = self.event("asset.version-current", raw, current.id.clone(), at)?;
        Ok(Some(Event {
            actor: current.created_by_user.clone(),
            ..event
        }))
    }

    /// The asset went to the delete queue.
    pub(crate) fn deleted(&self, raw: &RawAsset) -> Result<Event, Error> {
        let at = raw.deleted();
        let token = match at {
            Some(at) => time::to_rfc3339(at),
            // Without the time of the deletion the creation is what every way knows.
            None => format!("created:{}", time::to_rfc3339(raw.created())),
        };
        Ok(Event {
            actor: raw.updated_by_user.clone(),
            ..self.event(
                "asset.deleted",
                raw,
                token,
                at.unwrap_or_else(|| raw.modified()),
            )?
        })
    }

    /// An event about an asset, with what handlers filter on.
    pub(crate) fn event(
        &self,
        kind: &str,
        raw: &RawAsset,
        token: impl Into<String>,
        at: i64,
    ) -> Result<Event, Error> {
        let version = raw.current_id(self.settings.current_version);
        let mut paths = Vec::new();
        for collection in raw.collections() {
            paths.extend(self.collection_path(collection)?);
        }
        let mut data = vec![
            Field::new("name", raw.title.as_str()),
            Field::new("paths", Value::Texts(paths)),
        ];
        // A kind that nothing tells is left out, so that no filter acts on a guess.
        data.extend(kind_of(raw, None).map(|kind| Field::new("kind", kind.as_str())));
        data.extend(
            raw.created_by_user
                .iter()
                .map(|user| Field::new("uploader", user.as_str())),
        );
        Ok(Event {
            version: Some(version.to_owned()).filter(|version| !version.is_empty()),
            data,
            ..Event::new(kind, Entity::new("asset", &raw.id), token, at)
        })
    }

    /// Did the integration's user change it last?
    pub(crate) fn is_own_change(&self, raw: &RawAsset) -> bool {
        let own = &self.settings.integration_user;
        !own.is_empty() && raw.updated_by_user.as_ref() == Some(own)
    }

    /// The run that the marker field names, in a document of the search index.
    pub(crate) fn marked_run(&self, raw: &RawAsset) -> Option<String> {
        let value = raw.metadata.get(&self.settings.marker_field)?;
        let value = match value {
            Json::Array(values) => values.first()?,
            single => single,
        };
        Some(plain(value)).filter(|run| !run.is_empty())
    }
}
