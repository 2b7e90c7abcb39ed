//! The real store, with writes that can be counted, refused, and cut short by the death of the host.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use forebay_model::audit::{AuditEntry, AuditRecord};
use forebay_model::journal::JournalEntry;
use forebay_model::run::{ParkReason, Run, RunState, StepRecord};
use forebay_model::{ConnectionName, Digest, FlowName, RunId, Timestamp};
use forebay_store::intake::{
    Cursor, CursorWrite, EventBatch, NewWebhook, Recorded, RoutePlan, Routed, StoredEvent,
    StoredWebhook, Subscriber, WebhookSettlement,
};
use forebay_store::query::{
    EventFilter, InboxItem, NoticeRecord, Page, PageRequest, RunFilter, RunTimer, RunWait,
};
use forebay_store::runs::{
    Act, Claim, ClaimRequest, Claimed, Committed, Controlled, NewRun, PutOff, RequestKey,
    StartOutcome, StepCommit,
};
use forebay_store::triggers::{Backfill, BackfillPage, Fate, Firing, ScheduleState, TriggerStore};
use forebay_store::{Error, Result, SqliteStore, Store};
use serde_json::Value;

/// Where the host dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    /// Before this write reaches the disk.
    Before(usize),
    /// After it is on disk, before anybody hears of it.
    After(usize),
}

/// What goes wrong with writes.
#[derive(Default)]
pub(crate) struct Faults {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    writes: Vec<&'static str>,
    crash: Option<Crash>,
    refuse: Option<&'static str>,
    doubt: Option<&'static str>,
    dead: bool,
}

impl Faults {
    /// Let the host die there, counted from its start.
    pub(crate) fn crash(&self, crash: Crash) {
        self.inner().crash = Some(crash);
    }

    /// Refuse the next write of this name, as on a full disk.
    pub(crate) fn refuse(&self, name: &'static str) {
        self.inner().refuse = Some(name);
    }

    /// Make the next write of this name, and leave its fate unknown to the host.
    pub(crate) fn doubt(&self, name: &'static str) {
        self.inner().doubt = Some(name);
    }

    /// Has the host died?
    pub(crate) fn dead(&self) -> bool {
        self.inner().dead
    }

    /// Names of all writes so far.
    pub(crate) fn writes(&self) -> Vec<&'static str> {
        self.inner().writes.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    fn alive(&self) -> Result<()> {
        let inner = self.inner();
        if inner.dead {
            Err(Error::Unwritable("the host is dead".into()))
        } else {
            Ok(())
        }
    }

    /// Count a write; returns its number.
    fn before(&self, name: &'static str) -> Result<usize> {
        self.alive()?;
        let mut inner = self.inner();
        let number = inner.writes.len();
        inner.writes.push(name);
        if inner.refuse == Some(name) {
            inner.refuse = None;
            return Err(Error::Unwritable("no space left".into()));
        }
        if inner.crash == Some(Crash::Before(number)) {
            inner.dead = true;
            return Err(Error::Unwritable("the host dies before a write".into()));
        }
        Ok(number)
    }

    fn after(&self, number: usize) -> Result<()> {
        self.alive()?;
        let mut inner = self.inner();
        if inner.doubt == inner.writes.get(number).copied() {
            inner.doubt = None;
            return Err(Error::Unknown("the disk did not answer".into()));
        }
        if inner.crash == Some(Crash::After(number)) {
            inner.dead = true;
            return Err(Error::Unknown("the host dies after a write".into()));
        }
        Ok(())
    }
}

/// The real store behind [`Faults`].
pub(crate) struct FaultyStore {
    pub(crate) inner: Arc<SqliteStore>,
    pub(crate) faults: Arc<Faults>,
}

macro_rules! behind_faults {
    (
        impl $trait:ident;
        writes { $($write:ident($($wa:ident: $wt:ty),*) -> $wr:ty;)+ }
        reads { $($read:ident($($ra:ident: $rt:ty),*) -> $rr:ty;)+ }
    ) => {
        #[async_trait]
        impl $trait for FaultyStore {
            $(async fn $write(&self, $($wa: $wt),*) -> Result<$wr> {
                let number = self.faults.before(stringify!($write))?;
                let result = self.inner.$write($($wa),*).await;
                self.faults.after(number)?;
                result
            })+

            $(async fn $read(&self, $($ra: $rt),*) -> Result<$rr> {
                self.faults.alive()?;
                self.inner.$read($($ra),*).await
            })+
        }
    };
}

behind_faults! {
    impl TriggerStore;
    writes {
        open_schedule(flow: &FlowName, name: &str, rhythm: &str, now: Timestamp) -> ScheduleState;
        fire(firing: Firing) -> Option<Fate>;
        save_backfill(backfill: Backfill, page: Option<BackfillPage>,
                      audit: Vec<AuditEntry>) -> bool;
    }
    reads {
        schedule(flow: &FlowName, name: &str) -> Option<ScheduleState>;
        backfill(flow: &FlowName) -> Option<Backfill>;
        live_backfills() -> Vec<Backfill>;
    }
}

behind_faults! {
    impl Store;
    writes {
        accept_webhook(webhook: NewWebhook) -> u64;
        settle_webhook(webhook: u64, settlement: WebhookSettlement) -> Recorded;
        record_events(batch: EventBatch) -> Recorded;
        set_cursor(write: CursorWrite, audit: AuditEntry) -> ();
        route(event: u64, plan: RoutePlan, now: Timestamp) -> Routed;
        route_deferred(event: u64, flow: &FlowName, plan: RoutePlan, now: Timestamp) -> Routed;
        put_flow_config(hash: &str, config: &Value) -> ();
        start_run(run: NewRun) -> StartOutcome;
        claim(request: ClaimRequest) -> Vec<Claimed>;
        renew(claims: &[Claim], until: Timestamp) -> Vec<Claim>;
        journal(claim: &Claim, entries: Vec<JournalEntry>) -> ();
        commit_step(claim: &Claim, commit: StepCommit) -> Committed;
        put_off(claim: &Claim, put_off: PutOff) -> ();
        park(claim: &Claim, reason: ParkReason, journal: Vec<JournalEntry>,
             audit: Vec<AuditEntry>, now: Timestamp) -> ();
        release(claim: &Claim, now: Timestamp) -> ();
        fire_timers(now: Timestamp, limit: u32) -> u32;
        wake_connection(connection: &ConnectionName, now: Timestamp) -> u32;
        act(act: Act) -> Controlled;
        reserve(request: RequestKey, runs: Vec<RunId>, at: Timestamp) -> Vec<RunId>;
        redeliver(event: u64, audit: AuditEntry) -> StoredEvent;
        audit(entries: Vec<AuditEntry>) -> ();
    }
    reads {
        open_webhooks(now: Timestamp, limit: u32) -> Vec<StoredWebhook>;
        cursor(trigger: &str) -> Option<Cursor>;
        unrouted_events(limit: u32) -> Vec<StoredEvent>;
        subscribers(event: u64) -> Vec<Subscriber>;
        flows_with_deferred() -> Vec<FlowName>;
        deferred_events(flow: &FlowName, limit: u32) -> Vec<StoredEvent>;
        flow_config(hash: &str) -> Option<Value>;
        next_due() -> Option<Timestamp>;
        digests_in_use() -> Vec<Digest>;
        audit_records(run: Option<&RunId>, page: PageRequest) -> Page<AuditRecord>;
        verify_audit() -> std::result::Result<u64, u64>;
        answered(request: &RequestKey) -> Option<StartOutcome>;
        event(event: u64) -> Option<StoredEvent>;
        run(run: &RunId) -> Option<Run>;
        runs(filter: RunFilter, page: PageRequest) -> Page<Run>;
        run_counts() -> Vec<(FlowName, RunState, u64)>;
        steps(run: &RunId) -> Vec<StepRecord>;
        journal_entries(run: &RunId, activation: Option<u32>) -> Vec<JournalEntry>;
        inbox(run: &RunId) -> Vec<InboxItem>;
        waits(run: &RunId) -> Vec<RunWait>;
        timers(run: &RunId) -> Vec<RunTimer>;
        notices(run: Option<&RunId>, page: PageRequest) -> Page<NoticeRecord>;
        events(filter: EventFilter, page: PageRequest) -> Page<StoredEvent>;
        probe() -> ();
    }
}
