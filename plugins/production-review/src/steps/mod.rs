//! The building blocks of a production review: how each step is done. What leads where stands in
//! [`crate::flow`].
//!
//! [`intake`] reads what a delivery asks for, [`rounds`] asks reviewers about a version, [`comments`]
//! keeps comments the same on both sides, [`decisions`] takes what people decide and writes it. Here is
//! what they share, and what a run waits for.

mod comments;
mod decisions;
mod intake;
mod rounds;

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{DeskRules, field_update, write_any_version};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::{Cx, Error, Step, Timestamp, Value};

pub(crate) use self::intake::{admit_asset, admit_process, asset_of, opened_process, unwanted};
use crate::config::Config;
use crate::state::State;
use crate::{DAM, WORKFLOW};

/// Signal: ask people again, in another process. Operators are told of it where a run parks.
pub(crate) const RESTART: &str = "restart";
/// Timer: compare both sides.
const SYNC: &str = "sync";
/// Timer: a deleted asset did not come back.
const GONE: &str = "gone";

/// What every step works with: the world of one activation, and the configuration.
pub(crate) struct Steps<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

impl Steps<'_> {
    /// How people are asked.
    pub(crate) fn rules(&self) -> DeskRules<'_> {
        DeskRules {
            fallback_group: &self.config.fallback_group,
            escalation_group: &self.config.escalation_group,
            calendar: &self.config.calendar,
            reminders: &self.config.reminders,
            channels: &self.config.channels,
        }
    }

    /// An audit record about the version under review.
    fn record(&self, action: &str, actor: &str, state: &State) -> DecisionRecord {
        let mut record = DecisionRecord::new(action, actor);
        record.asset = Some(state.asset.clone());
        record.version = Some(state.version.clone());
        record.checksum.clone_from(&state.checksum);
        record.process = Some(state.desk.process.clone()).filter(|process| !process.is_empty());
        record
    }

    /// Write logical fields that differ.
    fn write_fields(&self, asset: &Asset, fields: &[(&str, Value)]) -> Result<(), Error> {
        let update = field_update(&self.config.fields, fields);
        write_any_version(self.cx, asset, &update)
    }

    /// Has an asset that is deleted or in the trash been so for as long as it may come back?
    pub(crate) fn is_given_up(&self, state: &mut State) -> Result<bool, Error> {
        let since = *state.gone_since.get_or_insert(self.cx.now());
        Ok(self.cx.now() >= self.given_up_at(since)?)
    }

    fn given_up_at(&self, since: Timestamp) -> Result<Timestamp, Error> {
        let gone = self.config.asset_gone;
        gone.given_up_at(self.cx, &self.config.calendar, since)
    }

    /// When both sides are compared next after this time.
    fn next_comparison(&self, after: Timestamp) -> Result<Timestamp, Error> {
        let interval = self.config.sync.interval;
        interval.after(self.cx, &self.config.calendar, after, 100)
    }

    /// Wait for people, and for the next comparison of both sides: at once, where there is more to copy
    /// than one activation does.
    pub(crate) fn wait(&self, state: State) -> Result<Step<State>, Error> {
        let now = self.cx.now();
        let next = match state.behind {
            true => now,
            false => self.next_comparison(now)?,
        };
        let summary = format!("round {} of the review of \"{}\"", state.round, state.name);
        let mut wait = Step::wait(state.clone())
            .subscribe(DAM, "asset", state.asset)
            .timer(SYNC, next);
        if let Some(since) = state.gone_since {
            wait = wait.timer(GONE, self.given_up_at(since)?);
        }
        Ok(state.desk.watch(wait, WORKFLOW).waiting_on(summary))
    }
}
