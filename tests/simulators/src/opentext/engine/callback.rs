//! The optional HTTP task of a process model, which calls back.
//!
//! The vendor offers no webhooks. What a process sends is what its model's author put into an HTTP
//! task; this one sends what the models in `examples/opentext` send. A process that somebody ends
//! runs no further task and therefore calls nobody.

use serde_json::{Value, json};

use super::Engine;
use super::model::Process;
use crate::common::{Courier, Delivery};

/// How often the engine tries a failing HTTP task: Flowable's default for a failing job.
const ATTEMPTS: u32 = 3;

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
        send(&self.courier, callback.clone(), event, body, ATTEMPTS);
    }
}

fn send(courier: &Courier, callback: Callback, event: &'static str, body: Value, attempts: u32) {
    let mut delivery = Delivery::new(event, callback.url.as_str(), body.clone());
    delivery
        .headers
        .push((callback.header.clone(), callback.secret.clone()));
    let again = courier.clone();
    delivery.report = Some(Box::new(move |outcome| {
        let accepted = outcome
            .as_ref()
            .is_ok_and(|status| (200..300).contains(status));
        if !accepted && attempts > 1 {
            send(&again, callback, event, body, attempts - 1);
        }
    }));
    courier.send(delivery);
}
