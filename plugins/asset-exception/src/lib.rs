//! The handler `asset-exception`: every defect becomes a task with issue, required form and deadline,
//! followed until it is mended.
//!
//! A run is one of three things. A *case* is one asset and what is wrong with it. A *group* gathers
//! the assets of a collection whose fields are missing in one task. A *line* is an asset that should
//! be there by a date and is not.
//!
//! Read [`flow`] for what happens on each delivery, [`steps`] for how it is done (there `check` for what
//! is checked and `condition` for how rules are written), [`state`] for what a run remembers. Nothing
//! here names a vendor.

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
pub struct AssetException;

impl Handler for AssetException {
    type Config = Config;
    type State = State;
    const STATE_VERSION: u32 = 1;

    fn describe() -> HandlerDescription {
        HandlerDescription::new(
            "asset-exception",
            env!("CARGO_PKG_VERSION"),
            "Follows assets that are missing, incorrect or incomplete until they are right.",
        )
        .role(
            Role::new(DAM, "the DAM whose assets are checked")
                .requires(&[interfaces::ASSET_SOURCE])
                .uses(&[
                    interfaces::FIELDS,
                    interfaces::ACCESS,
                    interfaces::RELATIONS,
                    interfaces::LIFECYCLE,
                ])
                .events(&["asset.created", "asset.updated", "asset.version-current"]),
        )
        .role(
            Role::new(WORKFLOW, "the workflow engine in which people are asked")
                .requires(&[interfaces::WORKFLOW_SINK, interfaces::TASKS])
                .uses(&[interfaces::DIRECTORY]),
        )
        .outcomes(&[
            "passed",
            "corrected",
            "completed",
            "waived",
            "not-an-issue",
            "grouped",
            "arrived",
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

forebay_sdk::export_handler!(AssetException);
