//! A broker without an engine: each call goes to the one connector.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use async_trait::async_trait;
use forebay_egress::{Body, Error, Outbound, Timeouts};
use forebay_model::capability::CapabilityError;
use forebay_model::flow::{ConnectionSpec, Mode};
use forebay_model::ports::{Broker, Calendar, CallContext, CapabilityCall, Guests as _, Interrupt};
use forebay_model::{ConnectionName, Digest, FunctionName, InterfaceName, Timestamp};
use forebay_sandbox::Registry;
use serde_json::{Value, json};

/// Calls the connector and nothing else.
pub(super) struct Direct {
    registry: Registry,
    connector: Digest,
    spec: Arc<ConnectionSpec>,
    get: FunctionName,
}

impl Direct {
    pub(super) fn new(registry: Registry, connector: Digest, spec: Arc<ConnectionSpec>) -> Self {
        let get = InterfaceName::new("forebay:assets/asset-source").function("get");
        Self {
            registry,
            connector,
            spec,
            get,
        }
    }

    /// One read, as the engine asks for it.
    pub(super) async fn read(&self) -> anyhow::Result<()> {
        let answer = self.reach(&self.get, &[json!("local-1")]).await;
        match answer {
            Ok(answer) if answer.get("ok").is_some() => Ok(()),
            other => Err(anyhow!("the read failed: {other:?}")),
        }
    }

    async fn reach(
        &self,
        function: &FunctionName,
        arguments: &[Value],
    ) -> Result<Value, Interrupt> {
        let context = CallContext {
            key: "run/1/1".to_owned(),
            attempt: 1,
            previous_unknown: false,
            timeout: Duration::from_secs(60),
            run: Some("run".into()),
        };
        let answer = self
            .registry
            .call(&self.connector, &self.spec, context, function, arguments);
        answer.await.map_err(|_| Interrupt)
    }
}

#[async_trait]
impl Broker for Direct {
    async fn call(&self, call: CapabilityCall) -> Result<Value, Interrupt> {
        self.reach(&call.function, &call.arguments).await
    }

    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000)
    }

    fn seed(&self) -> u64 {
        7
    }

    fn random_id(&self) -> String {
        "id".to_owned()
    }

    fn mode(&self) -> Mode {
        Mode::Enforce
    }

    fn available(&self, _: &str, _: &str) -> bool {
        true
    }

    async fn spawn(
        &self,
        _: String,
        _: String,
        _: String,
    ) -> Result<Result<String, CapabilityError>, Interrupt> {
        Err(Interrupt)
    }

    async fn signal(
        &self,
        _: String,
        _: String,
        _: String,
    ) -> Result<Result<(), CapabilityError>, Interrupt> {
        Err(Interrupt)
    }

    fn decision(&self, _: Value) {}

    fn business_time(&self, _: &Calendar, start: Timestamp, _: u32) -> Result<Timestamp, String> {
        Ok(start)
    }

    fn end_of_day(&self, _: &str, _: &str) -> Result<Timestamp, String> {
        Ok(Timestamp(0))
    }

    fn local_date(&self, _: &str, _: Timestamp) -> Result<String, String> {
        Ok("1970-01-01".to_owned())
    }

    fn notify(&self, _: String, _: String) {}

    fn progress(&self, _: u64, _: u64) {}
}

/// The way out of connectors that are not meant to go anywhere.
pub(super) struct Nowhere;

#[async_trait]
impl Outbound for Nowhere {
    async fn send(
        &self,
        _: &ConnectionName,
        _: http::Request<Body>,
        _: Timeouts,
    ) -> Result<http::Response<Body>, Error> {
        Err(Error::Invalid {
            message: "there is no way out here".to_owned(),
        })
    }
}
