//! The run that gathers: it takes assets in until the window closes or the batch is full, and hands
//! them to the run of the review. Whoever comes later meets another run that gathers.

use forebay_sdk::{Delivery, Step};

use super::{CANCEL, Next};
use crate::state::{GATHERED, Gathering, Join, LEAVE, Run};
use crate::steps::{Request, Steps, request_of};

/// The first asset of a batch.
pub(super) fn begin(steps: &Steps<'_>, join: Join) -> Next<Run> {
    let mut gathering = Gathering::of(join.of, steps.cx.now());
    steps.take_in(&mut gathering, join.member)?;
    wait_or_close(steps, gathering)
}

/// Every delivery but the first.
pub(super) fn go_on(steps: &Steps<'_>, mut gathering: Gathering, delivery: &Delivery) -> Next<Run> {
    match delivery {
        Delivery::Request(_) => {
            if let Request::Join(join) = request_of(delivery)? {
                steps.take_in(&mut gathering, join.member)?;
            }
        }
        Delivery::Signal(signal) if signal.name == CANCEL => {
            let run = Run::Gathering(gathering);
            return Ok(Step::cancel(run, "cancelled", "by an operator"));
        }
        Delivery::Signal(signal) if signal.name == LEAVE => gathering.let_go(&signal.data()?),
        Delivery::Signal(_) | Delivery::Timer(_) | Delivery::Event(_) => {}
    }
    wait_or_close(steps, gathering)
}

fn wait_or_close(steps: &Steps<'_>, gathering: Gathering) -> Next<Run> {
    if !steps.window_closes(&gathering) {
        return Ok(steps.wait_for_others(gathering).map(Run::Gathering));
    }
    steps.hand_to_review(&gathering)?;
    let summary = format!("{} assets go into one review", gathering.members.len());
    Ok(Step::complete(Run::Gathering(gathering), GATHERED, summary))
}
