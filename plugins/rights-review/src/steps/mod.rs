//! How steps are done. A step does one thing and says what came of it; what follows is decided in
//! [`crate::flow`].
//!
//! [`ask`] reads what is asked for, [`rights`] what an asset's fields say. [`find`] finds assets and
//! starts runs for them, [`consent`] blocks those whose talents withdrew. Of a review: [`review`] asks
//! people, [`decisions`] carries out what they say, [`ending`] what happens at the end, [`waiting`] says
//! what is waited for. Of a clearance: [`clearance`] asks and notes, [`uses`] knows earlier ones.

pub(crate) mod ask;
mod clearance;
mod consent;
mod decisions;
mod ending;
mod find;
mod review;
pub(crate) mod rights;
mod uses;
mod waiting;

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{
    Alarm, Answer, Desk, DeskRules, field_update, present, shares_of, write_any_version,
};
use forebay_sdk::handler::{DecisionRecord, EffectMode, Fired, interfaces};
use forebay_sdk::{Cx, Error, Timestamp, Value};

use crate::DAM;
use crate::config::Config;
use crate::state::Subject;

pub(crate) use self::decisions::Ruling;
pub(crate) use self::waiting::DELETE;

/// Signal: ask people again, in another process.
pub(crate) const RESTART: &str = "restart";

/// What steps work with.
pub(crate) struct Steps<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
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

    /// Tell operators.
    pub(crate) fn tell(&self, message: &str) {
        self.cx.notify_all(&self.config.channels, message);
    }

    /// Nobody answered in twice the time: operators hear of it, and the question stays open.
    pub(crate) fn tell_overdue(&self, subject: &Subject, question: &str) {
        let name = &subject.name;
        self.tell(&format!(
            "\"{name}\": twice the time for `{question}` has passed"
        ));
    }

    /// A timer of a question: remind, escalate. None where it is another's timer.
    pub(crate) fn alarm(&self, desk: &mut Desk, fired: &Fired) -> Result<Option<Alarm>, Error> {
        desk.alarm(self.cx, &self.rules(), &fired.name)
    }

    /// Why a run parks whose process somebody stopped.
    pub(crate) fn suspended(&self, desk: &Desk) -> String {
        format!(
            "the process {} is suspended in the workflow engine; activate it there, then retry the run",
            desk.process
        )
    }

    /// Why a run parks whose process somebody ended.
    pub(crate) fn ended(&self, desk: &Desk, reason: &str) -> String {
        format!(
            "the process {} was ended in the workflow engine: {reason}; the signal `{RESTART}` asks \
             again in another one",
            desk.process
        )
    }

    // ---- The audit ------------------------------------------------------------------------------

    /// An audit record about the run's asset.
    fn record(&self, action: &str, subject: &Subject) -> DecisionRecord {
        self.about(DecisionRecord::new(action, "system"), subject)
    }

    /// A record with the asset it is about.
    fn about(&self, mut record: DecisionRecord, subject: &Subject) -> DecisionRecord {
        record.asset = Some(subject.asset.clone());
        record.version = Some(subject.version.clone());
        record.checksum.clone_from(&subject.checksum);
        record
    }

    /// Something about the run's asset, for the audit.
    pub(crate) fn log(&self, subject: &Subject, action: &str, comment: &str) {
        let mut record = self.record(action, subject);
        record.comment = Some(comment.to_owned());
        self.cx.decision(&record);
    }

    /// What people said about the run's asset, for the audit.
    pub(crate) fn log_answer(&self, subject: &Subject, desk: &Desk, answer: &Answer) {
        let record = self.about(answer.record(&desk.process), subject);
        self.cx.decision(&record);
    }

    // ---- The asset ------------------------------------------------------------------------------

    /// The run's asset as it stands now, unless it is deleted or in the trash.
    pub(crate) fn read(&self, subject: &mut Subject) -> Result<Option<Asset>, Error> {
        let asset = present(self.cx, &subject.asset)?;
        if let Some(asset) = &asset {
            subject.note(asset);
        }
        Ok(asset)
    }

    /// May an asset that is gone still come back (rule C-13)?
    pub(crate) fn may_come_back(&self, subject: &mut Subject) -> Result<bool, Error> {
        let since = *subject.gone_since.get_or_insert(self.cx.now());
        Ok(self.cx.now() < self.given_up_at(since)?)
    }

    fn given_up_at(&self, since: Timestamp) -> Result<Timestamp, Error> {
        let gone = self.config.asset_gone;
        gone.given_up_at(self.cx, &self.config.calendar, since)
    }

    /// Write logical fields that differ.
    fn write_fields(&self, asset: &Asset, fields: &[(&str, Value)]) -> Result<(), Error> {
        self.write(asset, &field_update(&self.config.fields, fields))
    }

    /// Write to an asset. A version that came meanwhile has the same rights, so it is written too.
    fn write(&self, asset: &Asset, update: &AssetUpdate) -> Result<(), Error> {
        write_any_version(self.cx, asset, update)
    }

    /// Take an asset out of use: its status, and where this flow clears uses its access and shares.
    pub(crate) fn keep_back(&self, asset: &Asset, why: &str) -> Result<(), Error> {
        match &self.config.clearance {
            None => {
                let update = AssetUpdate::default().status(AssetStatus::Restricted);
                self.write(asset, &update)?;
            }
            Some(clearance) => {
                let block = &clearance.block_until_cleared;
                if !block.acl_template.is_empty() {
                    self.cx.access().apply(&asset.id, &block.acl_template)?;
                }
                if block.revoke_shares {
                    self.revoke_shares(&asset.id)?;
                }
            }
        }
        self.log(&Subject::of_asset(asset), "kept-back", why);
        self.tell(&format!("\"{}\" was taken out of use: {why}", asset.name));
        Ok(())
    }

    fn revoke_shares(&self, asset: &str) -> Result<(), Error> {
        if !self.cx.available(DAM, interfaces::SHARING) {
            return Ok(());
        }
        for share in shares_of(self.cx, asset)? {
            self.cx.sharing().revoke(&share.id)?;
        }
        Ok(())
    }
}
