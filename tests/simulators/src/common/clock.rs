//! The clock of a simulator: shared with the host under test, and movable where it is virtual.

use std::sync::Arc;
use std::time::Duration;

use forebay_model::{SharedClock, SystemClock, Timestamp, VirtualClock};

/// A shared clock that still knows whether it can be moved.
#[derive(Clone)]
pub struct SimClock {
    shared: SharedClock,
    movable: Option<VirtualClock>,
}

impl SimClock {
    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.now()
    }

    /// Returns once the clock shows `deadline`.
    pub async fn sleep_until(&self, deadline: Timestamp) {
        self.shared.sleep_until(deadline).await;
    }

    /// The clock as other rooms take it.
    #[must_use]
    pub fn shared(&self) -> SharedClock {
        self.shared.clone()
    }

    /// Move the clock forward; false where it is a real one.
    #[must_use]
    pub fn advance(&self, by: Duration) -> bool {
        self.movable
            .as_ref()
            .inspect(|clock| clock.advance(by))
            .is_some()
    }
}

impl Default for SimClock {
    fn default() -> Self {
        Self {
            shared: Arc::new(SystemClock),
            movable: None,
        }
    }
}

impl From<VirtualClock> for SimClock {
    fn from(clock: VirtualClock) -> Self {
        Self {
            shared: Arc::new(clock.clone()),
            movable: Some(clock),
        }
    }
}

impl From<SharedClock> for SimClock {
    /// A clock that cannot be moved from here.
    fn from(shared: SharedClock) -> Self {
        Self {
            shared,
            movable: None,
        }
    }
}
