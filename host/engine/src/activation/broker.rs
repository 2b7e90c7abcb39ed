//! The broker of one activation: journals calls, carries them to connectors, collects what the
//! step will bring along.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use forebay_model::capability::CapabilityError;
use forebay_model::event::Signal;
use forebay_model::flow::{FlowSpec, Mode};
use forebay_model::plugin::Plugin;
use forebay_model::ports::{Broker, Calendar, CapabilityCall, Interrupt};
use forebay_model::{Digest, InterfaceName, RunId, Timestamp};
use forebay_store::runs::{Claimed, Notice};
use serde_json::Value;

use super::stop::{Gathered, Stop};
use super::tape::{Playback, Tape};
use crate::core::Core;
use crate::topology::binding;

/// What changes while the activation runs.
pub(super) struct Inner {
    pub(super) tape: Tape,
    pub(super) gathered: Gathered,
    stop: Option<Stop>,
    random_ids: u32,
}

/// The broker of one attempt of one activation.
pub(super) struct ActivationBroker {
    pub(super) core: Arc<Core>,
    pub(super) claimed: Arc<Claimed>,
    pub(super) flow: Arc<FlowSpec>,
    handler: Arc<Plugin>,
    inner: Mutex<Inner>,
}

impl ActivationBroker {
    pub(super) fn new(
        core: Arc<Core>,
        claimed: Arc<Claimed>,
        flow: Arc<FlowSpec>,
        handler: Arc<Plugin>,
    ) -> Self {
        let activation = claimed.run.activations + 1;
        let tape = Tape::new(claimed.run.id.clone(), activation, claimed.journal.clone());
        let inner = Inner {
            tape,
            gathered: Gathered::default(),
            stop: None,
            random_ids: 0,
        };
        Self {
            core,
            claimed,
            flow,
            handler,
            inner: Mutex::new(inner),
        }
    }

    /// Why it was ended early, if it was.
    pub(super) fn stop(&self) -> Option<Stop> {
        self.inner().stop.clone()
    }

    /// Work on the tape.
    pub(super) fn with_tape<T>(&self, work: impl FnOnce(&mut Tape) -> T) -> T {
        work(&mut self.inner().tape)
    }

    /// Take what was gathered.
    pub(super) fn take_gathered(&self) -> Gathered {
        std::mem::take(&mut self.inner().gathered)
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// End the activation for this reason; the first counts.
    pub(super) fn end(&self, stop: Stop) -> Interrupt {
        self.inner().stop.get_or_insert(stop);
        Interrupt
    }

    /// The entry of a call that is to be made, or else what was recorded of it.
    pub(super) fn to_make(&self, played: Playback) -> Result<Result<usize, Value>, Interrupt> {
        match played {
            Playback::Recorded(result) => Ok(Err(result)),
            Playback::Repeat(index) | Playback::New(index) => Ok(Ok(index)),
            Playback::Differs { recorded, asked } => {
                let message =
                    format!("the journal holds {recorded}, the handler asked for {asked}");
                Err(self.end(Stop::Park {
                    code: "nondeterministic",
                    message,
                }))
            }
        }
    }

    /// Store everything known so far, the intent included, before an effect is tried.
    pub(super) async fn save_intent(&self) -> Result<(), Interrupt> {
        let entries = self.with_tape(Tape::take_unsaved);
        match self
            .core
            .store
            .journal(&self.claimed.claim, entries.clone())
            .await
        {
            Ok(()) => Ok(()),
            Err(forebay_store::Error::Superseded { now, .. }) => {
                Err(self.end(Stop::Superseded(now)))
            }
            Err(error) => {
                self.with_tape(|tape| tape.keep_unsaved(&entries));
                Err(self.end(Stop::Store(error.to_string())))
            }
        }
    }
}

#[async_trait]
impl Broker for ActivationBroker {
    async fn call(&self, call: CapabilityCall) -> Result<Value, Interrupt> {
        let interface = &call.function.interface;
        let offers = |connection: &_| self.core.offers(connection, interface);
        let Some((role, connection)) = binding(&self.flow, &self.handler, interface, offers) else {
            let message = format!(
                "the flow binds no connection for the interface {}; add it to the flow's connections",
                call.function.interface
            );
            return Err(self.end(Stop::Park {
                code: "unbound",
                message,
            }));
        };
        let mutating = !self.core.reads_only(connection, &call.function.to_string());
        let played = self.inner().tape.next(
            call.function.clone(),
            Some(connection.clone()),
            Value::Array(call.arguments.clone()),
            mutating,
            self.core.clock.now(),
        );
        let index = match self.to_make(played)? {
            Ok(index) => index,
            Err(recorded) => return Ok(recorded),
        };
        if !self.core.offers(connection, &call.function.interface)
            && self.core.connector(connection).is_some()
        {
            let result = self.unsupported(&call, role)?;
            let now = self.core.clock.now();
            self.with_tape(|tape| tape.record(index, result.clone(), false, now));
            return Ok(result);
        }
        if mutating && self.flow.mode == Mode::Observe {
            let now = self.core.clock.now();
            self.with_tape(|tape| tape.record(index, call.blank.clone(), true, now));
            return Ok(call.blank);
        }
        self.perform(&call, connection, index, mutating).await
    }

    fn now(&self) -> Timestamp {
        self.claimed.started_at
    }

    fn seed(&self) -> u64 {
        let id = format!(
            "{}/{}",
            self.claimed.run.id,
            self.claimed.run.activations + 1
        );
        let digest = Digest::of(id.as_bytes());
        u64::from_str_radix(&digest.as_str()[..16], 16).unwrap_or_default()
    }

    fn random_id(&self) -> String {
        let mut inner = self.inner();
        inner.random_ids += 1;
        let id = format!(
            "{}/{}/{}",
            self.claimed.run.id,
            self.claimed.run.activations + 1,
            inner.random_ids
        );
        Digest::of(id.as_bytes()).as_str()[..32].to_owned()
    }

    fn mode(&self) -> Mode {
        self.flow.mode
    }

    fn available(&self, role: &str, capability: &str) -> bool {
        let Some(connection) = self.flow.connections.get(role) else {
            return false;
        };
        self.core
            .offers(connection, &InterfaceName::new(capability))
    }

    async fn spawn(
        &self,
        flow: String,
        business_key: String,
        input: String,
    ) -> Result<Result<String, CapabilityError>, Interrupt> {
        self.spawn_run(flow, business_key, input).await
    }

    async fn signal(
        &self,
        run: String,
        name: String,
        data: String,
    ) -> Result<Result<(), CapabilityError>, Interrupt> {
        let sender = format!("run:{}", self.claimed.run.id);
        let signal = Signal { name, data, sender };
        if self.flow.mode == Mode::Enforce {
            self.inner()
                .gathered
                .signals
                .push((RunId::from(run), signal));
        }
        Ok(Ok(()))
    }

    fn decision(&self, record: Value) {
        self.inner().gathered.decisions.push(record);
    }

    fn business_time(
        &self,
        calendar: &Calendar,
        start: Timestamp,
        minutes: u32,
    ) -> Result<Timestamp, String> {
        crate::calendar::add_working_minutes(calendar, start, minutes)
    }

    fn end_of_day(&self, zone: &str, date: &str) -> Result<Timestamp, String> {
        crate::calendar::end_of_day(zone, date)
    }

    fn local_date(&self, zone: &str, at: Timestamp) -> Result<String, String> {
        crate::calendar::local_date(zone, at)
    }

    fn notify(&self, channel: String, message: String) {
        self.inner()
            .gathered
            .notices
            .push(Notice { channel, message });
    }

    fn progress(&self, done: u64, total: u64) {
        tracing::info!(run = %self.claimed.run.id, done, total, "progress");
    }
}
