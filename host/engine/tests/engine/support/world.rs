//! One host after the other on the same file.

use std::sync::{Arc, Weak};
use std::time::Duration;

use forebay_engine::intake::Accepted;
use forebay_engine::operate::StartRequest;
use forebay_engine::{Core, Error, Options, Parts, Topology};
use forebay_model::audit::AuditRecord;
use forebay_model::flow::FlowSpec;
use forebay_model::run::{Run, RunState};
use forebay_model::{Clock as _, Event, RunId, Timestamp, VirtualClock};
use forebay_store::intake::{EventBatch, NewWebhook};
use forebay_store::query::{PageRequest, RunFilter};
use forebay_store::runs::{Control, StartOutcome};
use forebay_store::{SqliteOptions, SqliteStore};
use serde_json::json;
use tempfile::TempDir;

use super::flows::{self, DAM, ENGINE, FLOW};
use super::guests::{OpenGate, Script};
use super::store::{Faults, FaultyStore};

/// When the world begins: 2026-11-22T00:00:00Z.
const START: Timestamp = Timestamp(1_795_305_600_000);

/// Rounds in which anything these tests do must have come to rest.
const PATIENCE: u32 = 5_000;

/// Files, time, vendors, and the host that runs now.
pub(crate) struct World {
    pub(crate) clock: VirtualClock,
    pub(crate) script: Arc<Script>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) options: Options,
    pub(crate) flows: Vec<FlowSpec>,
    /// Absent only while a host ends and the next begins.
    core: Option<Arc<Core>>,
    store: Weak<SqliteStore>,
    folder: TempDir,
}

impl World {
    /// The approval flow with everything in order.
    pub(crate) async fn new() -> Self {
        Self::of(vec![flows::flow(FLOW)], Options::default()).await
    }

    /// These flows.
    pub(crate) async fn of(flows: Vec<FlowSpec>, options: Options) -> Self {
        let mut world = Self {
            clock: VirtualClock::new(START),
            script: Script::new(),
            faults: Arc::default(),
            options,
            flows,
            core: None,
            store: Weak::new(),
            folder: tempfile::tempdir().unwrap(),
        };
        world.open().await;
        world
    }

    async fn open(&mut self) {
        let options = SqliteOptions {
            check_up_to: 0,
            ..SqliteOptions::new(self.folder.path().join("store.db"))
        };
        let store = SqliteStore::open(options).unwrap();
        self.store = Arc::downgrade(&store);
        self.faults = Arc::default();
        let core = Core::new(Parts {
            store: Arc::new(FaultyStore {
                inner: store,
                faults: Arc::clone(&self.faults),
            }),
            guests: Arc::clone(&self.script) as _,
            gate: Arc::new(OpenGate),
            clock: Arc::new(self.clock.clone()),
            options: self.options.clone(),
            owner: "host".into(),
            public_url: None,
        });
        self.core = Some(core);
        self.configure().await;
    }

    /// Take up the flows as they stand.
    pub(crate) async fn configure(&self) {
        let connections = vec![flows::connection(DAM), flows::connection(ENGINE)];
        self.core()
            .configure(Topology::new(self.flows.clone(), connections))
            .await
            .unwrap();
    }

    /// The host dies, and the next one starts on what it left on disk.
    pub(crate) async fn restart(&mut self) {
        drop(self.core.take());
        let store = self.store.clone();
        eventually(async || store.strong_count() == 0).await;
        self.open().await;
    }

    /// The host that runs now.
    pub(crate) fn core(&self) -> &Arc<Core> {
        self.core.as_ref().unwrap()
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Do all that is due now, until nothing is.
    pub(crate) async fn drive(&self) -> Result<(), Error> {
        for _ in 0..PATIENCE {
            let webhooks = self.core().normalise_webhooks().await?;
            let events = self.core().route_events().await?;
            let activations = self.core().run_activations().await?;
            if webhooks + events + activations == 0 {
                return Ok(());
            }
        }
        panic!("it never comes to rest");
    }

    /// As [`World::drive`], on a healthy store.
    pub(crate) async fn settle(&self) {
        self.drive().await.unwrap();
    }

    /// Let time pass, and do what has become due.
    pub(crate) async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.settle().await;
    }

    /// Let time pass until the next thing is due, and do it.
    pub(crate) async fn pass_to_next(&self) {
        let due = self
            .core()
            .store()
            .next_due()
            .await
            .unwrap()
            .expect("something is due");
        self.clock.advance_to(due);
        self.settle().await;
    }

    /// Drive a run through all its retries until it rests, and return it.
    pub(crate) async fn rest(&self, run: &RunId) -> Run {
        for _ in 0..PATIENCE {
            self.settle().await;
            let found = self.run(run).await;
            if !matches!(found.state, RunState::Retrying | RunState::Running) {
                return found;
            }
            self.pass_to_next().await;
        }
        panic!("it never comes to rest");
    }

    /// An event comes in by poll.
    pub(crate) async fn arrives(&self, connection: &str, event: Event) {
        let batch = EventBatch {
            connection: connection.into(),
            events: vec![event],
            source: "poll",
            received_at: self.clock.now(),
            cursor: None,
        };
        self.core().store().record_events(batch).await.unwrap();
    }

    /// A webhook of the DAM comes in and is acknowledged.
    pub(crate) async fn webhook(&self, events: &[Event]) {
        let delivery = self.delivery(serde_json::to_vec(events).unwrap());
        let accepted = self.core().accept_webhook(delivery).await.unwrap();
        assert!(matches!(accepted, Accepted::Stored(_)), "{accepted:?}");
    }

    /// A delivery with this body.
    pub(crate) fn delivery(&self, body: Vec<u8>) -> NewWebhook {
        NewWebhook {
            connection: DAM.into(),
            endpoint: "events".into(),
            method: "POST".into(),
            path: "/hooks/dam/events".into(),
            headers: Vec::new(),
            body,
            received_at: self.clock.now(),
        }
    }

    /// Ask for a run.
    pub(crate) async fn request(&self, key: &str) -> Result<StartOutcome, Error> {
        let request = StartRequest {
            flow: FLOW.into(),
            input: json!(key),
            key: None,
            actor: "operator:ann".into(),
        };
        self.core().start_run(request).await
    }

    /// Start a run on request, not driven yet.
    pub(crate) async fn start(&self, key: &str) -> RunId {
        match self.request(key).await.unwrap() {
            StartOutcome::Started(run) => run,
            other => panic!("not started: {other:?}"),
        }
    }

    /// Start a run and drive it until it waits for its process.
    pub(crate) async fn reviewed(&self, key: &str) -> RunId {
        let run = self.start(key).await;
        self.settle().await;
        self.assert_state(&run, RunState::Waiting).await;
        run
    }

    /// An operator acts.
    pub(crate) async fn control(&self, run: &RunId, control: Control) {
        let controlled = self
            .core()
            .control(run, control, "operator:ann")
            .await
            .unwrap();
        assert!(controlled.changed);
    }

    /// A run.
    pub(crate) async fn run(&self, run: &RunId) -> Run {
        self.core()
            .store()
            .run(run)
            .await
            .unwrap()
            .expect("there is such a run")
    }

    /// All runs, oldest first.
    pub(crate) async fn runs(&self) -> Vec<Run> {
        let page = PageRequest {
            cursor: None,
            limit: 500,
        };
        let mut runs = self
            .core()
            .store()
            .runs(RunFilter::default(), page)
            .await
            .unwrap()
            .items;
        runs.reverse();
        runs
    }

    /// A run is in this state.
    pub(crate) async fn assert_state(&self, run: &RunId, state: RunState) {
        let run = self.run(run).await;
        assert_eq!(run.state, state, "{run:#?}");
    }

    /// A run is parked for this reason; returns the words.
    pub(crate) async fn parked(&self, run: &RunId, code: &str) -> String {
        let run = self.run(run).await;
        assert_eq!(run.state, RunState::Parked, "{run:#?}");
        let reason = run.park_reason.unwrap();
        assert_eq!(reason.code, code, "{}", reason.message);
        reason.message
    }

    /// Audit records of a run with this action.
    pub(crate) async fn audited(&self, run: &RunId, action: &str) -> Vec<AuditRecord> {
        let page = PageRequest {
            cursor: None,
            limit: 500,
        };
        let records = self
            .core()
            .store()
            .audit_records(Some(run), page)
            .await
            .unwrap();
        records
            .items
            .into_iter()
            .filter(|record| record.entry.action == action)
            .collect()
    }
}

/// Let other tasks work until this holds. Time stands still meanwhile.
pub(crate) async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..PATIENCE * 100 {
        if holds().await {
            return;
        }
        others_work().await;
    }
    panic!("it never came true");
}

/// Let other tasks and the threads of the store have a turn.
async fn others_work() {
    tokio::task::spawn_blocking(std::thread::yield_now)
        .await
        .unwrap();
}
