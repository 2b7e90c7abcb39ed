//! The building blocks of the flow: how a step is done. What leads where stands in [`crate::flow`];
//! nothing here calls it.
//!
//! For cases: [`request`] (what opens one), [`case`] (its process, its guard, its outcome),
//! [`questions`] (what people are asked), [`fields`] and [`notes`] (what both sides may change),
//! [`restore`] (putting back). For guards: [`protection`]. For both: [`waiting`].

mod case;
mod fields;
mod notes;
pub(crate) mod protection;
mod questions;
pub(crate) mod request;
mod restore;
mod waiting;

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{DeskRules, field_update, present, write_any_version};
use forebay_sdk::handler::{DecisionRecord, EffectMode};
use forebay_sdk::{Cx, Error, Step, Value};

use crate::config::Config;
use crate::state::State;

/// What comes next for a run.
pub(crate) type Next = Result<Step<State>, Error>;

/// The steps of one activation.
pub(crate) struct Steps<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) config: &'a Config,
}

impl<'a> Steps<'a> {
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

    /// An audit record about an asset.
    fn record(&self, action: &str, asset: &str) -> DecisionRecord {
        let mut record = DecisionRecord::new(action, "system");
        record.asset = Some(asset.to_owned());
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

    /// The values of a logical field.
    fn texts(&self, asset: &Asset, field: &str) -> Vec<String> {
        self.config.fields.texts(&asset.fields, field)
    }

    /// The text of a logical field, empty where it has none.
    fn text(&self, asset: &Asset, field: &str) -> String {
        let texts = self.texts(asset, field);
        texts.into_iter().next().unwrap_or_default()
    }

    /// The cases an asset is part of. They stand in one text, so that any field can hold them.
    fn cases_on(&self, asset: &Asset) -> Vec<String> {
        let texts = self.texts(asset, "case_ids");
        let cases = texts.iter().flat_map(|text| text.split(','));
        cases
            .map(str::to_owned)
            .filter(|case| !case.is_empty())
            .collect()
    }

    /// Write logical fields that differ, to the asset as it is now.
    fn write_fields(&self, asset: &str, fields: &[(&str, Value)]) -> Result<(), Error> {
        let update = field_update(&self.config.fields, fields);
        let now = self.cx.assets().get(asset)?;
        write_any_version(self.cx, &now, &update)
    }
}

/// The name of the case with this business key.
fn case_name(key: &str) -> &str {
    key.rsplit(':').next().unwrap_or(key)
}
