//! The first version: it counts what it is told.

use e2e_guests::{Config, admit, closes, description, wait};
use forebay_sdk::handler::Connections;
use forebay_sdk::{Admission, Cx, Delivery, Error, Finding, Handler, HandlerDescription, Step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct State {
    told: u32,
}

struct Keeper;

impl Handler for Keeper {
    type Config = Config;
    type State = State;
    const STATE_VERSION: u32 = 1;

    fn describe() -> HandlerDescription {
        description("1.0.0")
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
        let told = state.map_or(0, |state| state.told + 1);
        let state = State { told };
        if closes(&delivery) {
            return Ok(Step::complete(
                state,
                "closed",
                format!("told {told} times"),
            ));
        }
        Ok(wait(cx, state))
    }
}

forebay_sdk::export_handler!(Keeper);
