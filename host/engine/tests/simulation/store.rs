//! The real store as one host has it: writes are refused, remain of unknown fate, or are the last
//! thing the host does. To a history each of them is one instant.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_model::audit::{AuditEntry, AuditRecord};
use forebay_model::journal::JournalEntry;
use forebay_model::run::{ParkReason, Run, RunState, StepRecord};
use forebay_model::{ConnectionName, Digest, Event, FlowName, RunId, Timestamp};
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
use forebay_store::{Error, Result, Store};
use serde_json::Value;

use crate::host::{Power, at_once};
use crate::sim::Sim;

/// Longest stand-still of a host, in seconds: several times as long as a claim holds.
const LONGEST_PAUSE: u64 = 180;

/// A host's store.
pub(crate) struct HostStore {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) power: Arc<Power>,
}

/// Keys of the calls of a run whose result nobody knows.
pub(crate) fn open_keys(store: &dyn Store, run: &RunId) -> Vec<String> {
    let entries = at_once(store.journal_entries(run, None))
        .unwrap()
        .into_iter();
    let open = entries.filter(|entry| entry.mutating && entry.result.is_none());
    open.map(|entry| entry.key).collect()
}

/// What becomes of a write besides being made.
enum Fate {
    Fine,
    /// The host dies before it is made, or before it hears of it.
    Dies {
        made: bool,
    },
    /// It is refused.
    Refused,
    /// Made or not, the host is told that nobody knows.
    Unknown {
        made: bool,
    },
    /// It is made, then the host stands still.
    Pauses,
}

impl HostStore {
    fn sim(&self) -> &Sim {
        &self.power.sim
    }

    fn fate(&self) -> Fate {
        let (sim, profile) = (self.sim(), self.sim().profile);
        if sim.strikes(profile.crash) {
            return Fate::Dies {
                made: sim.below(2) == 0,
            };
        }
        if sim.strikes(profile.pause) {
            return Fate::Pauses;
        }
        if sim.strikes(profile.store) {
            return match sim.below(3) {
                0 => Fate::Refused,
                made => Fate::Unknown { made: made == 1 },
            };
        }
        Fate::Fine
    }

    /// Make a write; `seen` is told what came of it at the same instant.
    async fn write<T>(
        &self,
        name: &str,
        work: impl Future<Output = Result<T>>,
        seen: impl FnOnce(&Result<T>),
    ) -> Result<T> {
        self.power.turn().await;
        let fate = self.fate();
        let host = &self.power.name;
        let make = || {
            let result = at_once(work);
            let word = match &result {
                Ok(_) => "done",
                Err(Error::Superseded { .. }) => "superseded",
                Err(_) => "failed",
            };
            self.sim().trace(format_args!("{host} {name}: {word}"));
            seen(&result);
            result
        };
        match fate {
            Fate::Dies { made } => {
                if made {
                    let _ = make();
                }
                self.power.die();
                std::future::pending().await
            }
            Fate::Refused => {
                self.sim().trace(format_args!("{host} {name}: refused"));
                Err(Error::Unwritable("no space left".into()))
            }
            Fate::Unknown { made } => {
                if made {
                    make()?;
                }
                self.sim()
                    .trace(format_args!("{host} {name}: nobody knows"));
                Err(Error::Unknown("the disk did not answer".into()))
            }
            Fate::Pauses => {
                let result = make();
                let length = Duration::from_secs(1) + self.sim().seconds(LONGEST_PAUSE);
                self.power.pause(self.sim().now().plus(length));
                self.power.turn().await;
                result
            }
            Fate::Fine => {
                let result = make();
                self.power.turn().await;
                result
            }
        }
    }

    /// Read, at one instant.
    pub(crate) async fn read<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.power.turn().await;
        let result = at_once(work);
        self.power.turn().await;
        result
    }

    fn recorded(&self, result: &Result<Recorded>, events: &[Event]) {
        if result.is_ok() {
            self.sim().checker.promised(events);
        }
    }

    /// A write under a claim.
    async fn claimed_write<T>(
        &self,
        name: &str,
        claim: &Claim,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let seen = |result: &Result<T>| {
            if result.is_ok() {
                self.sim().checker.wrote(self.sim(), claim, name);
            }
        };
        self.write(name, work, seen).await
    }
}

macro_rules! through {
    (
        idle writes { $($idle:ident($($ia:ident: $it:ty),*) -> $ir:ty;)+ }
        writes { $($write:ident($($wa:ident: $wt:ty),*) -> $wr:ty;)+ }
        reads { $($read:ident($($ra:ident: $rt:ty),*) -> $rr:ty;)+ }
        $($watched:tt)*
    ) => {
        #[async_trait]
        impl Store for HostStore {
            $(async fn $idle(&self, $($ia: $it),*) -> Result<$ir> {
                let seen = |result: &Result<$ir>| {
                    if !result.as_ref().is_ok_and(|nothing| *nothing == <$ir>::default()) {
                        self.sim().checker.written();
                    }
                };
                self.write(stringify!($idle), self.inner.$idle($($ia),*), seen).await
            })+

            $(async fn $write(&self, $($wa: $wt),*) -> Result<$wr> {
                let seen = |_: &Result<$wr>| self.sim().checker.written();
                self.write(stringify!($write), self.inner.$write($($wa),*), seen).await
            })+

            $(async fn $read(&self, $($ra: $rt),*) -> Result<$rr> {
                self.read(self.inner.$read($($ra),*)).await
            })+

            $($watched)*
        }
    };
}

through! {
    idle writes {
        put_flow_config(hash: &str, config: &Value) -> ();
        renew(claims: &[Claim], until: Timestamp) -> Vec<Claim>;
        fire_timers(now: Timestamp, limit: u32) -> u32;
        wake_connection(connection: &ConnectionName, now: Timestamp) -> u32;
    }
    writes {
        accept_webhook(webhook: NewWebhook) -> u64;
        set_cursor(write: CursorWrite, audit: AuditEntry) -> ();
        route(event: u64, plan: RoutePlan, now: Timestamp) -> Routed;
        route_deferred(event: u64, flow: &FlowName, plan: RoutePlan, now: Timestamp) -> Routed;
        start_run(run: NewRun) -> StartOutcome;
        release(claim: &Claim, now: Timestamp) -> ();
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
        answered(request: &RequestKey) -> Option<StartOutcome>;
        event(event: u64) -> Option<StoredEvent>;
        probe() -> ();
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Claimed>> {
        let seen = |result: &Result<Vec<Claimed>>| {
            if let Ok(claimed) = result
                && !claimed.is_empty()
            {
                self.sim().checker.claimed(claimed);
                for claimed in claimed {
                    let (run, about) = (&claimed.claim, claimed.delivery.label());
                    self.sim().trace(format_args!("  {}/{} for {about}", run.run, run.epoch));
                }
            }
        };
        self.write("claim", self.inner.claim(request), seen).await
    }

    async fn settle_webhook(&self, webhook: u64, settlement: WebhookSettlement) -> Result<Recorded> {
        let events = match &settlement {
            WebhookSettlement::Events { events, .. } => events.clone(),
            _ => Vec::new(),
        };
        let seen = |result: &Result<Recorded>| self.recorded(result, &events);
        let work = self.inner.settle_webhook(webhook, settlement);
        self.write("settle_webhook", work, seen).await
    }

    async fn record_events(&self, batch: EventBatch) -> Result<Recorded> {
        let events = batch.events.clone();
        let seen = |result: &Result<Recorded>| self.recorded(result, &events);
        self.write("record_events", self.inner.record_events(batch), seen).await
    }

    async fn journal(&self, claim: &Claim, entries: Vec<JournalEntry>) -> Result<()> {
        self.claimed_write("journal", claim, self.inner.journal(claim, entries)).await
    }

    async fn commit_step(&self, claim: &Claim, commit: StepCommit) -> Result<Committed> {
        let asked = commit.clone();
        let seen = |result: &Result<Committed>| {
            if result.is_ok() {
                let checker = &self.sim().checker;
                checker.stepped(self.sim(), self.inner.as_ref(), claim, &asked);
            }
        };
        self.write("commit_step", self.inner.commit_step(claim, commit), seen).await
    }

    async fn put_off(&self, claim: &Claim, put_off: PutOff) -> Result<()> {
        self.claimed_write("put_off", claim, self.inner.put_off(claim, put_off)).await
    }

    async fn park(
        &self,
        claim: &Claim,
        reason: ParkReason,
        journal: Vec<JournalEntry>,
        audit: Vec<AuditEntry>,
        now: Timestamp,
    ) -> Result<()> {
        self.sim().trace(format_args!("{} to be parked: {reason:?}", claim.run));
        if reason.code == "possible-duplicate" {
            self.sim().checker.excuse(open_keys(self.inner.as_ref(), &claim.run));
        }
        let work = self.inner.park(claim, reason, journal, audit, now);
        self.claimed_write("park", claim, work).await
    }
}
