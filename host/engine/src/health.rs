//! Health of connections: what is known about each, and whether runs should wait for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use forebay_model::{ConnectionName, Finding, Timestamp};
use serde::Serialize;

/// What is known about a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConnectionHealth {
    /// Credentials are refused: its runs wait until a check passes.
    pub refused: Option<String>,
    /// When that was first seen.
    pub refused_since: Option<Timestamp>,
    /// Last successful check.
    pub checked_at: Option<Timestamp>,
    /// Findings of the last check.
    pub findings: Vec<Finding>,
    /// Last successful poll.
    pub polled_at: Option<Timestamp>,
    /// What the last poll failed with, if it failed.
    pub poll_error: Option<String>,
    /// What arming the webhooks last said.
    pub webhooks: Vec<Finding>,
}

/// Health of all connections. Kept in memory: it is found out again after a start.
#[derive(Debug, Default)]
pub struct Health {
    connections: Mutex<BTreeMap<ConnectionName, ConnectionHealth>>,
    /// Connections whose check was the last word about their credentials.
    proven: Mutex<BTreeSet<ConnectionName>>,
}

impl Health {
    /// What is known about a connection.
    #[must_use]
    pub fn of(&self, connection: &ConnectionName) -> ConnectionHealth {
        self.lock().get(connection).cloned().unwrap_or_default()
    }

    /// Why runs must not use it now.
    #[must_use]
    pub fn refusal(&self, connection: &ConnectionName) -> Option<String> {
        self.lock().get(connection)?.refused.clone()
    }

    /// Connections whose credentials are refused.
    #[must_use]
    pub fn refused(&self) -> Vec<ConnectionName> {
        let connections = self.lock();
        let refused = connections
            .iter()
            .filter(|(_, health)| health.refused.is_some());
        refused.map(|(name, _)| name.clone()).collect()
    }

    /// Has a check passed, and nothing been refused or reconfigured since?
    #[must_use]
    pub fn is_proven(&self, connection: &ConnectionName) -> bool {
        self.lock_proven().contains(connection)
    }

    /// Note that a check has passed.
    pub fn prove(&self, connection: &ConnectionName) {
        self.forgive(connection);
        self.lock_proven().insert(connection.clone());
    }

    /// Note that the vendor refuses our credentials. Returns whether this is news.
    pub fn refuse(&self, connection: &ConnectionName, message: String, now: Timestamp) -> bool {
        self.lock_proven().remove(connection);
        let mut connections = self.lock();
        let health = connections.entry(connection.clone()).or_default();
        let news = health.refused.is_none();
        health.refused = Some(message);
        health.refused_since.get_or_insert(now);
        news
    }

    /// Forget a refusal: it is found out again if it still stands.
    pub fn forgive(&self, connection: &ConnectionName) {
        self.lock_proven().remove(connection);
        self.update(connection, |health| {
            health.refused = None;
            health.refused_since = None;
        });
    }

    /// Change what is known.
    pub fn update(&self, connection: &ConnectionName, change: impl FnOnce(&mut ConnectionHealth)) {
        change(self.lock().entry(connection.clone()).or_default());
    }

    fn lock_proven(&self) -> std::sync::MutexGuard<'_, BTreeSet<ConnectionName>> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<ConnectionName, ConnectionHealth>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
