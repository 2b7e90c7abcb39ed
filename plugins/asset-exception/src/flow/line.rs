//! The course of a line of a manifest: an asset that is expected, missing some time before its date.

use forebay_sdk::blocks::Alarm;
use forebay_sdk::handler::EffectMode;
use forebay_sdk::{Delivery, Step};

use super::Next;
use crate::WORKFLOW;
use crate::state::Line;
use crate::steps::{LOOK, RESTART, Steps};

/// A line of a manifest; its asset may be there already.
pub(super) fn begin(steps: &Steps<'_>, line: Line) -> Next<Line> {
    look_for(steps, line)
}

/// One delivery to a line.
pub(super) fn run(steps: &Steps<'_>, mut line: Line, delivery: &Delivery) -> Next<Line> {
    match delivery {
        Delivery::Signal(signal) if signal.name == RESTART => line.open = false,
        Delivery::Timer(fired) if fired.name != LOOK => {
            let alarm = line.desk.alarm(steps.cx, &steps.rules(), &fired.name)?;
            if let Some(Alarm::TimedOut(question)) = alarm {
                // It stays missing; who should have answered was told and led on.
                steps.record_overdue();
                line.desk.asked.remove(&question);
            }
            return steps.wait_for_line(line);
        }
        Delivery::Event(incoming) if incoming.role == WORKFLOW => {
            let answers = match steps.answers(&mut line.desk)? {
                Ok(answers) => answers,
                Err(reason) => return Ok(Step::park(line, reason)),
            };
            steps.put_words_on_record(&answers, &line.desk);
            for answer in answers {
                if answer.outcome == "not-needed" {
                    line.desk.close(steps.cx, "not-an-issue")?;
                    let summary = format!("not needed, says {}", answer.actor());
                    return Ok(Step::complete(line, "not-an-issue", summary));
                }
            }
        }
        _ => {}
    }
    look_for(steps, line)
}

/// Is there a matching approved asset? If not, and it is time, it is an exception.
fn look_for(steps: &Steps<'_>, mut line: Line) -> Next<Line> {
    if let Some(found) = steps.matching(&line)? {
        steps.record_arrival(&found);
        line.desk.close(steps.cx, "arrived")?;
        let summary = format!("{} is there: {found}", line.line);
        return Ok(Step::complete(line, "arrived", summary));
    }
    if !line.open && steps.cx.now() >= steps.alarm_at(&line)? {
        line.open = true;
        steps.ask_for_line(&mut line)?;
        if steps.cx.mode() == EffectMode::Observe {
            let summary = format!("{} would have been reported missing", line.line);
            return Ok(Step::complete(line, "observed", summary));
        }
    }
    steps.wait_for_line(line)
}
