//! What operators do, to one run and to many: each action is asked about first, carried out under a
//! request key, and asked for again.

use forebay_model::run::{Run, RunState};
use forebay_model::{Digest, RunId};
use forebay_store::contract::fixtures::{at, cancel, entry, get, signal};
use forebay_store::runs::{Act, Control, Controlled, Redrive, RequestKey, Upgrade};
use forebay_store::{Error, Store as _};
use proptest::prelude::*;

use super::World;

/// An outcome that nobody but an operator gives.
const FORCED: &str = "forced";

#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    Cancel(bool),
    Retry,
    Pause,
    Resume,
    Signal,
    Complete,
    Redrive,
    /// To a handler of this number; stale if it was worked out before the run went on.
    Upgrade {
        to: u8,
        stale: bool,
    },
}

pub(super) fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        any::<bool>().prop_map(Deed::Cancel),
        Just(Deed::Retry),
        Just(Deed::Pause),
        Just(Deed::Resume),
        Just(Deed::Signal),
        Just(Deed::Complete),
        Just(Deed::Redrive),
        (0..3u8, any::<bool>()).prop_map(|(to, stale)| Deed::Upgrade { to, stale }),
    ]
}

fn handler(number: u8) -> Digest {
    Digest::of(&[number])
}

fn control(run: &Run, deed: Deed) -> Control {
    match deed {
        Deed::Cancel(force) => cancel(force),
        Deed::Retry => Control::Retry,
        Deed::Pause => Control::Pause,
        Deed::Resume => Control::Resume,
        Deed::Signal => Control::Signal(signal("hello")),
        Deed::Complete => Control::Complete {
            outcome: FORCED.into(),
            reason: "the board agreed".into(),
            sender: "operator:ann".into(),
        },
        Deed::Redrive => Control::Redrive(Redrive {
            handler: handler(0),
            config_hash: "newer".into(),
            sender: "operator:ann".into(),
        }),
        Deed::Upgrade { to, stale } => Control::Upgrade(Box::new(Upgrade {
            from_handler: run.handler.clone(),
            from_config: run.config_hash.clone(),
            activations: run.activations + u32::from(stale),
            handler: handler(to),
            config_hash: "newer".into(),
            state: run.handler_state.clone(),
            state_version: 7,
        })),
    }
}

impl World {
    /// An operator acts on the newest run of a key.
    pub(super) async fn acts(&mut self, key: u8, deed: Deed) {
        let key = format!("k{key}");
        let newest = self.runs.iter().rev().find(|(_, known)| *known == key);
        if let Some((run, _)) = newest.cloned() {
            let request = self.next_request();
            self.act(&run, deed, &request).await;
        }
    }

    /// An operator acts on some runs at once, and the request comes again in the middle.
    pub(super) async fn acts_on_many(&mut self, deed: Deed) {
        let request = self.next_request();
        let keep = async |world: &Self, runs: Vec<RunId>| {
            let kept = world.store.reserve(request.clone(), runs, at(world.now));
            kept.await.unwrap()
        };
        let runs: Vec<RunId> = self.runs.iter().map(|(run, _)| run.clone()).collect();
        assert_eq!(keep(self, runs.clone()).await, runs);
        for run in &runs {
            let each = RequestKey {
                key: format!("{} {run}", request.key),
                fingerprint: String::new(),
            };
            self.act(run, deed, &each).await;
        }
        // More may have been started since: a repeated request is about those of the first time.
        assert_eq!(keep(self, Vec::new()).await, runs);
    }

    fn next_request(&mut self) -> RequestKey {
        self.requests += 1;
        RequestKey {
            key: format!("request {}", self.requests),
            fingerprint: String::new(),
        }
    }

    async fn act(&mut self, id: &RunId, deed: Deed, request: &RequestKey) {
        let before = get(&*self.store, id).await;
        let act = Act {
            run: id.clone(),
            control: control(&before, deed),
            audit: entry("operator", id),
            request: Some(request.clone()),
            dry_run: false,
            at: at(self.now),
        };
        let asked = Act {
            dry_run: true,
            ..act.clone()
        };
        let asked = self.store.act(asked).await;
        assert_eq!(
            get(&*self.store, id).await,
            before,
            "a question did {deed:?}"
        );
        let done = match (asked, self.store.act(act.clone()).await) {
            (Ok(asked), Ok(done)) => {
                assert_eq!(asked.changed, done.changed, "{deed:?} of {before:?}");
                done
            }
            (Err(Error::Refused(_)), Err(Error::Refused(_))) => return,
            other => panic!("{deed:?} of {before:?}: {other:?}"),
        };
        let again = self.store.act(act).await.unwrap();
        assert!(again.repeated && !again.changed, "{again:?}");
        assert_eq!(again.run, done.run, "{deed:?} was done twice");
        if done.changed {
            self.changed(&before, deed, done);
        } else {
            assert_eq!(done.run, before);
        }
    }

    /// What an action that changed something leaves behind.
    fn changed(&mut self, before: &Run, deed: Deed, done: Controlled) {
        let after = done.run;
        let ends = match deed {
            Deed::Cancel(true) => Some(RunState::Cancelled),
            Deed::Complete => Some(RunState::Completed),
            Deed::Redrive if before.state.is_live() => Some(RunState::Failed),
            _ => None,
        };
        if let Some(state) = ends {
            assert!(before.state.is_live());
            assert_eq!(after.state, state, "{deed:?}");
        }
        if ends.is_some() || matches!(deed, Deed::Upgrade { .. }) {
            // Whoever holds a claim from before must not write any more.
            let epoch = self.epochs.get(&after.id).copied();
            self.fenced.insert(after.id.clone(), epoch.unwrap_or(0));
        }
        match deed {
            Deed::Pause => assert_eq!(after.state, RunState::Paused),
            Deed::Resume => assert_ne!(after.state, RunState::Paused),
            Deed::Retry => assert_eq!(after.park_reason, None),
            Deed::Complete => assert_eq!(after.outcome.as_deref(), Some(FORCED)),
            Deed::Redrive => {
                let successor = done.successor.unwrap();
                assert!(self.runs.iter().all(|(run, _)| *run != successor));
                self.runs.push((successor, after.business_key));
            }
            Deed::Upgrade { to, stale } => {
                assert!(!stale, "it was worked out for another state");
                assert_eq!(
                    (after.handler, after.activations),
                    (handler(to), before.activations)
                );
            }
            Deed::Cancel(_) | Deed::Signal => {}
        }
    }
}
