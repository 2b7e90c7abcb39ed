//! The handler `rights-review`: no asset stays in use after its rights end, and none is used for what
//! its rights do not cover.
//!
//! A run is one of three things. A *scan* walks through the assets whose rights end soon and starts
//! a review for each. A *look* reads one asset after an event and starts its review, if it needs one.
//! A *review* is about one asset and one of two questions:
//!
//! * [`flow/expiry.rs`](flow::expiry): its rights end; renew, replace, remove, let expire, or delete?
//! * [`flow/clearance.rs`](flow::clearance): somebody wants to use it; do its rights cover that?
//!
//! [`flow`] is the handler: what happens on each delivery, step by step. [`steps`] says how each step
//! is done, [`config`] what can be configured, [`state`] what a run remembers, [`findings`] what
//! preflight finds. Nothing here names a vendor.

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
pub struct RightsReview;

impl Handler for RightsReview {
    type Config = Config;
    type State = State;
    const STATE_VERSION: u32 = 1;

    fn describe() -> HandlerDescription {
        HandlerDescription::new(
            "rights-review",
            env!("CARGO_PKG_VERSION"),
            "Reviews rights before they end, and clears assets for the use somebody intends.",
        )
        .role(
            Role::new(DAM, "the DAM whose assets are looked after")
                .requires(&[interfaces::ASSET_SOURCE])
                .uses(&[
                    interfaces::FIELDS,
                    interfaces::COLLECTIONS,
                    interfaces::ACCESS,
                    interfaces::SHARING,
                    interfaces::LIFECYCLE,
                    interfaces::RELATIONS,
                    interfaces::USAGE,
                ])
                .events(&[
                    "asset.created",
                    "asset.updated",
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
        .outcomes(&[
            "renewed",
            "replaced",
            "removed",
            "expired",
            "deleted",
            "kept",
            "superseded",
            "cleared",
            "cleared_with_limits",
            "not_cleared",
            "scanned",
            "looked",
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

forebay_sdk::export_handler!(RightsReview);
