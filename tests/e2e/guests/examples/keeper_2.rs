//! The second version: it also keeps the name of what it was last told, and cannot take over a run
//! that was told as much as five times.

use e2e_guests::{Config, admit, closes, description, wait};
use forebay_sdk::handler::Connections;
use forebay_sdk::{Admission, Cx, Delivery, Error, Finding, Handler, HandlerDescription, Step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct State {
    number: u32,
    last: Option<String>,
}

#[derive(Deserialize)]
struct First {
    told: u32,
}

struct Keeper;

impl Handler for Keeper {
    type Config = Config;
    type State = State;
    const STATE_VERSION: u32 = 2;

    fn describe() -> HandlerDescription {
        description("2.0.0")
    }

    fn check(_: &Cx, _: &Config, _: bool) -> Vec<Finding> {
        Vec::new()
    }

    fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
        admit(config, connections, delivery)
    }

    fn handle(
        cx: &Cx,
        _: &Config,
        state: Option<State>,
        delivery: Delivery,
    ) -> Result<Step<State>, Error> {
        let number = state.map_or(0, |state| state.number + 1);
        let last = match &delivery {
            Delivery::Signal(signal) => Some(signal.name.clone()),
            _ => None,
        };
        let state = State { number, last };
        if closes(&delivery) {
            return Ok(Step::complete(
                state,
                "closed",
                format!("told {number} times"),
            ));
        }
        Ok(wait(cx, state))
    }

    fn migrate(state: serde_json::Value, from_version: u32) -> Result<State, String> {
        if from_version != 1 {
            return Err(format!("version {from_version} is unknown"));
        }
        let First { told } = serde_json::from_value(state).map_err(|error| error.to_string())?;
        if told >= 5 {
            return Err("it was told too much".to_owned());
        }
        Ok(State {
            number: told,
            last: None,
        })
    }
}

forebay_sdk::export_handler!(Keeper);
