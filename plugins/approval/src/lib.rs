//! The handler `approval`: nothing reaches consumers before the right people have agreed.
//!
//! A run is about one asset. It protects the asset, waits until it can be reviewed, starts a review
//! process in the workflow engine, follows it, and writes the result back. A newer version restarts
//! it, a deletion cancels it.
//!
//! Read [`course`] for what happens on each delivery, [`enter`] for the way to a review, [`plan`] for
//! who is asked, [`watch`] for time, [`result`] for what a decision leads to, [`panel`] for votes in
//! the DAM, [`batch`] for assets that are reviewed together, [`writing`] for how the DAM is written,
//! [`people`] for users, groups and messages. Nothing here names a vendor.

mod admit;
mod batch;
mod config;
mod course;
mod enter;
mod findings;
mod panel;
mod people;
mod plan;
mod result;
mod state;
mod waiting;
mod watch;
mod writing;

#[cfg(test)]
mod tests;

use forebay_sdk::handler::{Connections, interfaces};
use forebay_sdk::{
    Admission, Cx, Delivery, Error, Finding, Handler, HandlerDescription, Role, Step,
};

pub use config::Config;
pub use state::{Run, State};

use crate::admit::{Request, request_of};
use crate::course::Course;

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
        admit::admit(config, connections, delivery)
    }

    fn handle(
        cx: &Cx,
        config: &Config,
        state: Option<Run>,
        delivery: Delivery,
    ) -> Result<Step<Run>, Error> {
        let course = Course::new(cx, config);
        let step = match state {
            None => match request_of(&delivery)? {
                Request::Asset(asset) => course.begin(asset, &delivery),
                Request::Join(join) => return course.begin_gathering(*join),
                Request::Batch(order) => return course.begin_batch(*order),
            },
            Some(Run::Gathering(gathering)) => return course.gathering(gathering, &delivery),
            Some(Run::Batch(batch)) => return course.batch(*batch, &delivery),
            Some(Run::Asset(state)) => course.go_on(*state, delivery),
        };
        Ok(step?.map(|state| Run::Asset(Box::new(state))))
    }
}

forebay_sdk::export_handler!(Approval);
