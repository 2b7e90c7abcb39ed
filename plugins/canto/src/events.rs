//! From content as it is read to events. Webhooks and the poll both come here with what they read,
//! so that the same happening has the same identity whichever way it came.

use forebay_sdk::assets::Asset;
use forebay_sdk::{Entity, Event, Field, Timestamp, Value, time};

use crate::Canto;
use crate::map::collection_id;
use crate::settings::status_word;
use crate::wire::{Content, texts};

/// Reports of a happening that leaves no trace on the asset (a deletion, an assignment) are the same
/// happening if they arrive within one such span. Canto sends no delivery id and an asset that is
/// gone tells nothing; the span lets repeated deliveries fall together and yet tells a second
/// deletion after a restore from the first. Where a repeat crosses the border of two spans the event
/// is delivered twice, which handlers bear: they read the asset.
const UNTRACED_SPAN: Timestamp = 10 * time::MINUTE;

impl Canto {
    /// It came into being. Its first version is what makes it distinct: that never changes.
    pub(crate) fn created(&self, content: &Content) -> Event {
        let first = content
            .version_history
            .iter()
            .min_by_key(|version| version.no);
        let token = first.map_or_else(|| content.created.clone(), |v| v.version_id.clone());
        let actor = content.owner.clone().or_else(|| content.owner_name.clone());
        let at = content.created_at();
        Event {
            actor,
            ..self.event("asset.created", content, token, at)
        }
    }

    /// Another version is the current one now. The version makes it distinct; an older version that
    /// was made current again is told from its first time by the number of versions there were.
    pub(crate) fn version_current(&self, content: &Content) -> Event {
        let current = content.current_version();
        let id = content.version_id();
        let promoted = content.is_promoted();
        let (token, at) = match (promoted, current) {
            (true, _) => (
                format!("{id}@{}", content.version_history.len()),
                content.modified_at(),
            ),
            (false, version) => {
                let made = version.and_then(|version| crate::date::parse(&version.created));
                (id, made.unwrap_or_else(|| content.modified_at()))
            }
        };
        let actor = match promoted {
            true => self.modified_by(content),
            false => current.and_then(|version| version.owner_name.clone()),
        };
        Event {
            actor,
            ..self.event("asset.version-current", content, token, at)
        }
    }

    /// Something about it changed. The modification time makes it distinct.
    pub(crate) fn updated(&self, content: &Content) -> Event {
        let actor = self.modified_by(content);
        let marker = content.additional.get(&self.settings.marker_field);
        let marker = marker.map(texts).unwrap_or_default().into_iter().next();
        let own = actor.as_deref().is_some_and(|actor| self.is_own(actor));
        let origin = marker.filter(|_| own);
        let (token, at) = (content.change_token(), content.modified_at());
        Event {
            actor,
            origin,
            ..self.event("asset.updated", content, token, at)
        }
    }

    /// It was put into an album (`collection.added`) or taken out of one (`collection.removed`).
    pub(crate) fn moved(
        &self,
        kind: &str,
        content: &Content,
        album: &str,
        received_at: Timestamp,
    ) -> Event {
        let token = format!("{album}@{}", span(received_at));
        Event {
            related: vec![Entity::new("collection", collection_id("album", album))],
            ..self.event(kind, content, token, received_at)
        }
    }

    /// Is it the user this connection acts as?
    pub(crate) fn is_own(&self, name: &str) -> bool {
        let user = self.settings.integration_user.as_ref();
        user.is_some_and(|user| user.eq_ignore_ascii_case(name))
    }

    fn event(&self, kind: &str, content: &Content, token: String, at: Timestamp) -> Event {
        let asset = self.asset(content);
        Event {
            version: Some(asset.version.clone()),
            data: data(content, &asset),
            ..Event::new(kind, Entity::new("asset", &asset.id), token, at)
        }
    }
}

/// It was deleted: only a webhook tells so, and nothing of it can be read any more.
pub(crate) fn deleted(asset: &str, name: Option<&str>, received_at: Timestamp) -> Event {
    let token = format!("deleted@{}", span(received_at));
    let event = Event::new(
        "asset.deleted",
        Entity::new("asset", asset),
        token,
        received_at,
    );
    let name = name.filter(|name| !name.is_empty());
    Event {
        data: name
            .map(|name| Field::new("name", name))
            .into_iter()
            .collect(),
        ..event
    }
}

/// Start of the span a time is in.
fn span(at: Timestamp) -> String {
    crate::date::write(at - at.rem_euclid(UNTRACED_SPAN))
}

/// What a handler may filter on without a read.
fn data(content: &Content, asset: &Asset) -> Vec<Field> {
    let paths = asset
        .containers
        .iter()
        .filter_map(|place| place.path.clone());
    let mut data = vec![
        // Canto's schemes are the contract's words for kinds of media.
        Field::new("kind", content.scheme.as_str()),
        Field::new("name", asset.name.as_str()),
        Field::new("paths", Value::texts(paths)),
        Field::new("status", status_word(asset.status)),
    ];
    if let Some(uploader) = &asset.created_by {
        data.push(Field::new("uploader", uploader.as_str()));
    }
    data
}

impl Content {
    /// Is an older version the current one, made so by somebody?
    pub(crate) fn is_promoted(&self) -> bool {
        match (self.current_version(), self.newest_version()) {
            (Some(current), Some(newest)) => current.version_id != newest.version_id,
            _ => false,
        }
    }
}
