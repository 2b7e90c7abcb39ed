//! What a scripted handler works with: its calls, and the steps it returns.

use std::sync::Arc;

use forebay_model::capability::CapabilityError;
use forebay_model::ports::{Broker, CapabilityCall, GuestError, Interrupt};
use forebay_model::step::{Completion, Next, Step, Subscription, Timer, Waiting, WaitingOn};
use forebay_model::{Entity, InterfaceName};
use serde_json::{Value, json};

/// What `handle` returns.
pub(crate) type Answer = Result<Result<Step, CapabilityError>, GuestError>;

/// A handler's way out.
#[derive(Clone)]
pub(crate) struct Desk(pub(crate) Arc<dyn Broker>);

impl Desk {
    /// Call a function of the DAM.
    pub(crate) async fn dam(&self, function: &str, arguments: Value) -> Result<Value, GuestError> {
        self.call("forebay:assets/asset-source", function, arguments)
            .await
    }

    /// Call a function of the workflow engine.
    pub(crate) async fn engine(
        &self,
        function: &str,
        arguments: Value,
    ) -> Result<Value, GuestError> {
        self.call("forebay:workflow/workflow-sink", function, arguments)
            .await
    }

    /// Call any function; an interrupt ends the handler, as it does in the sandbox.
    pub(crate) async fn call(
        &self,
        interface: &str,
        function: &str,
        arguments: Value,
    ) -> Result<Value, GuestError> {
        let call = CapabilityCall {
            function: InterfaceName::new(interface).function(function),
            arguments: arguments.as_array().unwrap().clone(),
            fallible: true,
            blank: json!({"ok": ""}),
        };
        self.0
            .call(call)
            .await
            .map_err(|Interrupt| GuestError::Interrupted)
    }
}

fn step(state: &Value, next: Next) -> Answer {
    Ok(Ok(Step {
        state: state.to_string(),
        labels: Vec::new(),
        next,
    }))
}

/// Wait for timers and subscriptions.
pub(crate) fn waiting(
    state: &Value,
    timers: Vec<Timer>,
    subscriptions: Vec<Subscription>,
) -> Answer {
    let waiting_on = WaitingOn {
        summary: "somebody".into(),
        ..WaitingOn::default()
    };
    step(
        state,
        Next::Waiting(Waiting {
            timers,
            subscriptions,
            waiting_on,
        }),
    )
}

/// Wait for any event of an entity.
pub(crate) fn waiting_for(state: &Value, role: &str, entity: Entity) -> Answer {
    let subscription = Subscription {
        role: role.into(),
        entity,
        kinds: Vec::new(),
    };
    waiting(state, Vec::new(), vec![subscription])
}

fn completion(outcome: &str) -> Completion {
    Completion {
        outcome: outcome.into(),
        summary: "as scripted".into(),
    }
}

/// Done.
pub(crate) fn completed(outcome: &str) -> Answer {
    step(&json!({}), Next::Completed(completion(outcome)))
}

/// Ended without its purpose.
pub(crate) fn cancelled(outcome: &str) -> Answer {
    step(&json!({}), Next::Cancelled(completion(outcome)))
}

/// An operator must look.
pub(crate) fn parked(reason: &str) -> Answer {
    step(&json!({}), Next::Parked(reason.into()))
}
