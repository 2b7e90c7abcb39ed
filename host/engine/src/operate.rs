//! What operators and the API do: start runs, and act on one or many of them.

mod action;
mod bulk;
mod upgrade;

pub use action::{Acted, Action, Order};
pub use bulk::{Report, Selection};
pub use upgrade::{Move, Pin};

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use forebay_model::event::DeliveryContent;
use forebay_model::flow::FlowSpec;
use forebay_model::plugin::Plugin;
use forebay_model::step::{Admission, Start};
use forebay_model::{FlowName, RunId, Timestamp};
use forebay_store::runs::{NewRun, RequestKey, StartOutcome};
use serde_json::Value;

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

    /// Start a run on request. A repeated request gets its old answer, whatever has become of the flow.
    ///
    /// # Errors
    /// [`Error::SwitchedOff`] if the flow is, [`Error::Refused`] if its handler refuses the input.
    pub async fn start_run(&self, request: StartRequest) -> Result<StartOutcome> {
        if let Some(key) = &request.key
            && let Some(answer) = self.store.answered(key).await?
        {
            return Ok(answer);
        }
        let delivery = DeliveryContent::Request(request.input.to_string());
        if !self.flow(&request.flow)?.spec.enabled {
            return Err(Error::SwitchedOff(request.flow));
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
        let outcome = self.heard(self.store.start_run(run).await)?;
        self.runs_wake.notify_one();
        Ok(outcome)
    }
}
