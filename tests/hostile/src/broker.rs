//! A broker that answers every call, and an activation for it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use forebay_model::event::DeliveryContent;
use forebay_model::flow::Mode;
use forebay_model::ports::{Activation, Broker, Calendar, CapabilityCall, Interrupt};
use forebay_model::{CapabilityError, Digest, Timestamp};
use serde_json::{Value, json};

/// Answers every call with the same words and keeps the calls.
#[derive(Default)]
pub struct Obliging {
    calls: Mutex<Vec<String>>,
}

impl Obliging {
    /// A new one.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Functions that were called.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

#[async_trait]
impl Broker for Obliging {
    async fn call(&self, call: CapabilityCall) -> Result<Value, Interrupt> {
        self.calls.lock().unwrap().push(call.function.to_string());
        Ok(json!({ "ok": "done" }))
    }

    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000)
    }

    fn seed(&self) -> u64 {
        7
    }

    fn random_id(&self) -> String {
        "id-7".to_owned()
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

/// A first activation with this configuration.
#[must_use]
pub fn activation(handler: &Digest, config: &str) -> Activation {
    Activation {
        handler: handler.clone(),
        run: "r-1".into(),
        flow: "mischief".to_owned(),
        business_key: "k".to_owned(),
        connections: Vec::new(),
        config: config.to_owned(),
        state_version: 1,
        state: None,
        activation: 1,
        delivery: DeliveryContent::Request("{}".to_owned()),
    }
}
