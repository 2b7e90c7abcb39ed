//! The handler `case-management`: a case in the workflow engine and the media in the DAM act as one:
//! protection first, then people, with a full record.
//!
//! A run is one of two things. A *case* asks people, keeps both sides the same and alarms. Its
//! *guard* does what protects the assets, in a run of its own, so that neither an outage of the DAM
//! keeps the case from alarming nor one of the workflow engine keeps the assets from being protected.
//!
//! Read [`flow`] for what happens on each delivery, [`config`] for what is configured, [`steps`] for
//! how a step is done, [`state`] for what a run remembers, [`findings`] for what is checked before.
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
pub use state::State;

/// Role of the DAM.
const DAM: &str = "dam";
/// Role of the workflow engine.
const WORKFLOW: &str = "workflow";

/// The handler.
pub struct CaseManagement;

impl Handler for CaseManagement {
    type Config = Config;
    type State = State;
    const STATE_VERSION: u32 = 1;

    fn describe() -> HandlerDescription {
        HandlerDescription::new(
            "case-management",
            env!("CARGO_PKG_VERSION"),
            "Protects the media of a case at once and keeps it and the case the same on both sides.",
        )
        .role(
            Role::new(DAM, "the DAM whose media is concerned")
                .requires(&[interfaces::ASSET_SOURCE, interfaces::ACCESS])
                .uses(&[
                    interfaces::FIELDS,
                    interfaces::SHARING,
                    interfaces::COLLECTIONS,
                    interfaces::RELATIONS,
                    interfaces::VERSIONS,
                    interfaces::COMMENTS,
                ])
                .events(&["action.invoked"]),
        )
        .role(
            Role::new(WORKFLOW, "the workflow engine in which the case is worked on")
                .requires(&[interfaces::WORKFLOW_SINK, interfaces::TASKS])
                .uses(&[interfaces::DIRECTORY, interfaces::PROCESS_COMMENTS])
                .events(&["process.started"]),
        )
        .outcomes(&["upheld", "restored", "corrected", "guarded", "observed"])
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

forebay_sdk::export_handler!(CaseManagement);
