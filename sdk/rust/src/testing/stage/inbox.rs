//! How deliveries reach runs: what starts one, what wakes one, and what runs tell each other.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{FLOW, Stage, StagedRun};
use crate::Cx;
use crate::handler::{Admission, Completion, Connections, Delivery, Handler, Incoming, Signal};
use crate::types::{Entity, Event, Field};

impl<H: Handler> Stage<H> {
    pub(super) fn admit(&self, delivery: Delivery) -> Result<(), String> {
        let connections = Connections::new(vec![
            ("dam".to_owned(), "dam-main".to_owned()),
            ("workflow".to_owned(), "otwf-main".to_owned()),
        ]);
        match H::admit(&self.config, &connections, &delivery) {
            Admission::Start(start) => {
                self.start(&start.business_key, delivery);
                Ok(())
            }
            Admission::Ignore(reason) | Admission::Refuse(reason) => Err(reason),
        }
    }

    /// Begin a run, or deliver to the live one of this key.
    fn start(&self, key: &str, delivery: Delivery) {
        let live = self.indexes(|run| run.key == key && run.is_live());
        let index = live.last().copied().unwrap_or_else(|| {
            let mut runs = self.runs.borrow_mut();
            runs.push(StagedRun {
                key: key.to_owned(),
                state: Json::Null,
                next: None,
                labels: BTreeMap::new(),
            });
            runs.len() - 1
        });
        self.deliver(index, delivery);
    }

    /// One activation, and those of the runs it starts.
    pub(super) fn deliver(&self, index: usize, delivery: Delivery) {
        let run = self.runs.borrow()[index].clone();
        let state = match run.next {
            None => None,
            Some(_) => Some(match serde_json::from_value(run.state) {
                Ok(state) => state,
                Err(error) => panic!("the state of {} cannot be read: {error}", run.key),
            }),
        };
        let id = format!("run-{}", index + 1);
        let cx = Cx::scripted(self.script.clone().business_key(&run.key).run(&id));
        let step = match H::handle(&cx, &self.config, state, delivery) {
            Ok(step) => step,
            Err(error) => panic!("{} failed: {error}", run.key),
        };
        {
            let mut runs = self.runs.borrow_mut();
            let run = &mut runs[index];
            run.state = serde_json::to_value(&step.state).unwrap_or_default();
            run.next = Some(step.next);
            run.labels.extend(step.labels);
        }
        self.start_spawned();
        self.deliver_sent();
        self.tell_of_end(index);
    }

    /// Runs that were spawned into this flow; a live run of the key gets the input.
    fn start_spawned(&self) {
        let spawned = self.script.spawned();
        let from = std::mem::replace(&mut *self.begun.borrow_mut(), spawned.len());
        for (number, run) in spawned.iter().enumerate().skip(from) {
            if run.flow == FLOW {
                let name = format!("spawned-{}", number + 1);
                self.names
                    .borrow_mut()
                    .push((name, run.business_key.clone()));
                let request = Delivery::Request(run.input.clone());
                self.start(&run.business_key, request);
            }
        }
    }

    /// Signals to runs of this flow.
    fn deliver_sent(&self) {
        let sent = self.script.signals();
        let from = std::mem::replace(&mut *self.heard.borrow_mut(), sent.len());
        for signal in sent.iter().skip(from) {
            let names = self.names.borrow().clone();
            let named = names.iter().find(|(name, _)| *name == signal.run);
            let number = signal.run.strip_prefix("run-").and_then(|n| n.parse().ok());
            let live =
                self.indexes(|run| run.is_live() && named.is_some_and(|(_, key)| *key == run.key));
            let own = number.map(|number: usize| number - 1);
            let own = own.filter(|index| self.runs.borrow()[*index].is_live());
            let live: Vec<_> = live.into_iter().chain(own).collect();
            if let Some(index) = live.last() {
                let signal = Signal {
                    name: signal.name.clone(),
                    data: signal.data.clone(),
                    sender: "run:staged".to_owned(),
                };
                self.deliver(*index, Delivery::Signal(signal));
            }
        }
    }

    /// A run that ended tells those that wait for its end, under the name each knows.
    fn tell_of_end(&self, index: usize) {
        let run = self.runs.borrow()[index].clone();
        let Some(end) = run.end() else {
            return;
        };
        let names = self.names.borrow().clone();
        let same_key = names.into_iter().filter(|(_, key)| *key == run.key);
        let own = format!("run-{}", index + 1);
        for name in same_key.map(|(name, _)| name).chain([own]) {
            self.run_ended(&name, &run.key, end);
        }
    }

    pub(super) fn run_ended(&self, name: &str, key: &str, end: &Completion) {
        let waits = |run: &StagedRun| {
            run.waiting().is_some_and(|waiting| {
                let mut wanted = waiting.subscriptions.iter();
                wanted.any(|wanted| wanted.entity.kind == "run" && wanted.entity.id == name)
            })
        };
        for index in self.indexes(waits) {
            let mut event =
                Event::new("run.completed", Entity::new("run", name), "end", self.now());
            event.data = vec![
                Field::new("business-key", key),
                Field::new("outcome", end.outcome.as_str()),
                Field::new("summary", end.summary.as_str()),
            ];
            let incoming = Incoming {
                connection: "runs".to_owned(),
                role: "run".to_owned(),
                event,
            };
            self.deliver(index, Delivery::Event(incoming));
        }
    }

    pub(super) fn indexes(&self, wanted: impl Fn(&StagedRun) -> bool) -> Vec<usize> {
        let runs = self.runs.borrow();
        let found = runs.iter().enumerate().filter(|(_, run)| wanted(run));
        found.map(|(index, _)| index).collect()
    }
}
