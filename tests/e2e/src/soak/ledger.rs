//! What is counted: runs that ended, events, calls, effects that may happen once, the store's size.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use forebay_model::run::{Run, RunState};
use forebay_simulators::common::Call;
use forebay_store::intake::StoredEvent;
use forebay_store::query::{EventFilter, PageRequest, RunFilter};
use forebay_store::runs::Control;

use super::KEPT;
use crate::World;
use crate::shows::{collections_made_twice, links_made_twice, processes_started_twice};

/// Entries read at once.
const PAGE: u32 = 500;

/// Effects that make something new each time. Setting a value that is set already is harmless, and
/// after a lost answer there is no other way; these would be seen by people.
const ONCE: [&str; 9] = [
    "create-share",
    "create-segment",
    "create-relation",
    "create-asset",
    "archive-format",
    "comment",
    "comment-version",
    "message",
    "upload",
];

/// What the store holds at some time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Holding {
    /// Time that had passed.
    pub passed: Duration,
    /// Runs that had ended by then, those that are no longer kept included.
    pub ended: usize,
    /// Runs it holds.
    pub runs: usize,
    /// Those of them that have not ended; they are never removed.
    pub live: usize,
    /// Events it holds.
    pub events: usize,
    /// Runs and events that should have been removed: they are older than history is kept, and no
    /// live run holds them.
    pub outlived: usize,
    /// Records of the audit, which are kept for ever.
    pub audit: u64,
    /// Bytes that hold something.
    pub bytes: u64,
}

/// The counts.
#[derive(Default)]
pub(super) struct Ledger {
    ended: HashSet<String>,
    once: HashSet<String>,
    /// Runs that ended, by flow.
    pub(super) by_flow: BTreeMap<String, u32>,
    /// Calls of the host.
    pub(super) calls: u64,
    /// Effects of these.
    pub(super) effects: u64,
    /// Runs that were parked and tried again by an operator, by code.
    pub(super) parked: BTreeMap<String, u32>,
    /// Effects that happened twice.
    pub(super) repeated: Vec<String>,
}

impl Ledger {
    /// How many runs have ended.
    pub(super) fn ended(&self) -> usize {
        self.ended.len()
    }

    /// Count the runs; an operator tries those again that are parked.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) async fn count_runs(&mut self, world: &World) -> anyhow::Result<Vec<Run>> {
        let runs = all_runs(world).await?;
        for run in &runs {
            if run.state == RunState::Parked {
                let code = run.park_reason.as_ref();
                let code = code.map(|why| why.code.clone()).unwrap_or_default();
                *self.parked.entry(code).or_default() += 1;
                world.control(run, Control::Retry).await?;
            }
            if !run.state.is_live() && self.ended.insert(run.id.to_string()) {
                *self.by_flow.entry(run.flow.to_string()).or_default() += 1;
            }
        }
        Ok(runs)
    }

    /// Count what the simulators wrote down, and let them forget it.
    pub(super) fn close_books(&mut self, world: &World) {
        for frame in world.frames() {
            let calls = frame.recorder().calls();
            frame.recorder().clear();
            self.calls += calls.len() as u64;
            for call in calls {
                self.effects += call.effects.len() as u64;
                if let Some(what) = once(frame.name(), &call)
                    && !self.once.insert(what)
                {
                    self.repeated
                        .push(format!("{} {}", frame.name(), told(&call)));
                }
            }
        }
    }

    /// What happened twice, the books of the whole time together.
    pub(super) fn duplicates(&self, world: &World) -> Vec<String> {
        let mut found = self.repeated.clone();
        found.extend(processes_started_twice(world));
        found.extend(links_made_twice(world));
        found.extend(collections_made_twice(world));
        found
    }

    /// What the store holds, after all was removed that may go.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) async fn holding(&self, world: &World, passed: Duration) -> anyhow::Result<Holding> {
        prune(world).await?;
        let store = world.core().store();
        let size = store.size().await?;
        let audit = store.verify_audit().await?;
        let audit = audit.map_err(|at| anyhow::anyhow!("the audit is broken at {at}"))?;
        let (runs, events) = (all_runs(world).await?, events(world, false).await?);
        let live = runs.iter().filter(|run| run.state.is_live());
        let live: Vec<&str> = live.map(|run| run.id.as_str()).collect();
        let old = world.clock_now().minus(KEPT);
        let runs_outlived = runs
            .iter()
            .filter(|run| !run.state.is_live() && run.updated_at <= old);
        let is_held = |event: &&StoredEvent| {
            let mut lines = event.routing.iter();
            lines.any(|line| live.iter().any(|run| line.contains(run)))
        };
        let events_outlived = events.iter().filter(|event| event.received_at <= old);
        let events_outlived = events_outlived.filter(|event| !is_held(event));
        Ok(Holding {
            passed,
            ended: self.ended.len(),
            runs: runs.len(),
            live: live.len(),
            events: events.len(),
            outlived: runs_outlived.count() + events_outlived.count(),
            audit,
            bytes: size.bytes - size.free,
        })
    }
}

/// What makes a call with such an effect different from all others.
fn once(vendor: &str, call: &Call) -> Option<String> {
    let effect = call
        .effects
        .iter()
        .find(|effect| ONCE.contains(&effect.as_str()))?;
    let Call {
        path,
        query,
        body_digest,
        ..
    } = call;
    Some(format!("{vendor} {effect} {path} {query} {body_digest}"))
}

fn told(call: &Call) -> String {
    let body = call.body.as_deref().unwrap_or_default();
    format!("{} {} {body}", call.operation, call.path)
}

/// Remove all that may go.
///
/// # Errors
/// If the store fails.
pub(super) async fn prune(world: &World) -> anyhow::Result<()> {
    while world.core().prune().await?.more {}
    Ok(())
}

/// All runs that the store holds.
///
/// # Errors
/// If the store fails.
pub(super) async fn all_runs(world: &World) -> anyhow::Result<Vec<Run>> {
    let mut runs = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest {
            cursor,
            limit: PAGE,
        };
        let found = world
            .core()
            .store()
            .runs(RunFilter::default(), page)
            .await?;
        runs.extend(found.items);
        cursor = found.next;
        if cursor.is_none() {
            return Ok(runs);
        }
    }
}

/// The events that the store holds, or those of them that were not routed.
///
/// # Errors
/// If the store fails.
pub(super) async fn events(world: &World, unrouted: bool) -> anyhow::Result<Vec<StoredEvent>> {
    let filter = EventFilter {
        unrouted,
        ..EventFilter::default()
    };
    let mut events = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest {
            cursor,
            limit: PAGE,
        };
        let found = world.core().store().events(filter.clone(), page).await?;
        events.extend(found.items);
        cursor = found.next;
        if cursor.is_none() {
            return Ok(events);
        }
    }
}
