//! What all parts of the engine share.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use forebay_model::flow::{ConnectionSpec, FlowSpec};
use forebay_model::ports::Guests;
use forebay_model::{ConnectionName, FlowName, SharedClock, Timestamp};
use forebay_store::Store;
use tokio::sync::Notify;

use crate::dispatch::Active;
use crate::health::Health;
use crate::intake::Gate;
use crate::router::Stalled;
use crate::standing::Told;
use crate::topology::{LiveFlow, Topology};
use crate::watch::Stuck;
use crate::{Error, Options, Result, backfill, schedule};

/// What an engine is put together from.
pub struct Parts {
    /// The durable store.
    pub store: Arc<dyn Store>,
    /// Loaded components.
    pub guests: Arc<dyn Guests>,
    /// Knows webhook secrets.
    pub gate: Arc<dyn Gate>,
    /// The clock.
    pub clock: SharedClock,
    /// Limits and defaults.
    pub options: Options,
    /// Name of this host in claims and logs.
    pub owner: String,
    /// Address under which vendors reach the webhooks; without it none are armed.
    pub public_url: Option<String>,
}

/// The engine: shared state, and each kind of work as a step.
pub struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) guests: Arc<dyn Guests>,
    pub(crate) gate: Arc<dyn Gate>,
    pub(crate) clock: SharedClock,
    pub(crate) options: Options,
    pub(crate) owner: String,
    pub(crate) public_url: Option<String>,
    pub(crate) health: Health,
    pub(crate) active: Active,
    pub(crate) stalled: Mutex<Stalled>,
    pub(crate) stalled_schedules: Mutex<schedule::Stalled>,
    pub(crate) counts: Mutex<backfill::Counts>,
    /// Polls of a connection go one after the other, and so do those who move its cursor by hand.
    poll_turns: Mutex<HashMap<ConnectionName, Arc<tokio::sync::Mutex<()>>>>,
    pub(crate) stuck: Mutex<Stuck>,
    pub(crate) told: Mutex<Told>,
    /// Held by those who need kept plugin files to stay, or let go of them.
    pub(crate) plugin_files: tokio::sync::Mutex<()>,
    /// Requests without a key so far.
    pub(crate) requests: AtomicU64,
    topology: RwLock<Arc<Topology>>,
    pinned: Mutex<HashMap<String, Arc<FlowSpec>>>,
    /// Something may be runnable.
    pub(crate) runs_wake: Notify,
    /// Events may wait to be routed.
    pub(crate) events_wake: Notify,
    /// Webhooks may wait to be normalised.
    pub(crate) webhooks_wake: Notify,
    /// A connection may be due for a poll, or the topology has changed.
    pub(crate) polls_wake: Notify,
    /// The topology has changed, and schedules with it.
    pub(crate) schedules_wake: Notify,
    /// A backfill may have something to do.
    pub(crate) backfills_wake: Notify,
}

impl Core {
    /// An engine without flows; [`Core::configure`] gives it some.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            store: parts.store,
            guests: parts.guests,
            gate: parts.gate,
            clock: parts.clock,
            options: parts.options,
            owner: parts.owner,
            public_url: parts.public_url,
            health: Health::default(),
            active: Active::default(),
            stalled: Mutex::default(),
            stalled_schedules: Mutex::default(),
            counts: Mutex::default(),
            poll_turns: Mutex::default(),
            stuck: Mutex::default(),
            told: Mutex::default(),
            plugin_files: tokio::sync::Mutex::default(),
            requests: AtomicU64::default(),
            topology: RwLock::default(),
            pinned: Mutex::default(),
            runs_wake: Notify::new(),
            events_wake: Notify::new(),
            webhooks_wake: Notify::new(),
            polls_wake: Notify::new(),
            schedules_wake: Notify::new(),
            backfills_wake: Notify::new(),
        })
    }

    /// Take up a configuration. Runs that live keep the one they started with.
    ///
    /// # Errors
    /// If the store cannot keep the flows' configurations.
    pub async fn configure(&self, topology: Topology) -> Result<()> {
        for flow in topology.flows.values() {
            let config = serde_json::to_value(&flow.spec)
                .map_err(|error| Error::Refused(format!("flow {}: {error}", flow.spec.name)))?;
            self.store
                .put_flow_config(&flow.config_hash, &config)
                .await?;
        }
        let connections: Vec<_> = topology.connections.keys().cloned().collect();
        *self
            .topology
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(topology);
        // Whatever was refused before may have been mended by this very configuration, and after a
        // start nobody remembers it: runs that wait for a connection find out anew.
        for connection in connections {
            self.health.forgive(&connection);
            self.store
                .wake_connection(&connection, self.clock.now())
                .await?;
        }
        self.wake_all();
        Ok(())
    }

    /// What is configured now.
    #[must_use]
    pub fn topology(&self) -> Arc<Topology> {
        self.topology
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A configured flow.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn flow(&self, name: &FlowName) -> Result<Arc<LiveFlow>> {
        let found = self.topology().flows.get(name).cloned();
        found.ok_or_else(|| Error::Unknown {
            what: "flow",
            name: name.to_string(),
        })
    }

    /// A configured connection.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn connection(&self, name: &ConnectionName) -> Result<Arc<ConnectionSpec>> {
        let found = self.topology().connections.get(name).cloned();
        found.ok_or_else(|| Error::Unknown {
            what: "connection",
            name: name.to_string(),
        })
    }

    /// The configuration a run is pinned to. There are as many as configurations were ever taken up,
    /// so all that were asked for are kept at hand.
    pub(crate) async fn pinned_flow(&self, hash: &str) -> Result<Arc<FlowSpec>> {
        let known = self
            .pinned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(hash)
            .cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let missing = || Error::Unknown {
            what: "flow configuration",
            name: hash.to_owned(),
        };
        let config = self.store.flow_config(hash).await?.ok_or_else(missing)?;
        let flow: FlowSpec = serde_json::from_value(config).map_err(|error| {
            Error::Refused(format!(
                "the kept flow configuration {hash} cannot be read: {error}"
            ))
        })?;
        let flow = Arc::new(flow);
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        pinned.insert(hash.to_owned(), Arc::clone(&flow));
        Ok(flow)
    }

    /// The store, for queries.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The loaded components.
    #[must_use]
    pub fn guests(&self) -> &Arc<dyn Guests> {
        &self.guests
    }

    /// What is known about connections.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Make every loop look for work: after a start, a reload, a plugin change.
    pub fn wake_all(&self) {
        self.runs_wake.notify_one();
        self.events_wake.notify_one();
        self.webhooks_wake.notify_one();
        self.polls_wake.notify_one();
        self.schedules_wake.notify_one();
        self.backfills_wake.notify_one();
    }

    /// Hand on what came of a write. Where nobody knows whether it was made every loop looks for what
    /// it may have left to do: whoever asked for it cannot tell them.
    pub(crate) fn heard<T>(&self, result: forebay_store::Result<T>) -> forebay_store::Result<T> {
        if let Err(forebay_store::Error::Unknown(_)) = &result {
            self.wake_all();
        }
        result
    }

    /// The turn of whoever reads or moves the cursor of a connection.
    pub(crate) fn poll_turn(&self, connection: &ConnectionName) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self
            .poll_turns
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(connection.clone()).or_default())
    }
}
