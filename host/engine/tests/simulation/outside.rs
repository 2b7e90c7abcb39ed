//! What vendors and operators do to hosts.

use std::sync::Arc;
use std::time::Duration;

use forebay_engine::intake::Accepted;
use forebay_model::event::Signal;
use forebay_model::run::{Run, RunState};
use forebay_store::intake::NewWebhook;
use forebay_store::runs::Control;

use crate::checker::runs;
use crate::history::History;
use crate::store::open_keys;
use crate::vendor::Delivery;

/// Pause between looks of an operator at what is parked.
pub(crate) const OPERATOR_PAUSE: Duration = Duration::from_secs(600);

/// How long a vendor waits for a delivery to be acknowledged.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(10);

/// How long a host that is told to stop lets its work end.
const DRAIN: Duration = Duration::from_secs(20);

impl History {
    /// A vendor calls a webhook, and calls again later if it is not acknowledged.
    pub(crate) fn deliver(&self, delivery: Delivery) {
        let sim = Arc::clone(&self.sim);
        let Some(core) = self.some_host() else {
            return sim.vendor.deliver_again(&sim, delivery);
        };
        tokio::spawn(async move {
            let webhook = NewWebhook {
                connection: delivery.connection.into(),
                endpoint: "events".into(),
                method: "POST".into(),
                path: "/".into(),
                headers: Vec::new(),
                body: serde_json::to_vec(&delivery.events).unwrap(),
                received_at: sim.now(),
            };
            let give_up = sim.clock.sleep_until(sim.now().plus(ACKNOWLEDGED_WITHIN));
            let answer = tokio::select! {
                biased;
                answer = core.accept_webhook(webhook) => Some(answer),
                () = give_up => None,
            };
            let kept = matches!(answer, Some(Ok(Accepted::Stored(_))));
            sim.trace(format_args!("a webhook was taken: {kept}"));
            if !kept {
                sim.vendor.deliver_again(&sim, delivery);
            }
        });
    }

    /// Operators do what they do, and hosts end at any time.
    pub(crate) fn interfere(&mut self) {
        let now = self.sim.now();
        let profile = self.sim.profile;
        if self.sim.strikes(profile.crash * 4) {
            let number = usize::try_from(self.sim.below(self.slots.len() as u64)).unwrap();
            self.slots[number].power.die();
        }
        if self.sim.strikes(profile.operator * 4) {
            self.drain();
        }
        if now >= self.operator_at || self.sim.strikes(profile.operator) {
            self.operator_at = now.plus(OPERATOR_PAUSE);
            for run in runs(self.store().as_ref()) {
                self.operate(&run);
            }
        }
    }

    /// What a person does about a run.
    fn operate(&self, run: &Run) {
        let control = match run.state {
            RunState::Parked => {
                let keys = open_keys(self.store().as_ref(), &run.id);
                self.sim.vendor.look_up(keys);
                Control::Retry
            }
            RunState::Paused => Control::Resume,
            _ if self.sim.strikes(4) && run.state.is_live() => match self.sim.below(3) {
                0 => Control::Pause,
                1 => Control::Signal(Signal {
                    name: "nudge".into(),
                    data: "{}".into(),
                    sender: "operator:ann".into(),
                }),
                _ => Control::Retry,
            },
            _ => return,
        };
        let Some(core) = self.some_host() else { return };
        let (sim, run) = (Arc::clone(&self.sim), run.id.clone());
        sim.trace(format_args!("an operator: {control:?} of {run}"));
        // What does not work now is tried again at the next look.
        tokio::spawn(async move { drop(core.control(&run, control, "operator:ann").await) });
    }

    /// A host is told to stop, and ends in order.
    fn drain(&self) {
        let number = usize::try_from(self.sim.below(self.slots.len() as u64)).unwrap();
        let slot = &self.slots[number];
        let Some(running) = slot.running.lock().unwrap().take() else {
            return;
        };
        self.sim.trace(format_args!("{} drains", slot.power.name));
        let power = Arc::clone(&slot.power);
        tokio::spawn(async move {
            running.service.drain(DRAIN).await;
            power.die();
        });
    }
}
