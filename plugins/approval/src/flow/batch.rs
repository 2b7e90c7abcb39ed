//! The run that holds the review of a batch: it asks people, once for all items of a stage and as
//! often as they decide about a part of them, and tells the run of each asset what was decided about
//! it, as if the asset had had a process of its own.

use forebay_sdk::blocks::{Answer, Reading};
use forebay_sdk::handler::EffectMode;
use forebay_sdk::{Delivery, Error, Step};

use super::{CANCEL, Next};
use crate::config::OnTimeout;
use crate::state::{Batch, LEAVE, Order, REVIEWED, Run};
use crate::steps::{RESTART, Steps};

/// The window has closed.
pub(super) fn begin(steps: &Steps<'_>, order: Order) -> Next<Run> {
    let mut batch = Batch::of(order);
    steps.ask_batch(&mut batch)?;
    if steps.cx.mode() == EffectMode::Observe {
        let count = batch.items.len();
        let summary = format!("{count} assets would have been reviewed in one process");
        return Ok(Step::complete(batch.into(), "observed", summary));
    }
    steps.tell_of_review(&batch)?;
    ask_or_end(steps, batch)
}

/// Every delivery but the first.
pub(super) fn go_on(steps: &Steps<'_>, mut batch: Batch, delivery: &Delivery) -> Next<Run> {
    let mut stopped = None;
    match delivery {
        Delivery::Signal(signal) if signal.name == CANCEL => {
            batch.desk.cancel(steps.cx, "cancelled by an operator")?;
            return Ok(Step::cancel(batch.into(), "cancelled", "by an operator"));
        }
        Delivery::Signal(signal) if signal.name == RESTART => steps.begin_anew(&mut batch)?,
        Delivery::Signal(signal) if signal.name == LEAVE => batch.let_go(signal.data()?),
        Delivery::Timer(fired) => match steps.late_answer(&mut batch, fired)? {
            Some(late) if steps.config.on_timeout == OnTimeout::Park => {
                stopped = Some(late.overdue());
            }
            Some(late) => steps.end_as_timed_out(&mut batch, &late)?,
            None => {}
        },
        _ => stopped = read_answers(steps, &mut batch)?,
    }
    match stopped {
        Some(why) => Ok(Step::park(batch.into(), why)),
        None => ask_or_end(steps, batch),
    }
}

/// People are asked about what is undecided, until nothing is.
fn ask_or_end(steps: &Steps<'_>, mut batch: Batch) -> Next<Run> {
    let (ended, all) = (batch.ended(), batch.items.len());
    steps.cx.progress(ended as u64, all as u64);
    if ended == all {
        batch.desk.close(steps.cx, REVIEWED)?;
        let summary = batch.summary();
        return Ok(Step::complete(batch.into(), REVIEWED, summary));
    }
    steps.ask_batch(&mut batch)?;
    Ok(steps.wait_for_batch(batch).map(Run::from))
}

/// All answers that are there. Tells why the run must park, if it must.
fn read_answers(steps: &Steps<'_>, batch: &mut Batch) -> Result<Option<String>, Error> {
    while batch.desk.is_open() {
        match batch.desk.read(steps.cx)? {
            Reading::Open(answers) if answers.is_empty() => break,
            Reading::Open(answers) => {
                for answer in answers {
                    answered(steps, batch, answer)?;
                }
            }
            stopped => return Ok(steps.why_stopped(batch, &stopped)),
        }
    }
    Ok(None)
}

/// A group decided about all it was asked about, or about the items it names.
fn answered(steps: &Steps<'_>, batch: &mut Batch, answer: Answer) -> Result<(), Error> {
    steps.cx.decision(&answer.record(&batch.desk.process));
    let Some(asked) = steps.asked_by(batch, &answer.question) else {
        return Ok(()); // decided by others meanwhile
    };
    match steps.items_of(batch, &asked, &answer) {
        Err(why) => batch.refuse(&asked, &why),
        Ok(items) => {
            let given = batch.keep(&asked, answer);
            for item in items {
                if batch.note(steps.config, item, given.clone()) {
                    steps.tell_of_decision(batch, item)?;
                }
            }
        }
    }
    Ok(())
}
