//! A broker that a test scripts, and an activation for it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use forebay_model::event::DeliveryContent;
use forebay_model::flow::Mode;
use forebay_model::ports::{Activation, Broker, Calendar, CapabilityCall, Interrupt};
use forebay_model::{CapabilityError, Digest, Timestamp};
use serde_json::Value;

use super::NOW;

/// What the broker does with a call.
pub(crate) enum Script {
    /// Answer with this.
    Answer(Value),
    /// Answer with the blank value, as observe mode does.
    Blank,
    /// End the activation.
    Interrupt,
    /// Never answer.
    Hang,
    /// Fail inside the host.
    Panic,
}

pub(crate) struct Scripted {
    script: Script,
    /// Calls that came.
    pub(crate) calls: Mutex<Vec<CapabilityCall>>,
}

impl Scripted {
    pub(crate) fn new(script: Script) -> Arc<Self> {
        Arc::new(Self {
            script,
            calls: Mutex::default(),
        })
    }
}

#[async_trait]
impl Broker for Scripted {
    async fn call(&self, call: CapabilityCall) -> Result<Value, Interrupt> {
        let blank = call.blank.clone();
        self.calls.lock().unwrap().push(call);
        match &self.script {
            Script::Answer(value) => Ok(value.clone()),
            Script::Blank => Ok(blank),
            Script::Interrupt => Err(Interrupt),
            Script::Hang => std::future::pending().await,
            Script::Panic => panic!("the broker is broken"),
        }
    }

    fn now(&self) -> Timestamp {
        NOW
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
        Ok(Ok("r-child".to_owned()))
    }

    async fn signal(
        &self,
        _: String,
        _: String,
        _: String,
    ) -> Result<Result<(), CapabilityError>, Interrupt> {
        Ok(Ok(()))
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

pub(crate) fn activation(handler: &Digest) -> Activation {
    Activation {
        handler: handler.clone(),
        run: "r-1".into(),
        flow: "greeting".to_owned(),
        business_key: "k".to_owned(),
        connections: vec![("greeter".to_owned(), "conn".into())],
        config: "{}".to_owned(),
        state_version: 1,
        state: None,
        activation: 1,
        delivery: DeliveryContent::Request("{}".to_owned()),
    }
}
