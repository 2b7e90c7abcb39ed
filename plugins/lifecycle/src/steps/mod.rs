//! The building blocks of the flow: how a step is done. What leads where stands in [`crate::flow`];
//! nothing here calls it.
//!
//! Before anything is decided: [`request`] (what starts a run), [`selection`] (whose time is over),
//! [`schedule`] (when a review opens), [`list`] (its assets), [`questions`] (what people are asked),
//! [`decisions`] (what their answers mean). After: [`items`] (which assets can be worked on),
//! [`one_asset`], [`files`], [`proof`], [`deletion`] (what is done with one). [`review`] is what a
//! review knows by itself, [`waiting`] what runs wait for.

mod decisions;
mod deletion;
pub(crate) mod files;
mod items;
mod list;
mod one_asset;
pub(crate) mod proof;
mod questions;
pub(crate) mod request;
mod review;
pub(crate) mod schedule;
mod selection;
mod waiting;

use forebay_sdk::assets::{Asset, AssetStatus};
use forebay_sdk::blocks::{DeskRules, ItemState, end_of, field_update, present, write_any_version};
use forebay_sdk::handler::{DecisionRecord, EffectMode};
use forebay_sdk::{Cx, Error, Field, FieldsExt, Step, Timestamp, Value};

use crate::config::Config;
use crate::config::policy::Policy;
use crate::state::{Review, State};

/// What comes next for a run.
pub(crate) type Next = Result<Step<State>, Error>;

/// How the work on one asset ends; none while it goes on.
pub(crate) type Outcome = Result<Option<ItemState>, Error>;

/// The steps of one activation.
pub(crate) struct Steps<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

impl<'a> Steps<'a> {
    /// The policy of a review.
    pub(crate) fn policy(&self, review: &Review) -> Result<&'a Policy, Error> {
        let name = &review.unit.policy;
        let policy = self.config.policy(name);
        policy.ok_or_else(|| Error::invalid(format!("there is no policy `{name}`")))
    }

    pub(crate) fn rules(&self) -> DeskRules<'a> {
        DeskRules {
            fallback_group: &self.config.fallback_group,
            escalation_group: &self.config.escalation_group,
            calendar: &self.config.calendar,
            reminders: &self.config.reminders,
            channels: &self.config.channels,
        }
    }

    /// Is the flow only watched?
    pub(crate) fn observes(&self) -> bool {
        self.cx.mode() == EffectMode::Observe
    }

    fn tell(&self, message: &str) {
        self.cx.notify_all(&self.config.channels, message);
    }

    /// An audit record of the review: which policy, in which form, who decided.
    fn record(&self, action: &str, review: &Review) -> DecisionRecord {
        let by = review.choice.as_ref().map(|choice| choice.by.as_str());
        let mut record = DecisionRecord::new(action, by.unwrap_or("system"));
        let policy = &review.unit.policy;
        record.rule = Some(format!("policy {policy}"));
        if let Ok(policy) = self.policy(review) {
            record.details = vec![Field::new("policy-version", policy.fingerprint())];
        }
        if review.desk.is_open() {
            record.process = Some(review.desk.process.clone());
        }
        let choice = review.choice.as_ref();
        record.task = choice.and_then(|choice| choice.task.clone());
        record
    }

    /// A record about one asset.
    fn record_of(&self, action: &str, review: &Review, asset: &Asset) -> DecisionRecord {
        let mut record = self.record(action, review);
        record.asset = Some(asset.id.clone());
        record.version = Some(asset.version.clone());
        record.checksum.clone_from(&asset.checksum);
        record
    }

    /// Write a record with these words.
    fn note(&self, mut record: DecisionRecord, words: impl Into<String>) {
        record.comment = Some(words.into());
        self.cx.decision(&record);
    }

    pub(crate) fn present(&self, id: &str) -> Result<Option<Asset>, Error> {
        present(self.cx, id)
    }

    /// Logical fields of an asset as they are to stand. A version that came meanwhile belongs to the
    /// same asset, so it is written too.
    fn write(
        &self,
        asset: &Asset,
        fields: &[(&str, Value)],
        status: Option<AssetStatus>,
    ) -> Result<(), Error> {
        let mut update = field_update(&self.config.fields, fields);
        if let Some(status) = status {
            update = update.status(status);
        }
        write_any_version(self.cx, asset, &update)
    }

    /// The lifecycle fields of an asset.
    fn mark(
        &self,
        asset: &Asset,
        state: &str,
        until: Value,
        policy: impl Into<Value>,
    ) -> Result<(), Error> {
        let fields = [
            ("lifecycle_state", state.into()),
            ("lifecycle_until", until),
            ("lifecycle_policy", policy.into()),
        ];
        self.write(asset, &fields, None)
    }

    /// The text of a logical field, empty where it has none.
    fn text(&self, asset: &Asset, field: &str) -> String {
        let texts = self.config.fields.texts(&asset.fields, field);
        texts.into_iter().next().unwrap_or_default()
    }

    /// The date a logical field holds.
    fn date(&self, asset: &Asset, field: &str) -> Option<Timestamp> {
        let value = asset.fields.value(self.config.fields.name(field))?;
        end_of(self.cx, &self.config.calendar, value).ok()
    }

    /// The date whose end this is. The end of a day belongs to that day.
    fn date_of(&self, end: Timestamp) -> Result<String, Error> {
        self.cx.local_date(&self.config.calendar.zone, end - 1)
    }

    /// A date as a field value.
    fn date_value(&self, end: Timestamp) -> Result<Value, Error> {
        Ok(Value::Date(self.date_of(end)?))
    }
}
