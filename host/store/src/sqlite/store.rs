//! What a store must do, each method handed to the module that does it.

use std::path::Path;

use async_trait::async_trait;
use forebay_model::audit::{AuditEntry, AuditRecord};
use forebay_model::journal::JournalEntry;
use forebay_model::run::{ParkReason, Run, RunState, StepRecord};
use forebay_model::{ConnectionName, Digest, FlowName, RetentionPolicy, RunId, Timestamp};
use serde_json::Value;

use super::{
    SqliteStore, activations, audit, backup, claims, control, inbox, intake, journal, prune,
    queries, requests, routing, rows, schema, space, starting, timers,
};
use crate::copy::Copied;
use crate::intake::{
    Cursor, CursorWrite, EventBatch, NewWebhook, Recorded, RoutePlan, Routed, StoredEvent,
    StoredWebhook, Subscriber, WebhookSettlement,
};
use crate::query::{
    EventFilter, InboxItem, NoticeRecord, Page, PageRequest, RunFilter, RunTimer, RunWait,
};
use crate::retention::{Pruned, Size};
use crate::runs::{
    Act, Claim, ClaimRequest, Claimed, Committed, Controlled, NewRun, PutOff, RequestKey,
    StartOutcome, StepCommit,
};
use crate::{Result, Store};

#[async_trait]
impl Store for SqliteStore {
    // ---- Intake -------------------------------------------------------------------------------

    async fn accept_webhook(&self, webhook: NewWebhook) -> Result<u64> {
        self.write(move |c| intake::accept_webhook(c, webhook))
            .await
    }

    async fn open_webhooks(&self, now: Timestamp, limit: u32) -> Result<Vec<StoredWebhook>> {
        self.read(move |c| intake::open_webhooks(c, now, limit))
            .await
    }

    async fn settle_webhook(
        &self,
        webhook: u64,
        settlement: WebhookSettlement,
    ) -> Result<Recorded> {
        self.write(move |c| intake::settle_webhook(c, webhook, settlement))
            .await
    }

    async fn record_events(&self, batch: EventBatch) -> Result<Recorded> {
        self.write(move |c| intake::record_batch(c, &batch)).await
    }

    async fn cursor(&self, trigger: &str) -> Result<Option<Cursor>> {
        let trigger = trigger.to_owned();
        self.read(move |c| intake::cursor(c, &trigger)).await
    }

    async fn set_cursor(&self, write: CursorWrite, audit: AuditEntry) -> Result<()> {
        self.write(move |c| intake::set_cursor(c, &write, audit))
            .await
    }

    async fn unrouted_events(&self, limit: u32) -> Result<Vec<StoredEvent>> {
        self.read(move |c| intake::unrouted(c, limit)).await
    }

    async fn subscribers(&self, event: u64) -> Result<Vec<Subscriber>> {
        self.read(move |c| routing::subscribers(c, event)).await
    }

    async fn route(&self, event: u64, plan: RoutePlan, now: Timestamp) -> Result<Routed> {
        self.write(move |c| routing::route(c, event, plan, now))
            .await
    }

    async fn flows_with_deferred(&self) -> Result<Vec<FlowName>> {
        self.read(intake::flows_with_deferred).await
    }

    async fn deferred_events(&self, flow: &FlowName, limit: u32) -> Result<Vec<StoredEvent>> {
        let flow = flow.clone();
        self.read(move |c| intake::deferred(c, flow.as_str(), limit))
            .await
    }

    async fn route_deferred(
        &self,
        event: u64,
        flow: &FlowName,
        plan: RoutePlan,
        now: Timestamp,
    ) -> Result<Routed> {
        let flow = flow.clone();
        self.write(move |c| routing::route_deferred(c, event, &flow, plan, now))
            .await
    }

    // ---- Runs ---------------------------------------------------------------------------------

    async fn put_flow_config(&self, hash: &str, config: &Value) -> Result<()> {
        let (hash, config) = (hash.to_owned(), config.clone());
        self.write(move |c| queries::put_flow_config(c, &hash, &config))
            .await
    }

    async fn flow_config(&self, hash: &str) -> Result<Option<Value>> {
        let hash = hash.to_owned();
        self.read(move |c| queries::flow_config(c, &hash)).await
    }

    async fn start_run(&self, run: NewRun) -> Result<StartOutcome> {
        self.write(move |c| starting::start(c, &run)).await
    }

    async fn answered(&self, request: &RequestKey) -> Result<Option<StartOutcome>> {
        let request = request.clone();
        self.read(move |c| requests::answered(c, &request)).await
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Claimed>> {
        self.write(move |c| claims::claim(c, &request)).await
    }

    async fn renew(&self, claims: &[Claim], until: Timestamp) -> Result<Vec<Claim>> {
        let claims = claims.to_vec();
        self.write(move |c| claims::renew(c, &claims, until)).await
    }

    async fn journal(&self, claim: &Claim, entries: Vec<JournalEntry>) -> Result<()> {
        let claim = claim.clone();
        self.write(move |c| activations::write_journal(c, &claim, &entries))
            .await
    }

    async fn commit_step(&self, claim: &Claim, commit: StepCommit) -> Result<Committed> {
        let claim = claim.clone();
        self.write(move |c| activations::commit_step(c, &claim, commit))
            .await
    }

    async fn put_off(&self, claim: &Claim, put_off: PutOff) -> Result<()> {
        let claim = claim.clone();
        self.write(move |c| activations::put_off(c, &claim, &put_off))
            .await
    }

    async fn park(
        &self,
        claim: &Claim,
        reason: ParkReason,
        journal: Vec<JournalEntry>,
        audit: Vec<AuditEntry>,
        now: Timestamp,
    ) -> Result<()> {
        let claim = claim.clone();
        self.write(move |c| activations::park(c, &claim, &reason, &journal, &audit, now))
            .await
    }

    async fn release(&self, claim: &Claim, now: Timestamp) -> Result<()> {
        let claim = claim.clone();
        self.write(move |c| claims::release(c, &claim, now)).await
    }

    async fn fire_timers(&self, now: Timestamp, limit: u32) -> Result<u32> {
        self.write(move |c| timers::fire(c, now, limit)).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        self.read(timers::next_due).await
    }

    async fn wake_connection(&self, connection: &ConnectionName, now: Timestamp) -> Result<u32> {
        let connection = connection.clone();
        self.write(move |c| timers::wake(c, &connection, now)).await
    }

    async fn act(&self, act: Act) -> Result<Controlled> {
        if act.dry_run {
            self.read(move |c| control::preview(c, &act)).await
        } else {
            self.write(move |c| control::act(c, act)).await
        }
    }

    async fn reserve(
        &self,
        request: RequestKey,
        runs: Vec<RunId>,
        at: Timestamp,
    ) -> Result<Vec<RunId>> {
        self.write(move |c| requests::reserve(c, &request, runs, at))
            .await
    }

    async fn digests_in_use(&self) -> Result<Vec<Digest>> {
        self.read(queries::digests_in_use).await
    }

    // ---- Audit --------------------------------------------------------------------------------

    async fn audit(&self, entries: Vec<AuditEntry>) -> Result<()> {
        self.write(move |c| audit::append(c, &entries)).await
    }

    async fn audit_records(
        &self,
        run: Option<&RunId>,
        page: PageRequest,
    ) -> Result<Page<AuditRecord>> {
        let run = run.cloned();
        self.read(move |c| audit::records(c, run.as_ref(), &page))
            .await
    }

    async fn verify_audit(&self) -> Result<std::result::Result<u64, u64>> {
        self.read(audit::verify).await
    }

    // ---- Queries ------------------------------------------------------------------------------

    async fn run(&self, run: &RunId) -> Result<Option<Run>> {
        let run = run.clone();
        self.read(move |c| rows::find_run(c, &run)).await
    }

    async fn runs(&self, filter: RunFilter, page: PageRequest) -> Result<Page<Run>> {
        self.read(move |c| queries::runs(c, filter, &page)).await
    }

    async fn run_counts(&self) -> Result<Vec<(FlowName, RunState, u64)>> {
        self.read(queries::run_counts).await
    }

    async fn steps(&self, run: &RunId) -> Result<Vec<StepRecord>> {
        let run = run.clone();
        self.read(move |c| queries::steps(c, &run)).await
    }

    async fn journal_entries(
        &self,
        run: &RunId,
        activation: Option<u32>,
    ) -> Result<Vec<JournalEntry>> {
        let run = run.clone();
        self.read(move |c| journal::entries(c, &run, activation))
            .await
    }

    async fn inbox(&self, run: &RunId) -> Result<Vec<InboxItem>> {
        let run = run.clone();
        self.read(move |c| inbox::open(c, &run)).await
    }

    async fn waits(&self, run: &RunId) -> Result<Vec<RunWait>> {
        let run = run.clone();
        self.read(move |c| queries::waits(c, &run)).await
    }

    async fn timers(&self, run: &RunId) -> Result<Vec<RunTimer>> {
        let run = run.clone();
        self.read(move |c| queries::timers(c, &run)).await
    }

    async fn notices(&self, run: Option<&RunId>, page: PageRequest) -> Result<Page<NoticeRecord>> {
        let run = run.cloned();
        self.read(move |c| queries::notices(c, run.as_ref(), &page))
            .await
    }

    async fn events(&self, filter: EventFilter, page: PageRequest) -> Result<Page<StoredEvent>> {
        self.read(move |c| queries::events(c, filter, &page)).await
    }

    async fn event(&self, event: u64) -> Result<Option<StoredEvent>> {
        self.read(move |c| intake::find_event(c, event)).await
    }

    async fn redeliver(&self, event: u64, audit: AuditEntry) -> Result<StoredEvent> {
        self.write(move |c| routing::redeliver(c, event, &audit))
            .await
    }

    async fn probe(&self) -> Result<()> {
        self.write(|c| {
            rows::execute(c, schema::PROBE, [])?;
            Ok(())
        })
        .await
    }

    // ---- Upkeep -------------------------------------------------------------------------------

    async fn prune(
        &self,
        policy: RetentionPolicy,
        in_force: Vec<String>,
        now: Timestamp,
    ) -> Result<Pruned> {
        let pruned = self
            .write(move |c| prune::prune(c, &policy, &in_force, now))
            .await?;
        if !pruned.more {
            space::checkpoint(&self.options).await?;
        }
        Ok(pruned)
    }

    async fn size(&self) -> Result<Size> {
        self.read(space::size).await
    }

    async fn backup(&self, target: &Path) -> Result<Copied> {
        backup::write(&self.options, target).await
    }
}
