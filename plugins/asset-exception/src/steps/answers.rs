//! What answers hold: values that were entered, waivers, replacements.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{Answer, end_of, present};
use forebay_sdk::{Error, Timestamp, Value};

use super::Steps;
use super::check::{self, Problem};
use crate::state::{Case, texts};

/// A logical field and the value that was entered for it.
pub(crate) type Entered = (String, String);

impl Steps<'_> {
    // ---- Values ---------------------------------------------------------------------------------

    /// The values that were entered; the error says which one cannot be taken.
    pub(crate) fn entered(
        &self,
        case: &Case,
        asset: &Asset,
        answer: &Answer,
    ) -> Result<Vec<Entered>, String> {
        let mut values = Vec::new();
        for field in case.issues.iter().filter_map(|issue| issue.field.as_ref()) {
            let Some(value) = answer.text(field) else {
                continue;
            };
            if let Err(Problem::Wrong(why)) = check::accepts(self.config, field, &value) {
                return Err(format!("Refused: {why}."));
            }
            // Where somebody filled it in the DAM meanwhile, that value stands.
            if self.config.fields.value(&asset.fields, field).is_none()
                || !self.passes(asset, field)
            {
                values.push((field.clone(), value));
            }
        }
        Ok(values)
    }

    /// Write what was entered, if anything was.
    pub(crate) fn write_entered(&self, asset: &Asset, values: &[Entered]) -> Result<(), Error> {
        if values.is_empty() {
            return Ok(());
        }
        let values = values.iter();
        let values = values.map(|(field, value)| (field.as_str(), Value::text(value.as_str())));
        self.write_fields(&asset.id, &values.collect::<Vec<_>>())
    }

    fn passes(&self, asset: &Asset, field: &str) -> bool {
        let texts = self.config.fields.texts(&asset.fields, field);
        texts
            .iter()
            .all(|text| check::accepts(self.config, field, text).is_ok())
    }

    // ---- Waivers --------------------------------------------------------------------------------

    /// Why this person may not waive the case, or not like this.
    pub(crate) fn may_not_waive(&self, case: &Case, answer: &Answer) -> Option<String> {
        let by = answer.actor();
        let listed = &self.config.waived_by;
        let is_uploader = case
            .uploader
            .as_deref()
            .is_some_and(|up| up.eq_ignore_ascii_case(by));
        let allowed = if listed.is_empty() {
            !is_uploader
        } else {
            listed.iter().any(|person| person.eq_ignore_ascii_case(by))
        };
        if !allowed {
            return Some(format!("{by} may not waive this."));
        }
        answer
            .text("reason")
            .is_none()
            .then(|| "A reason is needed.".to_owned())
    }

    /// The end of a waiver; the error says why it cannot be taken.
    pub(crate) fn waived_until(&self, case: &Case, answer: &Answer) -> Result<Timestamp, String> {
        let until = answer
            .text("until")
            .and_then(|text| end_of(self.cx, &self.config.calendar, &Value::Text(text)).ok());
        if let Some(why) = self.may_not_waive(case, answer) {
            return Err(why);
        }
        let until = until.filter(|until| *until > self.cx.now());
        until.ok_or_else(|| "A waiver needs a date in the future.".to_owned())
    }

    pub(crate) fn record_waiver(&self, asset: &Asset, answer: &Answer) {
        let mut record = Self::record("waived", asset);
        record.actor = answer.actor().to_owned();
        record.comment = answer.text("reason");
        self.cx.decision(&record);
    }

    pub(crate) fn record_end_of_waiver(&self, asset: &Asset) {
        self.cx.decision(&Self::record("waiver-ended", asset));
    }

    // ---- Replacements ---------------------------------------------------------------------------

    /// The asset that takes the place of another; the inner error says why it cannot.
    pub(crate) fn replacement(&self, answer: &Answer) -> Result<Result<String, String>, Error> {
        let id = answer.text("replacement").unwrap_or_default();
        let successor = if id.is_empty() {
            None
        } else {
            present(self.cx, &id)?
        };
        let Some(successor) = successor else {
            return Ok(Err(format!("There is no asset `{id}`.")));
        };
        let findings = self.check(&successor);
        if findings.is_pass() {
            return Ok(Ok(id));
        }
        let issues = texts(&findings.issues()).join("; ");
        Ok(Err(format!("The replacement has issues: {issues}.")))
    }

    /// Tell the DAM which asset takes the place of this one, which goes out of use.
    pub(crate) fn put_in_place(&self, asset: &Asset, successor: &str) -> Result<(), Error> {
        let relations = self.cx.relations();
        match relations.link("replacement", &asset.id, successor) {
            Err(error) if error.is_unsupported() => {}
            other => other?,
        }
        let update = AssetUpdate::default().status(AssetStatus::Restricted);
        self.write(&asset.id, &update)
    }
}
