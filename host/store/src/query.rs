//! What the API asks for.

use forebay_model::event::DeliveryContent;
use forebay_model::run::RunState;
use forebay_model::{ConnectionName, Entity, FlowName, RunId, Timestamp};
use serde::Serialize;

/// Which page, and how long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// `next` of the page before; opaque.
    pub cursor: Option<String>,
    /// Most entries; 0 means the store's default of 50. At most 500.
    pub limit: u32,
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Cursor of the next page; absent on the last.
    pub next: Option<String>,
}

/// Which runs. All conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Of this flow.
    pub flow: Option<FlowName>,
    /// In one of these states; empty means any.
    pub states: Vec<RunState>,
    /// With this business key.
    pub business_key: Option<String>,
    /// About this entity id.
    pub subject: Option<String>,
    /// With this label.
    pub label: Option<(String, String)>,
    /// Created at or after.
    pub since: Option<Timestamp>,
    /// Created before.
    pub until: Option<Timestamp>,
    /// Stalled: something could have happened to it since this time and has not. It has an inbox item,
    /// a retry, a lease or a timer that was due then.
    pub stalled_since: Option<Timestamp>,
}

/// Which events. All conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// At this connection.
    pub connection: Option<ConnectionName>,
    /// Of this kind.
    pub kind: Option<String>,
    /// About this entity id.
    pub entity: Option<String>,
    /// Only not yet routed ones.
    pub unrouted: bool,
}

/// Something in a run's inbox.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InboxItem {
    /// Its number.
    pub id: u64,
    /// What it is.
    pub delivery: DeliveryContent,
    /// When it came.
    pub arrived_at: Timestamp,
}

/// A subscription of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunWait {
    /// Connection of the entity.
    pub connection: ConnectionName,
    /// The entity.
    pub entity: Entity,
    /// Kinds wanted; empty for all.
    pub kinds: Vec<String>,
}

/// A timer of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunTimer {
    /// Its name.
    pub name: String,
    /// When it is due.
    pub due_at: Timestamp,
}

/// Something a run told operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoticeRecord {
    /// The run.
    pub run: RunId,
    /// The channel.
    pub channel: String,
    /// The message.
    pub message: String,
    /// When.
    pub at: Timestamp,
}
