//! How each step of the flow is done: what is asked, checked, written, released and told.
//!
//! A step does one thing and tells what came of it; what follows stands in [`crate::flow`]. For a
//! master: [`masters`] (its regions), [`update`] (its new versions) and [`matrix`] (the summary on
//! it). For a region: [`team`], [`file`](mod@file), [`review`], [`rights`] and [`release`]. For both:
//! [`request`] and [`waiting`].

mod file;
mod masters;
mod matrix;
mod release;
mod report;
mod request;
mod review;
mod rights;
mod team;
mod update;
mod waiting;

use forebay_sdk::assets::{AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{Answer, Desk, DeskRules, field_update, present, write_any_version};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::{Cx, Error, OrAbsent, Timestamp, Value};

use crate::config::{Config, RegionConfig};
use crate::state::Subject;

pub(crate) use self::file::{Arrival, Seen};
pub(crate) use self::masters::is_withdrawn;
pub(crate) use self::release::Published;
pub(crate) use self::report::{ALONE, RELEASE, REPORT, Report};
pub(crate) use self::request::{RegionRequest, Request, request_of};
pub(crate) use self::review::{APPROVE, REVIEW};
pub(crate) use self::rights::{COVERED, RIGHTS};
pub(crate) use self::team::{ADAPT, ASSET, NO_FILE, NO_REASON, NOT_NEEDED};
pub(crate) use self::update::Verdict;
pub(crate) use self::waiting::GONE;

/// What every step of one activation works with.
pub(crate) struct Steps<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

impl Steps<'_> {
    fn region_config(&self, code: &str) -> Result<&RegionConfig, Error> {
        let known = self.config.regions.get(code);
        known.ok_or_else(|| Error::invalid(format!("the region {code} is not configured")))
    }

    // ---- People and time ------------------------------------------------------------------------

    pub(crate) fn rules(&self) -> DeskRules<'_> {
        DeskRules {
            fallback_group: &self.config.fallback_group,
            escalation_group: &self.config.escalation_group,
            calendar: &self.config.calendar,
            reminders: &self.config.reminders,
            channels: &self.config.channels,
        }
    }

    /// When a deleted asset is given up.
    pub(crate) fn given_up_at(&self, since: Timestamp) -> Result<Timestamp, Error> {
        let gone = self.config.asset_gone;
        gone.given_up_at(self.cx, &self.config.calendar, since)
    }

    // ---- The audit ------------------------------------------------------------------------------

    /// What people answered, with the asset it is about.
    pub(crate) fn put_on_record(&self, answers: &[Answer], desk: &Desk, subject: &Subject) {
        for answer in answers {
            let record = answer.record(&desk.process);
            self.cx.decision(&about(record, subject));
        }
    }

    /// Put on record what the flow did to an asset, and why.
    pub(crate) fn note(&self, action: &str, subject: &Subject, why: impl Into<String>) {
        let mut record = about(DecisionRecord::new(action, "system"), subject);
        record.comment = Some(why.into());
        self.cx.decision(&record);
    }

    // ---- The assets -----------------------------------------------------------------------------

    /// Write logical fields that differ to an asset as it is now. An asset that is gone is left alone.
    fn write_fields(&self, asset: &str, fields: &[(&str, Value)]) -> Result<(), Error> {
        self.write(asset, &field_update(&self.config.fields, fields))
    }

    /// Write to an asset as it is now. What is written here holds for every version.
    fn write(&self, asset: &str, update: &AssetUpdate) -> Result<(), Error> {
        let Some(now) = present(self.cx, asset)? else {
            return Ok(());
        };
        write_any_version(self.cx, &now, update)
    }

    /// Take a version out of use.
    pub(crate) fn restrict(&self, asset: &str, review_state: &str, why: &str) -> Result<(), Error> {
        let fields = [("review_state", Value::text(review_state))];
        let update = field_update(&self.config.fields, &fields).status(AssetStatus::Restricted);
        self.write(asset, &update)?;
        let subject = Subject {
            asset: asset.to_owned(),
            ..Subject::default()
        };
        self.note("kept-back", &subject, why);
        Ok(())
    }
}

/// A record with the asset it is about.
fn about(mut record: DecisionRecord, subject: &Subject) -> DecisionRecord {
    record.asset = Some(subject.asset.clone());
    record.version = Some(subject.version.clone());
    record.checksum.clone_from(&subject.checksum);
    record
}

/// Taken by callers that must not fail where a vendor lacks a function.
fn if_supported(result: Result<(), Error>) -> Result<(), Error> {
    match result.or_absent() {
        Err(error) if error.is_unsupported() => Ok(()),
        other => other.map(drop),
    }
}
