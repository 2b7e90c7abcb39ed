//! The proof that must stand before the copies at hand go, and what is written when it does.

use forebay_sdk::assets::{Asset, MediaCopy, MediaState};
use forebay_sdk::blocks::ItemState;
use forebay_sdk::{Error, Field, Value};

use super::Steps;
use super::files::Moved;
use crate::config::policy::Keep;
use crate::state::{Job, Review};

/// Is the archived copy the original?
pub(crate) enum Proof {
    /// It is, as far as `verify` asks.
    Same,
    /// It is not, for this reason.
    Differs(String),
    /// A storage cannot be asked.
    OutOfReach,
}

impl Steps<'_> {
    pub(crate) fn compare_with_original(
        &self,
        review: &Review,
        job: &Job,
        moved: &Moved,
    ) -> Result<Proof, Error> {
        let target = self.target(review)?;
        if moved.state.copies.iter().any(|copy| !copy.reachable) {
            return Ok(Proof::OutOfReach);
        }
        let difference = self.difference(job, &moved.state, &target);
        Ok(difference.map_or(Proof::Same, Proof::Differs))
    }

    /// Why the archived copies are no proof; what nobody knows is none either.
    fn difference(&self, job: &Job, state: &MediaState, target: &str) -> Option<String> {
        let rule = &self.config.verify;
        let archived: Vec<_> = state
            .copies
            .iter()
            .filter(|copy| copy.archive && copy.complete)
            .collect();
        if archived.len() < rule.copies_min as usize {
            let (there, min) = (archived.len(), rule.copies_min);
            return Some(format!(
                "{there} archived copies are complete, {min} are needed"
            ));
        }
        let Some(copy) = archived.iter().find(|copy| copy.storage == target) else {
            return Some(format!("there is no complete copy on {target}"));
        };
        if rule.size && (copy.size.is_none() || copy.size != job.size) {
            return Some(format!(
                "the archived copy has {} bytes, the original {}",
                number(copy.size),
                number(job.size)
            ));
        }
        if rule.checksum && (copy.checksum.is_none() || copy.checksum != job.checksum) {
            let word = |sum: &Option<String>| sum.clone().unwrap_or_else(|| "none".to_owned());
            return Some(format!(
                "the checksum of the archived copy is {}, that of the original {}",
                word(&copy.checksum),
                word(&job.checksum)
            ));
        }
        None
    }

    /// A bad copy is never counted as archived; the copy at hand stays.
    pub(crate) fn refuse_copy(&self, review: &mut Review, moved: &Moved, why: &str) -> ItemState {
        let mut record = self.record_of("bad-copy", review, &moved.asset);
        let copies: Vec<_> = moved.state.copies.iter().map(describe).collect();
        record.details.push(Field::new("copies", copies));
        self.note(record, why);
        self.give_to_operator(review, &moved.asset, why)
    }

    /// Does the original stay at hand besides the archived one?
    pub(crate) fn keeps_original(&self, review: &Review) -> Result<bool, Error> {
        Ok(self.policy(review)?.keep == Some(Keep::Original))
    }

    /// Does another asset, not archived yet, need the same file at hand?
    pub(crate) fn is_needed_by_others(&self, asset: &Asset) -> Result<bool, Error> {
        let kinds = &self.config.other_uses.shared_files;
        if kinds.is_empty() {
            return Ok(false);
        }
        let mut page = None;
        loop {
            let found = match self.cx.relations().list(&asset.id, page.as_deref()) {
                Err(error) if error.is_unsupported() => return Ok(false),
                other => other?,
            };
            for relation in found.relations {
                if kinds.contains(&relation.kind)
                    && let Some(other) = self.present(&relation.other)?
                    && self.text(&other, "lifecycle_state") != "archived"
                {
                    return Ok(true);
                }
            }
            page = found.next;
            if page.is_none() {
                return Ok(false);
            }
        }
    }

    pub(crate) fn remove_copies_at_hand(&self, moved: &Moved) -> Result<(), Error> {
        for copy in moved.state.copies.iter().filter(|copy| !copy.archive) {
            let storage = &copy.storage;
            self.cx.lifecycle().remove_copy(&moved.asset.id, storage)?;
        }
        Ok(())
    }

    pub(crate) fn write_archived(
        &self,
        review: &Review,
        job: &Job,
        moved: &Moved,
    ) -> Result<(), Error> {
        let target = self.target(review)?;
        let mut copies = moved.state.copies.iter();
        let archived = copies.find(|copy| copy.storage == target);
        let checksum = archived.and_then(|copy| copy.checksum.clone());
        let asset = &moved.asset;
        let now = self.cx.assets().get(&asset.id)?;
        let fields = [
            ("lifecycle_state", "archived".into()),
            ("lifecycle_policy", Value::text(&review.unit.policy)),
            ("archive_location", Value::text(&target)),
            (
                "archive_checksum",
                checksum.map_or(Value::None, Value::Text),
            ),
        ];
        self.write(&now, &fields, None)?;
        let after = self.cx.lifecycle().state(&asset.id)?;
        let after: Vec<_> = after.copies.iter().map(describe).collect();
        let before = job.before.clone();
        let mut record = self.record_of("archived", review, asset);
        record.details.push(Field::new("before", before));
        record.details.push(Field::new("after", after));
        self.cx.decision(&record);
        Ok(())
    }
}

/// A copy in an audit record: storage, checksum, bytes.
pub(super) fn describe(copy: &MediaCopy) -> String {
    let checksum = copy.checksum.as_deref().unwrap_or("-");
    format!("{} {checksum} {}", copy.storage, number(copy.size))
}

fn number(size: Option<u64>) -> String {
    size.map_or_else(|| "-".to_owned(), |size| size.to_string())
}
