//! How steps are done. A step does one thing and says what came of it; what follows is decided in
//! [`crate::flow`].
//!
//! [`ask`] reads what is asked for, [`details`] sees to what is missing, [`items`] and [`checks`] look
//! at assets, [`questions`] asks people and [`ruling`] takes their answers in, [`link`] makes and ends
//! links, [`notes`] writes results, [`waiting`] says what a request waits for. Of shares nobody asked
//! for: [`scan`] finds them, [`case`] protects what they hold, [`verdict`] carries out decisions.

pub(crate) mod ask;
mod case;
mod checks;
mod details;
mod items;
mod link;
mod notes;
mod questions;
mod ruling;
mod scan;
mod verdict;
mod waiting;

use forebay_sdk::blocks::{Alarm, Answer, Desk, DeskRules, Reading, usable_group};
use forebay_sdk::handler::EffectMode;
use forebay_sdk::workflow::StartRequest;
use forebay_sdk::{Cx, Delivery, Error};

use crate::config::Config;

pub(crate) use self::items::Seen;
pub(crate) use self::link::{Wanted, every_share};
pub(crate) use self::ruling::Ruling;
pub(crate) use self::waiting::{END, GATHERED, SHARE};

/// What steps work with.
pub(crate) struct Steps<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

/// What was heard at the desk.
pub(crate) enum Heard {
    /// People answered.
    Answers(Vec<Answer>),
    /// Time is up for a question: why the run goes no further.
    Overdue(String),
    /// Nothing that anybody has to do something about.
    Nothing,
    /// Somebody stopped the process for a while.
    Suspended,
    /// Somebody ended the process from outside, for this reason.
    Ended(String),
}

/// Why a run parks whose process is suspended.
pub(crate) const SUSPENDED: &str = "the process is suspended in the workflow engine";

/// Why a run parks whose process was ended.
pub(crate) fn ended(reason: &str) -> String {
    format!("the process was ended in the workflow engine: {reason}")
}

impl Steps<'_> {
    /// Nothing is really done: people are not asked, so nobody answers.
    pub(crate) fn observes(&self) -> bool {
        self.cx.mode() == EffectMode::Observe
    }

    // ---- People ---------------------------------------------------------------------------------

    fn rules(&self) -> DeskRules<'_> {
        DeskRules {
            fallback_group: &self.config.fallback_group,
            escalation_group: &self.config.escalation_group,
            calendar: &self.config.calendar,
            reminders: &self.config.reminders,
            channels: &self.config.channels,
        }
    }

    /// What people say, then what time says: an answer that came in time counts, however late it is
    /// read. Where nobody is asked nothing is heard.
    pub(crate) fn listen(&self, desk: &mut Desk, delivery: &Delivery) -> Result<Heard, Error> {
        let reading = match desk.is_open() {
            true => desk.read(self.cx)?,
            false => Reading::Open(Vec::new()),
        };
        match reading {
            Reading::Open(answers) if !answers.is_empty() => return Ok(Heard::Answers(answers)),
            Reading::Open(_) => {}
            Reading::Suspended => return Ok(Heard::Suspended),
            Reading::Ended(reason) => return Ok(Heard::Ended(reason)),
        }
        let Delivery::Timer(fired) = delivery else {
            return Ok(Heard::Nothing);
        };
        Ok(match desk.alarm(self.cx, &self.rules(), &fired.name)? {
            Some(Alarm::TimedOut(question)) => {
                Heard::Overdue(format!("nobody answered `{question}` in twice its time"))
            }
            _ => Heard::Nothing,
        })
    }

    /// End the process and forget it: what is asked next is asked in another.
    pub(crate) fn close_desk(&self, desk: &mut Desk, outcome: &str) -> Result<(), Error> {
        desk.close(self.cx, outcome)?;
        *desk = Desk::default();
        Ok(())
    }

    /// Take the process from people and forget it.
    pub(crate) fn cancel_desk(&self, desk: &mut Desk, reason: &str) -> Result<(), Error> {
        desk.cancel(self.cx, reason)?;
        *desk = Desk::default();
        Ok(())
    }

    /// The business key of a process; the round tells the processes of a run apart.
    fn process_key(&self, round: u32) -> String {
        match round {
            0 | 1 => self.cx.business_key().to_owned(),
            round => format!("{}:{round}", self.cx.business_key()),
        }
    }

    /// Tell operators.
    pub(crate) fn tell(&self, message: &str) {
        self.cx.notify_all(&self.config.channels, message);
    }

    /// Tell operators something about the run.
    pub(crate) fn tell_operators(&self, what: &str) {
        self.tell(&format!("{}: {what}", self.cx.business_key()));
    }

    /// Tell a person, or a group where the person is unknown, in a task of its own. `what` keeps
    /// several notices of a run apart; the same one is given once.
    fn inform(
        &self,
        person: &str,
        group: &str,
        what: &str,
        title: &str,
        message: &str,
    ) -> Result<(), Error> {
        let key = format!("{}:{}:{what}", self.cx.business_key(), self.cx.run_id());
        let definition = self.config.process.notice_definition.as_str();
        let request = StartRequest::new(definition, key, title)
            .variable("title", title)
            .variable("message", message);
        let request = match self.config.person(person) {
            Some(person) => request.variable("assignee", person),
            None => request.variable("group", usable_group(self.cx, &self.rules(), group)?),
        };
        self.cx.workflow().start(&request).map(drop)
    }
}
