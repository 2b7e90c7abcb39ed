//! Doing one thing with one asset: read afresh, checked for a hold, done once.

use forebay_sdk::assets::{Asset, AssetStatus};
use forebay_sdk::blocks::{Item, ItemState, fill, shares_of};
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Error, OrAbsent, Value};

use crate::DAM;
use crate::actions::Status;
use crate::course::Course;
use crate::scan::EVERGREEN;
use crate::state::Review;

/// Why an item on hold is kept.
pub(crate) const HELD: &str = "held";

impl Course<'_> {
    /// Do with one asset what was decided. None: it goes on.
    pub(crate) fn act(&self, review: &mut Review, item: &Item) -> Result<Option<ItemState>, Error> {
        let kept = |why: &str| Ok(Some(ItemState::Kept(why.to_owned())));
        let Some(asset) = self.cx.assets().get(&item.id).or_absent()? else {
            return kept("somebody deleted it");
        };
        match item.action.as_str() {
            "purge" => return self.purge(review, &asset),
            "spare" => return self.spare_one(review, &asset).map(Some),
            _ if asset.trashed => return kept("somebody put it into the trash"),
            _ => {}
        }
        let hold = &self.config.legal_hold;
        if hold.forbids(&self.config.fields, &asset, &item.action) {
            return self.hold(review, &asset).map(Some);
        }
        review.marks.remove(&item.id);
        let policy = review.unit.policy.clone();
        let by_policy = Value::text(&policy);
        match item.action.as_str() {
            "archive" if self.moves(review) => return self.start_move(review, &asset),
            "archive" => self.shelve(review, &asset)?,
            "extend" => {
                let until = review
                    .choice
                    .as_ref()
                    .and_then(|choice| choice.until.clone());
                self.mark(
                    &asset,
                    "extended",
                    Value::Date(until.unwrap_or_default()),
                    by_policy,
                )?;
            }
            "evergreen" => {
                let forever = Value::Text(format!("{EVERGREEN}{policy}"));
                self.mark(&asset, "active", Value::None, forever)?;
            }
            "keep" => {
                let again = self.config.review_again.after(self.cx.now());
                let again = self.date_value(again)?;
                self.mark(&asset, "active", again, by_policy)?;
            }
            "expire" => {
                self.block(&asset)?;
                let now = self.cx.assets().get(&asset.id)?;
                self.mark(&now, "expired", Value::None, by_policy)?;
            }
            "delete" => return self.mark_for_deletion(review, &asset),
            "restore" => return self.start_restore(review, &asset),
            other => return kept(&format!("nobody knows how to {other} it")),
        }
        let mut record = self.record_of(&item.action, review, &asset);
        record.comment = review
            .choice
            .as_ref()
            .and_then(|choice| choice.reason.clone());
        self.cx.decision(&record);
        Ok(Some(ItemState::Done))
    }

    /// The lifecycle fields of an asset.
    pub(crate) fn mark(
        &self,
        asset: &Asset,
        state: &str,
        until: Value,
        policy: Value,
    ) -> Result<(), Error> {
        let fields = [
            ("lifecycle_state", state.into()),
            ("lifecycle_until", until),
            ("lifecycle_policy", policy),
        ];
        self.write(asset, &fields, None)
    }

    /// The status of what leaves use, where the flow sets it.
    pub(crate) fn out_of_use(&self) -> Option<AssetStatus> {
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

    /// An asset changed while its end is pending.
    pub(crate) fn stop_if_held(&self, review: &mut Review, id: &str) -> Result<(), Error> {
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

    pub(crate) fn is_held_from_deletion(&self, asset: &Asset) -> bool {
        let hold = &self.config.legal_hold;
        let fields = &self.config.fields;
        hold.forbids(fields, asset, "delete") || hold.forbids(fields, asset, "purge")
    }
}
