//! How each step of the flow is done: what is asked, searched, made, delivered, shown and recorded.
//!
//! A step does one thing and tells what came of it; what follows stands in [`crate::flow`]. Before
//! the delivery: [`request`] and [`opening`]; about a line: [`search`], [`team`], [`readiness`] and
//! [`fitness`]; for the requester: [`requester`], [`collection`], [`delivery`] and [`report`];
//! [`clock`] and [`waiting`] for time.

mod clock;
mod collection;
mod delivery;
mod fitness;
mod opening;
mod readiness;
mod report;
mod request;
mod requester;
mod search;
mod team;
mod waiting;

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::DeskRules;
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::{Cx, Error};

use crate::config::Config;
use crate::state::State;

pub(crate) use self::readiness::{Checked, Standing};
pub(crate) use self::request::{Request, ask_of};
pub(crate) use self::team::Wanted;
pub(crate) use self::waiting::{CLOSE, DUE, RESTART, ended_outside, suspended};

/// What every step of one activation works with.
pub(crate) struct Steps<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

impl Steps<'_> {
    pub(crate) fn rules(&self) -> DeskRules<'_> {
        DeskRules {
            fallback_group: &self.config.fallback_group,
            escalation_group: &self.config.escalation_group,
            calendar: &self.config.calendar,
            reminders: &self.config.reminders,
            channels: &self.config.channels,
        }
    }

    /// Tell operators.
    fn tell(&self, message: &str) {
        self.cx.notify_all(&self.config.channels, message);
    }

    /// Take back the open questions of these kinds.
    pub(crate) fn withdraw_questions(
        &self,
        state: &mut State,
        names: &[&str],
    ) -> Result<(), Error> {
        let asked: Vec<_> = state.desk.asked.keys().cloned().collect();
        let ours = asked.iter().map(String::as_str).filter(|id| {
            let name = id.split(':').next().unwrap_or_default();
            names.contains(&name)
        });
        let ours: Vec<_> = ours.collect();
        if ours.is_empty() {
            return Ok(());
        }
        state.desk.withdraw(self.cx, &ours)
    }

    fn record(&self, action: &str, state: &State) -> DecisionRecord {
        let mut record = DecisionRecord::new(action, "system");
        record.process = Some(state.desk.process.clone());
        record
    }

    fn about(&self, action: &str, state: &State, asset: &Asset) -> DecisionRecord {
        let mut record = self.record(action, state);
        record.asset = Some(asset.id.clone());
        record.version = Some(asset.version.clone());
        record.checksum.clone_from(&asset.checksum);
        record
    }
}
