//! The handler itself: which deliveries start a run, and what each run does with each delivery.
//!
//! [`request`] is a request until there is a link, [`link`] its life from then on, [`case`] a share
//! nobody asked for; scans are below. How a step is done stands in [`crate::steps`].

pub(crate) mod case;
pub(crate) mod link;
pub(crate) mod request;

use forebay_sdk::blocks::at_once;
use forebay_sdk::handler::{Connections, Declined};
use forebay_sdk::{Admission, Delivery, Error, Step};

use crate::DAM;
use crate::config::Config;
use crate::state::{Review, State, Sweep};
use crate::steps::Steps;
use crate::steps::ask::{Ask, ask_of};

/// Signal: end the run and clean up.
const CANCEL: &str = "cancel";
/// Signal: give up the process there is and ask anew.
const RESTART: &str = "restart";

/// What comes next.
type Next<S = Review> = Result<Step<S>, Error>;

/// Which deliveries start a run, and under which business key. Looks at nothing but the delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    let ask = match ask_of(config, delivery) {
        Ok(ask) => ask,
        Err(declined) => return declined.into(),
    };
    let key = ask.key(config, dam);
    let Some((entity, title)) = ask.subject(config, &key) else {
        return Admission::refuse("`case` names neither share nor assets");
    };
    let start = Admission::start(key, entity, title);
    match ask {
        Ask::Scan(_) => start,
        Ask::Case(_) => start.label("kind", "case"),
        Ask::Wish(_) | Ask::Form(_) | Ask::Staged(..) => start.label("kind", "request"),
    }
}

/// One delivery to a run.
pub(crate) fn run(steps: &Steps<'_>, state: Option<State>, delivery: &Delivery) -> Next<State> {
    match state {
        None => begin(steps, delivery),
        Some(State::Scan(sweep)) => Ok(scan(steps, sweep)?.map(State::Scan)),
        Some(State::Request(review)) => {
            Ok(request::go_on(steps, *review, delivery)?.map(State::request))
        }
        Some(State::Case(case)) => Ok(case::go_on(steps, *case, delivery)?.map(State::case)),
    }
}

fn begin(steps: &Steps<'_>, delivery: &Delivery) -> Next<State> {
    let request = match ask_of(steps.config, delivery).map_err(Declined::into_error)? {
        Ask::Scan(_) => return Ok(scan(steps, Sweep::default())?.map(State::Scan)),
        Ask::Case(suspect) => return Ok(case::begin(steps, suspect)?.map(State::case)),
        Ask::Wish(wish) => request::gathered(steps, Review::of(*wish))?,
        Ask::Form(process) => request::gathered(steps, steps.read_form(&process)?)?,
        Ask::Staged(asset, by, _) => steps.wait(steps.begin_gathering(asset, &by))?,
    };
    Ok(request.map(State::request))
}

/// A scan: the reports of shares first, then page by page what outsiders see. Whatever nobody asked
/// for becomes a case.
fn scan(steps: &Steps<'_>, mut sweep: Sweep) -> Next<Sweep> {
    if !steps.config.detective.enabled {
        let why = "the flow does not look for shares made by hand";
        return Ok(Step::complete(sweep, "scanned", why));
    }
    let suspects = match sweep.shares_read {
        false => Some(steps.reported()?),
        true => steps.exposed(&mut sweep)?,
    };
    let Some(suspects) = suspects else {
        let (seen, hits) = (sweep.content.seen, sweep.hits);
        let summary = format!("{seen} assets looked at, {hits} suspicions");
        return Ok(Step::complete(sweep, "scanned", summary));
    };
    for suspect in &suspects {
        steps.open_case(suspect)?;
        sweep.hits += 1;
    }
    sweep.shares_read = true;
    Ok(at_once(steps.cx, sweep, "the next page of a scan"))
}
