//! What happens at the end of rights: an asset leaves use, another takes its place, it is deleted.

use forebay_sdk::assets::{Asset, AssetStatus};
use forebay_sdk::blocks::leave_collection;
use forebay_sdk::{Error, OrAbsent, Value};

use super::Steps;
use crate::config::DeletionMethod;
use crate::state::{Review, Subject};

impl Steps<'_> {
    // ---- Nobody decided -------------------------------------------------------------------------

    /// The asset is kept back, because the rule says so.
    pub(crate) fn restrict_undecided(
        &self,
        review: &mut Review,
        asset: &Asset,
    ) -> Result<(), Error> {
        let rule = self.undecided_rule();
        let why = format!("its rights ended and nobody had decided ({rule})");
        self.keep_back(asset, &why)?;
        review.restricted_at = Some(self.cx.now());
        Ok(())
    }

    /// The asset stays in use, because the rule says so; the audit says why.
    pub(crate) fn log_kept_in_use(&self, review: &Review) {
        let mut record = self.record("kept-in-use", &review.subject);
        record.comment = Some(self.config.keep_reason.clone());
        record.rule = Some(self.undecided_rule());
        self.cx.decision(&record);
    }

    /// The audit and the asset say that its rights ended.
    pub(crate) fn note_ended(&self, review: &Review, asset: &Asset) -> Result<(), Error> {
        let mut record = self.record("rights-ended", &review.subject);
        record.rule = Some(self.undecided_rule());
        self.cx.decision(&record);
        let now = self.cx.assets().get(&asset.id)?;
        self.write_fields(&now, &[("rights_status", "expired".into())])
    }

    fn undecided_rule(&self) -> String {
        let undecided = self.config.on_expiry_undecided;
        format!("on_expiry_undecided = {undecided:?}")
    }

    // ---- Out of use -----------------------------------------------------------------------------

    /// The DAM should show the asset as expired by itself; where it does not, it is kept back.
    pub(crate) fn make_sure_expired(&self, asset: &Asset) -> Result<(), Error> {
        let now = self.cx.assets().get(&asset.id)?;
        if now.status == AssetStatus::Expired {
            return Ok(());
        }
        self.keep_back(
            &now,
            "its rights ended and the DAM did not show it as expired",
        )
    }

    /// Note on the asset that this end of rights was dealt with.
    pub(crate) fn mark_expired(&self, asset: &Asset, review: &Review) -> Result<(), Error> {
        let now = self.cx.assets().get(&asset.id)?;
        let fields = [
            ("rights_status", "expired".into()),
            ("rights_reviewed", Value::Text(self.date_of(review.end)?)),
        ];
        self.write_fields(&now, &fields)
    }

    /// Out of use, and out of the collections where people look for assets.
    pub(crate) fn take_out(&self, asset: &Asset, why: &str) -> Result<(), Error> {
        self.keep_back(asset, why)?;
        for place in &asset.containers {
            leave_collection(self.cx, &place.entity.id, &asset.id)?;
        }
        let now = self.cx.assets().get(&asset.id)?;
        let reviewed = match self.end_of_rights(&now) {
            Some(end) => Value::Text(self.date_of(end)?),
            None => Value::None,
        };
        let fields = [
            ("rights_status", "removed".into()),
            ("rights_reviewed", reviewed),
        ];
        self.write_fields(&now, &fields)
    }

    /// A replacement takes the place of an asset: its collections, and fields it has no value for.
    pub(super) fn take_over(&self, asset: &Asset, successor: &Asset) -> Result<(), Error> {
        let wanted = &self.config.replacement;
        if wanted.copy_albums {
            for place in &asset.containers {
                self.cx.collections().add(&place.entity.id, &successor.id)?;
            }
        }
        let map = &self.config.fields;
        let missing = wanted.copy_fields.iter().filter_map(|field| {
            let own = map.value(&successor.fields, field);
            let ours = map.value(&asset.fields, field)?;
            own.is_none().then(|| (field.as_str(), ours.clone()))
        });
        let fields: Vec<_> = missing.collect();
        if !fields.is_empty() {
            let now = self.cx.assets().get(&successor.id)?;
            self.write_fields(&now, &fields)?;
        }
        match self
            .cx
            .relations()
            .link("replacement", &asset.id, &successor.id)
        {
            Err(error) if error.is_unsupported() => Ok(()),
            other => other,
        }
    }

    // ---- Deleted --------------------------------------------------------------------------------

    /// Delete the asset. How it is known to be gone; nothing where the DAM still shows it.
    pub(crate) fn delete(&self, subject: &Subject) -> Result<Option<&'static str>, Error> {
        let id = subject.asset.as_str();
        match self.config.delete.method {
            DeletionMethod::RestrictThenDelete => {
                self.cx.lifecycle().purge(id)?;
                let gone = self.cx.assets().get(id).or_absent()?.is_none();
                Ok(gone.then_some("the DAM no longer knows it"))
            }
            DeletionMethod::RestrictThenTrash => {
                self.cx.lifecycle().trash(id)?;
                Ok(Some("it is in the trash"))
            }
        }
    }

    /// Who agreed to the deletion, and its proof, for the audit.
    pub(crate) fn log_deletion(&self, subject: &Subject, people: &[String], proof: &str) {
        let people = people.join(" and ");
        self.log(subject, "deleted", &format!("as {people} agreed; {proof}"));
    }
}
