//! Configuration as the host uses it: connections, flows, policies. `config` reads it from files.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::name::{ConnectionName, FlowName};
use crate::schedule::ScheduleSpec;

/// Whether effects happen (rule C-24).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// They do.
    #[default]
    Enforce,
    /// They are recorded as intended only.
    Observe,
}

/// A configured use case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowSpec {
    /// Its name.
    pub name: FlowName,
    /// Name of the handler plugin.
    pub handler: String,
    /// Are new events taken up? Events that come while it is off are kept and taken up later.
    pub enabled: bool,
    /// Whether effects happen.
    pub mode: Mode,
    /// Connection bound to each role.
    pub connections: BTreeMap<String, ConnectionName>,
    /// The handler's configuration, with the defaults of its schema.
    pub config: Value,
    /// How retries of vendor calls go.
    pub retry: RetryPolicy,
    /// Most runs of this flow that are active at once.
    pub max_active: u32,
    /// When it is told to do something by itself. No part of what a run is pinned to.
    #[serde(skip)]
    pub schedules: Vec<ScheduleSpec>,
}

impl FlowSpec {
    /// Connection bound to each role, in the form guests get.
    #[must_use]
    pub fn bindings(&self) -> Vec<(String, ConnectionName)> {
        self.connections
            .iter()
            .map(|(role, name)| (role.clone(), name.clone()))
            .collect()
    }
}

/// How calls that fail for the moment are tried again (rule C-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// First pause.
    pub initial: Duration,
    /// Longest pause.
    pub maximum: Duration,
    /// Total time after which the run is parked.
    pub budget: Duration,
}

impl Default for RetryPolicy {
    /// From 1 s to 5 min for at most 24 h: the numbers of rule C-12.
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            maximum: Duration::from_secs(300),
            budget: Duration::from_secs(24 * 3600),
        }
    }
}

/// A configured connector, as the engine sees it: no secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConnectionSpec {
    /// Its name.
    pub name: ConnectionName,
    /// Name of the connector plugin.
    pub plugin: String,
    /// Its settings, with the defaults of the connector's schema.
    pub settings: Value,
    /// How changes are polled.
    pub poll: PollPolicy,
}

/// How changes are polled (rule C-02).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollPolicy {
    /// Pause between polls.
    pub interval: Duration,
    /// How far each poll reads back.
    pub overlap: Duration,
    /// Most events per page.
    pub page: u32,
}

impl Default for PollPolicy {
    /// Every 15 min with 30 min of overlap: the numbers of rule C-02. 200 events a page keep one
    /// transaction small.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(15 * 60),
            overlap: Duration::from_secs(30 * 60),
            page: 200,
        }
    }
}
