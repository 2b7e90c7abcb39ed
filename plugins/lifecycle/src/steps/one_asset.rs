//! What is done with one asset, where no files move: fields, albums, access, shares; and holds.

use forebay_sdk::assets::{Asset, AssetStatus};
use forebay_sdk::blocks::{ItemState, fill, shares_of};
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Error, OrAbsent, Value};

use super::Steps;
use super::selection::EVERGREEN;
use crate::DAM;
use crate::config::actions::Status;
use crate::state::Review;

/// Why an item on hold is kept.
pub(crate) const HELD: &str = "held";

impl Steps<'_> {
    pub(crate) fn extend(&self, review: &Review, asset: &Asset) -> Result<(), Error> {
        let choice = review.choice.as_ref();
        let until = choice.and_then(|choice| choice.until.clone());
        let until = Value::Date(until.unwrap_or_default());
        self.mark(asset, "extended", until, &*review.unit.policy)
    }

    /// The policy leaves it alone from now on.
    pub(crate) fn keep_for_ever(&self, review: &Review, asset: &Asset) -> Result<(), Error> {
        let forever = format!("{EVERGREEN}{}", review.unit.policy);
        self.mark(asset, "active", Value::None, forever)
    }

    /// It is reviewed again after a while.
    pub(crate) fn keep_for_now(&self, review: &Review, asset: &Asset) -> Result<(), Error> {
        let again = self.next_review()?;
        self.mark(asset, "active", again, &*review.unit.policy)
    }

    /// When what was kept without a decision is reviewed again.
    pub(super) fn next_review(&self) -> Result<Value, Error> {
        self.date_value(self.config.review_again.after(self.cx.now()))
    }

    /// Done with one asset, for the reason that people gave.
    pub(crate) fn note_done(&self, review: &Review, action: &str, asset: &Asset) {
        let mut record = self.record_of(action, review, asset);
        let choice = review.choice.as_ref();
        record.comment = choice.and_then(|choice| choice.reason.clone());
        self.cx.decision(&record);
    }

    /// The status of what leaves use, where the flow sets it.
    pub(super) fn out_of_use(&self) -> Option<AssetStatus> {
        match self.config.actions.archive.status {
            Status::Restricted => Some(AssetStatus::Restricted),
            Status::Unchanged => None,
        }
    }

    /// Archive by status and albums: into the archive first, then out of the others.
    pub(crate) fn shelve(&self, review: &Review, asset: &Asset) -> Result<(), Error> {
        let rule = &self.config.actions.archive;
        let mut archive = String::new();
        if !rule.album.is_empty() {
            let year = self
                .cx
                .local_date(&self.config.calendar.zone, self.cx.now())?;
            let path = fill(&rule.album, |name| {
                Some(match name {
                    "year" => year.chars().take(4).collect(),
                    "policy" => review.unit.policy.clone(),
                    field => match self.text(asset, field) {
                        text if text.is_empty() => format!("no {field}"),
                        text => text,
                    },
                })
            })?;
            archive = self.cx.collections().create(&path)?.id;
            self.cx.collections().add(&archive, &asset.id)?;
        }
        if rule.remove_from_other_albums {
            for place in &asset.containers {
                if place.entity.id != archive {
                    self.cx
                        .collections()
                        .remove(&place.entity.id, &asset.id)
                        .or_absent()?;
                }
            }
        }
        let now = self.cx.assets().get(&asset.id)?;
        let fields = [
            ("lifecycle_state", "archived".into()),
            ("lifecycle_until", Value::None),
            ("lifecycle_policy", Value::text(&review.unit.policy)),
        ];
        self.write(&now, &fields, self.out_of_use())
    }

    /// Access ends, files stay.
    pub(crate) fn end_access(&self, review: &Review, asset: &Asset) -> Result<(), Error> {
        self.block(asset)?;
        let now = self.cx.assets().get(&asset.id)?;
        self.mark(&now, "expired", Value::None, &*review.unit.policy)
    }

    fn block(&self, asset: &Asset) -> Result<(), Error> {
        let rule = &self.config.actions.expire;
        if rule.acl_template.is_empty() {
            self.write(asset, &[], Some(AssetStatus::Restricted))?;
        } else {
            self.cx.access().apply(&asset.id, &rule.acl_template)?;
        }
        if !rule.revoke_shares || !self.cx.available(DAM, interfaces::SHARING) {
            return Ok(());
        }
        for share in shares_of(self.cx, &asset.id)? {
            self.cx.sharing().revoke(&share.id)?;
        }
        Ok(())
    }

    // ---- Holds ----------------------------------------------------------------------------------

    /// Does a hold forbid this action on this asset?
    pub(crate) fn is_held_from(&self, action: &str, asset: &Asset) -> bool {
        let hold = &self.config.legal_hold;
        hold.forbids(&self.config.fields, asset, action)
    }

    /// A hold beats all: what is pending stops, and an asset that we put into the delete queue comes
    /// out of it.
    pub(crate) fn hold(&self, review: &Review, asset: &Asset) -> Result<ItemState, Error> {
        if asset.trashed {
            self.cx.lifecycle().recover(&asset.id)?;
        }
        let now = self.cx.assets().get(&asset.id)?;
        self.write(&now, &[("lifecycle_state", HELD.into())], None)?;
        self.cx.decision(&self.record_of(HELD, review, asset));
        self.tell(&format!(
            "\"{}\" is on legal hold; nothing happens to it",
            asset.name
        ));
        Ok(ItemState::Kept(HELD.to_owned()))
    }

    pub(crate) fn is_held_from_deletion(&self, asset: &Asset) -> bool {
        self.is_held_from("delete", asset) || self.is_held_from("purge", asset)
    }

    /// An asset changed whose end may be pending.
    pub(crate) fn stop_deletion_if_held(&self, review: &mut Review, id: &str) -> Result<(), Error> {
        let pending = review.items.get(id).is_some_and(|item| {
            item.state == ItemState::Open && ["purge", "delete"].contains(&item.action.as_str())
        });
        if !pending || review.jobs.contains_key(id) {
            return Ok(());
        }
        let Some(asset) = self.cx.assets().get(id).or_absent()? else {
            return Ok(());
        };
        if self.is_held_from_deletion(&asset) {
            let held = self.hold(review, &asset)?;
            review.items.mark(id, held);
        }
        Ok(())
    }
}
