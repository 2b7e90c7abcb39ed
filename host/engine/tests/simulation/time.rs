//! Time that stands still until nothing else can happen, and wakes its sleepers in a fixed order.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use forebay_model::Timestamp;

/// The time of a history, shared by its hosts and vendors.
#[derive(Clone, Debug)]
pub(crate) struct SimClock(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    now: Timestamp,
    sleepers: BTreeMap<(Timestamp, u64), Waker>,
    /// Sleepers so far: among those of one instant the first goes first.
    number: u64,
}

impl SimClock {
    pub(crate) fn new(start: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            now: start,
            sleepers: BTreeMap::new(),
            number: 0,
        })))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner().now
    }

    /// When the next sleeper wakes.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        let inner = self.inner();
        inner.sleepers.keys().next().map(|(deadline, _)| *deadline)
    }

    /// Let it be this late.
    pub(crate) fn advance_to(&self, time: Timestamp) {
        let mut inner = self.inner();
        inner.now = inner.now.max(time);
        let now = inner.now;
        let later = inner.sleepers.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut inner.sleepers, later);
        drop(inner);
        due.into_values().for_each(Waker::wake);
    }

    /// Ready once it is this late.
    pub(crate) fn sleep_until(&self, deadline: Timestamp) -> Sleep {
        Sleep {
            clock: self.clone(),
            deadline,
            number: None,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }
}

/// Waits for a time.
pub(crate) struct Sleep {
    clock: SimClock,
    deadline: Timestamp,
    number: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut inner = clock.inner();
        if inner.now >= self.deadline {
            return Poll::Ready(());
        }
        let number = *self.number.get_or_insert_with(|| {
            inner.number += 1;
            inner.number
        });
        inner
            .sleepers
            .insert((self.deadline, number), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.clock.inner().sleepers.remove(&(self.deadline, number));
        }
    }
}
