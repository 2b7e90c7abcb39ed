//! The ports through which rooms meet: the engine calls guests through [`Guests`]; a guest's calls
//! come back to the engine through [`Broker`]. The sandbox implements the first and uses the second.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::capability::{CapabilityError, Finding};
use crate::event::{DeliveryContent, Event};
use crate::flow::{ConnectionSpec, Mode};
use crate::name::{ConnectionName, Digest, FunctionName, RunId};
use crate::plugin::Plugin;
use crate::step::{Admission, Step};
use crate::time::Timestamp;

/// The limit that stops a connector's call which takes too long: to whoever made the call a timeout.
pub const CALL_TIME: &str = "limits.wall_call";

/// Why a guest did not return.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuestError {
    /// The component of this digest is not loaded and cannot be.
    #[error("plugin {0} is not available: {1}")]
    Unavailable(Digest, String),
    /// A limit stopped it: which, and what it allows.
    #[error("stopped by the limit {limit}: {message}")]
    Limit {
        /// Key of the limit in the configuration, such as `limits.cpu`.
        limit: &'static str,
        /// In words.
        message: String,
    },
    /// It trapped or panicked.
    #[error("the component failed: {0}")]
    Trap(String),
    /// What it was given or gave back does not have the declared type.
    #[error("type mismatch: {0}")]
    Type(String),
    /// The host ended it because the broker asked for it; the broker knows why.
    #[error("interrupted by the host")]
    Interrupted,
    /// The host is too busy or shutting down; nothing was started.
    #[error("the host cannot run the component now: {0}")]
    Busy(String),
}

/// A handler's call to a capability.
#[derive(Clone, Debug, PartialEq)]
pub struct CapabilityCall {
    /// The function.
    pub function: FunctionName,
    /// Arguments in the broker's JSON form, by position.
    pub arguments: Vec<Value>,
    /// The function returns `result<_, forebay:connector/types.error>`, so that the host can answer
    /// with an error of its own.
    pub fallible: bool,
    /// A value of the function's result type for observe mode: `ok` with empty content.
    pub blank: Value,
}

/// The broker wants the activation ended now: the guest is dropped and never resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupt;

/// Working time, as `runtime.calendar`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// IANA time zone.
    pub zone: String,
    /// Working days, `mon` … `sun`.
    pub days: Vec<String>,
    /// Start of the working day, `HH:MM`.
    pub opens: String,
    /// End of the working day, `HH:MM`.
    pub closes: String,
    /// Days off, `YYYY-MM-DD`.
    pub holidays: Vec<String>,
}

/// What a handler's imports lead to. One broker serves one activation.
#[async_trait]
pub trait Broker: Send + Sync {
    /// A capability call. The result is in the broker's JSON form: `{"ok": …}` or `{"err": …}` for
    /// a `result`.
    async fn call(&self, call: CapabilityCall) -> Result<Value, Interrupt>;

    /// `runtime.now`.
    fn now(&self) -> Timestamp;
    /// Seed of everything random in this activation.
    fn seed(&self) -> u64;
    /// `runtime.random-id`.
    fn random_id(&self) -> String;
    /// `runtime.mode`.
    fn mode(&self) -> Mode;
    /// `runtime.available`.
    fn available(&self, role: &str, capability: &str) -> bool;
    /// `runtime.spawn`.
    async fn spawn(
        &self,
        flow: String,
        business_key: String,
        input: String,
    ) -> Result<Result<String, CapabilityError>, Interrupt>;
    /// `runtime.signal`.
    async fn signal(
        &self,
        run: String,
        name: String,
        data: String,
    ) -> Result<Result<(), CapabilityError>, Interrupt>;
    /// `runtime.decision`; the record in its JSON form.
    fn decision(&self, record: Value);
    /// `runtime.business-time`.
    fn business_time(
        &self,
        calendar: &Calendar,
        start: Timestamp,
        minutes: u32,
    ) -> Result<Timestamp, String>;
    /// `runtime.end-of-day`.
    fn end_of_day(&self, zone: &str, date: &str) -> Result<Timestamp, String>;
    /// `runtime.local-date`.
    fn local_date(&self, zone: &str, at: Timestamp) -> Result<String, String>;
    /// `runtime.notify`.
    fn notify(&self, channel: String, message: String);
    /// `runtime.progress`.
    fn progress(&self, done: u64, total: u64);
}

/// What the handler of an activation is given. See `use-case-handler.handle`.
#[derive(Clone, Debug, PartialEq)]
pub struct Activation {
    /// Digest of the handler.
    pub handler: Digest,
    /// The run.
    pub run: RunId,
    /// The flow's name.
    pub flow: String,
    /// The business key.
    pub business_key: String,
    /// Connection bound to each role.
    pub connections: Vec<(String, ConnectionName)>,
    /// The flow's configuration, JSON text.
    pub config: String,
    /// Version of the state.
    pub state_version: u32,
    /// The state, JSON text.
    pub state: Option<String>,
    /// Number of the activation.
    pub activation: u32,
    /// What it is about.
    pub delivery: DeliveryContent,
}

/// The circumstances of a call into a connector. See `forebay:connector/call.call-context`.
#[derive(Clone, Debug, PartialEq)]
pub struct CallContext {
    /// Stable key of the effect.
    pub key: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The fate of an earlier attempt is unknown.
    pub previous_unknown: bool,
    /// How long the call may take.
    pub timeout: Duration,
    /// The run, if any.
    pub run: Option<RunId>,
}

/// A page of events. See `event-source.change-page`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChangePage {
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// Where the next call goes on.
    pub cursor: String,
    /// There is more to read at once.
    pub more: bool,
    /// When to come back.
    pub next_poll_seconds: Option<u32>,
}

/// How far and how much to read. See `event-source.change-options`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChangeOptions {
    /// Where a first call starts from.
    pub start_at: Option<Timestamp>,
    /// How far to read back.
    pub overlap_seconds: u32,
    /// How much to return.
    pub limit: u32,
}

/// A verified webhook delivery. See `event-source.webhook-request`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WebhookRequest {
    /// The endpoint.
    pub endpoint: String,
    /// HTTP method.
    pub method: String,
    /// Path with query.
    pub path: String,
    /// Headers without credentials, names in lowercase.
    pub headers: Vec<HeaderField>,
    /// Body; secrets in it are replaced.
    pub body: Vec<u8>,
    /// When it was accepted.
    pub received_at: Timestamp,
}

/// A header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderField {
    /// Name in lowercase.
    pub name: String,
    /// Value.
    pub value: String,
}

/// A connector's answer: its own error is inside, the guest's failure outside.
pub type ConnectorResult<T> = Result<Result<T, CapabilityError>, GuestError>;

/// Loaded components, as the engine sees them.
#[async_trait]
pub trait Guests: Send + Sync + 'static {
    /// The newest accepted plugin of this name.
    fn current(&self, name: &str) -> Option<Arc<Plugin>>;

    /// An accepted plugin by digest, also a replaced one.
    fn plugin(&self, digest: &Digest) -> Option<Arc<Plugin>>;

    /// The file of an accepted plugin, also of a replaced one.
    async fn component(&self, digest: &Digest) -> Result<Vec<u8>, GuestError> {
        let reason = "its file is not kept".to_owned();
        Err(GuestError::Unavailable(digest.clone(), reason))
    }

    /// Let go of accepted plugins that have not been current or `needed` for so long, their files
    /// included; returns those that went. How long is counted from the first call that found it so.
    async fn let_go(&self, needed: &[Digest], unused_for: Duration) -> Vec<Arc<Plugin>> {
        let _ = (needed, unused_for);
        Vec::new()
    }

    /// `handle`.
    async fn handle(
        &self,
        activation: Activation,
        broker: Arc<dyn Broker>,
    ) -> Result<Result<Step, CapabilityError>, GuestError>;

    /// `admit`.
    async fn admit(
        &self,
        handler: &Digest,
        config: &str,
        connections: &[(String, ConnectionName)],
        delivery: &DeliveryContent,
    ) -> Result<Admission, GuestError>;

    /// `use-case-handler.check`.
    async fn check_flow(
        &self,
        handler: &Digest,
        config: &str,
        probe: bool,
        broker: Arc<dyn Broker>,
    ) -> Result<Vec<Finding>, GuestError>;

    /// `migrate`.
    async fn migrate(
        &self,
        handler: &Digest,
        state: &str,
        from_version: u32,
    ) -> Result<Result<String, String>, GuestError>;

    /// Any function of a connector, by name. The result is in the broker's JSON form.
    async fn call(
        &self,
        connector: &Digest,
        connection: &ConnectionSpec,
        context: CallContext,
        function: &FunctionName,
        arguments: &[Value],
    ) -> Result<Value, GuestError>;

    /// `connector.check`.
    async fn check_connection(
        &self,
        connector: &Digest,
        connection: &ConnectionSpec,
        context: CallContext,
    ) -> ConnectorResult<Vec<Finding>>;

    /// `event-source.changes`.
    async fn changes(
        &self,
        connector: &Digest,
        connection: &ConnectionSpec,
        context: CallContext,
        cursor: Option<&str>,
        options: ChangeOptions,
    ) -> ConnectorResult<ChangePage>;

    /// `event-source.webhook`.
    async fn webhook(
        &self,
        connector: &Digest,
        connection: &ConnectionSpec,
        context: CallContext,
        request: &WebhookRequest,
    ) -> ConnectorResult<Vec<Event>>;

    /// `event-source.arm`.
    async fn arm(
        &self,
        connector: &Digest,
        connection: &ConnectionSpec,
        context: CallContext,
        base_url: &str,
    ) -> ConnectorResult<Vec<Finding>>;
}
