//! The handler itself: what happens on each delivery.
//!
//! A run is one asset and what is wrong with it ([`case`]), the assets of a collection whose fields
//! are missing ([`group`]), or an asset that should be there by a date ([`line`](mod@line)). How a
//! step is done stands in [`crate::steps`].

mod case;
mod group;
mod line;

use forebay_sdk::handler::{Connections, Declined};
use forebay_sdk::{Admission, Delivery, Entity, Error, Step};

use crate::DAM;
use crate::config::Config;
use crate::state::State;
use crate::steps::{RESTART, Steps, group_key, request_of};

/// Signal: end the run and clean up.
const CANCEL: &str = "cancel";

/// What comes next.
pub(crate) type Next<S = State> = Result<Step<S>, Error>;
/// It is done, and the run goes on.
type Done = Result<(), Error>;

/// An asset, a collection and a line of a manifest have a run each. Looks at nothing but the delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    let request = match request_of(delivery) {
        Ok(request) => request,
        Err(declined) => return declined.into(),
    };
    let prefix = &config.key_prefix;
    if let Some(expected) = request.expected {
        let line = expected.line;
        let key = format!("{prefix}:{dam}:expected:{line}");
        return Admission::start(key, Entity::new("manifest-line", &line), line);
    }
    if let Some(collection) = request.collection {
        let key = group_key(prefix, dam, &collection);
        return Admission::start(key, Entity::new("collection", &collection), collection);
    }
    let asset = request.asset;
    if asset.is_empty() {
        return Admission::refuse("`asset` is missing: the id of an asset, or `expected = { … }`");
    }
    let key = format!("{prefix}:{dam}:{asset}");
    Admission::start(key, Entity::new("asset", &asset), asset.clone()).label("asset", asset)
}

/// One delivery to a run.
pub(crate) fn run(steps: &Steps<'_>, state: Option<State>, delivery: &Delivery) -> Next {
    let Some(mut state) = state else {
        return begin(steps, delivery);
    };
    if let Delivery::Signal(signal) = delivery {
        match signal.name.as_str() {
            CANCEL => return cancel(steps, state),
            RESTART => state.desk().leave(steps.cx, "restarted by an operator")?,
            _ => {}
        }
    }
    match state {
        State::Case(case) => kept(case::run(steps, *case, delivery)),
        State::Group(group) => kept(group::run(steps, *group, delivery)),
        State::Line(line) => kept(line::run(steps, *line, delivery)),
    }
}

fn begin(steps: &Steps<'_>, delivery: &Delivery) -> Next {
    let request = request_of(delivery).map_err(Declined::into_error)?;
    if let Some(expected) = request.expected {
        return kept(line::begin(steps, expected.into_line()?));
    }
    if let Some(collection) = request.collection {
        return kept(group::begin(steps, collection, &request.asset));
    }
    kept(case::begin(steps, request.asset, &request.reason))
}

fn cancel(steps: &Steps<'_>, mut state: State) -> Next {
    state.desk().cancel(steps.cx, "cancelled by an operator")?;
    Ok(Step::cancel(state, "cancelled", "by an operator"))
}

fn kept<S: Into<State>>(next: Next<S>) -> Next {
    Ok(next?.map(S::into))
}
