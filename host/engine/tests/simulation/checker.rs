//! What must hold, checked whenever something was written: half of it against what hosts were told,
//! half against what stands in the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use forebay_model::audit::GENESIS;
use forebay_model::event::DeliveryContent;
use forebay_model::run::{Run, RunState};
use forebay_model::{Event, RunId, Timestamp};
use forebay_store::Store;
use forebay_store::intake::StoredEvent;
use forebay_store::query::{EventFilter, InboxItem, Page, PageRequest, RunFilter};
use forebay_store::runs::{After, Claim, Claimed, StepCommit};

use crate::host::at_once;
use crate::sim::{Invariant, Sim};
use crate::vendor::{happening, process};

/// What hosts were told so far.
#[derive(Default)]
pub(crate) struct Checker {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// The newest claim of each run.
    epochs: BTreeMap<RunId, u64>,
    /// What each claim is about.
    claimed: BTreeMap<(RunId, u64), Option<u64>>,
    /// Inbox items that ended in a step.
    items: BTreeSet<u64>,
    /// Happenings that ended in a step, with their run.
    handled: BTreeMap<u64, RunId>,
    /// Happenings that a host acknowledged.
    promised: BTreeSet<u64>,
    /// Timers that each run's last step asked for.
    timers: BTreeMap<RunId, BTreeMap<String, Timestamp>>,
    /// Keys of calls whose run was parked as `possible-duplicate`.
    excused: BTreeSet<String>,
    /// Last audit record that was looked at: cursor, sequence, hash.
    audited: (Option<String>, u64, String),
    /// Something was written since the last look at the store.
    dirty: bool,
}

impl Checker {
    /// The store was written.
    pub(crate) fn written(&self) {
        self.inner().dirty = true;
    }

    /// Runs were claimed.
    pub(crate) fn claimed(&self, claimed: &[Claimed]) {
        let mut inner = self.inner();
        inner.dirty = true;
        for claimed in claimed {
            let claim = &claimed.claim;
            inner.epochs.insert(claim.run.clone(), claim.epoch);
            let about = match &claimed.delivery {
                DeliveryContent::Event(incoming) => Some(happening(&incoming.event)),
                _ => None,
            };
            inner
                .claimed
                .insert((claim.run.clone(), claim.epoch), about);
        }
    }

    /// The newest claim of a run.
    pub(crate) fn newest_claim(&self, run: &RunId) -> Option<u64> {
        self.inner().epochs.get(run).copied()
    }

    /// A write under this claim was taken.
    pub(crate) fn wrote(&self, sim: &Sim, claim: &Claim, what: &str) {
        self.written();
        let newest = self.newest_claim(&claim.run);
        if newest != Some(claim.epoch) {
            let message = format!("{what} of {claim:?} was taken, the newest claim is {newest:?}");
            sim.violated(Invariant::Fenced, message);
        }
    }

    /// A step was taken.
    pub(crate) fn stepped(&self, sim: &Sim, store: &dyn Store, claim: &Claim, commit: &StepCommit) {
        self.wrote(sim, claim, "a step");
        let mut inner = self.inner();
        if !inner.items.insert(commit.item) {
            let message = format!(
                "inbox item {} of {} was handled again",
                commit.item, claim.run
            );
            sim.violated(Invariant::HandledOnce, message);
        }
        let about = inner
            .claimed
            .get(&(claim.run.clone(), claim.epoch))
            .copied()
            .flatten();
        if let Some(happening) = about
            && let Some(earlier) = inner.handled.insert(happening, claim.run.clone())
        {
            let message = format!(
                "happening {happening} was handled in {earlier}, and again in {}",
                claim.run
            );
            sim.violated(Invariant::HandledOnce, message);
        }
        match &commit.after {
            After::Waiting { timers, .. } => {
                let timers = timers
                    .iter()
                    .map(|timer| (timer.name.clone(), timer.due_at));
                inner.timers.insert(claim.run.clone(), timers.collect());
            }
            After::Completed(_) | After::Cancelled(_) => {
                inner.timers.remove(&claim.run);
            }
            After::Parked(_) => {}
        }
        drop(inner);
        self.early_events_came(sim, store, claim, commit);
    }

    /// Events that came after the activation began and for which the run now waits are in its inbox.
    fn early_events_came(&self, sim: &Sim, store: &dyn Store, claim: &Claim, commit: &StepCommit) {
        let After::Waiting { waits, .. } = &commit.after else {
            return;
        };
        let waited = |stored: &StoredEvent| {
            stored.id > commit.watermark
                && waits.iter().any(|wait| {
                    wait.connection == stored.connection
                        && stored.event.entities().any(|entity| *entity == wait.entity)
                        && (wait.kinds.is_empty() || wait.kinds.contains(&stored.event.kind))
                })
        };
        let early: Vec<u64> = events(store)
            .iter()
            .filter(|stored| waited(stored))
            .map(|stored| happening(&stored.event))
            .collect();
        if early.is_empty() {
            return;
        }
        let inbox = happenings_in(&at_once(store.inbox(&claim.run)).unwrap());
        let inner = self.inner();
        for number in early {
            if !inbox.contains(&number) && inner.handled.get(&number) != Some(&claim.run) {
                let message = format!(
                    "happening {number} came before {} waited for it, and never came to it",
                    claim.run
                );
                sim.violated(Invariant::EarlyEvents, message);
            }
        }
    }

    /// A host said that it has these.
    pub(crate) fn promised(&self, events: &[Event]) {
        let mut inner = self.inner();
        let known = inner.promised.len();
        inner.promised.extend(events.iter().map(happening));
        inner.dirty |= inner.promised.len() > known;
    }

    /// How many happenings hosts said they have.
    pub(crate) fn promises(&self) -> usize {
        self.inner().promised.len()
    }

    /// A run was parked, perhaps because nobody knows whether these calls had their effect.
    pub(crate) fn excuse(&self, keys: impl IntoIterator<Item = String>) {
        self.inner().excused.extend(keys);
    }

    /// May this key have its effect again?
    pub(crate) fn may_repeat(&self, key: &str) -> bool {
        self.inner().excused.contains(key)
    }

    /// Look at the store, if anything was written since the last look; says whether.
    pub(crate) fn look(&self, sim: &Sim, store: &dyn Store) -> bool {
        if !std::mem::take(&mut self.inner().dirty) {
            return false;
        }
        let runs = runs(store);
        self.one_live_run_per_key(sim, &runs);
        let live = runs.iter().filter(|run| run.state.is_live());
        let inboxes: BTreeMap<&RunId, Vec<InboxItem>> = live
            .map(|run| (&run.id, at_once(store.inbox(&run.id)).unwrap()))
            .collect();
        self.nothing_is_lost(sim, store, &runs, inboxes.values());
        for (run, inbox) in &inboxes {
            self.timers_are_kept(sim, store, run, inbox);
        }
        self.audit_goes_on(sim, store);
        true
    }

    fn one_live_run_per_key(&self, sim: &Sim, runs: &[Run]) {
        let mut keys = BTreeSet::new();
        for run in runs.iter().filter(|run| run.state.is_live()) {
            if !keys.insert((&run.flow, &run.business_key)) {
                let message = format!("two live runs of {} under {}", run.flow, run.business_key);
                sim.violated(Invariant::OneLiveRun, message);
            }
        }
    }

    fn nothing_is_lost<'a>(
        &self,
        sim: &Sim,
        store: &dyn Store,
        runs: &[Run],
        inboxes: impl Iterator<Item = &'a Vec<InboxItem>>,
    ) {
        let waiting: BTreeSet<u64> = inboxes.flat_map(|inbox| happenings_in(inbox)).collect();
        let stored = events(store);
        let inner = self.inner();
        for event in stored.iter().filter(|event| event.routed) {
            let number = happening(&event.event);
            let ignored = event
                .routing
                .iter()
                .any(|line| line.starts_with("ignored by"));
            let kept = event
                .routing
                .iter()
                .any(|line| line.starts_with("kept for"));
            // It is offered again at the end of an activation that may begin to wait for it.
            let early = runs.iter().any(|run| {
                event.event.entity == process(&run.subject.id)
                    && run.state.is_live()
                    && run.state != RunState::Waiting
            });
            let there = inner.handled.contains_key(&number) || waiting.contains(&number);
            if !(there || ignored || kept || early) {
                let message = format!("happening {number} was routed nowhere: {event:?}");
                sim.violated(Invariant::NothingLost, message);
            }
        }
        let stored: BTreeSet<u64> = stored.iter().map(|event| happening(&event.event)).collect();
        if let Some(number) = inner.promised.difference(&stored).next() {
            let message = format!("happening {number} was taken and is not there");
            sim.violated(Invariant::NothingLost, message);
        }
    }

    fn timers_are_kept(&self, sim: &Sim, store: &dyn Store, run: &RunId, inbox: &[InboxItem]) {
        let Some(wanted) = self.inner().timers.get(run).cloned() else {
            return;
        };
        let mut there: BTreeMap<String, Timestamp> = at_once(store.timers(run))
            .unwrap()
            .into_iter()
            .map(|timer| (timer.name, timer.due_at))
            .collect();
        for item in inbox {
            if let DeliveryContent::Timer(fired) = &item.delivery {
                there.insert(fired.name.clone(), fired.due_at);
            }
        }
        if there != wanted {
            let message = format!("{run} set {wanted:?}, there is {there:?}");
            sim.violated(Invariant::NoTimerSkipped, message);
        }
    }

    /// New audit records follow on those before.
    fn audit_goes_on(&self, sim: &Sim, store: &dyn Store) {
        let (mut cursor, mut sequence, mut hash) = self.inner().audited.clone();
        if sequence == 0 {
            GENESIS.clone_into(&mut hash);
        }
        loop {
            let page = PageRequest {
                cursor: cursor.clone(),
                limit: 500,
            };
            let page: Page<_> = at_once(store.audit_records(None, page)).unwrap();
            let seen = sequence;
            for record in page.items.iter().filter(|record| record.sequence > seen) {
                let fits = record.sequence == sequence + 1
                    && record.previous == hash
                    && record.entry.hash(record.sequence, &hash).unwrap() == record.hash;
                if !fits {
                    let message = format!("after {sequence} comes {record:?}");
                    sim.violated(Invariant::AuditWhole, message);
                    return;
                }
                sequence = record.sequence;
                hash.clone_from(&record.hash);
            }
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        self.inner().audited = (cursor, sequence, hash);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

fn happenings_in(inbox: &[InboxItem]) -> BTreeSet<u64> {
    let events = inbox.iter().filter_map(|item| match &item.delivery {
        DeliveryContent::Event(incoming) => Some(happening(&incoming.event)),
        _ => None,
    });
    events.collect()
}

/// All runs.
pub(crate) fn runs(store: &dyn Store) -> Vec<Run> {
    let page = PageRequest {
        cursor: None,
        limit: 500,
    };
    at_once(store.runs(RunFilter::default(), page))
        .unwrap()
        .items
}

/// All events.
pub(crate) fn events(store: &dyn Store) -> Vec<StoredEvent> {
    let page = PageRequest {
        cursor: None,
        limit: 500,
    };
    at_once(store.events(EventFilter::default(), page))
        .unwrap()
        .items
}
