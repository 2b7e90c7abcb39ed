//! The handler `lifecycle`: assets leave use when their time is over, by policy, with notice, and
//! provably.
//!
//! Read [`flow`] for what happens on each delivery, [`config`] and [`config::policy`] for what is
//! configured, [`steps`] for how a step is done, [`state`] for what a run remembers, [`findings`] for
//! what is checked before. Nothing here names a vendor.

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
pub struct LifecycleHandler;

impl Handler for LifecycleHandler {
    type Config = Config;
    type State = State;
    const STATE_VERSION: u32 = 1;

    fn describe() -> HandlerDescription {
        HandlerDescription::new(
            "lifecycle",
            env!("CARGO_PKG_VERSION"),
            "Reviews, archives, extends, expires and deletes assets by policy.",
        )
        .role(
            Role::new(DAM, "the DAM whose assets are looked after")
                .requires(&[interfaces::ASSET_SOURCE])
                .uses(&[
                    interfaces::FIELDS,
                    interfaces::COLLECTIONS,
                    interfaces::LIFECYCLE,
                    interfaces::ACCESS,
                    interfaces::SHARING,
                    interfaces::RELATIONS,
                    interfaces::USAGE,
                ])
                .events(&["asset.updated", "action.invoked"]),
        )
        .role(
            Role::new(WORKFLOW, "the workflow engine in which people decide")
                .requires(&[interfaces::WORKFLOW_SINK, interfaces::TASKS])
                .uses(&[interfaces::DIRECTORY]),
        )
        .outcomes(&[
            "archived",
            "extended",
            "evergreen",
            "kept",
            "expired",
            "deleted",
            "held",
            "restored",
            "completed",
            "completed-with-errors",
            "superseded",
            "nothing-due",
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

forebay_sdk::export_handler!(LifecycleHandler);
