//! Moving a run to the handler and configuration of now: what that would change, or why it cannot be.
//!
//! Nothing is written here. The store moves the run in one transaction, and only if it is still as
//! it was when its state was migrated.

use std::collections::BTreeSet;

use forebay_model::Digest;
use forebay_model::flow::FlowSpec;
use forebay_model::manifest::HandlerInfo;
use forebay_model::plugin::Plugin;
use forebay_model::run::Run;
use forebay_store::runs::Upgrade;
use serde_json::Value;

use crate::core::Core;
use crate::{Error, Result};

/// What a run is pinned to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Digest of the handler.
    pub handler: Digest,
    /// The version the handler gives itself, if its file is known.
    pub handler_version: Option<String>,
    /// Hash of the flow's configuration.
    pub config_hash: String,
    /// Version of the handler's state.
    pub state_version: u32,
}

/// What moving a run changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// What it is pinned to.
    pub from: Pin,
    /// What it is pinned to afterwards.
    pub to: Pin,
    /// Keys of the state's top level that come.
    pub added: Vec<String>,
    /// Those that go.
    pub removed: Vec<String>,
    /// Those whose values change.
    pub changed: Vec<String>,
}

/// A move that can be asked of the store.
pub(super) struct Planned {
    pub(super) upgrade: Upgrade,
    /// Absent if the run is where it should be.
    pub(super) changes: Option<Move>,
}

impl Core {
    /// Work out what moves a run to the newest handler and the configuration in force.
    pub(super) async fn plan_upgrade(&self, run: &Run) -> Result<Planned> {
        let flow = self
            .flow(&run.flow)
            .map_err(|_| refused(format!("the flow {} is not configured any more", run.flow)))?;
        let handler = self.handler(&flow.spec).map_err(refused)?;
        let mut upgrade = Upgrade {
            from_handler: run.handler.clone(),
            from_config: run.config_hash.clone(),
            activations: run.activations,
            handler: handler.digest.clone(),
            config_hash: flow.config_hash.clone(),
            state: run.handler_state.clone(),
            state_version: run.state_version,
        };
        let is_there = (&run.handler, &run.config_hash) == (&handler.digest, &flow.config_hash);
        if is_there || !run.state.is_live() {
            return Ok(Planned {
                upgrade,
                changes: None,
            });
        }
        let pinned = self.pinned_flow(&run.config_hash).await;
        let pinned = pinned.map_err(|error| match error {
            Error::Store(error) => Error::Store(error),
            other => refused(other),
        })?;
        check_flows(&pinned, &flow.spec)?;
        if let (Some(state), Some(info)) = (&run.handler_state, handler.handler()) {
            let migrated = self
                .migrate(run.state_version, state, &handler, info)
                .await?;
            check_state(&migrated, info)?;
            upgrade.state = Some(migrated);
            upgrade.state_version = info.state_version;
        }
        let changes = self.changes(run, &handler, &upgrade);
        Ok(Planned {
            upgrade,
            changes: Some(changes),
        })
    }

    /// The state in the form of the handler, taken over if it has an older one.
    async fn migrate(
        &self,
        from: u32,
        state: &str,
        handler: &Plugin,
        info: &HandlerInfo,
    ) -> Result<String> {
        let to = info.state_version;
        if from == to {
            return Ok(state.to_owned());
        }
        if from > to {
            return Err(refused(format!(
                "its state has version {from}, the handler {} knows {to} only",
                handler.version()
            )));
        }
        let migrated = self.guests.migrate(&handler.digest, state, from).await?;
        migrated.map_err(|why| {
            refused(format!(
                "the handler {} cannot take over state of version {from}: {why}",
                handler.version()
            ))
        })
    }

    fn changes(&self, run: &Run, handler: &Plugin, upgrade: &Upgrade) -> Move {
        let old = self.guests.plugin(&run.handler);
        let from = Pin {
            handler: run.handler.clone(),
            handler_version: old.map(|plugin| plugin.version().to_owned()),
            config_hash: run.config_hash.clone(),
            state_version: run.state_version,
        };
        let to = Pin {
            handler: upgrade.handler.clone(),
            handler_version: Some(handler.version().to_owned()),
            config_hash: upgrade.config_hash.clone(),
            state_version: upgrade.state_version,
        };
        let (before, after) = (
            keys(run.handler_state.as_deref()),
            keys(upgrade.state.as_deref()),
        );
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let (mut added, mut removed, mut changed) = (Vec::new(), Vec::new(), Vec::new());
        for name in names {
            match (before.get(name), after.get(name)) {
                (None, _) => added.push(name.clone()),
                (_, None) => removed.push(name.clone()),
                (old, new) if old != new => changed.push(name.clone()),
                _ => {}
            }
        }
        Move {
            from,
            to,
            added,
            removed,
            changed,
        }
    }
}

fn refused(reason: impl std::fmt::Display) -> Error {
    Error::Refused(reason.to_string())
}

/// The top level of a state.
fn keys(state: Option<&str>) -> serde_json::Map<String, Value> {
    match state.map(serde_json::from_str) {
        Some(Ok(Value::Object(keys))) => keys,
        _ => serde_json::Map::new(),
    }
}

/// What a live run cannot take along: its state names things at the vendors it began with, and holds
/// made-up answers if it began without effects.
fn check_flows(pinned: &FlowSpec, current: &FlowSpec) -> Result<()> {
    if pinned.handler != current.handler {
        return Err(refused(format!(
            "it began with the handler {}, the flow has {} now",
            pinned.handler, current.handler
        )));
    }
    if pinned.mode != current.mode {
        return Err(refused(format!(
            "it began in mode {}, the flow is in mode {} now",
            name_of(pinned),
            name_of(current)
        )));
    }
    for (role, connection) in &pinned.connections {
        if current.connections.get(role) != Some(connection) {
            return Err(refused(format!(
                "it began with the connection {connection} as `{role}`, and knows things that are \
                 there only"
            )));
        }
    }
    Ok(())
}

fn name_of(flow: &FlowSpec) -> &'static str {
    match flow.mode {
        forebay_model::flow::Mode::Enforce => "enforce",
        forebay_model::flow::Mode::Observe => "observe",
    }
}

/// Does a state fit the handler's own schema?
fn check_state(state: &str, info: &HandlerInfo) -> Result<()> {
    let invalid = |why: String| refused(format!("the migrated state does not fit: {why}"));
    let state: Value = serde_json::from_str(state).map_err(|error| invalid(error.to_string()))?;
    let schema: Value =
        serde_json::from_str(&info.state_schema).map_err(|error| invalid(error.to_string()))?;
    let validator =
        jsonschema::validator_for(&schema).map_err(|error| invalid(error.to_string()))?;
    validator.validate(&state).map_err(|error| {
        // The value itself stays out of messages: state may hold what is personal.
        let place = error.instance_path().to_string();
        let place = if place.is_empty() {
            "/".to_owned()
        } else {
            place
        };
        invalid(format!("{} at {place}", error.masked()))
    })
}
