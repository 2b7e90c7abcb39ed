//! Attempts that do not end in a step: tried again within the budget, or left to an operator.

use std::sync::Arc;
use std::time::Duration;

use forebay_model::ports::GuestError;
use forebay_model::run::ParkReason;
use forebay_model::{ConnectionName, Timestamp};
use forebay_store::runs::PutOff;

use super::Attempt;
use super::stop::Failure;
use super::tape::Tape;
use crate::backoff;

impl Attempt {
    /// The handler itself failed.
    pub(super) async fn failed(self, error: GuestError) -> forebay_store::Result<()> {
        match error {
            GuestError::Busy(_) => self.busy(error.to_string()).await,
            GuestError::Unavailable(..) => {
                let attempt = self.claimed.run.attempt + 1;
                self.later(error.to_string(), None, attempt).await
            }
            GuestError::Limit { .. } => {
                self.try_again_or_park(Failure::of("", &error), "limit")
                    .await
            }
            GuestError::Trap(_) | GuestError::Type(_) | GuestError::Interrupted => {
                self.try_again_or_park(Failure::of("", &error), "trap")
                    .await
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
    pub(super) async fn later(
        self,
        error: String,
        asked: Option<Duration>,
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
    pub(super) async fn refused(
        self,
        connection: ConnectionName,
        error: String,
        denied: bool,
    ) -> forebay_store::Result<()> {
        let now = self.core.clock.now();
        // The same refusal again after the connection was found healthy: it is about this call, not
        // about the credentials.
        // What a vendor says beyond that it denies the call may differ each time.
        let gist = error.split_inclusive(": denied").next().unwrap_or(&error);
        let attempt = match self.core.health.is_proven(&connection) {
            true => self.attempts_that_said(gist),
            false => self.attempts_that_said(gist).saturating_sub(1).max(1),
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

    pub(super) async fn try_again_or_park(
        self,
        failure: Failure,
        code: &'static str,
    ) -> forebay_store::Result<()> {
        let Failure { gist, said } = failure;
        let attempt = self.attempts_that_said(&gist);
        if attempt >= self.core.options.trap_attempts {
            return self.park(ParkReason::new(code, said)).await;
        }
        tracing::warn!(error = said, attempt, "a component failed; trying again");
        self.later(said, None, attempt).await
    }

    /// How many attempts in a row ended with words that begin like this, this one included. Those
    /// that failed for another reason, an outage of the vendor above all, do not count.
    fn attempts_that_said(&self, gist: &str) -> u32 {
        let run = &self.claimed.run;
        match &run.last_error {
            Some(said) if said.starts_with(gist) => run.attempt + 1,
            _ => 1,
        }
    }

    async fn put_off(
        self,
        error: String,
        attempt: u32,
        retry_at: Timestamp,
        connection: Option<ConnectionName>,
        failing_since: Option<Timestamp>,
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

    pub(super) async fn park(self, reason: ParkReason) -> forebay_store::Result<()> {
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
