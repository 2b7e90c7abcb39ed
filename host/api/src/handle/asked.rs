//! What operators ask to be done to runs, as they write it, and the order that it becomes.

use forebay_engine::operate::{Action, Order};
use forebay_model::event::Signal;
use forebay_store::runs::{Control, RequestKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::start::fingerprint;
use crate::guard::Caller;

/// Whether it is only a question.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DryRun {
    /// Only tell what would happen.
    #[param(default = false)]
    pub(crate) dry_run: bool,
}

/// Why, for actions that say no more.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonInput {
    /// Why, for the audit.
    #[serde(default)]
    pub(super) reason: Option<String>,
}

/// How a run is to be cancelled.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelInput {
    /// Why, for the audit and the handler.
    reason: String,
    /// End it at once, without asking the handler to clean up.
    #[serde(default)]
    force: bool,
}

/// A message to a run.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignalInput {
    /// Its name, as the handler knows it.
    name: String,
    /// What it carries.
    #[serde(default)]
    data: Value,
    /// Why, for the audit.
    #[serde(default)]
    reason: Option<String>,
}

/// An outcome that the handler did not decide.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompleteInput {
    /// One of the handler's outcomes.
    outcome: String,
    /// Why, for the audit.
    reason: String,
}

/// An action as it was asked for.
pub(crate) struct Asked {
    /// Its verb in the path.
    verb: &'static str,
    pub(crate) action: Action,
    reason: Option<String>,
    /// The request's body, to tell requests under one key apart.
    body: Value,
}

impl Asked {
    /// What needs no more than a reason.
    fn simple(verb: &'static str, action: impl Into<Action>, input: ReasonInput) -> Self {
        Self {
            verb,
            action: action.into(),
            body: json!(input),
            reason: input.reason,
        }
    }

    pub(crate) fn retry(input: ReasonInput, _: &Caller) -> Self {
        Self::simple("retry", Control::Retry, input)
    }

    pub(crate) fn pause(input: ReasonInput, _: &Caller) -> Self {
        Self::simple("pause", Control::Pause, input)
    }

    pub(crate) fn resume(input: ReasonInput, _: &Caller) -> Self {
        Self::simple("resume", Control::Resume, input)
    }

    pub(crate) fn redrive(input: ReasonInput, _: &Caller) -> Self {
        Self::simple("redrive", Action::Redrive, input)
    }

    pub(crate) fn upgrade(input: ReasonInput, _: &Caller) -> Self {
        Self::simple("upgrade", Action::Upgrade, input)
    }

    pub(crate) fn cancel(input: CancelInput, caller: &Caller) -> Self {
        let body = json!(input);
        let control = Control::Cancel {
            reason: input.reason,
            force: input.force,
            sender: caller.actor(),
        };
        Self {
            verb: "cancel",
            action: control.into(),
            reason: None,
            body,
        }
    }

    pub(crate) fn signal(input: SignalInput, caller: &Caller) -> Self {
        let body = json!(input);
        let signal = Signal {
            name: input.name,
            data: input.data.to_string(),
            sender: caller.actor(),
        };
        Self {
            verb: "signal",
            action: Control::Signal(signal).into(),
            reason: input.reason,
            body,
        }
    }

    pub(crate) fn complete(input: CompleteInput, caller: &Caller) -> Self {
        let body = json!(input);
        let control = Control::Complete {
            outcome: input.outcome,
            reason: input.reason,
            sender: caller.actor(),
        };
        Self {
            verb: "complete",
            action: control.into(),
            reason: None,
            body,
        }
    }

    /// The order it is carried out by. `about` is what the path or body names besides.
    pub(crate) fn order(
        &self,
        caller: &Caller,
        key: Option<String>,
        dry_run: bool,
        about: &Value,
    ) -> Order {
        let request = key.map(|key| RequestKey {
            key: format!("{}:{key}", caller.key),
            fingerprint: fingerprint(json!([self.verb, about, self.body])),
        });
        Order {
            actor: caller.actor(),
            reason: self.reason.clone(),
            request,
            dry_run,
        }
    }
}
