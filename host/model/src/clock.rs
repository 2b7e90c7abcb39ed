//! The one way to ask for the time and to wait for it.
//!
//! Every room takes a [`SharedClock`]; only this module may read the machine's clock. Tests use
//! [`VirtualClock`], on which time passes when the test says so.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::time::Timestamp;

/// Tells the time and waits for it.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Returns once `now() >= deadline`.
    async fn sleep_until(&self, deadline: Timestamp);
}

/// A clock that rooms share.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// Longest single sleep, so that a jump of the machine's clock is noticed within this time.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

#[async_trait]
impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one home of the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one home of waiting for time"
    )]
    async fn sleep_until(&self, deadline: Timestamp) {
        loop {
            let left = deadline.since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
        }
    }
}

/// A clock that stands still until it is told to move.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    now: watch::Sender<Timestamp>,
    /// Deadlines somebody sleeps for, so that a test can jump to the next one.
    sleepers: Arc<Mutex<Vec<Timestamp>>>,
}

impl VirtualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self {
            now: watch::Sender::new(start),
            sleepers: Arc::default(),
        }
    }

    /// Move time forward.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now = now.plus(by));
    }

    /// Show this time, if it is later than the time shown.
    pub fn advance_to(&self, time: Timestamp) {
        self.now.send_modify(|now| *now = (*now).max(time));
    }

    /// The earliest deadline that somebody sleeps for.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.sleepers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .min()
            .copied()
    }
}

/// Takes a deadline out of the list when its sleeper ends or is dropped.
struct Sleeper<'a> {
    clock: &'a VirtualClock,
    deadline: Timestamp,
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        let mut sleepers = self
            .clock
            .sleepers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = sleepers
            .iter()
            .position(|deadline| *deadline == self.deadline)
        {
            sleepers.swap_remove(index);
        }
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep_until(&self, deadline: Timestamp) {
        self.sleepers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(deadline);
        let _sleeper = Sleeper {
            clock: self,
            deadline,
        };
        let mut watched = self.now.subscribe();
        // The sender lives in `self`, so the channel cannot close while we wait.
        let _ = watched.wait_for(|now| *now >= deadline).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn virtual_time_passes_only_when_told() {
        let clock = VirtualClock::new(Timestamp(0));
        let sleeper = clock.clone();
        let task = tokio::spawn(async move { sleeper.sleep_until(Timestamp(1_000)).await });
        while clock.next_deadline().is_none() {
            tokio::task::yield_now().await;
        }
        assert!(!task.is_finished());
        clock.advance(Duration::from_secs(1));
        task.await.unwrap();
        assert_eq!(clock.next_deadline(), None);
    }
}
