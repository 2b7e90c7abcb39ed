//! A flow with all its runs, a DAM and an engine in memory, and virtual time: the place to test a
//! handler's course from the first event to the last.
#![expect(
    clippy::panic,
    reason = "a test that asks for what is not there has failed"
)]

mod inbox;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::rc::Rc;

use serde_json::Value as Json;

use super::{Library, People, Script};
use crate::handler::{Completion, Delivery, Fired, Handler, Incoming, Next, Signal, Waiting};
use crate::time;
use crate::types::{Entity, Event, Field, Timestamp};

/// Name of the flow on stage.
pub const FLOW: &str = "test";
/// Activations of one moment before the stage takes the flow for one that never comes to rest.
const MOST_ACTIVATIONS: usize = 20_000;

/// One run.
#[derive(Clone, Debug)]
pub struct StagedRun {
    /// Its business key.
    pub key: String,
    /// Its state.
    pub state: Json,
    /// What it waits for, or how it ended; none before its first activation.
    pub next: Option<Next>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

impl StagedRun {
    fn waiting(&self) -> Option<&Waiting> {
        match self.next.as_ref()? {
            Next::Waiting(waiting) => Some(waiting),
            _ => None,
        }
    }

    fn is_live(&self) -> bool {
        self.next.is_none() || self.waiting().is_some()
    }

    /// How it ended.
    #[must_use]
    pub fn end(&self) -> Option<&Completion> {
        match self.next.as_ref()? {
            Next::Completed(end) | Next::Cancelled(end) => Some(end),
            _ => None,
        }
    }
}

/// The stage. Roles are `dam` and `workflow`; the flow is [`FLOW`].
pub struct Stage<H: Handler> {
    /// The DAM.
    pub dam: Rc<Library>,
    /// The engine and its people.
    pub people: Rc<People>,
    /// What the host's side saw.
    pub script: Script,
    config: H::Config,
    runs: RefCell<Vec<StagedRun>>,
    begun: RefCell<usize>,
    heard: RefCell<usize>,
    /// What spawned runs are called, and their keys.
    names: RefCell<Vec<(String, String)>>,
    handler: PhantomData<H>,
}

impl<H: Handler> Stage<H> {
    /// A stage with this configuration of the flow.
    ///
    /// # Panics
    /// Where the configuration does not fit its schema.
    #[must_use]
    pub fn new(config: &Json) -> Self {
        Self::scripted(config, Script::new())
    }

    /// The same in observe mode.
    ///
    /// # Panics
    /// Where the configuration does not fit its schema.
    #[must_use]
    pub fn observing(config: &Json) -> Self {
        Self::scripted(config, Script::new().observe())
    }

    fn scripted(config: &Json, script: Script) -> Self {
        let (dam, people) = (Rc::new(Library::new()), Rc::new(People::new()));
        let script = script
            .assets(dam.clone())
            .versions(dam.clone())
            .collections(dam.clone())
            .access(dam.clone())
            .comments(dam.clone())
            .sharing(dam.clone())
            .lifecycle(dam.clone())
            .relations(dam.clone())
            .usage(dam.clone())
            .placeholders(dam.clone())
            .workflow(people.clone())
            .tasks(people.clone())
            .directory(people.clone())
            .process_comments(people.clone())
            .connection("dam", "dam-main")
            .connection("workflow", "otwf-main");
        let config = match serde_json::from_value(config.clone()) {
            Ok(config) => config,
            Err(error) => panic!("the configuration does not fit: {error}"),
        };
        Self {
            dam,
            people,
            script,
            config,
            runs: RefCell::default(),
            begun: RefCell::default(),
            heard: RefCell::default(),
            names: RefCell::default(),
            handler: PhantomData,
        }
    }

    // ---- What comes in --------------------------------------------------------------------------

    /// A start over REST or by a schedule. Tells why, where it is not admitted.
    ///
    /// # Errors
    /// The reason of the handler.
    pub fn request(&self, input: &Json) -> Result<(), String> {
        self.admit(Delivery::Request(input.to_string()))
    }

    /// An event of the DAM about an asset.
    pub fn dam_event(&self, kind: &str, asset: &str, data: &[(&str, &str)]) {
        self.entity_event("dam", kind, "asset", asset, data);
    }

    /// An event about any entity: live runs that subscribed hear of it, else the flow may admit it.
    pub fn entity_event(
        &self,
        role: &str,
        kind: &str,
        entity: &str,
        id: &str,
        data: &[(&str, &str)],
    ) {
        let now = self.dam.now.get();
        let mut event = Event::new(kind, Entity::new(entity, id), now.to_string(), now);
        event.data = data
            .iter()
            .map(|(name, value)| Field::new(*name, *value))
            .collect();
        self.event(role, event);
    }

    /// An event as a connector makes it.
    pub fn event(&self, role: &str, event: Event) {
        let hears = |run: &StagedRun| {
            run.waiting().is_some_and(|waiting| {
                waiting.subscriptions.iter().any(|wanted| {
                    wanted.role == role
                        && (wanted.entity == event.entity || event.related.contains(&wanted.entity))
                        && (wanted.kinds.is_empty() || wanted.kinds.contains(&event.kind))
                })
            })
        };
        let listeners = self.indexes(hears);
        let incoming = || {
            Delivery::Event(Incoming {
                connection: format!("{role}-main"),
                role: role.to_owned(),
                event: event.clone(),
            })
        };
        if listeners.is_empty() {
            // Nobody waits for it, and whether it starts a run is the handler's to say.
            let _ = self.admit(incoming());
        }
        for index in listeners {
            self.deliver(index, incoming());
        }
    }

    /// People answered: every process tells its run.
    pub fn decided(&self) {
        for process in self.people.processes() {
            self.entity_event("workflow", "task.completed", "process", &process.id, &[]);
        }
    }

    /// A signal to the live run of this key.
    ///
    /// # Panics
    /// Where there is none.
    pub fn signal(&self, key: &str, name: &str, data: &Json) {
        let live = self.indexes(|run| run.key == key && run.is_live());
        let Some(index) = live.last() else {
            panic!("no live run {key} among {:?}", self.live());
        };
        let signal = Signal {
            name: name.to_owned(),
            data: data.to_string(),
            sender: "operator:test".to_owned(),
        };
        self.deliver(*index, Delivery::Signal(signal));
    }

    // ---- Runs -----------------------------------------------------------------------------------

    /// A run that another flow was asked for ended: the last spawned there under this key.
    pub fn other_run_ended(&self, flow: &str, key: &str, outcome: &str) {
        let spawned = self.script.spawned();
        let same = |run: &super::Spawned| run.flow == flow && run.business_key == key;
        let number = spawned.iter().rposition(same).map_or(0, |index| index + 1);
        let end = Completion {
            outcome: outcome.to_owned(),
            summary: String::new(),
        };
        self.run_ended(&format!("spawned-{number}"), key, &end);
    }

    // ---- Time -----------------------------------------------------------------------------------

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.dam.now.get()
    }

    /// Everything that is due now.
    ///
    /// # Panics
    /// Where the flow never comes to rest.
    pub fn settle(&self) {
        self.wind_to(self.now());
    }

    /// Let this many milliseconds pass, with all timers in the order they are due.
    ///
    /// # Panics
    /// Where the flow never comes to rest.
    pub fn wind(&self, span: Timestamp) {
        self.wind_to(self.now() + span);
    }

    /// Let time pass until then, with all timers in the order they are due.
    ///
    /// # Panics
    /// Where the flow never comes to rest.
    pub fn wind_to(&self, until: Timestamp) {
        for _ in 0..MOST_ACTIVATIONS {
            let Some((due_at, index, name)) = self.next_timer(until) else {
                return self.set_now(until.max(self.now()));
            };
            self.set_now(due_at.max(self.now()));
            if let Some(Next::Waiting(waiting)) = &mut self.runs.borrow_mut()[index].next {
                waiting.timers.retain(|timer| timer.name != name);
            }
            self.deliver(index, Delivery::Timer(Fired { name, due_at }));
        }
        panic!("the flow does not come to rest");
    }

    fn next_timer(&self, until: Timestamp) -> Option<(Timestamp, usize, String)> {
        let runs = self.runs.borrow();
        let timers = runs.iter().enumerate().filter_map(|(index, run)| {
            let timers = &run.waiting()?.timers;
            let timer = timers.iter().min_by_key(|timer| timer.due_at)?;
            (timer.due_at <= until).then(|| (timer.due_at, index, timer.name.clone()))
        });
        timers.min()
    }

    /// The product was down until then: nothing happened meanwhile.
    pub fn set_now(&self, now: Timestamp) {
        self.dam.now.set(now);
        self.people.now.set(now);
        self.script.set_now(now);
    }

    // ---- What came of it ------------------------------------------------------------------------

    /// All runs, oldest first.
    #[must_use]
    pub fn runs(&self) -> Vec<StagedRun> {
        self.runs.borrow().clone()
    }

    /// Keys of the live runs.
    #[must_use]
    pub fn live(&self) -> Vec<String> {
        let runs = self.runs.borrow();
        let live = runs.iter().filter(|run| run.is_live());
        live.map(|run| run.key.clone()).collect()
    }

    /// How the last run of this key ended: its outcome, `live`, or `parked: reason`.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn outcome(&self, key: &str) -> String {
        let runs = self.runs.borrow();
        let Some(run) = runs.iter().rfind(|run| run.key == key) else {
            panic!("no run {key}");
        };
        match &run.next {
            Some(Next::Parked(reason)) => format!("parked: {reason}"),
            _ => run
                .end()
                .map_or("live", |end| end.outcome.as_str())
                .to_owned(),
        }
    }

    /// Actions of the audit so far.
    #[must_use]
    pub fn audit(&self) -> Vec<String> {
        let records = self.script.decisions().into_iter();
        records.map(|record| record.action).collect()
    }
}

/// The date this many days after the start of the stage.
#[must_use]
pub fn date(days: i64) -> String {
    time::to_date(day(days)).unwrap_or_default()
}

/// The point in time this many days after the start of the stage.
#[must_use]
pub fn day(days: i64) -> Timestamp {
    super::START + days * time::DAY
}
