//! A real store that can be made to fail.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use forebay_model::audit::{AuditEntry, AuditRecord};
use forebay_model::journal::JournalEntry;
use forebay_model::run::{ParkReason, Run, RunState, StepRecord};
use forebay_model::{ConnectionName, Digest, FlowName, RetentionPolicy, RunId, Timestamp};
use forebay_store::copy::Copied;
use forebay_store::intake::*;
use forebay_store::query::*;
use forebay_store::retention::{Pruned, Size};
use forebay_store::runs::*;
use forebay_store::triggers::*;
use forebay_store::{Error, Result, Store};
use serde_json::Value;
use tokio::sync::Notify;

/// While broken, nothing can be read or written.
pub(crate) struct Breakable {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) broken: AtomicBool,
    pub(crate) held: Held,
}

/// Holds the answers of one method back, after it has done its work.
#[derive(Default)]
pub(crate) struct Held {
    method: Mutex<Option<&'static str>>,
    /// An answer waits.
    pub(crate) waits: Notify,
    goes_on: Notify,
}

impl Held {
    pub(crate) fn hold(&self, method: &'static str) {
        *self.method.lock().unwrap() = Some(method);
    }

    /// Let the answer that waits go.
    pub(crate) fn let_go(&self) {
        *self.method.lock().unwrap() = None;
        self.goes_on.notify_one();
    }

    async fn pass(&self, method: &'static str) {
        if *self.method.lock().unwrap() == Some(method) {
            self.waits.notify_one();
            self.goes_on.notified().await;
        }
    }
}

macro_rules! pass_on {
    (impl $trait:ident; $(fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl $trait for Breakable {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer> {
                if self.broken.load(Ordering::SeqCst) {
                    return Err(Error::Unwritable("no space left on /dev/sda1".to_owned()));
                }
                let answer = self.inner.$name($($argument),*).await;
                self.held.pass(stringify!($name)).await;
                answer
            })+
        }
    };
}

pass_on! {
    impl TriggerStore;
    fn schedule(flow: &FlowName, name: &str) -> Option<ScheduleState>;
    fn open_schedule(flow: &FlowName, name: &str, rhythm: &str, now: Timestamp) -> ScheduleState;
    fn fire(firing: Firing) -> Option<Fate>;
    fn backfill(flow: &FlowName) -> Option<Backfill>;
    fn live_backfills() -> Vec<Backfill>;
    fn save_backfill(backfill: Backfill, page: Option<BackfillPage>, audit: Vec<AuditEntry>) -> bool;
}

pass_on! {
    impl Store;
    fn accept_webhook(webhook: NewWebhook) -> u64;
    fn open_webhooks(now: Timestamp, limit: u32) -> Vec<StoredWebhook>;
    fn settle_webhook(webhook: u64, settlement: WebhookSettlement) -> Recorded;
    fn record_events(batch: EventBatch) -> Recorded;
    fn cursor(trigger: &str) -> Option<Cursor>;
    fn set_cursor(write: CursorWrite, audit: AuditEntry) -> ();
    fn unrouted_events(limit: u32) -> Vec<StoredEvent>;
    fn subscribers(event: u64) -> Vec<Subscriber>;
    fn route(event: u64, plan: RoutePlan, now: Timestamp) -> Routed;
    fn flows_with_deferred() -> Vec<FlowName>;
    fn deferred_events(flow: &FlowName, limit: u32) -> Vec<StoredEvent>;
    fn route_deferred(event: u64, flow: &FlowName, plan: RoutePlan, now: Timestamp) -> Routed;
    fn put_flow_config(hash: &str, config: &Value) -> ();
    fn flow_config(hash: &str) -> Option<Value>;
    fn start_run(run: NewRun) -> StartOutcome;
    fn claim(request: ClaimRequest) -> Vec<Claimed>;
    fn renew(claims: &[Claim], until: Timestamp) -> Vec<Claim>;
    fn journal(claim: &Claim, entries: Vec<JournalEntry>) -> ();
    fn commit_step(claim: &Claim, commit: StepCommit) -> Committed;
    fn put_off(claim: &Claim, put_off: PutOff) -> ();
    fn park(claim: &Claim, reason: ParkReason, journal: Vec<JournalEntry>, audit: Vec<AuditEntry>, now: Timestamp) -> ();
    fn release(claim: &Claim, now: Timestamp) -> ();
    fn fire_timers(now: Timestamp, limit: u32) -> u32;
    fn next_due() -> Option<Timestamp>;
    fn wake_connection(connection: &ConnectionName, now: Timestamp) -> u32;
    fn act(act: Act) -> Controlled;
    fn reserve(request: RequestKey, runs: Vec<RunId>, at: Timestamp) -> Vec<RunId>;
    fn redeliver(event: u64, audit: AuditEntry) -> StoredEvent;
    fn answered(request: &RequestKey) -> Option<StartOutcome>;
    fn event(event: u64) -> Option<StoredEvent>;
    fn digests_in_use() -> Vec<Digest>;
    fn audit(entries: Vec<AuditEntry>) -> ();
    fn audit_records(run: Option<&RunId>, page: PageRequest) -> Page<AuditRecord>;
    fn verify_audit() -> std::result::Result<u64, u64>;
    fn run(run: &RunId) -> Option<Run>;
    fn runs(filter: RunFilter, page: PageRequest) -> Page<Run>;
    fn run_counts() -> Vec<(FlowName, RunState, u64)>;
    fn steps(run: &RunId) -> Vec<StepRecord>;
    fn journal_entries(run: &RunId, activation: Option<u32>) -> Vec<JournalEntry>;
    fn inbox(run: &RunId) -> Vec<InboxItem>;
    fn waits(run: &RunId) -> Vec<RunWait>;
    fn timers(run: &RunId) -> Vec<RunTimer>;
    fn notices(run: Option<&RunId>, page: PageRequest) -> Page<NoticeRecord>;
    fn events(filter: EventFilter, page: PageRequest) -> Page<StoredEvent>;
    fn probe() -> ();
    fn prune(policy: RetentionPolicy, in_force: Vec<String>, now: Timestamp) -> Pruned;
    fn size() -> Size;
    fn backup(target: &Path) -> Copied;
}
