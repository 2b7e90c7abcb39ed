//! The handler itself: what happens on each delivery, in the order in which a run lives. How a step
//! is done stands in [`crate::steps`].
//!
//! There are three kinds of runs: [`asset`], the one that everybody asks for, follows one asset from
//! its arrival to its release. Where assets are reviewed together, [`gathering`] takes in what arrives
//! within a window, and [`batch`] asks people about all of it at once (rule C-08).

mod asset;
mod batch;
mod gathering;

use forebay_sdk::handler::Connections;
use forebay_sdk::{Admission, Delivery, Error, Step};

use crate::DAM;
use crate::config::Config;
use crate::state::{Run, State};
use crate::steps::{Request, Steps, admit_asset, admit_batch, request_of, unwanted};

/// Signal: end the run and clean up.
const CANCEL: &str = "cancel";

/// What comes next.
type Next<S = State> = Result<Step<S>, Error>;

/// An upload, a new version, an assignment, a custom action or a request starts a run; the flow's own
/// runs start those of a batch. Looks at nothing but the delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    match request_of(delivery) {
        Ok(Request::Asset(asset)) => match unwanted(config, delivery) {
            Some(reason) => Admission::ignore(reason),
            None => admit_asset(config, dam, &asset, delivery),
        },
        Ok(Request::Join(join)) => admit_batch(config, dam, &join.of),
        Ok(Request::Batch(order)) => admit_batch(config, dam, &order.of),
        Err(error) => Admission::refuse(error.message().to_owned()),
    }
}

/// One delivery to a run.
pub(crate) fn run(steps: &Steps<'_>, run: Option<Run>, delivery: &Delivery) -> Next<Run> {
    match run {
        None => match request_of(delivery)? {
            Request::Asset(id) => Ok(asset::begin(steps, id, delivery)?.map(Run::from)),
            Request::Join(join) => gathering::begin(steps, *join),
            Request::Batch(order) => batch::begin(steps, *order),
        },
        Some(Run::Asset(state)) => Ok(asset::go_on(steps, *state, delivery)?.map(Run::from)),
        Some(Run::Gathering(gathering)) => gathering::go_on(steps, gathering, delivery),
        Some(Run::Batch(batch)) => batch::go_on(steps, *batch, delivery),
    }
}
