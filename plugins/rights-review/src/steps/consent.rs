//! Talents who withdraw their consent: the asset is blocked at once, before anybody decides.

use forebay_sdk::Error;
use forebay_sdk::assets::{AccessSnapshot, Asset};
use forebay_sdk::handler::interfaces;

use super::Steps;
use crate::DAM;

impl Steps<'_> {
    /// Did a talent withdraw consent, and the asset is not blocked for it yet?
    pub(crate) fn is_withdrawn(&self, asset: &Asset) -> bool {
        let says = |field: &str, word: &str| {
            let texts = self.config.fields.texts(&asset.fields, field);
            texts.iter().any(|text| text.eq_ignore_ascii_case(word))
        };
        let clearance = self.config.clearance.as_ref();
        clearance.is_some_and(|clearance| {
            says(&clearance.consent_field, "withdrawn") && !says("clearance_state", "blocked")
        })
    }

    /// Block the asset; tells which access stood before.
    pub(crate) fn block_withdrawn(&self, asset: &Asset) -> Result<Option<AccessSnapshot>, Error> {
        let before = if self.cx.available(DAM, interfaces::ACCESS) {
            Some(self.cx.access().snapshot(&asset.id)?)
        } else {
            None
        };
        self.keep_back(asset, "consent was withdrawn")?;
        self.write_fields(asset, &[("clearance_state", "blocked".into())])?;
        Ok(before)
    }
}
