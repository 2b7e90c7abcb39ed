//! The port the engine calls guests through, over the registry's components.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_model::capability::Finding;
use forebay_model::event::{DeliveryContent, Event};
use forebay_model::flow::ConnectionSpec;
use forebay_model::plugin::Plugin;
use forebay_model::ports::{
    Activation, Broker, CALL_TIME, CallContext, ChangeOptions, ChangePage, ConnectorResult,
    GuestError, Guests, WebhookRequest,
};
use forebay_model::step::{Admission, Step};
use forebay_model::{CapabilityError, ConnectionName, Digest, FunctionName, InterfaceName};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::call::{Bound, Call, Purpose, Runs, World};
use crate::host::{ConnectorSide, HostSide};
use crate::http::Route;
use crate::interface::{CONNECTOR, EVENT_SOURCE, HANDLER};
use crate::loaded::Loaded;
use crate::output::Tags;
use crate::registry::Registry;

/// Why a handler's HTTP request is refused.
const HANDLER_HTTP: &str =
    "a handler reaches the world through connectors: import a capability and call that";

#[async_trait]
impl Guests for Registry {
    fn current(&self, name: &str) -> Option<Arc<Plugin>> {
        self.inner.catalog().current(name)
    }

    fn plugin(&self, digest: &Digest) -> Option<Arc<Plugin>> {
        self.inner.catalog().known(digest)
    }

    async fn component(&self, digest: &Digest) -> Result<Vec<u8>, GuestError> {
        self.inner.bytes(digest)
    }

    async fn let_go(&self, needed: &[Digest], unused_for: Duration) -> Vec<Arc<Plugin>> {
        self.inner.let_go(needed, unused_for).await
    }

    async fn handle(
        &self,
        activation: Activation,
        broker: Arc<dyn Broker>,
    ) -> Result<Result<Step, CapabilityError>, GuestError> {
        let loaded = self.inner.ensure(&activation.handler).await?;
        let run = json!({
            "run": activation.run,
            "flow": activation.flow,
            "business-key": activation.business_key,
            "connections": activation.connections,
            "state-version": activation.state_version,
            "activation": activation.activation,
        });
        let arguments = vec![
            run,
            activation.config.into(),
            activation.state.into(),
            json(&activation.delivery)?,
        ];
        let limits = self.limits();
        let call = Call {
            purpose: Purpose::Work,
            runs: Runs::WithCaller,
            function: handler_function("handle"),
            arguments,
            world: World::Inert {
                now: broker.now(),
                seed: broker.seed(),
            },
            host: HostSide::Handler(broker),
            route: Route::Denied(HANDLER_HTTP),
            tags: Tags {
                plugin: loaded.label.clone(),
                run: activation.run.to_string(),
                ..Tags::default()
            },
            cpu: Bound {
                key: "limits.cpu_handle",
                most: limits.cpu_handle,
            },
            wall: Bound {
                key: "limits.wall_handle",
                most: limits.wall_handle,
            },
            loaded,
        };
        outcome(self.inner.caller.call(call).await?)
    }

    async fn admit(
        &self,
        handler: &Digest,
        config: &str,
        connections: &[(String, ConnectionName)],
        delivery: &DeliveryContent,
    ) -> Result<Admission, GuestError> {
        let loaded = self.inner.ensure(handler).await?;
        let arguments = vec![config.into(), json(&connections)?, json(delivery)?];
        let answer = self.pure(loaded, "admit", arguments).await?;
        read(answer)
    }

    async fn check_flow(
        &self,
        handler: &Digest,
        config: &str,
        probe: bool,
        broker: Arc<dyn Broker>,
    ) -> Result<Vec<Finding>, GuestError> {
        let loaded = self.inner.ensure(handler).await?;
        let limits = self.limits();
        let call = Call {
            purpose: Purpose::Work,
            runs: Runs::Apart,
            function: handler_function("check"),
            arguments: vec![config.into(), probe.into()],
            world: World::Inert {
                now: broker.now(),
                seed: broker.seed(),
            },
            host: HostSide::Handler(broker),
            route: Route::Denied(HANDLER_HTTP),
            tags: Tags {
                plugin: loaded.label.clone(),
                ..Tags::default()
            },
            cpu: Bound {
                key: "limits.cpu_handle",
                most: limits.cpu_handle,
            },
            wall: Bound {
                key: "limits.wall_handle",
                most: limits.wall_handle,
            },
            loaded,
        };
        read(self.inner.caller.call(call).await?)
    }

    async fn migrate(
        &self,
        handler: &Digest,
        state: &str,
        from_version: u32,
    ) -> Result<Result<String, String>, GuestError> {
        let loaded = self.inner.ensure(handler).await?;
        let arguments = vec![state.into(), from_version.into()];
        outcome(self.pure(loaded, "migrate", arguments).await?)
    }

    async fn call(
        &self,
        connector: &Digest,
        connection: &ConnectionSpec,
        context: CallContext,
        function: &FunctionName,
        arguments: &[Value],
    ) -> Result<Value, GuestError> {
        let runs = Runs::WithCaller;
        self.reach(
            connector,
            connection,
            context,
            function,
            arguments.to_vec(),
            runs,
        )
        .await
    }

    async fn check_connection(
        &self,
        connector: &Digest,
        connection: &ConnectionSpec,
        context: CallContext,
    ) -> ConnectorResult<Vec<Finding>> {
        let function = InterfaceName::new(CONNECTOR).function("check");
        self.ask(connector, connection, context, &function, Vec::new())
            .await
    }

    async fn changes(
        &self,
        connector: &Digest,
        connection: &ConnectionSpec,
        context: CallContext,
        cursor: Option<&str>,
        options: ChangeOptions,
    ) -> ConnectorResult<ChangePage> {
        let function = InterfaceName::new(EVENT_SOURCE).function("changes");
        let arguments = vec![cursor.into(), json(&options)?];
        self.ask(connector, connection, context, &function, arguments)
            .await
    }

    async fn webhook(
        &self,
        connector: &Digest,
        connection: &ConnectionSpec,
        context: CallContext,
        request: &WebhookRequest,
    ) -> ConnectorResult<Vec<Event>> {
        let function = InterfaceName::new(EVENT_SOURCE).function("webhook");
        let arguments = vec![json(request)?];
        self.ask(connector, connection, context, &function, arguments)
            .await
    }

    async fn arm(
        &self,
        connector: &Digest,
        connection: &ConnectionSpec,
        context: CallContext,
        base_url: &str,
    ) -> ConnectorResult<Vec<Finding>> {
        let function = InterfaceName::new(EVENT_SOURCE).function("arm");
        let arguments = vec![base_url.into()];
        self.ask(connector, connection, context, &function, arguments)
            .await
    }
}

impl Registry {
    /// Call a function that connectors have for the host, beside whatever else it asks for.
    async fn ask<T: DeserializeOwned>(
        &self,
        connector: &Digest,
        connection: &ConnectionSpec,
        context: CallContext,
        function: &FunctionName,
        arguments: Vec<Value>,
    ) -> ConnectorResult<T> {
        let runs = Runs::Apart;
        let answer = self
            .reach(connector, connection, context, function, arguments, runs)
            .await?;
        outcome(answer)
    }

    /// Call a function of a connector.
    async fn reach(
        &self,
        connector: &Digest,
        connection: &ConnectionSpec,
        context: CallContext,
        function: &FunctionName,
        arguments: Vec<Value>,
        runs: Runs,
    ) -> Result<Value, GuestError> {
        let loaded = self.inner.ensure(connector).await?;
        let limits = self.limits();
        let clock = Arc::clone(&self.inner.caller.clock);
        let wall = Bound {
            key: CALL_TIME,
            most: limits
                .wall_call
                .min(context.timeout)
                .max(Duration::from_millis(1)),
        };
        let outbound = Arc::clone(&self.inner.caller.outbound);
        let call = Call {
            purpose: Purpose::Work,
            runs,
            function: function.clone(),
            arguments,
            world: World::Real,
            route: Route::Connection(outbound, connection.name.clone()),
            tags: Tags {
                plugin: loaded.label.clone(),
                connection: connection.name.to_string(),
                run: context
                    .run
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            },
            host: HostSide::Connector(Box::new(ConnectorSide {
                connection: connection.name.to_string(),
                settings: connection.settings.to_string(),
                deadline: clock.now().plus(wall.most),
                context,
                clock,
            })),
            cpu: Bound {
                key: "limits.cpu_call",
                most: limits.cpu_call,
            },
            wall,
            loaded,
        };
        self.inner.caller.call(call).await
    }

    /// A function that answers from its arguments alone. Its random numbers follow from them too.
    async fn pure(
        &self,
        loaded: Arc<Loaded>,
        function: &'static str,
        arguments: Vec<Value>,
    ) -> Result<Value, GuestError> {
        let limits = self.limits();
        let now = self.inner.caller.clock.now();
        let call = Call {
            purpose: Purpose::Question,
            runs: Runs::Apart,
            function: handler_function(function),
            world: World::Inert {
                now,
                seed: seed_of(&arguments),
            },
            arguments,
            host: HostSide::Pure { function, now },
            route: Route::Denied(HANDLER_HTTP),
            tags: Tags {
                plugin: loaded.label.clone(),
                ..Tags::default()
            },
            cpu: Bound {
                key: "limits.cpu_admit",
                most: limits.cpu_admit,
            },
            wall: Bound {
                key: "limits.wall_admit",
                most: limits.wall_admit,
            },
            loaded,
        };
        self.inner.caller.call(call).await
    }
}

fn handler_function(name: &str) -> FunctionName {
    InterfaceName::new(HANDLER).function(name)
}

fn seed_of(arguments: &[Value]) -> u64 {
    let mut hash = sha2::Sha256::new();
    for argument in arguments {
        hash.update(argument.to_string());
    }
    let digest: [u8; 32] = hash.finalize().into();
    digest
        .iter()
        .take(8)
        .fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}

fn json<T: Serialize>(value: &T) -> Result<Value, GuestError> {
    serde_json::to_value(value).map_err(|error| GuestError::Type(error.to_string()))
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T, GuestError> {
    serde_json::from_value(answer).map_err(|error| {
        GuestError::Type(format!("the answer is not as the contract says: {error}"))
    })
}

/// `{"ok": …}` or `{"err": …}`, as `Result` itself reads it apart from the case of its names.
fn outcome<T, E>(answer: Value) -> Result<Result<T, E>, GuestError>
where
    T: DeserializeOwned,
    E: DeserializeOwned,
{
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Outcome<T, E> {
        Ok(T),
        Err(E),
    }
    Ok(match read(answer)? {
        Outcome::Ok(value) => Ok(value),
        Outcome::Err(error) => Err(error),
    })
}
