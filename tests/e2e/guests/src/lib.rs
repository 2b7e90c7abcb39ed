//! What both versions of the handler `keeper` have in common: a run is started by name, is told
//! things by signals, and ends when it is told to close.

use forebay_sdk::handler::Connections;
use forebay_sdk::{Admission, Cx, Delivery, Entity, HandlerDescription, Step, Timestamp, time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// There is nothing to configure but words that nobody reads.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Any words.
    #[serde(default)]
    pub words: String,
}

#[derive(Deserialize)]
struct Request {
    name: String,
}

/// Days that a run waits to be told something.
const PATIENCE: Timestamp = 30;

/// The handler's description in this version.
#[must_use]
pub fn description(version: &str) -> HandlerDescription {
    HandlerDescription::new("keeper", version, "Keeps what it is told.").outcomes(&["closed"])
}

/// A run for every name.
#[must_use]
pub fn admit(_: &Config, _: &Connections, delivery: &Delivery) -> Admission {
    match delivery.request::<Request>() {
        Ok(Request { name }) => {
            Admission::start(name.clone(), Entity::new("name", name.clone()), name)
        }
        Err(error) => Admission::refuse(error.message()),
    }
}

/// Is it told to close?
#[must_use]
pub fn closes(delivery: &Delivery) -> bool {
    matches!(delivery, Delivery::Signal(signal) if signal.name == "close")
}

/// Wait for the next thing it is told.
pub fn wait<S: Serialize>(cx: &Cx, state: S) -> Step<S> {
    let end = cx.now() + PATIENCE * time::DAY;
    Step::wait(state)
        .timer("forgotten", end)
        .waiting_on("somebody to tell something")
}
