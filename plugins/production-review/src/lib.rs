//! The handler `production-review`: comments, task state and decisions are the same in the DAM and in
//! the workflow engine, and everyone sees which version is under review.
//!
//! A run is about one asset and lives from its first round to its approval or rejection. Read [`flow`]
//! for what happens on each delivery, [`steps`] for how each step is done, [`state`] for what a run
//! remembers, [`config`] for what can be set, [`findings`] for what is checked beforehand. Nothing here
//! names a vendor.

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

use crate::steps::Steps;

/// Role of the DAM.
const DAM: &str = "dam";
/// Role of the workflow engine.
const WORKFLOW: &str = "workflow";

/// The handler.
pub struct ProductionReview;

impl Handler for ProductionReview {
    type Config = Config;
    type State = State;
    const STATE_VERSION: u32 = 1;

    fn describe() -> HandlerDescription {
        HandlerDescription::new(
            "production-review",
            env!("CARGO_PKG_VERSION"),
            "Holds rounds of review with the same comments and decisions on both sides.",
        )
        .role(
            Role::new(DAM, "the DAM whose assets are reviewed")
                .requires(&[interfaces::ASSET_SOURCE, interfaces::COMMENTS])
                .uses(&[
                    interfaces::FIELDS,
                    interfaces::VERSIONS,
                    interfaces::APPROVALS,
                ])
                .events(&["collection.added", "action.invoked"]),
        )
        .role(
            Role::new(WORKFLOW, "the workflow engine in which people decide")
                .requires(&[
                    interfaces::WORKFLOW_SINK,
                    interfaces::TASKS,
                    interfaces::PROCESS_COMMENTS,
                ])
                .uses(&[interfaces::DIRECTORY])
                .events(&["process.started"]),
        )
        .outcomes(&["approved", "rejected", "opened", "observed"])
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
        flow::run(&Steps { cx, config }, state, &delivery)
    }
}

forebay_sdk::export_handler!(ProductionReview);
