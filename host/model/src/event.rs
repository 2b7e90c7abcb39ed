//! Events: something that happened at a connection.

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use crate::name::ConnectionName;
use crate::time::Timestamp;

/// Something at a vendor that events are about and runs subscribe to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entity {
    /// `asset`, `collection`, `process`, `task`, … or a third party's word.
    pub kind: String,
    /// The vendor's identifier, opaque to the host.
    pub id: String,
}

/// The typed value of a field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldValue {
    /// No value stands there.
    None,
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
    /// A point in time.
    Timestamp(Timestamp),
    /// A calendar date, `YYYY-MM-DD`.
    Date(String),
    /// Several texts.
    Texts(Vec<String>),
    /// A document, as JSON text.
    Json(String),
}

/// A named value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// The vendor's name of the field.
    pub name: String,
    /// Its value.
    pub value: FieldValue,
}

/// An event as its connector normalised it. See `forebay:connector/types.event`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    /// `asset.created`, `process.completed`, …
    pub kind: String,
    /// What it happened to.
    pub entity: Entity,
    /// Version it concerns.
    pub version: Option<String>,
    /// What tells this happening from the next of the same kind.
    pub change_token: String,
    /// When it happened, by the vendor's clock.
    pub occurred_at: Timestamp,
    /// Who did it.
    pub actor: Option<String>,
    /// The run that caused it, where the change carries the marker.
    pub origin: Option<String>,
    /// Further entities it should be delivered for.
    pub related: Vec<Entity>,
    /// What the vendor said about it.
    pub data: Vec<Field>,
    /// SHA-256 of the raw payload in hexadecimal.
    pub raw_digest: Option<String>,
}

/// The stable identity of an event: two reports with the same identity are one event (rule C-03).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventIdentity(pub String);

impl Event {
    /// Identity of this event at a connection: connection, entity, kind and change token.
    #[must_use]
    pub fn identity(&self, connection: &ConnectionName) -> EventIdentity {
        let mut hash = sha2::Sha256::new();
        let parts = [
            connection.as_str(),
            &self.entity.kind,
            &self.entity.id,
            &self.kind,
            &self.change_token,
        ];
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        EventIdentity(format!("e-{}", &hex::encode(hash.finalize())[..32]))
    }

    /// The entities it is delivered for: its own and the related ones.
    pub fn entities(&self) -> impl Iterator<Item = &Entity> {
        std::iter::once(&self.entity).chain(&self.related)
    }
}

/// What one activation is about. The serde form is that of `use-case-handler.delivery`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryContent {
    /// Started over REST or by another run; JSON text.
    Request(String),
    /// An event of a bound connection.
    Event(Box<Incoming>),
    /// A timer that came due.
    Timer(Fired),
    /// A message from an operator or another run.
    Signal(Signal),
}

impl DeliveryContent {
    /// A word for lists and logs: the event's kind, the timer's or signal's name, or `request`.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Request(_) => "request".to_owned(),
            Self::Event(incoming) => incoming.event.kind.clone(),
            Self::Timer(fired) => format!("timer {}", fired.name),
            Self::Signal(signal) => format!("signal {}", signal.name),
        }
    }
}

/// An event with the connection it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incoming {
    /// The connection.
    pub connection: ConnectionName,
    /// The role it is bound to in the receiving flow.
    pub role: String,
    /// The event.
    pub event: Event,
}

/// A timer that came due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fired {
    /// Its name.
    pub name: String,
    /// When it was due.
    pub due_at: Timestamp,
}

/// A message from an operator or another run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Its name.
    pub name: String,
    /// JSON text.
    pub data: String,
    /// `operator:NAME` or `run:ID`.
    pub sender: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(token: &str) -> Event {
        Event {
            kind: "asset.created".into(),
            entity: Entity {
                kind: "asset".into(),
                id: "image/abc".into(),
            },
            version: None,
            change_token: token.into(),
            occurred_at: Timestamp(1),
            actor: None,
            origin: None,
            related: Vec::new(),
            data: vec![Field {
                name: "market".into(),
                value: FieldValue::Texts(vec!["DE".into()]),
            }],
            raw_digest: None,
        }
    }

    #[test]
    fn identity_ignores_what_a_webhook_and_a_poll_may_say_differently() {
        let connection = ConnectionName::from("canto-main");
        let mut polled = event("v1");
        polled.actor = Some("ann".into());
        polled.occurred_at = Timestamp(2);
        assert_eq!(
            event("v1").identity(&connection),
            polled.identity(&connection)
        );
        assert_ne!(
            event("v1").identity(&connection),
            event("v2").identity(&connection)
        );
        assert_ne!(
            event("v1").identity(&connection),
            event("v1").identity(&"other".into())
        );
    }

    #[test]
    fn the_json_form_is_that_of_the_wit_type() {
        let json = serde_json::to_value(event("v1")).unwrap();
        assert_eq!(json["change-token"], "v1");
        assert_eq!(json["data"][0]["value"]["texts"][0], "DE");
        assert_eq!(serde_json::to_value(FieldValue::None).unwrap(), "none");
    }
}
