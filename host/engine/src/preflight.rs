//! Preflight: does a flow fit its vendors? Asked before anything runs.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_model::capability::{CapabilityError, Detail, Finding};
use forebay_model::flow::{FlowSpec, Mode};
use forebay_model::plugin::Plugin;
use forebay_model::ports::{Broker, Calendar, CallContext, CapabilityCall, Interrupt};
use forebay_model::{FlowName, InterfaceName, Timestamp};
use serde_json::{Value, json};

use crate::Result;
use crate::core::Core;
use crate::topology::binding;

impl Core {
    /// Preflight of a configured flow, in plain words. With `probe` the vendors are asked too.
    ///
    /// # Errors
    /// If the flow or its handler is not there, or the handler fails.
    pub async fn check_flow(
        self: &Arc<Self>,
        name: &FlowName,
        probe: bool,
    ) -> Result<Vec<Finding>> {
        let flow = self.flow(name)?;
        self.check_spec(&flow.spec, probe).await
    }

    /// Preflight of a flow that need not be configured yet.
    ///
    /// # Errors
    /// If the handler is not there or fails.
    pub async fn check_spec(
        self: &Arc<Self>,
        spec: &FlowSpec,
        probe: bool,
    ) -> Result<Vec<Finding>> {
        let handler = self.handler(spec)?;
        let broker = CheckBroker {
            core: Arc::clone(self),
            spec: spec.clone(),
            handler: Arc::clone(&handler),
            now: self.clock.now(),
        };
        let config = spec.config.to_string();
        Ok(self
            .guests
            .check_flow(&handler.digest, &config, probe, Arc::new(broker))
            .await?)
    }
}

/// The broker of a preflight: reads go through, everything else is refused.
struct CheckBroker {
    core: Arc<Core>,
    spec: FlowSpec,
    handler: Arc<Plugin>,
    now: Timestamp,
}

impl CheckBroker {
    async fn read(&self, call: &CapabilityCall) -> std::result::Result<Value, String> {
        let interface = &call.function.interface;
        let offers = |connection: &_| self.core.offers(connection, interface);
        let (_, connection) = binding(&self.spec, &self.handler, interface, offers)
            .ok_or_else(|| format!("no connection is bound for {}", call.function.interface))?;
        if !self.core.reads_only(connection, &call.function.to_string()) {
            return Err(format!(
                "{} is not a read; a check changes nothing",
                call.function
            ));
        }
        let (digest, spec) = self
            .core
            .connector(connection)
            .ok_or_else(|| format!("no plugin for the connection {connection} is loaded"))?;
        let context = self.core.read_context("check");
        let guests = &self.core.guests;
        let answer = guests
            .call(&digest, &spec, context, &call.function, &call.arguments)
            .await;
        answer.map_err(|error| format!("{} at {connection}: {error}", call.function))
    }
}

impl Core {
    /// Circumstances of a call that belongs to no run.
    pub(crate) fn read_context(&self, purpose: &str) -> CallContext {
        CallContext {
            key: format!("{purpose}.{}", self.clock.now().0),
            attempt: 1,
            previous_unknown: false,
            timeout: self.options.call_timeout,
            run: None,
        }
    }
}

/// The broker of a check that asks nobody: a configuration is looked at before there are
/// connections.
pub struct Unconnected {
    /// The time of the check.
    pub now: Timestamp,
}

impl CheckBroker {
    fn offers(&self, role: &str, capability: &str) -> bool {
        let Some(connection) = self.spec.connections.get(role) else {
            return false;
        };
        self.core
            .offers(connection, &InterfaceName::new(capability))
    }
}

impl Unconnected {
    async fn read(&self, call: &CapabilityCall) -> std::result::Result<Value, String> {
        Err(format!(
            "{} cannot be asked: nothing is connected in this check",
            call.function
        ))
    }

    fn offers(&self, _role: &str, _capability: &str) -> bool {
        false
    }
}

/// A check changes nothing: reads are answered by `read`, all else is refused.
macro_rules! checking_broker {
    ($broker:ty) => {
        #[async_trait]
        impl Broker for $broker {
            async fn call(&self, call: CapabilityCall) -> std::result::Result<Value, Interrupt> {
                match self.read(&call).await {
                    Ok(result) => Ok(result),
                    Err(message) if call.fallible => {
                        Ok(json!({"err": CapabilityError::Unavailable(Detail::new(message))}))
                    }
                    Err(_) => Err(Interrupt),
                }
            }

            fn now(&self) -> Timestamp {
                self.now
            }

            fn seed(&self) -> u64 {
                self.now.0.unsigned_abs()
            }

            fn random_id(&self) -> String {
                format!("check-{}", self.now.0)
            }

            fn mode(&self) -> Mode {
                Mode::Observe
            }

            fn available(&self, role: &str, capability: &str) -> bool {
                self.offers(role, capability)
            }

            async fn spawn(
                &self,
                _flow: String,
                _business_key: String,
                _input: String,
            ) -> std::result::Result<std::result::Result<String, CapabilityError>, Interrupt> {
                Ok(Err(CapabilityError::Unsupported(Detail::new("a check starts no runs"))))
            }

            async fn signal(
                &self,
                _run: String,
                _name: String,
                _data: String,
            ) -> std::result::Result<std::result::Result<(), CapabilityError>, Interrupt> {
                Ok(Err(CapabilityError::Unsupported(Detail::new("a check sends no signals"))))
            }

            fn decision(&self, _record: Value) {}

            fn business_time(
                &self,
                calendar: &Calendar,
                start: Timestamp,
                minutes: u32,
            ) -> std::result::Result<Timestamp, String> {
                crate::calendar::add_working_minutes(calendar, start, minutes)
            }

            fn end_of_day(&self, zone: &str, date: &str) -> std::result::Result<Timestamp, String> {
                crate::calendar::end_of_day(zone, date)
            }

            fn local_date(&self, zone: &str, at: Timestamp) -> std::result::Result<String, String> {
                crate::calendar::local_date(zone, at)
            }

            fn notify(&self, _channel: String, _message: String) {}

            fn progress(&self, _done: u64, _total: u64) {}
        }
    };
}

checking_broker!(CheckBroker);
checking_broker!(Unconnected);
