//! The handler itself: what each delivery leads to, step by step, in the order in which a run lives.
//!
//! A run is one of two things. A [`case`] asks people, keeps both sides the same and alarms. Its
//! [`guard`] does what protects the assets, in a run of its own, so that neither an outage of the DAM
//! keeps the case from alarming nor one of the workflow engine keeps the assets from being protected.
//!
//! How a step is done stands in [`crate::steps`].

mod case;
mod guard;

use forebay_sdk::handler::{Connections, Declined};
use forebay_sdk::{Admission, Delivery, Entity, Step};

use crate::DAM;
use crate::config::Config;
use crate::state::{Guard, State};
use crate::steps::request::request_of;
use crate::steps::{Next, Steps};

/// Signal: end the run and clean up.
const CANCEL: &str = "cancel";

/// Which deliveries open a case. Pure: looks at nothing but the delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    let request = match request_of(config, delivery) {
        Ok(request) => request,
        Err(declined) => return declined.into(),
    };
    let entity = Entity::new("case", &request.case);
    let key = format!("{}:{dam}:{}", config.key_prefix, request.case);
    if request.is_for_guard() {
        return Admission::start(format!("{key}:guard"), entity, "guard");
    }
    if !request.names_a_case() {
        return Admission::refuse("a case needs a name in `case` and ids in `assets`");
    }
    Admission::start(key, entity, &request.case).label("case", &request.case)
}

/// One activation.
pub(crate) fn run(steps: &Steps<'_>, state: Option<State>, delivery: &Delivery) -> Next {
    if let (Some(state), Delivery::Signal(signal)) = (&state, delivery)
        && signal.name == CANCEL
    {
        return cancel(steps, state.clone());
    }
    match state {
        None => begin(steps, delivery),
        Some(State::Case(case)) => case::heard(steps, *case, delivery),
        Some(State::Guard(guard)) => guard::heard(steps, *guard, delivery),
    }
}

fn begin(steps: &Steps<'_>, delivery: &Delivery) -> Next {
    let request = request_of(steps.config, delivery).map_err(Declined::into_error)?;
    if let Some((case, run)) = request.guard {
        let guard = Guard::of_case(case, run, request.case_type);
        return guard::begin(steps, guard, &request.assets);
    }
    if let Some((asset, _)) = request.inherit {
        steps.note_stays_protected(&asset);
        let summary = "the case was closed for good; its asset stays protected";
        return Ok(Step::complete(Guard::default().into(), "guarded", summary));
    }
    case::begin(steps, request)
}

/// What protects the assets stays: lifting it is a decision of the case, opened again.
fn cancel(steps: &Steps<'_>, mut state: State) -> Next {
    if let State::Case(case) = &mut state {
        case.desk.cancel(steps.cx, "cancelled by an operator")?;
        steps.dismiss_guard(case, "cancelled")?;
    }
    let summary = "by an operator; protection stays";
    Ok(Step::cancel(state, "cancelled", summary))
}
