//! What a handler reaches: its run, the host's runtime, and the capabilities of the connections.

use super::{Calendar, Connections, DecisionRecord, EffectMode, RunContext};
#[cfg(target_arch = "wasm32")]
use crate::Imported;
#[cfg(target_arch = "wasm32")]
use crate::bindings::imports::forebay::flow::runtime;
use crate::capability::assets::{
    Access, Approvals, AssetSource, Collections, Comments, Fields, Lifecycle, Placeholders,
    Relations, Sharing, Usage, Versions,
};
use crate::capability::workflow::{Directory, ProcessComments, Tasks, WorkflowSink};
use crate::types::{Error, Timestamp};

/// The circumstances of one activation or check.
///
/// Inside the host everything is imported; in tests [`Cx::scripted`] plugs in doubles.
pub struct Cx {
    run: RunContext,
    connections: Connections,
    #[cfg(not(target_arch = "wasm32"))]
    script: crate::testing::Script,
}

/// What stands behind a capability: the import, or what the script plugged in.
macro_rules! capabilities {
    ($($(#[$doc:meta])* $name:ident: $capability:ident,)+) => {
        impl Cx {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(&self) -> &dyn $capability {
                    #[cfg(target_arch = "wasm32")]
                    return &Imported;
                    #[cfg(not(target_arch = "wasm32"))]
                    self.script.$name.as_ref()
                }
            )+
        }
    };
}

capabilities! {
    /// Read, find and update assets.
    assets: AssetSource,
    /// Field definitions.
    fields: Fields,
    /// Versions of an asset.
    versions: Versions,
    /// The DAM's own approval panel.
    approvals: Approvals,
    /// Who may see and use an asset.
    access: Access,
    /// Folders, albums and collections.
    collections: Collections,
    /// Comments on an asset.
    comments: Comments,
    /// Processes of the workflow engine.
    workflow: WorkflowSink,
    /// Human work items.
    tasks: Tasks,
    /// Users and groups.
    directory: Directory,
    /// Links by which people outside the DAM reach assets.
    sharing: Sharing,
    /// Where an asset's files are, and what becomes of them.
    lifecycle: Lifecycle,
    /// How assets belong together.
    relations: Relations,
    /// How an asset was used.
    usage: Usage,
    /// Assets without media yet.
    placeholders: Placeholders,
    /// What people write on a process.
    process_comments: ProcessComments,
}

/// A function of the host's runtime: the import, or the script's double.
macro_rules! runtime {
    ($self:ident, $name:ident($($argument:expr),*)) => {{
        #[cfg(target_arch = "wasm32")]
        let answer = runtime::$name($($argument),*);
        #[cfg(not(target_arch = "wasm32"))]
        let answer = $self.script.$name($($argument),*);
        answer
    }};
}

impl Cx {
    /// The circumstances of a test.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn scripted(script: crate::testing::Script) -> Self {
        let run = script.run_context();
        Self {
            connections: Connections::new(run.connections.clone()),
            run,
            script,
        }
    }

    /// The circumstances of an activation inside the host.
    pub(crate) fn of_run(run: RunContext) -> Self {
        Self {
            connections: Connections::new(run.connections.clone()),
            run,
            #[cfg(not(target_arch = "wasm32"))]
            script: crate::testing::Script::new(),
        }
    }

    /// The circumstances of a check: there is no run.
    pub(crate) fn of_check() -> Self {
        Self::of_run(RunContext {
            run: String::new(),
            flow: String::new(),
            business_key: String::new(),
            connections: Vec::new(),
            state_version: 0,
            activation: 0,
        })
    }

    /// The run's id; empty in a check.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.run.run
    }

    /// The flow's name; empty in a check.
    #[must_use]
    pub fn flow(&self) -> &str {
        &self.run.flow
    }

    /// The business key; empty in a check.
    #[must_use]
    pub fn business_key(&self) -> &str {
        &self.run.business_key
    }

    /// Number of this activation, from 1.
    #[must_use]
    pub fn activation(&self) -> u32 {
        self.run.activation
    }

    /// The connection bound to this role; none in a check.
    #[must_use]
    pub fn connection(&self, role: &str) -> Option<&str> {
        self.connections.of(role)
    }

    /// The activation's time: the same on every attempt.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        runtime!(self, now())
    }

    /// A random id, the same on every attempt of this activation.
    #[must_use]
    pub fn random_id(&self) -> String {
        runtime!(self, random_id())
    }

    /// Enforce or observe. The broker sees to it; look only to word messages.
    #[must_use]
    pub fn mode(&self) -> EffectMode {
        runtime!(self, mode())
    }

    /// Does the connection of this role export this interface (`package:name/interface`)?
    #[must_use]
    pub fn available(&self, role: &str, capability: &str) -> bool {
        runtime!(self, available(role, capability))
    }

    /// Start a run of another flow, together with this step; `input` becomes its request. Returns
    /// its id. Repeat-safe by the business key.
    ///
    /// # Errors
    /// `not-found` where there is no such flow; `invalid` where it refuses the input.
    pub fn spawn(
        &self,
        flow: &str,
        business_key: &str,
        input: &impl serde::Serialize,
    ) -> Result<String, Error> {
        let input = to_json(input)?;
        runtime!(self, spawn(flow, business_key, &input))
    }

    /// Send a signal to a run, together with this step.
    ///
    /// # Errors
    /// `not-found` where there is no such run.
    pub fn signal(&self, run: &str, name: &str, data: &impl serde::Serialize) -> Result<(), Error> {
        let data = to_json(data)?;
        runtime!(self, signal(run, name, &data))
    }

    /// Put a record into the audit, together with this step.
    pub fn decision(&self, record: &DecisionRecord) {
        runtime!(self, decision(record));
    }

    /// Add working time, in minutes, to a point in time.
    ///
    /// # Errors
    /// `invalid`, saying what is wrong with the calendar.
    pub fn business_time(
        &self,
        calendar: &Calendar,
        start: Timestamp,
        minutes: u32,
    ) -> Result<Timestamp, Error> {
        runtime!(self, business_time(calendar, start, minutes)).map_err(Error::invalid)
    }

    /// The point in time at which a calendar date, `YYYY-MM-DD`, ends in a time zone.
    ///
    /// # Errors
    /// `invalid`, saying what is wrong with the zone or the date.
    pub fn end_of_day(&self, zone: &str, date: &str) -> Result<Timestamp, Error> {
        runtime!(self, end_of_day(zone, date)).map_err(Error::invalid)
    }

    /// The calendar date, `YYYY-MM-DD`, at a point in time in a time zone.
    ///
    /// # Errors
    /// `invalid`, saying what is wrong with the zone.
    pub fn local_date(&self, zone: &str, at: Timestamp) -> Result<String, Error> {
        runtime!(self, local_date(zone, at)).map_err(Error::invalid)
    }

    /// Tell an operator's channel (`log`, or one of the configuration's), together with this step.
    pub fn notify(&self, channel: &str, message: &str) {
        runtime!(self, notify(channel, message));
    }

    /// Tell operators something over each of these channels, as [`Cx::notify`].
    pub fn notify_all(&self, channels: &[String], message: &str) {
        for channel in channels {
            self.notify(channel, message);
        }
    }

    /// How far a long activation or run has come.
    pub fn progress(&self, done: u64, total: u64) {
        runtime!(self, progress(done, total));
    }
}

fn to_json(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|error| Error::invalid(format!("cannot be written as JSON: {error}")))
}
