//! What operators and the API do: start runs, act on them, check flows and connections.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_model::audit::AuditEntry;
use forebay_model::capability::{CapabilityError, Detail, Finding};
use forebay_model::event::DeliveryContent;
use forebay_model::flow::{FlowSpec, Mode};
use forebay_model::plugin::Plugin;
use forebay_model::ports::{Broker, Calendar, CallContext, CapabilityCall, Interrupt};
use forebay_model::step::{Admission, Start};
use forebay_model::{FlowName, InterfaceName, RunId, Timestamp};
use forebay_store::runs::{Control, Controlled, NewRun, RequestKey, StartOutcome};
use serde_json::{Value, json};

use crate::core::Core;
use crate::topology::{LiveFlow, binding};
use crate::{Error, Result};

/// The answer of a flow to a delivery.
pub(crate) enum Admitted {
    /// It wants a run.
    Start {
        flow: Arc<LiveFlow>,
        handler: Arc<Plugin>,
        start: Start,
    },
    /// It does not, and why.
    Ignored(String),
    /// The request is wrong, and why.
    Refused(String),
}

impl fmt::Display for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { start, .. } => f.write_str(&start.business_key),
            Self::Ignored(reason) | Self::Refused(reason) => f.write_str(reason),
        }
    }
}

impl LiveFlow {
    /// A run of this flow, pinned to this handler and this configuration.
    pub(crate) fn new_run(
        &self,
        handler: &Plugin,
        start: Start,
        delivery: DeliveryContent,
        origin: &str,
        actor: String,
        at: Timestamp,
    ) -> NewRun {
        NewRun {
            id: RunId::derive(&self.spec.name, &start.business_key, origin),
            flow: self.spec.name.clone(),
            business_key: start.business_key,
            title: start.title,
            subject: start.subject,
            labels: start.labels,
            handler: handler.digest.clone(),
            config_hash: self.config_hash.clone(),
            delivery,
            request: None,
            actor,
            at,
        }
    }
}

/// A request to start a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRequest {
    /// The flow.
    pub flow: FlowName,
    /// Input, JSON.
    pub input: Value,
    /// The client's idempotency key, if it gave one.
    pub key: Option<RequestKey>,
    /// Who asks, for the audit.
    pub actor: String,
}

impl Core {
    /// Ask a flow's handler whether a delivery starts a run.
    pub(crate) async fn admit(
        &self,
        flow: &FlowName,
        delivery: &DeliveryContent,
    ) -> Result<Admitted> {
        let flow = self.flow(flow)?;
        let handler = self.handler(&flow)?;
        let config = flow.spec.config.to_string();
        let admission =
            self.guests.admit(&handler.digest, &config, &flow.bindings(), delivery).await?;
        Ok(match admission {
            Admission::Start(start) => Admitted::Start { flow, handler, start },
            Admission::Ignore(reason) => Admitted::Ignored(reason),
            Admission::Refuse(reason) => Admitted::Refused(reason),
        })
    }

    fn handler(&self, flow: &LiveFlow) -> Result<Arc<Plugin>> {
        let name = &flow.spec.handler;
        let found = self.guests.current(name).filter(|plugin| plugin.handler().is_some());
        found.ok_or_else(|| Error::Unknown { what: "handler plugin", name: name.clone() })
    }

    /// Start a run on request.
    ///
    /// # Errors
    /// [`Error::Refused`] if the flow is switched off or its handler refuses the input.
    pub async fn start_run(&self, request: StartRequest) -> Result<StartOutcome> {
        let delivery = DeliveryContent::Request(request.input.to_string());
        if !self.flow(&request.flow)?.spec.enabled {
            let message = format!("the flow {} is switched off (enabled = false)", request.flow);
            return Err(Error::Refused(message));
        }
        let (flow, handler, start) = match self.admit(&request.flow, &delivery).await? {
            Admitted::Start { flow, handler, start } => (flow, handler, start),
            Admitted::Ignored(reason) | Admitted::Refused(reason) => {
                return Err(Error::Refused(reason));
            }
        };
        let now = self.clock.now();
        // Without a key every request is a start of its own, so the time makes it distinct.
        let origin = match &request.key {
            Some(key) => format!("request {}", key.key),
            None => format!("request at {}", now.0),
        };
        let mut run = flow.new_run(&handler, start, delivery, &origin, request.actor, now);
        run.request = request.key;
        let outcome = self.store.start_run(run).await?;
        self.runs_wake.notify_one();
        Ok(outcome)
    }

    /// Act on a run.
    ///
    /// # Errors
    /// If there is no such run, or the action does not fit its state.
    pub async fn control(&self, run: &RunId, control: Control, actor: &str) -> Result<Controlled> {
        let now = self.clock.now();
        let (action, details) = describe(&control);
        let flow = self.store.run(run).await?.map(|run| run.flow.to_string());
        let audit = AuditEntry {
            at: now,
            run: Some(run.to_string()),
            flow,
            actor: actor.to_owned(),
            action: action.to_owned(),
            details,
        };
        let controlled = self.store.control(run, control, audit, now).await?;
        self.runs_wake.notify_one();
        Ok(controlled)
    }

    /// Preflight of a configured flow, in plain words. With `probe` the vendors are asked too.
    ///
    /// # Errors
    /// If the flow or its handler is not there, or the handler fails.
    pub async fn check_flow(
        self: &Arc<Self>,
        name: &FlowName,
        probe: bool,
    ) -> Result<Vec<Finding>> {
        let flow = self.flow(name)?;
        self.check_spec(&flow.spec, probe).await
    }

    /// Preflight of a flow that need not be configured yet.
    ///
    /// # Errors
    /// If the handler is not there or fails.
    pub async fn check_spec(
        self: &Arc<Self>,
        spec: &FlowSpec,
        probe: bool,
    ) -> Result<Vec<Finding>> {
        let handler = self.handler(&LiveFlow::new(spec.clone()))?;
        let broker = CheckBroker {
            core: Arc::clone(self),
            spec: spec.clone(),
            handler: Arc::clone(&handler),
            now: self.clock.now(),
        };
        let config = spec.config.to_string();
        Ok(self.guests.check_flow(&handler.digest, &config, probe, Arc::new(broker)).await?)
    }
}

fn describe(control: &Control) -> (&'static str, Value) {
    match control {
        Control::Cancel { reason, force, .. } => {
            ("operator.cancel", json!({"reason": reason, "force": force}))
        }
        Control::Retry => ("operator.retry", json!({})),
        Control::Pause => ("operator.pause", json!({})),
        Control::Resume => ("operator.resume", json!({})),
        Control::Signal(signal) => {
            ("operator.signal", json!({"name": signal.name, "data": signal.data}))
        }
    }
}

/// The broker of a preflight: reads go through, everything else is refused.
struct CheckBroker {
    core: Arc<Core>,
    spec: FlowSpec,
    handler: Arc<Plugin>,
    now: Timestamp,
}

impl CheckBroker {
    async fn read(&self, call: &CapabilityCall) -> std::result::Result<Value, String> {
        let (_, connection) = binding(&self.spec, &self.handler, &call.function.interface)
            .ok_or_else(|| format!("no connection is bound for {}", call.function.interface))?;
        if !self.core.reads_only(connection, &call.function.to_string()) {
            return Err(format!("{} is not a read; a check changes nothing", call.function));
        }
        let (digest, spec) = self
            .core
            .connector(connection)
            .ok_or_else(|| format!("no plugin for the connection {connection} is loaded"))?;
        let context = self.core.read_context("check");
        let guests = &self.core.guests;
        let answer = guests.call(&digest, &spec, context, &call.function, &call.arguments).await;
        answer.map_err(|error| format!("{} at {connection}: {error}", call.function))
    }
}

impl Core {
    /// Circumstances of a call that belongs to no run.
    pub(crate) fn read_context(&self, purpose: &str) -> CallContext {
        CallContext {
            key: format!("{purpose}.{}", self.clock.now().0),
            attempt: 1,
            previous_unknown: false,
            timeout: Duration::from_secs(self.options.call_timeout.into()),
            run: None,
        }
    }
}

#[async_trait]
impl Broker for CheckBroker {
    async fn call(&self, call: CapabilityCall) -> std::result::Result<Value, Interrupt> {
        match self.read(&call).await {
            Ok(result) => Ok(result),
            Err(message) if call.fallible => {
                Ok(json!({"err": CapabilityError::Unavailable(Detail::new(message))}))
            }
            Err(_) => Err(Interrupt),
        }
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn seed(&self) -> u64 {
        self.now.0.unsigned_abs()
    }

    fn random_id(&self) -> String {
        format!("check-{}", self.now.0)
    }

    fn mode(&self) -> Mode {
        self.spec.mode
    }

    fn available(&self, role: &str, capability: &str) -> bool {
        let Some(connection) = self.spec.connections.get(role) else { return false };
        self.core.offers(connection, &InterfaceName::new(capability))
    }

    async fn spawn(
        &self,
        _flow: String,
        _business_key: String,
        _input: String,
    ) -> std::result::Result<std::result::Result<String, CapabilityError>, Interrupt> {
        Ok(Err(CapabilityError::Unsupported(Detail::new("a check starts no runs"))))
    }

    async fn signal(
        &self,
        _run: String,
        _name: String,
        _data: String,
    ) -> std::result::Result<std::result::Result<(), CapabilityError>, Interrupt> {
        Ok(Err(CapabilityError::Unsupported(Detail::new("a check sends no signals"))))
    }

    fn decision(&self, _record: Value) {}

    fn business_time(
        &self,
        calendar: &Calendar,
        start: Timestamp,
        minutes: u32,
    ) -> std::result::Result<Timestamp, String> {
        crate::calendar::add_working_minutes(calendar, start, minutes)
    }

    fn notify(&self, _channel: String, _message: String) {}

    fn progress(&self, _done: u64, _total: u64) {}
}
