//! The handler itself: what each delivery leads to, step by step, in the order in which a run lives.
//!
//! A run is one of three things. A *scan* walks through the assets of each policy and starts a
//! review for each campaign or asset whose time is over. A *look* does so for one asset. A *review*
//! waits for the time of its assets, takes a list of them, asks who decides ([`review`]), and carries
//! out what was decided ([`work`]), asset by asset ([`asset`]).
//!
//! How a step is done stands in [`crate::steps`].

mod asset;
mod review;
mod work;

use std::collections::BTreeSet;

use forebay_sdk::handler::{Connections, Declined};
use forebay_sdk::{Admission, Delivery, Entity, Step};

use crate::DAM;
use crate::config::Config;
use crate::state::{Review, State, Walk};
use crate::steps::request::{Purpose, request_of};
use crate::steps::{Next, Steps};

/// Which deliveries start a run, and under which business key. Pure: looks at nothing but the
/// delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    let request = match request_of(config, delivery) {
        Ok(request) => request,
        Err(declined) => return declined.into(),
    };
    let key = request.key(&config.key_prefix, dam);
    match request.subject(config) {
        Err(reason) => Admission::refuse(reason),
        Ok(scan) if request.scan => Admission::start(key, scan, "scan of policies"),
        Ok(Entity { kind, id }) => {
            Admission::start(key, Entity::new(&kind, &id), &id).label(kind, &id)
        }
    }
}

/// One activation.
pub(crate) fn run(steps: &Steps<'_>, state: Option<State>, delivery: &Delivery) -> Next {
    match state {
        None => begin(steps, delivery),
        Some(State::Scan(walk)) => scan(steps, walk),
        Some(State::Look(asset)) => look(steps, asset),
        Some(State::Review(review)) => review::heard(steps, *review, delivery),
    }
}

fn begin(steps: &Steps<'_>, delivery: &Delivery) -> Next {
    let request = request_of(steps.config, delivery).map_err(Declined::into_error)?;
    match request.purpose() {
        Purpose::Scan => scan(steps, Walk::default()),
        Purpose::Restore => restore(steps, request.asset),
        Purpose::Review => review::begin(steps, request.into_review()),
        Purpose::Look => look(steps, request.asset),
    }
}

/// One page of the assets of one policy.
fn scan(steps: &Steps<'_>, mut walk: Walk) -> Next {
    let Some(policy) = steps.config.policies.get(walk.policy) else {
        let summary = walk.summary();
        return Ok(Step::complete(State::Scan(walk), "scanned", summary));
    };
    for asset in steps.next_assets(&mut walk, policy)? {
        if steps.needs_review(walk.policy, policy, &asset)? {
            steps.start_review(policy, &asset, &mut walk.started)?;
        }
    }
    walk.turn_page();
    steps.at_once(State::Scan(walk), "the next page of assets")
}

/// Read one asset and start what it needs.
fn look(steps: &Steps<'_>, id: String) -> Next {
    let Some(asset) = steps.present(&id)? else {
        return Ok(asset_gone(State::Look(id)));
    };
    let mut started = BTreeSet::new();
    let mut summary = "the asset needs nothing";
    for (place, policy) in steps.config.policies.iter().enumerate() {
        if steps.needs_review(place, policy, &asset)? {
            steps.start_review(policy, &asset, &mut started)?;
            summary = "a review was started for the asset";
        }
    }
    Ok(Step::complete(State::Look(id), "looked", summary))
}

/// Bring one asset back from the archive.
fn restore(steps: &Steps<'_>, id: String) -> Next {
    let Some(asset) = steps.present(&id)? else {
        return Ok(asset_gone(State::Look(id)));
    };
    work::go_on(steps, Review::to_restore(&id, &asset.name))
}

fn asset_gone(state: State) -> Step<State> {
    Step::cancel(state, "asset-gone", "the asset was deleted")
}
