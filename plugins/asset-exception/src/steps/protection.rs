//! What protects an asset while something is wrong with it, and what mends it without a person.

use forebay_sdk::assets::{Asset, AssetStatus, AssetUpdate};
use forebay_sdk::{Error, Value};

use super::{Steps, check};
use crate::config::Severity;
use crate::state::Case;

impl Steps<'_> {
    /// Protect the asset while something is wrong with it.
    pub(crate) fn protect(&self, case: &mut Case, asset: &Asset) -> Result<(), Error> {
        let rules = &self.config.while_open;
        let severe = |severity: Severity| rules.only_if_severity.contains(&severity);
        let grave = case.issues.iter().any(|issue| severe(issue.severity));
        if rules.restrict && grave && asset.status != AssetStatus::Restricted {
            self.write(
                &asset.id,
                &AssetUpdate::default().status(AssetStatus::Restricted),
            )?;
            case.restricted = true;
        }
        let block = &self.config.block;
        let blocked = case.issues.iter().filter_map(|issue| issue.field.as_ref());
        let blocked = blocked
            .into_iter()
            .any(|field| block.severity.contains(field));
        if !block.acl_template.is_empty() && blocked && case.before.is_none() {
            case.before = Some(self.cx.access().snapshot(&asset.id)?);
            self.cx.access().apply(&asset.id, &block.acl_template)?;
        }
        Ok(())
    }

    /// Put back what protected the asset.
    pub(crate) fn release(&self, case: &mut Case, asset: &Asset) -> Result<(), Error> {
        if std::mem::take(&mut case.restricted) && asset.status == AssetStatus::Restricted {
            self.write(
                &asset.id,
                &AssetUpdate::default().status(AssetStatus::Approved),
            )?;
        }
        self.release_access(case)
    }

    pub(crate) fn release_access(&self, case: &mut Case) -> Result<(), Error> {
        match case.before.take() {
            Some(before) => self.cx.access().restore(&before),
            None => Ok(()),
        }
    }

    /// Fill in what can be told without a person, where the configuration allows it.
    pub(crate) fn fill_in(&self, case: &Case, asset: &Asset) -> Result<bool, Error> {
        if self.config.autofill.needs_confirmation {
            return Ok(false);
        }
        let fields = case
            .issues
            .iter()
            .filter_map(|issue| issue.field.as_deref());
        let found = fields.filter_map(|field| {
            let value = check::suggestion(self.config, asset, field)?;
            Some((field, Value::Text(value)))
        });
        let found: Vec<_> = found.collect();
        if found.is_empty() {
            return Ok(false);
        }
        self.write_fields(&asset.id, &found)?;
        Ok(true)
    }
}
