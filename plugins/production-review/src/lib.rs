//! The handler `production-review`: comments, task state and decisions are the same in the DAM and in
//! the workflow engine, and everyone sees which version is under review.
//!
//! A run is about one asset and lives from its first round to its approval or rejection. Read
//! [`course`] for what happens on each delivery, [`rounds`] for versions, rounds and decisions,
//! [`sync`] for comments. Nothing here names a vendor.

mod admit;
mod config;
mod course;
mod findings;
mod rounds;
mod state;
mod sync;

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
        admit::admit(config, connections, delivery)
    }

    fn handle(
        cx: &Cx,
        config: &Config,
        state: Option<State>,
        delivery: Delivery,
    ) -> Result<Step<State>, Error> {
        course::Course { cx, config }.run(state, &delivery)
    }
}

forebay_sdk::export_handler!(ProductionReview);
