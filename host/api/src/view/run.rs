//! Runs.

use std::collections::BTreeMap;

use forebay_model::run::Run;
use forebay_model::{Entity, RunId};
use forebay_store::query::{InboxItem, NoticeRecord, RunTimer, RunWait};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::event::{DeliveryView, EntityView};
use super::{Time, json, times};

/// A run, in lists.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Run)]
pub(crate) struct RunView {
    /// Its id.
    id: String,
    /// The flow it is an execution of.
    flow: String,
    /// Its business key, unique among the live runs of the flow.
    business_key: String,
    /// Name for people.
    title: String,
    /// What it is about.
    subject: EntityView,
    /// Labels to search by.
    labels: BTreeMap<String, String>,
    /// `pending`, `running`, `waiting`, `retrying`, `parked`, `paused`, `completed`, `cancelled` or
    /// `failed`.
    state: &'static str,
    /// On whom or what it waits.
    waiting_on: Option<WaitingOnView>,
    /// Outcome or cancel reason.
    outcome: Option<String>,
    /// How it ended, in words.
    summary: Option<String>,
    /// Why it is parked.
    park_reason: Option<ParkReasonView>,
    /// Retries of the current activation so far.
    attempt: u32,
    /// When the current activation is tried again.
    retry_at: Option<Time>,
    /// What the last failed attempt said.
    last_error: Option<String>,
    /// Number of finished activations.
    activations: u32,
    /// When it was started.
    created_at: Time,
    /// When it last changed.
    updated_at: Time,
}

/// On whom or what a run waits.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = WaitingOn)]
pub(crate) struct WaitingOnView {
    /// In words.
    summary: String,
    /// Whose turn it is.
    parties: Vec<String>,
    /// When it should have happened.
    due_at: Option<Time>,
    /// A link for people.
    link: Option<String>,
}

/// Why a run is parked.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ParkReason)]
pub(crate) struct ParkReasonView {
    /// Stable code.
    #[schema(example = "possible-duplicate")]
    code: String,
    /// In words, with the vendor's message where there is one.
    message: String,
}

impl From<Run> for RunView {
    fn from(run: Run) -> Self {
        Self {
            id: run.id.to_string(),
            flow: run.flow.to_string(),
            business_key: run.business_key,
            title: run.title,
            subject: run.subject.into(),
            labels: run.labels.into_iter().collect(),
            state: run.state.as_str(),
            waiting_on: run.waiting_on.map(|waiting| WaitingOnView {
                summary: waiting.summary,
                parties: waiting.parties,
                due_at: times(waiting.due_at),
                link: waiting.link,
            }),
            outcome: run.outcome,
            summary: run.summary,
            park_reason: run.park_reason.map(|reason| ParkReasonView {
                code: reason.code,
                message: reason.message,
            }),
            attempt: run.attempt,
            retry_at: times(run.retry_at),
            last_error: run.last_error,
            activations: run.activations,
            created_at: run.created_at.into(),
            updated_at: run.updated_at.into(),
        }
    }
}

/// A run with all that it holds and waits for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RunDetail {
    /// The run.
    run: RunView,
    /// Digest of the handler it is pinned to.
    handler: String,
    /// Hash of the flow's configuration it is pinned to.
    config_hash: String,
    /// Version of the handler's state.
    state_version: u32,
    /// The handler's state; null before the first step.
    handler_state: Option<Value>,
    /// What it subscribes to.
    waits: Vec<WaitView>,
    /// Its timers.
    timers: Vec<TimerView>,
    /// What waits to be handled.
    inbox: Vec<InboxView>,
    /// What it last told operators, newest first.
    notices: Vec<NoticeView>,
}

/// A subscription.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Wait)]
struct WaitView {
    /// Connection of the entity.
    connection: String,
    /// The entity.
    entity: EntityView,
    /// Kinds wanted; empty for all.
    kinds: Vec<String>,
}

/// A timer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Timer)]
struct TimerView {
    /// Its name.
    name: String,
    /// When it is due.
    due_at: Time,
}

/// Something in a run's inbox.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = InboxItem)]
struct InboxView {
    /// Its number.
    id: u64,
    /// What it is.
    delivery: DeliveryView,
    /// When it came.
    arrived_at: Time,
}

/// Something a run told operators.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Notice)]
pub(crate) struct NoticeView {
    /// The run.
    run: String,
    /// The channel.
    channel: String,
    /// The message.
    message: String,
    /// When.
    at: Time,
}

impl From<NoticeRecord> for NoticeView {
    fn from(notice: NoticeRecord) -> Self {
        Self {
            run: notice.run.to_string(),
            channel: notice.channel,
            message: notice.message,
            at: notice.at.into(),
        }
    }
}

/// What the store knows about one run.
pub(crate) struct RunParts {
    pub(crate) run: Run,
    pub(crate) waits: Vec<RunWait>,
    pub(crate) timers: Vec<RunTimer>,
    pub(crate) inbox: Vec<InboxItem>,
    pub(crate) notices: Vec<NoticeRecord>,
}

impl From<RunParts> for RunDetail {
    fn from(parts: RunParts) -> Self {
        let wait = |wait: RunWait| WaitView {
            connection: wait.connection.to_string(),
            entity: wait.entity.into(),
            kinds: wait.kinds,
        };
        let timer = |timer: RunTimer| TimerView {
            name: timer.name,
            due_at: timer.due_at.into(),
        };
        let inbox = |item: InboxItem| InboxView {
            id: item.id,
            delivery: item.delivery.into(),
            arrived_at: item.arrived_at.into(),
        };
        Self {
            handler: parts.run.handler.to_string(),
            config_hash: parts.run.config_hash.clone(),
            state_version: parts.run.state_version,
            handler_state: parts.run.handler_state.as_deref().map(json),
            run: parts.run.into(),
            waits: parts.waits.into_iter().map(wait).collect(),
            timers: parts.timers.into_iter().map(timer).collect(),
            inbox: parts.inbox.into_iter().map(inbox).collect(),
            notices: parts.notices.into_iter().map(NoticeView::from).collect(),
        }
    }
}

/// What became of a request to start a run.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StartResult {
    /// A run was started.
    Started,
    /// A live run of the same business key got the request.
    Delivered,
    /// The same request was answered before.
    Repeated,
}

/// The answer to a request to start a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Started)]
pub(crate) struct StartedView {
    /// What became of it.
    pub(crate) result: StartResult,
    /// Id of the run.
    pub(crate) run_id: String,
    /// The run as it stands now.
    pub(crate) run: Option<RunView>,
}

impl From<Entity> for EntityView {
    fn from(entity: Entity) -> Self {
        Self {
            kind: entity.kind,
            id: entity.id,
        }
    }
}

/// Address of a run.
pub(crate) fn location(run: &RunId) -> String {
    format!("/v1/runs/{run}")
}
