//! Activations: one call of a handler for one event of a run.
//!
//! An activation is claimed, run, and ended by exactly one of: a step, being put off, being parked,
//! or losing its claim. Calls are journaled by the [`broker`]: before the first effect all
//! that was read and the intent are committed; a result goes in with the next commit.

mod audit;
mod broker;
mod spawn;
mod stop;
mod tape;

use std::sync::Arc;

use forebay_model::flow::FlowSpec;
use forebay_model::plugin::Plugin;
use forebay_model::ports::{Activation, GuestError};
use forebay_model::run::{ParkReason, StepRecord};
use forebay_model::step::{Next, Step};
use forebay_store::runs::{After, Claimed, PutOff, StepCommit};
use serde_json::Value;

use self::broker::ActivationBroker;
use self::stop::Stop;
use self::tape::Tape;
use crate::core::Core;
use crate::{Error, backoff};

/// One attempt of one activation.
struct Attempt {
    core: Arc<Core>,
    claimed: Claimed,
    flow: Arc<FlowSpec>,
    handler: Arc<Plugin>,
    broker: Arc<ActivationBroker>,
}

impl Core {
    /// Run a claimed activation to its end. Whatever happens is stored; what cannot be stored is
    /// logged, and the claim's lease brings the activation back.
    pub(crate) async fn activate(self: &Arc<Self>, claimed: Claimed) {
        let run = claimed.run.id.clone();
        let span = tracing::info_span!("activation", %run, flow = %claimed.run.flow,
            number = claimed.run.activations + 1, about = claimed.delivery.label());
        let result = tracing::Instrument::instrument(self.attempt(claimed), span).await;
        match result {
            Ok(()) => {}
            Err(forebay_store::Error::Superseded { run, epoch, now }) => {
                tracing::warn!(%run, epoch, host = self.owner, now,
                    "superseded: the run is not held any more, nothing was written");
            }
            Err(error) => {
                tracing::error!(%run, %error, "the end of an activation could not be stored; it will run again");
            }
        }
    }

    async fn attempt(self: &Arc<Self>, claimed: Claimed) -> forebay_store::Result<()> {
        let flow = match self.pinned_flow(&claimed.run.config_hash).await {
            Ok(flow) => flow,
            Err(Error::Store(error)) => return Err(error),
            Err(error) => return self.park_unstarted(&claimed, &error.to_string()).await,
        };
        let Some(handler) = self.guests.plugin(&claimed.run.handler) else {
            let message = format!(
                "the handler {} (digest {}) this run started with is not available; put its file back, or upgrade the run",
                flow.handler, claimed.run.handler
            );
            return self.park_unstarted(&claimed, &message).await;
        };
        let broker = Arc::new(ActivationBroker::new(
            Arc::clone(self),
            claimed.clone(),
            Arc::clone(&flow),
            Arc::clone(&handler),
        ));
        let attempt = Attempt {
            core: Arc::clone(self),
            claimed,
            flow,
            handler,
            broker,
        };
        attempt.run().await
    }

    async fn park_unstarted(&self, claimed: &Claimed, message: &str) -> forebay_store::Result<()> {
        let reason = ParkReason::new("unavailable", message);
        let now = self.clock.now();
        self.store
            .park(&claimed.claim, reason, Vec::new(), Vec::new(), now)
            .await
    }
}

impl Attempt {
    async fn run(self) -> forebay_store::Result<()> {
        let activation = self.activation();
        let outcome = self
            .core
            .guests
            .handle(activation, Arc::clone(&self.broker) as _)
            .await;
        if let Some(stop) = self.broker.stop() {
            return self.stopped(stop).await;
        }
        match outcome {
            Ok(Ok(step)) => self.finish(step).await,
            Ok(Err(error)) => {
                let message = error.to_string();
                self.park(ParkReason::new(error.case(), message)).await
            }
            Err(error) => self.failed(error).await,
        }
    }

    fn activation(&self) -> Activation {
        let run = &self.claimed.run;
        Activation {
            handler: run.handler.clone(),
            run: run.id.clone(),
            flow: run.flow.to_string(),
            business_key: run.business_key.clone(),
            connections: self.flow.bindings(),
            config: self.flow.config.to_string(),
            state_version: run.state_version,
            state: run.handler_state.clone(),
            activation: run.activations + 1,
            delivery: self.claimed.delivery.clone(),
        }
    }

    /// The handler returned a step.
    async fn finish(self, step: Step) -> forebay_store::Result<()> {
        if let Some(left_over) = self.broker.with_tape(|tape| tape.left_over()) {
            let message =
                format!("the journal holds {left_over}, which the handler did not ask for again");
            return self
                .park(ParkReason::new("nondeterministic", message))
                .await;
        }
        if let Err(message) = serde_json::from_str::<Value>(&step.state) {
            let message = format!("the handler returned a state that is not JSON: {message}");
            return self.park(ParkReason::new("handler", message)).await;
        }
        let record = self.record(&step);
        let after = match self.after(step.next) {
            Ok(after) => after,
            Err(message) => return self.park(ParkReason::new("handler", message)).await,
        };
        let gathered = self.broker.take_gathered();
        let mut audit = self.effects_audit();
        audit.extend(
            gathered
                .decisions
                .into_iter()
                .map(|record| self.decision_audit(record)),
        );
        let state_version = self
            .handler
            .handler()
            .map_or(self.claimed.run.state_version, |info| info.state_version);
        metrics::counter!("forebay_activations_total", "flow" => self.flow.name.to_string(),
            "result" => record.result.clone())
        .increment(1);
        let commit = StepCommit {
            item: self.claimed.item,
            watermark: self.claimed.watermark,
            journal: self.broker.with_tape(Tape::take_unsaved),
            state: step.state,
            state_version,
            labels: step.labels,
            after,
            record,
            audit,
            spawns: gathered.spawns,
            signals: gathered.signals,
            notices: gathered.notices.clone(),
            at: self.core.clock.now(),
        };
        self.core
            .store
            .commit_step(&self.claimed.claim, commit)
            .await?;
        for notice in gathered.notices {
            tracing::info!(channel = notice.channel, "notice: {}", notice.message);
        }
        self.core.runs_wake.notify_one();
        // The end of a run gives back the events it did not look at, which are routed anew.
        self.core.events_wake.notify_one();
        Ok(())
    }

    fn record(&self, step: &Step) -> StepRecord {
        let (result, summary) = match &step.next {
            Next::Waiting(waiting) => ("waiting", waiting.waiting_on.summary.clone()),
            Next::Completed(done) => ("completed", format!("{}: {}", done.outcome, done.summary)),
            Next::Cancelled(done) => ("cancelled", format!("{}: {}", done.outcome, done.summary)),
            Next::Parked(reason) => ("parked", reason.clone()),
        };
        StepRecord {
            activation: self.claimed.run.activations + 1,
            trigger: self.claimed.delivery.label(),
            result: result.to_owned(),
            summary,
            attempts: self.claimed.run.attempt + 1,
            started_at: self.claimed.started_at,
            ended_at: self.core.clock.now(),
            handler: self.claimed.run.handler.clone(),
        }
    }

    /// What comes next, with roles resolved to connections.
    fn after(&self, next: Next) -> Result<After, String> {
        Ok(match next {
            Next::Waiting(waiting) => {
                let waits = waiting
                    .subscriptions
                    .into_iter()
                    .map(|subscription| spawn::wait(&self.flow, subscription))
                    .collect::<Result<Vec<_>, String>>()?;
                if waits.is_empty() && waiting.timers.is_empty() {
                    return Err(
                        "the handler waits for nothing: no timer and no subscription".into(),
                    );
                }
                After::Waiting {
                    timers: waiting.timers,
                    waits,
                    waiting_on: waiting.waiting_on,
                }
            }
            Next::Completed(completion) => {
                let outcomes = self.handler.handler().map(|info| &info.outcomes);
                if outcomes.is_some_and(|known| !known.contains(&completion.outcome)) {
                    return Err(format!(
                        "the handler completes with `{}`, which is not among its outcomes",
                        completion.outcome
                    ));
                }
                After::Completed(completion)
            }
            Next::Cancelled(completion) => After::Cancelled(completion),
            Next::Parked(reason) => After::Parked(ParkReason::new("handler", reason)),
        })
    }

    /// The broker ended the activation.
    async fn stopped(self, stop: Stop) -> forebay_store::Result<()> {
        match stop {
            Stop::Later {
                connection,
                error,
                asked,
            } => {
                tracing::warn!(%connection, error, "put off: the vendor cannot serve the call now");
                let attempt = self.claimed.run.attempt + 1;
                self.later(error, asked, attempt).await
            }
            Stop::Refused {
                connection,
                error,
                denied,
            } => self.refused(connection, error, denied).await,
            Stop::Failed(error) => self.try_again_or_park(error, "connector-failed").await,
            Stop::Park { code, message } => self.park(ParkReason::new(code, message)).await,
            Stop::Superseded(now) => Err(forebay_store::Error::Superseded {
                run: self.claimed.claim.run.clone(),
                epoch: self.claimed.claim.epoch,
                now,
            }),
            Stop::Store(error) => Err(forebay_store::Error::Unwritable(error)),
        }
    }

    /// The handler itself failed.
    async fn failed(self, error: GuestError) -> forebay_store::Result<()> {
        match error {
            GuestError::Busy(_) => self.busy(error.to_string()).await,
            GuestError::Unavailable(..) => {
                let attempt = self.claimed.run.attempt + 1;
                self.later(error.to_string(), None, attempt).await
            }
            GuestError::Limit { .. } => self.try_again_or_park(error.to_string(), "limit").await,
            GuestError::Trap(_) | GuestError::Type(_) | GuestError::Interrupted => {
                self.try_again_or_park(error.to_string(), "trap").await
            }
        }
    }

    /// This host has no room: nothing was started, so nothing failed. A pause keeps it from
    /// asking for room all the time.
    async fn busy(self, error: String) -> forebay_store::Result<()> {
        let pause = backoff::pause(&self.flow.retry, 1, None, self.claimed.run.id.as_str());
        let (attempt, failing_since) = (self.claimed.run.attempt, self.claimed.failing_since);
        let retry_at = self.core.clock.now().plus(pause);
        self.put_off(error, attempt, retry_at, None, failing_since)
            .await
    }

    /// Put off within the retry budget, else park with what was said last.
    async fn later(
        self,
        error: String,
        asked: Option<std::time::Duration>,
        attempt: u32,
    ) -> forebay_store::Result<()> {
        let now = self.core.clock.now();
        let failing_since = self.claimed.failing_since.unwrap_or(now);
        let policy = &self.flow.retry;
        if now.since(failing_since) >= policy.budget {
            let budget = jiff::SignedDuration::try_from(policy.budget).unwrap_or_default();
            let message = format!("gave up after {budget:#} of retries; last: {error}");
            return self.park(ParkReason::new("retry-budget", message)).await;
        }
        let pause = backoff::pause(policy, attempt, asked, self.claimed.run.id.as_str());
        let retry_at = now.plus(pause);
        self.put_off(error, attempt, retry_at, None, Some(failing_since))
            .await
    }

    /// The vendor refuses our credentials: wait for the connection, without spending the budget.
    async fn refused(
        self,
        connection: forebay_model::ConnectionName,
        error: String,
        denied: bool,
    ) -> forebay_store::Result<()> {
        let now = self.core.clock.now();
        // The same refusal again after the connection was found healthy: it is about this call, not
        // about the credentials.
        let attempt = match self.core.health.is_proven(&connection) {
            true => self.attempts_that_said(&error),
            false => self.attempts_that_said(&error).saturating_sub(1).max(1),
        };
        if denied {
            if attempt >= self.core.options.denied_attempts {
                return self.park(ParkReason::new("denied", error)).await;
            }
            if self.core.health.refuse(&connection, error.clone(), now) {
                tracing::error!(%connection, error,
                    "connection unhealthy: its runs wait until the check passes");
            }
        }
        // The next check wakes the run; the time here only matters if nobody ever checks.
        let retry_at = now.plus(self.flow.retry.budget);
        let core = Arc::clone(&self.core);
        self.put_off(error, attempt, retry_at, Some(connection.clone()), None)
            .await?;
        // The check may have passed before the run was there to be woken.
        if core.health.refusal(&connection).is_none() {
            core.store.wake_connection(&connection, now).await?;
        }
        Ok(())
    }

    async fn try_again_or_park(
        self,
        error: String,
        code: &'static str,
    ) -> forebay_store::Result<()> {
        let attempt = self.attempts_that_said(&error);
        if attempt >= self.core.options.trap_attempts {
            return self.park(ParkReason::new(code, error)).await;
        }
        tracing::warn!(error, attempt, "a component failed; trying again");
        self.later(error, None, attempt).await
    }

    /// How many attempts in a row ended with these words, this one included. Those that failed for
    /// another reason, an outage of the vendor above all, do not count.
    fn attempts_that_said(&self, error: &str) -> u32 {
        let run = &self.claimed.run;
        if run.last_error.as_deref() == Some(error) {
            run.attempt + 1
        } else {
            1
        }
    }

    async fn put_off(
        self,
        error: String,
        attempt: u32,
        retry_at: forebay_model::Timestamp,
        connection: Option<forebay_model::ConnectionName>,
        failing_since: Option<forebay_model::Timestamp>,
    ) -> forebay_store::Result<()> {
        metrics::counter!("forebay_retries_total", "flow" => self.flow.name.to_string())
            .increment(1);
        let audit = self.effects_audit();
        let put_off = PutOff {
            journal: self.broker.with_tape(Tape::take_binding),
            retry_at,
            error,
            connection,
            failing_since,
            attempt,
            audit,
            at: self.core.clock.now(),
        };
        self.core
            .store
            .put_off(&self.claimed.claim, put_off)
            .await?;
        self.core.runs_wake.notify_one();
        Ok(())
    }

    async fn park(self, reason: ParkReason) -> forebay_store::Result<()> {
        tracing::warn!(code = reason.code, "parked: {}", reason.message);
        metrics::counter!("forebay_parked_total", "flow" => self.flow.name.to_string(),
            "reason" => reason.code.clone())
        .increment(1);
        let audit = self.effects_audit();
        let journal = self.broker.with_tape(Tape::take_unsaved);
        let now = self.core.clock.now();
        self.core
            .store
            .park(&self.claimed.claim, reason, journal, audit, now)
            .await
    }
}
