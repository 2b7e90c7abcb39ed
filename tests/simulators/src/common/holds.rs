//! Holds: a test stops a simulator at a chosen call and does to the caller what it wants to do at
//! just that moment.

use std::sync::Arc;

use tokio::sync::watch;

use super::Call;

/// Where a call is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It has arrived, and nothing was done about it yet.
    Before,
    /// It was carried out, and its answer is not sent yet.
    After,
}

/// The holds of one simulator. What was sent to a held call's server is carried out even if the
/// caller is gone when it is released, as with a real vendor.
#[derive(Clone, Default)]
pub struct Holds(Arc<watch::Sender<State>>);

#[derive(Default)]
struct State {
    armed: Option<Armed>,
    /// Calls held now.
    held: u32,
    /// Goes up with each release.
    releases: u64,
}

struct Armed {
    moment: Moment,
    wanted: Box<dyn Fn(&Call) -> bool + Send + Sync>,
    /// How many wanted calls may still pass.
    left: u64,
}

impl Holds {
    /// Let this many wanted calls pass the moment, then hold every one until [`Holds::release`].
    /// Before it was carried out a call has no status and no effects yet.
    pub fn arm(
        &self,
        moment: Moment,
        pass: u64,
        wanted: impl Fn(&Call) -> bool + Send + Sync + 'static,
    ) {
        let armed = Armed {
            moment,
            wanted: Box::new(wanted),
            left: pass,
        };
        self.0.send_modify(|state| state.armed = Some(armed));
    }

    /// Calls held now.
    #[must_use]
    pub fn held(&self) -> u32 {
        self.0.borrow().held
    }

    /// Returns once a call is held.
    pub async fn caught(&self) {
        self.caught_all(1).await;
    }

    /// Returns once so many calls are held.
    pub async fn caught_all(&self, calls: u32) {
        let mut state = self.0.subscribe();
        // The sender lives in `self`, so the channel cannot close while we wait.
        let _ = state.wait_for(|state| state.held >= calls).await;
    }

    /// Let go what is held, and hold nothing any more.
    pub fn release(&self) {
        self.0.send_modify(|state| {
            state.armed = None;
            state.held = 0;
            state.releases += 1;
        });
    }

    /// A call is at this moment; returns when it may go on.
    pub(crate) async fn pass(&self, moment: Moment, call: &Call) {
        let mut releases = None;
        self.0.send_if_modified(|state| {
            let Some(armed) = &mut state.armed else {
                return false;
            };
            if armed.moment != moment || !(armed.wanted)(call) {
                return false;
            }
            if armed.left > 0 {
                armed.left -= 1;
                return false;
            }
            state.held += 1;
            releases = Some(state.releases);
            true
        });
        if let Some(before) = releases {
            let mut state = self.0.subscribe();
            let _ = state.wait_for(|state| state.releases > before).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(operation: &str) -> Call {
        Call {
            sequence: 0,
            at: forebay_model::Timestamp(0),
            operation: operation.to_owned(),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            actor: None,
            body_digest: String::new(),
            body: None,
            status: None,
            effects: Vec::new(),
            faults: Vec::new(),
        }
    }

    #[tokio::test]
    async fn the_wanted_call_after_those_that_may_pass_is_held_until_the_release() {
        let holds = Holds::default();
        holds.arm(Moment::After, 1, |call| call.operation == "write");
        holds.pass(Moment::Before, &call("write")).await;
        holds.pass(Moment::After, &call("write")).await;
        holds.pass(Moment::After, &call("read")).await;
        assert_eq!(holds.held(), 0);
        let held = tokio::spawn({
            let holds = holds.clone();
            async move { holds.pass(Moment::After, &call("write")).await }
        });
        holds.caught().await;
        assert!(!held.is_finished());
        holds.release();
        held.await.unwrap();
        holds.pass(Moment::After, &call("write")).await;
        assert_eq!(holds.held(), 0);
    }
}
