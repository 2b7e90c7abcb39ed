//! A store that is broken on purpose, in one way at a time, to see that the checks notice.

use std::sync::Arc;

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
    Act, After, Claim, ClaimRequest, Claimed, Committed, Controlled, NewRun, PutOff, RequestKey,
    StartOutcome, StepCommit,
};
use forebay_store::{Result, SqliteStore, Store};
use serde_json::{Value, json};

use crate::host::at_once;
use crate::sim::{Breakage, Sim};

/// The real store, broken.
pub(crate) struct BrokenStore {
    pub(crate) inner: Arc<SqliteStore>,
    pub(crate) sim: Arc<Sim>,
}

/// What a broken store makes of a second live run's key.
const SECOND: &str = " (second)";

impl BrokenStore {
    fn is(&self, breakage: Breakage) -> bool {
        self.sim.broken(breakage)
    }

    fn events(&self, mut events: Vec<Event>) -> Vec<Event> {
        if self.is(Breakage::RepeatedEventsAreNew) {
            for event in &mut events {
                event.change_token += &format!(" at {}", self.sim.now().0);
            }
        }
        if self.is(Breakage::EventsAreForgotten) && self.sim.below(3) == 0 {
            events.clear();
        }
        events
    }

    /// The claim that the store would take.
    fn passable(&self, claim: &Claim) -> Claim {
        let mut claim = claim.clone();
        if self.is(Breakage::FenceIsOpen)
            && let Some(epoch) = self.sim.checker.newest_claim(&claim.run)
        {
            claim.epoch = epoch;
        }
        claim
    }
}

macro_rules! broken {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)+ { $($changed:tt)* }) => {
        #[async_trait]
        impl Store for BrokenStore {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$result> {
                self.inner.$name($($argument),*).await
            })+

            $($changed)*
        }
    };
}

broken! {
    accept_webhook(webhook: NewWebhook) -> u64;
    set_cursor(write: CursorWrite, audit: AuditEntry) -> ();
    route_deferred(event: u64, flow: &FlowName, plan: RoutePlan, now: Timestamp) -> Routed;
    put_flow_config(hash: &str, config: &Value) -> ();
    start_run(run: NewRun) -> StartOutcome;
    renew(claims: &[Claim], until: Timestamp) -> Vec<Claim>;
    claim(request: ClaimRequest) -> Vec<Claimed>;
    release(claim: &Claim, now: Timestamp) -> ();
    fire_timers(now: Timestamp, limit: u32) -> u32;
    wake_connection(connection: &ConnectionName, now: Timestamp) -> u32;
    act(act: Act) -> Controlled;
    reserve(request: RequestKey, runs: Vec<RunId>, at: Timestamp) -> Vec<RunId>;
    redeliver(event: u64, audit: AuditEntry) -> StoredEvent;
    answered(request: &RequestKey) -> Option<StartOutcome>;
    event(event: u64) -> Option<StoredEvent>;
    audit(entries: Vec<AuditEntry>) -> ();
    open_webhooks(now: Timestamp, limit: u32) -> Vec<StoredWebhook>;
    cursor(trigger: &str) -> Option<Cursor>;
    unrouted_events(limit: u32) -> Vec<StoredEvent>;
    subscribers(event: u64) -> Vec<Subscriber>;
    flows_with_deferred() -> Vec<FlowName>;
    deferred_events(flow: &FlowName, limit: u32) -> Vec<StoredEvent>;
    flow_config(hash: &str) -> Option<Value>;
    next_due() -> Option<Timestamp>;
    digests_in_use() -> Vec<Digest>;
    verify_audit() -> std::result::Result<u64, u64>;
    run(run: &RunId) -> Option<Run>;
    run_counts() -> Vec<(FlowName, RunState, u64)>;
    steps(run: &RunId) -> Vec<StepRecord>;
    journal_entries(run: &RunId, activation: Option<u32>) -> Vec<JournalEntry>;
    inbox(run: &RunId) -> Vec<InboxItem>;
    waits(run: &RunId) -> Vec<RunWait>;
    timers(run: &RunId) -> Vec<RunTimer>;
    notices(run: Option<&RunId>, page: PageRequest) -> Page<NoticeRecord>;
    events(filter: EventFilter, page: PageRequest) -> Page<StoredEvent>;
    probe() -> ();
    {
        async fn settle_webhook(&self, webhook: u64, mut settlement: WebhookSettlement) -> Result<Recorded> {
            if let WebhookSettlement::Events { events, .. } = &mut settlement {
                *events = self.events(std::mem::take(events));
            }
            self.inner.settle_webhook(webhook, settlement).await
        }

        async fn record_events(&self, mut batch: EventBatch) -> Result<Recorded> {
            batch.events = self.events(batch.events);
            self.inner.record_events(batch).await
        }

        async fn route(&self, event: u64, mut plan: RoutePlan, now: Timestamp) -> Result<Routed> {
            if self.is(Breakage::KeysAreNotUnique) {
                for start in &mut plan.starts {
                    let mut second = start.clone();
                    second.business_key += SECOND;
                    second.id = RunId::derive(&second.flow, &second.business_key, "broken");
                    at_once(self.inner.start_run(second))?;
                }
            }
            self.inner.route(event, plan, now).await
        }

        async fn runs(&self, filter: RunFilter, page: PageRequest) -> Result<Page<Run>> {
            let mut runs = self.inner.runs(filter, page).await?;
            for run in &mut runs.items {
                run.business_key = run.business_key.replace(SECOND, "");
            }
            Ok(runs)
        }

        async fn audit_records(&self, run: Option<&RunId>, page: PageRequest) -> Result<Page<AuditRecord>> {
            let mut records = self.inner.audit_records(run, page).await?;
            if self.is(Breakage::AuditIsEdited) {
                for record in records.items.iter_mut().filter(|record| record.sequence == 5) {
                    record.entry.details = json!({"nothing": "to see"});
                }
            }
            Ok(records)
        }

        async fn journal(&self, claim: &Claim, entries: Vec<JournalEntry>) -> Result<()> {
            self.inner.journal(&self.passable(claim), entries).await
        }

        async fn commit_step(&self, claim: &Claim, mut commit: StepCommit) -> Result<Committed> {
            if self.is(Breakage::EarlyEventsAreMissed) {
                commit.watermark = u64::from(u32::MAX);
            }
            if self.is(Breakage::AuditIsForgotten) {
                commit.audit.clear();
            }
            if let After::Waiting { timers, .. } = &mut commit.after
                && self.is(Breakage::TimersAreForgotten)
            {
                timers.clear();
            }
            self.inner.commit_step(&self.passable(claim), commit).await
        }

        async fn put_off(&self, claim: &Claim, mut put_off: PutOff) -> Result<()> {
            if self.is(Breakage::RetriesAreForgotten) {
                put_off.retry_at = Timestamp(i64::MAX);
            }
            self.inner.put_off(&self.passable(claim), put_off).await
        }

        async fn park(
            &self,
            claim: &Claim,
            reason: ParkReason,
            journal: Vec<JournalEntry>,
            audit: Vec<AuditEntry>,
            now: Timestamp,
        ) -> Result<()> {
            self.inner.park(&self.passable(claim), reason, journal, audit, now).await
        }
    }
}
