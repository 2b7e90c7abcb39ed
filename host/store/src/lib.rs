//! The durable store: events, runs, inbox, journal, waits, timers, cursors, audit.
//!
//! [`Store`] is what the engine and the API ask of a database; [`sqlite`] is the embedded one. This
//! is the only room that speaks SQL. What must not live here: any decision about what a run does.
//! One contract suite (`contract`, with the feature `testing`) runs on every store.
//!
//! Every method is one transaction: it has happened completely, durably, when it returns `Ok`, and
//! not at all when it returns `Err` (but for [`Error::Unknown`], which says that nobody knows).
//! Writes that belong to an activation carry its [`Claim`]; the store refuses a stale one with
//! [`Error::Superseded`].

#[cfg(any(test, feature = "testing"))]
pub mod contract;
mod control;
pub mod copy;
pub mod intake;
pub mod query;
pub mod retention;
pub mod runs;
pub mod sqlite;
pub mod triggers;

pub use sqlite::{SqliteOptions, SqliteStore};

use std::path::Path;

use async_trait::async_trait;
use forebay_model::audit::{AuditEntry, AuditRecord};
use forebay_model::journal::JournalEntry;
use forebay_model::run::{ParkReason, Run, StepRecord};
use forebay_model::{ConnectionName, Digest, FlowName, RetentionPolicy, RunId, Timestamp};
use serde_json::Value;

use copy::Copied;
use intake::{
    Cursor, CursorWrite, EventBatch, NewWebhook, Recorded, RoutePlan, Routed, StoredEvent,
    StoredWebhook, Subscriber, WebhookSettlement,
};
use query::{
    EventFilter, InboxItem, NoticeRecord, Page, PageRequest, RunFilter, RunTimer, RunWait,
};
use retention::{Pruned, Size};
use runs::{
    Act, Claim, ClaimRequest, Claimed, Committed, Control, Controlled, NewRun, PutOff, RequestKey,
    StartOutcome, StepCommit,
};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The claim is stale: somebody else owns the run now. Nothing was written. Benign.
    #[error("superseded: run {run} is not held at epoch {epoch} any more, it is {now}")]
    Superseded {
        /// The run.
        run: RunId,
        /// The stale epoch.
        epoch: u64,
        /// Where the run stands: `at epoch 4, held by HOST`, `at epoch 4, held by nobody`, `gone`.
        now: String,
    },
    /// There is no such thing.
    #[error("no {what} `{id}`")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// The request does not fit the state of the run.
    #[error("{0}")]
    Refused(String),
    /// A request key came before with another request.
    #[error("this request key came before with another request")]
    KeyReused,
    /// The store cannot be written now: disk full, read-only, locked. Nothing was written.
    #[error("the store cannot be written: {0}")]
    Unwritable(String),
    /// A commit may or may not have happened.
    #[error("the fate of a commit is unknown: {0}")]
    Unknown(String),
    /// Another host has the store open.
    #[error(
        "the store {path} is in use by another host ({holder}); stop it first or give this one its own data_dir"
    )]
    InUse {
        /// The store.
        path: String,
        /// Who has it, as far as it said so: `process 4711`.
        holder: String,
    },
    /// The store is of a later version than this host knows, or holds what no host writes.
    #[error("the store cannot be used: {0}")]
    Unusable(String),
    /// The key is missing, or is not the one the store is sealed with. Nothing was changed.
    #[error("the store is locked: {0}")]
    Locked(String),
    /// Pages of the store are not what was written to them. Nothing more is written.
    #[error(
        "the store {path} is damaged: {what}. It is left as it is: restore a backup with `forebay restore --replace`, which keeps it aside"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What was found.
        what: String,
    },
}

impl Error {
    /// The same, saying of which file it is if that is open yet.
    #[must_use]
    pub(crate) fn in_file(self, file: &Path) -> Self {
        match self {
            Self::Damaged { path, what } if path.is_empty() => Self::Damaged {
                path: file.display().to_string(),
                what,
            },
            other => other,
        }
    }
}

/// What every method returns.
pub type Result<T> = std::result::Result<T, Error>;

/// A durable store, its triggers included.
#[async_trait]
pub trait Store: triggers::TriggerStore {
    // ---- Intake -------------------------------------------------------------------------------

    /// Store a verified webhook delivery; returns its number.
    async fn accept_webhook(&self, webhook: NewWebhook) -> Result<u64>;

    /// Deliveries that wait to be normalised and are due, oldest first.
    async fn open_webhooks(&self, now: Timestamp, limit: u32) -> Result<Vec<StoredWebhook>>;

    /// End or put off the normalisation of a delivery, together with the events it gave.
    async fn settle_webhook(&self, webhook: u64, settlement: WebhookSettlement)
    -> Result<Recorded>;

    /// Store events, each identity once, together with the cursor they were read with.
    async fn record_events(&self, batch: EventBatch) -> Result<Recorded>;

    /// The cursor of a trigger.
    async fn cursor(&self, trigger: &str) -> Result<Option<Cursor>>;

    /// Set a cursor by hand; audited.
    async fn set_cursor(&self, write: CursorWrite, audit: AuditEntry) -> Result<()>;

    /// Events not routed yet, in order of arrival.
    async fn unrouted_events(&self, limit: u32) -> Result<Vec<StoredEvent>>;

    /// Live runs with a wait that matches this event.
    async fn subscribers(&self, event: u64) -> Result<Vec<Subscriber>>;

    /// Route an event: deliver it to every live run that waits for it (looked up again in this
    /// transaction), start the planned runs or deliver to the live run of their key, keep it for
    /// switched-off flows, and mark it routed. Repeating it changes nothing. If a flow that was told
    /// of it, as the plan says, is told no more, nothing is done: the event stays to be routed.
    async fn route(&self, event: u64, plan: RoutePlan, now: Timestamp) -> Result<Routed>;

    /// Flows that events are kept for.
    async fn flows_with_deferred(&self) -> Result<Vec<FlowName>>;

    /// Events kept for a flow that could not take them up, oldest first.
    async fn deferred_events(&self, flow: &FlowName, limit: u32) -> Result<Vec<StoredEvent>>;

    /// Route an event kept for `flow`: like [`Store::route`], and it is kept no longer.
    async fn route_deferred(
        &self,
        event: u64,
        flow: &FlowName,
        plan: RoutePlan,
        now: Timestamp,
    ) -> Result<Routed>;

    // ---- Runs ---------------------------------------------------------------------------------

    /// Keep a flow's configuration under its hash, for the runs that start with it.
    async fn put_flow_config(&self, hash: &str, config: &Value) -> Result<()>;

    /// A kept configuration.
    async fn flow_config(&self, hash: &str) -> Result<Option<Value>>;

    /// Start a run on request. With a request key the answer to a repeated request is the same run.
    async fn start_run(&self, run: NewRun) -> Result<StartOutcome>;

    /// What a request under this key was answered before, if it came before.
    async fn answered(&self, request: &RequestKey) -> Result<Option<StartOutcome>>;

    /// Fire timers that are due, as [`Store::fire_timers`], and claim runs that have something to do then:
    /// raises each run's epoch, sets its lease and state
    /// `running`, and for a fresh activation records its time and the newest event known.
    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Claimed>>;

    /// Extend leases. Returns the claims that are lost.
    async fn renew(&self, claims: &[Claim], until: Timestamp) -> Result<Vec<Claim>>;

    /// Append or complete journal entries of a claimed activation.
    async fn journal(&self, claim: &Claim, entries: Vec<JournalEntry>) -> Result<()>;

    /// End an activation with its step.
    async fn commit_step(&self, claim: &Claim, commit: StepCommit) -> Result<Committed>;

    /// Put an activation off, to be tried again.
    async fn put_off(&self, claim: &Claim, put_off: PutOff) -> Result<()>;

    /// Park a run whose activation cannot end. What it was about stays in its inbox.
    async fn park(
        &self,
        claim: &Claim,
        reason: ParkReason,
        journal: Vec<JournalEntry>,
        audit: Vec<AuditEntry>,
        now: Timestamp,
    ) -> Result<()>;

    /// Give a claim back unused (the host drains).
    async fn release(&self, claim: &Claim, now: Timestamp) -> Result<()>;

    /// Turn timers that are due into inbox items of their runs; returns how many.
    async fn fire_timers(&self, now: Timestamp, limit: u32) -> Result<u32>;

    /// When something is due next without new events: a timer, a retry, a put-off webhook, a lease.
    async fn next_due(&self) -> Result<Option<Timestamp>>;

    /// Make the runs that wait for this connection's health due at once; returns how many.
    async fn wake_connection(&self, connection: &ConnectionName, now: Timestamp) -> Result<u32>;

    /// An operator's action on a run; audited in the same transaction, with the run before and after
    /// it.
    async fn act(&self, act: Act) -> Result<Controlled>;

    /// As [`Store::act`], without a request key.
    async fn control(
        &self,
        run: &RunId,
        control: Control,
        audit: AuditEntry,
        now: Timestamp,
    ) -> Result<Controlled> {
        let run = run.clone();
        self.act(Act {
            run,
            control,
            audit,
            request: None,
            dry_run: false,
            at: now,
        })
        .await
    }

    /// Keep the runs that a request about many was decided for, so that the request repeated is about
    /// the same ones; returns those of the first time.
    async fn reserve(
        &self,
        request: RequestKey,
        runs: Vec<RunId>,
        at: Timestamp,
    ) -> Result<Vec<RunId>>;

    /// Digests of handlers that live runs are pinned to.
    async fn digests_in_use(&self) -> Result<Vec<Digest>>;

    // ---- Audit --------------------------------------------------------------------------------

    /// Append audit entries that belong to no activation.
    async fn audit(&self, entries: Vec<AuditEntry>) -> Result<()>;

    /// Audit records, of one run or of all, oldest first.
    async fn audit_records(
        &self,
        run: Option<&RunId>,
        page: PageRequest,
    ) -> Result<Page<AuditRecord>>;

    /// Check the whole chain: number of records, or the first record that does not fit.
    async fn verify_audit(&self) -> Result<std::result::Result<u64, u64>>;

    // ---- Queries ------------------------------------------------------------------------------

    /// A run.
    async fn run(&self, run: &RunId) -> Result<Option<Run>>;

    /// Runs, newest first.
    async fn runs(&self, filter: RunFilter, page: PageRequest) -> Result<Page<Run>>;

    /// Number of runs by flow and state.
    async fn run_counts(&self) -> Result<Vec<(FlowName, forebay_model::run::RunState, u64)>>;

    /// Finished activations of a run, oldest first.
    async fn steps(&self, run: &RunId) -> Result<Vec<StepRecord>>;

    /// Journal of a run: all activations, or one.
    async fn journal_entries(
        &self,
        run: &RunId,
        activation: Option<u32>,
    ) -> Result<Vec<JournalEntry>>;

    /// What waits in a run's inbox.
    async fn inbox(&self, run: &RunId) -> Result<Vec<InboxItem>>;

    /// What a run subscribes to.
    async fn waits(&self, run: &RunId) -> Result<Vec<RunWait>>;

    /// A run's timers.
    async fn timers(&self, run: &RunId) -> Result<Vec<RunTimer>>;

    /// What runs told operators, of one run or of all, newest first.
    async fn notices(&self, run: Option<&RunId>, page: PageRequest) -> Result<Page<NoticeRecord>>;

    /// Events, newest first.
    async fn events(&self, filter: EventFilter, page: PageRequest) -> Result<Page<StoredEvent>>;

    /// An event.
    async fn event(&self, event: u64) -> Result<Option<StoredEvent>>;

    /// Have an event routed anew; audited in the same transaction. Runs that had it do not get it
    /// again, and a run that it started before is not started again.
    async fn redeliver(&self, event: u64, audit: AuditEntry) -> Result<StoredEvent>;

    /// Can the store be written? Used by readiness.
    async fn probe(&self) -> Result<()>;

    // ---- Upkeep -------------------------------------------------------------------------------

    /// Remove what may go by this policy, a bounded part of it in one transaction; call it again
    /// while it says that there is more. `in_force` are the hashes of the configurations that runs
    /// may still start with.
    ///
    /// What never goes: a live run; an event that is not routed, is kept for a flow, was given to a
    /// run that still lives, or came after the begin of an activation that is still open (the run
    /// may begin to wait for it); an ended run as long as an event it had may still be routed again
    /// (it proves that the event has started it); the audit.
    async fn prune(
        &self,
        policy: RetentionPolicy,
        in_force: Vec<String>,
        now: Timestamp,
    ) -> Result<Pruned> {
        let _ = (policy, in_force, now);
        Err(Error::Refused("this store keeps everything".to_owned()))
    }

    /// Space the store takes.
    async fn size(&self) -> Result<Size> {
        Err(Error::Refused(
            "this store does not tell its size".to_owned(),
        ))
    }

    /// Write a copy of the whole store, as it is at one moment, to a new file while the store goes
    /// on being used; says what is in it. The file is there complete, checked and on disk, or
    /// not at all.
    async fn backup(&self, target: &Path) -> Result<Copied> {
        Err(Error::Refused(format!(
            "this store cannot be copied to {}",
            target.display()
        )))
    }
}
