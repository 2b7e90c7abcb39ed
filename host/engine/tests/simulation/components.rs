//! The sandbox: components that do their work, fail, or take longer than their claim holds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_engine::intake::{Gate, Genuine, Refusal};
use forebay_model::capability::{CapabilityError, Detail};
use forebay_model::event::DeliveryContent;
use forebay_model::flow::ConnectionSpec;
use forebay_model::plugin::Plugin;
use forebay_model::ports::{
    Activation, Broker, CALL_TIME, CallContext, ChangeOptions, ChangePage, ConnectorResult,
    GuestError, Guests, HeaderField, WebhookRequest,
};
use forebay_model::step::{Admission, Start, Step};
use forebay_model::{ConnectionName, Digest, Event, Finding, FunctionName};
use serde_json::{Value, json};

use crate::handlers;
use crate::host::Power;
use crate::setup::plugins;
use crate::vendor::{BLIND, any_error, asset};

/// Longest delay of a vendor, in seconds: longer than a claim holds and than a call may take.
const SLOWEST: u64 = 90;

/// Longest time that a connection's credentials are refused, in seconds.
const LONGEST_DENIAL: u64 = 900;

/// How much rarer than other faults it is that credentials are refused.
const DENIALS: u64 = 6;

/// Components as one host sees them.
pub(crate) struct Components {
    power: Arc<Power>,
    plugins: BTreeMap<String, Arc<Plugin>>,
}

impl Components {
    pub(crate) fn new(power: Arc<Power>) -> Arc<Self> {
        let plugins = plugins().into_iter();
        Arc::new(Self {
            power,
            plugins: plugins
                .map(|plugin| (plugin.name().to_owned(), Arc::new(plugin)))
                .collect(),
        })
    }

    /// It takes its time; fails if that is more than it may.
    async fn take_time(&self, limit: Duration) -> Result<(), GuestError> {
        let sim = &self.power.sim;
        if sim.strikes(sim.profile.slow) {
            let delay = sim.seconds(SLOWEST);
            let deadline = sim.now().plus(delay.min(limit));
            sim.clock.sleep_until(deadline).await;
            if delay > limit {
                return Err(GuestError::Limit {
                    limit: CALL_TIME,
                    message: "it took too long".into(),
                });
            }
        }
        Ok(())
    }

    fn component_works(&self) -> Result<(), GuestError> {
        let sim = &self.power.sim;
        if sim.strikes(sim.profile.component) {
            return Err(match sim.below(3) {
                0 => GuestError::Trap("unreachable executed".into()),
                1 => GuestError::Unavailable(Digest::of(b"?"), "not compiled yet".into()),
                _ => GuestError::Busy("no instance is free".into()),
            });
        }
        Ok(())
    }

    /// A call reaches the vendor, has its effect or not, and is answered or not.
    async fn exchange(
        &self,
        connection: &str,
        context: &CallContext,
        function: &str,
        about: &str,
    ) -> Result<Value, GuestError> {
        let sim = &self.power.sim;
        if sim.strikes(sim.profile.vendor * DENIALS) {
            let until = sim.now().plus(sim.seconds(LONGEST_DENIAL));
            sim.vendor.deny(connection, until);
        }
        if sim.vendor.denies(connection, sim.now()) {
            return Ok(
                json!({"err": CapabilityError::Denied(Detail::new("the token is not accepted"))}),
            );
        }
        if function == BLIND && context.previous_unknown && sim.vendor.cannot_tell(&context.key) {
            let detail = Detail::new("it may have been sent before");
            return Ok(json!({"err": CapabilityError::Uncertain(detail)}));
        }
        self.component_works()?;
        self.take_time(context.timeout).await?;
        if sim.strikes(sim.profile.vendor) {
            return Ok(json!({"err": any_error(sim)}));
        }
        let answer = sim.vendor.commit(sim, &context.key, function, about);
        self.take_time(context.timeout).await?;
        self.component_works()?;
        if sim.strikes(sim.profile.vendor) {
            return Ok(json!({"err": any_error(sim)}));
        }
        Ok(answer)
    }
}

#[async_trait]
impl Guests for Components {
    fn current(&self, name: &str) -> Option<Arc<Plugin>> {
        self.plugins.get(name).cloned()
    }

    fn plugin(&self, digest: &Digest) -> Option<Arc<Plugin>> {
        let mut plugins = self.plugins.values();
        plugins.find(|plugin| plugin.digest == *digest).cloned()
    }

    async fn handle(
        &self,
        activation: Activation,
        broker: Arc<dyn Broker>,
    ) -> Result<Result<Step, CapabilityError>, GuestError> {
        self.power.turn().await;
        self.component_works()?;
        self.take_time(Duration::MAX).await?;
        let flow = activation.flow.clone();
        let answer = handlers::handle(&flow, activation, broker).await;
        self.take_time(Duration::MAX).await?;
        self.power.turn().await;
        answer
    }

    async fn admit(
        &self,
        _handler: &Digest,
        _config: &str,
        _connections: &[(String, ConnectionName)],
        delivery: &DeliveryContent,
    ) -> Result<Admission, GuestError> {
        self.power.turn().await;
        self.component_works()?;
        let about = match delivery {
            DeliveryContent::Event(incoming) if incoming.event.kind == "asset.created" => {
                incoming.event.entity.id.clone()
            }
            DeliveryContent::Request(input) => {
                let input: Value = serde_json::from_str(input).unwrap();
                input["asset"].as_str().unwrap().to_owned()
            }
            other => {
                return Ok(Admission::Ignore(format!(
                    "{} starts nothing",
                    other.label()
                )));
            }
        };
        Ok(Admission::Start(Start {
            business_key: about.clone(),
            subject: asset(&about),
            title: about,
            labels: Vec::new(),
        }))
    }

    async fn check_flow(
        &self,
        _handler: &Digest,
        _config: &str,
        _probe: bool,
        _broker: Arc<dyn Broker>,
    ) -> Result<Vec<Finding>, GuestError> {
        Ok(Vec::new())
    }

    async fn migrate(
        &self,
        _handler: &Digest,
        state: &str,
        _from_version: u32,
    ) -> Result<Result<String, String>, GuestError> {
        Ok(Ok(state.to_owned()))
    }

    async fn call(
        &self,
        _connector: &Digest,
        connection: &ConnectionSpec,
        context: CallContext,
        function: &FunctionName,
        arguments: &[Value],
    ) -> Result<Value, GuestError> {
        self.power.turn().await;
        let name = function.function.as_str();
        let about = arguments[0].as_str().unwrap();
        let sim = &self.power.sim;
        let attempt = context.attempt;
        sim.trace(format_args!(
            "{} calls {name} {about}, attempt {attempt}",
            self.power.name
        ));
        let answer = self
            .exchange(connection.name.as_str(), &context, name, about)
            .await;
        self.power.turn().await;
        sim.trace(format_args!(
            "{} hears of {name} {about}: {answer:?}",
            self.power.name
        ));
        answer
    }

    async fn check_connection(
        &self,
        _connector: &Digest,
        connection: &ConnectionSpec,
        _context: CallContext,
    ) -> ConnectorResult<Vec<Finding>> {
        self.power.turn().await;
        let sim = &self.power.sim;
        if sim.vendor.denies(connection.name.as_str(), sim.now()) {
            return Ok(Err(CapabilityError::Denied(Detail::new("still refused"))));
        }
        Ok(Ok(Vec::new()))
    }

    async fn changes(
        &self,
        _connector: &Digest,
        connection: &ConnectionSpec,
        _context: CallContext,
        cursor: Option<&str>,
        _options: ChangeOptions,
    ) -> ConnectorResult<ChangePage> {
        self.power.turn().await;
        let sim = &self.power.sim;
        self.component_works()?;
        if sim.strikes(sim.profile.vendor) {
            return Ok(Err(any_error(sim)));
        }
        let from = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let (events, next, more) = sim.vendor.changes(connection.name.as_str(), from, 3);
        self.power.turn().await;
        Ok(Ok(ChangePage {
            events,
            cursor: next.to_string(),
            more,
            next_poll_seconds: None,
        }))
    }

    async fn webhook(
        &self,
        _connector: &Digest,
        _connection: &ConnectionSpec,
        _context: CallContext,
        request: &WebhookRequest,
    ) -> ConnectorResult<Vec<Event>> {
        self.power.turn().await;
        let sim = &self.power.sim;
        self.component_works()?;
        if sim.strikes(sim.profile.vendor) {
            return Ok(Err(any_error(sim)));
        }
        Ok(Ok(serde_json::from_slice(&request.body).unwrap()))
    }

    async fn arm(
        &self,
        _connector: &Digest,
        _connection: &ConnectionSpec,
        _context: CallContext,
        _base_url: &str,
    ) -> ConnectorResult<Vec<Finding>> {
        Ok(Ok(Vec::new()))
    }
}

/// Lets every delivery in.
pub(crate) struct OpenGate;

impl Gate for OpenGate {
    fn verify(
        &self,
        _connection: &ConnectionName,
        _endpoint: &str,
        headers: &[HeaderField],
        body: &[u8],
    ) -> Result<Genuine, Refusal> {
        Ok(Genuine {
            headers: headers.to_vec(),
            body: body.to_vec(),
        })
    }
}
