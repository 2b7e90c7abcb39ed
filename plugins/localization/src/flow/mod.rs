//! The handler itself: what happens on each delivery.
//!
//! A run is a master with its regions ([`campaign`]) or one region of one version of a master
//! ([`region`]). How a step is done stands in [`crate::steps`].

mod campaign;
mod region;

use forebay_sdk::blocks::present;
use forebay_sdk::handler::{Connections, Declined};
use forebay_sdk::{Admission, Delivery, Entity, Error, Step};

use crate::DAM;
use crate::config::Config;
use crate::state::{Campaign, State};
use crate::steps::{Steps, request_of};

/// Signal: end the run and clean up.
const CANCEL: &str = "cancel";

/// What comes next.
pub(crate) type Next<S = State> = Result<Step<S>, Error>;
/// It is done, and the run goes on.
type Done = Result<(), Error>;

/// A master starts one run, and that one a run for each region. Looks at nothing but the delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    let request = match request_of(delivery) {
        Ok(request) => request,
        Err(declined) => return declined.into(),
    };
    if request.asset.is_empty() {
        return Admission::refuse("`asset` is missing: the id of a master");
    }
    let key = request.key(&config.key_prefix, dam);
    let asset = request.asset;
    let start = Admission::start(key, Entity::new("asset", &asset), asset.clone());
    let start = start.label("asset", asset);
    match request.region {
        Some(region) => start.label("region", region.code),
        None => start,
    }
}

/// One delivery to a run.
pub(crate) fn run(steps: &Steps<'_>, state: Option<State>, delivery: &Delivery) -> Next {
    match state {
        None => begin(steps, delivery),
        Some(State::Campaign(campaign)) => kept(campaign::run(steps, *campaign, delivery)),
        Some(State::Region(region)) => kept(region::run(steps, *region, delivery)),
    }
}

/// A region that its master wants, a master, or a file that finds its region by itself.
fn begin(steps: &Steps<'_>, delivery: &Delivery) -> Next {
    let request = request_of(delivery).map_err(Declined::into_error)?;
    if let Some(wanted) = request.region {
        return kept(region::begin(steps, &request.asset, wanted));
    }
    let Some(asset) = present(steps.cx, &request.asset)? else {
        let state = Campaign::of(&request.asset).into();
        return Ok(Step::cancel(state, "asset-gone", "the asset was deleted"));
    };
    let asked_for = matches!(delivery, Delivery::Request(_));
    if !asked_for && !steps.is_master(&asset) {
        let summary = steps.hand_to_region(&asset)?;
        let state = Campaign::of(&request.asset).into();
        return Ok(Step::complete(state, "nothing-to-do", summary));
    }
    kept(campaign::begin(steps, &asset, asked_for))
}

fn kept<S: Into<State>>(next: Next<S>) -> Next {
    Ok(next?.map(S::into))
}
