//! What an activation returns.

use serde::Serialize;

use super::{Completion, Delivery, Next, Subscription, Timer, Waiting, WaitingOn};
use crate::bindings::imports::forebay::flow::use_case_handler as wit;
use crate::types::{Entity, Error, FieldsExt, Timestamp};

/// Kind of the event that tells of the end of a run.
const RUN_COMPLETED: &str = "run.completed";
/// Role and entity kind of the runs of this host.
const RUN: &str = "run";

/// How a run ended that was waited for with [`Wait::until_ended`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunEnded {
    /// The run, by the id that spawning it gave.
    pub run: String,
    /// Its business key.
    pub business_key: String,
    /// Its outcome.
    pub outcome: String,
    /// In words.
    pub summary: String,
}

impl RunEnded {
    /// What a delivery tells of the end of a run, if it does.
    #[must_use]
    pub fn of(delivery: &Delivery) -> Option<Self> {
        let Delivery::Event(incoming) = delivery else {
            return None;
        };
        let event = &incoming.event;
        let text = |name: &str| event.data.text(name).unwrap_or_default().to_owned();
        (event.kind == RUN_COMPLETED).then(|| Self {
            run: event.entity.id.clone(),
            business_key: text("business-key"),
            outcome: text("outcome"),
            summary: text("summary"),
        })
    }
}

/// New state, and what comes next.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<S> {
    /// New state.
    pub state: S,
    /// Labels to add or replace.
    pub labels: Vec<(String, String)>,
    /// What comes next.
    pub next: Next,
}

impl<S> Step<S> {
    /// Wait. Ends with [`Wait::waiting_on`], because operators must see what for.
    pub fn wait(state: S) -> Wait<S> {
        let waiting_on = WaitingOn {
            summary: String::new(),
            parties: Vec::new(),
            due_at: None,
            link: None,
        };
        let waiting = Waiting {
            timers: Vec::new(),
            subscriptions: Vec::new(),
            waiting_on,
        };
        Wait { state, waiting }
    }

    /// The run is done, with one of the outcomes of `describe`.
    pub fn complete(state: S, outcome: impl Into<String>, summary: impl Into<String>) -> Self {
        let completion = Completion {
            outcome: outcome.into(),
            summary: summary.into(),
        };
        Self {
            state,
            labels: Vec::new(),
            next: Next::Completed(completion),
        }
    }

    /// The run ends without its purpose: the asset is gone, somebody withdrew it.
    pub fn cancel(state: S, outcome: impl Into<String>, summary: impl Into<String>) -> Self {
        let completion = Completion {
            outcome: outcome.into(),
            summary: summary.into(),
        };
        Self {
            state,
            labels: Vec::new(),
            next: Next::Cancelled(completion),
        }
    }

    /// An operator must look; timers and subscriptions stay as they were.
    pub fn park(state: S, reason: impl Into<String>) -> Self {
        Self {
            state,
            labels: Vec::new(),
            next: Next::Parked(reason.into()),
        }
    }

    /// Add or replace a label.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// The same step with another form of the state.
    #[must_use]
    pub fn map<T>(self, form: impl FnOnce(S) -> T) -> Step<T> {
        Step {
            state: form(self.state),
            labels: self.labels,
            next: self.next,
        }
    }

    /// What the run waits for, where it waits.
    #[must_use]
    pub fn waiting(&self) -> Option<&Waiting> {
        match &self.next {
            Next::Waiting(waiting) => Some(waiting),
            _ => None,
        }
    }

    /// The outcome, where the run completed or was cancelled.
    #[must_use]
    pub fn outcome(&self) -> Option<&str> {
        match &self.next {
            Next::Completed(completion) | Next::Cancelled(completion) => Some(&completion.outcome),
            _ => None,
        }
    }
}

impl<S: Serialize> Step<S> {
    /// The step as the host gets it.
    pub(crate) fn into_wit(self) -> Result<wit::Step, Error> {
        let state = serde_json::to_string(&self.state)
            .map_err(|error| Error::invalid(format!("the state cannot be written: {error}")))?;
        Ok(wit::Step {
            state,
            labels: self.labels,
            next: self.next,
        })
    }
}

/// A waiting step being built. It replaces all timers and subscriptions of the step before.
#[must_use = "end it with `waiting_on`"]
pub struct Wait<S> {
    state: S,
    waiting: Waiting,
}

impl<S> Wait<S> {
    /// Set a timer; in the past means at once.
    pub fn timer(mut self, name: impl Into<String>, due_at: Timestamp) -> Self {
        self.waiting.timers.push(Timer {
            name: name.into(),
            due_at,
        });
        self
    }

    /// Get all events of an entity of the role's connection.
    pub fn subscribe(self, role: &str, kind: &str, id: impl Into<String>) -> Self {
        self.subscribe_to(role, kind, id, &[])
    }

    /// Get the events of these kinds of an entity of the role's connection.
    pub fn subscribe_to(
        mut self,
        role: &str,
        kind: &str,
        id: impl Into<String>,
        kinds: &[&str],
    ) -> Self {
        self.waiting.subscriptions.push(Subscription {
            role: role.to_owned(),
            entity: Entity::new(kind, id),
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        });
        self
    }

    /// Get `run.completed` when a run that was spawned ends, or at once if it has ended; read it with
    /// [`RunEnded::of`].
    pub fn until_ended(self, run: impl Into<String>) -> Self {
        self.subscribe_to(RUN, RUN, run, &[RUN_COMPLETED])
    }

    /// Somebody whose turn it is.
    pub fn party(mut self, party: impl Into<String>) -> Self {
        self.waiting.waiting_on.parties.push(party.into());
        self
    }

    /// When it should have happened, for people. A timer is set with [`timer`](Self::timer).
    pub fn due(mut self, at: Timestamp) -> Self {
        self.waiting.waiting_on.due_at = Some(at);
        self
    }

    /// A link for people.
    pub fn link(mut self, link: impl Into<String>) -> Self {
        self.waiting.waiting_on.link = Some(link.into());
        self
    }

    /// On whom or what the run waits, in words: `decision of brand-reviewers on "hero.jpg"`.
    pub fn waiting_on(mut self, summary: impl Into<String>) -> Step<S> {
        self.waiting.waiting_on.summary = summary.into();
        Step {
            state: self.state,
            labels: Vec::new(),
            next: Next::Waiting(self.waiting),
        }
    }
}
