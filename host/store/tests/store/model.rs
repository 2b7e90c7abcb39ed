//! Random sequences of operations against a small model of what must hold:
//! an event reaches a run once, a key has one live run, what was delivered is consumed in order or
//! dropped with its run, and nothing else.

mod operators;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use forebay_model::run::RunState;
use forebay_model::{DeliveryContent, RetentionPolicy, RunId};
use forebay_store::contract::fixtures::{
    arrives, at, batch, claimed, completion, entry, event, plan, put_off, reason, started_by, step,
    timer, wait, waiting,
};
use forebay_store::runs::{After, Claimed, Control};
use forebay_store::{Error, SqliteOptions, SqliteStore, Store};
use proptest::prelude::*;

use self::operators::{Deed, deed};

/// One thing that happens. Small numbers stand for entities, keys, and whichever claim is held.
#[derive(Clone, Debug)]
enum Happening {
    Arrives {
        entity: u8,
        token: u8,
    },
    Routes {
        starts: Option<u8>,
    },
    Claims,
    Ends {
        held: usize,
        how: End,
    },
    Acts {
        key: u8,
        how: Deed,
    },
    ActsOnMany {
        how: Deed,
    },
    Later {
        seconds: i64,
    },
    /// History goes that is older than so many seconds.
    Prunes {
        seconds: u64,
    },
    Restarts,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Waits(u8),
    Sets(u8),
    Completes,
    PutsOff,
    Parks,
    Releases,
}

fn happening() -> impl Strategy<Value = Happening> {
    let end = prop_oneof![
        4 => (0..3u8).prop_map(End::Waits),
        2 => (1..20u8).prop_map(End::Sets),
        1 => Just(End::Completes),
        1 => Just(End::PutsOff),
        1 => Just(End::Parks),
        1 => Just(End::Releases),
    ];
    prop_oneof![
        5 => (0..3u8, 0..6u8).prop_map(|(entity, token)| Happening::Arrives { entity, token }),
        4 => proptest::option::of(0..3u8).prop_map(|starts| Happening::Routes { starts }),
        4 => Just(Happening::Claims),
        6 => (0..4usize, end).prop_map(|(held, how)| Happening::Ends { held, how }),
        3 => (0..3u8, deed()).prop_map(|(key, how)| Happening::Acts { key, how }),
        1 => deed().prop_map(|how| Happening::ActsOnMany { how }),
        2 => (1..60i64).prop_map(|seconds| Happening::Later { seconds }),
        1 => (0..40u64).prop_map(|seconds| Happening::Prunes { seconds }),
        1 => Just(Happening::Restarts),
    ]
}

struct World {
    folder: tempfile::TempDir,
    store: Arc<SqliteStore>,
    now: i64,
    held: Vec<Claimed>,
    /// Runs in the order they were started, with their keys.
    runs: Vec<(RunId, String)>,
    /// Events each run was given, to find one that comes twice.
    given: BTreeMap<RunId, BTreeSet<String>>,
    /// The newest epoch of each run: an older one must not write.
    epochs: BTreeMap<RunId, u64>,
    /// Epochs up to which claims were fenced off by an operator.
    fenced: BTreeMap<RunId, u64>,
    /// Requests of operators so far.
    requests: u32,
    recorded: BTreeSet<(u8, u8)>,
    /// Runs that were seen to have ended.
    over: BTreeSet<RunId>,
}

fn open(folder: &tempfile::TempDir) -> Arc<SqliteStore> {
    SqliteStore::open(SqliteOptions::new(folder.path().join("store.db"))).unwrap()
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        Self {
            folder,
            store,
            now: 0,
            held: Vec::new(),
            runs: Vec::new(),
            given: BTreeMap::new(),
            epochs: BTreeMap::new(),
            fenced: BTreeMap::new(),
            requests: 0,
            recorded: BTreeSet::new(),
            over: BTreeSet::new(),
        }
    }

    async fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives { entity, token } => {
                let event = event(&format!("e{entity}"), &token.to_string());
                let recorded = self.store.record_events(batch(vec![event])).await.unwrap();
                assert_eq!(recorded.new == 1, self.recorded.insert((entity, token)));
            }
            Happening::Routes { starts } => self.route(starts).await,
            Happening::Claims => {
                let claimed = claimed(&*self.store, self.now).await;
                for claimed in claimed {
                    let newest = self
                        .epochs
                        .insert(claimed.run.id.clone(), claimed.claim.epoch);
                    assert!(newest.is_none_or(|newest| newest < claimed.claim.epoch));
                    self.held.push(claimed);
                }
            }
            Happening::Ends { held, how } => self.end(held, how).await,
            Happening::Acts { key, how } => self.acts(key, how).await,
            Happening::ActsOnMany { how } => self.acts_on_many(how).await,
            Happening::Later { seconds } => {
                self.now += seconds;
                self.store.fire_timers(at(self.now), 100).await.unwrap();
            }
            Happening::Prunes { seconds } => self.prune(seconds).await,
            Happening::Restarts => {
                // The last handle is dropped before the file is opened again.
                let folder = &self.folder;
                let placeholder = tempfile::tempdir().unwrap();
                drop(std::mem::replace(&mut self.store, open(&placeholder)));
                self.store = open(folder);
            }
        }
    }

    /// Ended runs may go, and nothing else that the model knows of: events are kept here, for the
    /// model remembers each of them.
    async fn prune(&mut self, seconds: u64) {
        let policy = RetentionPolicy {
            ended_runs_for: Duration::from_secs(seconds),
            batch: 2,
            ..RetentionPolicy::default()
        };
        let mut removed = 0;
        loop {
            let pruned = self.store.prune(policy, Vec::new(), at(self.now)).await;
            let pruned = pruned.unwrap();
            assert_eq!(pruned.events, 0);
            removed += pruned.runs;
            if !pruned.more {
                break;
            }
        }
        let mut left = Vec::new();
        for (run, key) in std::mem::take(&mut self.runs) {
            match self.store.run(&run).await.unwrap() {
                Some(_) => left.push((run, key)),
                None => {
                    removed -= 1;
                    assert!(self.over.contains(&run), "{run} lived and is gone");
                    // Nothing is left of it: begun anew from an older run that is still there, it
                    // is another one under the same id.
                    self.held.retain(|held| held.run.id != run);
                    self.given.remove(&run);
                    self.epochs.remove(&run);
                    self.fenced.remove(&run);
                }
            }
        }
        assert_eq!(removed, 0, "more went than was known");
        self.runs = left;
    }

    async fn route(&mut self, starts: Option<u8>) {
        let Some(next) = self.store.unrouted_events(1).await.unwrap().pop() else {
            return;
        };
        let starts = starts.map(|key| {
            let mut run = started_by(next.event.clone(), &format!("k{key}"), self.now);
            run.id = RunId::derive(&run.flow, &run.business_key, &next.identity.0);
            run
        });
        let plan = plan(starts.clone().into_iter().collect());
        let routed = self.store.route(next.id, plan, at(self.now)).await.unwrap();
        for id in routed.started {
            self.runs
                .push((id, starts.as_ref().unwrap().business_key.clone()));
        }
    }

    async fn end(&mut self, held: usize, how: End) {
        if self.held.is_empty() {
            return;
        }
        let claimed = self.held.remove(held % self.held.len());
        let claim = &claimed.claim;
        let mut consumed = false;
        let after = match how {
            End::Waits(entity) => Some(waiting(vec![wait(&format!("e{entity}"))], vec![])),
            End::Sets(seconds) => {
                let due = self.now + i64::from(seconds);
                Some(waiting(vec![wait("e0"), wait("e1")], vec![timer("t", due)]))
            }
            End::Completes => Some(After::Completed(completion("done"))),
            End::PutsOff | End::Parks | End::Releases => None,
        };
        let answer = match (after, how) {
            (Some(after), _) => {
                consumed = true;
                self.store
                    .commit_step(claim, step(&claimed, after, self.now))
                    .await
                    .map(drop)
            }
            (None, End::PutsOff) => self.store.put_off(claim, put_off(self.now + 5, None)).await,
            (None, End::Releases) => self.store.release(claim, at(self.now)).await,
            (None, _) => {
                let reason = reason("trap");
                self.store
                    .park(claim, reason, vec![], vec![], at(self.now))
                    .await
            }
        };
        let run = &claimed.run.id;
        let newest = self.epochs.get(run) == Some(&claim.epoch);
        let fenced = self
            .fenced
            .get(run)
            .is_some_and(|epoch| claim.epoch <= *epoch);
        match answer {
            Ok(()) => assert!(newest && !fenced, "a stale claim wrote"),
            Err(Error::Superseded { .. }) => consumed = false,
            Err(error) => panic!("{error}"),
        }
        if consumed && let DeliveryContent::Event(incoming) = &claimed.delivery {
            let identity = incoming.event.identity(&incoming.connection);
            let first = self
                .given
                .entry(claimed.run.id.clone())
                .or_default()
                .insert(identity.0);
            assert!(first, "{} got an event twice", claimed.run.id);
        }
    }

    /// What must hold after everything that happens.
    async fn check(&mut self) {
        let all = self
            .store
            .runs(Default::default(), Default::default())
            .await
            .unwrap()
            .items;
        assert_eq!(all.len(), self.runs.len());
        let mut live = BTreeSet::new();
        for run in &all {
            if run.state.is_live() {
                assert!(
                    live.insert(run.business_key.clone()),
                    "two live runs of a key"
                );
            } else {
                self.over.insert(run.id.clone());
                assert_eq!(self.store.inbox(&run.id).await.unwrap(), []);
                assert_eq!(self.store.timers(&run.id).await.unwrap(), []);
            }
        }
        assert!(self.store.verify_audit().await.unwrap().is_ok());
    }

    /// Let everything that can go on go on: no item may be left behind, whatever happened before.
    async fn drain(&mut self) {
        self.happens(Happening::Restarts).await;
        self.held.clear();
        for (run, _) in self.runs.clone() {
            for control in [Control::Resume, Control::Retry] {
                let audit = entry("operator", &run);
                let _ = self.store.control(&run, control, audit, at(self.now)).await;
            }
        }
        self.now += 10_000;
        self.store.fire_timers(at(self.now), 100).await.unwrap();
        loop {
            self.happens(Happening::Claims).await;
            if self.held.is_empty() {
                break;
            }
            while !self.held.is_empty() {
                self.end(0, End::Waits(9)).await;
            }
        }
        for (run, _) in &self.runs {
            assert_eq!(
                self.store.inbox(run).await.unwrap(),
                [],
                "left behind in {run}"
            );
            let state = self.store.run(run).await.unwrap().unwrap().state;
            assert!(
                !state.is_live() || state == RunState::Waiting,
                "{run} is {state:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_comes_twice(
        happenings in proptest::collection::vec(happening(), 1..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for happening in happenings {
                world.happens(happening).await;
                world.check().await;
            }
            world.drain().await;
            world.check().await;
        });
    }
}

#[tokio::test]
async fn an_event_number_never_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let first = arrives(&*store, event("a", "1")).await;
    drop(store);
    let raw = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
    raw.execute("DELETE FROM events", []).unwrap();
    drop(raw);
    assert!(arrives(&*open(&folder), event("a", "2")).await > first);
}
