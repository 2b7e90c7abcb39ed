//! Events and deliveries.

use forebay_model::{DeliveryContent, Event, FieldValue};
use forebay_store::intake::StoredEvent;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Time;

/// Something at a vendor.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Entity)]
pub(crate) struct EntityView {
    /// `asset`, `collection`, `process`, `task`, …
    pub(crate) kind: String,
    /// The vendor's identifier.
    pub(crate) id: String,
}

/// An event as its connector normalised it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    /// `asset.created`, `process.completed`, …
    kind: String,
    /// What it happened to.
    entity: EntityView,
    /// Version it concerns.
    version: Option<String>,
    /// What tells this happening from the next of the same kind.
    change_token: String,
    /// When it happened, by the vendor's clock.
    occurred_at: Time,
    /// Who did it.
    actor: Option<String>,
    /// The run that caused it.
    origin: Option<String>,
    /// Further entities it is delivered for.
    related: Vec<EntityView>,
    /// What the vendor said about it.
    data: Vec<FieldView>,
}

/// A named value.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Field)]
struct FieldView {
    /// The vendor's name of the field.
    name: String,
    /// Its value; times are RFC 3339.
    value: Value,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        Self {
            kind: event.kind,
            entity: event.entity.into(),
            version: event.version,
            change_token: event.change_token,
            occurred_at: event.occurred_at.into(),
            actor: event.actor,
            origin: event.origin,
            related: event.related.into_iter().map(EntityView::from).collect(),
            data: event
                .data
                .into_iter()
                .map(|field| FieldView {
                    name: field.name,
                    value: plain(field.value),
                })
                .collect(),
        }
    }
}

fn plain(value: FieldValue) -> Value {
    match value {
        FieldValue::None => Value::Null,
        FieldValue::Text(text) | FieldValue::Date(text) => text.into(),
        FieldValue::Integer(number) => number.into(),
        FieldValue::Number(number) => number.into(),
        FieldValue::Boolean(truth) => truth.into(),
        FieldValue::Timestamp(at) => at.to_string().into(),
        FieldValue::Texts(texts) => json!(texts),
        FieldValue::Json(text) => super::json(&text),
    }
}

/// An event with what became of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StoredEvent)]
pub(crate) struct StoredEventView {
    /// Its number, in order of arrival.
    id: u64,
    /// Its identity: reports with the same identity are one event.
    identity: String,
    /// The connection it happened at.
    connection: String,
    /// How it came first: `poll`, `webhook` or `rest`.
    source: String,
    /// When it came first.
    received_at: Time,
    /// How often it was reported.
    seen: u32,
    /// Has it been routed?
    routed: bool,
    /// What became of it: delivered to which runs, ignored by which flows and why.
    routing: Vec<String>,
    /// The event.
    event: EventView,
}

impl From<StoredEvent> for StoredEventView {
    fn from(stored: StoredEvent) -> Self {
        Self {
            id: stored.id,
            identity: stored.identity.0,
            connection: stored.connection.to_string(),
            source: stored.source,
            received_at: stored.received_at.into(),
            seen: stored.seen,
            routed: stored.routed,
            routing: stored.routing,
            event: stored.event.into(),
        }
    }
}

/// What an activation is about.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[schema(as = Delivery)]
pub(crate) enum DeliveryView {
    /// Started over REST or by another run.
    Request {
        /// The input.
        input: Value,
    },
    /// An event of a bound connection.
    Event {
        /// The connection.
        connection: String,
        /// The role it is bound to.
        role: String,
        /// The event.
        event: Box<EventView>,
    },
    /// A timer that came due.
    Timer {
        /// Its name.
        name: String,
        /// When it was due.
        due_at: Time,
    },
    /// A message from an operator or another run.
    Signal {
        /// Its name.
        name: String,
        /// What it carries.
        data: Value,
        /// `operator:NAME` or `run:ID`.
        sender: String,
    },
}

impl From<DeliveryContent> for DeliveryView {
    fn from(delivery: DeliveryContent) -> Self {
        match delivery {
            DeliveryContent::Request(input) => Self::Request {
                input: super::json(&input),
            },
            DeliveryContent::Event(incoming) => Self::Event {
                connection: incoming.connection.to_string(),
                role: incoming.role,
                event: Box::new(incoming.event.into()),
            },
            DeliveryContent::Timer(fired) => Self::Timer {
                name: fired.name,
                due_at: fired.due_at.into(),
            },
            DeliveryContent::Signal(signal) => Self::Signal {
                name: signal.name,
                data: super::json(&signal.data),
                sender: signal.sender,
            },
        }
    }
}
