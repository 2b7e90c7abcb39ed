//! One action of an operator on one run.

use forebay_model::RunId;
use forebay_model::audit::AuditEntry;
use forebay_model::run::{Run, RunState};
use forebay_store::runs::{Act, Control, Controlled, Redrive, RequestKey};
use serde_json::{Value, json};

use super::upgrade::Move;
use crate::core::Core;
use crate::{Error, Result};

/// What an operator wants done to a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// This. What it says about a handler or a configuration is taken as it is.
    Do(Control),
    /// Begin it anew with the handler and configuration of now.
    Redrive,
    /// Move it to the handler and configuration of now.
    Upgrade,
}

impl From<Control> for Action {
    fn from(control: Control) -> Self {
        Self::Do(control)
    }
}

/// States of runs that live.
const LIVE: &[RunState] = &[
    RunState::Pending,
    RunState::Running,
    RunState::Waiting,
    RunState::Retrying,
    RunState::Parked,
    RunState::Paused,
];

impl Action {
    /// States of the runs it is meant for, where a request about many names none.
    pub(super) const fn usual_states(&self) -> &'static [RunState] {
        match self {
            Self::Do(Control::Retry) => &[RunState::Parked, RunState::Retrying],
            Self::Do(Control::Resume) => &[RunState::Paused],
            Self::Redrive | Self::Do(Control::Redrive(_)) => &[RunState::Parked, RunState::Failed],
            _ => LIVE,
        }
    }
}

/// Who wants it, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// `operator:NAME`.
    pub actor: String,
    /// Why, for the audit.
    pub reason: Option<String>,
    /// The client's idempotency key, if it gave one.
    pub request: Option<RequestKey>,
    /// Only tell what would happen.
    pub dry_run: bool,
}

impl Order {
    /// An order of this actor.
    #[must_use]
    pub fn by(actor: impl Into<String>) -> Self {
        Self {
            actor: actor.into(),
            ..Self::default()
        }
    }
}

/// What an action did, or would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Acted {
    /// What the store says.
    pub controlled: Controlled,
    /// What a move to another handler or configuration changes.
    pub moved: Option<Move>,
}

impl Core {
    /// Act on a run.
    ///
    /// # Errors
    /// If there is no such run, or the action does not fit it.
    pub async fn act(&self, run: &RunId, action: &Action, order: &Order) -> Result<Acted> {
        let missing = || forebay_store::Error::NotFound {
            what: "run",
            id: run.to_string(),
        };
        let run = self.store.run(run).await?.ok_or_else(missing)?;
        let (control, moved) = match action {
            Action::Do(control) => (control.clone(), None),
            Action::Redrive => (self.redrive(&run, order)?, None),
            Action::Upgrade => {
                let planned = self.plan_upgrade(&run).await?;
                (Control::Upgrade(Box::new(planned.upgrade)), planned.changes)
            }
        };
        self.check(&run, &control)?;
        let now = self.clock.now();
        let (name, mut details) = describe(&control);
        if let (Value::Object(details), Some(reason)) = (&mut details, &order.reason) {
            details.insert("reason".to_owned(), json!(reason));
        }
        let audit = AuditEntry {
            at: now,
            run: Some(run.id.to_string()),
            flow: Some(run.flow.to_string()),
            actor: order.actor.clone(),
            action: name.to_owned(),
            details,
        };
        let act = Act {
            run: run.id,
            control,
            audit,
            request: order.request.clone(),
            dry_run: order.dry_run,
            at: now,
        };
        let controlled = self.heard(self.store.act(act).await)?;
        if controlled.changed && !order.dry_run {
            self.runs_wake.notify_one();
            // A run that ended gives back the events it did not look at.
            self.events_wake.notify_one();
        }
        Ok(Acted { controlled, moved })
    }

    /// Act on a run for this actor.
    ///
    /// # Errors
    /// If there is no such run, or the action does not fit it.
    pub async fn control(&self, run: &RunId, control: Control, actor: &str) -> Result<Controlled> {
        let acted = self.act(run, &control.into(), &Order::by(actor)).await?;
        Ok(acted.controlled)
    }

    fn redrive(&self, run: &Run, order: &Order) -> Result<Control> {
        let flow = self.flow(&run.flow)?;
        if !flow.spec.enabled {
            return Err(Error::SwitchedOff(run.flow.clone()));
        }
        let handler = self.handler(&flow.spec)?;
        Ok(Control::Redrive(Redrive {
            handler: handler.digest.clone(),
            config_hash: flow.config_hash.clone(),
            sender: order.actor.clone(),
        }))
    }

    /// What the store cannot know: reasons are given where somebody will ask for them, and a forced
    /// outcome is one that the handler knows, because reports and other flows go by them. Where its
    /// file is gone nobody can tell, and the operator decides.
    fn check(&self, run: &Run, control: &Control) -> Result<()> {
        if let Control::Cancel { reason, .. } | Control::Complete { reason, .. } = control
            && reason.trim().is_empty()
        {
            return Err(Error::Refused("a reason is needed".to_owned()));
        }
        let Control::Complete { outcome, .. } = control else {
            return Ok(());
        };
        let plugin = self.guests.plugin(&run.handler);
        let Some(info) = plugin.as_ref().and_then(|plugin| plugin.handler()) else {
            return Ok(());
        };
        if info.outcomes.contains(outcome) {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "`{outcome}` is not among the outcomes of the handler: {}",
            info.outcomes.join(", ")
        )))
    }
}

/// An action's name in the audit, and what is said about it besides who, before and after.
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
        Control::Complete {
            outcome, reason, ..
        } => (
            "operator.complete",
            json!({"outcome": outcome, "reason": reason}),
        ),
        Control::Redrive(_) => ("operator.redrive", json!({})),
        Control::Upgrade(_) => ("operator.upgrade", json!({})),
    }
}
