//! The handler itself: which deliveries start a run, and what each run does with each delivery.
//!
//! [`expiry`] is the review of an end of rights, [`clearance`] clears an asset for a use; scans and
//! looks, which start those two, are below. How a step is done stands in [`crate::steps`].

pub(crate) mod clearance;
pub(crate) mod expiry;

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Scan, at_once, present};
use forebay_sdk::handler::{Connections, Declined};
use forebay_sdk::{Admission, Delivery, Entity, Error, Step};

use crate::DAM;
use crate::config::Config;
use crate::state::{Clearing, Review, State, Subject};
use crate::steps::ask::request_of;
use crate::steps::rights::{self, End};
use crate::steps::{RESTART, Steps};

/// Signal: end the run and clean up.
const CANCEL: &str = "cancel";

/// What comes next.
type Next<S> = Result<Step<S>, Error>;

/// Which deliveries start a run, and under which business key. Looks at nothing but the delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    let request = match request_of(config, delivery) {
        Ok(request) => request,
        Err(declined) => return declined.into(),
    };
    let key = request.key(&config.key_prefix, dam);
    if request.scan {
        let entity = Entity::new("scan", &config.key_prefix);
        return Admission::start(key, entity, "scan of rights");
    }
    let asset = request.asset;
    if asset.is_empty() {
        return Admission::refuse("`asset` is missing: the id of an asset, or `scan = true`");
    }
    if request.wanted.is_some() && config.clearance.is_none() {
        return Admission::refuse("this flow clears no uses: `clearance` is not configured");
    }
    Admission::start(key, Entity::new("asset", &asset), asset.clone()).label("asset", asset)
}

/// One delivery to a run.
pub(crate) fn run(steps: &Steps<'_>, state: Option<State>, delivery: &Delivery) -> Next<State> {
    match state {
        None => begin(steps, delivery),
        Some(State::Scan(place)) => scan(steps, place),
        Some(State::Look(subject)) => look(steps, subject),
        Some(State::Review(review)) => {
            Ok(expiry::go_on(steps, *review, delivery)?.map(State::review))
        }
        Some(State::Clearing(clearing)) => {
            Ok(clearance::go_on(steps, *clearing, delivery)?.map(State::clearing))
        }
    }
}

fn begin(steps: &Steps<'_>, delivery: &Delivery) -> Next<State> {
    let request = request_of(steps.config, delivery).map_err(Declined::into_error)?;
    let subject = Subject::of(request.asset);
    match (request.scan, request.date, request.wanted) {
        (true, ..) => scan(steps, Scan::default()),
        (false, Some(_), _) => {
            let review = Review::of(subject);
            Ok(expiry::begin(steps, review)?.map(State::review))
        }
        (false, None, Some(wanted)) => {
            let wanted = wanted.or_default(steps.config);
            let clearing = Clearing::of(subject, wanted, request.before);
            Ok(clearance::begin(steps, clearing)?.map(State::clearing))
        }
        (false, None, None) => look(steps, subject),
    }
}

/// A scan: page by page, whatever the assets need is started.
fn scan(steps: &Steps<'_>, mut scan: Scan) -> Next<State> {
    let Some(assets) = steps.next_page(&mut scan)? else {
        let summary = format!("{} assets looked at, {} reviews", scan.seen, scan.started);
        return Ok(Step::complete(State::Scan(scan), "scanned", summary));
    };
    for asset in &assets {
        scan.started += u64::from(inspect(steps, asset)?);
    }
    let what = "the next page of assets";
    Ok(at_once(steps.cx, State::Scan(scan), what))
}

/// A look: read one asset and start what it needs.
fn look(steps: &Steps<'_>, subject: Subject) -> Next<State> {
    let Some(asset) = present(steps.cx, &subject.asset)? else {
        return Ok(Step::cancel(
            State::Look(subject),
            "asset-gone",
            "the asset was deleted",
        ));
    };
    let summary = match inspect(steps, &asset)? {
        true => "a run was started for the asset",
        false => "the asset needs nothing",
    };
    Ok(Step::complete(State::Look(subject), "looked", summary))
}

/// Start what an asset needs, if anything: clearance, a review of the end of its rights, a mended
/// field. A talent who withdrew consent blocks it before anybody decides.
fn inspect(steps: &Steps<'_>, asset: &Asset) -> Result<bool, Error> {
    if steps.is_withdrawn(asset) {
        let before = steps.block_withdrawn(asset)?;
        return steps.start_clearance(asset, before).map(|()| true);
    }
    if steps.asks_for_clearance(asset) {
        return steps.start_clearance(asset, None).map(|()| true);
    }
    match rights::end(steps.cx, steps.config, asset) {
        End::Open => Ok(false),
        End::At(end, _) if steps.is_settled(asset, end)? => Ok(false),
        End::At(end, _) => steps.start_review(asset, end).map(|()| true),
        End::Missing(kind) => steps.have_date_named(asset, &kind),
        End::Unreadable(field, text) => steps.have_date_mended(asset, &field, &text),
    }
}
