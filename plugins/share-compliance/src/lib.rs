//! The handler `share-compliance`: people outside get only what was approved for them, and it can be
//! proven.
//!
//! A run is one of three things. A *request* is about assets somebody wants to share: they are
//! checked, people decide, the flow makes the link, guards it and sees to its end. A *scan* looks for
//! shares nobody asked for, and starts a *case* for each. Nothing here names a vendor.
//!
//! [`flow`] is the handler: what happens on each delivery, step by step. Read
//! [`flow/request.rs`](flow::request) until there is a link, [`flow/link.rs`](flow::link) from then
//! on, [`flow/case.rs`](flow::case) for cases. [`steps`] says how each step is done, [`config`] what
//! can be configured, [`state`] what a run remembers, [`findings`] what preflight finds.

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
pub struct ShareCompliance;

impl Handler for ShareCompliance {
    type Config = Config;
    type State = State;
    const STATE_VERSION: u32 = 1;

    fn describe() -> HandlerDescription {
        HandlerDescription::new(
            "share-compliance",
            env!("CARGO_PKG_VERSION"),
            "Reviews assets before they are shared with outsiders, and finds shares nobody approved.",
        )
        .role(
            Role::new(DAM, "the DAM whose assets are shared")
                .requires(&[interfaces::ASSET_SOURCE, interfaces::SHARING])
                .uses(&[
                    interfaces::FIELDS,
                    interfaces::COLLECTIONS,
                    interfaces::VERSIONS,
                ])
                .events(&[
                    "asset.updated",
                    "asset.version-current",
                    "asset.deleted",
                    "collection.added",
                    "share.created",
                ]),
        )
        .role(
            Role::new(WORKFLOW, "the workflow engine in which people ask and decide")
                .requires(&[interfaces::WORKFLOW_SINK, interfaces::TASKS])
                .uses(&[interfaces::DIRECTORY])
                .events(&["process.started"]),
        )
        .outcomes(&[
            "shared",
            "refused",
            "recalled",
            "withdrawn",
            "released",
            "kept_restricted",
            "allowed",
            "alerted",
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

forebay_sdk::export_handler!(ShareCompliance);
