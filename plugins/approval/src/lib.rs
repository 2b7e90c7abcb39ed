//! The handler `approval`: nothing reaches consumers before the right people have agreed.
//!
//! A run is about one asset. It protects the asset, waits until it can be reviewed, starts a review
//! process in the workflow engine, follows it, and writes the result back. A newer version restarts
//! it, a deletion cancels it.
//!
//! Read [`flow`] for what happens on each delivery, [`steps`] for how each step is done, [`state`] for
//! what a run remembers, [`config`] for what can be set, [`findings`] for what is checked beforehand.
//! Nothing here names a vendor.

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
pub use state::{Run, State};

use crate::steps::Steps;

/// Role of the DAM.
const DAM: &str = "dam";
/// Role of the workflow engine.
const WORKFLOW: &str = "workflow";

/// The handler.
pub struct Approval;

impl Handler for Approval {
    type Config = Config;
    type State = Run;
    const STATE_VERSION: u32 = 1;

    fn describe() -> HandlerDescription {
        HandlerDescription::new(
            "approval",
            env!("CARGO_PKG_VERSION"),
            "Reviews new assets and new versions in stages and releases what is approved.",
        )
        .role(
            Role::new(DAM, "the DAM whose assets are reviewed")
                .requires(&[interfaces::ASSET_SOURCE])
                .uses(&[
                    interfaces::FIELDS,
                    interfaces::VERSIONS,
                    interfaces::APPROVALS,
                    interfaces::ACCESS,
                    interfaces::COLLECTIONS,
                    interfaces::COMMENTS,
                ])
                .events(&[
                    "asset.created",
                    "asset.version-current",
                    "collection.added",
                    "action.invoked",
                ]),
        )
        .role(
            Role::new(WORKFLOW, "the workflow engine in which people decide")
                .requires(&[interfaces::WORKFLOW_SINK, interfaces::TASKS])
                .uses(&[interfaces::DIRECTORY]),
        )
        .outcomes(&["approved", "rejected", "observed", "gathered", "reviewed"])
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
        state: Option<Run>,
        delivery: Delivery,
    ) -> Result<Step<Run>, Error> {
        flow::run(&Steps { cx, config }, state, &delivery)
    }
}

forebay_sdk::export_handler!(Approval);
