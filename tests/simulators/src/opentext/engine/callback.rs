//! The optional HTTP task of a process model, which calls back.
//!
//! The vendor offers no webhooks. What a process sends is what its model's author put into an HTTP
//! task; this one sends what the models in `examples/opentext` send, once: they ignore a receiver
//! that fails, so that no process waits for it. A process that somebody ends
//! runs no further task and therefore calls nobody.

use serde_json::json;

use super::Engine;
use super::model::Process;
use crate::common::Delivery;

/// Where the processes of a definition call back.
#[derive(Clone, Debug)]
pub struct Callback {
    /// URL of the receiver.
    pub url: String,
    /// Header that carries the secret.
    pub header: String,
    /// The secret.
    pub secret: String,
}

impl Engine {
    /// Tell what happened, `task-completed` or `process-completed`, if the model calls back.
    pub(super) fn call_back(&self, process: &Process, event: &'static str) {
        let Some(callback) = self.callbacks.get(&process.definition) else {
            return;
        };
        let body = json!({
            "processInstanceId": process.id,
            "businessKey": process.business_key,
            "event": event,
        });
        let mut delivery = Delivery::new(event, callback.url.as_str(), body);
        delivery
            .headers
            .push((callback.header.clone(), callback.secret.clone()));
        self.courier.send(delivery);
    }
}
