//! How each step of the flow is done: what is checked, asked, written, protected and awaited.
//!
//! A step does one thing and tells what came of it; what follows stands in [`crate::flow`]. Read
//! [`check`] for what is checked and [`condition`] for how rules are written; [`mend`], [`answers`],
//! [`protection`] and [`marks`] are about a case, [`group`] and [`line`](mod@line) about the others.

mod answers;
mod check;
mod condition;
mod group;
mod line;
mod marks;
mod mend;
mod protection;
mod request;
mod waiting;

use forebay_sdk::assets::{Asset, AssetUpdate};
use forebay_sdk::blocks::{
    Answer, Desk, DeskRules, Reading, enabled_user, field_update, workflow_user, write_any_version,
};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::{Cx, Error, Timestamp, Value};

use crate::config::Config;
use crate::state::Case;

pub(crate) use self::answers::Entered;
pub(crate) use self::check::Findings;
pub(crate) use self::condition::Condition;
pub(crate) use self::group::list;
pub(crate) use self::line::LOOK;
pub(crate) use self::request::{Request, group_key, request_of};
pub(crate) use self::waiting::{GRACE, RECHECK, WAIVER};

/// Signal: ask people again, in another process.
pub(crate) const RESTART: &str = "restart";

/// What every step of one activation works with.
pub(crate) struct Steps<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

impl Steps<'_> {
    /// The answers that are new, or why the run parks where its process does not run.
    pub(crate) fn answers(&self, desk: &mut Desk) -> Result<Result<Vec<Answer>, String>, Error> {
        let reading = desk.read(self.cx)?;
        let stopped = reading.stopped(&desk.process).unwrap_or_default();
        Ok(match reading {
            Reading::Open(answers) => Ok(answers),
            Reading::Suspended => Err(stopped),
            Reading::Ended(_) => Err(format!(
                "{stopped}; the signal `{RESTART}` asks again in another one"
            )),
        })
    }

    pub(crate) fn rules(&self) -> DeskRules<'_> {
        DeskRules {
            fallback_group: &self.config.fallback_group,
            escalation_group: &self.config.escalation_group,
            calendar: &self.config.calendar,
            reminders: &self.config.reminders,
            channels: &self.config.channels,
        }
    }

    /// The user of the workflow engine behind a user of the DAM, if it is switched on there.
    fn workflow_user(&self, dam_user: Option<&str>) -> Result<Option<String>, Error> {
        enabled_user(self.cx, workflow_user(&self.config.users, dam_user))
    }

    // ---- The audit ------------------------------------------------------------------------------

    /// What people answered, with the asset it is about.
    pub(crate) fn put_on_record(&self, answers: &[Answer], case: &Case, asset: &Asset) {
        for answer in answers {
            let record = answer.record(&case.desk.process);
            self.cx.decision(&about(record, asset));
        }
    }

    /// Put on record what people said about no asset alone.
    pub(crate) fn put_words_on_record(&self, answers: &[Answer], desk: &Desk) {
        for answer in answers {
            self.cx.decision(&answer.record(&desk.process));
        }
    }

    /// An audit record about an asset.
    fn record(action: &str, asset: &Asset) -> DecisionRecord {
        about(DecisionRecord::new(action, "system"), asset)
    }

    // ---- The asset ------------------------------------------------------------------------------

    /// When a deleted asset is given up.
    pub(crate) fn given_up_at(&self, since: Timestamp) -> Result<Timestamp, Error> {
        let gone = self.config.asset_gone;
        gone.given_up_at(self.cx, &self.config.calendar, since)
    }

    /// Write logical fields that differ.
    fn write_fields(&self, asset: &str, fields: &[(&str, Value)]) -> Result<(), Error> {
        self.write(asset, &field_update(&self.config.fields, fields))
    }

    /// Write to an asset as it is now. What is written here holds for every version.
    fn write(&self, asset: &str, update: &AssetUpdate) -> Result<(), Error> {
        let now = self.cx.assets().get(asset)?;
        write_any_version(self.cx, &now, update)
    }
}

fn about(mut record: DecisionRecord, asset: &Asset) -> DecisionRecord {
    record.asset = Some(asset.id.clone());
    record.version = Some(asset.version.clone());
    record.checksum.clone_from(&asset.checksum);
    record
}
