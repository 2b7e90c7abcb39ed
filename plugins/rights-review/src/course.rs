//! The course of a run: what happens on each delivery, and what all kinds of runs share.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{Desk, DeskRules, Scan, field_update, shares_of, write_any_version};
use forebay_sdk::handler::{DecisionRecord, interfaces};
use forebay_sdk::{Cx, Delivery, Error, Step, Timestamp, Value};

use crate::DAM;
use crate::admit::request_of;
use crate::config::Config;
use crate::state::{Clearing, Review, State, Subject};

/// Timer: a deleted asset did not come back.
pub(crate) const GONE: &str = "gone";
/// Events of an asset that its live runs hear of. All others, an action above all, begin a run of
/// their own.
pub(crate) const CHANGES: [&str; 5] = [
    "asset.updated",
    "asset.version-current",
    "asset.deleted",
    "asset.restored",
    "asset.purged",
];
/// Signal: end the run and clean up.
pub(crate) const CANCEL: &str = "cancel";
/// Signal: ask people again, in another process.
pub(crate) const RESTART: &str = "restart";

/// What comes next.
pub(crate) type Next = Result<Step<State>, Error>;

/// One activation.
pub(crate) struct Course<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

impl Course<'_> {
    pub(crate) fn run(&self, state: Option<State>, delivery: Delivery) -> Next {
        match state {
            None => self.begin(&delivery),
            Some(State::Scan(scan)) => self.scan(scan),
            Some(State::Look(subject)) => self.look(subject),
            Some(State::Review(review)) => self.review(*review, &delivery),
            Some(State::Clearing(clearing)) => self.clearing(*clearing, &delivery),
        }
    }

    fn begin(&self, delivery: &Delivery) -> Next {
        let request = request_of(self.config, delivery)?.map_err(Error::invalid)?;
        let subject = Subject {
            asset: request.asset,
            ..Subject::default()
        };
        if request.scan {
            return self.scan(Scan::default());
        }
        if request.date.is_some() {
            return self.begin_review(Review {
                subject,
                ..Review::default()
            });
        }
        match request.wanted {
            Some(wanted) => self.begin_clearing(Clearing {
                subject,
                wanted: wanted.or_default(self.config),
                before: request.before,
                ..Clearing::default()
            }),
            None => self.look(subject),
        }
    }

    // ---- People ---------------------------------------------------------------------------------

    pub(crate) fn rules(&self) -> DeskRules<'_> {
        DeskRules {
            fallback_group: &self.config.fallback_group,
            escalation_group: &self.config.escalation_group,
            calendar: &self.config.calendar,
            reminders: &self.config.reminders,
            channels: &self.config.channels,
        }
    }

    pub(crate) fn tell(&self, message: &str) {
        self.cx.notify_all(&self.config.channels, message);
    }

    /// Nobody answered in twice the time: operators hear of it, and the question stays open.
    pub(crate) fn overdue(&self, subject: &Subject, question: &str) {
        let name = &subject.name;
        self.tell(&format!(
            "\"{name}\": twice the time for `{question}` has passed"
        ));
    }

    /// An audit record about the run's asset.
    pub(crate) fn record(&self, action: &str, subject: &Subject) -> DecisionRecord {
        self.about(DecisionRecord::new(action, "system"), subject)
    }

    /// A record with the asset it is about.
    pub(crate) fn about(&self, mut record: DecisionRecord, subject: &Subject) -> DecisionRecord {
        record.asset = Some(subject.asset.clone());
        record.version = Some(subject.version.clone());
        record.checksum.clone_from(&subject.checksum);
        record
    }

    /// Why a run parks whose process somebody ended.
    pub(crate) fn ended(desk: &Desk, reason: &str) -> String {
        format!(
            "the process {} was ended in the workflow engine: {reason}; the signal `{RESTART}` asks \
             again in another one",
            desk.process
        )
    }

    // ---- The asset ------------------------------------------------------------------------------

    /// When an asset that is gone is given up (rule C-13): deleted or in the trash, it may come back
    /// within the grace.
    pub(crate) fn given_up_at(&self, subject: &mut Subject) -> Result<Timestamp, Error> {
        let since = *subject.gone_since.get_or_insert(self.cx.now());
        let gone = self.config.asset_gone;
        gone.given_up_at(self.cx, &self.config.calendar, since)
    }

    /// Write logical fields that differ.
    pub(crate) fn write_fields(
        &self,
        asset: &Asset,
        fields: &[(&str, Value)],
    ) -> Result<(), Error> {
        self.write(asset, &field_update(&self.config.fields, fields))
    }

    /// Write to an asset. A version that came meanwhile has the same rights, so it is written too.
    pub(crate) fn write(&self, asset: &Asset, update: &AssetUpdate) -> Result<(), Error> {
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
        let mut record = DecisionRecord::new("kept-back", "system");
        record.asset = Some(asset.id.clone());
        record.version = Some(asset.version.clone());
        record.checksum.clone_from(&asset.checksum);
        record.comment = Some(why.to_owned());
        self.cx.decision(&record);
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

impl Subject {
    /// Note the asset as it was just read.
    pub(crate) fn note(&mut self, asset: &Asset) {
        self.name.clone_from(&asset.name);
        self.version.clone_from(&asset.version);
        self.checksum.clone_from(&asset.checksum);
        self.gone_since = None;
    }
}
