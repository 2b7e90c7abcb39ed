//! The handler `asset-request`: somebody asks for assets, a team finds or makes them, the requester
//! gets one link, and everything is followed to its end.
//!
//! A run is one request, begun by a form in the workflow engine, over REST, or by a custom action of
//! the DAM. It is divided into lines, each with a stage of its own. Read [`flow`] for what happens on
//! each delivery, [`steps`] for how it is done, [`state`] for what a run remembers. Nothing here names
//! a vendor.

mod config;
mod findings;
mod flow;
mod state;
mod steps;

#[cfg(test)]
mod tests;

use forebay_sdk::handler::{Connections, interfaces};
use forebay_sdk::{
    Admission, Cx, Delivery, Error, Finding, Handler, HandlerDescription, Role, Step,
};

pub use config::Config;
pub use state::State;

/// Role of the DAM.
const DAM: &str = "dam";
/// Role of the workflow engine.
const WORKFLOW: &str = "workflow";

/// The handler.
pub struct AssetRequest;

impl Handler for AssetRequest {
    type Config = Config;
    type State = State;
    const STATE_VERSION: u32 = 1;

    fn describe() -> HandlerDescription {
        HandlerDescription::new(
            "asset-request",
            env!("CARGO_PKG_VERSION"),
            "Works off requests for assets: found or made, checked, delivered in one link, accepted.",
        )
        .role(
            Role::new(DAM, "the DAM in which assets are found and delivered")
                .requires(&[interfaces::ASSET_SOURCE, interfaces::SHARING])
                .uses(&[
                    interfaces::FIELDS,
                    interfaces::COLLECTIONS,
                    interfaces::LIFECYCLE,
                    interfaces::PLACEHOLDERS,
                ])
                .events(&["action.invoked"]),
        )
        .role(
            Role::new(WORKFLOW, "the workflow engine in which people ask and answer")
                .requires(&[interfaces::WORKFLOW_SINK, interfaces::TASKS])
                .uses(&[interfaces::DIRECTORY])
                .events(&["process.started"]),
        )
        .outcomes(&[
            "fulfilled",
            "partly_fulfilled",
            "declined",
            "withdrawn",
            "observed",
        ])
    }

    fn check(cx: &Cx, config: &Config, probe: bool) -> Vec<Finding> {
        findings::check(cx, config, probe)
    }

    fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
        flow::admit(config, connections, delivery)
    }

    fn handle(
        cx: &Cx,
        config: &Config,
        state: Option<State>,
        delivery: Delivery,
    ) -> Result<Step<State>, Error> {
        flow::run(&steps::Steps { cx, config }, state, &delivery)
    }
}

forebay_sdk::export_handler!(AssetRequest);
