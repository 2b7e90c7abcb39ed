//! The handler `localization`: a master becomes reviewed regional versions, stored back with tags and
//! with their relation to the master.
//!
//! A run is one of two things. A *campaign* is one master: it resolves the regions, starts a run for
//! each, decides when they are released, and keeps the summary on the master. A *region* is one
//! version of the master for one region: adaptation, review, rights, release.
//!
//! Read [`flow`] for what happens on each delivery to either, [`steps`] for how it is done, [`state`]
//! for what a run remembers. Nothing here names a vendor.

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
pub struct Localization;

impl Handler for Localization {
    type Config = Config;
    type State = State;
    const STATE_VERSION: u32 = 1;

    fn describe() -> HandlerDescription {
        HandlerDescription::new(
            "localization",
            env!("CARGO_PKG_VERSION"),
            "Turns a master into reviewed regional versions and keeps them in step with it.",
        )
        .role(
            Role::new(
                DAM,
                "the DAM that holds the masters and their regional versions",
            )
            .requires(&[interfaces::ASSET_SOURCE])
            .uses(&[
                interfaces::FIELDS,
                interfaces::COLLECTIONS,
                interfaces::RELATIONS,
            ])
            .events(&[
                "asset.created",
                "asset.updated",
                "asset.version-current",
                "collection.added",
            ]),
        )
        .role(
            Role::new(WORKFLOW, "the workflow engine in which people are asked")
                .requires(&[interfaces::WORKFLOW_SINK, interfaces::TASKS])
                .uses(&[interfaces::DIRECTORY]),
        )
        .outcomes(&[
            "localized",
            "not-needed",
            "nothing-to-do",
            "withdrawn",
            "approved",
            "rights-refused",
            "superseded",
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

forebay_sdk::export_handler!(Localization);
