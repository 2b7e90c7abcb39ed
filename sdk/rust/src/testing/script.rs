//! What a handler sees in a test, and what it did.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::START;
use crate::capability::assets::{
    Access, Approvals, AssetSource, Collections, Comments, Fields, Lifecycle, Placeholders,
    Relations, Sharing, Usage, Versions,
};
use crate::capability::workflow::{Directory, ProcessComments, Tasks, WorkflowSink};
use crate::handler::{Calendar, DecisionRecord, EffectMode, RunContext};
use crate::types::{Error, Timestamp};

/// A run that the handler started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spawned {
    /// The flow.
    pub flow: String,
    /// Its business key.
    pub business_key: String,
    /// Its request, JSON.
    pub input: String,
}

/// A signal that the handler sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The run.
    pub run: String,
    /// The signal's name.
    pub name: String,
    /// Its data, JSON.
    pub data: String,
}

/// The host's side of a handler's test. Clones share what they keep: give one to
/// [`Cx::scripted`](crate::Cx::scripted), ask the other what happened.
///
/// Capabilities that are not plugged in answer `unsupported` and are not `available`.
#[derive(Clone)]
pub struct Script {
    pub(crate) assets: Rc<dyn AssetSource>,
    pub(crate) fields: Rc<dyn Fields>,
    pub(crate) versions: Rc<dyn Versions>,
    pub(crate) approvals: Rc<dyn Approvals>,
    pub(crate) access: Rc<dyn Access>,
    pub(crate) collections: Rc<dyn Collections>,
    pub(crate) comments: Rc<dyn Comments>,
    pub(crate) workflow: Rc<dyn WorkflowSink>,
    pub(crate) tasks: Rc<dyn Tasks>,
    pub(crate) directory: Rc<dyn Directory>,
    pub(crate) sharing: Rc<dyn Sharing>,
    pub(crate) lifecycle: Rc<dyn Lifecycle>,
    pub(crate) relations: Rc<dyn Relations>,
    pub(crate) usage: Rc<dyn Usage>,
    pub(crate) placeholders: Rc<dyn Placeholders>,
    pub(crate) process_comments: Rc<dyn ProcessComments>,
    plugged: Vec<&'static str>,
    run: RunContext,
    mode: EffectMode,
    kept: Rc<Kept>,
}

#[derive(Default)]
struct Kept {
    now: Cell<Timestamp>,
    ids: Cell<u32>,
    spawned: RefCell<Vec<Spawned>>,
    signals: RefCell<Vec<Sent>>,
    decisions: RefCell<Vec<DecisionRecord>>,
    notices: RefCell<Vec<(String, String)>>,
    progress: Cell<Option<(u64, u64)>>,
}

/// Stands where nothing is plugged in: everything is `unsupported`.
struct Nothing;

impl AssetSource for Nothing {}
impl Fields for Nothing {}
impl Versions for Nothing {}
impl Approvals for Nothing {}
impl Access for Nothing {}
impl Collections for Nothing {}
impl Comments for Nothing {}
impl WorkflowSink for Nothing {}
impl Tasks for Nothing {}
impl Directory for Nothing {}
impl Sharing for Nothing {}
impl Lifecycle for Nothing {}
impl Relations for Nothing {}
impl Usage for Nothing {}
impl Placeholders for Nothing {}
impl ProcessComments for Nothing {}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

/// One setter per capability.
macro_rules! plugs {
    ($($(#[$doc:meta])* $name:ident: $capability:ident = $interface:literal,)+) => {
        impl Script {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(mut self, double: Rc<impl $capability + 'static>) -> Self {
                    self.$name = double;
                    self.plugged.push($interface);
                    self
                }
            )+
        }
    };
}

plugs! {
    /// Plug in assets.
    assets: AssetSource = "forebay:assets/asset-source",
    /// Plug in field definitions.
    fields: Fields = "forebay:assets/fields",
    /// Plug in versions.
    versions: Versions = "forebay:assets/versions",
    /// Plug in approvals.
    approvals: Approvals = "forebay:assets/approvals",
    /// Plug in access.
    access: Access = "forebay:assets/access",
    /// Plug in collections.
    collections: Collections = "forebay:assets/collections",
    /// Plug in comments.
    comments: Comments = "forebay:assets/comments",
    /// Plug in processes.
    workflow: WorkflowSink = "forebay:workflow/workflow-sink",
    /// Plug in tasks.
    tasks: Tasks = "forebay:workflow/tasks",
    /// Plug in users and groups.
    directory: Directory = "forebay:workflow/directory",
    /// Plug in: links by which people outside the DAM reach assets.
    sharing: Sharing = "forebay:assets/sharing",
    /// Plug in: where an asset's files are, and what becomes of them.
    lifecycle: Lifecycle = "forebay:assets/lifecycle",
    /// Plug in: how assets belong together.
    relations: Relations = "forebay:assets/relations",
    /// Plug in: how an asset was used.
    usage: Usage = "forebay:assets/usage",
    /// Plug in: assets without media yet.
    placeholders: Placeholders = "forebay:assets/placeholders",
    /// Plug in: what people write on a process.
    process_comments: ProcessComments = "forebay:workflow/process-comments",
}

impl Script {
    /// Run `run-1` of flow `test`, first activation, enforcing, at [`START`], nothing plugged in.
    #[must_use]
    pub fn new() -> Self {
        let nothing = Rc::new(Nothing);
        Self {
            assets: nothing.clone(),
            fields: nothing.clone(),
            versions: nothing.clone(),
            approvals: nothing.clone(),
            access: nothing.clone(),
            collections: nothing.clone(),
            comments: nothing.clone(),
            workflow: nothing.clone(),
            tasks: nothing.clone(),
            sharing: nothing.clone(),
            lifecycle: nothing.clone(),
            relations: nothing.clone(),
            usage: nothing.clone(),
            placeholders: nothing.clone(),
            process_comments: nothing.clone(),
            directory: nothing,
            plugged: Vec::new(),
            run: RunContext {
                run: "run-1".to_owned(),
                flow: "test".to_owned(),
                business_key: "key".to_owned(),
                connections: Vec::new(),
                state_version: 1,
                activation: 1,
            },
            mode: EffectMode::Enforce,
            kept: Rc::new(Kept {
                now: Cell::new(START),
                ..Kept::default()
            }),
        }
    }

    /// Bind a role to a connection.
    #[must_use]
    pub fn connection(mut self, role: &str, connection: &str) -> Self {
        self.run
            .connections
            .push((role.to_owned(), connection.to_owned()));
        self
    }

    /// Another run.
    #[must_use]
    pub fn run(mut self, id: &str) -> Self {
        id.clone_into(&mut self.run.run);
        self
    }

    /// Another business key.
    #[must_use]
    pub fn business_key(mut self, key: &str) -> Self {
        self.run.business_key = key.to_owned();
        self
    }

    /// Effects are recorded as intended only.
    #[must_use]
    pub fn observe(mut self) -> Self {
        self.mode = EffectMode::Observe;
        self
    }

    /// Set the time, for this script and its clones.
    pub fn set_now(&self, now: Timestamp) {
        self.kept.now.set(now);
    }

    /// Runs started so far.
    #[must_use]
    pub fn spawned(&self) -> Vec<Spawned> {
        self.kept.spawned.borrow().clone()
    }

    /// Signals sent so far.
    #[must_use]
    pub fn signals(&self) -> Vec<Sent> {
        self.kept.signals.borrow().clone()
    }

    /// Audit records made so far.
    #[must_use]
    pub fn decisions(&self) -> Vec<DecisionRecord> {
        self.kept.decisions.borrow().clone()
    }

    /// Notices so far, as channel and message.
    #[must_use]
    pub fn notices(&self) -> Vec<(String, String)> {
        self.kept.notices.borrow().clone()
    }

    /// The last progress told, as done and total.
    #[must_use]
    pub fn last_progress(&self) -> Option<(u64, u64)> {
        self.kept.progress.get()
    }

    pub(crate) fn run_context(&self) -> RunContext {
        self.run.clone()
    }
}

/// The doubles of the host's runtime, called by `Cx`.
impl Script {
    pub(crate) fn now(&self) -> Timestamp {
        self.kept.now.get()
    }

    pub(crate) fn random_id(&self) -> String {
        let number = self.kept.ids.get() + 1;
        self.kept.ids.set(number);
        format!("id-{number}")
    }

    pub(crate) fn mode(&self) -> EffectMode {
        self.mode
    }

    pub(crate) fn available(&self, _role: &str, capability: &str) -> bool {
        self.plugged.contains(&capability)
    }

    pub(crate) fn spawn(&self, flow: &str, key: &str, input: &str) -> Result<String, Error> {
        let mut spawned = self.kept.spawned.borrow_mut();
        spawned.push(Spawned {
            flow: flow.to_owned(),
            business_key: key.to_owned(),
            input: input.to_owned(),
        });
        Ok(format!("spawned-{}", spawned.len()))
    }

    pub(crate) fn signal(&self, run: &str, name: &str, data: &str) -> Result<(), Error> {
        self.kept.signals.borrow_mut().push(Sent {
            run: run.to_owned(),
            name: name.to_owned(),
            data: data.to_owned(),
        });
        Ok(())
    }

    pub(crate) fn decision(&self, record: &DecisionRecord) {
        self.kept.decisions.borrow_mut().push(record.clone());
    }

    /// Every minute is a working minute here: handlers test their own logic, not the calendar.
    pub(crate) fn business_time(
        &self,
        _calendar: &Calendar,
        start: Timestamp,
        minutes: u32,
    ) -> Result<Timestamp, String> {
        Ok(start + Timestamp::from(minutes) * crate::time::MINUTE)
    }

    /// Every zone is UTC here.
    pub(crate) fn end_of_day(&self, _zone: &str, date: &str) -> Result<Timestamp, String> {
        crate::time::end_of_date(date)
            .ok_or_else(|| format!("`{date}` is not a date like 2027-12-24"))
    }

    /// Every zone is UTC here.
    pub(crate) fn local_date(&self, _zone: &str, at: Timestamp) -> Result<String, String> {
        crate::time::to_date(at).ok_or_else(|| format!("{at} is out of range"))
    }

    pub(crate) fn notify(&self, channel: &str, message: &str) {
        self.kept
            .notices
            .borrow_mut()
            .push((channel.to_owned(), message.to_owned()));
    }

    pub(crate) fn progress(&self, done: u64, total: u64) {
        self.kept.progress.set(Some((done, total)));
    }
}
