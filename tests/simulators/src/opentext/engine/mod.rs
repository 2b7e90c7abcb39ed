//! The simulated engine's state and what can be done to it, without HTTP.
//!
//! Both dialects read and change the same [`Engine`]. Its rules follow Flowable where the vendor's
//! public material is silent; what is an assumption says so where it is made.
//!
//! * [`model`], [`variable`]: what is kept
//! * [`callback`]: how a process calls back
//! * `processes`, `tasks`, `jobs`, `directory`: what can be done
//! * `table`: rows that are found by id and never forgotten, as the history service remembers them

pub(crate) mod callback;
pub(crate) mod directory;
pub(crate) mod error;
mod jobs;
pub(crate) mod model;
pub(crate) mod models;
mod processes;
mod table;
mod tasks;
pub(crate) mod variable;

use std::collections::HashMap;

use forebay_model::Timestamp;
use uuid::Uuid;

pub(crate) use error::{Error, Result};
use model::{Comment, Group, Job, Process, Task, User};
pub(crate) use processes::{DefinitionRef, Start};
use table::Table;
pub(crate) use tasks::Completion;

use crate::common::{Courier, Faults, Frame, SimClock, effect};

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    /// A user, by mail address.
    Person(String),
    /// A service account: acts for whoever has the task.
    Service(String),
}

impl Actor {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Person(name) | Self::Service(name) => name,
        }
    }
}

/// The simulated engine.
pub(crate) struct Engine {
    clock: SimClock,
    faults: Faults,
    courier: Courier,
    pub(crate) callbacks: HashMap<String, callback::Callback>,
    pub(crate) processes: Table<Process>,
    pub(crate) tasks: Table<Task>,
    pub(crate) jobs: Table<Job>,
    pub(crate) models: Table<models::Model>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) users: Vec<User>,
    pub(crate) groups: Vec<Group>,
    /// Rows of [`Engine::processes`] by business key.
    by_business_key: HashMap<String, Vec<String>>,
    ids: u64,
}

impl Engine {
    pub(crate) fn new(frame: &Frame) -> Self {
        let mut engine = Self {
            clock: frame.clock().clone(),
            faults: frame.faults().clone(),
            courier: frame.courier().clone(),
            callbacks: HashMap::new(),
            processes: Table::default(),
            tasks: Table::default(),
            jobs: Table::default(),
            models: Table::default(),
            comments: Vec::new(),
            users: Vec::new(),
            groups: Vec::new(),
            by_business_key: HashMap::new(),
            ids: 0,
        };
        engine.deploy_all();
        engine
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Can a change made then be read now?
    pub(crate) fn is_visible(&self, changed_at: Timestamp) -> bool {
        changed_at.plus(self.faults.visibility_delay()) <= self.now()
    }

    /// Ids look like the vendor's and are the same in every run of a test.
    fn next_id(&mut self) -> String {
        self.ids += 1;
        Uuid::new_v5(
            &Uuid::NAMESPACE_OID,
            format!("workflow-{}", self.ids).as_bytes(),
        )
        .to_string()
    }

    /// Say something about a process, or about one of its tasks.
    pub(crate) fn comment(
        &mut self,
        process: &str,
        task: Option<&str>,
        author: &str,
        message: &str,
        kind: &str,
    ) -> Comment {
        let comment = Comment {
            id: self.next_id(),
            author: author.to_owned(),
            message: message.to_owned(),
            kind: kind.to_owned(),
            at: self.now(),
            task: task.map(str::to_owned),
            process: process.to_owned(),
        };
        effect("comment");
        self.comments.push(comment.clone());
        comment
    }
}
