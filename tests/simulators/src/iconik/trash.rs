//! The delete queue: into it, out of it, and for good.

use forebay_model::Timestamp;

use super::domain::Domain;
use super::history::Entry;
use super::types::{Record, text};

impl Domain {
    /// Move an asset into the delete queue. False where there is no active one.
    pub fn delete_asset(&mut self, id: &str, by: &str, now: Timestamp) -> bool {
        if self
            .assets
            .get(id)
            .is_none_or(|asset| asset.status == "DELETED")
        {
            return false;
        }
        self.change_asset(id, by, now, |asset| {
            "DELETED".clone_into(&mut asset.status);
            asset.deleted = Some(now);
        });
        self.note(id, Entry::new("DELETE", by), now);
        self.emit_asset("delete", id, by);
        true
    }

    /// Take an asset out of the delete queue. False where it is not in it.
    pub fn restore_asset(&mut self, id: &str, by: &str, now: Timestamp) -> bool {
        if self
            .assets
            .get(id)
            .is_none_or(|asset| asset.status != "DELETED")
        {
            return false;
        }
        self.change_asset(id, by, now, |asset| {
            "ACTIVE".clone_into(&mut asset.status);
            asset.deleted = None;
        });
        self.note(id, Entry::new("RESTORE", by), now);
        self.emit_asset("restore", id, by);
        true
    }

    /// Remove an asset for good, with its files. Where one of its storages cannot be reached, what is
    /// there and the asset itself stay until it can. False where it is not in the delete queue.
    pub fn purge_asset(&mut self, id: &str, by: &str, now: Timestamp) -> bool {
        if self
            .assets
            .get(id)
            .is_none_or(|asset| asset.status != "DELETED")
        {
            return false;
        }
        let of_asset = |set: &&Record| text(set, "asset_id") == id;
        let sets: Vec<String> = self
            .file_sets
            .iter()
            .filter(of_asset)
            .map(|set| text(set, "id").to_owned())
            .collect();
        for set in sets {
            self.remove_file_set(&set, by, now);
        }
        self.purging.insert(id.to_owned(), by.to_owned());
        self.settle_copies();
        true
    }

    /// The end of a purge.
    pub(super) fn forget_asset(&mut self, id: &str, by: &str) {
        self.emit_asset("purge", id, by);
        self.assets.remove(id);
        self.collections
            .values_mut()
            .for_each(|c| c.assets.retain(|asset| asset != id));
        self.shares
            .retain(|share| text(&share.record, "object_id") != id);
        self.relations.retain(|relation| {
            text(relation, "related_from_asset_id") != id
                && text(relation, "related_to_asset_id") != id
        });
    }
}
