//! OpenText Workflow Service, simulated; and Flowable REST over the same state.
//!
//! * [`OpenText`]: start it, seed it, act as its people, look at what happened
//! * `engine`, `definitions`: state and rules, without HTTP
//! * `rest`: the OpenText dialect; `flowable`: the other one, under `/flowable-rest/service`
//! * `page`: a task inbox for people, at `/`
//!
//! The vendor's reference is not public. What follows documented material, what follows Flowable
//! and what is an assumption is told beside the code; the process definitions are described in
//! `docs/processes.md`, and as BPMN in `examples/opentext`.
//!
//! Operations, as faults and recorded calls name them: `token`, `start-process`, `list-processes`,
//! `read-process`, `act-on-process`, `terminate-process`, `list-tasks`, `read-task`, `act-on-task`,
//! `change-task`, `list-process-history`, `list-task-history`, … (see `rest`); the Flowable dialect
//! uses the same names for the same things.

mod auth;
mod date;
mod definitions;
mod engine;
mod flowable;
mod http;
mod page;
mod params;
mod query;
mod render;
mod rest;

use std::time::Duration;

use axum::Router;
use serde_json::{Map, Value};

use crate::common::{Error as StartError, Frame, Running, Shared, SimClock, control, server};
use engine::variable;
use engine::{Actor, Completion, DefinitionRef, Engine, Start};
use http::{Sim, World};

pub use date::DateStyle;
pub use engine::callback::Callback;
pub use engine::directory::DEFAULT_PASSWORD;
pub use engine::error::Error;
pub use engine::model::{Assignment, Comment, Delegation, Group, Job, Process, Task, User};
pub use engine::variable::Variable;

/// Where a simulator listens and how it behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Tenant of the token endpoint.
    pub tenant: String,
    /// Client of both grants.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How long a token lives. The vendor's sample says an hour.
    pub token_lifetime: Duration,
    /// How dates are written.
    pub dates: DateStyle,
    /// May a client-credentials token claim and complete? The vendor's material leaves it open.
    pub service_acts_on_tasks: bool,
    /// Name and password of the Flowable dialect's service account.
    pub flowable_admin: (String, String),
    /// Start with the people and groups of the demonstration.
    pub roster: bool,
}

impl Default for Settings {
    /// Fixed test values.
    fn default() -> Self {
        Self {
            tenant: "test-tenant".to_owned(),
            client_id: "test-client".to_owned(),
            client_secret: "test-client-secret".to_owned(),
            token_lifetime: Duration::from_secs(3600),
            dates: DateStyle::default(),
            service_acts_on_tasks: true,
            flowable_admin: ("rest-admin".to_owned(), "test-admin-password".to_owned()),
            roster: true,
        }
    }
}

/// How to start a simulator.
#[derive(Clone, Default)]
pub struct OpenTextOptions {
    /// Its clock.
    pub clock: SimClock,
    /// Where to listen; absent for a free port of the loopback interface.
    pub addr: Option<String>,
    /// How it behaves.
    pub settings: Settings,
}

/// A simulator that runs, and everything a test may want from it. Dropping it stops it.
pub struct OpenText {
    running: Running,
    sim: Sim,
}

impl OpenText {
    /// Start a simulator.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(options: OpenTextOptions) -> Result<Self, StartError> {
        let frame = Frame::new("opentext", options.clock, http::gateway_fault)?;
        let mut engine = Engine::new(&frame);
        if options.settings.roster {
            engine.seed_roster();
        }
        let sim = Shared::new(
            frame.clone(),
            World {
                engine,
                settings: options.settings,
            },
        );
        let router = Router::new()
            .merge(rest::router(&frame))
            .merge(flowable::router(&frame))
            .merge(page::router())
            .with_state(sim.clone())
            .merge(control::router(&frame));
        let addr = options.addr.as_deref().unwrap_or("127.0.0.1:0");
        Ok(Self {
            running: server::start(router, addr).await?,
            sim,
        })
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.running.base_url()
    }

    /// Calls, effects, faults, tokens, callbacks and the clock.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.sim.frame
    }

    /// Stop it and wait until all connections are closed.
    pub async fn stop(self) {
        self.running.stop().await;
    }

    /// Add a user by mail address, with [`DEFAULT_PASSWORD`], or enable it again.
    pub fn add_user(&self, id: &str) {
        self.sim.lock().engine.add_user(id);
    }

    /// Disable a user: no token, no task.
    pub fn disable_user(&self, id: &str) {
        if let Some(user) = self.sim.lock().engine.user_mut(id) {
            user.enabled = false;
        }
    }

    /// Add a group, or set its members; members that are no users yet become some.
    pub fn add_group(&self, id: &str, members: &[&str]) {
        self.sim.lock().engine.add_group(id, members);
    }

    /// Let the processes of a definition call back.
    pub fn call_back(&self, definition: &str, callback: Callback) {
        self.sim
            .lock()
            .engine
            .callbacks
            .insert(definition.to_owned(), callback);
    }

    /// Take a definition away, as an administrator may. Its processes go on.
    pub fn remove_definition(&self, key: &str) {
        self.sim.lock().engine.undeploy(key);
    }

    /// Write dates like this from now on.
    pub fn write_dates(&self, style: DateStyle) {
        self.sim.lock().settings.dates = style;
    }

    /// May client-credentials tokens act on tasks from now on?
    pub fn let_service_act_on_tasks(&self, allowed: bool) {
        self.sim.lock().settings.service_acts_on_tasks = allowed;
    }

    /// Start a process by hand; its id.
    ///
    /// # Errors
    /// When the definition is unknown or its variables are wrong.
    pub fn start_process(
        &self,
        definition: &str,
        business_key: &str,
        variables: &Map<String, Value>,
    ) -> Result<String, Error> {
        self.sim.lock().engine.start(Start {
            definition: DefinitionRef::Key(definition.to_owned()),
            name: None,
            business_key: Some(business_key.to_owned()),
            variables: variable::from_object(variables),
            by: "test".to_owned(),
        })
    }

    /// All processes of a business key, oldest first, ended ones included.
    #[must_use]
    pub fn processes(&self, business_key: &str) -> Vec<Process> {
        self.sim
            .lock()
            .engine
            .of_business_key(business_key)
            .into_iter()
            .cloned()
            .collect()
    }

    /// All processes, oldest first, ended ones included.
    #[must_use]
    pub fn all_processes(&self) -> Vec<Process> {
        self.sim.lock().engine.processes.iter().cloned().collect()
    }

    /// All tasks of a process, oldest first, ended ones included.
    #[must_use]
    pub fn tasks(&self, process: &str) -> Vec<Task> {
        let world = self.sim.lock();
        world
            .engine
            .tasks
            .iter()
            .filter(|task| task.process == process)
            .cloned()
            .collect()
    }

    /// The open tasks of a process, oldest first.
    #[must_use]
    pub fn open_tasks(&self, process: &str) -> Vec<Task> {
        self.tasks(process)
            .into_iter()
            .filter(Task::is_open)
            .collect()
    }

    /// Every task that is open, with its process; the oldest first.
    #[must_use]
    pub fn inbox(&self) -> Vec<(Process, Task)> {
        let world = self.sim.lock();
        let open = world.engine.tasks.iter().filter(|task| task.is_open());
        open.filter_map(|task| {
            let process = world.engine.processes.get(&task.process)?;
            Some((process.clone(), task.clone()))
        })
        .collect()
    }

    /// Comments on a process and its tasks, oldest first.
    #[must_use]
    pub fn comments(&self, process: &str) -> Vec<Comment> {
        let world = self.sim.lock();
        world
            .engine
            .comments
            .iter()
            .filter(|c| c.process == process)
            .cloned()
            .collect()
    }

    /// Comment on a process as a person.
    pub fn say(&self, process: &str, person: &str, text: &str) {
        let engine = &mut self.sim.lock().engine;
        engine.comment(process, None, person, text, "comment");
    }

    /// Change variables of a process as a person who works on it.
    ///
    /// # Errors
    /// When there is no such process, or it has ended.
    pub fn set_variables(
        &self,
        process: &str,
        variables: &Map<String, Value>,
    ) -> Result<(), Error> {
        let engine = &mut self.sim.lock().engine;
        engine.set_variables(process, variable::from_object(variables), true)
    }

    /// Take a task as a person.
    ///
    /// # Errors
    /// When somebody else has it, or it is no longer open, or the person is unknown or disabled.
    pub fn claim(&self, task: &str, person: &str) -> Result<(), Error> {
        self.sim.lock().engine.claim(task, Some(person))
    }

    /// Complete a task as a person, who takes it first where nobody has it. Variables: `comment`,
    /// `reasonCode`, `conditions`, `expiry`, ….
    ///
    /// # Errors
    /// As [`OpenText::claim`]; also when the person is excluded or the process is suspended.
    pub fn decide(
        &self,
        task: &str,
        person: &str,
        outcome: &str,
        variables: &Map<String, Value>,
    ) -> Result<(), Error> {
        let engine = &mut self.sim.lock().engine;
        engine.claim(task, Some(person))?;
        let done = Completion {
            outcome: Some(outcome.to_owned()),
            variables: variable::from_object(variables),
            locals: Vec::new(),
        };
        let done = engine.complete(task, &Actor::Person(person.to_owned()), done);
        if done.is_err() {
            // Somebody else may take it.
            engine.claim(task, None)?;
        }
        done
    }

    /// End a process as an administrator.
    ///
    /// # Errors
    /// When there is no such process, or it has ended.
    pub fn terminate(&self, process: &str, reason: &str) -> Result<(), Error> {
        self.sim.lock().engine.terminate(process, Some(reason))
    }

    /// Stop a process for a while, or let it go on, as an administrator.
    ///
    /// # Errors
    /// When there is no such process, or it is in that state already.
    pub fn suspend(&self, process: &str, suspended: bool) -> Result<(), Error> {
        self.sim.lock().engine.suspend(process, suspended)
    }
}
