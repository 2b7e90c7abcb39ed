//! Activations: one call of a handler for one event of a run.
//!
//! An activation is claimed, run, and ended by exactly one of: a step, being put off, being parked,
//! or losing its claim. Calls are journaled by the [`broker`]: before the first effect all
//! that was read and the intent are committed; a result goes in with the next commit.

mod audit;
mod broker;
mod call;
mod failing;
mod spawn;
mod stop;
mod tape;

use std::sync::Arc;

use forebay_model::flow::FlowSpec;
use forebay_model::plugin::Plugin;
use forebay_model::ports::Activation;
use forebay_model::run::{ParkReason, StepRecord};
use forebay_model::step::{Next, Step};
use forebay_store::runs::{After, Claimed, StepCommit};
use serde_json::Value;

use self::broker::ActivationBroker;
use self::stop::Stop;
use self::tape::Tape;
use crate::Error;
use crate::core::Core;

/// One attempt of one activation.
struct Attempt {
    core: Arc<Core>,
    claimed: Arc<Claimed>,
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
        match self.heard(result) {
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
        let claimed = Arc::new(claimed);
        let broker = Arc::new(ActivationBroker::new(
            Arc::clone(self),
            Arc::clone(&claimed),
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
            Stop::Failed(failure) => self.try_again_or_park(failure, "connector-failed").await,
            Stop::Park { code, message } => self.park(ParkReason::new(code, message)).await,
            Stop::Superseded(now) => Err(forebay_store::Error::Superseded {
                run: self.claimed.claim.run.clone(),
                epoch: self.claimed.claim.epoch,
                now,
            }),
            Stop::Store(error) => Err(forebay_store::Error::Unwritable(error)),
        }
    }
}
