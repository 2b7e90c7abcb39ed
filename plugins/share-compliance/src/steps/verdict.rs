//! Carrying out what people decide about a share nobody asked for.

use forebay_sdk::assets::{AssetStatus, AssetUpdate};
use forebay_sdk::blocks::{Answer, field_update, present};
use forebay_sdk::{Error, Field};

use super::Steps;
use super::ask::watched;
use super::items::about;
use crate::state::{Case, Found};

impl Steps<'_> {
    /// The answer, for the audit of each asset.
    pub(crate) fn log_verdict(&self, case: &Case, answer: &Answer) {
        for found in &case.found {
            let record = answer.record(&case.desk.process);
            self.cx.decision(&about(record, &found.item()));
        }
    }

    /// What the author of a share says about it is shown to those who decide.
    pub(crate) fn show_explanation(&self, case: &Case, answer: &Answer) -> Result<(), Error> {
        let explained = [Field::new("explanation", answer.comment.as_str())];
        case.desk.show(self.cx, &explained)
    }

    /// Does the share still work, as far as the DAM shows it?
    pub(crate) fn still_works(&self, case: &Case) -> Result<bool, Error> {
        let Some(id) = &case.suspect.share else {
            return Ok(false);
        };
        let share = self.share_named(id)?;
        Ok(share.is_some_and(|share| share.active))
    }

    /// Assets given free leave the place that outsiders see.
    pub(crate) fn take_out(&self, case: &Case) -> Result<(), Error> {
        if case.suspect.place.is_none() {
            return Ok(());
        }
        for found in &case.found {
            let Some(asset) = present(self.cx, &found.id)? else {
                continue;
            };
            for place in &asset.containers {
                let paths: Vec<_> = place.path.iter().cloned().collect();
                if watched(self.config, &paths).is_some() {
                    self.cx.collections().remove(&place.entity.id, &asset.id)?;
                }
            }
        }
        Ok(())
    }

    /// Give assets back what was taken from them for the case.
    pub(crate) fn restore(&self, case: &Case, state: &str, by: &str) -> Result<(), Error> {
        for found in &case.found {
            let Some(asset) = present(self.cx, &found.id)? else {
                continue;
            };
            let fields = [
                ("share_state", state.into()),
                ("share_decision", format!("{state} by {by}").into()),
                ("share_run", self.cx.run_id().into()),
            ];
            let update = field_update(&self.config.fields, &fields);
            self.write(&asset, &restored(update, found, asset.status))?;
        }
        Ok(())
    }
}

/// What an asset gets back: its status, if it was approved and nobody changed it since.
fn restored(update: AssetUpdate, found: &Found, status: AssetStatus) -> AssetUpdate {
    let before = found.restricted.as_ref().filter(|before| before.approved);
    match before.filter(|_| status == AssetStatus::Restricted) {
        None => update,
        Some(before) => {
            let update = update.status(AssetStatus::Approved);
            let expires = before.expires_at;
            expires.into_iter().fold(update, AssetUpdate::expires_at)
        }
    }
}
