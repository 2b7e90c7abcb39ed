//! What operators and the API do: start runs and act on them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use forebay_model::audit::AuditEntry;
use forebay_model::event::DeliveryContent;
use forebay_model::flow::FlowSpec;
use forebay_model::plugin::Plugin;
use forebay_model::step::{Admission, Start};
use forebay_model::{FlowName, RunId, Timestamp};
use forebay_store::runs::{Control, Controlled, NewRun, RequestKey, StartOutcome};
use serde_json::{Value, json};

use crate::core::Core;
use crate::topology::LiveFlow;
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
        let handler = self.handler(&flow.spec)?;
        let config = flow.spec.config.to_string();
        let admission = self
            .guests
            .admit(&handler.digest, &config, &flow.spec.bindings(), delivery)
            .await?;
        Ok(match admission {
            Admission::Start(start) => Admitted::Start {
                flow,
                handler,
                start,
            },
            Admission::Ignore(reason) => Admitted::Ignored(reason),
            Admission::Refuse(reason) => Admitted::Refused(reason),
        })
    }

    pub(crate) fn handler(&self, flow: &FlowSpec) -> Result<Arc<Plugin>> {
        let name = &flow.handler;
        let found = self
            .guests
            .current(name)
            .filter(|plugin| plugin.handler().is_some());
        found.ok_or_else(|| Error::Unknown {
            what: "handler plugin",
            name: name.clone(),
        })
    }

    /// Start a run on request.
    ///
    /// # Errors
    /// [`Error::Refused`] if the flow is switched off or its handler refuses the input.
    pub async fn start_run(&self, request: StartRequest) -> Result<StartOutcome> {
        let delivery = DeliveryContent::Request(request.input.to_string());
        if !self.flow(&request.flow)?.spec.enabled {
            let message = format!(
                "the flow {} is switched off (enabled = false)",
                request.flow
            );
            return Err(Error::Refused(message));
        }
        let (flow, handler, start) = match self.admit(&request.flow, &delivery).await? {
            Admitted::Start {
                flow,
                handler,
                start,
            } => (flow, handler, start),
            Admitted::Ignored(reason) | Admitted::Refused(reason) => {
                return Err(Error::Refused(reason));
            }
        };
        let now = self.clock.now();
        // Without a key every request is a start of its own, also among those of one millisecond.
        let origin = match &request.key {
            Some(key) => format!("request {}", key.key),
            None => {
                let number = self.requests.fetch_add(1, Ordering::Relaxed);
                format!("request {number} at {} to {}", now.0, self.owner)
            }
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
        // A run that ended gives back the events it did not look at.
        self.events_wake.notify_one();
        Ok(controlled)
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
        Control::Signal(signal) => (
            "operator.signal",
            json!({"name": signal.name, "data": signal.data}),
        ),
    }
}
