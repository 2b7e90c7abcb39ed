//! Back from the archive, on request.

use forebay_sdk::assets::{ArchiveState, Asset, MediaCopy};
use forebay_sdk::blocks::{ItemState, Items};
use forebay_sdk::{Error, Step, Value};

use crate::course::{Course, Next};
use crate::state::{Choice, Job, Phase, Review, State, Unit};

impl Course<'_> {
    /// A run that brings one asset back from the archive.
    pub(crate) fn begin_restore(&self, id: &str) -> Next {
        let mut items = Items::default();
        let Some(asset) = self.present(id)? else {
            let state = State::Look(id.to_owned());
            return Ok(Step::cancel(state, "asset-gone", "the asset was deleted"));
        };
        items.add(id, &asset.name);
        items.plan(id, "restore");
        self.work(Review {
            unit: Unit {
                assets: vec![id.to_owned()],
                first: id.to_owned(),
                ..Unit::default()
            },
            phase: Phase::Working,
            items,
            choice: Some(Choice {
                outcome: "restore".to_owned(),
                by: "request".to_owned(),
                ..Choice::default()
            }),
            ..Review::default()
        })
    }

    pub(crate) fn start_restore(
        &self,
        review: &mut Review,
        asset: &Asset,
    ) -> Result<Option<ItemState>, Error> {
        self.cx.lifecycle().restore(&asset.id)?;
        if self.observes() {
            return Ok(Some(ItemState::Done));
        }
        let now = self.cx.now();
        let job = Job {
            since: now,
            looked: now,
            version: asset.version.clone(),
            ..Job::default()
        };
        let id = asset.id.as_str();
        let done = self.follow_restore(review, id)?;
        if done.is_none() {
            review.jobs.insert(id.to_owned(), job);
        }
        Ok(done)
    }

    /// It is back when a complete copy is at hand; its time starts anew.
    pub(crate) fn follow_restore(
        &self,
        review: &Review,
        id: &str,
    ) -> Result<Option<ItemState>, Error> {
        let state = self.cx.lifecycle().state(id)?;
        match state.state {
            ArchiveState::Online => {}
            ArchiveState::Failed => {
                let why = state.failure.unwrap_or_default();
                return Ok(Some(ItemState::Failed(format!(
                    "it did not come back: {why}"
                ))));
            }
            _ => return Ok(None),
        }
        let at_hand = |copy: &MediaCopy| !copy.archive && copy.complete;
        if !state.copies.is_empty() && !state.copies.iter().any(at_hand) {
            return Ok(None);
        }
        let asset = self.cx.assets().get(id)?;
        let again = self.date_value(self.config.review_again.after(self.cx.now()))?;
        self.mark(&asset, "active", again, Value::None)?;
        self.cx
            .decision(&self.record_of("restored", review, &asset));
        Ok(Some(ItemState::Done))
    }
}
