//! What must hold at the end of a history.

use std::collections::BTreeMap;

use forebay_model::run::{Run, RunState};
use forebay_store::Store;
use forebay_store::query::PageRequest;

use crate::checker::{events, runs};
use crate::host::at_once;
use crate::sim::{Invariant, Sim};
use crate::vendor::happening;

/// All is done, and all of it once.
pub(crate) fn ended_well(sim: &Sim, store: &dyn Store) {
    let runs = runs(store);
    for run in &runs {
        if run.state != RunState::Completed {
            sim.violated(Invariant::Ends, format!("{run:#?}"));
        }
    }
    if runs.len() as u64 != 2 * sim.profile.assets {
        let message = format!("{} runs for {} assets", runs.len(), sim.profile.assets);
        sim.violated(Invariant::NothingLost, message);
    }
    let stored = events(store);
    if stored.len() as u64 != sim.vendor.happenings() || stored.iter().any(|event| !event.routed) {
        let routed: Vec<(u64, bool)> = stored
            .iter()
            .map(|event| (happening(&event.event), event.routed))
            .collect();
        let message = format!(
            "{} happenings, stored and routed: {routed:?}",
            sim.vendor.happenings()
        );
        sim.violated(Invariant::NothingLost, message);
    }
    if let Err(place) = at_once(store.verify_audit()).unwrap() {
        sim.violated(
            Invariant::AuditWhole,
            format!("record {place} does not fit"),
        );
    }
    effects_are_audited(sim, store, &runs);
}

fn effects_are_audited(sim: &Sim, store: &dyn Store, runs: &[Run]) {
    let mut audited: BTreeMap<String, u32> = BTreeMap::new();
    for run in runs {
        let page = PageRequest {
            cursor: None,
            limit: 500,
        };
        let records = at_once(store.audit_records(Some(&run.id), page)).unwrap();
        let calls = records
            .items
            .iter()
            .filter(|record| record.entry.action == "call");
        for record in calls {
            let key = record.entry.details["key"].as_str().unwrap().to_owned();
            *audited.entry(key).or_default() += 1;
        }
    }
    for (effect, keys) in sim.vendor.effects() {
        for key in keys {
            let times = audited.get(&key).copied().unwrap_or_default();
            if times != 1 {
                let message = format!("{effect} is audited {times} times");
                sim.violated(Invariant::EffectsAudited, message);
            }
        }
    }
}
