//! The breaker: a connection that fails again and again is left alone for a while (rule C-12).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use forebay_model::{SharedClock, Timestamp};
use serde::Serialize;

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum BreakerState {
    /// Requests pass.
    Closed {
        /// Failures in a row so far.
        failures: u32,
    },
    /// Nothing passes.
    Open {
        /// When a probe may.
        until: Timestamp,
    },
    /// One request passes, as a probe.
    HalfOpen {
        /// It is under way.
        probing: bool,
    },
}

impl BreakerState {
    /// As a number for the metrics: 0 closed, 0.5 half-open, 1 open.
    pub(crate) fn gauge(self) -> f64 {
        match self {
            Self::Closed { .. } => 0.0,
            Self::HalfOpen { .. } => 0.5,
            Self::Open { .. } => 1.0,
        }
    }
}

/// Counts failures in a row.
pub(crate) struct Breaker {
    clock: SharedClock,
    failures: u32,
    pause: Duration,
    state: Mutex<BreakerState>,
}

impl Breaker {
    pub(crate) fn new(clock: SharedClock, failures: u32, pause: Duration) -> Arc<Self> {
        let state = Mutex::new(BreakerState::Closed { failures: 0 });
        Arc::new(Self {
            clock,
            failures: failures.max(1),
            pause,
            state,
        })
    }

    /// Ask to pass. An `Err` says when to ask again.
    pub(crate) fn pass(self: &Arc<Self>) -> Result<Passage, Timestamp> {
        let now = self.clock.now();
        let mut state = self.lock();
        match *state {
            BreakerState::Closed { .. } => {}
            BreakerState::Open { until } if now < until => return Err(until),
            BreakerState::HalfOpen { probing: true } => return Err(now.plus(self.pause)),
            BreakerState::Open { .. } | BreakerState::HalfOpen { probing: false } => {
                *state = BreakerState::HalfOpen { probing: true };
                return Ok(Passage {
                    breaker: self.clone(),
                    probe: true,
                });
            }
        }
        Ok(Passage {
            breaker: self.clone(),
            probe: false,
        })
    }

    pub(crate) fn state(&self) -> BreakerState {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, BreakerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leave to send one request. Dropped without a verdict, it counts as neither, and the next request
/// may probe.
pub(crate) struct Passage {
    breaker: Arc<Breaker>,
    probe: bool,
}

impl Passage {
    /// The vendor answered.
    pub(crate) fn succeeded(self) {
        let mut state = self.breaker.lock();
        // A late answer to a request sent before the breaker opened does not close it.
        if self.probe || matches!(*state, BreakerState::Closed { .. }) {
            *state = BreakerState::Closed { failures: 0 };
        }
    }

    /// The vendor did not answer, or answered that it cannot.
    pub(crate) fn failed(self) {
        let until = self.breaker.clock.now().plus(self.breaker.pause);
        let mut state = self.breaker.lock();
        *state = match *state {
            BreakerState::Closed { failures } if failures + 1 < self.breaker.failures => {
                BreakerState::Closed {
                    failures: failures + 1,
                }
            }
            BreakerState::Closed { .. } => BreakerState::Open { until },
            BreakerState::HalfOpen { .. } if self.probe => BreakerState::Open { until },
            other => other,
        };
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        let mut state = self.breaker.lock();
        if self.probe && *state == (BreakerState::HalfOpen { probing: true }) {
            *state = BreakerState::HalfOpen { probing: false };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use forebay_model::VirtualClock;

    const PAUSE: Duration = Duration::from_secs(60);

    fn breaker() -> (VirtualClock, Arc<Breaker>) {
        let clock = VirtualClock::new(Timestamp(0));
        (clock.clone(), Breaker::new(Arc::new(clock), 3, PAUSE))
    }

    fn fail(breaker: &Arc<Breaker>, times: u32) {
        for _ in 0..times {
            breaker.pass().ok().unwrap().failed();
        }
    }

    #[test]
    fn failures_in_a_row_open_it_and_a_success_starts_anew() {
        let (_, breaker) = breaker();
        fail(&breaker, 2);
        breaker.pass().ok().unwrap().succeeded();
        fail(&breaker, 2);
        assert_eq!(breaker.state(), BreakerState::Closed { failures: 2 });
        fail(&breaker, 1);
        assert_eq!(breaker.pass().err(), Some(Timestamp(60_000)));
    }

    #[test]
    fn one_probe_decides() {
        let (clock, breaker) = breaker();
        let late = breaker.pass().ok().unwrap();
        fail(&breaker, 3);
        late.succeeded();
        assert!(breaker.pass().is_err(), "a late answer does not close it");

        clock.advance(PAUSE);
        let probe = breaker.pass().ok().unwrap();
        assert!(breaker.pass().is_err(), "only one probe");
        probe.failed();
        assert_eq!(
            breaker.state(),
            BreakerState::Open {
                until: Timestamp(120_000)
            }
        );

        clock.advance(PAUSE);
        drop(breaker.pass().ok().unwrap());
        let probe = breaker.pass().ok().unwrap();
        probe.succeeded();
        assert_eq!(breaker.state(), BreakerState::Closed { failures: 0 });
    }
}
