//! What monitoring is told of how things stand: gauges that nobody else has an occasion to set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use forebay_model::run::RunState;
use forebay_model::{ConnectionName, FlowName, Timestamp};

use crate::Result;
use crate::core::Core;

/// What was told of before, so that what is gone is told of as nothing and not for ever.
#[derive(Debug, Default)]
pub(crate) struct Told {
    runs: BTreeSet<(FlowName, &'static str)>,
    connections: BTreeMap<ConnectionName, Timestamp>,
}

impl Core {
    /// Tell how many live runs there are (`forebay_runs`), whose credentials are refused
    /// (`forebay_connection_refused`) and how long ago each connection was read
    /// (`forebay_poll_age_seconds`; one that never was counts from when it was first told of).
    ///
    /// # Errors
    /// If the store fails; connections are told of nevertheless.
    pub async fn tell_standing(&self) -> Result<()> {
        self.tell_connections();
        let counts = self.store.run_counts().await?;
        let live = counts
            .into_iter()
            .filter(|(_, state, _)| state.is_live())
            .map(|(flow, state, number)| ((flow, state.as_str()), number));
        let mut live: BTreeMap<(FlowName, &'static str), u64> = live.collect();
        for flow in self.topology().flows.keys() {
            let parked = (flow.clone(), RunState::Parked.as_str());
            live.entry(parked).or_default();
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for gone in told.runs.iter().filter(|key| !live.contains_key(key)) {
            tell_runs(gone, 0);
        }
        for (key, number) in &live {
            tell_runs(key, *number);
        }
        told.runs = live.into_keys().collect();
        Ok(())
    }

    fn tell_connections(&self) {
        let (now, topology) = (self.clock.now(), self.topology());
        let polled: BTreeSet<ConnectionName> = self.pollable().into_iter().collect();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for name in topology.connections.keys() {
            told.connections.entry(name.clone()).or_insert(now);
        }
        for (name, first) in &told.connections {
            let health = self.health.of(name);
            let known = topology.connections.contains_key(name);
            let refused = known && health.refused.is_some();
            metrics::gauge!("forebay_connection_refused", "connection" => name.to_string())
                .set(if refused { 1.0 } else { 0.0 });
            let age = now.since(health.polled_at.unwrap_or(*first));
            let age = if polled.contains(name) {
                age.as_secs_f64()
            } else {
                0.0
            };
            metrics::gauge!("forebay_poll_age_seconds", "connection" => name.to_string()).set(age);
        }
        told.connections
            .retain(|name, _| topology.connections.contains_key(name));
    }
}

fn tell_runs((flow, state): &(FlowName, &'static str), number: u64) {
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 runs")]
    metrics::gauge!("forebay_runs", "flow" => flow.to_string(), "state" => *state)
        .set(number as f64);
}
