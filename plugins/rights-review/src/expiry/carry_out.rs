//! Carrying out what was decided: at the end of the rights, and after the grace of a deletion.

use forebay_sdk::assets::Asset;
use forebay_sdk::{Error, OrAbsent, Step, Value};

use crate::config::DeletionMethod;
use crate::course::{Course, Next};
use crate::state::{Phase, Review, State};

impl Course<'_> {
    /// The rights ended, and it was decided what follows.
    pub(super) fn carry_out_at_end(
        &self,
        mut review: Review,
        asset: &Asset,
        outcome: &str,
    ) -> Next {
        match outcome {
            "expired" => {
                self.make_sure_expired(asset)?;
                self.mark(asset, &review, "expired")?;
            }
            "removed" => self.take_out(asset, "its rights ended, as was decided")?,
            _ => {
                self.keep_back(asset, "its rights ended and another asset replaces it")?;
                self.mark(asset, &review, "expired")?;
            }
        }
        review.phase = Phase::AtEnd(outcome.to_owned());
        let summary = format!("{outcome} at the end of the rights");
        let state = State::Review(Box::new(review));
        Ok(Step::complete(state, outcome, summary))
    }

    /// Note on the asset that this end of rights was dealt with.
    fn mark(&self, asset: &Asset, review: &Review, status: &str) -> Result<(), Error> {
        let now = self.cx.assets().get(&asset.id)?;
        let fields = [
            ("rights_status", Value::text(status)),
            ("rights_reviewed", Value::Text(self.date_of(review.end)?)),
        ];
        self.write_fields(&now, &fields)
    }

    /// Out of use, and out of the collections where people look for assets.
    pub(super) fn take_out(&self, asset: &Asset, why: &str) -> Result<(), Error> {
        self.keep_back(asset, why)?;
        for place in &asset.containers {
            let removed = self.cx.collections().remove(&place.entity.id, &asset.id);
            match removed {
                Err(error) if error.is_unsupported() || error.is_not_found() => {}
                other => other?,
            }
        }
        let now = self.cx.assets().get(&asset.id)?;
        let reviewed = match crate::rights::end(self.cx, self.config, &now) {
            crate::rights::End::At(end, _) => Value::Text(self.date_of(end)?),
            _ => Value::None,
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

    /// The grace has passed: the asset is deleted, and that it is gone is proved by looking.
    pub(super) fn delete(&self, review: Review) -> Next {
        let Phase::Grace { people, .. } = review.phase.clone() else {
            return self.wait(review);
        };
        let id = review.subject.asset.as_str();
        let proof = match self.config.delete.method {
            DeletionMethod::RestrictThenDelete => {
                self.cx.lifecycle().purge(id)?;
                if self.cx.assets().get(id).or_absent()?.is_some() {
                    let reason = "the DAM still shows the asset after its deletion";
                    return Ok(Step::park(State::Review(Box::new(review)), reason));
                }
                "the DAM no longer knows it"
            }
            DeletionMethod::RestrictThenTrash => {
                self.cx.lifecycle().trash(id)?;
                "it is in the trash"
            }
        };
        let mut record = self.record("deleted", &review.subject);
        record.comment = Some(format!("as {} agreed; {proof}", people.join(" and ")));
        self.cx.decision(&record);
        let state = State::Review(Box::new(review));
        Ok(Step::complete(state, "deleted", proof))
    }
}
