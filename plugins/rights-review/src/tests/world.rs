//! A flow with all its runs, in virtual time.

use std::cell::RefCell;
use std::rc::Rc;

use forebay_sdk::handler::{Fired, Handler, Next, Signal};
use forebay_sdk::testing::{Library, People, START, Script};
use forebay_sdk::{Cx, Delivery, Entity, Event, Timestamp};
use serde_json::{Value as Json, json};

use crate::{Config, RightsReview, State};

/// One run.
pub(super) struct Run {
    pub(super) key: String,
    pub(super) state: Option<State>,
    pub(super) next: Option<Next>,
}

impl Run {
    fn is_live(&self) -> bool {
        matches!(self.next, None | Some(Next::Waiting(_)))
    }

    /// How it ended.
    pub(super) fn outcome(&self) -> Option<&str> {
        match self.next.as_ref()? {
            Next::Completed(end) | Next::Cancelled(end) => Some(&end.outcome),
            _ => None,
        }
    }
}

pub(super) struct World {
    pub(super) dam: Rc<Library>,
    pub(super) people: Rc<People>,
    pub(super) script: Script,
    config: Config,
    pub(super) runs: RefCell<Vec<Run>>,
    begun: RefCell<usize>,
}

impl World {
    pub(super) fn new(config: &Json) -> Self {
        Self::scripted(config, Script::new())
    }

    pub(super) fn scripted(config: &Json, script: Script) -> Self {
        let (dam, people) = (Rc::new(Library::new()), Rc::new(People::new()));
        let script = script
            .assets(dam.clone())
            .collections(dam.clone())
            .access(dam.clone())
            .sharing(dam.clone())
            .lifecycle(dam.clone())
            .relations(dam.clone())
            .usage(dam.clone())
            .workflow(people.clone())
            .tasks(people.clone())
            .directory(people.clone())
            .connection("dam", "canto-main")
            .connection("workflow", "otwf-main");
        Self {
            dam,
            people,
            script,
            config: serde_json::from_value(config.clone()).unwrap(),
            runs: RefCell::default(),
            begun: RefCell::default(),
        }
    }

    /// A start over REST or by a schedule.
    pub(super) fn request(&self, input: &Json) {
        let delivery = Delivery::Request(input.to_string());
        let cx = Cx::scripted(self.script.clone());
        let connections = forebay_sdk::handler::Connections::new(vec![
            ("dam".to_owned(), "canto-main".to_owned()),
            ("workflow".to_owned(), "otwf-main".to_owned()),
        ]);
        drop(cx);
        match RightsReview::admit(&self.config, &connections, &delivery) {
            forebay_sdk::Admission::Start(start) => self.start(&start.business_key, delivery),
            other => panic!("{other:?}"),
        }
    }

    /// Begin a run, or deliver to the live one of this key.
    fn start(&self, key: &str, delivery: Delivery) {
        let live = self
            .runs
            .borrow()
            .iter()
            .position(|run| run.key == key && run.is_live());
        let index = live.unwrap_or_else(|| {
            let mut runs = self.runs.borrow_mut();
            runs.push(Run {
                key: key.to_owned(),
                state: None,
                next: None,
            });
            runs.len() - 1
        });
        self.deliver(index, delivery);
    }

    /// One activation, and those of the runs it starts.
    fn deliver(&self, index: usize, delivery: Delivery) {
        let (key, state) = {
            let runs = self.runs.borrow();
            (runs[index].key.clone(), runs[index].state.clone())
        };
        let run = format!("run-{}", index + 1);
        let cx = Cx::scripted(self.script.clone().business_key(&key).run(&run));
        let step = RightsReview::handle(&cx, &self.config, state, delivery).unwrap();
        {
            let mut runs = self.runs.borrow_mut();
            runs[index].state = Some(step.state);
            runs[index].next = Some(step.next);
        }
        let spawned = self.script.spawned();
        let from = std::mem::replace(&mut *self.begun.borrow_mut(), spawned.len());
        for run in &spawned[from.min(spawned.len())..] {
            if run.flow == "test" {
                self.start(&run.business_key, Delivery::Request(run.input.clone()));
            }
        }
    }

    /// The asset was changed: every live run about it hears of it, else a look begins.
    pub(super) fn changed(&self, asset: &str) {
        self.event("dam", "asset.updated", "asset", asset);
    }

    /// People answered.
    pub(super) fn decided(&self) {
        let processes = self.people.processes();
        for process in processes {
            self.event("workflow", "task.completed", "process", &process.id);
        }
    }

    fn event(&self, role: &str, kind: &str, entity: &str, id: &str) {
        let subscribed = |run: &Run| {
            let Some(Next::Waiting(waiting)) = &run.next else {
                return false;
            };
            let mut wanted = waiting.subscriptions.iter();
            wanted.any(|wanted| wanted.role == role && wanted.entity.id == id)
        };
        let live: Vec<_> = {
            let runs = self.runs.borrow();
            (0..runs.len())
                .filter(|index| subscribed(&runs[*index]))
                .collect()
        };
        if live.is_empty() && role == "dam" {
            return self.request(&json!({ "asset": id }));
        }
        for index in live {
            let event = Event::new(kind, Entity::new(entity, id), "1", self.dam.now.get());
            self.deliver(
                index,
                Delivery::Event(forebay_sdk::handler::Incoming {
                    connection: role.to_owned(),
                    role: role.to_owned(),
                    event,
                }),
            );
        }
    }

    /// Let time pass until then, with all timers in order of their due time.
    pub(super) fn wind_to(&self, until: Timestamp) {
        loop {
            let due = {
                let runs = self.runs.borrow();
                let timers = runs.iter().enumerate().filter_map(|(index, run)| {
                    let Some(Next::Waiting(waiting)) = &run.next else {
                        return None;
                    };
                    let timer = waiting.timers.iter().min_by_key(|timer| timer.due_at)?;
                    (timer.due_at <= until).then(|| (timer.due_at, index, timer.name.clone()))
                });
                timers.min()
            };
            let Some((due_at, index, name)) = due else {
                break;
            };
            self.set_now(due_at.max(self.dam.now.get()));
            self.deliver(index, Delivery::Timer(Fired { name, due_at }));
        }
        self.set_now(until);
    }

    /// The product was down until then: nothing happened meanwhile.
    pub(super) fn set_now(&self, now: Timestamp) {
        self.dam.now.set(now);
        self.people.now.set(now);
        self.script.set_now(now);
    }

    /// A signal to the only run of this key.
    pub(super) fn signal(&self, key: &str, name: &str) {
        let index = {
            let runs = self.runs.borrow();
            runs.iter().position(|run| run.key == key).unwrap()
        };
        let signal = Signal {
            name: name.to_owned(),
            data: "{}".to_owned(),
            sender: "operator:test".to_owned(),
        };
        self.deliver(index, Delivery::Signal(signal));
    }

    /// Keys of the live runs.
    pub(super) fn live(&self) -> Vec<String> {
        let runs = self.runs.borrow();
        let live = runs.iter().filter(|run| run.is_live());
        live.map(|run| run.key.clone()).collect()
    }

    /// How the last run of this key ended.
    pub(super) fn outcome(&self, key: &str) -> String {
        let runs = self.runs.borrow();
        let run = runs.iter().rfind(|run| run.key == key);
        let run = run.unwrap_or_else(|| panic!("no run {key}"));
        run.outcome().unwrap_or("live").to_owned()
    }

    /// Actions of the audit so far.
    pub(super) fn audit(&self) -> Vec<String> {
        let records = self.script.decisions().into_iter();
        records.map(|record| record.action).collect()
    }
}

/// This many days after the start.
pub(super) fn day(days: i64) -> Timestamp {
    START + days * forebay_sdk::time::DAY
}

/// The end of the day this many days after the start, as a date.
pub(super) fn date(days: i64) -> String {
    forebay_sdk::time::to_date(day(days)).unwrap()
}
