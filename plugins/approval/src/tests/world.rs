//! DAM, workflow engine and one run between them.

use std::cell::RefCell;
use std::rc::Rc;

use forebay_sdk::handler::{Fired, Handler, Incoming, Next, Signal};
use forebay_sdk::testing::{START, Script};
use forebay_sdk::workflow::Process;
use forebay_sdk::{Cx, Delivery, Entity, Error, Event, Field, Step, Timestamp};
use serde_json::{Value as Json, json};

use super::fake_dam::{ASSET, FakeDam};
use super::fake_engine::FakeEngine;
use crate::{Approval, Config, Run, State};

/// The run's business key.
pub(super) const KEY: &str = "canto-1:canto-main:image/7";

pub(super) struct World {
    pub(super) dam: Rc<FakeDam>,
    pub(super) engine: Rc<FakeEngine>,
    pub(super) script: Script,
    pub(super) config: Config,
    state: RefCell<Option<State>>,
}

/// The configuration of canto-1 as the use case gives it, with changes on top.
pub(super) fn canto_1(changes: Json) -> Json {
    let mut config = json!({
        "key_prefix": "canto-1",
        "filters": {"include": ["/Incoming/**"]},
        "required_before_review": ["asset_type", "market"],
        "stages": [
            {"name": "brand", "policy": "any"},
            {"name": "legal", "policy": "all", "when": {"asset_type": ["video", "testimonial"]}},
            {"name": "regional", "policy": "all", "per": "market"},
        ],
        "routing": [
            {"when": {"stage": "legal", "market": ["DE", "AT"]}, "to": {"group": "legal-dach", "sla": "2bd"}},
            {"when": {"stage": "regional", "market": "DE"}, "to": {"group": "regional-de", "sla": "1bd"}},
            {"when": {"stage": "regional", "market": "AT"}, "to": {"group": "regional-at", "sla": "1bd"}},
            {"when": {}, "to": {"group": "brand-reviewers", "sla": "3bd"}},
        ],
    });
    let (Some(config_map), Json::Object(changes)) = (config.as_object_mut(), changes) else {
        panic!("objects");
    };
    config_map.extend(changes);
    config
}

/// One stage with one group, with changes on top.
pub(super) fn simple(changes: Json) -> Json {
    let mut config = json!({"routing": [{"to": {"group": "reviewers", "sla": "2d"}}]});
    let (Some(config_map), Json::Object(changes)) = (config.as_object_mut(), changes) else {
        panic!("objects");
    };
    config_map.extend(changes);
    config
}

impl World {
    pub(super) fn new(config: Json) -> Self {
        Self::scripted(config, Script::new(), Rc::default())
    }

    pub(super) fn observing(config: Json) -> Self {
        Self::scripted(config, Script::new().observe(), Rc::default())
    }

    /// With the engine of an earlier run about the same asset.
    pub(super) fn after(earlier: &Self, config: Json) -> Self {
        Self::scripted(config, Script::new(), earlier.engine.clone())
    }

    fn scripted(config: Json, script: Script, engine: Rc<FakeEngine>) -> Self {
        let dam = Rc::new(FakeDam::default());
        engine.now.set(START);
        let script = script
            .assets(dam.clone())
            .fields(dam.clone())
            .versions(dam.clone())
            .access(dam.clone())
            .collections(dam.clone())
            .approvals(dam.clone())
            .workflow(engine.clone())
            .tasks(engine.clone())
            .directory(engine.clone())
            .connection("dam", "canto-main")
            .connection("workflow", "otwf-main")
            .business_key(KEY);
        let config = serde_json::from_value(config).expect("a configuration");
        Self {
            dam,
            engine,
            script,
            config,
            state: RefCell::default(),
        }
    }

    /// One activation; the state goes through JSON as it does in the host.
    pub(super) fn activate(&self, delivery: Delivery) -> Result<Step<State>, Error> {
        let cx = Cx::scripted(self.script.clone());
        let before = self.state.borrow().clone();
        let before = before.map(|state| Run::Asset(Box::new(state)));
        let step = Approval::handle(&cx, &self.config, before, delivery)?.map(|run| match run {
            Run::Asset(state) => *state,
            other => panic!("{other:?} is not about an asset"),
        });
        let json = serde_json::to_string(&step.state).expect("JSON");
        *self.state.borrow_mut() = Some(serde_json::from_str(&json).expect("the same state"));
        Ok(step)
    }

    fn go(&self, delivery: Delivery) -> Step<State> {
        self.activate(delivery).expect("a step")
    }

    pub(super) fn event(&self, kind: &str) -> Step<State> {
        self.go(dam_event(kind, &[]))
    }

    /// The asset is uploaded.
    pub(super) fn upload(&self) -> Step<State> {
        self.event("asset.created")
    }

    /// A new version becomes current.
    pub(super) fn new_version(&self, version: &str) -> Step<State> {
        self.dam.new_version(version);
        self.event("asset.version-current")
    }

    /// The engine tells that something happened to a process.
    pub(super) fn told(&self, process: &str) -> Step<State> {
        let entity = Entity::new("process", process);
        self.go(Delivery::Event(Incoming {
            connection: "otwf-main".into(),
            role: "workflow".into(),
            event: Event::new("process.completed", entity, "1", START),
        }))
    }

    /// A person decides, and the engine tells.
    pub(super) fn decide(
        &self,
        stage: &str,
        by: &str,
        outcome: &str,
        said: &[Field],
    ) -> Step<State> {
        self.engine.decide(stage, by, outcome, said);
        self.told(&self.engine.review().id)
    }

    pub(super) fn approve(&self, stage: &str, by: &str) -> Step<State> {
        self.decide(stage, by, "approved", &[])
    }

    pub(super) fn signal(&self, name: &str, data: &Json) -> Step<State> {
        let sender = "operator:gina".to_owned();
        self.go(Delivery::Signal(Signal {
            name: name.into(),
            data: data.to_string(),
            sender,
        }))
    }

    /// Time passes until the next timer of the step, which fires.
    pub(super) fn next_timer(&self, step: &Step<State>) -> Step<State> {
        let timers = &step.waiting().expect("a waiting step").timers;
        let timer = timers
            .iter()
            .min_by_key(|timer| timer.due_at)
            .expect("a timer");
        self.set_now(timer.due_at);
        self.go(Delivery::Timer(Fired {
            name: timer.name.clone(),
            due_at: timer.due_at,
        }))
    }

    /// This timer of the step fires at its time.
    pub(super) fn timer(&self, step: &Step<State>, name: &str) -> Step<State> {
        let timers = &step.waiting().expect("a waiting step").timers;
        let timer = timers.iter().find(|timer| timer.name == name).expect(name);
        self.set_now(timer.due_at);
        self.go(Delivery::Timer(Fired {
            name: name.into(),
            due_at: timer.due_at,
        }))
    }

    pub(super) fn set_now(&self, now: Timestamp) {
        self.script.set_now(now);
        self.engine.now.set(now);
    }

    /// How often this was recorded.
    pub(super) fn recorded(&self, action: &str) -> usize {
        self.script
            .decisions()
            .iter()
            .filter(|record| record.action == action)
            .count()
    }

    pub(super) fn reviews(&self) -> Vec<Process> {
        self.engine.started("assetApproval")
    }

    pub(super) fn notices(&self) -> Vec<Process> {
        self.engine.started("forebayNotice")
    }
}

/// An event of the DAM about the asset.
pub(super) fn dam_event(kind: &str, data: &[Field]) -> Delivery {
    let event = Event::new(kind, Entity::new("asset", ASSET), "1", START);
    Delivery::Event(Incoming {
        connection: "canto-main".into(),
        role: "dam".into(),
        event: Event {
            data: data.to_vec(),
            ..event
        },
    })
}

/// Why a step parked; empty if it did not.
pub(super) fn parked(step: &Step<State>) -> String {
    match &step.next {
        Next::Parked(reason) => reason.clone(),
        _ => String::new(),
    }
}

/// Names of the timers of a waiting step.
pub(super) fn timers(step: &Step<State>) -> Vec<String> {
    step.waiting()
        .expect("a waiting step")
        .timers
        .iter()
        .map(|timer| timer.name.clone())
        .collect()
}

/// What a step waits for, in words.
pub(super) fn waits_for(step: &Step<State>) -> String {
    step.waiting()
        .expect("a waiting step")
        .waiting_on
        .summary
        .clone()
}
